"""Stresses as flows into cells that depend on the head of their own cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import singledispatch
from typing import Any

import numpy as np
import numpy.typing as npt

from models.water.flow.checks import bad, check_stress
from models.water.flow.conductance import Faces, with_barriers
from models.water.grid import Grid
from models.water.problem import (
    Barrier,
    Drain,
    Evapotranspiration,
    FixedHead,
    GeneralHead,
    Recharge,
    River,
    Stress,
    Wells,
)
from models.water.result import CellFlow, FlatArray
from twin.core.geometry import FloatArray

FADING = 0.1  # of a cell's thickness over which what cannot be had from a dry cell comes to nothing


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Load:
    """A package: flow into its cells ``rate + slope * (zero - clip(head, low, high))``, m3/s; arrays (n,).

    A river, general head or drain is a line that ends where the head falls under the river's bottom or the
    drain; evapotranspiration is a line between two heads; a given rate (``given`` True) has no line.
    With ``floor_m`` the flow fades from the whole at ``fading_m`` over it to nothing at it.
    """

    name: str
    cells: FlatArray
    rate_m3_s: FloatArray
    slope_m2_s: FloatArray
    zero_m: FloatArray
    low_m: FloatArray
    high_m: FloatArray
    conc_kg_m3: FloatArray | None = None
    takes_mass: bool = True
    given: bool = False
    floor_m: FloatArray | None = None
    fading_m: FloatArray | None = None

    def flow(self, head_m: FloatArray) -> FloatArray:
        """Flow into every cell at heads of the ravelled grid, m3/s."""
        if self.given:
            return self.rate_m3_s
        flow = self._whole(head_m)
        return flow if self.floor_m is None else flow * self._faded(head_m)[0]

    def _whole(self, head_m: FloatArray) -> FloatArray:
        head = np.clip(head_m[self.cells], self.low_m, self.high_m)
        return np.asarray(self.rate_m3_s + self.slope_m2_s * (self.zero_m - head))

    def _faded(self, head_m: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Share of the flow that is left (a cubic, as MODFLOW 6 reduces wells) and its slope, 1/m."""
        assert self.floor_m is not None
        assert self.fading_m is not None
        part = np.clip((head_m[self.cells] - self.floor_m) / self.fading_m, 0.0, 1.0)
        return part * part * (3.0 - 2.0 * part), 6.0 * part * (1.0 - part) / self.fading_m

    def levels_m(self) -> tuple[FloatArray, ...]:
        """Levels at which the line begins, ends or is zero; none of a given rate."""
        on = self.slope_m2_s > 0.0
        return self.zero_m[on], self.low_m[on], self.high_m[on]

    def steepness(self, head_m: FloatArray) -> FloatArray:
        """Minus the derivative of the flow by the head, m2/s."""
        head = head_m[self.cells]
        steep = np.where((head > self.low_m) & (head < self.high_m), self.slope_m2_s, 0.0)
        if self.floor_m is None:
            return steep
        share, slope = self._faded(head_m)
        return np.asarray(steep * share - self._whole(head_m) * slope)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Loads:
    """All stresses of a step: fixed heads, given rates as one array, loads that depend on the head."""

    faces: Faces
    fixed: FlatArray
    fixed_head_m: FloatArray
    fixed_rows: tuple[tuple[str, FlatArray, FloatArray | None], ...]
    given_m3_s: FloatArray
    loads: tuple[Load, ...]
    notes: tuple[str, ...]

    def flows(self, head_m: FloatArray) -> list[CellFlow]:
        """What every package but the fixed heads puts into its cells."""
        return [
            CellFlow(
                name=load.name,
                cells=load.cells,
                flow_m3_s=load.flow(head_m),
                conc_kg_m3=load.conc_kg_m3,
                takes_mass=load.takes_mass,
            )
            for load in self.loads
        ]

    def heads_matter(self) -> bool:
        """Whether any load changes its slope with the head."""
        return any(
            bool(np.isfinite(load.low_m).any() or np.isfinite(load.high_m).any()) or load.floor_m is not None
            for load in self.loads
            if not load.given
        )


def loads_of(
    grid: Grid,
    convertible: npt.NDArray[np.bool_],
    faces: Faces,
    stresses: Sequence[Stress],
    *,
    reduce_wells: bool = False,
) -> Loads:
    """Check stresses and lay them onto the grid; ``reduce_wells``: pumping fades where a cell runs dry.

    What falls on a cell whose head is fixed has no effect, as in MODFLOW 6, and is left out. Raises
    BadRequestError as ``models.water.flow.checks`` says, or for two fixed heads in one cell.
    """
    for stress in stresses:
        check_stress(grid, convertible, stress)
    fixed_rows = tuple(
        (row.name, _flat(grid, row.cells), row.conc_kg_m3) for row in stresses if isinstance(row, FixedHead)
    )
    fixed, heads = _fixed(grid, [row for row in stresses if isinstance(row, FixedHead)])
    is_fixed = np.zeros(grid.active.size, dtype=bool)
    is_fixed[fixed] = True
    loads, notes = [], []
    for stress in stresses:
        if isinstance(stress, FixedHead | Barrier):
            continue
        load = _load(stress, grid)
        lost = is_fixed[load.cells]
        if isinstance(stress, Wells) and bool(lost.any()):
            notes.append(f"{stress.name}: {int(lost.sum())} wells in cells of fixed head have no effect")
        load = _without(load, lost) if lost.any() else load
        if isinstance(stress, Evapotranspiration):
            load = _ending_at_the_bottom(load, grid, convertible, notes)
        elif isinstance(stress, Wells) and reduce_wells:
            load = _ending_when_dry(load, grid, convertible)
        loads.append(load)
    given = np.zeros(grid.active.size)
    for load in loads:
        if load.given:
            given += np.bincount(load.cells, weights=load.rate_m3_s, minlength=given.size)
    return Loads(
        faces=with_barriers(faces, grid, [row for row in stresses if isinstance(row, Barrier)]),
        fixed=fixed,
        fixed_head_m=heads,
        fixed_rows=fixed_rows,
        given_m3_s=given,
        loads=tuple(loads),
        notes=tuple(notes),
    )


def _flat(grid: Grid, cells: npt.NDArray[np.int64]) -> FlatArray:
    nl, nr, nc = grid.shape
    return np.asarray((cells[:, 0] * nr + cells[:, 1]) * nc + cells[:, 2], dtype=np.int64)


def _fixed(grid: Grid, rows: Sequence[FixedHead]) -> tuple[FlatArray, FloatArray]:
    if not rows:
        return np.zeros(0, dtype=np.int64), np.zeros(0)
    cells = np.concatenate([_flat(grid, row.cells) for row in rows])
    heads = np.concatenate([row.head_m for row in rows])
    order = np.argsort(cells, kind="stable")
    twice = np.flatnonzero(np.diff(cells[order]) == 0)
    if len(twice):
        again = order[twice[0] + 1]
        cell = tuple(int(n) for n in np.unravel_index(cells[again], grid.shape))
        raise bad(
            f"{rows[0].name}.cells",
            f"cell (layer, row, column) {cell} twice",
            "one fixed head per cell",
            "每个单元只有一个定水头",
        )
    return cells, heads


def _without(load: Load, lost: npt.NDArray[np.bool_]) -> Load:
    values = {field.name: getattr(load, field.name) for field in fields(load)}
    kept: dict[str, Any] = {
        name: value[~lost] for name, value in values.items() if isinstance(value, np.ndarray)
    }
    return replace(load, **kept)


def _ending_at_the_bottom(
    load: Load, grid: Grid, convertible: npt.NDArray[np.bool_], notes: list[str]
) -> Load:
    """Evapotranspiration that would draw from under the lowest cell, which holds no water there."""
    layer, *at = np.unravel_index(load.cells, grid.shape)
    for _ in range(grid.shape[0]):  # down to where water can pass
        under = grid.below[layer, at[0], at[1]]
        layer = np.where(under >= 0, under, layer)
    lowest = (layer, *at)
    bottom = grid.bottom_m[lowest]
    deep = convertible[layer] & (load.zero_m < bottom) & (load.slope_m2_s > 0.0)
    if not deep.any():
        return load
    notes.append(
        f"{load.name}: in {int(deep.sum())} columns the extinction depth lies under the bottom of the lowest "
        f"convertible cell; what it takes comes to nothing over the lowest {FADING:g} of that cell"
    )
    floor = np.where(deep, bottom, -np.inf)
    return replace(load, floor_m=floor, fading_m=np.asarray(FADING * grid.thickness_m[lowest]))


def _ending_when_dry(load: Load, grid: Grid, convertible: npt.NDArray[np.bool_]) -> Load:
    at = np.unravel_index(load.cells, grid.shape)
    pumped = convertible[at[0]] & (load.rate_m3_s < 0.0)
    if not pumped.any():
        return load
    floor = np.where(pumped, grid.bottom_m[at], -np.inf)
    return replace(load, given=False, floor_m=floor, fading_m=np.asarray(FADING * grid.thickness_m[at]))


@singledispatch
def _load(stress: Stress, grid: Grid) -> Load:
    raise bad(
        field="stresses",
        value=type(stress).__name__,
        expected="a stress of models.water.problem",
        expected_zh="已知的源汇项",
    )


@_load.register
def _wells(stress: Wells, grid: Grid) -> Load:
    return _given(stress.name, _flat(grid, stress.cells), stress.rate_m3_s, stress.conc_kg_m3)


@_load.register
def _recharge(stress: Recharge, grid: Grid) -> Load:
    cells, at = _uppermost(grid)
    conc = None if stress.conc_kg_m3 is None else stress.conc_kg_m3[at]
    return _given(stress.name, cells, stress.rate_m_s[at] * grid.area_m2[at], conc)


def _given(name: str, cells: FlatArray, rate_m3_s: FloatArray, conc: FloatArray | None) -> Load:
    none = np.zeros(len(cells))
    return Load(
        name=name,
        cells=cells,
        rate_m3_s=np.asarray(rate_m3_s, dtype=np.float64),
        slope_m2_s=none,
        zero_m=none,
        low_m=np.full(len(cells), -np.inf),
        high_m=np.full(len(cells), np.inf),
        conc_kg_m3=conc,
        given=True,
    )


@_load.register
def _river(stress: River, grid: Grid) -> Load:
    return _line(
        stress.name,
        _flat(grid, stress.cells),
        stress.conductance_m2_s,
        stress.stage_m,
        low_m=stress.bottom_m,
        conc_kg_m3=stress.conc_kg_m3,
    )


@_load.register
def _drain(stress: Drain, grid: Grid) -> Load:
    return _line(
        stress.name,
        _flat(grid, stress.cells),
        stress.conductance_m2_s,
        stress.elevation_m,
        low_m=stress.elevation_m,
    )


@_load.register
def _general_head(stress: GeneralHead, grid: Grid) -> Load:
    return _line(
        stress.name,
        _flat(grid, stress.cells),
        stress.conductance_m2_s,
        stress.head_m,
        conc_kg_m3=stress.conc_kg_m3,
    )


@_load.register
def _evapotranspiration(stress: Evapotranspiration, grid: Grid) -> Load:
    cells, at = _uppermost(grid)
    none_at = stress.surface_m[at] - stress.depth_m[at]
    return _line(
        stress.name,
        cells,
        stress.rate_m_s[at] * grid.area_m2[at] / stress.depth_m[at],
        none_at,
        low_m=none_at,
        high_m=np.asarray(stress.surface_m[at]),
        takes_mass=False,
    )


def _line(
    name: str,
    cells: FlatArray,
    slope_m2_s: FloatArray,
    zero_m: FloatArray,
    *,
    low_m: FloatArray | None = None,
    high_m: FloatArray | None = None,
    conc_kg_m3: FloatArray | None = None,
    takes_mass: bool = True,
) -> Load:
    return Load(
        name=name,
        cells=cells,
        rate_m3_s=np.zeros(len(cells)),
        slope_m2_s=np.asarray(slope_m2_s, dtype=np.float64),
        zero_m=np.asarray(zero_m, dtype=np.float64),
        low_m=np.full(len(cells), -np.inf) if low_m is None else low_m,
        high_m=np.full(len(cells), np.inf) if high_m is None else high_m,
        conc_kg_m3=conc_kg_m3,
        takes_mass=takes_mass,
    )


def _uppermost(grid: Grid) -> tuple[FlatArray, tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    i, j = np.nonzero(grid.uppermost >= 0)
    nl, nr, nc = grid.shape
    return np.asarray((grid.uppermost[i, j] * nr + i) * nc + j, dtype=np.int64), (i, j)
