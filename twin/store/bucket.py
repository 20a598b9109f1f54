"""What roll-ups count: buckets, and spans of which a part is known by moments and a part by means.

A minute counts the usable values of its shortest interval. An hour, a day or a month has two parts:
``fine`` counts moments (and means shorter than a minute), ``means`` counts means of a minute or longer,
each for those minutes that nothing shorter covers; a mean of an hour counts only in an hour that has
nothing else. So data that come later for a hole fill it, and the mean of what was there already by
moments counts nothing twice. The mean of both weighs each part with the minutes that it covers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Final

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
FULL_HOUR = (1 << 60) - 1
# Shorter than this the mean of unit vectors has no direction that could be told from rounding.
_NO_DIRECTION = 1e-9
IGNORED: Final = -1
AGAIN: Final = -2

Values = tuple[int, int, float, float | None, float | None, float | None, float | None, int | None]


class Bucket:
    """What a bucket holds, in the order of the table's columns.

    ``covered``: of an hour a mask of its 60 minutes, of a day or month the number of minutes; None for
    a minute, and in rows of earlier releases.
    """

    __slots__ = ("count", "covered", "east", "high", "interval_ms", "low", "north", "total")

    def __init__(
        self,
        interval_ms: int = 0,
        count: int = 0,
        total: float = 0.0,
        low: float | None = None,
        high: float | None = None,
        east: float | None = None,
        north: float | None = None,
        covered: int | None = None,
    ) -> None:
        self.interval_ms, self.count, self.total = interval_ms, count, total
        self.low, self.high, self.east, self.north = low, high, east, north
        self.covered = covered

    def clear(self, interval_ms: int = 0) -> None:
        """Nothing is counted yet."""
        self.interval_ms, self.count, self.total = interval_ms, 0, 0.0
        self.low = self.high = self.east = self.north = None
        if self.covered is not None:
            self.covered = 0

    def add(self, value: float, interval_ms: int, *, is_direction: bool) -> bool:
        """Count a usable value, False when shorter ones are counted."""
        if not self.count or interval_ms < self.interval_ms:
            self.clear(interval_ms)
        elif interval_ms > self.interval_ms:
            return False
        self._count(value, 1, is_direction=is_direction)
        return True

    def add_mean(self, value: float, interval_ms: int, minutes: int, *, is_direction: bool) -> None:
        """Count a mean with the minutes for which it stands."""
        self.interval_ms = min(interval_ms, self.interval_ms) if self.count else interval_ms
        self._count(value, minutes, is_direction=is_direction)

    def _count(self, value: float, weight: int, *, is_direction: bool) -> None:
        self.count += 1
        self.total += weight * value
        if is_direction:
            angle = math.radians(value)
            self.east = (self.east or 0.0) + weight * math.sin(angle)
            self.north = (self.north or 0.0) + weight * math.cos(angle)
            return
        if self.low is None or value < self.low:
            self.low = value
        if self.high is None or value > self.high:
            self.high = value

    def merge(self, part: Bucket, minutes: int) -> None:
        """Count what the moments of a shorter span have counted: exactly what they would have added."""
        if not part.count or (self.count and part.interval_ms > self.interval_ms):
            return
        if not self.count or part.interval_ms < self.interval_ms:
            self.clear(part.interval_ms)
        self._join(part, minutes)

    def merge_means(self, part: Bucket, minutes: int) -> None:
        """Count what the means of a shorter span have counted."""
        if part.count:
            self.interval_ms = min(part.interval_ms, self.interval_ms) if self.count else part.interval_ms
            self._join(part, minutes)

    def _join(self, part: Bucket, minutes: int) -> None:
        self.count += part.count
        self.total += part.total
        self.covered = (self.covered or 0) + minutes
        if part.east is not None and part.north is not None:
            self.east, self.north = (self.east or 0.0) + part.east, (self.north or 0.0) + part.north
        if part.low is not None and part.high is not None:
            self.low = part.low if self.low is None else min(self.low, part.low)
            self.high = part.high if self.high is None else max(self.high, part.high)

    def values(self) -> Values:
        """In the order of the table's columns after the key."""
        return (
            self.interval_ms,
            self.count,
            self.total,
            self.low,
            self.high,
            self.east,
            self.north,
            self.covered,
        )


class Span:
    """An hour, a day or a month."""

    __slots__ = ("fine", "is_hour", "means")

    def __init__(self, *, is_hour: bool, fine: Bucket | None = None, means: Bucket | None = None) -> None:
        self.is_hour = is_hour
        self.fine = Bucket(covered=0) if fine is None else fine
        self.means = Bucket(covered=0) if means is None else means

    @property
    def is_known(self) -> bool:
        """Whether its minutes were noted; not in rows of earlier releases."""
        return self.fine.covered is not None

    @property
    def count(self) -> int:
        """Values that are counted."""
        return self.fine.count + self.means.count

    def take(self, time_ms: int, interval_ms: int, value: float, *, is_direction: bool) -> int:
        """Count a value of an hour: the minutes that it newly covers, IGNORED or AGAIN.

        AGAIN: what was counted is outdone by this value, so that the hour has to be counted from all values.
        """
        fine, means = self.fine, self.means
        bit = 1 << time_ms // MINUTE_MS % 60
        if interval_ms >= MINUTE_MS:
            return self._take_mean(time_ms, interval_ms, value, is_direction=is_direction)
        if fine.count and interval_ms != fine.interval_ms:
            return IGNORED if interval_ms > fine.interval_ms else AGAIN
        known = fine.covered or 0
        # A mean of an hour gives way to moments, also where it begins after them.
        if means.count and (means.interval_ms >= HOUR_MS or (means.covered or 0) & bit):
            return AGAIN
        fine.add(value, interval_ms, is_direction=is_direction)
        if known & bit:
            return 0
        fine.covered = known | bit
        return 1

    def _take_mean(self, time_ms: int, interval_ms: int, value: float, *, is_direction: bool) -> int:
        known = self.means.covered or 0
        has_shorter = self.fine.count or (self.means.count and self.means.interval_ms < HOUR_MS)
        if interval_ms >= HOUR_MS and has_shorter:
            return IGNORED
        if interval_ms < HOUR_MS <= self.means.interval_ms and self.means.count:
            return AGAIN
        mask = minutes_mask(time_ms, interval_ms)
        if not mask & ~(self.fine.covered or 0):
            return IGNORED
        return AGAIN if mask & known else self.fill(time_ms, interval_ms, value, is_direction=is_direction)

    def fill(self, time_ms: int, interval_ms: int, value: float, *, is_direction: bool) -> int:
        """Count a mean for those of its minutes that nothing covers yet."""
        known = self.means.covered or 0
        taken = known | (self.fine.covered or 0)
        if interval_ms >= HOUR_MS and (taken or self.count):
            return IGNORED
        free = minutes_mask(time_ms, interval_ms) & ~taken
        minutes = free.bit_count()
        if not minutes:
            return IGNORED
        self.means.add_mean(value, interval_ms, minutes, is_direction=is_direction)
        self.means.covered = known | free
        return minutes

    def merge(self, part: Span) -> None:
        """Count a shorter span."""
        self.fine.merge(part.fine, part.minutes(part.fine))
        self.means.merge_means(part.means, part.minutes(part.means))

    def minutes(self, part: Bucket) -> int:
        """Minutes that a part covers; of earlier releases at most one per moment."""
        if part.covered is None:
            return min(60, part.count * max(1, part.interval_ms // MINUTE_MS)) if self.is_hour else part.count
        return part.covered.bit_count() if self.is_hour else part.covered

    def whole(self) -> Bucket:
        """Both parts as one bucket, whose mean weighs each with its minutes."""
        fine, means = self.fine, self.means
        if not means.count:
            return fine
        # Moments stand for the minutes that they cover, whatever their number.
        share = max(1, self.minutes(fine)) / fine.count if fine.count else 0.0
        minutes = self.minutes(means) + share * fine.count
        scale = (fine.count + means.count) / minutes
        both = Bucket(
            interval_ms=min(row.interval_ms for row in (fine, means) if row.count),
            count=fine.count + means.count,
            total=scale * (share * fine.total + means.total),
            low=_first(min, fine.low, means.low),
            high=_first(max, fine.high, means.high),
            covered=(fine.covered or 0) + (means.covered or 0),
        )
        if means.east is not None and means.north is not None:
            both.east = scale * (share * (fine.east or 0.0) + means.east)
            both.north = scale * (share * (fine.north or 0.0) + means.north)
        return both


def hour_of(rows: Iterable[tuple[int, int, float]], *, is_direction: bool) -> Span:
    """An hour counted from its usable values (time, interval, number), in order of time."""
    hour, ordered = Span(is_hour=True), sorted(rows, key=_interval)
    for time_ms, interval_ms, value in ordered:
        if interval_ms < MINUTE_MS:
            hour.take(time_ms, interval_ms, value, is_direction=is_direction)
        else:
            hour.fill(time_ms, interval_ms, value, is_direction=is_direction)
    return hour


def _interval(row: tuple[int, int, float]) -> int:
    return row[1]


def minutes_mask(time_ms: int, interval_ms: int) -> int:
    """Minutes of an hour, one bit each, for which a mean stands; at least the one in which it begins."""
    first = time_ms // MINUTE_MS % 60
    return ((1 << max(1, round(interval_ms / MINUTE_MS))) - 1) << first & FULL_HOUR


def valid_minutes(covered: int, slot_min: int) -> int:
    """Minutes of an hour that stand for themselves or, at a longer interval, for their part of the hour.

    >>> valid_minutes(0b11, 1), valid_minutes(0b100001, 5), valid_minutes(1, 60)
    (2, 10, 60)
    """
    if slot_min <= 1:
        return covered.bit_count()
    slot_min = min(60, slot_min)
    mask = (1 << slot_min) - 1
    return min(60, sum(slot_min for first in range(0, 60, slot_min) if covered >> first & mask))


def mean_of(bucket: Bucket) -> float | None:
    """Arithmetic mean; of directions the direction of the mean unit vector, None where they cancel."""
    if not bucket.count:
        return None
    if bucket.east is None or bucket.north is None:
        return bucket.total / bucket.count
    if math.hypot(bucket.east, bucket.north) / bucket.count < _NO_DIRECTION:
        return None
    return math.degrees(math.atan2(bucket.east, bucket.north)) % 360.0


def _first(choose: Callable[[float, float], float], one: float | None, other: float | None) -> float | None:
    if one is None or other is None:
        return other if one is None else one
    return choose(one, other)
