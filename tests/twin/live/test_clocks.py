"""A clock that runs behind is seen without a command: registry, connections, and over a restart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from sensors.hj212.codec import parse
from sensors.hj212.session import Delivery
from tests.support.arrivals import frame
from tests.support.live_desk import LiveDesk, live_desk
from tests.support.small_park import device, small_park
from twin.core.clock import FixedClock
from twin.live.clocks import ClockBoard
from twin.live.settings import load_settings
from twin.store.facts import read_findings
from twin.store.ledger import Ledger

T0, MINUTE = 1_795_300_000_000, 60_000
SLOW = replace(device(1), mn="M1", interval_s=60.0)
BEIJING = timezone(timedelta(hours=8))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[LiveDesk]:
    settings = load_settings(data_dir=tmp_path)
    ledger = Ledger(settings.ledger)
    ledger.register([SLOW])
    with live_desk(settings, ledger, park=replace(small_park(), devices=(SLOW,))) as opened:
        yield opened
    ledger.close()


def board(desk: LiveDesk) -> ClockBoard:
    made = ClockBoard(
        desk.office.sink, desk.office.reader, {"M1": SLOW}.get, FixedClock(T0 + 60 * MINUTE), 8.0
    )
    made.recall()
    return made


def upload(received_ms: int, off_s: float) -> Delivery:
    """Real-time data of a station whose clock is off."""
    clock = datetime.fromtimestamp(received_ms / 1000 + off_s, UTC).astimezone(BEIJING)
    qn = f"{clock:%Y%m%d%H%M%S}{clock.microsecond // 1000:03d}"
    text = f"QN={qn};ST=22;CN=2011;PW=123456;MN=M1;Flag=9;CP=&&DataTime={clock:%Y%m%d%H%M%S};a21018-Rtd=1.0&&"
    raw = replace(frame(qn, received_ms=received_ms), segment=text.encode())
    return Delivery(frame=raw, message=parse(text.encode()), answer=None)


@pytest.mark.parametrize("off_s", [-31.5, -540.0])
def test_a_clock_that_runs_behind_is_a_finding(desk: LiveDesk, off_s: float) -> None:
    clocks = board(desk)
    for k in range(10):
        clocks.delivered(upload(T0 + k * MINUTE, off_s))
    assert clocks.drift_s("M1") == pytest.approx(off_s, abs=1.0)
    desk.do(clocks.save())
    (found,) = read_findings(desk.office.reader)
    assert (found.mn, found.kind, found.what) == ("M1", "clock_drift", "behind")
    desk.do(clocks.save())
    assert read_findings(desk.office.reader) == (found,), "nothing new was heard"


def test_a_good_clock_is_no_finding(desk: LiveDesk) -> None:
    clocks = board(desk)
    for k in range(10):
        clocks.delivered(upload(T0 + k * MINUTE, -2.0))
    desk.do(clocks.save())
    assert read_findings(desk.office.reader) == ()


def test_the_rule_of_48_h_holds_over_a_restart(desk: LiveDesk) -> None:
    clocks = board(desk)
    for k in range(24 * 60):
        clocks.delivered(upload(T0 + k * MINUTE, -0.4 * k))
    desk.do(clocks.save())
    assert {row.kind for row in read_findings(desk.office.reader)} == {"clock_drift"}
    again = board(desk)
    for k in range(24 * 60, 40 * 60):
        again.delivered(upload(T0 + k * MINUTE, -0.4 * k))
    desk.do(again.save())
    assert {row.kind for row in read_findings(desk.office.reader)} == {"clock_drift", "clock_breach"}
