"""What statistics are made of: hour roll-ups and tallies, read in bounded questions. Nothing is written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa

from twin.store import ledger_schema as t
from twin.store.bucket import FULL_HOUR, MINUTE_MS, Span, mean_of, valid_minutes
from twin.store.reading import Reader
from twin.store.review_schema import LINK_STATE, SENSOR_HOUR, SERIES_HOUR, UNIT_STATE
from twin.store.rollups import read_spans
from twin.store.rows import Step

HOUR_MS = 3_600_000
DAY_MS = 86_400_000
_R = t.ROLLUP.c
_H = SENSOR_HOUR.c
_S = SERIES_HOUR.c
_WANTED_MIN = 45
_WANTED_MS = _WANTED_MIN * MINUTE_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class HourMean:
    """Usable values of one hour.

    ``covered``: mask of the minutes that have any; None in rows of earlier releases. ``moments`` and
    ``means_min``: how many moments are counted, and for how many minutes means stand. ``interval_ms``
    is the length of the shortest that were counted (0: moments).
    """

    start_ms: int
    count: int
    interval_ms: int
    mean: float | None
    low: float | None
    high: float | None
    covered: int | None
    moments: int
    means_min: int

    def minutes(self, moments_ms: int) -> float:
        """Minutes for which there are usable values, of an instrument that speaks every ``moments_ms``.

        As many as are covered, but no more than the values are worth: one value in a minute that should
        have twelve is no minute.
        """
        if self.covered is None:
            return min(60.0, self.count * (self.interval_ms or moments_ms) / MINUTE_MS)
        worth = self.moments * moments_ms / MINUTE_MS + self.means_min
        return min(worth, float(valid_minutes(self.covered, round(moments_ms / MINUTE_MS))), 60.0)


class Came(NamedTuple):
    """``hours``: those with 45 minutes of values; ``minutes``: all for which anything came."""

    hours: int
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorHour:
    """How many values of a sensor came in an hour, and how many of them with marks that say why not."""

    sensor_id: str
    interval_ms: int
    start_ms: int
    received: int
    stopped: int
    not_normal: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitRow:
    """Stored state of a working unit."""

    unit_id: str
    state: str
    since_ms: int
    time_ms: int
    value: float | None


def hour_means(reader: Reader, key: str, from_ms: int, to_ms: int) -> tuple[HourMean, ...]:
    """Hours that start in a span, oldest first; empty for a series that is not there."""
    with reader.snapshot() as connection:
        series_id = connection.execute(sa.select(t.SERIES.c.id).where(t.SERIES.c.key == key)).scalar()
        if series_id is None:
            return ()
        found = read_spans(connection, series_id, Step.HOUR, from_ms, to_ms)
    return tuple(_hour_mean(start_ms, span) for start_ms, span in found if span.count)


def _hour_mean(start_ms: int, span: Span) -> HourMean:
    whole, fine, means = span.whole(), span.fine, span.means
    return HourMean(
        start_ms=start_ms,
        count=whole.count,
        interval_ms=whole.interval_ms,
        mean=mean_of(whole),
        low=whole.low,
        high=whole.high,
        covered=whole.covered,
        moments=fine.count,
        means_min=span.minutes(means),
    )


def valid_hours_by_day(
    reader: Reader, asked: Sequence[tuple[str, int]], from_ms: int, to_ms: int, utc_offset_ms: int
) -> dict[str, dict[int, int]]:
    """Valid hours of every local day, by series.

    ``asked``: (series key, interval of its moments in ms). An hour counts with 45 minutes, as
    ``HourMean.minutes`` has them. Days are numbered from 1970-01-01 in the zone of ``utc_offset_ms``.
    """
    length = sa.case(
        (_R.interval_ms < MINUTE_MS, sa.bindparam("moments_ms", type_=sa.BigInteger)), else_=_R.interval_ms
    )
    worth = sa.func.sum(_R.n * length)
    # The minutes of the two parts of an hour are different ones.
    covered = sa.func.sum(sa.func.coalesce(_R.covered, FULL_HOUR))
    hours = (
        sa.select(_R.start_ms.label("start_ms"), sa.cast(covered, sa.BigInteger).label("mask"))
        .where(
            _R.series_id == sa.bindparam("series_id"),
            _R.step_ms.in_((Step.HOUR.code, Step.HOUR.code + 1)),
            _R.start_ms >= from_ms,
            _R.start_ms < to_ms,
            _R.n > 0,
        )
        .group_by(_R.start_ms)
        .having(worth >= _WANTED_MS)
        .subquery()
    )
    # Built once: compiling it for every series costs more than the look-up.
    question = _by_day(hours, utc_offset_ms)
    answers: dict[str, dict[int, int]] = {}
    with reader.snapshot() as connection:
        ids = {row.key: row.id for row in connection.execute(sa.select(t.SERIES.c.id, t.SERIES.c.key))}
        for key, moments_ms in asked:
            if key in ids:
                told = {"series_id": ids[key], "moments_ms": moments_ms}
                days = answers.setdefault(key, {})
                for number, mask, count in connection.execute(question, told):
                    if valid_minutes(int(mask), round(moments_ms / MINUTE_MS)) >= _WANTED_MIN:
                        days[int(number)] = days.get(int(number), 0) + int(count)
    return answers


def came_minutes_by_day(
    reader: Reader, asked: Sequence[tuple[str, int]], from_ms: int, to_ms: int, utc_offset_ms: int
) -> dict[str, dict[int, Came]]:
    """What came on every local day, whatever its marks, by series; see ``valid_hours_by_day``."""
    hours = (
        sa.select(_S.start_ms.label("start_ms"), _S.came.label("mask"))
        .where(_S.series_id == sa.bindparam("series_id"), _S.start_ms >= from_ms, _S.start_ms < to_ms)
        .subquery()
    )
    question = _by_day(hours, utc_offset_ms)
    answers: dict[str, dict[int, Came]] = {}
    with reader.snapshot() as connection:
        ids = {row.key: row.id for row in connection.execute(sa.select(t.SERIES.c.id, t.SERIES.c.key))}
        for key, moments_ms in asked:
            if key in ids:
                days = answers.setdefault(key, {})
                for number, mask, count in connection.execute(question, {"series_id": ids[key]}):
                    minutes = valid_minutes(int(mask), round(moments_ms / MINUTE_MS))
                    before = days.get(int(number), Came(0, 0))
                    received = count if minutes >= _WANTED_MIN else 0
                    days[int(number)] = Came(before.hours + received, before.minutes + minutes * count)
    return answers


def _by_day(hours: sa.Subquery, utc_offset_ms: int) -> sa.Select[Any]:
    """How many hours of every local day have which minutes; most have all of them."""
    # Whole division on every data base; times are never negative.
    shifted = hours.c.start_ms + utc_offset_ms
    day = (shifted - shifted % DAY_MS) // DAY_MS
    return sa.select(day.label("day"), hours.c.mask, sa.func.count()).group_by(day, hours.c.mask)


def sensor_hours(reader: Reader, from_ms: int, to_ms: int, sensor_id: str = "") -> tuple[SensorHour, ...]:
    """Tallies of a span (of one sensor)."""
    others = _H.stopped + _H.maintenance + _H.calibration + _H.fault + _H.over_range + _H.no_link
    question = (
        sa.select(_H.sensor_id, _H.interval_ms, _H.start_ms, _H.received, _H.stopped, others.label("others"))
        .where(_H.start_ms >= from_ms, _H.start_ms < to_ms)
        .order_by(_H.sensor_id, _H.start_ms, _H.interval_ms)
    )
    if sensor_id:
        question = question.where(_H.sensor_id == sensor_id)
    with reader.snapshot() as connection:
        return tuple(
            SensorHour(
                sensor_id=r.sensor_id,
                interval_ms=r.interval_ms,
                start_ms=r.start_ms,
                received=r.received,
                stopped=r.stopped,
                not_normal=r.others,
            )
            for r in connection.execute(question)
        )


def first_hour(reader: Reader) -> int | None:
    """Start of the first hour in which anything came."""
    with reader.snapshot() as connection:
        return connection.execute(sa.select(sa.func.min(_H.start_ms))).scalar()


def mark_totals(
    reader: Reader, sensors: Iterable[str], from_ms: int, to_ms: int
) -> dict[str, dict[str, int]]:
    """Values with each mark that takes no part, by sensor."""
    names = {"F": _H.stopped, "M": _H.maintenance, "C": _H.calibration, "D": _H.fault, "T": _H.over_range}
    names["B"] = _H.no_link
    question = (
        sa.select(_H.sensor_id, *(sa.func.sum(c).label(name) for name, c in names.items()))
        .where(_H.start_ms >= from_ms, _H.start_ms < to_ms, _H.sensor_id.in_(list(sensors)))
        .group_by(_H.sensor_id)
    )
    with reader.snapshot() as connection:
        return {
            row[0]: {name: int(count) for name, count in zip(names, row[1:], strict=True) if count}
            for row in connection.execute(question)
        }


def unit_states(reader: Reader) -> dict[str, UnitRow]:
    """Stored states of working units."""
    with reader.snapshot() as connection:
        return {
            r.unit_id: UnitRow(
                unit_id=r.unit_id, state=r.state, since_ms=r.since_ms, time_ms=r.time_ms, value=r.value
            )
            for r in connection.execute(sa.select(UNIT_STATE))
        }


def links_off_since(reader: Reader) -> dict[str, int]:
    """Since when treatment has been off while production runs, by link; only where it is so."""
    with reader.snapshot() as connection:
        return {
            r.link_id: int(r.off_since_ms)
            for r in connection.execute(sa.select(LINK_STATE))
            if r.off_since_ms is not None
        }
