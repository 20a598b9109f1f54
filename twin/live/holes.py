"""Which spans of a device hold no value, whatever its mark: expected against received.

Fast devices are expected once a minute, slower ones once per interval. The minutes in which anything came
are kept by the hour (``series_hour``), so a look costs a few rows however much was sent; a calibration is
no hole. Holes are told to the minute.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from twin.core.clock import Interval
from twin.core.device import Device, series_key
from twin.core.errors import NotFoundError
from twin.store.rows import StoredValue

MINUTE_MS = 60_000
_HOUR_MS = 3_600_000
_FULL_HOUR = (1 << 60) - 1
# A value may be late by this much of an interval.
_SLACK_FACTOR = 0.5
# Holes hardly longer than a slot may be a stamp that slipped into the next minute: so many are looked at.
_CLOSE_LOOKS = 30

Spans = list[tuple[int, int]]


class Curves(Protocol):
    """Where is read what came."""

    def came(self, keys: Sequence[str], from_ms: int, to_ms: int) -> Mapping[str, Sequence[tuple[int, int]]]:
        """Start and mask of minutes of every hour of a span in which anything came, by series."""
        ...

    def series(
        self, key: str, from_ms: int, to_ms: int, limit: int = ..., *, interval_ms: int | None = None
    ) -> tuple[StoredValue, ...]:
        """Newest versions of a span."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Slots of a span: expected, received, and where none came."""

    expected: int
    received: int
    missing: tuple[Interval, ...]


def slot_ms(device: Device) -> int:
    """Length of time in which a device is expected to say something: its interval, at least a minute."""
    return max(MINUTE_MS, round(device.interval_s * 1000))


def device_holes(curves: Curves, device: Device, span: Interval) -> tuple[Interval, ...]:
    """Spans in which any series of the device holds no value, oldest first, each once for all its series."""
    holes: list[Interval] = []
    for found in _holes(curves, _keys(device), slot_ms(device), span):
        holes += found
    joined: list[Interval] = []
    for hole in sorted(holes, key=_start):
        if joined and hole.start_ms <= joined[-1].end_ms:
            joined[-1] = replace(joined[-1], end_ms=max(joined[-1].end_ms, hole.end_ms))
        else:
            joined.append(hole)
    return tuple(joined)


def _start(span: Interval) -> int:
    return span.start_ms


def silences(curves: Curves, device: Device, span: Interval) -> tuple[Interval, ...]:
    """Spans in which no series of the device holds any value, oldest first."""
    slot, keys = slot_ms(device), _keys(device)
    came = _came(curves, keys, slot, span)
    anything = [part for key in keys for part in came[key]]
    return _without(span, anything, least_ms=round(_SLACK_FACTOR * slot))


def series_holes(curves: Curves, key: str, slot: int, span: Interval) -> tuple[Interval, ...]:
    """Spans in which a series holds no value of any mark though one was due; a value may be a bit late."""
    (holes,) = _holes(curves, (key,), slot, span)
    return holes


def tally(curves: Curves, key: str, slot: int, span: Interval) -> Tally:
    """Expected and received slots of a series in a span."""
    holes = series_holes(curves, key, slot, span)
    expected = max(0, (span.end_ms - span.start_ms) // slot)
    lost = sum(max(1, round((row.end_ms - row.start_ms) / slot)) for row in holes)
    return Tally(expected=expected, received=max(0, expected - lost), missing=holes)


def _keys(device: Device) -> tuple[str, ...]:
    return tuple(series_key(device.sensor_id, row.quantity) for row in device.factors)


def _holes(curves: Curves, keys: Sequence[str], slot: int, span: Interval) -> Iterable[tuple[Interval, ...]]:
    came = _came(curves, keys, slot, span)
    least_ms = round(_SLACK_FACTOR * slot)
    for key in keys:
        yield _closely(curves, key, slot, _without(span, came[key], least_ms=least_ms))


def _came(curves: Curves, keys: Sequence[str], slot: int, span: Interval) -> dict[str, Spans]:
    """What the values of a span cover, each a slot from its minute on."""
    first_ms = (span.start_ms - slot) // _HOUR_MS * _HOUR_MS
    rows = curves.came(keys, first_ms, span.end_ms)
    return {key: _covered(rows.get(key, ()), slot) for key in keys}


def _covered(rows: Iterable[tuple[int, int]], slot: int) -> Spans:
    spans: Spans = []
    for start_ms, mask in rows:
        if mask == _FULL_HOUR:
            spans.append((start_ms, start_ms + _HOUR_MS - MINUTE_MS + slot))
            continue
        for minute in range(60):
            if mask >> minute & 1:
                at_ms = start_ms + minute * MINUTE_MS
                spans.append((at_ms, at_ms + slot))
    return spans


def _closely(curves: Curves, key: str, slot: int, holes: tuple[Interval, ...]) -> tuple[Interval, ...]:
    """The holes, without those that only the rounding to minutes has made."""
    found: list[Interval] = []
    looks = 0
    for hole in holes:
        if hole.end_ms - hole.start_ms >= 2 * slot or looks >= _CLOSE_LOOKS:
            found.append(hole)
            continue
        looks += 1
        found += _without(hole, _said(curves, key, slot, hole), least_ms=round(_SLACK_FACTOR * slot))
    return tuple(found)


def _said(curves: Curves, key: str, slot: int, span: Interval) -> Spans:
    """What the values in and just before a short span cover; hour and day means cover no minutes."""
    try:
        rows = curves.series(key, span.start_ms - slot, span.end_ms)
    except NotFoundError:
        return []
    return [
        (row.time_ms, row.time_ms + max(row.interval_ms, slot)) for row in rows if row.interval_ms <= slot
    ]


def _without(span: Interval, covered: Iterable[tuple[int, int]], *, least_ms: int) -> tuple[Interval, ...]:
    """Parts of a span that nothing covers and that are at least so long."""
    holes = []
    at_ms = span.start_ms
    for start, end in sorted(covered):
        if start - at_ms >= least_ms:
            holes.append(Interval(start_ms=at_ms, end_ms=min(start, span.end_ms)))
        at_ms = max(at_ms, end)
        if at_ms >= span.end_ms:
            return tuple(holes)
    if span.end_ms - at_ms >= least_ms:
        holes.append(Interval(start_ms=at_ms, end_ms=span.end_ms))
    return tuple(holes)
