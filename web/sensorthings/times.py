"""ISO 8601 times of SensorThings: instants and spans."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """From ``start_ms`` to ``end_ms`` (UTC); both are equal for an instant."""

    start_ms: int
    end_ms: int


def read_time(text: str) -> TimeSpan | None:
    """Span of ``2026-01-01T00:00:00Z`` or ``<instant>/<instant>``; None where it is none.

    A blank before the zone is a plus sign that an address has lost.
    """
    parts = [_instant(part) for part in text.split("/")]
    if not 1 <= len(parts) <= 2 or None in parts:
        return None
    start, end = parts[0], parts[-1]
    return None if start is None or end is None or end < start else TimeSpan(start, end)


def iso(time_ms: int) -> str:
    """UTC time with milliseconds."""
    moment = datetime.fromtimestamp(time_ms / 1000.0, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{time_ms % 1000:03d}Z"


def iso_span(start_ms: int, length_ms: int) -> str:
    """Instant, or span when it has a length."""
    return iso(start_ms) if not length_ms else f"{iso(start_ms)}/{iso(start_ms + length_ms)}"


def _instant(text: str) -> int | None:
    try:
        moment = datetime.fromisoformat(text.strip().replace(" ", "+"))
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    try:
        return round(moment.timestamp() * 1000)
    except (OverflowError, ValueError):
        return None
