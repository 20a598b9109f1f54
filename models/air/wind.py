"""From station winds to the wind over the site.

In time: vector means over ``average_s`` at nodes ``node_s`` apart, linear between the nodes. In
space: weights of inverse squared distance. In height: the similarity profile of the moment. A
station that has been silent for ``stale_s`` no longer counts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.air.turbulence import sun_elevation_deg, surface_layer, wind_profile
from models.contract import Site, SurfaceLayer
from models.timed import IntArray, stacked, taken
from twin.core.errors import SolverError
from twin.core.geometry import FloatArray, frozen
from twin.core.origin import Origin, of_result
from twin.core.wind import CALM_M_S, WindSample, uv_from_direction

_NEAR_M = 50.0  # within this distance of a mast its weight no longer grows


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StationWind:
    """Interpolated station winds; see ``field_from_samples``.

    ``times_ms`` (nt,) are the nodes; ``u_m_s`` and ``v_m_s`` (n_stations, nt) the mean vectors at the
    masts, ``trust`` (n_stations, nt) 1 where the mast counts and 0 where not; ``places_m``
    (n_stations, 2) and ``heights_m`` (n_stations,) where they stand; ``layers`` the turbulence, ``columns``
    the same with fields (nt,), ``mast_shapes`` (n_stations, nt) the wind profile at the masts.
    """

    times_ms: FloatArray
    u_m_s: FloatArray
    v_m_s: FloatArray
    trust: FloatArray
    places_m: FloatArray
    heights_m: FloatArray
    roughness_m: float
    displacement_m: float
    layers: tuple[SurfaceLayer, ...]
    columns: SurfaceLayer
    mast_shapes: FloatArray
    origin: Origin
    inputs: tuple[str, ...]
    notes: tuple[str, ...]

    def at(
        self, x_m: FloatArray, y_m: FloatArray, time_ms: int, height_m: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Grid vector (u east, v north), m/s, at places and heights above ground. Arrays broadcast."""
        return self.at_times(x_m, y_m, np.asarray(time_ms, dtype=np.float64), height_m)

    def at_times(
        self, x_m: FloatArray, y_m: FloatArray, times_ms: FloatArray, height_m: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """As ``at``, each place at its own moment; see ``models.contract.TimedWind``."""
        k, part = self._nodes(times_ms)
        weights = self.trust[:, k] * (1.0 - part) + self.trust[:, k + 1] * part
        u = self.u_m_s[:, k] * (1.0 - part) + self.u_m_s[:, k + 1] * part
        v = self.v_m_s[:, k] * (1.0 - part) + self.v_m_s[:, k + 1] * part
        near = k + (part > 0.5)
        shape = np.broadcast_shapes(np.shape(x_m), np.shape(y_m), np.shape(times_ms))
        total, east, north = (np.zeros(shape) for _ in range(3))
        for s in range(self.heights_m.size):
            if not np.any(weights[s] > 0.0):
                continue
            distance2 = (x_m - self.places_m[s, 0]) ** 2 + (y_m - self.places_m[s, 1]) ** 2
            weight = weights[s] / (distance2 + _NEAR_M**2)
            at_mast = self.mast_shapes[s][near]
            total += weight
            east += weight * (u[s] / at_mast)
            north += weight * (v[s] / at_mast)
        inverse = self.columns.inverse_obukhov_1_m * np.ones(self.times_ms.size)
        level = np.asarray(height_m) - self.displacement_m
        profile = wind_profile(level, self.roughness_m, inverse[near]) / total
        return np.asarray(east * profile), np.asarray(north * profile)

    def air(self, time_ms: int) -> SurfaceLayer:
        """Turbulence at the nearest node."""
        k, part = self._nodes(np.asarray(time_ms, dtype=np.float64))
        return self.layers[int(k) + int(part > 0.5)]

    def air_at(self, times_ms: FloatArray) -> SurfaceLayer:
        """Turbulence at the nearest nodes, fields as arrays; see ``models.contract.TimedWind``."""
        k, part = self._nodes(times_ms)
        return taken(self.columns, k + (part > 0.5))

    def _nodes(self, times_ms: FloatArray) -> tuple[IntArray, FloatArray]:
        last = self.times_ms.size - 1
        place = (times_ms - self.times_ms[0]) / (self.times_ms[1] - self.times_ms[0])
        place = np.clip(place, 0.0, float(last))
        k = np.minimum(place.astype(np.intp), last - 1)
        return k, place - k


@dataclass(frozen=True, slots=True, kw_only=True)
class SteadyWind:
    """The same wind everywhere and always, ``u_m_s`` and ``v_m_s`` at ``height_m``, with its profile."""

    u_m_s: float
    v_m_s: float
    height_m: float
    roughness_m: float
    layer: SurfaceLayer
    origin: Origin = Origin.MODELLED
    inputs: tuple[str, ...] = ("steady wind",)
    notes: tuple[str, ...] = ()

    def at(
        self, x_m: FloatArray, y_m: FloatArray, time_ms: int, height_m: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Grid vector (u east, v north), m/s."""
        inverse = self.layer.inverse_obukhov_1_m
        shape = wind_profile(height_m, self.roughness_m, inverse)
        shape = shape / wind_profile(self.height_m, self.roughness_m, inverse)
        shape = shape + np.zeros(np.broadcast_shapes(np.shape(x_m), np.shape(y_m)))
        return self.u_m_s * shape, self.v_m_s * shape

    def at_times(
        self, x_m: FloatArray, y_m: FloatArray, times_ms: FloatArray, height_m: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """As ``at`` at any moment; see ``models.contract.TimedWind``."""
        shape = np.broadcast_shapes(np.shape(x_m), np.shape(times_ms))
        return self.at(np.broadcast_to(x_m, shape), y_m, 0, height_m)

    def air_at(self, times_ms: FloatArray) -> SurfaceLayer:
        """Turbulence; one layer for all moments."""
        return self.layer

    def air(self, time_ms: int) -> SurfaceLayer:
        """Turbulence; the same at any time."""
        return self.layer


def field_from_samples(
    samples: Sequence[WindSample],
    site: Site,
    *,
    node_s: float = 60.0,
    average_s: float = 300.0,
    stale_s: float = 900.0,
    cloud: float = 0.5,
) -> StationWind:
    """Wind over the site from the samples of one or more weather sets.

    Below 0.3 m/s the direction of a sample is undefined, so its vector counts as zero while its
    speed still counts for the turbulence. Samples with numbers that are not finite are left out.
    Raises SolverError when nothing is left.
    """
    good = [row for row in samples if math.isfinite(row.wind_speed_m_s) and _has_direction(row)]
    if not good:
        msg = "no usable wind in the window; expected at least one sample of one weather set"
        raise SolverError(
            msg,
            message_zh="时段内没有可用的风数据；至少需要一台气象仪的一个样本",
            field="samples",
            value=len(samples),
        )
    by_station: dict[str, list[WindSample]] = {}
    for row in sorted(good, key=lambda sample: sample.time_ms):
        by_station.setdefault(row.sensor_id, []).append(row)
    first = min(row.time_ms for row in good)
    count = 2 + int((max(row.time_ms for row in good) - first) // (1000.0 * node_s))
    times = frozen(first + 1000.0 * node_s * np.arange(count))
    means = [_station_means(rows, times, site, average_s, stale_s) for rows in by_station.values()]
    return _assemble(by_station, means, times, site, cloud)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Means:
    u_m_s: FloatArray
    v_m_s: FloatArray
    speed_m_s: FloatArray
    temperature_k: FloatArray
    lateral_m2_s2: FloatArray
    trust: FloatArray


def _assemble(
    by_station: dict[str, list[WindSample]], means: list[_Means], times: FloatArray, site: Site, cloud: float
) -> StationWind:
    places = [rows[-1].place for rows in by_station.values()]
    heights = np.array([rows[-1].height_m for rows in by_station.values()])
    trust = np.array([row.trust for row in means])
    bridged = _never_empty(trust)
    u, v = np.array([row.u_m_s for row in means]), np.array([row.v_m_s for row in means])
    layers = _layers(means, bridged, heights, times, site, cloud)
    shapes = [
        wind_profile(heights - site.displacement_m, site.roughness_m, row.inverse_obukhov_1_m)
        for row in layers
    ]
    return StationWind(
        times_ms=times,
        u_m_s=frozen(u),
        v_m_s=frozen(v),
        trust=frozen(bridged),
        places_m=frozen([[place.x_m, place.y_m] for place in places]),
        heights_m=frozen(heights),
        roughness_m=site.roughness_m,
        displacement_m=site.displacement_m,
        layers=layers,
        columns=stacked(layers, np.arange(times.size)),
        mast_shapes=frozen(np.array(shapes).T),
        origin=of_result(*{rows[-1].origin for rows in by_station.values()}),
        inputs=tuple(_input_name(rows) for rows in by_station.values()),
        notes=_notes(u, v, trust, bridged),
    )


def _layers(
    means: list[_Means], trust: FloatArray, heights: FloatArray, times: FloatArray, site: Site, cloud: float
) -> tuple[SurfaceLayer, ...]:
    weight = trust / trust.sum(axis=0)
    speed = (weight * np.array([row.speed_m_s for row in means])).sum(axis=0)
    kelvin = (weight * np.array([row.temperature_k for row in means])).sum(axis=0)
    sigma = np.sqrt((weight * np.array([row.lateral_m2_s2 for row in means])).sum(axis=0))
    height = (weight * heights[:, None]).sum(axis=0) - site.displacement_m
    return tuple(
        surface_layer(
            float(speed[k]),
            float(height[k]),
            roughness_m=site.roughness_m,
            sun_deg=sun_elevation_deg(int(times[k]), site.longitude_deg, site.latitude_deg),
            air_temperature_k=float(kelvin[k]),
            cloud=cloud,
            measured_sigma_v_m_s=float(sigma[k]),
        )
        for k in range(times.size)
    )


def _station_means(
    rows: list[WindSample], times: FloatArray, site: Site, average_s: float, stale_s: float
) -> _Means:
    stamp = np.array([row.time_ms for row in rows], dtype=np.float64)
    speed = np.array([row.wind_speed_m_s for row in rows])
    vectors = [
        (0.0, 0.0)
        if row.wind_speed_m_s < CALM_M_S
        else uv_from_direction(row.wind_speed_m_s, row.wind_from_deg, site.convergence_deg)
        for row in rows
    ]
    u, v = np.array(vectors).T
    kelvin = np.array([288.0 if row.air_temperature_k is None else row.air_temperature_k for row in rows])
    columns = np.stack([u, v, speed, kelvin, u * u, v * v, u * v])
    half = 500.0 * average_s
    low, high = np.searchsorted(stamp, times - half), np.searchsorted(stamp, times + half, side="right")
    number = high - low
    sums = np.concatenate([np.zeros((7, 1)), np.cumsum(columns, axis=1)], axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = (sums[:, high] - sums[:, low]) / number
    has = number > 0
    filled = np.stack([np.interp(times, times[has], row[has]) for row in mean])
    after = np.clip(np.searchsorted(stamp, times), 1, max(stamp.size - 1, 1))
    neighbours = stamp[np.minimum([after - 1, after], stamp.size - 1)]
    gap = np.abs(times - neighbours).min(axis=0)
    lateral = np.where(number >= 10, _lateral_variance(filled), 0.0)
    return _Means(
        u_m_s=filled[0],
        v_m_s=filled[1],
        speed_m_s=filled[2],
        temperature_k=filled[3],
        lateral_m2_s2=lateral,
        trust=(gap <= 1000.0 * stale_s).astype(np.float64),
    )


def _lateral_variance(mean: FloatArray) -> FloatArray:
    u, v, uu, vv, uv = mean[0], mean[1], mean[4] - mean[0] ** 2, mean[5] - mean[1] ** 2, mean[6]
    uv = uv - u * v
    speed2 = u * u + v * v
    with np.errstate(invalid="ignore", divide="ignore"):
        across = (v * v * uu - 2.0 * u * v * uv + u * u * vv) / speed2
    across = np.where(speed2 < CALM_M_S**2, 0.5 * (uu + vv), across)
    return np.asarray(np.maximum(across, 0.0))


def _never_empty(trust: FloatArray) -> FloatArray:
    """Where no station counts, those that counted last (or will first) do: a gap is not a calm."""
    bridged = trust.copy()
    has = np.flatnonzero(trust.any(axis=0))
    for k in np.flatnonzero(~trust.any(axis=0)):
        earlier = has[has < k]
        bridged[:, k] = trust[:, earlier[-1] if earlier.size else has[0]]
    return bridged


def _notes(u: FloatArray, v: FloatArray, trust: FloatArray, bridged: FloatArray) -> tuple[str, ...]:
    notes = []
    speed = np.hypot((u * bridged).sum(axis=0), (v * bridged).sum(axis=0)) / bridged.sum(axis=0)
    if speed[-1] < CALM_M_S:
        notes.append("calm")
    if bridged[:, -1].sum() < 2:
        notes.append("few stations")
    if not trust.any(axis=0).all():
        notes.append("gap in wind")
    return tuple(notes)


def _has_direction(row: WindSample) -> bool:
    return row.wind_speed_m_s < CALM_M_S or math.isfinite(row.wind_from_deg)


def _input_name(rows: list[WindSample]) -> str:
    return f"{rows[0].sensor_id}/wind_speed,wind_from@{rows[0].time_ms}..{rows[-1].time_ms}"


def uniform_wind(
    wind_speed_m_s: float,
    wind_from_deg: float,
    layer: SurfaceLayer,
    *,
    height_m: float = 10.0,
    roughness_m: float = 0.3,
    convergence_deg: float = 0.0,
) -> SteadyWind:
    """Steady wind given as people say it: speed and where it comes FROM, at ``height_m``."""
    u, v = uv_from_direction(wind_speed_m_s, wind_from_deg, convergence_deg)
    return SteadyWind(u_m_s=u, v_m_s=v, height_m=height_m, roughness_m=roughness_m, layer=layer)
