"""Packages, budgets and the field that closes: rivers, drains, evaporation, storage, all at random."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from models.water.flow.solver import FlowOptions, FlowSolver
from models.water.grid import Grid, regular_grid
from models.water.problem import (
    Drain,
    Evapotranspiration,
    FixedHead,
    GeneralHead,
    Recharge,
    River,
    Stress,
    Wells,
)
from models.water.result import BudgetRow, FlowStep
from tests.support.water_ground import held, left_over, pinched_grid, uniform

DAY_S = 86_400.0
ONE = regular_grid((1, 1, 1), dx_m=10.0, dy_m=10.0, thickness_m=20.0, top_m=10.0)
AT = np.array([[0, 0, 0]])


def row(step: FlowStep, name: str) -> BudgetRow:
    return next(found for found in step.budget if found.name == name)


def one_cell(*stresses: Stress) -> FlowStep:
    step = FlowSolver(ONE, uniform(ONE)).steady(list(stresses), np.zeros(ONE.shape))
    assert step.converged
    return step


def pump(rate_m3_s: float) -> Wells:
    return Wells(cells=AT, rate_m3_s=np.array([rate_m3_s]))


def river(conductance: float = 1e-3) -> River:
    return River(
        cells=AT, stage_m=np.array([3.0]), bottom_m=np.array([1.0]), conductance_m2_s=np.array([conductance])
    )


def test_a_river_leaks_no_faster_than_from_its_bottom() -> None:
    """Within its line the head is stage - Q / C; under the river's bottom it gives C (stage - bottom)."""
    np.testing.assert_allclose(one_cell(river(), pump(-1e-3)).head_m, 2.0, atol=1e-9)
    np.testing.assert_allclose(one_cell(river(), pump(2e-3)).head_m, 5.0, atol=1e-9)
    ghb = GeneralHead(cells=AT, head_m=np.array([-4.0]), conductance_m2_s=np.array([1e-3]))
    low = one_cell(river(), ghb, pump(-4e-3))  # 2e-3 from the river's bed, 2e-3 by the general head
    np.testing.assert_allclose(low.head_m, -6.0, atol=1e-9)
    np.testing.assert_allclose(row(low, "riv").in_m3_s, 2e-3, rtol=1e-9)


def test_a_drain_only_takes() -> None:
    drain = Drain(cells=AT, elevation_m=np.array([2.0]), conductance_m2_s=np.array([1e-3]))
    ghb = GeneralHead(cells=AT, head_m=np.array([0.0]), conductance_m2_s=np.array([1e-3]))
    np.testing.assert_allclose(one_cell(drain, ghb, pump(4e-3)).head_m, 3.0, atol=1e-9)
    dry = one_cell(drain, ghb, pump(1e-3))
    np.testing.assert_allclose(dry.head_m, 1.0, atol=1e-9)
    assert row(dry, "drn").out_m3_s == 0.0


@pytest.mark.parametrize(("head", "share"), [(6.0, 1.0), (5.0, 1.0), (4.0, 0.5), (3.0, 0.0), (1.0, 0.0)])
def test_evapotranspiration_falls_with_depth(head: float, share: float) -> None:
    """Full at the surface, none at the extinction depth, a straight line between; it takes no mass."""
    plane = np.ones((1, 3))
    grid = regular_grid((1, 1, 3), dx_m=10.0, dy_m=10.0, thickness_m=20.0, top_m=10.0)
    evt = Evapotranspiration(surface_m=5.0 * plane, rate_m_s=1e-8 * plane, depth_m=2.0 * plane)
    sides = [held(grid, 0, head), held(grid, 2, head), evt]
    step = FlowSolver(grid, uniform(grid, k_m_s=10.0)).steady(sides, np.full(grid.shape, head))
    np.testing.assert_allclose(row(step, "evt").out_m3_s, share * 1e-6, rtol=1e-5, atol=1e-15)
    (taken,) = [found for found in step.field.packages if found.name == "evt"]
    assert not taken.takes_mass
    assert taken.cells.tolist() == [1]  # none where the head is fixed


def test_storage_of_a_closed_box() -> None:
    """Pumping a box: confined by Ss and volume, then with a water table by Sy and area."""
    for convertible, head, expected in ((False, 50.0, 1e-5 * 2000.0), (True, 5.0, 0.2 * 100.0)):
        medium = uniform(ONE, convertible=convertible, storage_1_m=0.0 if convertible else 1e-5)
        solver = FlowSolver(ONE, medium)
        step = solver.step(np.full(ONE.shape, head), 1000.0, [pump(-1e-5)])
        np.testing.assert_allclose(head - step.head_m, 1e-5 * 1000.0 / expected, rtol=1e-5)
        np.testing.assert_allclose(row(step, "storage").in_m3_s, 1e-5, rtol=1e-5)
        if convertible:
            fell = step.field.saturation_start - step.field.saturation_end
            np.testing.assert_allclose(fell * 20.0, head - step.head_m, rtol=1e-4)
        else:
            assert (step.field.saturation_end == 1.0).all()


def test_fixed_heads_are_as_in_the_reference_code() -> None:
    """They do not store; what falls on them is left out; a well in one has no effect and is named."""
    grid = regular_grid((1, 3, 4), dx_m=10.0, dy_m=10.0, thickness_m=5.0)
    rain = Recharge(rate_m_s=np.full((3, 4), 1e-8), conc_kg_m3=np.full((3, 4, 1), 0.5))
    lost = Wells(cells=np.array([[0, 1, 0]]), rate_m3_s=np.array([1e-3]))
    step = FlowSolver(grid, uniform(grid)).step(np.zeros(grid.shape), DAY_S, [held(grid, 0, 4.0), rain, lost])
    assert any("wel: 1 wells" in note for note in step.notes)
    assert row(step, "wel").in_m3_s == 0.0
    np.testing.assert_allclose(row(step, "rch").in_m3_s, 1e-8 * 9 * 100.0)
    assert (step.field.storage_m3_s[0, :, 0] == 0.0).all()
    (fallen,) = [found for found in step.field.packages if found.name == "rch"]
    assert fallen.conc_kg_m3 is not None
    assert fallen.conc_kg_m3.shape == (9, 1)


def test_no_convergence_is_said() -> None:
    """Too few iterations, and a well that takes more than there is: a result that says so."""
    grid = regular_grid((1, 4, 6), dx_m=10.0, dy_m=10.0, thickness_m=5.0, top_m=5.0)
    medium = uniform(grid, convertible=True)
    sides = [held(grid, 0, 4.0), held(grid, -1, 1.0)]
    step = FlowSolver(grid, medium, options=FlowOptions(outer=1)).steady(sides, np.full(grid.shape, 2.0))
    assert not step.converged
    assert "not converged" in step.notes[0]
    thirst = Wells(cells=np.array([[0, 2, 3]]), rate_m3_s=np.array([-1.0]), name="deep well")
    step = FlowSolver(grid, medium).step(np.full(grid.shape, 2.0), DAY_S, [*sides, thirst])
    assert not step.converged
    assert any("deep well takes 1 m3/s from cell (layer, row, column) (0, 2, 3)" in n for n in step.notes)


def test_the_same_call_gives_the_same_heads() -> None:
    """What a solver remembers is a first guess only: another order of calls, the same numbers."""
    grid = pinched_grid()
    medium = uniform(grid, convertible=True)
    stresses = [held(grid, 0, 8.0), Recharge(rate_m_s=np.full((12, 15), 1e-8))]
    start = np.where(grid.active, 9.0, np.nan)
    options = FlowOptions(balance_share=1e-12)
    one, two = FlowSolver(grid, medium, options=options), FlowSolver(grid, medium, options=options)
    first = one.step(start, DAY_S, stresses)
    later = one.step(first.head_m, DAY_S, stresses)
    one.step(later.head_m, 5 * DAY_S, stresses[:1])
    again = one.step(first.head_m, DAY_S, stresses)
    other = two.step(first.head_m.copy(), DAY_S, list(stresses))
    np.testing.assert_allclose(again.head_m, later.head_m, atol=1e-9)
    np.testing.assert_allclose(other.head_m, later.head_m, atol=1e-9)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 2**31))
def test_every_cell_closes(seed: int) -> None:
    """Random grids with holes, packages and steps: each cell's flows sum to nothing, the whole to 1e-9."""
    random = np.random.default_rng(seed)
    grid = _random_grid(random)
    convertible = random.uniform(size=grid.shape[0]) < 0.5
    medium = uniform(
        grid,
        k_m_s=10.0 ** random.uniform(-6.0, -4.0, grid.shape),
        k33_m_s=10.0 ** random.uniform(-7.0, -4.0, grid.shape),
        convertible=list(convertible),
    )
    cells = np.argwhere(grid.active)
    assume(len(cells) >= 5)
    some = cells[random.permutation(len(cells))[:5]]
    tops = grid.tops_m[tuple(some.T)]
    stresses: list[Stress] = [
        FixedHead(cells=some[:1], head_m=tops[:1]),
        Wells(cells=some[1:3], rate_m3_s=random.uniform(-1e-7, 1e-5, 2)),
        GeneralHead(cells=some[3:4], head_m=tops[3:4], conductance_m2_s=np.array([1e-4])),
        Drain(cells=some[4:5], elevation_m=tops[4:5] - 0.5, conductance_m2_s=np.array([1e-4])),
        Recharge(rate_m_s=random.uniform(0.0, 2e-8, grid.shape[1:])),
    ]
    solver = FlowSolver(grid, medium)
    head = np.where(grid.active, grid.top_m[None] - 1.0, np.nan)
    for dt_s in (0.1 * DAY_S, 10.0 * DAY_S):
        step = solver.step(head, dt_s, stresses)
        if step.converged:  # else it says so: see the notes of the step
            assert abs(step.imbalance) <= 1e-9
        else:
            assert step.notes
        flow = sum(found.in_m3_s for found in step.budget)
        assert np.abs(left_over(grid, step.field)).max() <= 1e-12 * flow + 1e-18
        assert not step.field.storage_m3_s[~grid.active].any()
        head = step.head_m


def _random_grid(random: np.random.Generator) -> Grid:
    shape = (int(random.integers(1, 5)), int(random.integers(2, 8)), int(random.integers(2, 8)))
    domain = random.choice([1, 1, 1, 1, -1, 0], shape).astype(np.int8)
    domain[-1] = 1
    thick = np.where(domain == -1, 0.0, random.uniform(1.0, 4.0, shape))
    top = random.uniform(10.0, 11.0, shape[1:])
    return Grid(
        dx_m=random.uniform(3.0, 20.0, shape[2]),
        dy_m=random.uniform(3.0, 20.0, shape[1]),
        top_m=top,
        bottom_m=top[None] - np.cumsum(thick, axis=0),
        domain=domain,
    )
