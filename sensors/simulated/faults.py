"""What goes wrong and what is looked after: calibrations, maintenance, faults, gaps, dropped lines.

Every window depends on the seed, the device and the day only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from sensors.simulated.draws import stream
from twin.core.clock import DAY_MS
from twin.core.observation import Mark

_MINUTE_MS = 60_000
_HOUR_MS = 60 * _MINUTE_MS
_DROP_BLOCK_MS = 6 * _HOUR_MS


class SensorKind(StrEnum):
    """What a device reports for."""

    BEAM = "beam"
    WEATHER = "weather"
    WELL = "well"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A span of time with a mark; None: nothing is sent at all.

    ``kept``: it was measured, and the logger has it in its memory, but it did not reach the platform.
    """

    start_ms: int
    end_ms: int
    mark: Mark | None
    kept: bool = False


# Faults and gaps of a day: chance of a fault, most gaps, longest gap in minutes.
_HABITS = {
    SensorKind.BEAM: (0.08, 6, 5.0),
    SensorKind.WEATHER: (0.02, 3, 3.0),
    SensorKind.WELL: (0.02, 1, 150.0),
}


class FaultBook:
    """All windows of a run. With ``enabled`` False nothing ever goes wrong."""

    def __init__(self, seed: int, utc_offset_h: float, *, enabled: bool = True) -> None:
        self._seed = seed
        self._offset_ms = round(utc_offset_h * _HOUR_MS)
        self._enabled = enabled
        self._day = -1
        self._windows: dict[str, tuple[Window, ...]] = {}
        self._ordered: dict[str, Window] = {}
        self.intervals_s: dict[str, float] = {}
        self.silent: set[str] = set()

    def order(self, sensor_id: str, window: Window) -> None:
        """Somebody has ordered a calibration or cleaning; a later order replaces an earlier one."""
        self._ordered[sensor_id] = window

    def interval_s(self, mn: str, own_s: float) -> float:
        """Interval that a device was told, else its own."""
        return self.intervals_s.get(mn, own_s)

    def lost(self, sensor_id: str, time_ms: int) -> bool:
        """Whether what is measured now stays in the logger's memory only; asked after ``mark``."""
        rows = self._windows.get(sensor_id, ())
        return any(row.kept and row.start_ms <= time_ms < row.end_ms for row in rows)

    def mark(self, sensor_id: str, station_id: str, kind: SensorKind, time_ms: int) -> Mark | None:
        """Data mark of a device at a moment; None when it sends nothing."""
        ordered = self._ordered.get(sensor_id)
        if ordered is not None and ordered.start_ms <= time_ms < ordered.end_ms:
            return ordered.mark
        if not self._enabled:
            return Mark.NORMAL
        day = (time_ms + self._offset_ms) // DAY_MS
        if day != self._day:
            self._day, self._windows = day, {}
        if sensor_id not in self._windows:
            self._windows[sensor_id] = self._of_day(sensor_id, station_id, kind, day)
        for row in self._windows[sensor_id]:
            if row.start_ms <= time_ms < row.end_ms and not row.kept:
                return row.mark
        return Mark.NORMAL

    def drop_out(self, station_id: str, time_ms: int) -> Window | None:
        """Span of time in which a station's line is down, if it is down now."""
        if not self._enabled:
            return None
        block = time_ms // _DROP_BLOCK_MS
        draws = stream(self._seed, "drop", station_id, block)
        if draws.random() > 0.5:
            return None
        start = block * _DROP_BLOCK_MS + round(draws.uniform(0.05, 0.9) * _DROP_BLOCK_MS)
        window = Window(start_ms=start, end_ms=start + round(draws.uniform(1, 6) * _MINUTE_MS), mark=None)
        return window if window.start_ms <= time_ms < window.end_ms else None

    def _of_day(self, sensor_id: str, station_id: str, kind: SensorKind, day: int) -> tuple[Window, ...]:
        midnight = day * DAY_MS - self._offset_ms
        rows = self._cares(sensor_id, station_id, kind, day, midnight)
        fault, most_gaps, longest_min = _HABITS[kind]
        draws = stream(self._seed, "fault", sensor_id, day)
        if draws.random() < fault:
            rows.append(_window(midnight, draws.uniform(0, 23), draws.uniform(10, 60), Mark.FAULT))
        for k in range(int(draws.integers(0, most_gaps + 1))):
            gap = _window(midnight, draws.uniform(0, 24), draws.uniform(1, longest_min), None)
            rows.append(replace(gap, kept=k % 2 == 1))  # every other one can be called back
        return tuple(rows)

    def _cares(
        self, sensor_id: str, station_id: str, kind: SensorKind, day: int, midnight: int
    ) -> list[Window]:
        """Planned work: a daily calibration per beam, maintenance of a whole station now and then."""
        rows = []
        if kind is SensorKind.BEAM:
            at_h = 3.0 + stream(self._seed, "calibration", sensor_id).uniform(0, 2)
            rows.append(_window(midnight, at_h, 6.0, Mark.CALIBRATION))
        visit = stream(self._seed, "visit", station_id, day)
        if visit.random() < 0.15 and kind is not SensorKind.WELL:
            rows.append(_window(midnight, visit.uniform(9, 16), visit.uniform(20, 40), Mark.MAINTENANCE))
        return rows


def _window(midnight: int, at_h: float, lasting_min: float, mark: Mark | None) -> Window:
    start = midnight + round(at_h * _HOUR_MS)
    return Window(start_ms=start, end_ms=start + round(lasting_min * _MINUTE_MS), mark=mark)
