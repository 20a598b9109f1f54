"""A hundred thousand particles for a year through a heterogeneous aquifer, in CPU-seconds.

``python -m tests.bench.water_tracks``
"""

from __future__ import annotations

import time

import numpy as np

from models.water.flow.solver import FlowSolver
from models.water.grid import Grid, regular_grid
from models.water.problem import FixedHead, Recharge
from models.water.result import FlowField
from models.water.tracking.march import march, particles_in
from tests.support.water_ground import uniform

YEAR_S = 365.25 * 86_400.0
REFERENCE_CPU_S = 5.0  # what was asked for


def aquifer(rows: int = 100, columns: int = 100) -> tuple[Grid, FlowField]:
    """Five layers of ln K sd 1 under rain, between fixed heads."""
    grid = regular_grid((5, rows, columns), dx_m=10.0, dy_m=10.0, thickness_m=8.0)
    rng = np.random.default_rng(1)
    k = 1e-4 * np.exp(rng.normal(size=grid.shape))
    where = [np.array([(n, i, j) for n in range(5) for i in range(rows)]) for j in (0, columns - 1)]
    stresses = [
        FixedHead(cells=cells, head_m=np.full(len(cells), head), name=name)
        for cells, head, name in zip(where, (0.01 * 10.0 * columns, 0.0), ("west", "east"), strict=True)
    ]
    stresses.append(Recharge(rate_m_s=np.full((rows, columns), 1e-8)))
    medium = uniform(grid, k_m_s=k, k33_m_s=0.1 * k)
    return grid, FlowSolver(grid, medium).steady(stresses, np.zeros(grid.shape)).field


def seconds(kernel: str, per_cell: int = 2) -> tuple[float, int]:
    """CPU-seconds of a year and the number of particles; compiled before the clock starts."""
    grid, field = aquifer()
    porosity = np.full(grid.shape, 0.2)
    start = particles_in(np.argwhere(grid.active), 1, per_cell)
    march(grid, porosity, field, particles_in([[0, 1, 1]]), until_s=1.0, kernel=kernel)
    begin = time.process_time()
    march(grid, porosity, field, start, until_s=YEAR_S, kernel=kernel)
    return time.process_time() - begin, len(start.cells)


if __name__ == "__main__":
    for name in ("numba", "numpy"):
        spent, count = seconds(name)
        print(f"{name}: {count} particles x 1 a {spent:.2f} CPU-s (asked: {REFERENCE_CPU_S:g})")
