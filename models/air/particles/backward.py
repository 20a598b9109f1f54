"""Backward model: how much of what leaves the ground upwind is seen at a sensor.

``C / E`` of an area source is the time that backward particles spend over it in a thin layer at the ground,
per metre of its depth: the same limit as the sum of ``2 / |w|`` over touchdowns (Flesch et al. 1995,
eq. 12), whose variance is infinite, while that of a time is not. Since the turbulence is the
same everywhere, one catalogue serves every sensor at one height and every area.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from models.air.particles.backend import Array
from models.air.particles.profile import Turbulence, s_of
from models.air.particles.run import STEP, Engine, Plan, engine_of, run
from models.air.particles.step import Cloud, Middle
from twin.core.errors import SolverError
from twin.core.geometry import FloatArray, frozen

_LAYER = 2.0  # the layer in which time counts reaches from the roughness height to twice that


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Catalogue:
    """Stays at the ground of backward particles.

    Arrays (n,): ``x_m`` against and ``y_m`` across the wind relative to the sensor (upwind is negative x,
    y to the left of the wind), ``stay_s_m`` seconds per metre of depth, ``particle`` whose they are.
    ``steps`` the particle-steps that it cost.
    """

    turbulence: Turbulence
    height_m: float
    fetch_m: float
    particles: int
    x_m: npt.NDArray[np.float32]
    y_m: npt.NDArray[np.float32]
    stay_s_m: npt.NDArray[np.float32]
    particle: npt.NDArray[np.int32]
    steps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Mean and standard error over the particles, s/m."""

    value_s_m: float
    error_s_m: float


def catalogue(
    turbulence: Turbulence,
    height_m: float,
    *,
    fetch_m: float = 500.0,
    particles: int = 50_000,
    seed: int = 1,
    arrays: str = "numpy",
    step: float = STEP,
) -> Catalogue:
    """Let particles go backward from ``height_m`` above ground. Raises SolverError for wrong input.

    ``fetch_m`` must reach beyond the farthest area; ``arrays`` is ``numpy`` or ``torch``.
    """
    plan = Plan(height_m=height_m, fetch_m=fetch_m, particles=particles, seed=seed, arrays=arrays, step=step)
    engine = engine_of(turbulence, plan)
    stays = _Stays(engine, turbulence.roughness_m)
    steps = run(engine, plan, stays.score)
    x, y, stay, number = stays.rows()
    return Catalogue(
        turbulence=turbulence,
        height_m=height_m,
        fetch_m=fetch_m,
        particles=particles,
        x_m=x.astype(np.float32),
        y_m=y.astype(np.float32),
        stay_s_m=stay.astype(np.float32),
        particle=number.astype(np.int32),
        steps=steps,
    )


def conc_per_flux(
    stays: Catalogue,
    area_m: FloatArray,
    *,
    sensors_m: FloatArray | None = None,
    weights: FloatArray | None = None,
    wind_from_deg: float = 270.0,
) -> Estimate:
    """C / E of an area source of even flux, s/m: kg/m3 at the sensor per kg/(m2 s).

    ``area_m`` (n, 2) corners east and north; ``sensors_m`` (m, 2) places, the origin when left out, with
    ``weights`` (m,) that sum to one (a beam is its points); ``wind_from_deg`` clockwise from grid north. The
    default FROM 270 makes x positive downwind. Raises SolverError when the area reaches beyond the fetch.
    """
    places = np.zeros((1, 2)) if sensors_m is None else np.asarray(sensors_m, dtype=np.float64)
    share = np.full(len(places), 1.0 / len(places)) if weights is None else np.asarray(weights)
    corners = np.asarray(area_m, dtype=np.float64)
    per_particle = np.zeros(stays.particles)
    for place, part in zip(places, share, strict=True):
        turned = _along_wind(corners - place, wind_from_deg)
        if float(turned[:, 0].min()) < -stays.fetch_m:
            raise _beyond(stays, -float(turned[:, 0].min()))
        ring = shapely.Polygon(turned)
        shapely.prepare(ring)
        low_x, low_y, high_x, high_y = ring.bounds
        near = (stays.x_m > low_x) & (stays.x_m < high_x) & (stays.y_m > low_y) & (stays.y_m < high_y)
        rows = np.flatnonzero(near)
        rows = rows[shapely.contains_xy(ring, stays.x_m[rows], stays.y_m[rows])]
        weight = part * stays.stay_s_m[rows].astype(np.float64)
        per_particle += np.bincount(stays.particle[rows], weights=weight, minlength=stays.particles)
    spread = float(per_particle.std(ddof=1)) if stays.particles > 1 else math.inf
    return Estimate(value_s_m=float(per_particle.mean()), error_s_m=spread / math.sqrt(stays.particles))


def footprint(stays: Catalogue, x_edges_m: FloatArray, y_edges_m: FloatArray) -> FloatArray:
    """C / E per square metre of ground, (ny, nx) in s/m3, x against and y across the wind."""
    weight = stays.stay_s_m.astype(np.float64) / stays.particles
    total, _, _ = np.histogram2d(stays.y_m, stays.x_m, bins=(y_edges_m, x_edges_m), weights=weight)
    return frozen(total / (np.diff(y_edges_m)[:, None] * np.diff(x_edges_m)[None, :]))


class _Stays:
    """Collects what happens in the layer at the ground."""

    def __init__(self, engine: Engine, roughness_m: float) -> None:
        self._arrays = engine.arrays
        self._top_s = float(s_of(engine.tables, np.array([_LAYER * roughness_m]))[0])
        self._depth_m = roughness_m * (_LAYER - 1.0)
        self._rows: list[tuple[Array, Array, Array, Array]] = []

    def score(self, before: Cloud, middle: Middle, numbers: Array) -> None:
        low = middle.s < self._top_s
        x, y = before.x_m[low] + 0.5 * middle.east[low], before.y_m[low] + 0.5 * middle.left[low]
        self._rows.append((x, y, middle.seconds[low] / self._depth_m, numbers[low]))

    def rows(self) -> Sequence[FloatArray]:
        columns = zip(*self._rows, strict=True)
        return [self._arrays.numpy(self._arrays.joined(list(parts))) for parts in columns]


def _along_wind(points_m: FloatArray, wind_from_deg: float) -> FloatArray:
    """Turn (east, north) into (downwind, left of the wind)."""
    towards = math.radians(wind_from_deg + 180.0)
    east, north = math.sin(towards), math.cos(towards)
    x, y = points_m[:, 0], points_m[:, 1]
    return np.stack([x * east + y * north, y * east - x * north], axis=1)


def _beyond(stays: Catalogue, reach_m: float) -> SolverError:
    return SolverError(
        f"the area reaches {reach_m:.0f} m upwind; expected at most the fetch of {stays.fetch_m:g} m",
        message_zh=f"源区上风向延伸至 {reach_m:.0f} 米；应不超过反向追踪范围 {stays.fetch_m:g} 米",
        field="area_m",
        value=reach_m,
    )
