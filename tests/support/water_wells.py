"""Wells in wide grids with the numbers they are judged by; for tests and the validation."""

from __future__ import annotations

import numpy as np

from models.water.flow.screened import screened
from models.water.flow.solver import FlowSolver
from models.water.grid import Grid
from models.water.problem import GeneralHead, Medium, Stress
from tests.support.water_closed import hantush_m, theis_m
from tests.support.water_ground import graded, graded_grid, uniform
from twin.core.geometry import FloatArray

DAY_S = 86_400.0
T_M2_S, STORAGE, RATE_M3_S, LEAK_M = 500.0 / DAY_S, 2e-4, 2500.0 / DAY_S, 500.0
# Drawdown in m of TTim 0.8.0 (three aquifers, aquitards of 400 and 800 d, 1,000 m3/d out of the second) at
# distances, after 1, 10 and 100 days, in the three aquifers; ../shared/notes/groundwater.md, section 3.2.
TTIM = {
    20.0: [(0.1502, 1.2020, 0.1650), (0.5423, 1.3907, 0.3267), (0.8961, 1.6880, 0.6017)],
    100.0: [(0.1073, 0.5797, 0.1515), (0.4790, 0.7654, 0.3118), (0.8314, 1.0620, 0.5863)],
}


def drawdowns(
    grid: Grid, medium: Medium, stresses: list[Stress], ends_s: list[float], growth: float, first_s: float
) -> list[FloatArray]:
    """Heads below zero at the asked ends, with steps that grow from ``first_s``."""
    solver = FlowSolver(grid, medium)
    head, now, dt, out = np.zeros(grid.shape), 0.0, first_s, []
    for end in ends_s:
        while now < end * (1.0 - 1e-12):
            dt = min(dt, end - now)
            step = solver.step(head, dt, stresses)
            assert step.converged
            assert abs(step.imbalance) <= 1e-9
            head, now = step.head_m, now + dt
            dt *= growth
        out.append(-head)
    return out


def middle(grid: Grid) -> int:
    """Row and column of the well."""
    return (grid.shape[1] - 1) // 2


def theis() -> tuple[list[float], FloatArray, list[FloatArray], list[FloatArray]]:
    """Times, distances beyond five cells, drawdown found and exact."""
    grid = graded_grid(graded(10.0, 12, 1.2, 15_000.0), [0.0], [-10.0])
    medium = uniform(grid, k_m_s=T_M2_S / 10.0, storage_1_m=STORAGE / 10.0)
    well = screened(grid, medium, 0.0, 0.0, 0.0, -10.0, -RATE_M3_S)
    times = [0.01 * DAY_S, 0.1 * DAY_S, DAY_S]
    found = drawdowns(grid, medium, [well], times, 1.09, 2.0)
    m = middle(grid)
    r = grid.x_m[m + 5 : m + 20]
    exact = [theis_m(r, time_s, RATE_M3_S, T_M2_S, STORAGE) for time_s in times]
    return times, r, [values[0, m, m + 5 : m + 20] for values in found], exact


def hantush() -> tuple[Grid, Medium, list[Stress], FloatArray, FloatArray, FloatArray]:
    """Ground and stresses of the leaky aquifer; distances, drawdown after a day found and exact."""
    grid = graded_grid(graded(10.0, 12, 1.25, 8_000.0), [0.0], [-10.0])
    medium = uniform(grid, k_m_s=T_M2_S / 10.0, storage_1_m=STORAGE / 10.0)
    well = screened(grid, medium, 0.0, 0.0, 0.0, -10.0, -RATE_M3_S)
    k, i, j = np.indices(grid.shape).reshape(3, -1)
    above = GeneralHead(
        cells=np.column_stack([k, i, j]),
        head_m=np.zeros(k.size),
        conductance_m2_s=(grid.area_m2 * T_M2_S / LEAK_M**2).ravel(),
    )
    (found,) = drawdowns(grid, medium, [well, above], [DAY_S], 1.15, 5.0)
    m = middle(grid)
    r = grid.x_m[m + 5 : m + 22]
    exact = hantush_m(r, DAY_S, RATE_M3_S, T_M2_S, STORAGE, LEAK_M)
    return grid, medium, [well, above], r, found[0, m, m + 5 : m + 22], exact


def three_layers() -> dict[float, list[tuple[float, ...]]]:
    """What ``TTIM`` holds, by this solver; aquitards without storage are layers of their own."""
    bottoms = [-10.0, -14.0, -34.0, -40.0, -60.0]
    grid = graded_grid(graded(4.0, 8, 1.3, 20_000.0), [0.0, *bottoms[:-1]], bottoms)
    k = np.array([5.0, 1e-9, 20.0, 1e-9, 8.0])[:, None, None] / DAY_S
    k33 = np.array([5e4, 4.0 / 400.0, 2e5, 6.0 / 800.0, 8e4])[:, None, None] / DAY_S
    storage = np.array([1e-3, 0.0, 5e-5, 0.0, 5e-5])[:, None, None]
    medium = uniform(grid, k_m_s=k, k33_m_s=k33, storage_1_m=storage)
    well = screened(grid, medium, 0.0, 0.0, -15.0, -33.0, -1000.0 / DAY_S)
    found = drawdowns(grid, medium, [well], [DAY_S, 10 * DAY_S, 100 * DAY_S], 1.2, 20.0)
    m = middle(grid)
    log_r = np.log(grid.x_m[m + 1 :])
    return {
        r: [
            tuple(float(np.interp(np.log(r), log_r, rows[n, m, m + 1 :])) for n in (0, 2, 4))
            for rows in found
        ]
        for r in TTIM
    }
