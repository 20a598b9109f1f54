"""Which spans of a device hold no value, whatever its mark: expected against received.

Fast devices are expected once a minute, slower ones once per interval. Roll-ups tell which minutes
hold usable values; what they leave open is looked at value by value, because a calibration is no hole.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from twin.core.clock import Interval
from twin.core.device import Device, series_key
from twin.core.errors import NotFoundError
from twin.store.rows import RollupRow, Step, StoredValue

MINUTE_MS = 60_000
_HOUR_MS = 3_600_000
# A value may be late by this much of an interval.
_SLACK_FACTOR = 0.5
_LONGEST_LOOK_MS = 6 * _HOUR_MS


class Curves(Protocol):
    """Where values and roll-ups are read."""

    def series(
        self, key: str, from_ms: int, to_ms: int, limit: int = ..., *, interval_ms: int | None = None
    ) -> tuple[StoredValue, ...]:
        """Newest versions of a span."""
        ...

    def rollup(self, key: str, step: Step, from_ms: int, to_ms: int) -> tuple[RollupRow, ...]:
        """Roll-ups of a span."""
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
    for factor in device.factors:
        key = series_key(device.sensor_id, factor.quantity)
        holes += series_holes(curves, key, slot_ms(device), span)
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
    holes: tuple[Interval, ...] = (span,)
    for factor in device.factors:
        key = series_key(device.sensor_id, factor.quantity)
        holes = tuple(left for hole in holes for left in series_holes(curves, key, slot_ms(device), hole))
        if not holes:
            break
    return holes


def series_holes(curves: Curves, key: str, slot: int, span: Interval) -> tuple[Interval, ...]:
    """Spans in which a series holds no value of any mark though one was due; a value may be a bit late."""
    least_ms = round(_SLACK_FACTOR * slot)
    open_spans: tuple[Interval, ...] = (span,)
    if slot <= MINUTE_MS:
        open_spans = _without(span, _usable_minutes(curves, key, span), least_ms=least_ms)
    found: list[Interval] = []
    for one in open_spans:
        found += _without(one, _said(curves, key, slot, one), least_ms=least_ms)
    return tuple(found)


def tally(curves: Curves, key: str, slot: int, span: Interval) -> Tally:
    """Expected and received slots of a series in a span."""
    holes = series_holes(curves, key, slot, span)
    expected = max(0, (span.end_ms - span.start_ms) // slot)
    lost = sum(max(1, round((row.end_ms - row.start_ms) / slot)) for row in holes)
    return Tally(expected=expected, received=max(0, expected - lost), missing=holes)


def _usable_minutes(curves: Curves, key: str, span: Interval) -> Iterable[tuple[int, int]]:
    try:
        rows = curves.rollup(key, Step.MINUTE, span.start_ms - MINUTE_MS, span.end_ms)
    except NotFoundError:
        return ()
    return [(row.start_ms, row.start_ms + MINUTE_MS) for row in rows if row.count]


def _said(curves: Curves, key: str, slot: int, span: Interval) -> list[tuple[int, int]]:
    """What the values of a span cover, each a slot; hour and day means cover no minutes."""
    covered: list[tuple[int, int]] = []
    for start in range(span.start_ms - slot, span.end_ms, _LONGEST_LOOK_MS):
        end = min(start + _LONGEST_LOOK_MS, span.end_ms)
        try:
            rows = curves.series(key, start, end)
        except NotFoundError:
            return []
        for row in rows:
            if row.interval_ms <= max(slot, 10 * MINUTE_MS):
                covered.append((row.time_ms, row.time_ms + max(row.interval_ms, slot)))
    return covered


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
