"""Holes are found, asked for when the link is quiet, closed by what comes, given up when nothing is there."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.running_ingest import Running, running_ingest, until
from tests.support.small_park import device, small_park
from tests.support.station import KnowingLogger
from twin.core.clock import Interval
from twin.core.device import Device, Factor
from twin.core.errors import NotFoundError
from twin.core.observation import Check, Mark, Quality
from twin.core.origin import Origin
from twin.core.park import Park
from twin.live.holes import device_holes, series_holes, silences, slot_ms, tally
from twin.store.exchanges import ExchangeReader
from twin.store.gaps import Gap, GapReader
from twin.store.rows import StoredValue

MINUTE = 60_000
HOUR = 60 * MINUTE
REAL = device(1, origin=Origin.MEASURED)
KEY = "B1/conc:hf"
FAST = {
    "gap_scan_s": 0.2,
    "gap_quiet_s": 0.0,
    "command_over_time_s": 0.3,
    "command_recount": 1,
    "command_result_s": 1.0,
}


def park_of(*devices: Device) -> Park:
    return replace(small_park(1), devices=devices)


class FakeCurves:
    """Curves from a list of times; ``odd`` are those of a calibration."""

    def __init__(self, times: list[int], *, interval_ms: int = 0, odd: frozenset[int] = frozenset()) -> None:
        self.times, self.interval_ms, self.odd = sorted(times), interval_ms, odd

    def series(self, key, from_ms, to_ms, limit=20_000, *, interval_ms=None):
        if key != KEY:
            raise NotFoundError(key)
        return tuple(
            StoredValue(
                series_key=key,
                time_ms=row,
                value=1.0,
                quality=Quality.GOOD,
                mark=Mark.CALIBRATION if row in self.odd else Mark.NORMAL,
                checks=Check.NONE,
                origin=Origin.MEASURED,
                received_ms=row,
                interval_ms=self.interval_ms,
            )
            for row in self.times
            if from_ms <= row < to_ms
        )

    def came(self, keys, from_ms, to_ms):
        masks: dict[int, int] = {}
        for row in self.times:
            masks[row // HOUR * HOUR] = masks.get(row // HOUR * HOUR, 0) | 1 << row // MINUTE % 60
        return {KEY: [row for row in sorted(masks.items()) if from_ms <= row[0] < to_ms]}


@settings(deadline=None, max_examples=60)
@given(st.sets(st.integers(0, 119)), st.sampled_from([5.0, 60.0]))
def test_holes_and_minutes_with_values_make_up_the_span(minutes: set[int], interval_s: float):
    asked = replace(REAL, interval_s=interval_s)
    curves = FakeCurves([minute * MINUTE for minute in minutes])
    span = Interval(start_ms=0, end_ms=120 * MINUTE)
    holes = series_holes(curves, KEY, slot_ms(asked), span)
    lost = {minute for row in holes for minute in range(row.start_ms // MINUTE, row.end_ms // MINUTE)}
    assert lost == set(range(120)) - minutes
    assert all(row.start_ms % MINUTE == 0 and row.end_ms % MINUTE == 0 for row in holes)
    assert all(a.end_ms < b.start_ms for a, b in pairwise(holes))
    counted = tally(curves, KEY, MINUTE, span)
    assert (counted.expected, counted.received) == (120, len(minutes))


def test_a_calibration_is_no_hole():
    times = [k * 5_000 for k in range(720)]
    odd = frozenset(row for row in times if 10 * MINUTE <= row < 30 * MINUTE)
    span = Interval(start_ms=0, end_ms=HOUR)
    assert series_holes(FakeCurves(times, odd=odd), KEY, MINUTE, span) == ()
    lost = [row for row in times if row not in odd]
    (hole,) = series_holes(FakeCurves(lost), KEY, MINUTE, span)
    assert hole.end_ms == 30 * MINUTE
    assert 10 * MINUTE <= hole.start_ms < 11 * MINUTE, "what is asked for begins with its whole minute"


def test_slow_devices_are_expected_once_per_interval():
    slow = replace(REAL, interval_s=600.0)
    times = [k * 10 * MINUTE + (k % 3) * 20_000 for k in range(36) if k not in (10, 11, 12)]
    (hole,) = device_holes(FakeCurves(times), slow, Interval(start_ms=0, end_ms=6 * HOUR))
    assert (hole.start_ms, hole.end_ms) == (times[9] + 10 * MINUTE, times[10] // MINUTE * MINUTE)
    assert tally(FakeCurves(times), KEY, slot_ms(slow), Interval(start_ms=0, end_ms=6 * HOUR)).received == 33
    assert tally(FakeCurves(times), KEY, slot_ms(slow), Interval(start_ms=0, end_ms=6 * HOUR)).expected == 36


def test_hour_means_cover_no_minutes():
    curves = FakeCurves([0], interval_ms=HOUR)
    assert series_holes(curves, KEY, MINUTE, Interval(start_ms=0, end_ms=HOUR)) != ()


def test_a_stamp_that_slips_into_the_next_minute_leaves_no_hole():
    times = [k * MINUTE + (59_000 if k == 10 else 0) for k in range(60) if k != 11] + [12 * MINUTE + 500]
    span = Interval(start_ms=0, end_ms=HOUR)
    assert series_holes(FakeCurves(times), KEY, MINUTE, span) == ()
    assert series_holes(FakeCurves([row for row in times if row // MINUTE != 10]), KEY, MINUTE, span) == (
        Interval(start_ms=10 * MINUTE, end_ms=12 * MINUTE),
    )


HF = Factor(code="a21018", quantity="conc:hf", unit="mg/m3")
SO2 = Factor(code="a21026", quantity="conc:so2", unit="mg/m3")
BOTH = replace(REAL, factors=(HF, SO2))


def test_a_hole_of_one_factor_is_a_hole_of_its_device():
    span = Interval(start_ms=0, end_ms=HOUR)
    curves = FakeCurves([k * MINUTE for k in range(60) if not 20 <= k < 30])
    assert device_holes(curves, replace(BOTH, factors=(HF,)), span) == (
        Interval(start_ms=20 * MINUTE, end_ms=30 * MINUTE),
    )
    assert device_holes(curves, BOTH, span) == (span,), "once, not once per factor"
    assert silences(curves, BOTH, span) == (Interval(start_ms=20 * MINUTE, end_ms=30 * MINUTE),)


def test_a_factor_that_never_comes_is_asked_for_but_not_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from twin.live import outward
    from twin.live.gaps import GapRules

    def rules(**told: object) -> GapRules:
        return replace(GapRules(**told), back_off_s=0.02, pace_s=0.01)  # type: ignore[arg-type]

    monkeypatch.setattr(outward, "GapRules", rules)

    async def story() -> None:
        now_ms = now_minute()
        run_of = running_ingest(tmp_path, park_of(BOTH), **FAST)
        one = replace(BOTH, factors=(HF,))
        async with run_of as run, KnowingLogger.of(one, run.port, tmp_path) as logger:
            logger.station.minutes = {now_ms - ago * MINUTE: float(ago) for ago in range(1, 41)}
            await live(logger, range(30, 0, -1), now_ms)
            (gap,) = await states(run, {"given_up": 1}, "asked for in vain")
            asked = len({row.qn for row in logger.said("2051")})
            assert 1 <= asked == gap.tries
            await asyncio.sleep(0.6)
            assert len({row.qn for row in logger.said("2051")}) == asked, "the others have come"

    asyncio.run(story())


def now_minute() -> int:
    return time.time_ns() // 60_000_000_000 * MINUTE


async def live(logger: KnowingLogger, minutes: range, now_ms: int) -> None:
    """Minute data that came in time, one per minute ago, and a present value."""
    for ago in minutes:
        logger.upload(now_ms - ago * MINUTE, cn="2051", value=float(ago))
    logger.upload(time.time_ns() // 1_000_000)
    await logger.client.drained()


async def states(run: Running, wanted: dict[str, int], what: str) -> tuple[Gap, ...]:
    reader = GapReader(run.reader)

    def counted() -> dict[str, int]:
        found: dict[str, int] = {}
        for row in reader.gaps():
            found[row.state.value] = found.get(row.state.value, 0) + 1
        return found

    await until(lambda: counted() == wanted, f"{what}: {wanted}")
    return reader.gaps()


def test_an_hour_without_a_line_closes_by_itself(tmp_path: Path) -> None:
    async def story() -> None:
        now_ms = now_minute()
        run_of = running_ingest(tmp_path, park_of(REAL), **FAST)
        async with run_of as run, KnowingLogger.of(REAL, run.port, tmp_path) as logger:
            logger.station.minutes = {now_ms - ago * MINUTE: float(ago) for ago in range(1, 121)}
            await live(logger, range(120, 65, -1), now_ms)
            await live(logger, range(5, 0, -1), now_ms)
            (gap,) = await states(run, {"filled": 1}, "the hole is closed")
            assert (gap.from_ms, gap.to_ms) == (now_ms - 65 * MINUTE, now_ms - 5 * MINUTE)
            assert (gap.cn, gap.tries) == ("2051", 1)
            values = run.reader.series(KEY, gap.from_ms, gap.to_ms)
            assert [row.value for row in values] == [pytest.approx(ago * 1e-6) for ago in range(65, 5, -1)]
            late = [row for row in values if row.checks & Check.LATE]
            assert len(late) >= 50, "what is minutes old when it comes says so"
            assert all(row.received_ms >= now_ms for row in values), "and keeps when it came"
            (asked,) = ExchangeReader(run.reader).newest()
            assert (asked.purpose, asked.actor, asked.outcome) == ("gap", "system", "done")
            assert asked.seq == gap.exchange_seq
            await asyncio.sleep(0.6)
            assert len({row.qn for row in logger.said("2051")}) == 1, "what is closed is not asked for again"

    asyncio.run(story())


def test_long_holes_are_asked_for_in_parts_and_the_newest_first(tmp_path: Path) -> None:
    async def story() -> None:
        now_ms = now_minute()
        run_of = running_ingest(tmp_path, park_of(REAL), **FAST)
        async with run_of as run, KnowingLogger.of(REAL, run.port, tmp_path) as logger:
            logger.station.minutes = {now_ms - ago * MINUTE: 1.0 for ago in range(1, 901)}
            await live(logger, range(900, 890, -1), now_ms)
            await live(logger, range(5, 0, -1), now_ms)
            gaps = await states(run, {"filled": 3}, "14.75 h in parts of 6 h")
            spans = sorted((row.from_ms, row.to_ms) for row in gaps)
            assert all(to - start <= 6 * HOUR for start, to in spans)
            assert [spans[0][1], spans[1][1]] == [spans[1][0], spans[2][0]]
            requests = {row.qn: row.value("BeginTime") or "" for row in logger.said("2051")}
            asked = list(requests.values())  # a busy machine may have sent one again
            assert asked == sorted(asked, reverse=True)
            assert len(asked) == 3

    asyncio.run(story())


def test_a_station_with_nothing_there_is_given_up(tmp_path: Path) -> None:
    async def story() -> None:
        now_ms = now_minute()
        run_of = running_ingest(tmp_path, park_of(REAL), **FAST)
        async with run_of as run, KnowingLogger.of(REAL, run.port, tmp_path) as logger:
            logger.station.keeps = False
            await live(logger, range(30, 20, -1), now_ms)
            await live(logger, range(5, 0, -1), now_ms)
            (gap,) = await states(run, {"given_up": 1}, "given up")
            assert (gap.tries, gap.note) == (1, "no_data")

    asyncio.run(story())


def test_a_deaf_station_is_given_up_after_some_tries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from twin.live import outward
    from twin.live.gaps import GapRules

    def rules(**told: object) -> GapRules:
        return replace(GapRules(**told), back_off_s=0.02, pace_s=0.01)  # type: ignore[arg-type]

    monkeypatch.setattr(outward, "GapRules", rules)

    async def story() -> None:
        now_ms = now_minute()
        run_of = running_ingest(tmp_path, park_of(REAL), **FAST)
        async with run_of as run, KnowingLogger.of(REAL, run.port, tmp_path) as logger:
            logger.deaf = {"2051"}
            await live(logger, range(30, 20, -1), now_ms)
            await live(logger, range(5, 0, -1), now_ms)
            (gap,) = await states(run, {"given_up": 1}, "given up")
            assert (gap.tries, gap.note) == (4, "no_answer")
            assert len({row.qn for row in logger.said("2051")}) == 4

    asyncio.run(story())


def test_nobody_is_asked_without_leave_or_before_the_link_is_quiet(tmp_path: Path) -> None:
    async def story() -> None:
        now_ms = now_minute()
        other = device(3, origin=Origin.MEASURED)
        told = {**FAST, "gap_asking": other.mn, "gap_quiet_s": 1000.0}
        async with (
            running_ingest(tmp_path, park_of(REAL, other), **told) as run,
            KnowingLogger.of(REAL, run.port, tmp_path) as logger,
            KnowingLogger.of(other, run.port, tmp_path) as young,
        ):
            for one in (logger, young):
                await live(one, range(30, 20, -1), now_ms)
                await live(one, range(5, 0, -1), now_ms)
            gaps = await states(run, {"open": 2}, "both holes are known")
            assert {row.mn for row in gaps} == {REAL.mn, other.mn}
            await asyncio.sleep(0.6)
            assert not logger.heard, "no leave"
            assert not young.heard, "the line is young"

    asyncio.run(story())


def test_what_was_open_at_the_end_is_asked_for_after_a_restart(tmp_path: Path) -> None:
    async def story() -> None:
        now_ms = now_minute()
        quiet = {**FAST, "gap_quiet_s": 1000.0}
        async with (
            running_ingest(tmp_path, park_of(REAL), **quiet) as run,
            KnowingLogger.of(REAL, run.port, tmp_path) as logger,
        ):
            await live(logger, range(30, 20, -1), now_ms)
            await live(logger, range(5, 0, -1), now_ms)
            await states(run, {"open": 1}, "known")
        async with (
            running_ingest(tmp_path, park_of(REAL), **FAST) as run,
            KnowingLogger.of(REAL, run.port, tmp_path) as logger,
        ):
            logger.station.minutes = {now_ms - ago * MINUTE: 1.0 for ago in range(1, 121)}
            await live(logger, range(1, 0, -1), now_ms)
            await states(run, {"filled": 1}, "closed after the restart")

    asyncio.run(story())


def test_a_station_that_catches_up_by_itself_leaves_one_row(tmp_path: Path) -> None:
    async def story() -> None:
        now_ms = now_minute()
        told = {**FAST, "gap_asking": ""}
        run_of = running_ingest(tmp_path, park_of(REAL), **told)
        async with run_of as run, KnowingLogger.of(REAL, run.port, tmp_path) as logger:
            await live(logger, range(40, 30, -1), now_ms)
            await live(logger, range(5, 0, -1), now_ms)
            await states(run, {"open": 1}, "known")
            for start in (30, 24, 18):
                await live(logger, range(start, start - 6, -1), now_ms)
                await states(run, {"open": 1, "filled": 1}, f"closed down to {start - 6}")
            await live(logger, range(12, 5, -1), now_ms)
            reader = GapReader(run.reader)
            await until(lambda: all(row.state.value == "filled" for row in reader.gaps()), "closed")
            gaps = sorted(reader.gaps(), key=lambda row: row.from_ms)
            assert gaps[0].from_ms == now_ms - 30 * MINUTE
            assert gaps[-1].to_ms == now_ms - 5 * MINUTE
            assert len(gaps) <= 2
            assert {row.tries for row in gaps} == {0}

    asyncio.run(story())
