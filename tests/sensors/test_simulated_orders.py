"""The simulated park obeys a platform: history as it was measured, marks of what was ordered, intervals."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sensors.hj212.client import segment_of
from sensors.hj212.codec import Message, parse
from sensors.hj212.commands import make_request, segment_of_request
from sensors.simulated.engine import HiddenPark
from sensors.simulated.faults import Window
from sensors.simulated.plan import SimulationPlan
from sensors.simulated.speech import Sentence
from tests.sensors.tiny_park import FlatGround, make_park
from twin.core.device import Device

NOON_MS = 1_795_320_000_000
_SLOW = make_park((2, 2, 2, 2), wells=2)
PARK = replace(  # weather twice a minute: its minutes are means
    _SLOW,
    devices=tuple(
        replace(row, interval_s=30.0) if row.sensor_id in {one.weather.id for one in _SLOW.stations} else row
        for row in _SLOW.devices
    ),
)
MINUTE = 60_000


def hidden_park(*, faults: bool = False) -> HiddenPark:
    return HiddenPark(
        SimulationPlan(
            park=PARK,
            ground=FlatGround(),
            host="127.0.0.1",
            port=1,
            passwords={},
            start_ms=NOON_MS,
            seed=7,
            speed=600.0,
            faults=faults,
        )
    )


def live(hidden: HiddenPark, minutes: float) -> list[Sentence]:
    return [row for _ in range(round(minutes * MINUTE / hidden.step_ms)) for row in hidden.advance()]


def beam() -> Device:
    ids = {row.id for row in PARK.beams}
    return next(row for row in PARK.devices if row.sensor_id in ids)


def weather() -> Device:
    return next(row for row in PARK.devices if row.interval_s == 30.0)


def ask(hidden: HiddenPark, device: Device, cn: str, **args: object) -> list[Message]:
    request = make_request(device, cn, args, PARK.utc_offset_h)
    segment = segment_of_request(request, device, qn="20261122120000001", password="123456")
    replies = hidden.sites.replies(parse(segment), hidden.time_ms)
    return [parse(segment_of(row)) for row in replies]


def of(rows: list[Sentence], device: Device, cn: str) -> list[Message]:
    messages = [parse(segment_of(row.frame)) for row in rows if row.mn == device.mn]
    return [row for row in messages if row.cn == cn]


def test_history_is_what_was_sent_at_the_time():
    hidden, device = hidden_park(), weather()
    sent = of(live(hidden, 12), device, "2051")
    assert len(sent) >= 10
    ready, *data, result = ask(hidden, device, "2051", from_ms=NOON_MS, to_ms=NOON_MS + 12 * MINUTE)
    assert (ready.value("QnRtn"), result.value("ExeRtn")) == ("1", "1")
    assert [row.groups for row in data] == [row.groups for row in sent]
    part = ask(hidden, device, "2051", from_ms=NOON_MS + 5 * MINUTE, to_ms=NOON_MS + 6 * MINUTE)
    assert len(part) == 4
    (_, nothing) = ask(hidden, device, "2051", from_ms=NOON_MS - 90 * MINUTE, to_ms=NOON_MS - 60 * MINUTE)
    assert nothing.value("ExeRtn") == "100"


def test_what_was_lost_on_the_way_can_be_called_back():
    hidden, device = hidden_park(faults=True), weather()
    live(hidden, 2)
    start = hidden.time_ms // MINUTE * MINUTE
    hole = Window(start_ms=start, end_ms=start + 5 * MINUTE, mark=None, kept=True)
    hidden.faults._windows[device.sensor_id] = (hole,)
    rows = live(hidden, 6)
    sent = {row.data_time for row in of(rows, device, "2051")}
    missing = ask(hidden, device, "2051", from_ms=start, to_ms=start + 3 * MINUTE)[1:-1]
    assert missing
    assert not sent & {row.data_time for row in missing}
    assert not [
        row for row in rows if row.mn == device.mn and b"CN=2011" in row.frame and row.time_ms < hole.end_ms
    ]


@pytest.mark.parametrize(("cn", "mark", "lasting_min"), [("3011", "C", 6), ("3013", "M", 2)])
def test_what_is_ordered_is_marked_and_ends(cn: str, mark: str, lasting_min: int):
    hidden, device = hidden_park(), beam()
    code = device.factors[0].code
    live(hidden, 1)
    assert [row.cn for row in ask(hidden, device, cn, factor=code)] == ["9011", "9012"]
    during = of(live(hidden, lasting_min - 0.5), device, "2011")
    assert during
    assert {row.value(f"{code}-Flag") for row in during} == {mark}
    live(hidden, 1)
    assert {row.value(f"{code}-Flag") for row in of(live(hidden, 2), device, "2011")} == {"N"}
    assert ask(hidden, device, cn, factor="a99999")[-1].value("ExeRtn") == "3"


def test_intervals_and_streams_are_what_was_told():
    hidden, device = hidden_park(), beam()
    live(hidden, 1)
    before = len(of(live(hidden, 6), device, "2011"))
    assert ask(hidden, device, "1062", interval_s=120)[-1].value("ExeRtn") == "1"
    assert ask(hidden, device, "1061")[1].value("RtdInterval") == "120"
    after = len(of(live(hidden, 6), device, "2011"))
    assert after < before
    assert after in (2, 3, 4)
    assert [row.cn for row in ask(hidden, device, "2012")] == ["9013"]
    assert of(live(hidden, 3), device, "2011") == []
    assert ask(hidden, device, "1062", interval_s=31)[-1].value("ExeRtn") == "3", "no whole step of sampling"
    ask(hidden, device, "2011")
    assert of(live(hidden, 4), device, "2011")


def test_a_wrong_password_and_an_unknown_device_get_nothing_done():
    hidden, device = hidden_park(), beam()
    request = make_request(device, "2012", {}, 8.0)
    segment = segment_of_request(request, device, qn="20261122120000001", password="guess")
    (refused,) = hidden.sites.replies(parse(segment), NOON_MS)
    assert parse(segment_of(refused)).value("QnRtn") == "3"
    stranger = replace(device, mn="999999999999999999999999")
    segment = segment_of_request(make_request(stranger, "2012", {}, 8.0), stranger, qn="1", password="123456")
    assert hidden.sites.replies(parse(segment), NOON_MS) == []
