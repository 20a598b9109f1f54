"""The twin that lives on: it fits, steps, corrects, tells, and can be taken up again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.water.assimilate.data import DataKnobs
from models.water.assimilate.live import TwinKnobs, TwinSetup, WaterTwin
from models.water.assimilate.prior import LnKField, Prior, SourceFactor, StressFactor
from models.water.grid import regular_grid
from models.water.model import WaterProblem
from models.water.now import Reading
from models.water.observe import Screen
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
from tests.support.valley_twin import study
from twin.core.errors import BadRequestError
from twin.core.groundwater import GroundwaterTarget, TargetKind
from twin.core.text import Text

DAY_MS = 86_400_000
SHAPE = (2, 10, 16)
LIMIT = 1e-3
LEADS_S = (0.0, 86_400.0, 100 * 86_400.0)


def _edge(column: int, level: float, name: str) -> FixedHead:
    cells = np.array([(k, i, column) for k in range(2) for i in range(SHAPE[1])])
    return FixedHead(cells=cells, head_m=np.full(len(cells), level), name=name)


def _setup() -> TwinSetup:
    full = np.ones(SHAPE)
    medium = Medium(
        k_m_s=2e-4 * full,
        k33_m_s=2e-5 * full,
        porosity=0.25 * full,
        specific_storage_1_m=1e-4 * full,
        specific_yield=0.1 * full,
    )
    grid = regular_grid(SHAPE, dx_m=20.0, dy_m=20.0, thickness_m=np.array([5.0, 8.0]), top_m=14.0)
    stresses = (
        _edge(0, 13.0, "west"),
        _edge(15, 11.0, "east"),
        Recharge(rate_m_s=np.full(SHAPE[1:], 1e-8)),
        Wells(cells=np.array([[1, 7, 11]]), rate_m3_s=np.array([-3e-4])),
    )
    leak = MassSource(cells=np.array([[0, 5, 3]]), rate_kg_s=np.array([[2e-6]]), name="leak")
    problem = WaterProblem(
        flow=FlowProblem(
            grid=grid,
            medium=medium,
            start_head_m=12.0 * full,
            periods=(Period(length_s=1e12, stresses=stresses, steady=True),),
        ),
        transport=TransportProblem(
            species=(Species(id="f"),), dispersion=Dispersion(longitudinal_m=4.0), sources=(leak,)
        ),
    )
    beliefs = (
        LnKField(name="ground", layers=(0, 1), sd=0.5, range_m=150.0, mean_sd=0.3),
        StressFactor(name="rain", package="rch", ln_sd=0.3),
        SourceFactor(name="leak", source="leak", ln_sd=0.5),
    )
    target = GroundwaterTarget(
        id="well",
        name=Text(zh="井", en="well"),
        kind=TargetKind.VILLAGE,
        line=((230.0, 110.0),),
        radius_m=15.0,
    )
    places = [(90.0, 50.0), (90.0, 150.0), (150.0, 110.0), (210.0, 60.0), (250.0, 150.0)]
    return TwinSetup(
        prior=Prior(problem, beliefs),
        start_ms=0,
        wells=tuple(
            Screen(name=f"w{k}", x_m=x, y_m=y, z_top_m=13.0, z_bottom_m=8.0)
            for k, (x, y) in enumerate(places)
        ),
        limits_kg_m3={"f": LIMIT},
        targets=(target,),
        sources_m={"f": (70.0, 110.0)},
    )


SETUP = _setup()
KNOBS = TwinKnobs(members=8, steps=2, radius_m=400.0, data=DataKnobs(level_sd_m=0.05))


def _readings(day: float, lift_m: float = 0.0) -> list[Reading]:
    """What one more draw of the beliefs shows, as if it were the truth."""
    truth = WaterTwin(SETUP, knobs=replace(KNOBS, members=4), seed=99)
    model = truth.models[0]
    model.step(day * 86_400.0)
    found = []
    for name, level in zip(("w0", "w1", "w2", "w3", "w4"), truth.levels_m(model), strict=True):
        found.append(
            Reading(place=name, quantity="level", time_ms=round(day * DAY_MS), value=level + lift_m, sd=0.01)
        )
    return found


@pytest.fixture(scope="module")
def calibrated() -> WaterTwin:
    twin = WaterTwin(SETUP, knobs=KNOBS, seed=1)
    twin.calibrate([*_readings(100.0), *_readings(200.0)], until_ms=210 * DAY_MS)
    return twin


def test_a_history_brings_the_levels_nearer(calibrated: WaterTwin) -> None:
    twin = WaterTwin(SETUP, knobs=KNOBS, seed=1)
    fit = twin.calibrate(_readings(200.0), until_ms=210 * DAY_MS)
    assert fit.rmse_after_m < 0.7 * fit.rmse_before_m
    assert fit.groups == {"level": 5, "f": 0}
    assert twin.time_ms == calibrated.time_ms == 210 * DAY_MS
    again = WaterTwin(SETUP, knobs=KNOBS, seed=1)
    again.calibrate(_readings(200.0), until_ms=210 * DAY_MS)
    assert np.array_equal(again.parameters, twin.parameters)


def test_readings_of_now_pull_heads_and_plume_and_keep_them_physical(calibrated: WaterTwin) -> None:
    twin = WaterTwin(SETUP, knobs=KNOBS, seed=2)
    twin.restore(calibrated.state())
    twin.advance(211 * DAY_MS)
    conc = Reading(place="w2", quantity="f", time_ms=211 * DAY_MS, value=0.05, sd=0.002)
    fit = twin.assimilate([*_readings(211.0, lift_m=0.4), conc])
    assert fit.rmse_after_m < fit.rmse_before_m
    assert fit.ln_rmse_after < fit.ln_rmse_before
    for model in twin.models:
        state = model.state()
        assert np.nanmin(state.transport.conc_kg_m3) >= 0.0
        held = model.fixed_cells()
        assert set(np.unique(state.head_m[held]).round(9)) <= {11.0, 13.0}
    assert not twin.advance(212 * DAY_MS)


def test_a_now_cast_tells_everything_in_order(calibrated: WaterTwin) -> None:
    now = calibrated.nowcast(LEADS_S)
    assert now.time_ms == 210 * DAY_MS
    assert [row.name for row in now.wells] == ["w0", "w1", "w2", "w3", "w4"]
    for row in now.wells:
        assert row.level_m.low <= row.level_m.median <= row.level_m.high
        assert row.drawdown_m.high > 0.0
    assert [row.lead_s for row in now.fronts] == list(LEADS_S)
    for row in now.fronts:
        assert row.area_m2.low <= row.area_m2.median <= row.area_m2.high
    assert now.fronts[-1].reach_m.median >= now.fronts[0].reach_m.median
    assert now.mass_now_kg["f"].median == pytest.approx(2e-6 * 210 * 86_400, rel=0.9)
    (target,) = now.targets
    assert 0.0 <= target.probability <= 1.0
    assert now.head_median_m.shape == now.drawdown_m.shape == now.flow_east_m_s.shape == SHAPE[1:]
    assert np.nanmedian(now.flow_east_m_s) > 0.0
    assert len(now.volumes) == 2 * len(LEADS_S)
    assert {row.name for row in now.budget} >= {"west", "east", "rch", "wel"}
    assert len(now.flow_lines) > 0
    depth = now.vertical[0]
    assert depth.mass_kg.sum() == pytest.approx(now.mass_now_kg["f"].median, rel=0.6)
    assert depth.mass_kg[depth.depth_m[1:] > 14.0].sum() == 0.0


def test_looking_ahead_leaves_the_members_alone(calibrated: WaterTwin) -> None:
    before = [model.state() for model in calibrated.models]
    ended = calibrated.outlook(LEADS_S, change=lambda model: model.what_if(sources=()), members=3)
    goes_on = calibrated.outlook(LEADS_S, members=3)
    assert all(a is model.state() for a, model in zip(before, calibrated.models, strict=True))
    assert ended.conc_kg_m3.shape[:3] == (3, 3, 1)
    assert np.all(ended.mass_kg[-1] < goes_on.mass_kg[-1])
    assert np.allclose(ended.mass_kg[0], goes_on.mass_kg[0])


def test_a_state_is_taken_up_again(calibrated: WaterTwin) -> None:
    other = WaterTwin(SETUP, knobs=KNOBS, seed=7)
    other.restore(calibrated.state())
    assert other.time_ms == calibrated.time_ms
    for one, two in zip(calibrated.models, other.models, strict=True):
        assert np.allclose(one.state().head_m, two.state().head_m)
        assert np.allclose(one.state().transport.conc_kg_m3, two.state().transport.conc_kg_m3, atol=1e-12)
    with pytest.raises(BadRequestError, match="parameters"):
        WaterTwin(SETUP, knobs=replace(KNOBS, members=5)).restore(calibrated.state())


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda twin: twin.calibrate([]), "readings"),
        (lambda twin: twin.advance(0), "to_ms"),
        (lambda twin: WaterTwin(replace(SETUP, limits_kg_m3={"zn": 1.0})), "limits_kg_m3"),
        (lambda twin: WaterTwin(SETUP, knobs=TwinKnobs(members=2)), "members"),
    ],
)
def test_what_cannot_be_done_is_refused(act, said) -> None:
    with pytest.raises(BadRequestError, match=said):
        act(WaterTwin(SETUP, knobs=KNOBS))


@pytest.mark.study
def test_a_hidden_valley_is_found_out() -> None:
    """Truth by other code, with a channel no belief knows of: heads, conductivity, spread."""
    found = [study(seed) for seed in (31, 32)]
    assert np.mean([row.head_after_m / row.head_before_m for row in found]) < 0.75
    assert np.mean([row.lnk_after / row.lnk_before for row in found]) < 1.0
    assert 0.5 < np.mean([row.spread_error for row in found]) < 1.6
