"""Measures side by side: what is measured, which is best and why, costs, plans on the ground."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from models.contaminants.library import contaminant
from models.water.fronts import Dressing, front, plan
from models.water.measures.compare import Choice, compare, working_area
from models.water.measures.comparison import Comparison, wire
from models.water.measures.cost import PRICES, cost
from models.water.measures.planned import Plume, across, capture_m3_s, propose
from models.water.measures.species import species_of
from models.water.measures.verdict import verdict
from tests.support.spoiled_ground import DAY_S, FLUX_M_S, TANK, WELL, aged, spoiled_ground
from twin.core.errors import BadRequestError
from twin.core.groundwater import GroundwaterMeasure, MeasureKind
from twin.core.text import Text

LEADS_S = (30 * DAY_S, 120 * DAY_S)


def named(name: str, kind: MeasureKind, **more: object) -> GroundwaterMeasure:
    return GroundwaterMeasure(
        id=name,
        name=Text(zh=name, en=name),
        kind=kind,
        bottom_m=10.0,
        **more,  # type: ignore[arg-type]
    )


PUMP = named("pump", MeasureKind.PUMP, line=((205.0, 105.0),), rate_m3_s=1.5e-3)
DIG = named("dig", MeasureKind.SOURCE_REMOVAL, source_id="tank")
ZONE = named(
    "zone",
    MeasureKind.REACTIVE_ZONE,
    line=((200.0, 40.0), (200.0, 170.0)),
    thickness_m=2.0,
    half_life_s=DAY_S,
)


@pytest.fixture(scope="module")
def made() -> Comparison:
    members = [aged(spoiled_ground(factor=factor), 120) for factor in (0.8, 1.25)]
    return compare(
        members,
        [PUMP, DIG, ZONE],
        substance="fluoride",
        limit_kg_m3=1e-3,
        leads_s=LEADS_S,
        targets=[WELL],
        sources=[TANK],
        step_s=10 * DAY_S,
    )


def test_doing_nothing_comes_first_and_every_option_has_every_lead(made: Comparison) -> None:
    assert [row.id for row in made.options] == ["do_nothing", "pump", "dig", "zone"]
    assert made.baseline == "do_nothing"
    for row in made.options:
        assert [lead.lead_s for lead in row.leads] == list(LEADS_S)
        assert row.converged
        for lead in row.leads:
            assert lead.mass_kg.low <= lead.mass_kg.median <= lead.mass_kg.high
            assert lead.area_m2.median > 0.0


def test_mass_in_the_ground_is_what_the_balance_says(made: Comparison) -> None:
    nothing, dig = made.option("do_nothing").leads[-1], made.option("dig").leads[-1]
    # The tip of the faster member's plume leaves by the fixed heads; nothing else does.
    assert 0.97 < nothing.mass_kg.median / (1e-5 * 240 * DAY_S) <= 1.0 + 1e-6
    assert 0.97 < dig.removed_kg.median / (1e-5 * 120 * DAY_S) <= 1.0 + 1e-6
    assert made.option("do_nothing").leads[-1].removed_kg.high == 0.0


def test_measures_lower_what_they_should(made: Comparison) -> None:
    nothing = made.option("do_nothing").leads[-1]
    for name in ("pump", "dig", "zone"):
        assert made.option(name).leads[-1].mass_kg.median < nothing.mass_kg.median
    assert made.option("dig").leads[-1].max_kg_m3.median < nothing.max_kg_m3.median
    assert "W1" in nothing.risk_targets


def test_the_best_follows_the_rule_and_says_so(made: Comparison) -> None:
    assert (made.best, made.why) == verdict(made.options, 2)
    assert made.members == 2
    nothing = made.option("do_nothing").leads[-1]
    best = made.option(made.best).leads[-1]
    assert len(best.risk_targets) <= len(nothing.risk_targets)
    assert made.option(made.best).name.zh in made.why.zh


def test_areas_and_fronts_are_those_that_now_casts_draw() -> None:
    members = [aged(spoiled_ground(factor=factor), 120) for factor in (0.8, 1.25)]
    asked = {"source_m": (TANK.x_m, TANK.y_m), "dressing": Dressing(floor_m=3.0, share=0.1)}
    found = compare(
        members,
        [],
        substance="fluoride",
        limit_kg_m3=1e-3,
        leads_s=(0.0, DAY_S),
        sources_m=asked["source_m"],  # type: ignore[arg-type]
        dressing=asked["dressing"],  # type: ignore[arg-type]
    )
    planes = [plan(row.transport.conc_kg_m3[0]) for row in (m.state() for m in members) if row.transport]
    grid = members[0].problem.flow.grid
    now = front(grid, planes, species="fluoride", lead_s=0.0, limit_kg_m3=1e-3, **asked)  # type: ignore[arg-type]
    lead = found.options[0].leads[0]
    assert lead.area_m2 == now.area_m2
    assert [row.tolist() for row in lead.median] == [row.tolist() for row in now.median]


def test_the_same_question_has_the_same_answer() -> None:
    def ask() -> str:
        model = aged(spoiled_ground(), 100)
        found = compare(model, [PUMP], substance="fluoride", limit_kg_m3=1e-3, leads_s=(20 * DAY_S,))
        return json.dumps(wire(found), allow_nan=False)

    assert ask() == ask()


def test_the_wire_shape_is_complete(made: Comparison) -> None:
    body = wire(made)
    assert set(body) == {"substance", "baseline", "options", "best", "why", "members"}
    assert set(body["options"][1]) == {
        *("id", "name", "kind", "cost_cny", "agent", "amount", "area", "leads", "fronts", "volumes"),
    }
    assert body["options"][0]["area"] is None
    assert (
        body["options"][1]["fronts"][-1]["median"][0][0] == body["options"][1]["fronts"][-1]["median"][0][-1]
    )
    assert json.loads(json.dumps(body, allow_nan=False)) == body


def test_the_model_that_was_compared_has_not_moved() -> None:
    model = aged(spoiled_ground(), 50)
    before = model.state()
    compare(model, [ZONE], substance="fluoride", limit_kg_m3=1e-3, leads_s=(10 * DAY_S,))
    assert model.state() is before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"substance": "gold"}, "substance"),
        ({"limit_kg_m3": 0.0}, "limit_kg_m3"),
        ({"leads_s": ()}, "leads_s"),
        ({"leads_s": (10.0, 5.0)}, "leads_s"),
        ({"leads_s": (-1.0, 5.0)}, "leads_s"),
        ({"leads_s": (0.0,)}, "leads_s"),
        ({"keep_s": (5.0,)}, "keep_s"),
        ({"step_s": 0.0}, "step_s"),
    ],
)
def test_bad_questions_are_refused(change: dict[str, object], message: str) -> None:
    arguments: dict[str, object] = {"substance": "fluoride", "limit_kg_m3": 1e-3, "leads_s": (10.0,)} | change
    with pytest.raises(BadRequestError, match=message):
        compare(spoiled_ground(), [], **arguments)  # type: ignore[arg-type]
    with pytest.raises(BadRequestError, match="measures"):
        compare(spoiled_ground(), [PUMP, PUMP], substance="fluoride", limit_kg_m3=1e-3, leads_s=(10.0,))


def test_medians_in_the_cells_are_kept_where_they_are_asked_for() -> None:
    members = [aged(spoiled_ground(factor=factor), 120) for factor in (0.8, 1.0, 1.25)]
    found = compare(
        members,
        [ZONE],
        substance="fluoride",
        limit_kg_m3=1e-3,
        leads_s=(0.0, 20 * DAY_S),
        keep_s=(0.0, 20 * DAY_S),
        step_s=10 * DAY_S,
    )
    nothing, zone = found.options
    assert [row.lead_s for row in zone.volumes] == [0.0, 20 * DAY_S]
    assert found.options[0].leads[0].removed_kg.high == 0.0
    cells = [row.transport.conc_kg_m3[0] for row in (m.state() for m in members) if row.transport]
    assert nothing.volumes[0].conc_kg_m3 == pytest.approx(np.median(cells, axis=0), rel=1e-6, abs=1e-12)
    assert np.array_equal(zone.volumes[0].conc_kg_m3, nothing.volumes[0].conc_kg_m3)
    assert zone.volumes[1].conc_kg_m3.sum() < 0.99 * nothing.volumes[1].conc_kg_m3.sum()


def test_costs_are_ranges_from_unit_prices() -> None:
    year = 365 * DAY_S
    pumped = cost(PUMP, horizon_s=year)
    assert pumped is not None
    assert pumped.median == pytest.approx(1500 * 10 + 50_000 + 8 * 1.5e-3 * year)
    assert pumped.low < pumped.median < pumped.high
    wall = named("wall", MeasureKind.BARRIER, line=((0.0, 0.0), (0.0, 100.0)))
    assert cost(wall, horizon_s=year).median == pytest.approx(1100 * 1000)  # type: ignore[union-attr]
    assert cost(DIG, horizon_s=year) is None  # nobody says how large the source is
    dug = cost(DIG, horizon_s=year, sources=[TANK])
    assert dug.median == pytest.approx(1000 * np.pi * 100 * 10)  # type: ignore[union-attr]
    assert cost(replace(DIG, cost_cny=7.0), horizon_s=year).high == 7.0  # type: ignore[union-attr]
    assert cost(named("n", MeasureKind.DO_NOTHING), horizon_s=year).high == 0.0  # type: ignore[union-attr]
    assert all(row.basis == "planning assumption" for row in PRICES)


def test_people_work_around_wells_walls_and_sources() -> None:
    assert len(working_area(PUMP)) == 1
    (ring,) = working_area(DIG, [TANK])
    assert np.hypot(*(ring - [55.0, 105.0]).T) == pytest.approx(np.full(len(ring), 15.0))
    assert working_area(named("n", MeasureKind.DO_NOTHING)) == ()


def plume_of() -> tuple[Plume, object]:
    model = aged(spoiled_ground(), 200)
    carried = model.state().transport
    assert carried is not None
    grid = model.problem.flow.grid
    found = front(grid, [plan(carried.conc_kg_m3[0])], species="fluoride", lead_s=0.0, limit_kg_m3=1e-3)
    return (
        Plume(
            front=found.median,
            flow_m_s=(FLUX_M_S, 0.0),
            mass_kg=float(carried.mass_kg[0]),
            max_kg_m3=float(np.nanmax(carried.conc_kg_m3)),
            depth_m=(0.0, 10.0),
        ),
        model,
    )


def test_plans_are_put_across_the_flow_and_compared() -> None:
    plume, model = plume_of()
    found = propose(contaminant("fluoride"), plume, limit_kg_m3=1e-3, most=2)
    assert found[0].match.plan.id == "fluoride_lime"
    lime, salt = found
    assert lime.choice.measure.kind is MeasureKind.PUMP
    assert lime.dose is not None
    assert lime.choice.amount is not None
    assert lime.choice.amount.value == pytest.approx(lime.dose.median_kg)
    assert salt.choice.area
    assert any("calcium fluoride leaves" in note for note in salt.choice.notes)
    made = compare(
        model,  # type: ignore[arg-type]
        [row.choice for row in found],
        substance="fluoride",
        limit_kg_m3=1e-3,
        leads_s=(60 * DAY_S,),
        step_s=10 * DAY_S,
    )
    left = {row.id: row.leads[-1].mass_kg.median for row in made.options}
    assert left["fluoride_lime"] < left["do_nothing"]
    assert left["fluoride_calcium_chloride"] < 0.5 * left["do_nothing"]
    assert made.option("fluoride_lime").agent == lime.match.plan.agent


def test_the_line_across_lies_downstream_of_all_of_the_front() -> None:
    plume, _ = plume_of()
    (x1, y1), (x2, y2) = across(plume.front, (1e-6, 0.0))
    points = np.concatenate(plume.front)
    assert x1 == pytest.approx(x2)
    assert x1 > points[:, 0].max()
    assert min(y1, y2) < points[:, 1].min() < points[:, 1].max() < max(y1, y2)
    (x1, y1), (x2, y2) = across(plume.front, (0.0, -1e-6))
    assert y1 == pytest.approx(y2)
    assert y1 < points[:, 1].min()
    assert capture_m3_s(100.0, 10.0, 1e-6) == pytest.approx(1e-3)
    with pytest.raises(BadRequestError, match="flow_m_s"):
        across(plume.front, (0.0, 0.0))
    with pytest.raises(BadRequestError, match="front"):
        propose(contaminant("fluoride"), replace(plume, front=()), limit_kg_m3=1e-3)


def test_species_of_the_library_sorb_and_decay_by_what_is_known() -> None:
    tce = species_of(contaminant("trichloroethylene"), foc_fraction=0.002)
    assert tce.sorption is not None
    assert tce.sorption.kd_m3_kg == pytest.approx(0.002 * contaminant("tce").number("koc_m3_kg"))
    assert tce.decay_1_s == tce.decay_sorbed_1_s == pytest.approx(np.log(2) / (1653 * DAY_S), rel=1e-6)
    fluoride = species_of(contaminant("fluoride"), id="f")
    assert (fluoride.id, fluoride.sorption, fluoride.decay_1_s) == ("f", None, 0.0)


def test_a_choice_carries_its_caveats() -> None:
    made = compare(
        spoiled_ground(),
        [Choice(measure=PUMP, notes=("bench test first",))],
        substance="fluoride",
        limit_kg_m3=1e-3,
        leads_s=(DAY_S,),
    )
    assert made.option("pump").notes[0] == "bench test first"
