"""The water in plan: water table, and discharge averaged over the wet thickness."""

from __future__ import annotations

import numpy as np

from models.water.grid import Grid
from models.water.result import FlowField
from twin.core.geometry import FloatArray


def water_table(grid: Grid, head_m: FloatArray) -> FloatArray:
    """Head (nr, nc) of the uppermost active cell that holds water; NaN where a column is dry throughout."""
    wet = grid.active & np.isfinite(head_m) & (np.nan_to_num(head_m, nan=-np.inf) > grid.bottom_m)
    first = np.argmax(wet, axis=0)
    found = np.take_along_axis(head_m, first[None], axis=0)[0]
    return np.asarray(np.where(wet.any(axis=0), found, np.nan))


def discharge(grid: Grid, field: FlowField) -> tuple[FloatArray, FloatArray]:
    """Specific discharge (east, north), each (nr, nc) m/s, averaged over the wet thickness.

    The mean of a cell's two faces per axis, all layers together; zero where nothing is wet.
    """
    wet = np.where(grid.active, grid.thickness_m * field.saturation_end, 0.0).sum(axis=0)
    east, north = field.right_m3_s.sum(axis=0), field.front_m3_s.sum(axis=0)
    mean_east = 0.5 * (east + np.pad(east, ((0, 0), (1, 0)))[:, :-1])
    mean_north = 0.5 * (north + np.pad(north, ((1, 0), (0, 0)))[:-1])
    safe = np.where(wet > 0.0, wet, np.inf)
    return np.asarray(mean_east / (grid.dy_m[:, None] * safe)), np.asarray(mean_north / (grid.dx_m * safe))
