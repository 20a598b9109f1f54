"""Confined flow: the reference's heads, exact sections, walls, pinched-out layers, the maximum principle."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from models.water.flow.solver import FlowOptions, FlowSolver
from models.water.grid import Grid, regular_grid
from models.water.problem import Barrier, Recharge, Wells
from tests.support.water_data import FIELDS, file_of, reference, south_up
from tests.support.water_ground import held, uniform


def test_heads_of_the_reference_code() -> None:
    """200 x 200 x 5 cells: within 0.1 mm of MODFLOW 6's heads (which are stored to 4 um)."""
    fields = file_of(FIELDS)
    problem = reference().problem
    step = FlowSolver(problem.grid, problem.medium).steady(problem.periods[0].stresses, problem.start_head_m)
    assert step.converged
    assert abs(step.imbalance) <= 1e-9
    assert np.abs(step.head_m - south_up(np.load(fields)["head_end"])).max() <= 1e-4


def test_without_pyamg_the_same_heads() -> None:
    problem = reference(shape=(5, 40, 40), days=1).problem
    heads = [
        FlowSolver(problem.grid, problem.medium, options=FlowOptions(multigrid=which))
        .steady(problem.periods[0].stresses, problem.start_head_m)
        .head_m
        for which in ("never", "always")
    ]
    np.testing.assert_allclose(heads[0], heads[1], atol=1e-6)


def test_layers_and_columns_in_series() -> None:
    """A column of cells of two conductivities: the exact broken line."""
    grid = regular_grid((1, 3, 12), dx_m=10.0, dy_m=5.0, thickness_m=4.0)
    k = np.where(np.arange(12) < 6, 1e-4, 1e-5)[None, None, :]
    step = FlowSolver(grid, uniform(grid, k_m_s=k)).steady(
        [held(grid, 0, 10.0, "west"), held(grid, 11, 4.0, "east")], np.zeros(grid.shape)
    )
    resistance = np.array([0.0, *[1e5] * 5, 0.5e5 + 5e5, *[1e6] * 5])
    exact = 10.0 - 6.0 * np.cumsum(resistance) / resistance.sum()
    np.testing.assert_allclose(step.head_m[0, 1], exact, atol=1e-8)
    flow = 6.0 / (resistance.sum() / (5.0 * 4.0) * 10.0) * 10.0
    rows = {row.name: row for row in step.budget}
    np.testing.assert_allclose(rows["west"].in_m3_s, 3 * flow, rtol=1e-8)
    np.testing.assert_allclose(rows["east"].out_m3_s, 3 * flow, rtol=1e-8)
    np.testing.assert_allclose(step.field.right_m3_s[0, :, :-1], flow, rtol=1e-8)


def test_a_wall_is_a_thick_slab() -> None:
    """A barrier gives the heads of a slab of its thickness and conductivity, which a thin column resolves."""
    wall_m, k_wall = 0.5, 1e-8
    grid = regular_grid((2, 4, 10), dx_m=10.0, dy_m=10.0, thickness_m=5.0)
    k, i = (part.ravel() for part in np.indices((2, 4)))
    barrier = Barrier(
        cells_a=np.column_stack([k, i, np.full(8, 4)]),
        cells_b=np.column_stack([k, i, np.full(8, 5)]),
        hydraulic_1_s=np.full(8, k_wall / wall_m),
    )
    thin = FlowSolver(grid, uniform(grid)).steady(
        [held(grid, 0, 5.0), held(grid, -1, 0.0), barrier], np.zeros(grid.shape)
    )
    dx = np.array([10.0] * 5 + [wall_m] + [10.0] * 5)
    slab_grid = Grid(
        dx_m=dx,
        dy_m=grid.dy_m,
        top_m=np.zeros((4, 11)),
        bottom_m=np.broadcast_to(np.array([-5.0, -10.0])[:, None, None], (2, 4, 11)).copy(),
        domain=np.ones((2, 4, 11), dtype=np.int8),
    )
    slab = np.where(np.arange(11) == 5, k_wall, 1e-4)[None, None, :]
    thick = FlowSolver(slab_grid, uniform(slab_grid, k_m_s=slab)).steady(
        [held(slab_grid, 0, 5.0), held(slab_grid, -1, 0.0)], np.zeros(slab_grid.shape)
    )
    np.testing.assert_allclose(thin.head_m, np.delete(thick.head_m, 5, axis=2), atol=1e-7)


def test_a_pinched_out_layer_is_as_if_never_drawn() -> None:
    """idomain -1 in a whole layer: the heads of the grid that does not have it."""
    two = regular_grid((2, 6, 7), dx_m=10.0, dy_m=10.0, thickness_m=np.array([4.0, 6.0]), top_m=0.0)
    bottom = np.stack([two.bottom_m[0], two.bottom_m[0], two.bottom_m[0], two.bottom_m[1]])
    domain = np.ones((4, 6, 7), dtype=np.int8)
    domain[1:3] = -1
    four = Grid(dx_m=two.dx_m, dy_m=two.dy_m, top_m=two.top_m, bottom_m=bottom, domain=domain)
    k = 1e-4 * np.exp(np.random.default_rng(2).standard_normal(two.shape))
    k_four = k[[0, 0, 0, 1]]
    rain = Recharge(rate_m_s=np.full((6, 7), 1e-8))
    for convertible in (False, True):
        heads = []
        for grid, values in ((two, k), (four, k_four)):
            last = grid.shape[0] - 1
            pump = Wells(cells=np.array([[last, 3, 4]]), rate_m3_s=np.array([-1e-4]))
            medium = uniform(grid, k_m_s=values, k33_m_s=0.1 * values, convertible=convertible)
            solver = FlowSolver(grid, medium, options=FlowOptions(balance_share=1e-10))
            step = solver.steady([held(grid, 0, -1.0), rain, pump], np.where(grid.active, -1.0, np.nan))
            step = solver.step(step.head_m, 86_400.0, [held(grid, 0, -2.0), rain])
            assert step.converged
            heads.append(step.head_m[[0, last]])
            assert np.isnan(step.head_m[domain[: grid.shape[0]] == -1]).all() or grid is two
        np.testing.assert_allclose(heads[0], heads[1], atol=1e-8)


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 2**31), shape=st.tuples(*[st.integers(1, 6)] * 2, st.integers(3, 9)))
def test_maximum_principle(seed: int, shape: tuple[int, int, int]) -> None:
    """Without wells no head leaves the range of the fixed ones, whatever the ground."""
    random = np.random.default_rng(seed)
    grid = regular_grid(shape, dx_m=random.uniform(1, 50), dy_m=random.uniform(1, 50), thickness_m=3.0)
    medium = uniform(
        grid,
        k_m_s=10.0 ** random.uniform(-8, -3, shape),
        k33_m_s=10.0 ** random.uniform(-9, -3, shape),
    )
    sides = [held(grid, 0, random.uniform(0, 1, shape[0] * shape[1])), held(grid, -1, 2.0)]
    step = FlowSolver(grid, medium).steady(sides, np.zeros(shape))
    assert step.converged
    assert step.head_m.min() >= sides[0].head_m.min() - 1e-7
    assert step.head_m.max() <= 2.0 + 1e-7
