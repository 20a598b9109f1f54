"""Roll-ups by minute and hour, kept in the same transaction as the values.

A bucket counts usable values of the shortest interval that it has seen: moments outweigh means,
minute means outweigh hour means, whatever comes first. Values longer than the bucket do not
count. The result depends on the values only, not on the order of their arrival (up to rounding).

Directions are averaged as unit vectors, without wind speed as a weight: EPA-454/R-99-005 (2000),
section 6.2, unit vector mean wind direction.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa

from twin.core.observation import Check, Mark, Quality, quality_of
from twin.store.engine import seek
from twin.store.ledger_schema import OBSERVATION, ROLLUP
from twin.store.rows import RollupRow, Step

DIRECTIONS = frozenset({"wind_from"})
# Shorter than this the mean of unit vectors has no direction that could be told from rounding.
_NO_DIRECTION = 1e-9
_KEPT_BUCKETS = 20_000

_STEPS_MS = tuple(step.length_ms for step in Step)

_COLUMNS = tuple(ROLLUP.columns)  # the key, then what a bucket holds, in its order

BucketKey = tuple[int, int, int]


class Contribution(NamedTuple):
    """One stored version as the roll-ups see it; ``value`` None must not count."""

    series_id: int
    is_direction: bool
    time_ms: int
    interval_ms: int
    version: int
    value: float | None


@dataclass(slots=True)
class _Bucket:
    interval_ms: int = 0
    count: int = 0
    total: float = 0.0
    low: float | None = None
    high: float | None = None
    east: float | None = None
    north: float | None = None
    stored: bool = False

    def add(self, value: float, interval_ms: int, *, is_direction: bool) -> None:
        if self.count and interval_ms > self.interval_ms:
            return
        if not self.count or interval_ms < self.interval_ms:
            self.clear(interval_ms)
        self.count += 1
        self.total += value
        if is_direction:
            angle = math.radians(value)
            self.east = (self.east or 0.0) + math.sin(angle)
            self.north = (self.north or 0.0) + math.cos(angle)
            return
        self.low = value if self.low is None else min(self.low, value)
        self.high = value if self.high is None else max(self.high, value)

    def clear(self, interval_ms: int = 0) -> None:
        self.interval_ms, self.count, self.total = interval_ms, 0, 0.0
        self.low = self.high = self.east = self.north = None


class RollupKeeper:
    """Updates the roll-ups for a batch of new versions. Part of the one writer."""

    def __init__(self) -> None:
        self._buckets: OrderedDict[BucketKey, _Bucket] = OrderedDict()

    def apply(self, connection: sa.Connection, added: Sequence[Contribution]) -> None:
        """Take in versions that were stored just now on this connection."""
        groups: dict[BucketKey, list[Contribution]] = {}
        for item in added:
            if item.value is None and not item.version:
                continue
            for step_ms in _STEPS_MS:
                if item.interval_ms <= step_ms:
                    key = (item.series_id, step_ms, item.time_ms - item.time_ms % step_ms)
                    groups.setdefault(key, []).append(item)
        self._load(connection, groups.keys())
        for key, items in groups.items():
            if any(item.version for item in items):
                self._recount(connection, key, is_direction=items[0].is_direction)
            else:
                self._add(key, items)
        self._save(connection, groups.keys())
        while len(self._buckets) > _KEPT_BUCKETS:
            self._buckets.popitem(last=False)

    def _add(self, key: BucketKey, items: Sequence[Contribution]) -> None:
        bucket = self._buckets[key]
        for item in items:
            if item.value is not None:
                bucket.add(item.value, item.interval_ms, is_direction=item.is_direction)

    def _load(self, connection: sa.Connection, keys: Iterable[BucketKey]) -> None:
        missing = [key for key in keys if key not in self._buckets]
        for series_id, step_ms, start_ms, *rest in seek(connection, _COLUMNS, _COLUMNS[:3], missing):
            self._buckets[series_id, step_ms, start_ms] = bucket = _Bucket(*rest)
            bucket.stored = True
        for key in keys:
            self._buckets.setdefault(key, _Bucket())
            self._buckets.move_to_end(key)

    def _recount(self, connection: sa.Connection, key: BucketKey, *, is_direction: bool) -> None:
        bucket = self._buckets[key]
        bucket.clear()
        for value, interval_ms in _usable_in(connection, key):
            bucket.add(value, interval_ms, is_direction=is_direction)

    def _save(self, connection: sa.Connection, keys: Iterable[BucketKey]) -> None:
        insert: list[dict[str, object]] = []
        update: list[dict[str, object]] = []
        for key in keys:
            bucket = self._buckets[key]
            if not bucket.count and not bucket.stored:
                continue
            (update if bucket.stored else insert).append(_as_row(key, bucket))
            bucket.stored = True
        if insert:
            connection.execute(ROLLUP.insert(), insert)
        if update:
            connection.execute(_UPDATE, update)


_UPDATE = (
    ROLLUP.update()
    .where(
        ROLLUP.c.series_id == sa.bindparam("b_series_id"),
        ROLLUP.c.step_ms == sa.bindparam("b_step_ms"),
        ROLLUP.c.start_ms == sa.bindparam("b_start_ms"),
    )
    .values({c.name: sa.bindparam(c.name) for c in ROLLUP.c if not c.primary_key})
)


def row_of_rollup(series_key: str, step: Step, r: sa.Row[Any]) -> RollupRow:
    """Statistics of a stored bucket; an emptied bucket has count 0 and no mean."""
    return RollupRow(
        series_key=series_key,
        step=step,
        start_ms=r.start_ms,
        count=r.n,
        mean=_mean(r.n, r.total, r.east, r.north),
        low=r.low,
        high=r.high,
    )


def _mean(count: int, total: float, east: float | None, north: float | None) -> float | None:
    if not count:
        return None
    if east is None or north is None:
        return total / count
    if math.hypot(east, north) / count < _NO_DIRECTION:
        return None
    return math.degrees(math.atan2(east, north)) % 360.0


def _as_row(key: BucketKey, bucket: _Bucket) -> dict[str, object]:
    series_id, step_ms, start_ms = key
    values: dict[str, object] = {
        "interval_ms": bucket.interval_ms,
        "n": bucket.count,
        "total": bucket.total,
        "low": bucket.low,
        "high": bucket.high,
        "east": bucket.east,
        "north": bucket.north,
    }
    names = (
        ("b_series_id", "b_step_ms", "b_start_ms") if bucket.stored else ("series_id", "step_ms", "start_ms")
    )
    return dict(zip(names, (series_id, step_ms, start_ms), strict=True)) | values


def _usable_in(connection: sa.Connection, key: BucketKey) -> list[tuple[float, int]]:
    """Value and interval of every usable newest version inside a bucket."""
    series_id, step_ms, start_ms = key
    o = OBSERVATION
    question = (
        sa.select(o.c.time_ms, o.c.interval_ms, o.c.value, o.c.mark, o.c.checks)
        .where(
            o.c.series_id == series_id,
            o.c.time_ms >= start_ms,
            o.c.time_ms < start_ms + step_ms,
            o.c.interval_ms <= step_ms,
        )
        .order_by(o.c.time_ms, o.c.interval_ms, o.c.version)
    )
    last = {(r.time_ms, r.interval_ms): r for r in connection.execute(question)}
    return [
        (r.value, r.interval_ms)
        for r in last.values()
        if r.value is not None and quality_of(r.value, Mark(r.mark), Check(r.checks)) is Quality.GOOD
    ]
