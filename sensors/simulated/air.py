"""Hidden wind and weather: a valley that breathes.

By day the wind blows up the valley, at night cold air drains down; in between it is calm and
turns. Large-scale wind, meandering, differences between stations and gusts lie on top.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sensors.simulated.draws import Drift, FloatArray, stream
from sensors.simulated.plan import Ground
from twin.core.clock import to_datetime
from twin.core.park import Park
from twin.core.wind import direction_from_uv

_UP_VALLEY_M_S = 2.6
_DRAINAGE_M_S = 1.5
_BANDWIDTH_M = 800.0
_PROBE_M = 150.0
_SCALE_HEIGHT_M = 8430.0
_LAPSE_K_M = 0.0065


@dataclass(frozen=True, slots=True, kw_only=True)
class Turbulence:
    """Standard deviations of the wind, the depth that is mixed, and the profile's exponent."""

    sigma_v_m_s: float
    sigma_w_m_s: float
    mixed_m: float
    profile: float


def local_hour(time_ms: int, utc_offset_h: float) -> float:
    """Hour of the local day, 0 to 24."""
    return (time_ms / 3_600_000.0 + utc_offset_h) % 24.0


def daylight(hour: float) -> float:
    """Share of the day's regime, 0 at night to 1 by day, turning at about 8:50 and 18:00."""
    return 0.5 * (math.tanh((hour - 8.8) / 1.0) - math.tanh((hour - 18.0) / 1.0))


class Air:
    """Hidden state of the air; ``step`` moves it on."""

    def __init__(self, park: Park, ground: Ground, seed: int) -> None:
        sets = [row.weather for row in park.stations]
        self._park = park
        self._places = np.array([[row.place.x_m, row.place.y_m] for row in sets])
        self._level_m = np.array([row.place.z_m for row in sets]) + park.origin.height_m
        self._uphill = _uphill(park, ground, self._places)
        n = len(sets)
        draws = stream(seed, "air")
        self._factor = 1.0 + 0.12 * draws.uniform(-1, 1, n)
        self._large = Drift(draws, 2, tau_s=6 * 3600.0, sd=0.7)
        self._meander = Drift(draws, 2, tau_s=720.0, sd=0.35)
        self._local = Drift(draws, (n, 2), tau_s=1800.0, sd=0.25)
        self._gust = Drift(draws, (n, 2), tau_s=25.0, sd=1.0)
        self._warmth = Drift(draws, 1, tau_s=8 * 3600.0, sd=1.2)
        self._damp = Drift(draws, 1, tau_s=5 * 3600.0, sd=0.05)
        self._pressure = Drift(draws, 1, tau_s=30 * 3600.0, sd=350.0)
        self.time_ms = 0
        self.mean_m_s: FloatArray = np.zeros((n, 2))
        self.wind_m_s: FloatArray = np.zeros((n, 2))
        self.turbulence = Turbulence(sigma_v_m_s=0.3, sigma_w_m_s=0.2, mixed_m=300.0, profile=0.2)

    def step(self, time_ms: int, dt_s: float) -> None:
        """State at ``time_ms``, ``dt_s`` after the last one."""
        self.time_ms = time_ms
        day = daylight(local_hour(time_ms, self._park.utc_offset_h))
        breath = _UP_VALLEY_M_S * day - _DRAINAGE_M_S * (1.0 - day)
        shared = self._large.step(dt_s) + self._meander.step(dt_s)
        local = self._local.step(dt_s)
        self.mean_m_s = self._factor[:, None] * (breath * self._uphill + shared) + local
        speed = np.linalg.norm(self.mean_m_s, axis=1, keepdims=True)
        mean_speed = float(speed.mean())
        self.turbulence = Turbulence(
            sigma_v_m_s=(0.15 + 0.25 * day) + (0.08 + 0.06 * day) * mean_speed,
            sigma_w_m_s=(0.06 + 0.30 * day) + 0.05 * mean_speed,
            mixed_m=120.0 + 780.0 * day,
            profile=0.30 - 0.17 * day,
        )
        gusts = self._gust.step(dt_s) * (0.08 + (0.06 + 0.10 * day) * speed)
        self.wind_m_s = self.mean_m_s + gusts
        for drift in (self._warmth, self._damp, self._pressure):
            drift.step(dt_s)

    def at(self, x_m: FloatArray, y_m: FloatArray, above_m: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Mean wind (u, v) at places: stations weighted by distance, growing with height."""
        dx = x_m[:, None] - self._places[:, 0]
        dy = y_m[:, None] - self._places[:, 1]
        weight = 1.0 / (1.0 + (dx * dx + dy * dy) / _BANDWIDTH_M**2) ** 2
        weight /= weight.sum(axis=1, keepdims=True)
        growth = (np.clip(above_m, 2.0, 200.0) / 10.0) ** self.turbulence.profile
        vector = weight @ self.mean_m_s
        return vector[:, 0] * growth, vector[:, 1] * growth

    def weather(self, station: int) -> dict[str, float]:
        """Five parameters at a station, SI, by quantity key."""
        hour = local_hour(self.time_ms, self._park.utc_offset_h)
        year_day = to_datetime(self.time_ms, self._park.utc_offset_h).timetuple().tm_yday
        noon = math.cos(2 * math.pi * (hour - 14.5) / 24.0)
        season = math.cos(2 * math.pi * (year_day - 20) / 365.25)
        u, v = (float(part) for part in self.wind_m_s[station])
        level = float(self._level_m[station])
        celsius = 19.0 - 9.0 * season + 4.5 * noon + float(self._warmth.value[0]) - _LAPSE_K_M * level
        tide = 120.0 * math.cos(4 * math.pi * (hour - 10.0) / 24.0)
        pressure = 101_325.0 * math.exp(-level / _SCALE_HEIGHT_M) + tide + float(self._pressure.value[0])
        return {
            "wind_speed": math.hypot(u, v),
            "wind_from": direction_from_uv(u, v, self._park.convergence_deg),
            "air_temperature": celsius + 273.15,
            "relative_humidity": min(0.99, max(0.15, 0.78 - 0.16 * noon + float(self._damp.value[0]))),
            "air_pressure": pressure,
        }


def _uphill(park: Park, ground: Ground, places: FloatArray) -> FloatArray:
    """Unit vectors up the valley at the stations: the park's slope, bent towards the local one."""
    extent = park.extent
    x = np.linspace(extent.x_min_m, extent.x_max_m, 24)[1:-1]
    y = np.linspace(extent.y_min_m, extent.y_max_m, 24)[1:-1]
    grid_x, grid_y = (part.ravel() for part in np.meshgrid(x, y))
    design = np.column_stack([grid_x, grid_y, np.ones(grid_x.size)])
    plane = np.asarray(np.linalg.lstsq(design, ground.height(grid_x, grid_y), rcond=None)[0][:2], dtype=float)
    local = np.array([_slope(park, ground, float(px), float(py)) for px, py in places])
    return _unit(_unit(plane[None, :]) + 0.5 * _unit(local))


def _slope(park: Park, ground: Ground, x_m: float, y_m: float) -> tuple[float, float]:
    """Ground rise per metre to the east and to the north around a place, inside the park."""
    extent = park.extent
    west, east = max(extent.x_min_m, x_m - _PROBE_M), min(extent.x_max_m, x_m + _PROBE_M)
    south, north = max(extent.y_min_m, y_m - _PROBE_M), min(extent.y_max_m, y_m + _PROBE_M)
    h = ground.height([west, east, x_m, x_m], [y_m, y_m, south, north])
    return float(h[1] - h[0]) / (east - west), float(h[3] - h[2]) / (north - south)


def _unit(rows: FloatArray) -> FloatArray:
    """Rows of length one; rows of length zero point north."""
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.where(length > 1e-9, rows / np.maximum(length, 1e-9), np.array([0.0, 1.0]))
