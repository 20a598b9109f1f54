"""Wind over any terrain for one steady inflow: the library's physics without stations, for studies."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.ndimage import map_coordinates

from gis.terrain import Terrain
from models.air.flow.inflow import Inflow
from models.air.flow.lee import shelter
from models.air.flow.mass import Column, Faces, closed, edges_of, faces_of, project
from models.air.flow.modes import widened, with_one_above
from models.air.flow.spectral import perturbed, waves
from models.air.flow.stratified import LEAST_1_M, LIMITS, MOST_1_M, blocking, over_it, relief_m, steepest
from models.limits import outside
from twin.core.errors import SolverError
from twin.core.geometry import FloatArray
from twin.core.wind import uv_from_direction

_TOLERANCE = 1e-4
_LEVELS_M = (2.5, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HillFlow:
    """Wind per unit speed of the undisturbed wind at ``reference_m`` above level ground.

    ``u``, ``v``, ``w`` (nz, ny, nx) east, north and up at ``heights_m`` (nz,) above the nodes of
    ``terrain``. ``faces`` and ``column`` hold the same wind on the faces of cells, without divergence, with
    one more layer and some level cells to the north and east; ``faces`` is None when it was not projected.
    Air beyond the library's range of 1/L is bent as at its bound: ``faces`` are of that air, ``u``, ``v`` and
    ``w`` stand over the profile of the air itself. ``notes`` name the limits that are broken.
    """

    terrain: Terrain
    inflow: Inflow
    heights_m: FloatArray
    u: FloatArray
    v: FloatArray
    w: FloatArray
    faces: Faces | None
    column: Column
    notes: tuple[str, ...] = ()

    def at(
        self, x_m: npt.ArrayLike, y_m: npt.ArrayLike, height_m: npt.ArrayLike
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Wind (u, v, w) at places of the terrain's frame and heights above ground; arrays broadcast.

        Between levels the ratio to the undisturbed profile is linear in the logarithm of the height, so
        that over level ground the profile holds exactly at every height.
        """
        x, y, z = np.broadcast_arrays(*(np.asarray(part, np.float64) for part in (x_m, y_m, height_m)))
        column = (x - self.terrain.x0_m) / self.terrain.step_m
        row = (y - self.terrain.y0_m) / self.terrain.step_m
        log_z = np.log(np.clip(z, self.heights_m[0], self.heights_m[-1]))
        level = np.interp(log_z, np.log(self.heights_m), np.arange(self.heights_m.size, dtype=np.float64))
        ratio = 1.0 / self.inflow.speed(self.heights_m)[:, None, None]
        shape = self.inflow.speed(z)
        places = [part.ravel() for part in (level, row, column)]
        u, v, w = (
            shape * map_coordinates(part * ratio, places, order=1, mode="nearest").reshape(x.shape)
            for part in (self.u, self.v, self.w)
        )
        return u, v, w

    def speed(self, x_m: npt.ArrayLike, y_m: npt.ArrayLike, height_m: npt.ArrayLike) -> FloatArray:
        """Horizontal speed at places, per unit undisturbed speed."""
        u, v, _ = self.at(x_m, y_m, height_m)
        return np.hypot(u, v)


def linear_flow(
    terrain: Terrain,
    wind_from_deg: float,
    *,
    roughness_m: float,
    heights_m: npt.ArrayLike = _LEVELS_M,
    inverse_obukhov_1_m: float = 0.0,
    buoyancy_per_speed_1_m: float = 0.0,
    vertical_factor: float = 1.0,
    lee: bool = True,
    consistent: bool = True,
) -> HillFlow:
    """Wind over terrain for an undisturbed wind of 1 m/s at 10 m.

    Parameters
    ----------
    terrain
        Heights on a square grid; at least a few hill lengths around what matters.
    wind_from_deg
        Where the undisturbed wind comes FROM, degrees clockwise from grid north.
    roughness_m, inverse_obukhov_1_m, buoyancy_per_speed_1_m
        Of the undisturbed air: z0, 1/L, and buoyancy frequency over the speed at 10 m (1/m).
    heights_m
        Levels above ground, rising; they are also the layers of the projection, so give some around and
        above the hill even when only one is wanted.
    vertical_factor
        a^2 of the projection, 1 in neutral air.
    lee
        With shelter behind steep ground.
    consistent
        With the mass-consistent projection.

    Raises
    ------
    SolverError
        When heights are not positive and rising, or the roughness is not between 1e-5 and 5 m.
    """
    levels = np.atleast_1d(np.asarray(heights_m, dtype=np.float64))
    _check(levels, roughness_m)
    inflow = Inflow(
        roughness_m=roughness_m,
        inverse_obukhov_1_m=inverse_obukhov_1_m,
        buoyancy_per_speed_1_m=buoyancy_per_speed_1_m,
    )
    bent = replace(inflow, inverse_obukhov_1_m=float(np.clip(inverse_obukhov_1_m, LEAST_1_M, MOST_1_M)))
    ground = widened(terrain.heights_m.astype(np.float64))
    towards = uv_from_direction(1.0, wind_from_deg)
    more = with_one_above(levels)
    spectrum = waves(over_it(ground, bent) * ground, terrain.step_m)
    u, v, w = perturbed(spectrum, towards, bent, more)
    if lee:
        free = 1.0 - shelter(ground, terrain.step_m, towards, more)
        u, v, w = u * free, v * free, w * free
    column = Column(ground_m=ground, step_m=terrain.step_m, edges_m=edges_of(more), profile=bent.speed(more))
    faces = None
    if consistent:
        guess = faces_of(u, v, w, column)
        near = project(guess, column, vertical_factor=vertical_factor, tolerance=_TOLERANCE)
        faces = closed(near.u, near.v, column)
        u, v, w = _at_nodes(faces, column)
    kept = (slice(levels.size), slice(terrain.ny), slice(terrain.nx))
    profile = (inflow.speed(levels) / bent.speed(levels))[:, None, None]
    return HillFlow(
        terrain=terrain,
        inflow=inflow,
        heights_m=levels,
        u=u[kept] * profile,
        v=v[kept] * profile,
        w=w[kept] * profile,
        faces=faces,
        column=column,
        notes=_notes(terrain, inflow, bent),
    )


def _notes(terrain: Terrain, inflow: Inflow, bent: Inflow) -> tuple[str, ...]:
    ground = terrain.heights_m.astype(np.float64)
    values = {
        "terrain_slope": steepest(ground, terrain.step_m),
        "inverse_obukhov_1_m": inflow.inverse_obukhov_1_m,
        "buoyancy_height_over_speed": blocking(bent, relief_m(ground)),
    }
    return tuple(row.note for row in outside(LIMITS, values))


def _at_nodes(faces: Faces, column: Column) -> tuple[FloatArray, FloatArray, FloatArray]:
    u = 0.5 * (faces.u[:, :, 1:] + faces.u[:, :, :-1])
    v = 0.5 * (faces.v[:, 1:] + faces.v[:, :-1])
    north, east = np.gradient(column.ground_m, column.step_m)
    return u, v, 0.5 * (faces.omega[1:] + faces.omega[:-1]) + u * east + v * north


def _check(levels: FloatArray, roughness_m: float) -> None:
    if levels[0] <= 0.0 or np.any(np.diff(levels) <= 0.0) or not np.all(np.isfinite(levels)):
        raise SolverError(
            f"heights_m {levels.tolist()}; expected positive rising heights above ground",
            message_zh=f"heights_m {levels.tolist()}；应为递增的离地正高度",
            field="heights_m",
            value=levels.tolist(),
        )
    if not 1e-5 <= roughness_m <= 5.0:
        raise SolverError(
            f"roughness_m {roughness_m}; expected 1e-5 to 5 m",
            message_zh=f"roughness_m {roughness_m}；应在 1e-5 至 5 米之间",
            field="roughness_m",
            value=roughness_m,
        )
