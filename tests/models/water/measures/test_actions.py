"""Measures as branches: what they do to water and mass, and that the model they came from stays as it was."""

from __future__ import annotations

import numpy as np
import pytest

from models.water.measures.actions import between, branch
from models.water.measures.places import (
    length_m,
    overlap_fraction,
    screen_cells,
    wall_faces,
    zone_cells,
    zone_volume_m3,
)
from models.water.model import WaterModel
from models.water.problem import DecayZone, Species
from tests.support.spoiled_ground import DAY_S, TANK, aged, spoiled_ground
from twin.core.errors import BadRequestError
from twin.core.groundwater import GroundwaterMeasure, MeasureKind
from twin.core.text import Text

ACROSS = ((200.0, 20.0), (200.0, 180.0))


def measure(kind: MeasureKind, **more: object) -> GroundwaterMeasure:
    return GroundwaterMeasure(
        id="m",
        name=Text(zh="措施", en="Measure"),
        kind=kind,
        bottom_m=10.0,
        **more,  # type: ignore[arg-type]
    )


def mass(model: WaterModel) -> float:
    carried = model.state().transport
    assert carried is not None
    return float(carried.mass_kg[0])


def row(model: WaterModel, name: str, dt_s: float = 5 * DAY_S) -> tuple[float, float]:
    done = model.step(dt_s)
    assert done.transport is not None
    assert done.transport.balance_error < 1e-10
    found = [one for one in done.transport.rows if one.name == name]
    return (found[0].in_kg, found[0].out_kg) if found else (0.0, 0.0)


def test_pumping_takes_its_rate_and_its_mass() -> None:
    model = aged(spoiled_ground(), 200)
    before = model.state()
    pumped = branch(model, measure(MeasureKind.PUMP, line=((105.0, 105.0),), rate_m3_s=1e-3))
    done = pumped.step(5 * DAY_S)
    (line,) = [one for one in done.flow.budget if one.name == "m:1"]
    assert line.out_m3_s == pytest.approx(1e-3)
    assert row(pumped, "m:1")[1] > 0.0
    assert model.state() is before
    assert [one.name for one in model.period.stresses] == ["chd"]


def test_injection_brings_its_concentration() -> None:
    model = spoiled_ground()
    made = branch(model, measure(MeasureKind.INJECT, line=((305.0, 105.0),), rate_m3_s=2e-4, conc_kg_m3=0.5))
    assert row(made, "m:1", 2 * DAY_S)[0] == pytest.approx(2e-4 * 0.5 * 2 * DAY_S, rel=1e-9)


def test_a_tight_wall_lets_no_water_through() -> None:
    model = spoiled_ground()
    whole = branch(
        model,
        measure(
            MeasureKind.BARRIER, line=((200.0, -10.0), (200.0, 210.0)), conductivity_m_s=0.0, thickness_m=1.0
        ),
    )
    done = whole.step(DAY_S)
    assert np.abs(done.flow.field.right_m3_s[:, :, 19]).max() < 1e-12
    open_flow = model.what_if().step(DAY_S).flow.field.right_m3_s[:, :, 19].sum()
    leaky = branch(
        model,
        measure(MeasureKind.BARRIER, line=ACROSS, conductivity_m_s=1e-9, thickness_m=0.8),
    )
    through = leaky.step(DAY_S).flow.field.right_m3_s[:, 2:18, 19].sum()
    assert through < 0.05 * open_flow


def test_a_removed_source_gives_nothing_any_more() -> None:
    model = aged(spoiled_ground(), 100)
    gone = branch(model, measure(MeasureKind.SOURCE_REMOVAL, source_id="tank"), sources=[TANK])
    half = branch(model, measure(MeasureKind.SOURCE_REMOVAL, line=((55.0, 105.0),), removal_share=0.5))
    start = row(model.what_if(), "tank", 1.0)[0]
    assert row(gone, "tank", 10 * DAY_S)[0] == pytest.approx(start, rel=1e-5)
    assert row(half, "tank", 10 * DAY_S)[0] == pytest.approx(start + 0.5e-5 * 10 * DAY_S, rel=1e-5)
    later = branch(
        model, measure(MeasureKind.SOURCE_REMOVAL, source_id="tank", start_s=4 * DAY_S), sources=[TANK]
    )
    assert row(later, "tank", 10 * DAY_S)[0] == pytest.approx(start + 1e-5 * 4 * DAY_S, rel=1e-5)


def test_a_reactive_zone_takes_what_its_half_life_says() -> None:
    # The whole aquifer as a zone: mass follows the half-life exactly.
    model = aged(spoiled_ground(), 100)
    outline = ((0.0, 0.0), (400.0, 0.0), (400.0, 200.0), (0.0, 200.0), (0.0, 0.0))
    calm = branch(model, measure(MeasureKind.SOURCE_REMOVAL, source_id="tank"), sources=[TANK])
    zone = branch(calm, measure(MeasureKind.REACTIVE_ZONE, line=outline, half_life_s=10 * DAY_S))
    before = mass(zone)
    for _ in range(10):
        done = zone.step(DAY_S)
    assert mass(zone) == pytest.approx(0.5 * before, rel=1e-3)
    assert done.transport is not None
    assert done.transport.balance_error < 1e-10
    (line,) = [one for one in done.transport.rows if one.name == "zone"]
    assert line.out_kg == pytest.approx(0.5 * before, rel=1e-3)
    assert mass(calm) == before


def test_what_sorbs_decays_as_much_slower_as_it_travels() -> None:
    model = aged(spoiled_ground(kd_m3_kg=1e-3), 50)
    outline = ((0.0, 0.0), (400.0, 0.0), (400.0, 200.0), (0.0, 200.0), (0.0, 0.0))
    calm = branch(model, measure(MeasureKind.SOURCE_REMOVAL, source_id="tank"), sources=[TANK])
    zone = branch(calm, measure(MeasureKind.REACTIVE_ZONE, line=outline, half_life_s=DAY_S))
    before = mass(zone)
    retardation = 1.0 + 1700.0 * 1e-3 / 0.25
    zone.step(DAY_S)
    assert mass(zone) == pytest.approx(before * 0.5 ** (1.0 / retardation), rel=1e-3)


def test_a_zone_ends_when_it_is_told_to() -> None:
    model = aged(spoiled_ground(), 100)
    outline = ((0.0, 0.0), (400.0, 0.0), (400.0, 200.0), (0.0, 200.0), (0.0, 0.0))
    short = branch(
        model, measure(MeasureKind.REACTIVE_ZONE, line=outline, half_life_s=DAY_S, end_s=2 * DAY_S)
    )
    first = row(short, "zone", 2 * DAY_S)[1]
    assert first > 0.0
    assert row(short, "zone", 5 * DAY_S)[1] == pytest.approx(first)


def test_measures_begin_and_end_at_their_moments() -> None:
    model = spoiled_ground()
    model.step(10 * DAY_S)
    pumped = branch(
        model,
        measure(MeasureKind.PUMP, line=((305.0, 105.0),), rate_m3_s=1e-3, start_s=5 * DAY_S, end_s=8 * DAY_S),
    )
    names = []
    for _ in range(10):
        names.append(any(one.name == "m:1" for one in pumped.step(DAY_S).flow.budget))
    assert names == [False] * 5 + [True] * 3 + [False] * 2


def test_periods_that_end_go_on() -> None:
    model = spoiled_ground()
    rows = between(model, lambda period: period, 4000 * DAY_S, 5000 * DAY_S)
    assert sum(one.length_s for one in rows[:-1]) == pytest.approx(5000 * DAY_S)
    with pytest.raises(BadRequestError, match="end_s"):
        between(model, lambda period: period, 10.0, 5.0)


def test_walls_have_no_gaps_whatever_their_direction() -> None:
    grid = spoiled_ground().problem.flow.grid
    for line in (
        ((0.0, 33.0), (400.0, 171.0)),
        ((200.0, -5.0), (200.0, 205.0)),
        ((205.0, -5.0), (205.0, 205.0)),
    ):
        cells_a, cells_b = wall_faces(grid, line, 0.0, 10.0)
        parted = {(tuple(a), tuple(b)) for a, b in zip(cells_a.tolist(), cells_b.tolist(), strict=True)}
        side = {(0, 0)} if line[0][0] else {(19, 0)}
        todo = list(side)
        while todo:  # flood one side of layer 0
            i, j = todo.pop()
            for n in ((i + 1, j), (i - 1, j), (i, j + 1), (i, j - 1)):
                if not (0 <= n[0] < 20 and 0 <= n[1] < 40) or n in side:
                    continue
                a, b = (0, i, j), (0, *n)
                if (a, b) not in parted and (b, a) not in parted:
                    side.add(n)
                    todo.append(n)
        assert 0 < len(side) < 800, line


def test_places_in_depth_and_plan() -> None:
    model = spoiled_ground()
    grid, medium = model.problem.flow.grid, model.problem.flow.medium
    assert overlap_fraction(grid, 2.5, 10.0)[:, 0, 0] == pytest.approx([0.5, 1.0])
    cells, share = screen_cells(grid, medium, (105.0, 105.0), 2.5, 10.0)
    assert cells.tolist() == [[0, 10, 10], [1, 10, 10]]
    assert share == pytest.approx([1 / 3, 2 / 3])
    cells, part = zone_cells(grid, ((100.0, 50.0), (100.0, 150.0)), 2.0, 0.0, 5.0)
    volume = float((part * 500.0).sum())
    assert volume == pytest.approx(zone_volume_m3(((100.0, 50.0), (100.0, 150.0)), 2.0, 0.0, 5.0))
    assert length_m(((0.0, 0.0), (3.0, 4.0), (3.0, 5.0))) == 6.0


@pytest.mark.parametrize(
    ("kind", "more", "message"),
    [
        (MeasureKind.PUMP, {"line": ((105.0, 105.0),)}, "rate_m3_s"),
        (MeasureKind.PUMP, {"line": ((9e3, 105.0),), "rate_m3_s": 1.0}, "place"),
        (MeasureKind.PUMP, {"line": ((105.0, 105.0),), "rate_m3_s": 1.0, "top_m": 30.0}, "bottom_m"),
        (MeasureKind.BARRIER, {"line": ((105.0, 105.0),)}, "line"),
        (MeasureKind.BARRIER, {"line": ((9e3, 0.0), (9e3, 100.0))}, "line"),
        (MeasureKind.BARRIER, {"line": ACROSS, "thickness_m": 0.0}, "thickness_m"),
        (MeasureKind.REACTIVE_ZONE, {"line": ACROSS}, "half_life_s"),
        (MeasureKind.REACTIVE_ZONE, {"line": ((9e3, 0.0),), "half_life_s": 1.0}, "line"),
        (MeasureKind.SOURCE_REMOVAL, {"source_id": "nobody"}, "source_id"),
        (MeasureKind.SOURCE_REMOVAL, {"source_id": "tank", "removal_share": 2.0}, "removal_share"),
    ],
)
def test_what_cannot_be_built_is_refused(kind: MeasureKind, more: dict[str, object], message: str) -> None:
    with pytest.raises(BadRequestError, match=message):
        branch(spoiled_ground(), measure(kind, **more))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rate_1_s": np.array([-1.0])}, "rate_1_s of zone of fluoride"),
        ({"rate_1_s": np.array([1.0, 2.0])}, "rate_1_s of zone of fluoride"),
        ({"cells": np.array([[0, 0, 99]])}, "cells of zone of fluoride"),
        ({"end_s": -1.0}, "end_s of zone of fluoride"),
    ],
)
def test_a_zone_that_cannot_be_names_its_species(change: dict[str, object], message: str) -> None:
    model = spoiled_ground()
    zone = DecayZone(**({"cells": np.array([[0, 0, 0]]), "rate_1_s": np.array([1e-6])} | change))  # type: ignore[arg-type]
    with pytest.raises(BadRequestError, match=message):
        model.what_if(species=(Species(id="fluoride", zones=(zone,)),))
