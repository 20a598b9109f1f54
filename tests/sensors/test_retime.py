"""Frames on the clock of an exercise: only times move, and only for devices that may be played."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensors.hj212.client import segment_of
from sensors.hj212.codec import parse
from sensors.hj212.decode import observations, stamp_ms
from sensors.hj212.frame import Framer, Segment, frame
from sensors.replay import frame_time_ms
from sensors.retime import Retimer
from twin.core.device import CrcMode, Device, Edition, Factor
from twin.core.errors import BadRequestError
from twin.core.observation import Check
from twin.core.origin import Origin

MN = "JLYP01_AIR01_0001"
SEGMENT = (
    f"QN=20220513162608370;ST=22;CN=2051;PW=123456;MN={MN};Flag=4;CP=&&DataTime=20220513162600;"
    "a21004-SampleTime=20220513162530,a21004-Avg=20220513162600,a21004-Flag=N;a01008-Avg=11,a01008-Flag=N&&"
).encode()
DEVICE = Device(
    mn=MN,
    sensor_id="S1-MET",
    station_id="S1",
    st="22",
    origin=Origin.EXERCISE,
    edition=Edition.HJ2017,
    crc_mode=CrcMode.HJ212,
    interval_s=60.0,
    factors=(Factor(code="a01008", quantity="wind_from", unit="deg"),),
)
ZONE_H = 1.0


def retimer(device: Device = DEVICE) -> Retimer:
    return Retimer.of([device], ZONE_H)


@settings(deadline=None, max_examples=60)
@given(now_ms=st.integers(946_684_800_000, 4_102_444_800_000))
def test_only_the_times_move_and_all_by_the_same_span(now_ms):
    moved = segment_of(retimer().at(frame(SEGMENT), now_ms))
    before, after = parse(SEGMENT), parse(moved)
    assert stamp_ms(after.qn, ZONE_H) == now_ms
    # 14 digits hold no milliseconds: such a stamp may lie up to one second before its place.
    span = now_ms - stamp_ms(before.qn, ZONE_H)
    for key in ("DataTime", "a21004-SampleTime"):
        lag = stamp_ms(before.value(key), ZONE_H) + span - stamp_ms(after.value(key), ZONE_H)
        assert 0 <= lag < 1000
    stamps = {before.qn, before.data_time, before.value("a21004-SampleTime")}
    kept = [pair for group in before.groups for pair in group if pair[1] not in stamps]
    assert [pair for group in after.groups for pair in group if pair in kept] == kept
    assert len(moved) == len(SEGMENT)


def test_a_reading_that_looks_like_a_time_is_a_reading():
    moved = parse(segment_of(retimer().at(frame(SEGMENT), 1_795_329_334_000)))
    assert moved.value("a21004-Avg") == "20220513162600"


def test_the_platform_takes_it_as_of_now():
    now_ms = 1_795_329_334_000
    pieces = list(Framer().feed(retimer().at(frame(SEGMENT), now_ms), now_ms))
    assert [type(piece) for piece in pieces] == [Segment]
    values = observations(parse(pieces[0].data), DEVICE, now_ms, ZONE_H)
    assert [(row.value, row.checks, row.origin) for row in values] == [(11.0, Check.NONE, Origin.EXERCISE)]
    assert now_ms - values[0].time_ms == pytest.approx(8_370, abs=1000)


@pytest.mark.parametrize("origin", [Origin.MEASURED, Origin.MODELLED])
def test_nobody_plays_a_live_instrument(origin):
    live = retimer(replace(DEVICE, origin=origin))
    with pytest.raises(BadRequestError, match=MN) as caught:
        live.takes(frame(SEGMENT))
    assert origin.value in caught.value.message_zh
    with pytest.raises(BadRequestError):
        live.at(frame(SEGMENT), 0)


def test_what_cannot_be_moved_is_not_taken():
    good = frame(SEGMENT)
    damaged = good[:-6] + b"0000\r\n"
    unknown = frame(SEGMENT.replace(MN.encode(), b"SOMEBODY"))
    timeless = frame(SEGMENT.replace(b"QN=20220513162608370;", b"").replace(b"DataTime", b"DataTimes"))
    assert retimer().takes(good)
    assert retimer().takes(good.rstrip())
    assert not any(retimer().takes(row) for row in (damaged, unknown, timeless, good[:50], b""))


def test_the_check_sum_is_that_of_the_device():
    modbus = retimer(replace(DEVICE, crc_mode=CrcMode.MODBUS))
    original = frame(SEGMENT, CrcMode.MODBUS)
    moved = modbus.at(original, frame_time_ms(original, ZONE_H))
    assert moved == original
    assert not modbus.takes(frame(SEGMENT, CrcMode.HJ212))
