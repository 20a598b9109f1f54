"""Laws: sorption's limits, decay chains, immobile water, tables that move, windows, the implicit part."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.water.grid import Grid, regular_grid
from models.water.problem import (
    Dispersion,
    DualDomain,
    FixedConcentration,
    MassSource,
    Sorption,
    Species,
    TransportProblem,
)
from models.water.result import CellFlow, FlowField
from models.water.transport.solver import TransportOptions, TransportSolver
from tests.support.water_uniform import carried, uniform_field
from twin.core.geometry import FloatArray

DAY_S = 86_400.0
STILL = Dispersion()


def p2(sorption: Sorption | None) -> FloatArray:
    """P2: a pulse through a column of 101 cells of 0.16 cm, all concentrations at the end (two calls)."""
    grid = regular_grid((1, 1, 101), dx_m=0.0016, dy_m=0.01, thickness_m=0.01)
    held = [
        FixedConcentration(cells=np.array([[0, 0, 0]]), conc_kg_m3=np.full((1, 1), 0.05), end_s=160.0),
        FixedConcentration(cells=np.array([[0, 0, 0]]), conc_kg_m3=np.zeros((1, 1)), start_s=160.0),
    ]
    problem = TransportProblem(
        species=[Species(id="a", sorption=sorption)],
        dispersion=Dispersion(longitudinal_m=0.01),
        fixed=held,
    )
    field = uniform_field(grid, (0.37 * 0.001, 0.0, 0.0))
    _, steps = carried(grid, 0.37, problem, field, 8.0, 50)
    assert max(step.balance_error for step in steps) <= 1e-10
    assert all((step.conc_kg_m3 >= 0.0).all() and (step.conc_kg_m3 <= 0.05 + 1e-12).all() for step in steps)
    return np.array([step.conc_kg_m3[0, 0, 0, 50] for step in steps])


def test_slow_exchange_reaches_its_limits() -> None:
    linear = Sorption(bulk_density_kg_m3=1587.0, kd_m3_kg=0.933e-3)
    even, none = p2(linear), p2(None)
    assert np.allclose(p2(replace(linear, rate_1_s=0.0)), none, atol=1e-12)
    assert np.abs(p2(replace(linear, rate_1_s=20.0)) - even).max() <= 0.01 * even.max()
    slow = p2(replace(linear, rate_1_s=0.002 / 1587.0 * 1e3))
    assert none.argmax() <= slow.argmax()
    assert slow.max() < none.max()


@pytest.mark.parametrize(
    "sorption",
    [
        Sorption(kind="freundlich", bulk_density_kg_m3=1587.0, kf=0.3e-3, exponent=0.7),
        Sorption(kind="langmuir", bulk_density_kg_m3=1587.0, s_max_kg_kg=3e-6, kl_m3_kg=100.0),
        Sorption(kind="freundlich", bulk_density_kg_m3=1587.0, kf=0.3e-3, exponent=1.0),
    ],
)
def test_isotherms_hold_back_and_keep_mass(sorption: Sorption) -> None:
    held, free = p2(sorption), p2(None)
    assert np.cumsum(held)[15] < np.cumsum(free)[15]
    if sorption.kind == "freundlich" and sorption.exponent == 1.0:
        linear = Sorption(bulk_density_kg_m3=1587.0, kd_m3_kg=0.3e-3)
        assert np.allclose(held, p2(linear), rtol=1e-9, atol=1e-14)


def test_a_chain_decays_as_bateman_says() -> None:
    grid = regular_grid((1, 1, 2), dx_m=1.0, dy_m=1.0, thickness_m=1.0)
    a, b, c = 2e-6, 1e-6, 5e-7
    species = [
        Species(id="c", decay_1_s=c, decay_sorbed_1_s=c, parent="b", yield_kg_kg=0.5),
        Species(id="a", decay_1_s=a, decay_sorbed_1_s=a, sorption=Sorption(kd_m3_kg=3e-4)),
        Species(id="b", decay_1_s=b, parent="a", yield_kg_kg=0.9),
    ]
    start = np.zeros((3, 1, 1, 2))
    start[1] = 1.0
    problem = TransportProblem(species=species, dispersion=STILL, start_conc_kg_m3=start)
    state, steps = carried(grid, 0.3, problem, uniform_field(grid, (0.0, 0.0, 0.0)), DAY_S / 2, 40)
    t = 20 * DAY_S
    first = 2.0 * (0.3 + 1600.0 * 3e-4)
    second = first * 0.9 * a / (b - a) * (np.exp(-a * t) - np.exp(-b * t))
    third = (
        first * 0.45 * a * b
        * (
            np.exp(-a * t) / ((b - a) * (c - a))
            + np.exp(-b * t) / ((a - b) * (c - b))
            + np.exp(-c * t) / ((a - c) * (b - c))
        )
    )  # fmt: skip
    assert state.mass_kg == pytest.approx([third, first * np.exp(-a * t), second], rel=2e-4)
    assert steps[-1].balance_error <= 1e-12
    assert {row.name for row in steps[-1].rows} == {"decay", "production"}


def test_immobile_water_takes_its_share() -> None:
    grid = regular_grid((1, 1, 2), dx_m=1.0, dy_m=1.0, thickness_m=1.0)
    species = Species(id="a", dual=DualDomain(porosity=0.1, exchange_1_s=1e-6))
    problem = TransportProblem(
        species=[species], dispersion=STILL, start_conc_kg_m3=np.full((1, 1, 1, 2), 1.0)
    )
    state, _ = carried(grid, 0.3, problem, uniform_field(grid, (0.0, 0.0, 0.0)), DAY_S, 1)
    even, rate = 0.75, 1e-6 * (1 / 0.3 + 1 / 0.1)
    assert state.conc_kg_m3 == pytest.approx(even + 0.25 * np.exp(-rate * DAY_S), rel=1e-12)
    assert state.mass_kg == pytest.approx([0.6], rel=1e-13)


def draining(grid: Grid, start: float, end: float, sy: float) -> FlowField:
    """Water leaves every cell by a drain, or enters clean by a well, as its table moves in a day."""
    full = np.ones(grid.shape)
    bulk = float(grid.area_m2[0, 0] * grid.thickness_m[0, 0, 0])
    rate = sy * bulk * (end - start) / DAY_S
    cells = np.arange(full.size)
    return FlowField(
        right_m3_s=0 * full,
        front_m3_s=0 * full,
        lower_m3_s=0 * full,
        saturation_start=start * full,
        saturation_end=end * full,
        storage_m3_s=-rate * full,
        packages=[CellFlow(name="drn", cells=cells, flow_m3_s=np.full(full.size, rate))],
        steady=False,
    )


def test_a_table_that_falls_and_rises_loses_nothing_and_raises_nothing() -> None:
    grid = regular_grid((1, 1, 3), dx_m=1.0, dy_m=1.0, thickness_m=2.0)
    species = Species(id="a", sorption=Sorption(kd_m3_kg=1e-4))
    problem = TransportProblem(
        species=[species], dispersion=STILL, start_conc_kg_m3=np.full((1, 1, 1, 3), 0.4)
    )
    solver = TransportSolver(grid, 0.25, problem)
    state = solver.start()
    state, low = solver.step(state, draining(grid, 1.0, 0.4, 0.15), DAY_S, 0.0)
    assert low.conc_kg_m3 == pytest.approx(0.4, rel=1e-12)
    assert state.dry_kg.sum() > 0.0
    assert state.water_m3 == pytest.approx(0.25 * 2.0 * 0.4)
    left = next(row.out_kg for row in low.rows if row.name == "drn")
    assert left == pytest.approx(3 * 0.15 * 2.0 * 0.6 * 0.4, rel=1e-12)
    state, high = solver.step(state, draining(grid, 0.4, 1.0, 0.15), DAY_S, DAY_S)
    assert state.dry_kg == pytest.approx(0.0, abs=1e-15)
    assert (high.conc_kg_m3 < 0.4).all()
    assert high.balance_error <= 1e-13


def test_evaporation_takes_no_mass() -> None:
    grid = regular_grid((1, 1, 4), dx_m=1.0, dy_m=1.0, thickness_m=1.0)
    field = uniform_field(grid, (1e-6, 0.0, 0.0), np.full(grid.shape, 0.1))
    east = next(row for row in field.packages if row.name == "east")
    others = [row for row in field.packages if row.name != "east"]
    field = replace(field, packages=[*others, replace(east, takes_mass=False)])
    problem = TransportProblem(species=[Species(id="a")], dispersion=STILL)
    state, steps = carried(grid, 0.3, problem, field, DAY_S, 5)
    assert state.mass_kg == pytest.approx([5 * DAY_S * 1e-6 * 0.1], rel=1e-12)
    assert {row.name for row in steps[-1].rows} == {"west"}


def test_the_window_changes_nothing_that_can_be_seen() -> None:
    grid = regular_grid((3, 40, 60), dx_m=5.0, dy_m=5.0, thickness_m=2.0)
    problem = TransportProblem(
        species=[Species(id="a")],
        dispersion=Dispersion(longitudinal_m=2.0, transverse_horizontal_m=0.2, transverse_vertical_m=0.02),
        sources=[MassSource(cells=np.array([[1, 20, 10]]), rate_kg_s=np.full((1, 1), 1e-6), end_s=5 * DAY_S)],
    )
    field = uniform_field(grid, (2e-6, 5e-7, 1e-7))
    near, steps = carried(grid, 0.3, problem, field, DAY_S, 30)
    whole, _ = carried(grid, 0.3, problem, field, DAY_S, 30, options=TransportOptions(window=False))
    most = np.nanmax(whole.conc_kg_m3)
    assert np.nanmax(np.abs(near.conc_kg_m3 - whole.conc_kg_m3)) <= 1e-8 * most
    assert near.mass_kg == pytest.approx(whole.mass_kg, rel=1e-8)
    assert steps[-1].balance_error <= 1e-12


def test_few_fast_cells_are_implicit_and_nothing_is_lost() -> None:
    """A column of 5 cm would ask for some hundred substeps; what enters fills it and goes on."""
    widths = np.full(41, 10.0)
    widths[20] = 0.05
    base = regular_grid((1, 1, 41), dx_m=10.0, dy_m=10.0, thickness_m=5.0)
    grid = Grid(dx_m=widths, dy_m=base.dy_m, top_m=base.top_m, bottom_m=base.bottom_m, domain=base.domain)
    field = uniform_field(grid, (4e-6, 0.0, 0.0), np.full(grid.shape, 0.2))
    problem = TransportProblem(species=[Species(id="a")], dispersion=Dispersion(longitudinal_m=0.5))
    mixed, steps = carried(grid, 0.3, problem, field, 2 * DAY_S, 200, options=TransportOptions(few_share=0.1))
    assert any("implicit" in note for note in steps[-1].notes)
    assert max(step.substeps for step in steps) <= 20
    assert steps[-1].balance_error <= 1e-12
    assert (mixed.conc_kg_m3 >= 0.0).all()
    assert (mixed.conc_kg_m3 <= 0.2 + 1e-12).all()
    assert mixed.conc_kg_m3[0, 0, 0, :36] == pytest.approx(0.2, rel=1e-3)
