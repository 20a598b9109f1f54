"""From message to observations: units, marks, times, and the habits of field devices."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensors.contract import LineEventKind
from sensors.hj212.codec import Message, build, parse
from sensors.hj212.decode import Decoded, decode, stamp_ms
from sensors.hj212.split import SplitTracker
from sensors.quality import number
from tests.sensors.tiny_park import WEATHER_FACTORS, factors, make_device
from twin.core.device import Edition
from twin.core.observation import Check, Mark, Quality

NOW_MS = stamp_ms("20261122101502", 8) or 0
HF = factors((("a21018", "conc:hf", "mg/m3", 0.0, 50.0),))


def said(cp: str, *, cn: str = "2011", now_ms: int = NOW_MS, edition: Edition = Edition.HJ2017) -> Decoded:
    segment = f"QN=20261122101500001;ST=31;CN={cn};PW=1;MN=A;Flag=5;CP=&&{cp}&&".encode()
    return decode(parse(segment), make_device("A", "B1", "S1", HF, edition=edition), now_ms, 8.0)


def one(value: str, *, time: str = "20261122101500", **options: object):
    decoded = said(f"DataTime={time};a21018-Rtd={value},a21018-Flag=N", **options)  # type: ignore[arg-type]
    (row,) = decoded.observations
    return row


@pytest.mark.parametrize(
    "text",
    [
        "NaN",
        "inf",
        "-Infinity",
        "1_000",
        "0x10",
        "１.５",
        "",
        "--1",
        "1e999",
        "1,5",
        "1" * 400,
        "٣",
        ".",
        "+",
    ],
)
def test_what_is_not_a_number_has_no_value(text: str):
    assert number(text) is None


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e12, max_value=1e12))
@settings(deadline=None, max_examples=60)
def test_numbers_are_read_as_printed(value: float):
    assert number(f"{value:.6f}") == pytest.approx(value, abs=1e-6)


@given(st.text(max_size=30))
@settings(deadline=None, max_examples=60)
def test_numbers_are_finite_or_none(text: str):
    value = number(text)
    assert value is None or math.isfinite(value)


def test_value_is_si_and_keeps_its_text():
    row = one("1.840")
    assert row.value == pytest.approx(1.84e-6)
    assert (row.raw_text, row.quality, row.interval_ms) == ("1.840", Quality.GOOD, 0)
    assert row.time_ms == stamp_ms("20261122101500", 8)


def test_out_of_range_is_marked_not_changed():
    row = one("51")
    assert row.checks == Check.OUT_OF_RANGE
    assert row.value == pytest.approx(51e-6)
    assert not row.usable


@pytest.mark.parametrize(
    ("time", "checks", "kind"),
    [
        ("20261122101545", Check.CLOCK_DRIFT, LineEventKind.CLOCK_AHEAD),
        ("20261122100000", Check.LATE, None),
        ("20240101000000", Check.TIME_OUT_OF_WINDOW, LineEventKind.TIME_OUT_OF_WINDOW),
        ("20261122120000", Check.TIME_OUT_OF_WINDOW, LineEventKind.TIME_OUT_OF_WINDOW),
        ("20261301000000", Check.TIME_OUT_OF_WINDOW, LineEventKind.BAD_TIME),
        ("20261122101560", Check.TIME_OUT_OF_WINDOW, LineEventKind.BAD_TIME),
    ],
)
def test_times(time: str, checks: Check, kind: LineEventKind | None):
    decoded = said(f"DataTime={time};a21018-Rtd=1,a21018-Flag=N")
    (row,) = decoded.observations
    assert row.checks == checks
    assert [problem.kind for problem in decoded.problems] == ([] if kind is None else [kind])
    if checks is Check.TIME_OUT_OF_WINDOW:
        assert row.time_ms == NOW_MS


def test_late_data_stay_good():
    """Back-filled values are as true as live ones."""
    assert one("1", time="20261122000000").quality is Quality.GOOD


@pytest.mark.parametrize(("cn", "interval_ms"), [("2051", 60_000), ("2061", 3_600_000), ("2031", 86_400_000)])
def test_means_carry_their_interval_from_its_start(cn: str, interval_ms: int):
    rows = said("DataTime=20261122100000;a21018-Min=1,a21018-Avg=2,a21018-Max=3", cn=cn).observations
    assert {row.interval_ms for row in rows} == {interval_ms}
    assert {row.time_ms for row in rows} == {stamp_ms("20261122100000", 8)}
    values = {row.quantity: row.value for row in rows}
    assert values == pytest.approx({"conc:hf": 2e-6, "conc:hf@min": 1e-6, "conc:hf@max": 3e-6})


def test_loose_flag_belongs_to_the_factor_before_it():
    (row,) = said("DataTime=20261122101500;a21018-Rtd=92;Flag=C").observations
    assert row.mark is Mark.CALIBRATION


def test_first_of_two_equal_factors_counts():
    cp = "DataTime=20261122101500;a21018-Rtd=1,a21018-Flag=N;a21018-Rtd=2,a21018-Flag=N"
    (row,) = said(cp).observations
    assert row.value == pytest.approx(1e-6)


def test_unlisted_factors_are_named_and_left_in_the_raw_frame():
    decoded = said("DataTime=20261122101500;zz-Rtd=1,zz-Flag=N;a21018-Rtd=1,a21018-Flag=N")
    assert decoded.unknown_codes == ("zz",)
    assert len(decoded.observations) == 1


def test_marks_belong_to_the_edition():
    """P is a power failure in 2005 and in no table of 2017."""
    cp = "DataTime=20261122101500;a21018-Rtd=1,a21018-Flag=P"
    assert said(cp, edition=Edition.HJ2005).observations[0].mark is Mark.FAULT
    assert said(cp).observations[0].checks == Check.UNKNOWN_MARK


def test_north_has_one_name():
    device = make_device("A", "S1-W", "S1", WEATHER_FACTORS)
    group = (("a01008-Rtd", "360"), ("a01008-Flag", "N"))
    segment = build(
        qn="20261122101500001",
        st="22",
        cn="2011",
        pw="1",
        mn="A",
        flag=5,
        groups=((("DataTime", "20261122101500"),), group),
    )
    (row,) = decode(parse(segment), device, NOW_MS, 8.0).observations
    assert (row.value, row.checks) == (0.0, Check.NONE)


def kinds(segment: bytes) -> set[str]:
    return {problem.kind.value for problem in parse(segment).problems}


HEAD = b"QN=20261122101500001;ST=31;CN=2011;PW=1;MN=A;"


@pytest.mark.parametrize(
    ("segment", "wanted"),
    [
        (HEAD + b"Flag=5;CP=&&i1-Info=//\xc7\xe5\xcf\xb4//&&", {"undecodable_text"}),
        (HEAD + b"Flag=256;CP=&&&&", {"bad_flag"}),
        (HEAD + b"Flag=5", {"no_cp"}),
        (HEAD + b"Flag=5;MN=B;CP=&&&&", {"duplicate_key"}),
        (HEAD + b"Flag=5;CP=&&a1-Rtd=1;a1-Rtd=2&&", {"duplicate_factor"}),
        (HEAD + b"Flag=7;CP=&&&&", {"bad_split"}),
        (b"QN=1;ST=31;CN=20_1;PW=1;MN=A;Flag=5;CP=&&&&", {"unknown_cn"}),
        (HEAD + b"Flag=5CP=&&&&", set()),
        (b"QN=20261122101500001,ST=31;CN=2011;PW=1;MN=A;Flag=5;CP=&& &&", set()),
    ],
)
def test_problems_are_named(segment: bytes, wanted: set[str]):
    assert kinds(segment) == wanted


def test_gb_text_of_old_loggers_is_read():
    assert parse(HEAD + b"Flag=5;CP=&&i1-Info=//\xc7\xe5\xcf\xb4//&&").value("i1-Info") == "//清洗//"


@given(st.binary(max_size=300))
@settings(deadline=None, max_examples=60)
def test_parse_never_raises(segment: bytes):
    message = parse(segment)
    decode(message, make_device("A", "B1", "S1", HF), NOW_MS, 8.0)


def package(pno: int, mn: str = "A") -> Message:
    segment = f"QN=2026112210150000{pno};ST=31;CN=2061;PW=1;MN={mn};Flag=7;PNUM=3;PNO={pno};CP=&&DataTime=1&&"
    return parse(segment.encode())


def test_packages_complete_in_any_order_and_are_missed_after_the_time_out():
    tracker = SplitTracker(60_000)
    assert [tracker.add(package(k), 0) for k in (3, 1, 1, 2)] == [False, False, False, True]
    tracker.add(package(1, "B"), 0)
    assert tracker.expire(60_000) == []
    ((mn, detail),) = tracker.expire(60_001)
    assert (mn, detail) == ("B", "CN 2061 of 1: 1 of 3 packages came")


def test_tracker_is_bounded():
    tracker = SplitTracker(1)
    for k in range(500):
        tracker.add(package(1, str(k)), 0)
    assert len(tracker.expire(10)) == 64
