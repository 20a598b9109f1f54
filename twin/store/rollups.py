"""Roll-ups by minute, hour, day and month, kept in the same transaction as the values.

What counts says ``twin.store.bucket``. The result depends on the values only, not on the order of
their arrival nor on the batches in which they came (up to rounding). The two parts of an hour, a day
or a month are two rows: that of the means has the step's code plus one.

Directions are averaged as unit vectors, without wind speed as a weight: EPA-454/R-99-005 (2000),
section 6.2, unit vector mean wind direction.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple, TypeVar

import sqlalchemy as sa

from twin.core.clock import DAY_MS
from twin.store.bucket import AGAIN, HOUR_MS, IGNORED, MINUTE_MS, Bucket, Span, hour_of, mean_of
from twin.store.columns import Columns
from twin.store.engine import seek, upsert_many
from twin.store.ledger_schema import ROLLUP
from twin.store.rows import RollupRow, Step
from twin.store.tape import Tape, both, packed

DIRECTIONS = frozenset({"wind_from"})
_LONG = (Step.HOUR, Step.DAY, Step.MONTH)
_CODES = tuple(step.code for step in _LONG)
_KEPT_BUCKETS = 40_000
_NOTHING_KNOWN: Mapping[int, int] = MappingProxyType({})
_COLUMNS = tuple(ROLLUP.columns)  # the key, then what a bucket holds, in its order
_R = ROLLUP.c

BucketKey = tuple[int, int, int]
SpanKeys = tuple[BucketKey, BucketKey, BucketKey]


class Contribution(NamedTuple):
    """One stored version as the roll-ups see it; ``value`` None must not count."""

    series_id: int
    is_direction: bool
    time_ms: int
    interval_ms: int
    version: int
    value: float | None


class RollupKeeper:
    """Updates the roll-ups for a batch of new versions. Part of the one writer.

    ``utc_offset_ms`` is the zone in which days and months begin.
    """

    def __init__(self, tape: Tape, utc_offset_ms: int = 0) -> None:
        self._tape = tape
        self._offset_ms = utc_offset_ms
        self._starts = [starts(step, utc_offset_ms) for step in _LONG]
        # Two generations each: what the younger one does not ask for goes when it is full.
        self._buckets: dict[BucketKey, Bucket] = {}
        self._older: dict[BucketKey, Bucket] = {}
        self._spans: dict[BucketKey, Span] = {}
        self._older_spans: dict[BucketKey, Span] = {}

    def apply(
        self,
        connection: sa.Connection,
        added: Sequence[Contribution],
        before: Mapping[int, int] = _NOTHING_KNOWN,
    ) -> None:
        """Take in versions that were stored just now on this connection.

        ``before``: latest time of series before these versions; what begins after it cannot be stored
        yet and need not be looked for.
        """
        counted = [item for item in added if item.value is not None or item.version]
        if not counted:
            return
        self._apply_minutes(connection, counted, before)
        self._apply_spans(connection, counted, before)
        if len(self._buckets) + len(self._spans) > _KEPT_BUCKETS:
            self._older, self._buckets = self._buckets, {}
            self._older_spans, self._spans = self._spans, {}

    def forget(self) -> None:
        """Somebody else has changed roll-ups."""
        for known in (self._buckets, self._older, self._spans, self._older_spans):
            known.clear()

    def _apply_minutes(
        self, connection: sa.Connection, added: Sequence[Contribution], before: Mapping[int, int]
    ) -> None:
        code = Step.MINUTE.code
        keyed = [
            ((item.series_id, code, item.time_ms - item.time_ms % MINUTE_MS), item)
            for item in added
            if item.interval_ms <= MINUTE_MS
        ]
        touched = dict(keyed)
        self._load(connection, touched, before)
        buckets = self._buckets
        again = {key for key, item in keyed if item.version}
        for key, item in keyed:
            if item.value is not None and key not in again:
                buckets[key].add(item.value, item.interval_ms, is_direction=item.is_direction)
        for key in again:
            bucket = buckets[key]
            bucket.clear()
            for _, interval_ms, value in _usable(connection, key[0], key[2], key[2] + MINUTE_MS):
                if interval_ms <= MINUTE_MS:
                    bucket.add(value, interval_ms, is_direction=touched[key].is_direction)
        # A minute whose values were all taken back keeps its row: it outdoes the minute of the pages.
        upsert_many(connection, ROLLUP, [(*key, *buckets[key].values()) for key in touched])

    def _load(
        self,
        connection: sa.Connection,
        touched: Mapping[BucketKey, Contribution],
        before: Mapping[int, int],
    ) -> None:
        """Have all minutes at hand as they were before these contributions."""
        buckets = self._buckets
        missing, new = _missing(touched, buckets, self._older, before)
        for key in new:
            buckets[key] = Bucket()
        if not missing:
            return
        for series_id, code, start_ms, *rest in seek(connection, _COLUMNS, _COLUMNS[:3], missing):
            buckets[series_id, code, start_ms] = Bucket(*rest)
            missing.discard((series_id, code, start_ms))
        for key in missing:
            bucket = None
            if self._tape.is_packed(key[0], key[2]):
                # Minutes of packed values are not stored as long as they can be counted from the pages.
                bucket = self._counted(connection, key, is_direction=touched[key].is_direction)
            buckets[key] = bucket or Bucket()

    def _counted(self, connection: sa.Connection, key: BucketKey, *, is_direction: bool) -> Bucket | None:
        series_id, _, start_ms = key
        rows = self._tape.packed(connection, series_id, start_ms, start_ms + MINUTE_MS)
        return minutes_of(rows, is_direction=is_direction).get(start_ms)

    def _apply_spans(
        self, connection: sa.Connection, added: Sequence[Contribution], before: Mapping[int, int]
    ) -> None:
        keyed = self._keyed(added)
        self._load_spans(connection, {key for keys in {keys for keys, _ in keyed} for key in keys}, before)
        work = _Work(self._spans)
        for keys, item in keyed:
            if item.version or item.interval_ms > HOUR_MS:
                work.recount(keys, item)
        work.count_all(keyed)
        self._write(connection, work)

    def _keyed(self, added: Sequence[Contribution]) -> list[tuple[SpanKeys, Contribution]]:
        """Hour, day and month of every value."""
        hour_of_time, day_of, month_of = self._starts
        h, d, m = _CODES
        known: dict[tuple[int, int], SpanKeys] = {}
        keyed, last_ms, hour = [], -1, 0
        for item in added:
            series_id, time_ms = item[0], item[2]
            if time_ms != last_ms:
                last_ms, hour = time_ms, hour_of_time(time_ms)
            keys = known.get((series_id, hour))
            if keys is None:
                keys = (
                    (series_id, h, hour),
                    (series_id, d, day_of(time_ms)),
                    (series_id, m, month_of(time_ms)),
                )
                # An hour may lie in two days where the zone is off by part of an hour.
                if not self._offset_ms % HOUR_MS:
                    known[series_id, hour] = keys
            keyed.append((keys, item))
        return keyed

    def _load_spans(
        self, connection: sa.Connection, wanted: set[BucketKey], before: Mapping[int, int]
    ) -> None:
        """Have all spans at hand as they were before these contributions."""
        spans = self._spans
        missing, new = _missing(wanted, spans, self._older_spans, before)
        for key in new:
            spans[key] = Span(is_hour=key[1] == HOUR_MS)
        if not missing:
            return
        parts = [*missing, *((series_id, code + 1, start_ms) for series_id, code, start_ms in missing)]
        found: dict[BucketKey, Bucket] = {}
        for series_id, code, start_ms, *rest in seek(connection, _COLUMNS, _COLUMNS[:3], parts):
            found[series_id, code, start_ms] = Bucket(*rest)
        for key in missing:
            series_id, code, start_ms = key
            fine, means = found.get(key), found.get((series_id, code + 1, start_ms))
            spans[key] = Span(is_hour=code == HOUR_MS, fine=fine, means=means)

    def _write(self, connection: sa.Connection, work: _Work) -> None:
        """Write what has changed, the shortest spans first: the longer ones are counted from them."""
        work.fine.update(key for keys in work.plain.values() for key in keys)
        for step in _LONG:
            code = step.code
            again = {key: item for key, item in work.again.items() if key[1] == code}
            emptied = []
            for key, item in again.items():
                old, new = self._spans[key], self._recounted(connection, step, key, item)
                self._spans[key] = new
                if item.version or new.fine.count or old.fine.count:
                    work.fine.add(key)
                if new.means.count:
                    work.means.add(key)
                elif old.means.count:
                    emptied.append(key)
                    work.means.discard(key)
            fine = [(*key, *self._spans[key].fine.values()) for key in sorted(work.fine) if key[1] == code]
            means = [
                (key[0], key[1] + 1, key[2], *self._spans[key].means.values())
                for key in sorted(work.means)
                if key[1] == code
            ]
            upsert_many(connection, ROLLUP, [*fine, *means])
            for series_id, _, start_ms in emptied:
                gone = (_R.series_id == series_id, _R.step_ms == code + 1, _R.start_ms == start_ms)
                connection.execute(ROLLUP.delete().where(*gone))

    def _recounted(self, connection: sa.Connection, step: Step, key: BucketKey, item: Contribution) -> Span:
        series_id, _, start_ms = key
        end_ms = bucket_end(step, start_ms, self._offset_ms)
        if step is Step.HOUR:
            rows = [row for row in _usable(connection, series_id, start_ms, end_ms) if row[1] <= HOUR_MS]
            return hour_of(rows, is_direction=item.is_direction)
        span = Span(is_hour=False)
        for part in self._parts(connection, step, key, end_ms, is_direction=item.is_direction):
            span.merge(part)
        if span.count:
            return span
        # Means of a day count in a day that has nothing else, those of a month in such a month.
        for _, interval_ms, value in _usable(connection, series_id, start_ms, end_ms):
            means = span.means
            if HOUR_MS < interval_ms <= step.length_ms and not 0 < means.interval_ms < interval_ms:
                if means.interval_ms > interval_ms:
                    means.clear()
                minutes = interval_ms // MINUTE_MS
                means.add_mean(value, interval_ms, minutes, is_direction=item.is_direction)
                means.covered = (means.covered or 0) + minutes
        return span

    def _parts(
        self, connection: sa.Connection, step: Step, key: BucketKey, end_ms: int, *, is_direction: bool
    ) -> list[Span]:
        """The shorter spans of which a day or a month consists, in order of time."""
        series_id, _, start_ms = key
        part = Step.HOUR if step is Step.DAY else Step.DAY
        if part is Step.DAY or not self._offset_ms % HOUR_MS:
            return [span for _, span in read_spans(connection, series_id, part, start_ms, end_ms)]
        # In a zone that is off by part of an hour, hours do not fit into days.
        hours: dict[int, list[tuple[int, int, float]]] = {}
        for row in _usable(connection, series_id, start_ms, end_ms):
            if row[1] <= HOUR_MS:
                hours.setdefault(row[0] // HOUR_MS, []).append(row)
        return [hour_of(rows, is_direction=is_direction) for rows in hours.values()]


class _Work:
    """What a batch does to hours, days and months; keys of parts to be written, spans to be recounted."""

    def __init__(self, spans: dict[BucketKey, Span]) -> None:
        self._spans = spans
        self.fine: set[BucketKey] = set()
        self.means: set[BucketKey] = set()
        self.plain: dict[BucketKey, SpanKeys] = {}
        self.again: dict[BucketKey, Contribution] = {}

    def recount(self, keys: Iterable[BucketKey], item: Contribution) -> None:
        """Count spans from what is stored; a contribution with a version says most."""
        for key in keys:
            known = self.again.get(key)
            if known is None or item.version:
                self.again[key] = item

    def count_all(self, keyed: Iterable[tuple[SpanKeys, Contribution]]) -> None:
        """Count values of at most an hour, each in its turn."""
        for keys, item in keyed:
            if item[5] is None or item[3] > HOUR_MS or (self.again and keys[0] in self.again):
                continue
            if not self._count_plainly(keys, item, item[5]):
                self.count(keys, item)

    def _count_plainly(self, keys: SpanKeys, item: Contribution, value: float) -> bool:
        """Count one more moment where moments are counted in hour, day and month: nearly all that comes."""
        _, is_direction, time_ms, interval_ms, _, _ = item
        spans = self._spans
        hour, day, month = spans[keys[0]], spans[keys[1]], spans[keys[2]]
        bit = 1 << time_ms // MINUTE_MS % 60
        parts = (hour.fine, day.fine, month.fine)
        minutes, means = hour.fine.covered, hour.means.covered
        if self.again or minutes is None or (means and means & bit):
            return False
        # Means of a day or a month give way to moments.
        if day.means.interval_ms > HOUR_MS or month.means.interval_ms > DAY_MS:
            return False
        for part in parts:
            if part.interval_ms != interval_ms or not part.count or part.covered is None:
                return False
        _add_to(parts, value, is_direction=is_direction)
        if not minutes & bit:
            hour.fine.covered = minutes | bit
            day.fine.covered = (day.fine.covered or 0) + 1
            month.fine.covered = (month.fine.covered or 0) + 1
        self.plain[keys[0]] = keys
        return True

    def count(self, keys: SpanKeys, item: Contribution) -> None:
        """Count a value of at most an hour."""
        hour, day, month = keys
        span = self._spans[hour]
        minutes = AGAIN
        if span.is_known and item.value is not None:
            minutes = span.take(item.time_ms, item.interval_ms, item.value, is_direction=item.is_direction)
        if minutes == IGNORED:
            return
        if minutes == AGAIN:
            self.recount(keys, item)
            return
        (self.fine if item.interval_ms < MINUTE_MS else self.means).add(hour)
        if not self._longer(day, HOUR_MS, item, minutes) or not self._longer(month, DAY_MS, item, minutes):
            self.recount((month,), item)

    def _longer(self, key: BucketKey, part_ms: int, item: Contribution, minutes: int) -> bool:
        """Count in a day or month; False when it must be counted from its parts."""
        if key in self.again:
            return False
        span = self._spans[key]
        if not span.is_known or (span.means.count and span.means.interval_ms > part_ms):
            self.recount((key,), item)
            return False
        fine, means, value = span.fine, span.means, item.value or 0.0
        if item.interval_ms >= MINUTE_MS:
            means.add_mean(value, item.interval_ms, minutes, is_direction=item.is_direction)
            means.covered = (means.covered or 0) + minutes
            self.means.add(key)
        elif fine.add(value, item.interval_ms, is_direction=item.is_direction):
            fine.covered = (fine.covered or 0) + minutes
            self.fine.add(key)
        return True


def _add_to(parts: Iterable[Bucket], value: float, *, is_direction: bool) -> None:
    """Count one more of what these buckets count."""
    if is_direction:
        east, north = math.sin(math.radians(value)), math.cos(math.radians(value))
        for part in parts:
            part.count += 1
            part.total += value
            part.east, part.north = (part.east or 0.0) + east, (part.north or 0.0) + north
        return
    for part in parts:
        part.count += 1
        part.total += value
        if part.low is None or value < part.low:
            part.low = value
        if part.high is None or value > part.high:
            part.high = value


_Known = TypeVar("_Known")


def _missing(
    wanted: Iterable[BucketKey],
    known: dict[BucketKey, _Known],
    older: dict[BucketKey, _Known],
    before: Mapping[int, int],
) -> tuple[set[BucketKey], list[BucketKey]]:
    """What neither generation has: to be looked for, and too new to be stored already.

    What the older generation has becomes young again.
    """
    missing, new = set(), []
    for key in wanted:
        if key in known:
            continue
        found = older.pop(key, None)
        if found is not None:
            known[key] = found
        elif key[2] > before.get(key[0], key[2]):
            new.append(key)
        else:
            missing.add(key)
    return missing, new


def _usable(
    connection: sa.Connection, series_id: int, from_ms: int, to_ms: int
) -> list[tuple[int, int, float]]:
    """Time, interval and number of every usable newest version, in order of time."""
    found = both(connection, series_id, from_ms, to_ms).last().usable()
    return list(zip(found.time_ms.tolist(), found.interval_ms.tolist(), found.value.tolist(), strict=True))


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


def read_rollups(
    connection: sa.Connection, series_id: int, quantity: str, step: Step, from_ms: int, to_ms: int
) -> list[tuple[int, Bucket]]:
    """Buckets that start in ``[from_ms, to_ms)``, in time order, stored or counted from pages."""
    if step is not Step.MINUTE:
        spans = read_spans(connection, series_id, step, from_ms, to_ms)
        return [(start_ms, span.whole()) for start_ms, span in spans]
    found = minutes_of_pages(connection, series_id, from_ms, to_ms, is_direction=quantity in DIRECTIONS)
    question = sa.select(_R.start_ms, *_COLUMNS[3:]).where(
        _R.series_id == series_id, _R.step_ms == step.code, _R.start_ms >= from_ms, _R.start_ms < to_ms
    )
    for start_ms, *rest in connection.execute(question):
        found[start_ms] = Bucket(*rest)
    return sorted(found.items(), key=_start)


def read_spans(
    connection: sa.Connection, series_id: int, step: Step, from_ms: int, to_ms: int
) -> list[tuple[int, Span]]:
    """Hours, days or months that start in ``[from_ms, to_ms)``, in time order."""
    spans: dict[int, Span] = {}
    for part in (0, 1):
        question = (
            sa.select(_R.start_ms, *_COLUMNS[3:])
            .where(
                _R.series_id == series_id,
                _R.step_ms == step.code + part,
                _R.start_ms >= from_ms,
                _R.start_ms < to_ms,
            )
            .order_by(_R.start_ms)
        )
        for start_ms, *rest in connection.execute(question):
            span = spans.get(start_ms)
            if span is None:
                span = spans[start_ms] = Span(is_hour=step is Step.HOUR)
            if part:
                span.means = Bucket(*rest)
            else:
                span.fine = Bucket(*rest)
    return sorted(spans.items(), key=_start)


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


def _start(item: tuple[int, object]) -> int:
    return item[0]
