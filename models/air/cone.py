"""The forecast cone: winds of the next hours that could be, and what they make of the gas.

Without a forecast the present wind persists, and doubt grows: to the wind vector of every member a random
walk is added, whose variance at ten minutes is read from the wind's own record (structure function of the
vector, Monin and Yaglom 1975, section 13) and grows in proportion to time until it is as large as the wind
of a day varies. With a forecast the mean follows it, and the walk starts with the doubt that is stated.
The walk is the same everywhere and follows the wind profile upwards; turbulence stays that of now.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.air.turbulence import wind_profile
from models.contract import SurfaceLayer, WindField
from models.timed import timed
from twin.core.errors import BadRequestError
from twin.core.geometry import FloatArray, frozen
from twin.core.origin import Origin
from twin.core.wind import CALM_M_S, WindSample, uv_from_direction

LEADS_S = (600, 1200, 1800, 3600, 7200)
_STEP_MS = 300_000
_LAG_MS = 600_000
_LEAST_M_S, _MOST_M_S = 0.2, 1.0  # of one component after ten minutes
_CAP_M_S = 2.0  # of one component, ever
_REFERENCE_M = 10.0
_REACHES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class WindForecast:
    """One row of a wind forecast for the park: where the wind comes FROM at ``height_m``.

    ``sd_m_s`` is the standard deviation of each component, None: grows as without a forecast.
    """

    time_ms: int
    wind_speed_m_s: float
    wind_from_deg: float
    sd_m_s: float | None = None
    height_m: float = _REFERENCE_M


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ConeWind:
    """One member: the wind as it was until ``now_ms``, then the present one with ``du`` and ``dv`` added.

    ``times_ms`` (n,) from now on; ``du_m_s``, ``dv_m_s`` (n,) hold at 10 m above ground and follow the wind
    profile of ``roughness_m``.
    """

    wind: WindField
    now_ms: int
    times_ms: FloatArray
    du_m_s: FloatArray
    dv_m_s: FloatArray
    roughness_m: float

    @property
    def origin(self) -> Origin:
        """Origin of the observations behind the field."""
        return self.wind.origin

    @property
    def inputs(self) -> tuple[str, ...]:
        """Series and times behind the field."""
        return self.wind.inputs

    @property
    def notes(self) -> tuple[str, ...]:
        """Warnings on validity."""
        return (*self.wind.notes, "forecast")

    def at(
        self, x_m: FloatArray, y_m: FloatArray, time_ms: int, height_m: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Grid vector (u east, v north) in m/s."""
        u, v = self.wind.at(x_m, y_m, min(time_ms, self.now_ms), height_m)
        if time_ms <= self.now_ms:
            return u, v
        inverse = self.air(time_ms).inverse_obukhov_1_m
        shape = wind_profile(height_m, self.roughness_m, inverse)
        shape = shape / wind_profile(_REFERENCE_M, self.roughness_m, inverse)
        du = float(np.interp(time_ms, self.times_ms, self.du_m_s))
        dv = float(np.interp(time_ms, self.times_ms, self.dv_m_s))
        return u + du * shape, v + dv * shape

    def at_times(
        self, x_m: FloatArray, y_m: FloatArray, times_ms: FloatArray, height_m: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Grid vector, m/s, each place at its own moment; see ``models.contract.TimedWind``."""
        own = timed(self.wind)
        u, v = own.at_times(x_m, y_m, _past(times_ms, self.now_ms), height_m)
        inverse = self.air(self.now_ms).inverse_obukhov_1_m
        shape = wind_profile(height_m, self.roughness_m, inverse)
        shape = shape / wind_profile(_REFERENCE_M, self.roughness_m, inverse)
        later = np.asarray(times_ms) > self.now_ms
        du = np.where(later, np.interp(times_ms, self.times_ms, self.du_m_s), 0.0)
        dv = np.where(later, np.interp(times_ms, self.times_ms, self.dv_m_s), 0.0)
        return u + du * shape, v + dv * shape

    def air(self, time_ms: int) -> SurfaceLayer:
        """Turbulence at a moment; after now that of now."""
        return self.wind.air(min(time_ms, self.now_ms))

    def air_at(self, times_ms: FloatArray) -> SurfaceLayer:
        """Turbulence at many moments; see ``models.contract.TimedWind``."""
        return timed(self.wind).air_at(_past(times_ms, self.now_ms))


def _past(times_ms: FloatArray, now_ms: int) -> FloatArray:
    return np.asarray(np.minimum(times_ms, float(now_ms)), dtype=np.float64)


def cone_winds(
    winds: Sequence[WindField],
    samples: Sequence[WindSample],
    now_ms: int,
    *,
    roughness_m: float,
    place_m: tuple[float, float],
    forecast: Sequence[WindForecast] = (),
    convergence_deg: float = 0.0,
    last_s: int = LEADS_S[-1],
    seed: int = 20_261_122,
) -> tuple[ConeWind, ...]:
    """One wind of the next hours for every present wind.

    Parameters
    ----------
    winds
        The present wind of every member of the ensemble.
    samples
        The record of the masts, from which the growth of the doubt is read.
    now_ms
        Now.
    roughness_m
        Roughness length of the profile.
    place_m
        Where a forecast holds (x, y), for its difference from the present wind.
    forecast
        Rows of a forecast; none: the present wind persists. Rows need not reach to the end: after
        the last one it persists.
    convergence_deg
        Grid north minus true north.
    last_s
        How far the cone reaches.
    seed
        Of the random walks; equal input gives equal winds.
    """
    steps = math.ceil(1000 * last_s / _STEP_MS) + 1
    times = now_ms + _STEP_MS * np.arange(steps, dtype=np.float64)
    rng = np.random.default_rng(seed)
    sd = walk_sd_m_s(samples, (times - now_ms) / 1000.0)
    grown = np.sqrt(np.maximum(np.diff(sd**2, prepend=0.0), 0.0))
    walk = np.cumsum(rng.standard_normal((len(winds), 2, steps)) * grown, axis=2)
    if len(winds) > 1:
        walk -= walk.mean(axis=0)  # few members: the mean of the cone is the forecast itself
    stated = _stated_sd(forecast, times)
    walk += rng.standard_normal((len(winds), 2, 1)) * stated
    found = []
    for member, wind in enumerate(winds):
        shift = _shift(wind, forecast, times, now_ms, place_m, convergence_deg)
        found.append(
            ConeWind(
                wind=wind,
                now_ms=now_ms,
                times_ms=frozen(times),
                du_m_s=frozen(shift[0] + walk[member, 0]),
                dv_m_s=frozen(shift[1] + walk[member, 1]),
                roughness_m=roughness_m,
            )
        )
    return tuple(found)


def walk_sd_m_s(samples: Sequence[WindSample], lead_s: FloatArray) -> FloatArray:
    """Standard deviation of each component of the wind after a lead (n,), m/s; see the top of this file."""
    return np.asarray(np.minimum(growth_m_s(samples) * np.sqrt(lead_s / 600.0), _CAP_M_S), dtype=np.float64)


def growth_m_s(samples: Sequence[WindSample]) -> float:
    """How much each component of the wind differs from itself ten minutes later, m/s, by the masts' record.

    Means over five minutes; between 0.2 (a short calm record does not make the future certain) and 1 m/s.
    """
    by_mast: dict[str, dict[int, list[tuple[float, float]]]] = {}
    for row in samples:
        if math.isfinite(row.wind_speed_m_s) and math.isfinite(row.wind_from_deg):
            vector = uv_from_direction(row.wind_speed_m_s, row.wind_from_deg, 0.0)
            vector = vector if row.wind_speed_m_s >= CALM_M_S else (0.0, 0.0)
            by_mast.setdefault(row.sensor_id, {}).setdefault(row.time_ms // _STEP_MS, []).append(vector)
    squares: list[float] = []
    lag = _LAG_MS // _STEP_MS
    for blocks in by_mast.values():
        means = {k: np.mean(rows, axis=0) for k, rows in blocks.items()}
        squares += [float(np.sum((means[k + lag] - means[k]) ** 2)) for k in means if k + lag in means]
    if len(squares) < _REACHES:
        return 0.5 * (_LEAST_M_S + _MOST_M_S)
    return float(min(max(math.sqrt(0.5 * float(np.mean(squares))), _LEAST_M_S), _MOST_M_S))


def exceedance(conc_kg_m3: FloatArray, levels_kg_m3: Sequence[float]) -> FloatArray:
    """Share of the members above each level: (n_members, ...) gives (n_levels, ...)."""
    return np.asarray([(conc_kg_m3 > level).mean(axis=0) for level in levels_kg_m3], dtype=np.float64)


def _shift(
    wind: WindField,
    forecast: Sequence[WindForecast],
    times_ms: FloatArray,
    now_ms: int,
    place_m: tuple[float, float],
    convergence_deg: float,
) -> FloatArray:
    """What is added to the present wind (2, n) so that its mean follows the forecast."""
    if not forecast:
        return np.zeros((2, times_ms.size))
    rows = sorted(forecast, key=lambda row: row.time_ms)
    _check(rows)
    vectors = np.array(
        [uv_from_direction(row.wind_speed_m_s, row.wind_from_deg, convergence_deg) for row in rows]
    )
    x, y = np.array([place_m[0]]), np.array([place_m[1]])
    u, v = wind.at(x, y, now_ms, np.array([rows[0].height_m]))
    now = np.array([float(u[0]), float(v[0])])
    at = np.array([row.time_ms for row in rows], dtype=np.float64)
    told = np.array([np.interp(times_ms, at, vectors[:, k]) for k in (0, 1)])
    # Until the forecast begins the wind goes over from what it is to what was foretold.
    begins = np.clip((times_ms - now_ms) / max(at[0] - now_ms, float(_STEP_MS)), 0.0, 1.0)
    return np.asarray((told - now[:, None]) * begins, dtype=np.float64)


def _stated_sd(forecast: Sequence[WindForecast], times_ms: FloatArray) -> FloatArray:
    rows = sorted((row for row in forecast if row.sd_m_s is not None), key=lambda row: row.time_ms)
    if not rows:
        return np.zeros(times_ms.size)
    stated = [row.sd_m_s for row in rows if row.sd_m_s is not None]
    return np.asarray(np.interp(times_ms, [row.time_ms for row in rows], stated), dtype=np.float64)


def _check(rows: Sequence[WindForecast]) -> None:
    for row in rows:
        good = 0.0 <= row.wind_speed_m_s <= 75.0 and 0.0 <= row.wind_from_deg <= 360.0
        if not good or (row.sd_m_s is not None and not 0.0 <= row.sd_m_s <= 20.0):
            raise BadRequestError(
                f"wind forecast of {row.time_ms}: {row.wind_speed_m_s} m/s from {row.wind_from_deg} deg, sd "
                f"{row.sd_m_s}; expected 0 to 75 m/s, 0 to 360 deg, sd 0 to 20",
                message_zh=f"风预报 {row.time_ms}：风速应为 0 至 75 m/s，风向 0 至 360 度，标准差 0 至 20",
                field="forecast",
                value=row.time_ms,
            )
