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
    """Flow field, budget and relative imbalance at solved heads.

    The flows through faces and of packages are those of the heads. What the solver left over in a cell is
    counted with its storage, so that the field closes exactly; the budget and the imbalance count storage by
    its own terms and so show what was left over.
    """
    g, faces = balance.ground, balance.loads.faces
    sat = _saturations(balance, head_m)
    east, north = np.zeros(grid.shape), np.zeros(grid.shape)
    for out, cond, axis in ((east, faces.east_m2_s, 2), (north, faces.north_m2_s, 1)):
        first, second = [slice(None)] * 3, [slice(None)] * 3
        first[axis], second[axis] = slice(None, -1), slice(1, None)
        a, b = tuple(first), tuple(second)
        drop = head_m[a] - head_m[b]
        out[a] = cond[a] * np.where(drop > 0.0, sat[a], sat[b]) * drop
    rows, columns = np.indices(grid.shape[1:])
    under = np.maximum(grid.below, 0)
    lower = faces.below_m2_s * (head_m - head_m[under, rows[None], columns[None]])
    left = -east - north - lower
    left[:, :, 1:] += east[:, :, :-1]
    left[:, 1:] += north[:, :-1]
    into = (grid.below, rows[None], columns[None])
    has = grid.below >= 0
    np.add.at(left, tuple(np.broadcast_to(part, grid.shape)[has] for part in into), lower[has])
    flat = head_m.ravel()
    packages = balance.loads.flows(flat)
    for row in packages:
        left += np.bincount(row.cells, weights=row.flow_m3_s, minlength=left.size).reshape(grid.shape)
    for name, cells, conc in balance.loads.fixed_rows:
        packages.append(CellFlow(name=name, cells=cells, flow_m3_s=-left.ravel()[cells], conc_kg_m3=conc))
    left.ravel()[balance.loads.fixed] = 0.0
    left[~g.active] = 0.0
    stored = balance.storage(head_m)
    budget = _budget(packages, None if steady else stored)
    sat_old = np.where(balance.free, balance.sat_old, sat)
    field = FlowField(
        right_m3_s=east,
        front_m3_s=north,
        lower_m3_s=lower,
        saturation_start=sat if steady else sat_old,
        saturation_end=sat,
        storage_m3_s=-left,
        packages=tuple(packages),
        steady=steady,
    )
    return field, budget, imbalance_of(budget)


def _saturations(balance: Balance, head_m: FloatArray) -> FloatArray:
    from models.water.flow.saturation import saturation

    g = balance.ground
    sat = np.ones(head_m.shape)
    for k in np.flatnonzero(g.convertible):
        sat[k], _ = saturation(head_m[k], g.bottom_m[k], g.thick_m[k])
    return sat


def _budget(packages: list[CellFlow], stored: FloatArray | None) -> tuple[BudgetRow, ...]:
    rows = [_row(row.name, row.flow_m3_s) for row in packages]
    if stored is not None:
        rows.append(_row("storage", stored))
    return tuple(rows)


def _row(name: str, flow_m3_s: FloatArray) -> BudgetRow:
    return BudgetRow(
        name=name,
        in_m3_s=float(np.maximum(flow_m3_s, 0.0).sum()),
        out_m3_s=float(np.maximum(-flow_m3_s, 0.0).sum()),
    )


def imbalance_of(budget: tuple[BudgetRow, ...]) -> float:
    """(in - out) / (in + out) * 2; zero where nothing flows."""
    into = sum(row.in_m3_s for row in budget)
    out = sum(row.out_m3_s for row in budget)
    return 2.0 * (into - out) / (into + out) if into + out > 0.0 else 0.0
