"""Clocks. Times inside are integers: milliseconds since 1970-01-01 UTC (``time_ms``)."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Protocol

DAY_MS = 86_400_000


class Clock(Protocol):
    """Something that tells the time; live, replay and drill differ in it."""

    def now_ms(self) -> int:
        """Milliseconds since 1970-01-01 UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now_ms(self) -> int:
        """Milliseconds since 1970-01-01 UTC."""
        return time.time_ns() // 1_000_000


class FixedClock:
    """A clock that stands still until it is moved; for tests and replay."""

    def __init__(self, now_ms: int) -> None:
        self._now_ms = now_ms

    def now_ms(self) -> int:
        """Milliseconds since 1970-01-01 UTC."""
        return self._now_ms

    def move_to(self, now_ms: int) -> None:
        """Set the time."""
        self._now_ms = now_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaledClock:
    """A clock that started at ``start_ms`` when ``base`` showed ``base_ms``, ``speed`` times as fast."""

    base: Clock
    base_ms: int
    start_ms: int
    speed: float

    def now_ms(self) -> int:
        """Milliseconds since 1970-01-01 UTC, on the scaled time axis."""
        return self.start_ms + round((self.base.now_ms() - self.base_ms) * self.speed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A span of time, start included, end excluded."""

    start_ms: int
    end_ms: int

    @property
    def length_s(self) -> float:
        """Length in seconds."""
        return (self.end_ms - self.start_ms) / 1000.0


def zone(utc_offset_h: float) -> timezone:
    """Fixed time zone; Beijing time is ``zone(8)``."""
    return timezone(timedelta(hours=utc_offset_h))


def to_datetime(time_ms: int, utc_offset_h: float = 0.0) -> datetime:
    """Aware datetime of a time in milliseconds."""
    return datetime.fromtimestamp(time_ms / 1000.0, tz=UTC).astimezone(zone(utc_offset_h))


def from_datetime(when: datetime) -> int:
    """Milliseconds since 1970-01-01 UTC of an aware datetime."""
    if when.tzinfo is None:
        msg = f"datetime {when!r} has no time zone; expected an aware datetime"
        raise ValueError(msg)
    return round(when.timestamp() * 1000)
