"""Substitutes for missing emission mass, HJ 75-2017 section 12.2.2. Never for a concentration.

The table is known from practice and agrees with one public implementation; it has not been checked
against the printed standard. A substitute is stored and shown apart from what was measured.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sensors.statistics.validity import require_year
from twin.core.errors import BadRequestError

_SHORT_H = 24
_WINDOW_SHORT_H, _WINDOW_LONG_H, _WINDOW_POOR_H = 180, 720, 2160
_GOOD_PCT, _POOR_PCT = 90.0, 75.0
_MONTHS = 3


class Reason(StrEnum):
    """Why values are missing. ``fault`` holds for maintenance and every other loss too."""

    OUT_OF_CONTROL = "out_of_control"
    FAULT = "fault"


class Before(StrEnum):
    """Where the window of valid hours ends."""

    LAST_CALIBRATION = "before last calibration"
    FAILURE = "before failure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """The highest hourly emission of the last ``window_h`` valid hours ``before`` something."""

    window_h: int
    before: Before


def method(reason: Reason, capture_pct: float, missing_h: float) -> Method | None:
    """How missing hours of a quarter are replaced; None: not at all (capture below 75 %).

    >>> method(Reason.FAULT, 90.0, 24.0)
    Method(window_h=180, before=<Before.FAILURE: 'before failure'>)
    >>> method(Reason.OUT_OF_CONTROL, 74.9, 1.0) is None
    True
    """
    if not 0 <= capture_pct <= 100:
        raise _bad(capture_pct, "quarter_capture_pct", "0 to 100")
    if missing_h < 0:
        raise _bad(missing_h, "missing_hours", "0 or more")
    if capture_pct < _POOR_PCT:
        return None
    before = Before.LAST_CALIBRATION if reason is Reason.OUT_OF_CONTROL else Before.FAILURE
    if capture_pct < _GOOD_PCT:
        return Method(window_h=_WINDOW_POOR_H, before=before)
    return Method(window_h=_WINDOW_SHORT_H if missing_h <= _SHORT_H else _WINDOW_LONG_H, before=before)


def substitute_kg(hourly_kg_h: Sequence[float], row: Method, missing_h: float) -> float | None:
    """Mass that stands in for ``missing_h`` hours.

    ``hourly_kg_h``: emission of the valid hours before the gap (or the last calibration), oldest
    first. None when there is none.

    >>> substitute_kg([1.0, 3.7, 2.0], Method(window_h=180, before=Before.FAILURE), 5.0)
    18.5
    """
    window = hourly_kg_h[-row.window_h :]
    return max(window) * missing_h if window else None


def quarter_hours(year: int, quarter: int) -> int:
    """Hours of a quarter, counted by whole days: the last hour of the last day is one of them.

    >>> quarter_hours(2026, 1), quarter_hours(2028, 1), quarter_hours(2026, 4)
    (2160, 2184, 2208)
    """
    if not 1 <= quarter <= 4:
        raise _bad(quarter, "quarter", "1 to 4")
    first = _MONTHS * (quarter - 1) + 1
    return 24 * sum(monthrange(require_year(year), month)[1] for month in range(first, first + _MONTHS))


def capture_pct(hours: float, stopped_h: float, invalid_h: float) -> float | None:
    """Capture rate of valid data: (hours - stopped - invalid) / (hours - stopped), in percent.

    HJ 75-2017 section 12. None when the source stood still all the time.

    >>> capture_pct(2208, 208, 150)
    92.5
    """
    if not 0 <= stopped_h <= hours:
        raise _bad(stopped_h, "stopped", f"0 to {hours:g}")
    running = hours - stopped_h
    if not 0 <= invalid_h <= running:
        raise _bad(invalid_h, "invalid", f"0 to {running:g}")
    return 100.0 * (running - invalid_h) / running if running else None


def _bad(value: float, field: str, expected: str) -> BadRequestError:
    return BadRequestError(
        f"{field} is {value:g}; expected {expected}",
        message_zh=f"{field} 为 {value:g}；应为 {expected}",
        field=field,
        value=value,
    )
