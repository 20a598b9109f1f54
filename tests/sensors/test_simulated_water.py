"""The hidden aquifer: water and mass are kept, the wells show its fields, seeds decide."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sensors.simulated.aquifer import CELL_M, DAY_S, aquifer_of
from sensors.simulated.plumes import LASTS_D
from sensors.simulated.wells import Groundwater
from tests.sensors.tiny_park import make_park
from tests.support.valley_park import LEVEL_M, ground_m, valley_park, valley_terrain

NOW_MS = 1_795_305_600_000  # 2026-11-22


@pytest.fixture(scope="module")
def water() -> Groundwater:
    return Groundwater(valley_park(), 1, valley_terrain())


def test_the_water_that_comes_is_the_water_that_goes(water: Groundwater) -> None:
    hidden = water.hidden
    assert hidden is not None
    aquifer = hidden.aquifer
    count = int(aquifer.sheets.active.sum())
    rain = aquifer.recharge_m_s * CELL_M**2 * count
    taken = float(aquifer.sinks_m3_s.sum())
    assert taken > rain > 0.0  # the slopes send water too
    head = np.zeros(aquifer.matrix.shape[0])
    inside = aquifer.sheets.number >= 0
    head[aquifer.sheets.number[inside]] = aquifer.steady_m[inside]
    a, b, conductance = aquifer.faces
    flow = conductance * (head[a] - head[b])
    out = np.bincount(a, flow, head.size) - np.bincount(b, flow, head.size) + aquifer.sinks_m3_s
    assert out[count:] == pytest.approx(0.0, abs=1e-9 * taken)  # nothing begins in the deeper sheet
    assert out[:count].min() == pytest.approx(aquifer.recharge_m_s * CELL_M**2, rel=1e-6)


def test_heads_stand_below_ground_and_fall_to_the_river(water: Groundwater) -> None:
    heads = water.heads_m(NOW_MS)
    hidden = water.hidden
    assert heads is not None
    assert hidden is not None
    sheets = hidden.aquifer.sheets
    depth = sheets.ground_m - heads[0]
    assert np.nanmin(depth) > -1.0
    j = int(np.argmin(np.abs(sheets.x_m - 400.0)))
    rows = np.argsort(np.abs(sheets.y_m - 60.0))
    assert heads[0, rows[0], j] < heads[0, np.argmin(np.abs(sheets.y_m - 450.0)), j] - 0.5


def test_a_well_shows_the_field_at_its_place(water: Groundwater) -> None:
    hidden = water.hidden
    heads = water.heads_m(NOW_MS)
    field = water.conc_kg_m3("f", NOW_MS)
    assert hidden is not None
    assert heads is not None
    assert field is not None
    for name, unknown in hidden.wells.items():
        at = hidden.aquifer.sheets.number == unknown
        values = water.values(name, NOW_MS)
        assert values["water_level"] == pytest.approx(float(heads[at][0]) + LEVEL_M, abs=0.006)
        assert values["water:f"] - float(field[at][0]) == pytest.approx(3e-4, abs=1.1e-4)


def test_the_plume_reaches_wells_downstream_with_its_acid_and_its_ions(water: Groundwater) -> None:
    hidden = water.hidden
    assert hidden is not None
    assert {leak.source_id for leak in hidden.plumes.leaks} <= {"S1", "S2"}
    clean, spoilt = water.values("G1", NOW_MS), water.values("G2", NOW_MS)
    assert spoilt["water:f"] > 1e-3 > clean["water:f"]
    before = water.values("G2", NOW_MS - round(1.2 * 365 * DAY_S * 1000))
    assert spoilt["conductivity"] > before["conductivity"]
    assert spoilt["ph"] < before["ph"]


def test_no_mass_is_made_or_lost(water: Groundwater) -> None:
    hidden = water.hidden
    assert hidden is not None
    sheets, leak = hidden.aquifer.sheets, hidden.plumes.leaks[0]
    wet = np.clip(hidden.aquifer.steady_m - sheets.bottom_m, 0.3, sheets.top_m - sheets.bottom_m)
    volume = sheets.porosity[:, None, None] * wet * CELL_M**2
    held = np.zeros(hidden.aquifer.matrix.shape[0])
    held[sheets.number[sheets.number >= 0]] = volume[sheets.number >= 0]
    first = leak.steps_kg_m3[1]  # five days after the beginning nothing has come to the river
    released = leak.rate_kg_s * leak.times_d[1] * DAY_S
    assert float((first * held[leak.cells]).sum()) == pytest.approx(released, rel=1e-6)
    assert leak.steps_kg_m3.min() >= -1e-15


def test_a_leak_begins_runs_and_is_repaired(water: Groundwater) -> None:
    hidden = water.hidden
    assert hidden is not None
    leak = hidden.plumes.leaks[0]
    begin_ms = NOW_MS - round(leak.age_d(NOW_MS) * DAY_S * 1000)
    peak = [float(leak.conc_kg_m3(begin_ms + round(d * DAY_S * 1000)).max()) for d in (1.0, LASTS_D, 1400.0)]
    assert peak[1] > 5.0 * peak[0]
    assert peak[1] > 5.0 * peak[2]


def test_rain_lifts_the_water_and_it_falls_again(water: Groundwater) -> None:
    hidden = water.hidden
    assert hidden is not None
    aquifer = hidden.aquifer
    unknown = hidden.wells["G1"]
    dry = aquifer.rise_m(unknown, NOW_MS, [], 0.0)
    wet = aquifer.rise_m(unknown, NOW_MS, [(NOW_MS - 2 * 86_400_000, 0.05)], 0.0)
    later = aquifer.rise_m(unknown, NOW_MS, [(NOW_MS - 100 * 86_400_000, 0.05)], 0.0)
    assert 0.05 < wet - dry < 0.12  # share that seeps in over the yield: 0.3 / 0.14 of 5 cm at most
    assert 0.0 < later - dry < wet - dry


def test_the_front_holds_the_ground_above_the_limit(water: Groundwater) -> None:
    wide, narrow = water.front("f", 2e-4, NOW_MS), water.front("f", 2e-3, NOW_MS)
    assert wide.area > narrow.area > 0.0
    assert wide.buffer(1e-6).covers(narrow)
    assert water.front("nothing", 1e-3, NOW_MS).is_empty


def test_the_seed_decides_and_nothing_else() -> None:
    park, terrain = valley_park(), valley_terrain()
    values = [Groundwater(park, seed, terrain).values("G2", NOW_MS) for seed in (1, 1, 2)]
    assert values[0] == values[1]
    assert values[0] != values[2]


def test_the_hidden_truth_is_not_what_the_scene_says(water: Groundwater) -> None:
    hidden = water.hidden
    assert hidden is not None
    sheets = hidden.aquifer.sheets
    found = sheets.ln_k[0][sheets.active] - np.log(3e-4)
    assert found.std() > 0.3
    assert float(np.sqrt(np.mean(found**2))) > 0.4


@pytest.mark.parametrize("without", ["groundwater", "waters", "boreholes", "strata"])
def test_without_a_described_aquifer_nothing_is_solved(without: str) -> None:
    bare = replace(valley_park(), **{without: None if without == "groundwater" else ()})
    assert aquifer_of(bare, valley_terrain(), 1) is None
    water = Groundwater(bare, 1, valley_terrain())
    assert water.hidden is None
    level = water.values("G1", NOW_MS)["water_level"]
    assert LEVEL_M < level < LEVEL_M + float(ground_m(np.array(400.0), np.array(420.0)))


def test_a_park_whose_wells_stand_elsewhere_is_as_before() -> None:
    park = make_park()
    before = Groundwater(park, 7)
    assert before.values("W01", NOW_MS) == Groundwater(park, 7, valley_terrain()).values("W01", NOW_MS)
