"""Flow with a water table: Dupuit's curve, the saturation's shape, drying, the two iterations, tolerance."""

from __future__ import annotations

import numpy as np
import pytest

from models.water.flow.saturation import SMOOTHING, saturation
from models.water.flow.solver import FlowOptions, FlowSolver
from models.water.grid import regular_grid
from models.water.problem import Drain, FixedHead, FlowProblem, Recharge, Stress, Wells
from tests.support.water_closed import dupuit_m
from tests.support.water_data import reference
from tests.support.water_ground import held, left_over, uniform

DAY_S = 86_400.0


def test_saturation_is_smooth() -> None:
    """Zero under the bottom, one over the top, straight between, and its slope is its derivative."""
    heads = np.concatenate([np.linspace(-1.0, 11.0, 4001), [SMOOTHING * 5.0, 10.0 - SMOOTHING * 5.0]])
    bottom, thick = np.zeros_like(heads), np.full_like(heads, 10.0)
    part, steep = saturation(heads, bottom, thick)
    assert (part[heads <= 0.0] == 0.0).all()
    assert (part[heads >= 10.0] == 1.0).all()
    np.testing.assert_allclose(part, np.clip(heads / 10.0, 0.0, 1.0), atol=SMOOTHING)
    for at in (0.3 * SMOOTHING, 0.2, 0.999, 1.0 - 0.3 * SMOOTHING):
        h, d = 10.0 * at, 1e-7
        ends, _ = saturation(np.array([h - d, h + d]), np.zeros(2), np.full(2, 10.0))
        _, slope = saturation(np.array([h]), np.zeros(1), np.full(1, 10.0))
        np.testing.assert_allclose((ends[1] - ends[0]) / (2 * d), slope[0], rtol=1e-4)
    assert (steep >= 0.0).all()


@pytest.mark.parametrize("method", ["auto", "newton"])
def test_dupuit_with_recharge(method: str) -> None:
    """The parabola between two rivers: the upstream weighting is of first order in the cell width."""
    length, k, rain = 1000.0, 2e-4, 3e-8
    errors = []
    for count in (50, 200):
        dx = length / count
        grid = regular_grid((1, 1, count + 1), dx_m=dx, dy_m=10.0, thickness_m=30.0, top_m=30.0)
        solver = FlowSolver(
            grid, uniform(grid, k_m_s=k, convertible=True), options=FlowOptions(method=method)
        )
        sides = [held(grid, 0, 12.0), held(grid, -1, 8.0), Recharge(rate_m_s=np.full((1, count + 1), rain))]
        step = solver.steady(sides, np.full(grid.shape, 10.0))
        assert step.converged
        exact = dupuit_m(np.arange(count + 1) * dx, length, 12.0, 8.0, rain, k)
        errors.append(float(np.abs(step.head_m[0, 0] - exact).max()))
        assert abs(step.imbalance) <= 1e-9
    assert errors[1] <= 0.01
    assert errors[1] < 0.3 * errors[0]


def test_a_slope_dries_and_is_wetted_again() -> None:
    """Heads are NaN in dry cells, which may be handed back; no water is made or lost on the way."""
    grid = regular_grid((3, 5, 12), dx_m=10.0, dy_m=10.0, thickness_m=2.0, top_m=6.0)
    medium = uniform(grid, k_m_s=1e-4, storage_1_m=1e-6, convertible=True)
    solver = FlowSolver(grid, medium)
    at = np.array([[2, i, 0] for i in range(5)])
    pump = Wells(cells=np.array([[2, 2, 6]]), rate_m3_s=np.array([-1e-5]))
    low = [FixedHead(cells=at, head_m=np.full(5, 1.5)), pump]
    high = [FixedHead(cells=at, head_m=np.full(5, 5.9))]
    with pytest.raises(Exception, match=r"chd\.head_m of cell \(layer, row, column\) \(0, 0, 0\)"):
        solver.steady([held(grid, 0, 3.0)], np.full(grid.shape, 5.0))
    head, dry, volume = np.full(grid.shape, 5.5), [], []
    for stresses in (low, high):
        for _ in range(15):
            step = solver.step(head, 3 * DAY_S, stresses)
            assert step.converged
            assert abs(step.imbalance) <= 1e-9
            assert np.abs(left_over(grid, step.field)).max() <= 1e-15
            head = step.head_m
        dry.append(int(np.isnan(head).sum()))
        volume.append(float(step.field.saturation_end.sum()))
    assert dry[0] >= 60
    assert dry[1] == 0
    assert volume[1] > 1.4 * volume[0]


def _gentle(problem: FlowProblem) -> list[Stress]:
    """The reference's stresses without its two wells, which would empty a smaller ground."""
    return [row for row in problem.periods[0].stresses if row.name != "wel"]


def test_symmetric_and_newtons_iteration_agree() -> None:
    problem = reference("unconfined", (5, 30, 30), 3).problem
    stresses = _gentle(problem)
    heads = []
    for method in ("picard", "newton"):
        options = FlowOptions(method=method, balance_share=1e-10)
        solver = FlowSolver(problem.grid, problem.medium, options=options)
        head = problem.start_head_m
        for _ in range(3):
            head = solver.step(head, DAY_S, stresses).head_m
        heads.append(head)
    np.testing.assert_allclose(heads[0], heads[1], atol=1e-8)


def test_tolerance_leaves_a_tenth_of_a_millimetre() -> None:
    """A month of the unconfined reference, smaller: the default tolerance against a far tighter one."""
    problem = reference("unconfined", (5, 40, 40), 31).problem
    stresses = _gentle(problem)
    heads = []
    for share in (FlowOptions().balance_share, 1e-8):
        solver = FlowSolver(problem.grid, problem.medium, options=FlowOptions(balance_share=share))
        head = problem.start_head_m
        for _ in range(31):
            step = solver.step(head, DAY_S, stresses)
            assert step.converged
            assert abs(step.imbalance) <= 1e-9
            head = step.head_m
        heads.append(head)
    assert np.abs(heads[0] - heads[1]).max() <= 1e-4


def test_water_table_by_drains() -> None:
    """Drains hold the water table; what falls leaves by them (a steady state with kinks)."""
    grid = regular_grid((2, 10, 10), dx_m=20.0, dy_m=20.0, thickness_m=5.0, top_m=10.0)
    at = np.array([[0, i, 5] for i in range(10)])
    drain = Drain(cells=at, elevation_m=np.full(10, 7.0), conductance_m2_s=np.full(10, 1e-2))
    rain = Recharge(rate_m_s=np.full((10, 10), 2e-8))
    step = FlowSolver(grid, uniform(grid, convertible=True)).steady([drain, rain], np.full(grid.shape, 8.0))
    rows = {row.name: row for row in step.budget}
    assert step.converged
    np.testing.assert_allclose(rows["drn"].out_m3_s, 2e-8 * 100 * 400.0, rtol=1e-8)
    assert step.head_m[0].min() > 7.0
