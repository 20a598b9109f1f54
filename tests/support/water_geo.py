"""Aquifers and soils with closed forms, for tests and validation of building, tracking and the column."""

from __future__ import annotations

import numpy as np
from scipy.integrate import solve_ivp

from models.water.column.soils import Haverkamp, VanGenuchten
from models.water.flow.solver import FlowSolver
from models.water.grid import regular_grid
from models.water.problem import FixedHead, Wells
from tests.support.water_ground import uniform

POROSITY = 0.2
THICK_M = 10.0
# New Mexico soil of Celia, Bouloutas and Zarba (1990, eq. 13 and the text below it).
NEW_MEXICO = VanGenuchten(
    residual_fraction=0.102, saturated_fraction=0.368, alpha_1_m=3.35, shape_factor=2.0, k_m_s=9.22e-5
)
# Sand of Haverkamp et al. (1977), the first case of Celia et al. (1990).
SAND = Haverkamp(
    residual_fraction=0.075, saturated_fraction=0.287, a_factor=1.611e6, b_factor=3.96, k_m_s=9.44e-5,
    c_factor=1.175e6, d_factor=4.74,
)  # fmt: skip


def basin(cells: int, dx_m: float, rates: dict[tuple[int, int], float], gradient: float = 0.0) -> tuple:
    """A square aquifer between fixed heads west and east with wells (row, column): rate."""
    grid = regular_grid((1, cells, cells), dx_m=dx_m, dy_m=dx_m, thickness_m=THICK_M)
    k = 1e-4
    rows = np.arange(cells)
    sides = []
    for name, column, head in (("west", 0, gradient * dx_m * (cells - 1)), ("east", cells - 1, 0.0)):
        where = np.column_stack([np.zeros(cells, int), rows, np.full(cells, column)])
        sides.append(FixedHead(cells=where, head_m=np.full(cells, head), name=name))
    where = np.array([(0, i, j) for i, j in rates])
    wells = Wells(cells=where, rate_m3_s=np.array(list(rates.values())))
    medium = uniform(grid, k_m_s=k)
    step = FlowSolver(grid, medium).steady([*sides, wells], np.zeros(grid.shape))
    assert step.converged
    return grid, step.field


def lines(soil: object, depth_m: float, cells: int, start_m: float, top_m: float, end_s: float) -> np.ndarray:
    """Water content by the method of lines with a stiff integrator, written apart from the column's own."""
    dz = depth_m / cells

    def change(_: float, head: np.ndarray) -> np.ndarray:
        full = np.concatenate([[top_m], head, [start_m]])
        k = soil.conductivity_m_s(full)
        away = np.full(cells + 1, dz)
        away[[0, -1]] *= 0.5
        flux = 0.5 * (k[1:] + k[:-1]) * ((full[:-1] - full[1:]) / away + 1.0)
        return -np.diff(flux) / dz / soil.capacity_1_m(head)

    found = solve_ivp(
        change, (0.0, end_s), np.full(cells, start_m), method="LSODA", lband=1, uband=1, rtol=1e-7, atol=1e-7
    )
    assert found.success
    return soil.water_content(found.y[:, -1])
