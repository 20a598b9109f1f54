"""Whether a flow field closes: water that cells gain or lose without a face, a package or storage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.water.grid import Grid
from models.water.result import FlowField
from twin.core.geometry import FloatArray

TOLERANCE = 1e-4  # of the largest flow through a cell


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gap:
    """``missing_m3_s`` (nl, nr, nc) of cells that do not close, zero elsewhere; ``note`` naming the worst."""

    missing_m3_s: FloatArray
    note: str

    def carried_kg(self, conc_kg_m3: FloatArray, dt_s: float) -> float:
        """Mass that the missing water would have carried at concentrations (nl, nr, nc)."""
        return float((np.abs(self.missing_m3_s) * np.nan_to_num(conc_kg_m3)).sum() * dt_s)


def gap(field: FlowField, grid: Grid) -> Gap | None:
    """What does not close, by more than ``TOLERANCE`` of the largest flow through a cell; None: all does."""
    active = grid.active
    right = np.where(active[..., :-1] & active[..., 1:], field.right_m3_s[..., :-1], 0.0)
    front = np.where(active[:, :-1] & active[:, 1:], field.front_m3_s[:, :-1], 0.0)
    net = np.where(active, field.storage_m3_s, 0.0)
    size = np.abs(net)
    for flow, one, two in (
        (right, np.s_[..., :-1], np.s_[..., 1:]),
        (front, np.s_[:, :-1], np.s_[:, 1:]),
    ):
        net[one] -= flow
        net[two] += flow
        size[one] += np.abs(flow)
        size[two] += np.abs(flow)
    k, i, j = np.nonzero((grid.below >= 0) & (field.lower_m3_s != 0.0))
    down, under = field.lower_m3_s[k, i, j], (grid.below[k, i, j], i, j)
    net[k, i, j] -= down
    net[under] += down
    size[k, i, j] += np.abs(down)
    size[under] += np.abs(down)
    for row in field.packages:
        flow = np.bincount(row.cells, weights=row.flow_m3_s, minlength=net.size).reshape(net.shape)
        net += flow
        size += np.abs(flow)
    return _gap(np.where(active, net, 0.0), 0.5 * float(size.max(initial=0.0)))


def _gap(net: FloatArray, most: float) -> Gap | None:
    missing = np.where(np.abs(net) > TOLERANCE * most, net, 0.0)
    if not missing.any():
        return None
    at = tuple(int(n) for n in np.unravel_index(int(np.abs(missing).argmax()), missing.shape))
    note = (
        f"the flow field does not close in {np.count_nonzero(missing)} cells: {missing[at]:.3g} m3/s too "
        f"much in cell (layer, row, column) {at}; concentrations there are not to be trusted"
    )
    return Gap(missing_m3_s=missing, note=note)
