"""How long the site keeps what it must keep for a while."""

from __future__ import annotations

from twin.live.settings import Settings
from twin.store.retention import KeepTimes


def keep_times(settings: Settings) -> KeepTimes:
    """Keep times of the settings, days."""
    return KeepTimes(
        minute_d=settings.keep_minute_d,
        condition_d=settings.keep_condition_d,
        maintenance_d=settings.keep_maintenance_d,
        calibration_d=settings.keep_calibration_d,
        operation_d=settings.keep_operation_d,
    )
