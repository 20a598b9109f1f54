"""The water table of a state: levels of the wells, interpolated below the ground."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gis.terrain import Terrain
from gis.watertable import WaterTable, interpolate_water_table
from twin.core.geometry import Extent, FloatArray, frozen
from twin.core.origin import Origin, of_result
from twin.core.park import Park
from twin.live.state import Head, State

GRID_M = 40.0
STALE_S = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeadGrid:
    """Nodes of the water table, ``x_m`` (nx,), ``y_m`` (ny,), and the ground there (ny, nx)."""

    x_m: FloatArray
    y_m: FloatArray
    ground_m: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeadResult:
    """A water table in the local frame, its origin, and the readings that it came from."""

    table: WaterTable
    origin: Origin
    inputs: tuple[str, ...]


def head_grid(extent: Extent, terrain: Terrain, step_m: float = GRID_M) -> HeadGrid:
    """Nodes from the south-west corner of the extent on."""
    x = frozen(np.arange(extent.x_min_m, extent.x_max_m + 1e-6, step_m))
    y = frozen(np.arange(extent.y_min_m, extent.y_max_m + 1e-6, step_m))
    east, north = np.meshgrid(x, y)
    return HeadGrid(x_m=x, y_m=y, ground_m=frozen(terrain.height(east, north)))


def water_table(park: Park, grid: HeadGrid, state: State) -> HeadResult | None:
    """Water table from the levels of the last day; None when no well has spoken.

    Wells report heights above the vertical datum; the local frame has ``origin.height_m`` taken off.
    Raises StrataError when the levels cannot be used.
    """
    heads = [row for row in state.heads if row.age_s <= STALE_S]
    if not heads:
        return None
    collars = {well.id: well.collar for well in park.wells}
    wells = np.array([_well(row, collars[row.well_id].array(), park) for row in heads])
    return HeadResult(
        table=interpolate_water_table(wells, grid.x_m, grid.y_m, grid.ground_m),
        origin=of_result(*{row.origin for row in heads}),
        inputs=tuple(f"{row.series_key}@{state.time_ms - round(1000 * row.age_s)}" for row in heads),
    )


def _well(head: Head, collar_m: FloatArray, park: Park) -> tuple[float, float, float, float]:
    return collar_m[0], collar_m[1], collar_m[2], head.level_m - park.origin.height_m
