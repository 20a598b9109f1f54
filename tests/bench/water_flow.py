"""``python -m tests.bench.water_flow``: CPU-seconds of groundwater flow on the published reference problem.

Beside them the stored figures of MODFLOW 6 on the same problem (``../shared/notes/groundwater.md``, section
2), taken as they are. ``--days`` of the unconfined year, ``--kernel`` numba or numpy, ``--grow`` steady
states from 10,000 to 2,000,000 cells.
"""

from __future__ import annotations

import argparse
import time
from typing import Any, get_args

import numpy as np

from models.water.flow.solver import FlowSolver
from models.water.kernels import Kernel
from tests.support.water_data import FIELDS, reference, south_up

REFERENCE_UNCONFINED_S = 223.5  # MODFLOW 6, flow only, 365 days
DAY_S = 86_400.0


def confined(kernel: Kernel) -> None:
    """The steady state with assembly, after a first call has compiled."""
    problem = reference().problem
    stresses = problem.periods[0].stresses
    FlowSolver(problem.grid, problem.medium, kernel=kernel).steady(stresses, problem.start_head_m)
    started = time.process_time()
    step = FlowSolver(problem.grid, problem.medium, kernel=kernel).steady(stresses, problem.start_head_m)
    spent = time.process_time() - started
    off = np.abs(step.head_m - south_up(np.load(FIELDS)["head_end"])).max()
    print(
        f"confined, 200,000 cells, steady: {spent:.2f} CPU-s (prototype 1.4); largest difference {off:.2g} m"
    )


def unconfined(kernel: Kernel, days: int) -> None:
    """Daily steps with monthly recharge, a river and wells."""
    problem = reference("unconfined").problem
    solver = FlowSolver(problem.grid, problem.medium, kernel=kernel)
    head = problem.start_head_m
    FlowSolver(problem.grid, problem.medium, kernel=kernel).step(head, DAY_S, problem.periods[0].stresses)
    spent, outer, worst, count = [], 0, 0.0, 0
    for period in problem.periods:
        for _ in range(min(period.steps, days - count)):
            started = time.process_time()
            step = solver.step(head, DAY_S, period.stresses)
            spent.append(time.process_time() - started)
            head, count = step.head_m, count + 1
            outer, worst = outer + step.iterations, max(worst, abs(step.imbalance))
            if not step.converged:
                print(f"day {count}: {step.notes}")
    print(
        f"unconfined, 200,000 cells, {count} days: {sum(spent):.1f} CPU-s (MODFLOW 6 "
        f"{REFERENCE_UNCONFINED_S} for 365 days, prototype 41.3); a day {1e3 * np.median(spent):.0f} ms in "
        f"the middle, {1e3 * max(spent):.0f} at most; {outer} outer iterations, imbalance {worst:.1g}"
    )


def grow(kernel: Kernel) -> list[tuple[int, float]]:
    """Steady confined states of other sizes."""
    rows = []
    for side in (45, 100, 200, 400, 632):
        problem: Any = reference(shape=(5, side, side), days=1).problem
        started = time.process_time()
        FlowSolver(problem.grid, problem.medium, kernel=kernel).steady(
            problem.periods[0].stresses, problem.start_head_m
        )
        rows.append((5 * side * side, time.process_time() - started))
        print(f"confined, {rows[-1][0]:,} cells, steady: {rows[-1][1]:.2f} CPU-s")
    return rows


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--kernel", choices=get_args(Kernel), default="auto")
    parser.add_argument("--grow", action="store_true")
    options = parser.parse_args()
    confined(options.kernel)
    if options.grow:
        grow(options.kernel)
    unconfined(options.kernel, options.days)


if __name__ == "__main__":
    main()
