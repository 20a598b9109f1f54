"""Housekeeping of open-path analysers: states against limits, and when a supply runs out.

Sources: requirements OPS-01 (daily remote patrol), OPS-02 (two 50 L nitrogen tanks a station, 100 L a month).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

import numpy as np

from twin.core.judging import HealthLimit

# A rise by more than this share of the whole is a refill, not noise.
REFILL_RISE_FRACTION = 0.1
_FEWEST = 6
_BEFORE = 5
_DAY_MS = 86_400_000
_Z90 = 1.6448536269514722


class Health(StrEnum):
    """State of a housekeeping value; the order is that of severity but for ``unknown``."""

    OK = "ok"
    WARN = "warn"
    ALARM = "alarm"
    UNKNOWN = "unknown"


def state_of(value: float | None, limit: HealthLimit | None) -> Health:
    """State of a value against its limits; at a limit it is still well. Unknown without a value.

    >>> row = HealthLimit(quantity="signal_strength", warn_low_value=0.5, alarm_low_value=0.3)
    >>> [state_of(v, row).value for v in (0.5, 0.49, 0.2, None)]
    ['ok', 'warn', 'alarm', 'unknown']
    """
    if value is None:
        return Health.UNKNOWN
    if limit is None:
        return Health.OK
    if _outside(value, limit.alarm_low_value, limit.alarm_high_value):
        return Health.ALARM
    if _outside(value, limit.warn_low_value, limit.warn_high_value):
        return Health.WARN
    return Health.OK


def worst(states: Sequence[Health]) -> Health:
    """Worst of several states; unknown only counts where nothing worse is known.

    >>> worst([Health.OK, Health.UNKNOWN, Health.WARN]), worst([])
    (<Health.WARN: 'warn'>, <Health.UNKNOWN: 'unknown'>)
    """
    order = (Health.ALARM, Health.WARN, Health.UNKNOWN, Health.OK)
    return next((state for state in order if state in states), Health.UNKNOWN)


def _outside(value: float, low: float | None, high: float | None) -> bool:
    return (low is not None and value < low) or (high is not None and value > high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """Level (share of the whole), its fall per day with a 90 % interval, and when the reserve is reached.

    ``earliest_ms`` and ``latest_ms`` follow from the interval; ``latest_ms`` None: perhaps never.
    """

    level_fraction: float
    per_day_fraction: float
    per_day_low_fraction: float
    per_day_high_fraction: float
    since_refill_ms: int
    reserve_ms: int
    earliest_ms: int
    latest_ms: int | None


def refill_forecast(
    times_ms: Sequence[int], levels: Sequence[float], reserve_fraction: float
) -> Forecast | None:
    """When a level that falls steadily since its last refill reaches the reserve.

    Theil-Sen slope (Sen 1968) with Kendall's interval (90 %): a few wrong readings do not move it. None
    with fewer than six values since the last refill, or while the level does not fall.
    """
    start = _last_refill(levels)
    t = np.asarray(times_ms[start:], dtype=np.float64) / _DAY_MS
    y = np.asarray(levels[start:], dtype=np.float64)
    if len(t) < _FEWEST:
        return None
    i, j = np.triu_indices(len(t), k=1)
    apart = t[j] - t[i]
    slopes = np.sort((y[j] - y[i])[apart > 0] / apart[apart > 0])
    if not len(slopes):
        return None
    n = len(t)
    reach = _Z90 * math.sqrt(n * (n - 1) * (2 * n + 5) / 18.0)
    slope = float(np.median(slopes))
    steep = float(slopes[max(0, int((len(slopes) - reach) / 2))])
    flat = float(slopes[min(len(slopes) - 1, int((len(slopes) + reach) / 2))])
    if slope >= 0.0:
        return None
    level = float(np.median(y - slope * t) + slope * t[-1])

    def reached(per_day: float) -> int:
        return round(times_ms[-1] + max(0.0, (level - reserve_fraction) / -per_day) * _DAY_MS)

    return Forecast(
        level_fraction=level,
        per_day_fraction=-slope,
        per_day_low_fraction=max(0.0, -flat),
        per_day_high_fraction=-steep,
        since_refill_ms=int(times_ms[start]),
        reserve_ms=reached(slope),
        earliest_ms=reached(min(steep, slope)),
        latest_ms=reached(flat) if flat < 0 else None,
    )


def _last_refill(levels: Sequence[float]) -> int:
    """Position of the first value after the last rise above what the level was of late.

    Against the median of the last few values: the way back from a wrong reading is not a refill.
    """
    start = 0
    for k in range(1, len(levels)):
        before = median(levels[max(start, k - _BEFORE) : k])
        if levels[k] - before > REFILL_RISE_FRACTION:
            start = k
    return start
