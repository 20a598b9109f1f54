"""What statistics are made of: hour roll-ups and tallies, read in bounded questions. Nothing is written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from twin.store import ledger_schema as t
from twin.store.reading import Reader
from twin.store.review_schema import LINK_STATE, SENSOR_HOUR, UNIT_STATE
from twin.store.rollups import Bucket, mean_of
from twin.store.rows import Step

HOUR_MS = 3_600_000
DAY_MS = 86_400_000
_R = t.ROLLUP.c
_H = SENSOR_HOUR.c


@dataclass(frozen=True, slots=True, kw_only=True)
class HourMean:
    """Usable values of one hour; ``interval_ms`` is the length of those that were counted (0: moments)."""

    start_ms: int
    count: int
    interval_ms: int
    mean: float | None
    low: float | None
    high: float | None


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
        question = (
            sa.select(t.ROLLUP)
            .where(
                _R.series_id == series_id,
                _R.step_ms == Step.HOUR.code,
                _R.start_ms >= from_ms,
                _R.start_ms < to_ms,
                _R.n > 0,
            )
            .order_by(_R.start_ms)
        )
        found = [(r.start_ms, Bucket(*r[3:])) for r in connection.execute(question)]
    return tuple(
        HourMean(
            start_ms=start_ms,
            count=bucket.count,
            interval_ms=bucket.interval_ms,
            mean=mean_of(bucket),
            low=bucket.low,
            high=bucket.high,
        )
        for start_ms, bucket in found
    )


def valid_hours_by_day(
    reader: Reader, asked: Sequence[tuple[str, int]], from_ms: int, to_ms: int, utc_offset_ms: int
) -> dict[str, dict[int, int]]:
    """Valid hours of every local day, by series.

    ``asked``: (series key, interval of its moments in ms). An hour counts with 45 minutes of values.
    Days are numbered from 1970-01-01 in the zone of ``utc_offset_ms``.
    """
    # Whole division on every data base; times are never negative.
    shifted = _R.start_ms + utc_offset_ms
    day = (shifted - shifted % DAY_MS) // DAY_MS
    length = sa.case(
        (_R.interval_ms == 0, sa.bindparam("moments_ms", type_=sa.BigInteger)), else_=_R.interval_ms
    )
    # Built once: compiling it for every series costs more than the look-up.
    question = (
        sa.select(day.label("day"), sa.func.count())
        .where(
            _R.series_id == sa.bindparam("series_id"),
            _R.step_ms == Step.HOUR.code,
            _R.start_ms >= from_ms,
            _R.start_ms < to_ms,
            _R.n * length >= 45 * 60_000,
        )
        .group_by(day)
    )
    answers: dict[str, dict[int, int]] = {}
    with reader.snapshot() as connection:
        ids = {row.key: row.id for row in connection.execute(sa.select(t.SERIES.c.id, t.SERIES.c.key))}
        for key, moments_ms in asked:
            if key in ids:
                told = {"series_id": ids[key], "moments_ms": moments_ms}
                found = connection.execute(question, told)
                answers[key] = {int(number): int(count) for number, count in found}
    return answers


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
