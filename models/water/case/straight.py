"""Particles in a flow that is the same everywhere: straight lines to the edge of the grid."""

from __future__ import annotations

import math

import numpy as np

from models.water.case.build import Built
from models.water.case.schema_ground import UniformFlowTable
from models.water.case.schema_tracks import TracksCase
from models.water.case.uniform import uniform_speed_m_s
from models.water.grid import Grid, IntArray
from models.water.tracking.field import STATUS
from models.water.tracking.march import Particles, Tracks
from twin.core.errors import BadRequestError
from twin.core.geometry import FloatArray

_NEAR = 1e-9  # part of the grid's width by which an end at its edge is looked up inside


def until_s_of(built: Built, case: TracksCase) -> float:
    """How long particles are followed."""
    until = case.tracking.until
    return math.inf if until is None else until * built.loaded.scale.factor("T")


def straight(built: Built, case: TracksCase, table: UniformFlowTable, particles: Particles) -> Tracks:
    """X = x0 + v t until the edge or the end. Raises BadRequestError where that never comes."""
    grid = built.problem.flow.grid
    speed = uniform_speed_m_s(built, table)[1] / case.tracking.retardation
    speed = -speed if case.tracking.direction == "backward" else speed
    low = np.array([grid.x0_m, grid.y0_m, float(grid.bottom_m[-1].min())])
    span = np.array([grid.dx_m.sum(), grid.dy_m.sum(), float(grid.top_m.max()) - low[2]])
    start = _places(grid, particles)
    to_wall = np.where(speed > 0.0, low + span - start, low - start)
    times = np.divide(to_wall, speed, out=np.full_like(start, np.inf), where=speed != 0.0)
    begin_s = np.zeros(len(start)) if particles.release_s is None else particles.release_s
    left_s = np.maximum(until_s_of(built, case) - begin_s, 0.0)
    under_way_s = np.minimum(times.min(axis=1), left_s)
    if not np.isfinite(under_way_s).all():
        msg = "uniform_flow: particles never leave; expected a velocity above zero or tracking.until"
        raise BadRequestError(
            msg,
            message_zh="uniform_flow：质点不会离开；应有非零流速或 tracking.until",
            field="tracking.until",
        )
    end = start + speed * under_way_s[:, None]
    status = np.where(times.min(axis=1) <= left_s, STATUS.index("left"), STATUS.index("under way"))
    paths = tuple(
        np.array([[b, *s], [b + t, *e]]) for b, t, s, e in zip(begin_s, under_way_s, start, end, strict=True)
    )
    return Tracks(
        end_m=end,
        time_s=begin_s + under_way_s,
        cells=_cells(grid, np.clip(end, low + _NEAR * span, low + (1.0 - _NEAR) * span)),
        status=status.astype(np.int8),
        paths=paths if case.tracking.paths else (),
    )


def _places(grid: Grid, particles: Particles) -> FloatArray:
    k, i, j = particles.cells.T
    corner = [(grid.x_m - 0.5 * grid.dx_m)[j], (grid.y_m - 0.5 * grid.dy_m)[i], grid.bottom_m[k, i, j]]
    size = [grid.dx_m[j], grid.dy_m[i], grid.thickness_m[k, i, j]]
    return np.asarray(np.column_stack(corner) + particles.local * np.column_stack(size))


def _cells(grid: Grid, places: FloatArray) -> IntArray:
    found = []
    for x, y, z in places.tolist():
        i, j = grid.column_row(x, y)
        found.append((int(np.searchsorted(-grid.bottom_m[:, i, j], -z)), i, j))
    return np.array(found, dtype=np.int64)
