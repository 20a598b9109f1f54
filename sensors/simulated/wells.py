"""Hidden groundwater: levels that follow the land, the seasons and the rain; quality values."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sensors.simulated.draws import stream
from twin.core.aquifer import Well
from twin.core.clock import DAY_MS, to_datetime
from twin.core.park import Park
from twin.core.quantity import WATER_PREFIX

_WET_DAYS = 30
_RAIN_CHANCE = 0.3
_RAIN_MEAN_M = 0.012
_RISE_PER_RAIN = 7.0  # metres of level per metre of rain: recharge share over specific yield
_FALL_DAYS = 6.0
_YEAR_DAYS = 365.25


@dataclass(frozen=True, slots=True, kw_only=True)
class _Habit:
    """What stays the same about a well. ``lag_days`` grows with the depth of the screen."""

    rest_m: float
    lag_days: float
    swing_m: float
    celsius: float
    ph: float
    conductivity_s_m: float
    fluoride_kg_m3: float


class Groundwater:
    """Hidden state of the wells, a pure function of time and seed."""

    def __init__(self, park: Park, seed: int) -> None:
        self._park = park
        self._seed = seed
        lowest = min((row.collar.z_m for row in park.wells), default=0.0)
        self._habits = {row.id: self._habit(row, lowest) for row in park.wells}
        self._rain_days: dict[int, tuple[int, float]] = {}

    def values(self, well_id: str, time_ms: int) -> dict[str, float]:
        """Quantities of a well, SI, by key; the level is above the scene's vertical datum."""
        habit = self._habits[well_id]
        year_day = to_datetime(time_ms, self._park.utc_offset_h).timetuple().tm_yday
        season = math.cos(2 * math.pi * (year_day - 160 - habit.lag_days) / _YEAR_DAYS)
        rain = self._recharge_m(time_ms - round(habit.lag_days * DAY_MS))
        breath = 0.004 * math.sin(2 * math.pi * time_ms / (12.42 * 3_600_000))
        dilution = 1.0 - min(0.3, 0.5 * rain)
        return {
            "water_level": habit.rest_m + habit.swing_m * season + rain + breath,
            "water_temperature": habit.celsius + 0.6 * season + 273.15,
            "ph": habit.ph + 0.1 * (1.0 - dilution),
            "conductivity": habit.conductivity_s_m * dilution,
            f"{WATER_PREFIX}f": habit.fluoride_kg_m3 * dilution,
        }

    def _habit(self, well: Well, lowest_m: float) -> _Habit:
        place = stream(self._seed, "well-group", well.group_id or well.id)
        own = stream(self._seed, "well", well.id)
        middle_m = (well.screen_top_m + well.screen_bottom_m) / 2.0
        below_m = place.uniform(2.5, 4.5) + 0.12 * (well.collar.z_m - lowest_m) + 0.015 * middle_m
        below_m = min(below_m, max(1.0, 0.85 * well.depth_m))
        spoilt = own.random() < 0.2
        return _Habit(
            rest_m=well.collar.z_m + self._park.origin.height_m - below_m,
            lag_days=0.15 * middle_m,
            swing_m=place.uniform(0.3, 0.7) / (1.0 + 0.03 * middle_m),
            celsius=place.uniform(17.5, 19.5),
            ph=own.uniform(6.4, 7.4),
            conductivity_s_m=own.uniform(0.02, 0.06) * (2.0 if spoilt else 1.0),
            fluoride_kg_m3=own.uniform(2e-4, 6e-4) * (4.0 if spoilt else 1.0),
        )

    def _recharge_m(self, time_ms: int) -> float:
        """Rise of the level by the rains of the last weeks, each dying away by itself."""
        today = time_ms // DAY_MS
        total = 0.0
        for day in range(today - _WET_DAYS, today + 1):
            start_ms, depth_m = self._rain(day)
            since = (time_ms - start_ms) / DAY_MS
            if since > 0 and depth_m > 0:
                total += (
                    _RISE_PER_RAIN * depth_m * math.exp(-since / _FALL_DAYS) * (1 - math.exp(-since / 0.3))
                )
        return total

    def _rain(self, day: int) -> tuple[int, float]:
        """Start of a day's rain and its depth, 0 on a dry day."""
        if day not in self._rain_days:
            draws = stream(self._seed, "rain", day)
            depth = float(draws.exponential(_RAIN_MEAN_M)) if draws.random() < _RAIN_CHANCE else 0.0
            self._rain_days[day] = (day * DAY_MS + round(draws.uniform(0, 1) * DAY_MS), depth)
        return self._rain_days[day]
