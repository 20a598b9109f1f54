"""Capture zones of wells and ages of water: arrival times mapped over the grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from shapely.geometry.base import BaseGeometry

from models.water.grid import Grid
from models.water.kernels import Kernel
from models.water.refusal import refused
from models.water.result import FlowField
from models.water.shapes import edges_m, shape_of
from models.water.tracking.field import SINK, TARGET, TrackOptions
from models.water.tracking.march import march, particles_in
from twin.core.geometry import FloatArray

YEAR_S = 365.25 * 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CaptureZones:
    """Ground from which water reaches wells.

    ``arrival_s`` (layers, nr x per_side, nc x per_side) is the time of travel from the middle of each part of
    a cell, inf where water goes elsewhere, NaN where there is none; ``layers`` names its layers.
    ``zones_by_s``: for every time in seconds, the ground seen from above from any of whose layers water
    arrives by then.
    """

    arrival_s: FloatArray
    layers: tuple[int, ...]
    zones_by_s: Mapping[float, BaseGeometry]


def capture_zones(
    grid: Grid,
    porosity: FloatArray,
    field: FlowField,
    wells: npt.ArrayLike,
    *,
    times_s: Sequence[float] = (YEAR_S, 5 * YEAR_S, 10 * YEAR_S, 25 * YEAR_S),
    layers: Sequence[int] | None = None,
    per_side: int = 2,
    options: TrackOptions | None = None,
    kernel: Kernel = "auto",
) -> CaptureZones:
    """Zones of travel time to the well cells ``wells`` (n, 3) in steady flow.

    ``per_side``^2 particles start at half the height of every active cell of ``layers`` (None: those of the
    wells) and go forward; a zone is the union of the parts of cells whose particle arrives in time, so its
    edge is good to a part of a cell. Raises BadRequestError for wells outside active cells or no time.
    """
    rows = np.asarray(wells, dtype=np.int64).reshape(-1, 3)
    if not len(times_s) or min(times_s) <= 0.0:
        raise refused(list(times_s), "times_s", "times above zero", "大于零的时刻")
    targets = np.zeros(grid.shape, dtype=np.bool_)
    for cell in rows:
        place = tuple(int(n) for n in cell)
        if (
            not all(0 <= n < size for n, size in zip(place, grid.shape, strict=True))
            or not grid.active[place]
        ):
            raise refused(place, "wells: cell (layer, row, column)", "an active cell", "活动单元")
        targets[place] = True
    used = tuple(sorted({int(k) for k in (rows[:, 0] if layers is None else layers)}))
    chosen = np.zeros(grid.shape, dtype=np.bool_)
    chosen[list(used)] = grid.active[list(used)]
    cells = np.argwhere(chosen)
    tracks = march(
        grid, porosity, field, particles_in(cells, per_side), until_s=float(max(times_s)), options=options,
        targets=targets, kernel=kernel,
    )  # fmt: skip
    arrives = np.where(tracks.status == TARGET, tracks.time_s, np.inf)
    lattice = np.full((*grid.shape, per_side, per_side), np.nan)
    # Particles of a cell come in the order (east, north), the map is (north, east).
    lattice[tuple(cells.T)] = arrives.reshape(-1, per_side, per_side).transpose(0, 2, 1)
    fine = lattice.transpose(0, 1, 3, 2, 4).reshape(
        grid.shape[0], grid.shape[1] * per_side, grid.shape[2] * per_side
    )[list(used)]
    x = edges_m(grid.x0_m, np.repeat(grid.dx_m / per_side, per_side))
    y = edges_m(grid.y0_m, np.repeat(grid.dy_m / per_side, per_side))
    zones = {float(limit): shape_of(x, y, np.asarray((fine <= limit).any(axis=0))) for limit in times_s}
    return CaptureZones(arrival_s=fine, layers=used, zones_by_s=zones)


def ages(
    grid: Grid,
    porosity: FloatArray,
    field: FlowField,
    *,
    oldest_s: float = 1000.0 * YEAR_S,
    options: TrackOptions | None = None,
    kernel: Kernel = "auto",
) -> FloatArray:
    """Time (nl, nr, nc) since the water at the middle of each cell entered the ground, steady flow.

    Paths go backward to the ground surface or to a source. NaN in inactive and dry cells, ``oldest_s`` where
    the water is older.
    """
    base = options or TrackOptions()
    back = TrackOptions(
        direction="backward", weak_sinks=base.weak_sinks, top=base.top,
        retardation_factor=base.retardation_factor, most_cells=base.most_cells,
    )  # fmt: skip
    cells = np.argwhere(grid.active)
    tracks = march(grid, porosity, field, particles_in(cells), until_s=oldest_s, options=back, kernel=kernel)
    found = np.full(grid.shape, np.nan)
    known = np.isin(tracks.status, (SINK, TARGET, 0, 2, 3))
    found[tuple(cells[known].T)] = np.where(tracks.status[known] == 3, oldest_s, tracks.time_s[known])
    return found
