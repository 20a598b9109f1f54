"""What a solved step hands on: flows through faces that close in every cell, and the budget of packages."""

from __future__ import annotations

import numpy as np

from models.water.flow.balance import Balance
from models.water.grid import Grid
from models.water.result import BudgetRow, CellFlow, FlowField
from twin.core.geometry import FloatArray


def field_of(
    grid: Grid, balance: Balance, head_m: FloatArray, *, steady: bool
) -> tuple[FlowField, tuple[BudgetRow, ...], float]:
    """Flow field, budget and relative imbalance at the heads that ``balance`` was evaluated at last.

    The flows through faces and of packages are those of the heads. What the solver left over in a cell is
    counted with its storage, so that the field closes exactly; the budget and the imbalance count storage by
    its own terms and so show what was left over.
    """
    east, north, lower = _flows(grid, balance, head_m)
    left = balance.residual - balance.stored
    _straighten(grid, balance, head_m, lower, left)
    packages = balance.loads.flows(head_m.ravel())
    for name, cells, conc in balance.loads.fixed_rows:
        packages.append(CellFlow(name=name, cells=cells, flow_m3_s=-left.ravel()[cells], conc_kg_m3=conc))
    left.ravel()[balance.loads.fixed] = 0.0
    sat = balance.sat.copy()
    budget = _budget(packages, None if steady else balance.stored)
    field = FlowField(
        right_m3_s=east,
        front_m3_s=north,
        lower_m3_s=lower,
        saturation_start=sat if steady else np.where(balance.free, balance.sat_old, sat),
        saturation_end=sat,
        storage_m3_s=np.negative(left, out=left),
        packages=tuple(packages),
        steady=steady,
    )
    return field, budget, imbalance_of(budget)


def _flows(grid: Grid, balance: Balance, head_m: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    faces, sat = balance.loads.faces, balance.sat
    bends = bool(balance.ground.convertible.any())
    east, north = np.zeros(grid.shape), np.zeros(grid.shape)
    for out, cond, axis in ((east, faces.east_m2_s, 2), (north, faces.north_m2_s, 1)):
        first, second = [slice(None)] * 3, [slice(None)] * 3
        first[axis], second[axis] = slice(None, -1), slice(1, None)
        a, b = tuple(first), tuple(second)
        drop = head_m[a] - head_m[b]
        np.multiply(cond[a], drop, out=out[a])
        if bends:
            out[a] *= np.where(drop > 0.0, sat[a], sat[b])
    lower = np.zeros(grid.shape)
    np.multiply(faces.below_m2_s[:-1], head_m[:-1] - head_m[1:], out=lower[:-1])
    return east, north, lower


def _straighten(
    grid: Grid, balance: Balance, head_m: FloatArray, lower: FloatArray, left: FloatArray
) -> None:
    """Flow through pinched-out cells from the active cell above to the one below, in one piece."""
    faces = balance.loads.faces
    if faces.below_m2_s is faces.down_m2_s:
        return
    for k, i, j in np.argwhere(grid.below > np.arange(grid.shape[0])[:, None, None] + 1):
        under = grid.below[k, i, j]
        flow = faces.below_m2_s[k, i, j] * (head_m[k, i, j] - head_m[under, i, j])
        first = faces.down_m2_s[k, i, j] * (head_m[k, i, j] - head_m[k + 1, i, j])
        last = faces.down_m2_s[under - 1, i, j] * (head_m[under - 1, i, j] - head_m[under, i, j])
        lower[k, i, j] = flow
        left[k, i, j] += first - flow
        left[under, i, j] += flow - last
        left[k + 1 : under, i, j] = 0.0


def _budget(packages: list[CellFlow], stored: FloatArray | None) -> tuple[BudgetRow, ...]:
    rows = [_row(row.name, row.flow_m3_s) for row in packages]
    if stored is not None:
        rows.append(_row("storage", stored))
    return tuple(rows)


def _row(name: str, flow_m3_s: FloatArray) -> BudgetRow:
    into = float(np.maximum(flow_m3_s, 0.0).sum())
    return BudgetRow(name=name, in_m3_s=into, out_m3_s=float(np.maximum(-flow_m3_s, 0.0).sum()))


def imbalance_of(budget: tuple[BudgetRow, ...]) -> float:
    """(in - out) / (in + out) * 2; zero where nothing flows."""
    into = sum(row.in_m3_s for row in budget)
    out = sum(row.out_m3_s for row in budget)
    return 2.0 * (into - out) / (into + out) if into + out > 0.0 else 0.0
