"""The balance of water of every cell at given heads, and how it changes with them."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from models.water.flow import plain
from models.water.flow.linear import Matrix
from models.water.flow.loads import Loads
from models.water.flow.saturation import saturation
from models.water.grid import PASSES, Grid
from models.water.kernels import Kernel, chosen
from models.water.problem import Medium
from models.water.result import FlatArray
from twin.core.geometry import FloatArray

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ground:
    """What stays the same from step to step, (nl, nr, nc); ``convertible`` (nl,), ``area_m2`` (nr, nc).

    ``alone`` cells with none above or below; ``elastic_m2`` specific storage times volume, ``drainable_m3``
    specific yield times volume (zero where the layer is not convertible). Values of cells that are not active
    are harmless ones. ``span_m`` lowest bottom and highest top.
    """

    active: BoolArray
    points: BoolArray
    alone: BoolArray
    passed: tuple[FlatArray, FlatArray, FlatArray, FloatArray]
    convertible: BoolArray
    area_m2: FloatArray
    bottom_m: FloatArray
    thick_m: FloatArray
    elastic_m2: FloatArray
    drainable_m3: FloatArray
    span_m: tuple[float, float]


def ground_of(grid: Grid, medium: Medium) -> Ground:
    """Geometry and storage of a grid's cells."""
    active = grid.active
    thick = np.where(active, grid.thickness_m, 1.0)
    volume = np.where(active, thick * grid.area_m2[None], 0.0)
    convertible = convertible_of(grid, medium)
    return Ground(
        active=active,
        points=active | _passed(grid),
        alone=active & (grid.below < 0) & ~_has_above(grid),
        passed=_between(grid),
        convertible=convertible,
        area_m2=grid.area_m2,
        bottom_m=np.where(active, grid.bottom_m, -1e30),
        thick_m=thick,
        elastic_m2=np.where(active, medium.specific_storage_1_m, 0.0) * volume,
        drainable_m3=np.where(active & convertible[:, None, None], medium.specific_yield, 0.0) * volume,
        span_m=(
            float(grid.bottom_m.min(where=active, initial=np.inf)),
            float((grid.bottom_m + thick).max(where=active, initial=-np.inf)),
        ),
    )


def convertible_of(grid: Grid, medium: Medium) -> BoolArray:
    """(nl,) whether the saturated thickness of a layer follows the head."""
    if medium.convertible is None:
        return np.zeros(grid.shape[0], dtype=bool)
    return np.array(medium.convertible, dtype=bool)


def _passed(grid: Grid) -> BoolArray:
    """Pinched-out cells that lie between two active ones."""
    under = grid.below >= 0
    layers = np.arange(grid.shape[0])[:, None, None]
    reach = np.maximum.accumulate(np.where(under, grid.below, -1), axis=0)
    return np.asarray((grid.domain == PASSES) & (reach > layers))


def _has_above(grid: Grid) -> BoolArray:
    """Active cells with an active cell above them that water can reach them from."""
    found = np.zeros(grid.shape, dtype=bool)
    k, i, j = np.nonzero(grid.below >= 0)
    found[grid.below[k, i, j], i, j] = True
    return found


def _between(grid: Grid) -> tuple[FlatArray, FlatArray, FlatArray, FloatArray]:
    """Points between layers: their flat index, those of the active cells above and below, the way down."""
    rows: list[tuple[int, int, int, float]] = []
    plane = grid.shape[1] * grid.shape[2]
    for k, i, j in np.argwhere(grid.below > np.arange(grid.shape[0])[:, None, None] + 1):
        place, under = int(i * grid.shape[2] + j), int(grid.below[k, i, j])
        for layer in range(int(k) + 1, under):
            part = (layer - k) / (under - k)
            rows.append((layer * plane + place, int(k) * plane + place, under * plane + place, part))
    table = np.array(rows, dtype=np.float64).reshape(-1, 4)
    here, above, below = (table[:, n].astype(np.int64) for n in range(3))
    return here, above, below, table[:, 3]


def kernels_of(kernel: Kernel) -> ModuleType | Any:
    """The module whose functions compute: numba's where it was chosen, else numpy's."""
    if chosen(kernel) == "numba":
        from models.water.compiled import flow

        return flow
    return plain


class Balance:
    """Balance of one step: ``evaluate`` fills ``residual`` (inflow minus outflow, m3/s) and ``matrix``.

    ``matrix`` is minus the derivative of the residual by the heads. ``stored`` (m3/s) is what storage gives
    to every cell by its own terms, ``sat`` the saturation at the heads. All arrays are written over by the
    next call, and by the next ``begin``.
    """

    def __init__(self, ground: Ground, kernels: Any) -> None:
        shape = ground.active.shape
        self.ground, self._kernels = ground, kernels
        self.free = np.zeros(shape, dtype=bool)
        self.sat_old, self._level_old = np.ones(shape), np.zeros(shape)
        self.sat, self._steep = np.ones(shape), np.zeros(shape)
        self.old_m, self.dt_s = np.zeros(shape), 1.0
        self.residual, self.stored = np.zeros(shape), np.zeros(shape)
        self._elastic, self._drainable = np.zeros(shape), np.zeros(shape)
        self._rows = [np.zeros(shape) for _ in range(6)]
        self.storage_m3_s = 0.0
        self.fills = True  # a dry cell answers to water as a wet one would
        self.holds = False  # loads on the flat part of their lines answer as on the slope
        self._never = np.zeros(shape, dtype=bool)

    def begin(self, loads: Loads, *, old_m: FloatArray | None, dt_s: float, pseudo: bool = False) -> None:
        """Take up the stresses and the heads before a step; ``old_m`` None: a steady state.

        ``pseudo``: storage of any ground, to come to a steady state through time.
        """
        g = self.ground
        self.loads, self.dt_s = loads, dt_s
        self.free[...] = g.points
        self.free.ravel()[loads.fixed] = False
        rate = 0.0 if old_m is None else 1.0 / dt_s
        elastic, drainable = g.elastic_m2, g.drainable_m3
        if pseudo:
            volume = np.where(g.active, g.thick_m * g.area_m2, 0.0)
            elastic, drainable = 1e-5 * volume, np.where(g.convertible[:, None, None], 0.1 * volume, 0.0)
        for out, values in ((self._elastic, elastic), (self._drainable, drainable)):
            np.multiply(values, rate, out=out)
            out.ravel()[loads.fixed] = 0.0
        if old_m is None:
            return
        self.old_m[...] = old_m
        self._level_old[...] = old_m
        for k in np.flatnonzero(g.convertible):
            self.sat_old[k], _ = saturation(old_m[k], g.bottom_m[k], g.thick_m[k])
            rest = old_m[k] - g.bottom_m[k] - 0.5 * g.thick_m[k] * self.sat_old[k]
            self._level_old[k] = self.sat_old[k] * rest

    def levels_m(self) -> tuple[float, float]:
        """Lowest and highest level of the ground and of what stands outside it, m."""
        loads = self.loads
        values = [np.array(self.ground.span_m), loads.fixed_head_m]
        values += [levels for load in loads.loads for levels in load.levels_m()]
        finite = [row[np.isfinite(row)] for row in values]
        return (
            min(float(row.min()) for row in finite if row.size),
            max(float(row.max()) for row in finite if row.size),
        )

    def settle(self, head_m: FloatArray) -> None:
        """Put the heads of points between layers on the line between their ends, in place."""
        here, above, below, part = self.ground.passed
        if len(here):
            flat = head_m.reshape(-1)
            flat[here] = (1.0 - part) * flat[above] + part * flat[below]

    def evaluate(self, head_m: FloatArray, *, newton: bool) -> Matrix:
        """Residual and matrix at heads (nl, nr, nc), fixed ones included."""
        g, f = self.ground, self.loads.faces
        diag, east, west, north, south, down = self._rows
        if not newton:
            west, south = east, north
        diag.fill(0.0)
        self.residual[...] = self.loads.given_m3_s.reshape(g.active.shape)
        flat = head_m.ravel()
        for load in self.loads.loads:
            if not load.given:
                np.add.at(self.residual.ravel(), load.cells, load.flow(flat))
                np.add.at(diag.ravel(), load.cells, load.slope_m2_s if self.holds else load.steepness(flat))
        self.storage_m3_s = self._kernels.store_terms(
            *(head_m, g.bottom_m, g.thick_m, g.convertible),
            *(g.active if self.fills else self._never, self._elastic, self._drainable),
            *(self.sat_old, self._level_old, self.sat, self._steep, self.stored),
            *(self.residual, diag),
        )
        self._kernels.face_terms(
            *(head_m, self.sat, self._steep, g.convertible, f.east_m2_s, f.north_m2_s, f.down_m2_s),
            *(self.free, newton, self.residual, diag, east, west, north, south, down),
        )
        return Matrix(
            diag=diag, east=east, west=west, north=north, south=south, down=down, symmetric=not newton
        )

    def right(self) -> FloatArray:
        """Residual of free cells, zero in the others."""
        return np.where(self.free, self.residual, 0.0)

    def throughput_m3_s(self, head_m: FloatArray) -> float:
        """Half the sum of what packages, fixed heads and storage move."""
        flat = head_m.ravel()
        moved = sum(float(np.abs(load.flow(flat)).sum()) for load in self.loads.loads)
        moved += float(np.abs(self.residual.ravel()[self.loads.fixed]).sum())
        return 0.5 * (moved + self.storage_m3_s)
