"""The model that steps: steps, states, branches, periods, refusals; and whole runs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.water.grid import regular_grid
from models.water.model import WaterModel, WaterProblem
from models.water.observe import Point
from models.water.problem import (
    Dispersion,
    FixedHead,
    FlowProblem,
    MassSource,
    Medium,
    Period,
    Recharge,
    Species,
    TransportProblem,
    Wells,
)
from models.water.run import run, step_lengths
from twin.core.errors import BadRequestError

DAY_S = 86_400.0
SHAPE = (2, 8, 12)


def _edge(column: int, level: float, name: str) -> FixedHead:
    cells = np.array([(k, i, column) for k in range(2) for i in range(SHAPE[1])])
    return FixedHead(cells=cells, head_m=np.full(len(cells), level), name=name)


ENDS = (_edge(0, 12.0, "west"), _edge(11, 10.0, "east"))
RAIN = Recharge(rate_m_s=np.full(SHAPE[1:], 1e-8))
PUMP = Wells(cells=np.array([[1, 4, 6]]), rate_m3_s=np.array([-2e-4]), name="pump")


def problem(*periods: Period, travels: bool = True) -> WaterProblem:
    full = np.ones(SHAPE)
    medium = Medium(
        k_m_s=1e-4 * full,
        k33_m_s=1e-5 * full,
        porosity=0.25 * full,
        specific_storage_1_m=1e-4 * full,
        specific_yield=0.1 * full,
    )
    grid = regular_grid(SHAPE, dx_m=10.0, dy_m=10.0, thickness_m=np.array([4.0, 6.0]), top_m=10.0)
    flow = FlowProblem(grid=grid, medium=medium, start_head_m=11.0 * full, periods=periods or (STEADY,))
    leak = MassSource(cells=np.array([[0, 4, 2]]), rate_kg_s=np.array([[1e-6]]), name="leak")
    transport = TransportProblem(
        species=(Species(id="f"),), dispersion=Dispersion(longitudinal_m=2.0), sources=(leak,)
    )
    return WaterProblem(flow=flow, transport=transport if travels else None)


STEADY = Period(length_s=100 * DAY_S, stresses=(*ENDS, RAIN), steady=True, steps=4)
PUMPED = Period(length_s=50 * DAY_S, stresses=(*ENDS, RAIN, PUMP), steps=5, multiplier=1.5)


def test_mass_that_leaks_is_there() -> None:
    model = WaterModel(problem())
    done = model.step(30 * DAY_S)
    assert done.converged
    assert done.transport is not None
    assert done.transport.mass_kg[0] == pytest.approx(1e-6 * 30 * DAY_S, rel=1e-9)
    assert model.time_s == 30 * DAY_S


def test_steady_flow_is_solved_once(monkeypatch) -> None:
    model = WaterModel(problem())
    first = model.step(DAY_S).flow
    assert model.step(DAY_S).flow is first
    other = model.what_if(add=(PUMP,))
    assert other.step(DAY_S).flow is not first
    assert model.step(DAY_S).flow is first


def test_a_state_brings_back_the_same_numbers() -> None:
    model = WaterModel(problem(STEADY, PUMPED))
    model.step(100 * DAY_S)
    kept = model.state()
    one = model.step(20 * DAY_S)
    model.restore(kept)
    assert model.time_s == 100 * DAY_S
    two = model.step(20 * DAY_S)
    assert np.allclose(one.flow.head_m, two.flow.head_m, rtol=0.0, atol=1e-9)
    assert np.allclose(one.transport.conc_kg_m3, two.transport.conc_kg_m3, atol=1e-12)


def test_a_branch_shares_arrays_and_leaves_its_trunk_alone() -> None:
    model = WaterModel(problem())
    model.step(50 * DAY_S)
    trunk = model.state()
    head, conc = trunk.head_m.copy(), trunk.transport.conc_kg_m3.copy()
    branch = model.what_if(
        add=(PUMP,),
        add_sources=(MassSource(cells=np.array([[0, 2, 3]]), rate_kg_s=np.array([[1e-5]]), name="spill"),),
    )
    assert branch.state() is trunk
    branch.step(50 * DAY_S)
    assert model.state() is trunk
    assert np.array_equal(head, trunk.head_m)
    assert np.array_equal(conc, trunk.transport.conc_kg_m3)
    model.step(50 * DAY_S)
    assert branch.state().head_m[1, 4, 6] < model.state().head_m[1, 4, 6] - 0.01
    assert branch.state().transport.mass_kg[0] > model.state().transport.mass_kg[0]


def test_source_removal_and_another_ground_are_branches_too() -> None:
    model = WaterModel(problem())
    model.step(50 * DAY_S)
    ended = model.what_if(sources=())
    ended.step(50 * DAY_S)
    assert ended.state().transport.mass_kg[0] <= model.state().transport.mass_kg[0] * (1 + 1e-12)
    ground = model.problem.flow.medium
    tight = model.what_if(medium=replace(ground, k_m_s=0.1 * ground.k_m_s, k33_m_s=0.1 * ground.k33_m_s))
    flows = [row.step(DAY_S).flow.field.right_m3_s.sum() for row in (model, tight)]
    assert flows[1] < 0.5 * flows[0]
    rotten = model.what_if(species=(Species(id="f", decay_1_s=1e-6),))
    rotten.step(50 * DAY_S)
    model.step(49 * DAY_S)
    assert rotten.state().transport.mass_kg[0] < 0.5 * model.state().transport.mass_kg[0]


def test_a_step_over_the_end_of_a_period_is_cut_there() -> None:
    across = WaterModel(problem(STEADY, PUMPED))
    across.step(110 * DAY_S)
    cut = WaterModel(problem(STEADY, PUMPED))
    cut.step(100 * DAY_S)
    cut.step(10 * DAY_S)
    assert np.allclose(across.state().head_m, cut.state().head_m, atol=1e-9)


def test_a_correction_keeps_the_balance_of_mass() -> None:
    model = WaterModel(problem())
    model.step(50 * DAY_S)
    conc = np.nan_to_num(model.state().transport.conc_kg_m3)
    model.put(head_m=model.state().head_m + 0.1, conc_kg_m3=1.5 * conc)
    before = model.state().transport.mass_kg[0]
    done = model.step(10 * DAY_S)
    assert before == pytest.approx(1.5 * 1e-6 * 50 * DAY_S, rel=1e-6)
    assert abs(done.transport.balance_error) < 1e-10


def test_a_run_keeps_what_was_asked_for() -> None:
    times = [0.0, 60 * DAY_S, 100 * DAY_S, 103 * DAY_S, 150 * DAY_S]
    got = run(problem(STEADY, PUMPED), times_s=times, points=[Point(name="a", x_m=65.0, y_m=45.0, z_m=3.0)])
    assert got.converged
    assert got.times_s.tolist() == times
    assert got.head_m.shape == (5, *SHAPE)
    assert len(got.fields) == 4
    assert set(got.series) == {"a", "a:f"}
    assert len(got.series["a"]) == len(got.step_times_s) == len(got.budgets) == len(got.masses)
    assert got.series["a"][-1] < got.series["a"][0] - 0.01
    assert {60 * DAY_S, 103 * DAY_S} <= set(got.step_times_s.tolist())
    assert got.worst_balance_error < 1e-10
    assert got.worst_imbalance < 1e-6


def test_steps_grow_by_the_multiplier() -> None:
    lengths = step_lengths(PUMPED)
    assert lengths.sum() == pytest.approx(PUMPED.length_s)
    assert np.allclose(lengths[1:] / lengths[:-1], 1.5)


def test_flow_that_does_not_converge_is_told_and_nothing_travels_on_it() -> None:
    from models.water.flow.solver import FlowOptions

    some = problem(PUMPED)
    rough = replace(some.flow, medium=replace(some.flow.medium, convertible=np.array([True, True])))
    rng = np.random.default_rng(1)
    wild = replace(rough, medium=replace(rough.medium, k_m_s=1e-4 * np.exp(3 * rng.standard_normal(SHAPE))))
    options = FlowOptions(outer=1, balance_share=1e-14)
    got = run(WaterProblem(flow=wild, transport=some.transport), flow_options=options)
    assert not got.converged
    assert "did not converge" in got.notes[0]
    assert any("not advanced" in note for note in got.notes)
    assert np.all(np.nan_to_num(got.conc_kg_m3) == 0.0)


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda m: m.step(0.0), "dt_s"),
        (lambda m: m.what_if(drop=("nobody",)), "drop"),
        (lambda m: m.what_if(species=(Species(id="x"),)), "species"),
        (lambda m: m.put(head_m=np.zeros((1, 2, 3))), "head_m"),
        (lambda m: m.put(conc_kg_m3=np.zeros((1, 2, 3))), "conc_kg_m3"),
        (lambda m: run(m.problem, times_s=[200 * DAY_S]), "times_s"),
        (lambda m: run(m.problem, times_s=[20 * DAY_S, 10 * DAY_S]), "times_s"),
        (lambda m: WaterModel(replace(m.problem, flow=replace(m.problem.flow, periods=()))), "periods"),
        (lambda m: step_lengths(Period(length_s=1.0, stresses=(), steps=0)), "periods"),
    ],
)
def test_what_cannot_be_done_is_refused(act, said) -> None:
    with pytest.raises(BadRequestError, match=said):
        act(WaterModel(problem()))


def test_sources_where_nothing_travels_are_refused() -> None:
    with pytest.raises(BadRequestError, match="sources"):
        WaterModel(problem(travels=False)).what_if(sources=())
