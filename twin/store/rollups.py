"""Roll-ups by minute, hour, day and month, kept in the same transaction as the values.

A bucket counts usable values of the shortest interval that it has seen: moments outweigh means,
minute means outweigh hour means, whatever comes first. Values longer than the bucket do not
count. The result depends on the values only, not on the order of their arrival (up to rounding).

Directions are averaged as unit vectors, without wind speed as a weight: EPA-454/R-99-005 (2000),
section 6.2, unit vector mean wind direction.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

import sqlalchemy as sa

from twin.core.clock import DAY_MS
from twin.store.columns import Columns
from twin.store.engine import seek, upsert_many
from twin.store.ledger_schema import ROLLUP
from twin.store.rows import RollupRow, Step
from twin.store.tape import Tape, packed

DIRECTIONS = frozenset({"wind_from"})
HOUR_MS = Step.HOUR.length_ms
# Shorter than this the mean of unit vectors has no direction that could be told from rounding.
_NO_DIRECTION = 1e-9
_KEPT_BUCKETS = 40_000
_COLUMNS = tuple(ROLLUP.columns)  # the key, then what a bucket holds, in its order
_R = ROLLUP.c

BucketKey = tuple[int, int, int]


class Contribution(NamedTuple):
    """One stored version as the roll-ups see it; ``value`` None must not count."""

    series_id: int
    is_direction: bool
    time_ms: int
    interval_ms: int
    version: int
    value: float | None


class Bucket:
    """What a bucket holds, in the order of the table's columns."""

    __slots__ = ("count", "east", "high", "interval_ms", "low", "north", "total")

    def __init__(
        self,
        interval_ms: int = 0,
        count: int = 0,
        total: float = 0.0,
        low: float | None = None,
        high: float | None = None,
        east: float | None = None,
        north: float | None = None,
    ) -> None:
        self.interval_ms, self.count, self.total = interval_ms, count, total
        self.low, self.high, self.east, self.north = low, high, east, north

    def clear(self, interval_ms: int = 0) -> None:
        """Nothing is counted yet."""
        self.interval_ms, self.count, self.total = interval_ms, 0, 0.0
        self.low = self.high = self.east = self.north = None

    def add(self, value: float, interval_ms: int, *, is_direction: bool) -> None:
        """Count a usable value."""
        if not self.count or interval_ms < self.interval_ms:
            self.clear(interval_ms)
        elif interval_ms > self.interval_ms:
            return
        self.count += 1
        self.total += value
        if is_direction:
            angle = math.radians(value)
            self.east = (self.east or 0.0) + math.sin(angle)
            self.north = (self.north or 0.0) + math.cos(angle)
            return
        if self.low is None or value < self.low:
            self.low = value
        if self.high is None or value > self.high:
            self.high = value

    def merge(self, part: Bucket) -> None:
        """Count what a shorter bucket has counted: exactly what its values would have added."""
        if not part.count or (self.count and part.interval_ms > self.interval_ms):
            return
        if not self.count or part.interval_ms < self.interval_ms:
            self.clear(part.interval_ms)
        self.count += part.count
        self.total += part.total
        if part.east is not None and part.north is not None:
            self.east, self.north = (self.east or 0.0) + part.east, (self.north or 0.0) + part.north
        if part.low is not None and part.high is not None:
            self.low = part.low if self.low is None else min(self.low, part.low)
            self.high = part.high if self.high is None else max(self.high, part.high)

    def values(self) -> tuple[int, int, float, float | None, float | None, float | None, float | None]:
        """In the order of the table's columns after the key."""
        return self.interval_ms, self.count, self.total, self.low, self.high, self.east, self.north


class RollupKeeper:
    """Updates the roll-ups for a batch of new versions. Part of the one writer.

    ``utc_offset_ms`` is the zone in which days and months begin.
    """

    def __init__(self, tape: Tape, utc_offset_ms: int = 0) -> None:
        self._tape = tape
        self._offset_ms = utc_offset_ms
        # Two generations: what the younger one does not ask for goes when it is full.
        self._buckets: dict[BucketKey, Bucket] = {}
        self._older: dict[BucketKey, Bucket] = {}

    def apply(self, connection: sa.Connection, added: Sequence[Contribution]) -> None:
        """Take in versions that were stored just now on this connection."""
        counted = [item for item in added if item.value is not None or item.version]
        for step in Step if counted else ():
            self._apply_step(connection, step, counted)
        if len(self._buckets) > _KEPT_BUCKETS:
            self._older, self._buckets = self._buckets, {}

    def forget(self) -> None:
        """Somebody else has changed roll-ups."""
        self._buckets.clear()
        self._older.clear()

    def _apply_step(self, connection: sa.Connection, step: Step, added: Sequence[Contribution]) -> None:
        longest_ms, code = step.length_ms, step.code
        start_of = starts(step, self._offset_ms)
        keyed = [
            ((item.series_id, code, start_of(item.time_ms)), item)
            for item in added
            if item.interval_ms <= longest_ms
        ]
        touched = dict(keyed)
        self._load(connection, step, touched)
        buckets = self._buckets
        again = {key for key, item in keyed if item.version}
        for key, item in keyed:
            if item.value is not None and key not in again:
                buckets[key].add(item.value, item.interval_ms, is_direction=item.is_direction)
        for key in again:
            bucket = buckets[key]
            had = bucket.count
            bucket.clear()
            self._recount(connection, step, key, bucket, is_direction=touched[key].is_direction)
            if not bucket.count and not had:
                del touched[key]
        upsert_many(connection, ROLLUP, [(*key, *buckets[key].values()) for key in touched])

    def _load(self, connection: sa.Connection, step: Step, touched: Mapping[BucketKey, Contribution]) -> None:
        """Have all buckets at hand as they were before these contributions."""
        buckets, older = self._buckets, self._older
        missing = set()
        for key in touched:
            if key not in buckets:
                known = older.pop(key, None)
                if known is None:
                    missing.add(key)
                else:
                    buckets[key] = known
        if not missing:
            return
        for series_id, code, start_ms, *rest in seek(connection, _COLUMNS, _COLUMNS[:3], missing):
            buckets[series_id, code, start_ms] = Bucket(*rest)
            missing.discard((series_id, code, start_ms))
        for key in missing:
            bucket = None
            if step is Step.MINUTE and self._tape.is_packed(key[0], key[2]):
                # Minutes of packed values are not stored as long as they can be counted from the pages.
                bucket = self._counted(connection, key, is_direction=touched[key].is_direction)
            buckets[key] = bucket or Bucket()

    def _counted(self, connection: sa.Connection, key: BucketKey, *, is_direction: bool) -> Bucket | None:
        series_id, _, start_ms = key
        rows = self._tape.packed(connection, series_id, start_ms, start_ms + Step.MINUTE.length_ms)
        return minutes_of(rows, is_direction=is_direction).get(start_ms)

    def _recount(
        self, connection: sa.Connection, step: Step, key: BucketKey, bucket: Bucket, *, is_direction: bool
    ) -> None:
        series_id, _, start_ms = key
        end_ms = bucket_end(step, start_ms, self._offset_ms)
        for part in self._parts(connection, step, series_id, start_ms, end_ms):
            bucket.merge(part)
        if bucket.count:
            return
        for value, interval_ms in self._tape.usable(connection, series_id, start_ms, end_ms):
            if interval_ms <= step.length_ms:
                bucket.add(value, interval_ms, is_direction=is_direction)

    def _parts(
        self, connection: sa.Connection, step: Step, series_id: int, start_ms: int, end_ms: int
    ) -> list[Bucket]:
        """The shorter buckets of which a day or a month consists."""
        part = {Step.DAY: Step.HOUR, Step.MONTH: Step.DAY}.get(step)
        if part is None or (part is Step.HOUR and self._offset_ms % HOUR_MS):
            return []
        question = (
            sa.select(*_COLUMNS[3:])
            .where(
                _R.series_id == series_id,
                _R.step_ms == part.code,
                _R.start_ms >= start_ms,
                _R.start_ms < end_ms,
            )
            .order_by(_R.start_ms)
        )
        return [Bucket(*row) for row in connection.execute(question)]


def bucket_start(step: Step, time_ms: int, utc_offset_ms: int = 0) -> int:
    """Start of the bucket that holds a moment; days and months begin at midnight of the zone.

    >>> bucket_start(Step.DAY, 0, 8 * 3_600_000)
    -28800000
    """
    if step is Step.MINUTE or step is Step.HOUR:
        return time_ms - time_ms % step.length_ms
    local_ms = time_ms + utc_offset_ms
    day = local_ms // DAY_MS
    return (day if step is Step.DAY else _month_of(day)) * DAY_MS - utc_offset_ms


def starts(step: Step, utc_offset_ms: int = 0) -> Callable[[int], int]:
    """``bucket_start`` of one step and zone, for many values."""
    if step is Step.MINUTE or step is Step.HOUR:
        length_ms = step.length_ms
        return lambda time_ms: time_ms - time_ms % length_ms
    known: dict[int, int] = {}

    def start(time_ms: int) -> int:
        day = (time_ms + utc_offset_ms) // DAY_MS
        found = known.get(day)
        if found is None:
            found = known[day] = bucket_start(step, time_ms, utc_offset_ms)
        return found

    return start


def bucket_end(step: Step, start_ms: int, utc_offset_ms: int = 0) -> int:
    """End (exclusive) of the bucket that begins at ``start_ms``."""
    if step is not Step.MONTH:
        return start_ms + step.length_ms
    return bucket_start(step, start_ms + step.length_ms + DAY_MS, utc_offset_ms)


@lru_cache(maxsize=4096)
def _month_of(day: int) -> int:
    """First day of the month of a day; days are counted from 1970-01-01."""
    return day - datetime.fromtimestamp(day * DAY_MS / 1000, tz=UTC).day + 1


def row_of_rollup(series_key: str, step: Step, start_ms: int, bucket: Bucket) -> RollupRow:
    """Statistics of a stored bucket; an emptied bucket has count 0 and no mean."""
    return RollupRow(
        series_key=series_key,
        step=step,
        start_ms=start_ms,
        count=bucket.count,
        mean=mean_of(bucket),
        low=bucket.low,
        high=bucket.high,
    )


def mean_of(bucket: Bucket) -> float | None:
    """Arithmetic mean; of directions the direction of the mean unit vector, None where they cancel."""
    if not bucket.count:
        return None
    if bucket.east is None or bucket.north is None:
        return bucket.total / bucket.count
    if math.hypot(bucket.east, bucket.north) / bucket.count < _NO_DIRECTION:
        return None
    return math.degrees(math.atan2(bucket.east, bucket.north)) % 360.0


def read_rollups(
    connection: sa.Connection, series_id: int, quantity: str, step: Step, from_ms: int, to_ms: int
) -> list[tuple[int, Bucket]]:
    """Buckets that start in ``[from_ms, to_ms)``, in time order, stored or counted from pages."""
    found: dict[int, Bucket] = {}
    if step is Step.MINUTE:
        found = minutes_of_pages(connection, series_id, from_ms, to_ms, is_direction=quantity in DIRECTIONS)
    question = sa.select(_R.start_ms, *_COLUMNS[3:]).where(
        _R.series_id == series_id, _R.step_ms == step.code, _R.start_ms >= from_ms, _R.start_ms < to_ms
    )
    for start_ms, *rest in connection.execute(question):
        found[start_ms] = Bucket(*rest)
    return sorted(found.items(), key=_start)


def minutes_of_pages(
    connection: sa.Connection, series_id: int, from_ms: int, to_ms: int, *, is_direction: bool
) -> dict[int, Bucket]:
    """Minutes that start in ``[from_ms, to_ms)``, counted from packed values alone."""
    rows = packed(connection, series_id, from_ms, to_ms + Step.MINUTE.length_ms)
    found = minutes_of(rows, is_direction=is_direction)
    return {start_ms: bucket for start_ms, bucket in found.items() if from_ms <= start_ms < to_ms}


def minutes_of(columns: Columns, *, is_direction: bool) -> dict[int, Bucket]:
    """Minutes counted from values, each value in its turn."""
    usable = columns.last().usable()
    length_ms = Step.MINUTE.length_ms
    found: dict[int, Bucket] = {}
    rows = zip(usable.time_ms.tolist(), usable.interval_ms.tolist(), usable.value.tolist(), strict=True)
    for time_ms, interval_ms, value in rows:
        if interval_ms > length_ms:
            continue
        start_ms = time_ms - time_ms % length_ms
        bucket = found.get(start_ms)
        if bucket is None:
            bucket = found[start_ms] = Bucket()
        bucket.add(value, interval_ms, is_direction=is_direction)
    return found


def _start(item: tuple[int, Bucket]) -> int:
    return item[0]
