"""Warnings of the wells' readings: substances, pH, conductivity, change of level, rising trends (GW-10, 11).

Levels of warning are those of ``models.contaminants.warning``. A well's own history are daily means; a trend
is tested on means of 30 days, eight at least, for the days of one month are no independent values.
"""

from __future__ import annotations

from collections.abc import Mapping

from models.contaminants.trend import Trend, mann_kendall
from models.contaminants.warning import Alert, warn, warn_conductivity, warn_level_rate
from twin.core.device import series_key
from twin.core.errors import NotFoundError, ParkTwinError
from twin.core.observation import Quality
from twin.core.origin import Origin
from twin.core.park import Park
from twin.live.state import HEAD, Rows
from twin.store.rows import Step, StoredValue

PH, CONDUCTIVITY = "ph", "conductivity"
FEWEST_MONTHS = 8
_DAY_MS = 86_400_000
_MONTH_DAYS = 30
_HISTORY_DAYS = 60
_TREND_DAYS = 720
_FRESH_MS = 7 * _DAY_MS
Days = list[tuple[float, float]]  # seconds since the epoch, mean


def substance_alert(rows: Rows, name: str, row: StoredValue, at_ms: int) -> Alert | None:
    """Warning of a substance by its newest value and its trend; None without an indicator in GB/T 14848."""
    value = max(row.value or 0.0, 0.0)
    try:
        return warn(name, value, trend=trend_of(rows, row.series_key, at_ms))
    except ParkTwinError:  # a substance that the standard has no indicator for
        return None


def other_alerts(
    rows: Rows, park: Park, newest: Mapping[str, StoredValue], at_ms: int
) -> dict[tuple[str, str], tuple[Alert, Origin]]:
    """Warnings of pH, conductivity and change of level by well and quantity, each with its origin.

    Of every well whose newest value is good and at most seven days old.
    """
    found: dict[tuple[str, str], tuple[Alert, Origin]] = {}
    for well in park.wells:
        for quantity in (PH, CONDUCTIVITY, HEAD):
            row = newest.get(series_key(well.id, quantity))
            if row is None or row.value is None or not _usable(row, at_ms):
                continue
            found[well.id, quantity] = (_alert(rows, quantity, row, at_ms), row.origin)
    return found


def trend_of(rows: Rows, key: str, at_ms: int) -> Trend | None:
    """Mann-Kendall trend of a series by means of 30 days; None of fewer than eight."""
    parts: dict[int, Days] = {}
    for time_s, mean in _days(rows, key, at_ms, _TREND_DAYS):
        parts.setdefault(int((at_ms / 1000.0 - time_s) // (_MONTH_DAYS * 86_400.0)), []).append(
            (time_s, mean)
        )
    means = sorted(
        (sum(t for t, _ in part) / len(part), sum(v for _, v in part) / len(part)) for part in parts.values()
    )
    if len(means) < FEWEST_MONTHS:
        return None
    return mann_kendall([t for t, _ in means], [v for _, v in means])


def _alert(rows: Rows, quantity: str, row: StoredValue, at_ms: int) -> Alert:
    value = float(row.value or 0.0)
    if quantity == PH:
        return warn(PH, value)
    days = _days(rows, row.series_key, at_ms, _HISTORY_DAYS)
    if quantity == CONDUCTIVITY:
        return warn_conductivity([*(mean for _, mean in days), value])
    return warn_level_rate([time_s for time_s, _ in days], [mean for _, mean in days], well=HEAD)


def _usable(row: StoredValue, at_ms: int) -> bool:
    if row.quality is not Quality.GOOD or row.origin is Origin.EXERCISE:
        return False
    return at_ms - row.time_ms <= _FRESH_MS


def _days(rows: Rows, key: str, at_ms: int, count: int) -> Days:
    """Daily means up to the day before this one, oldest first."""
    last_ms = at_ms - at_ms % _DAY_MS
    try:
        found = rows.rollup(key, Step.DAY, last_ms - count * _DAY_MS, last_ms)
    except NotFoundError:
        return []
    return [(row.start_ms / 1000.0, row.mean) for row in found if row.mean is not None and row.count]
