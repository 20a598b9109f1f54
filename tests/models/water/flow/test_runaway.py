"""A state counts as solved only when it closes: flats, extinction under the ground, overpumped cells."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.water.flow.solver import FlowOptions, FlowSolver
from models.water.grid import Grid, regular_grid
from models.water.kernels import Kernel
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
from models.water.result import FlowStep
from tests.support.water_data import reference
from tests.support.water_ground import held, left_over, uniform

DAY_S = 86_400.0
HOUR_S = 3600.0


def evaporating(shape: tuple[int, int, int], top_m: float, rate_m_s: float, depth_m: float) -> Stress:
    plane = np.ones(shape[1:])
    return Evapotranspiration(surface_m=top_m * plane, rate_m_s=rate_m_s * plane, depth_m=depth_m * plane)


@pytest.mark.parametrize("convertible", [False, True])
@pytest.mark.parametrize("start_m", [-0.01, -1.0, -1.6, -2.9, 5.0])
def test_a_column_between_rain_and_evaporation(start_m: float, convertible: bool) -> None:
    """The level hangs only on a line that is flat at the first guess: a quarter of the full rate falls."""
    grid = regular_grid((3, 1, 1), dx_m=1.0, dy_m=1.0, thickness_m=1.0)
    medium = uniform(grid, k_m_s=1e-2 / HOUR_S, convertible=convertible)
    rain = Recharge(rate_m_s=np.full((1, 1), 1e-4 / HOUR_S))
    stresses = [rain, evaporating(grid.shape, -0.1, 4e-4 / HOUR_S, 2.0)]
    solver = FlowSolver(grid, medium, kernel="numpy")
    step = solver.steady(stresses, np.full(grid.shape, start_m))
    assert step.converged
    np.testing.assert_allclose(step.head_m[1:], -1.6, atol=1e-9)
    step = solver.step(np.full(grid.shape, start_m), 1e5 * DAY_S, stresses)
    assert step.converged
    np.testing.assert_allclose(step.head_m[1:], -1.6, atol=1e-5 if not convertible else 1e-2)


HOLDS = ("drain", "drains", "river", "evaporation")


def hanging(kind: str, shape: tuple[int, int, int], rain_m_s: float) -> list[Stress]:
    """Stresses of a ground whose level hangs on one thing that lets go of it when the head is low."""
    _, nr, nc = shape
    corner = np.array([[0, 0, 0]])
    everywhere = np.array([(0, i, j) for i in range(nr) for j in range(nc)])
    rows: dict[str, Stress] = {
        "drain": Drain(cells=corner, elevation_m=np.array([-2.0]), conductance_m2_s=np.array([1e-3])),
        "drains": Drain(
            cells=everywhere,
            elevation_m=np.full(nr * nc, -2.0),
            conductance_m2_s=np.full(nr * nc, 1e-3),
        ),
        "river": River(
            cells=corner,
            stage_m=np.array([-1.0]),
            bottom_m=np.array([-2.0]),
            conductance_m2_s=np.array([1e-3]),
        ),
        "evaporation": evaporating(shape, -0.5, 4 * rain_m_s, 2.0),
    }
    return [Recharge(rate_m_s=np.full((nr, nc), rain_m_s)), rows[kind]]


@pytest.mark.parametrize("kind", HOLDS)
@pytest.mark.parametrize("shape", [(2, 1, 1), (3, 1, 5), (2, 6, 6)])
@pytest.mark.parametrize("convertible", [False, True])
def test_a_level_that_hangs_on_one_thing(kind: str, shape: tuple[int, int, int], convertible: bool) -> None:
    """From any first guess all rain leaves by what holds the level, which stands where it should."""
    grid = regular_grid(shape, dx_m=50.0, dy_m=50.0, thickness_m=5.0)
    solver = FlowSolver(grid, uniform(grid, convertible=convertible))
    stresses = hanging(kind, shape, 1e-8)
    rain = 1e-8 * 2500.0 * shape[1] * shape[2]
    for start_m in (-4.0, -2.5, 5.0):
        step = solver.steady(stresses, np.full(shape, start_m))
        assert step.converged
        assert step.budget[1].out_m3_s - step.budget[1].in_m3_s == pytest.approx(rain, rel=1e-6)
        assert -3.0 < np.nanmin(step.head_m) <= np.nanmax(step.head_m) < 4.0


@pytest.mark.parametrize("depth_m", [3.0, 0.95])
def test_extinction_under_the_bottom(depth_m: float) -> None:
    """What evaporates comes to nothing as the lowest cell dries, and a note says where."""
    grid = regular_grid((1, 1, 5), dx_m=10.0, dy_m=10.0, thickness_m=1.0, top_m=1.0)
    medium = uniform(grid, k_m_s=1e-5, specific_yield=0.1, convertible=True)
    stresses = [held(grid, 0, 0.3), evaporating(grid.shape, 1.0, 5e-8, depth_m)]
    solver = FlowSolver(grid, medium, kernel="numpy")
    start = np.full(grid.shape, 0.5)
    for step in (solver.steady(stresses, start), solver.step(start, 30 * DAY_S, stresses)):
        assert step.converged
        assert abs(step.imbalance) <= 1e-9
        assert np.nanmin(step.head_m) > 0.0
        noted = [note for note in step.notes if "extinction depth lies under the bottom" in note]
        assert len(noted) == (depth_m > 1.0)
        assert not noted or "4 columns" in noted[0]
    assert solver.steady(stresses, start).budget[1].out_m3_s <= 4 * 100.0 * 5e-8


def test_extinction_under_a_cell_that_nothing_feeds_from_below() -> None:
    """An inactive cell parts the column: the lowest cell that counts is the one above it."""
    domain = np.ones((3, 1, 3), dtype=np.int8)
    domain[1] = 0
    whole = regular_grid((3, 1, 3), dx_m=10.0, dy_m=10.0, thickness_m=1.0)
    grid = replace(whole, domain=domain)
    medium = uniform(grid, k_m_s=1e-5, convertible=[True, False, False])
    stresses = [held(grid, 0, -0.5), evaporating(grid.shape, 0.0, 5e-8, 3.0)]
    step = FlowSolver(grid, medium, kernel="numpy").steady(stresses, np.full(grid.shape, -0.2))
    assert step.converged
    assert any("in 2 columns" in note for note in step.notes)
    assert np.nanmin(step.head_m[0]) > -1.0


def test_a_head_under_a_confined_bottom_is_noted() -> None:
    grid = regular_grid((1, 1, 9), dx_m=10.0, dy_m=10.0, thickness_m=1.0)
    solver = FlowSolver(grid, uniform(grid), kernel="numpy")
    pump = Wells(cells=np.array([[0, 0, 8]]), rate_m3_s=np.array([-3e-4]))
    step = solver.steady([held(grid, 0, 1.0), pump], np.zeros(grid.shape))
    assert step.converged
    low = int((step.head_m < -1.0).sum())
    assert low > 0
    assert any(
        note.startswith(f"the head is under the bottom of {low} confined cells") for note in step.notes
    )
    step = solver.steady([held(grid, 0, 1.0)], np.zeros(grid.shape))
    assert step.notes == ()


def starved(grid: Grid) -> list[Stress]:
    """A river that can give 1e-4 m3/s at most and a well that wants twice as much."""
    river = River(
        cells=np.array([[0, 0, 0]]),
        stage_m=np.array([-1.0]),
        bottom_m=np.array([-2.0]),
        conductance_m2_s=np.array([1e-3]),
    )
    return [river, Wells(cells=np.array([[0, 0, 10]]), rate_m3_s=np.array([-2e-4]))]


def test_a_well_that_takes_too_much_is_named_or_reduced() -> None:
    grid = regular_grid((1, 1, 20), dx_m=50.0, dy_m=50.0, thickness_m=5.0)
    medium, start = uniform(grid, convertible=True), np.full(grid.shape, -1.5)
    whole = FlowSolver(grid, medium, kernel="numpy").steady(starved(grid), start)
    assert not whole.converged
    assert any("(0, 0, 10), which is dry" in note for note in whole.notes)
    assert any("reduce_wells=True" in note for note in whole.notes)
    for first_m in (-4.0, -1.5, 5.0):
        solver = FlowSolver(grid, medium, kernel="numpy", options=FlowOptions(reduce_wells=True))
        step = solver.steady(starved(grid), np.full(grid.shape, first_m))
        rows = {row.name: row for row in step.budget}
        assert step.converged
        assert 5e-5 < rows["wel"].out_m3_s < 1.2e-4
        assert rows["wel"].out_m3_s == pytest.approx(rows["riv"].in_m3_s, rel=1e-8)
        assert [n for n in step.notes if n.startswith("wel gives ") and "of 0.0002 m3/s" in n]


def test_an_overpumped_cell_of_the_reference() -> None:
    """Its head falls below its bottom until the cells around give what is pumped, as in MODFLOW 6."""
    problem = reference("unconfined", (5, 30, 40), 2).problem
    solver = FlowSolver(problem.grid, problem.medium)
    step = solver.step(problem.start_head_m, DAY_S, problem.periods[0].stresses)
    assert step.converged
    assert step.iterations <= 30
    assert np.isnan(step.head_m[1, 20, 28])
    assert abs(step.imbalance) <= 1e-9


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), kernel=st.sampled_from(["numpy", "auto"]))
def test_what_counts_as_solved_closes(seed: int, kernel: Kernel) -> None:
    """Any small ground: solved means closed to 1e-6 of the flow, and heads between those of its edges.

    Without rain, wells and evaporation the heads lie between the lowest and the highest level outside; rain
    may only raise the lower bound, which is left as it is.
    """
    rng = np.random.default_rng(seed)
    shape = (int(rng.integers(1, 4)), int(rng.integers(1, 6)), int(rng.integers(2, 7)))
    grid = regular_grid(shape, dx_m=20.0, dy_m=20.0, thickness_m=4.0)
    medium = uniform(grid, k_m_s=10 ** rng.uniform(-6, -3, shape), convertible=bool(rng.random() < 0.7))
    levels = rng.uniform(-2.0, 0.0, 2)
    near, far = np.array([[0, 0, 0]]), np.array([[0, shape[1] - 1, shape[2] - 1]])
    conductance = 10 ** rng.uniform(-6, -2, 1)
    ends: list[Stress] = [
        FixedHead(cells=near, head_m=levels[:1]),
        GeneralHead(cells=near, head_m=levels[:1], conductance_m2_s=conductance),
        River(cells=near, stage_m=levels[:1], bottom_m=levels[:1] - 1.0, conductance_m2_s=conductance),
        Drain(cells=near, elevation_m=levels[:1], conductance_m2_s=conductance),
    ]
    kind = int(rng.integers(0, 4))
    stresses = [ends[kind]]
    if kind == 0 or rng.random() < 0.5:
        stresses.append(GeneralHead(cells=far, head_m=levels[1:], conductance_m2_s=conductance))
    quiet = bool(rng.random() < 0.5) and kind != 3
    if not quiet:
        stresses.append(Recharge(rate_m_s=rng.uniform(0.0, 2e-8, shape[1:])))
        stresses.append(evaporating(shape, 0.0, float(rng.uniform(0.0, 4e-8)), float(rng.uniform(0.2, 6.0))))
    step: FlowStep = FlowSolver(grid, medium, kernel=kernel).steady(
        stresses, np.full(shape, rng.uniform(-3.5, 4.0))
    )
    if not step.converged:
        assert any(note.startswith("not converged") for note in step.notes)
        return
    flow = max(sum(row.in_m3_s for row in step.budget), 1e-9)  # m3/s: still water closes to rounding
    assert np.abs(step.field.storage_m3_s).sum() <= 1e-6 * flow
    assert np.abs(left_over(grid, step.field)).sum() <= 1e-9 * flow
    if quiet:
        outside = levels[: len(stresses)]
        wet = step.head_m[np.isfinite(step.head_m)]
        assert outside.min() - 1e-6 <= wet.min() <= wet.max() <= outside.max() + 1e-6
