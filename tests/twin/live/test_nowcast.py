"""The now-cast beside the plume: bands, maps, spread; and what is said where nothing can be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.air.ground import MapGrid
from models.air.puff import GaussianPuff
from tests.support.air_park import MemoryRows, air_park, air_site
from tests.support.leaking_park import HOUR, NOW, memory_of, state_of
from twin.core.park import Park
from twin.core.substance import Threshold
from twin.core.text import Text
from twin.live.deduce import Deduction, deduce
from twin.live.nowcast import AirResult, areas_of, cropped, levels_of, now_cast
from twin.live.state import State
from twin.stage.encode import decode_plume

LEVEL = Threshold(
    substance_id="hf", level=1, name=Text(zh="一级", en="level 1"), conc_kg_m3=1e-7, source="test"
)


def park() -> Park:
    return replace(air_park(), thresholds=(LEVEL,))


@pytest.fixture(scope="module")
def leak() -> State:
    return state_of(memory_of({"U1": 2e-3}))


@pytest.fixture(scope="module")
def deduced(leak: State) -> Deduction:
    return deduce(park(), air_site(), leak, "hf", GaussianPuff())


@pytest.fixture(scope="module")
def cast(leak: State, deduced: Deduction) -> AirResult:
    return now_cast(park(), leak, deduced, with_map=True)


def test_bands_hold_the_beams_that_were_read(leak: State, cast: AirResult) -> None:
    rows = {row["sensor"]: row for row in cast.body["beams"]}
    assert set(rows) == {"B1", "B2", "B3", "B4"}
    for name, row in rows.items():
        window = next(w for w in leak.beams["hf"] if w.sensor_id == name)
        assert row["measured"] == pytest.approx(float(window.conc_kg_m3[-5:].mean()))
        for kind in ("predicted", "ahead"):
            assert row[kind]["low"] <= row[kind]["median"] <= row[kind]["high"]
        assert row["predicted"]["low"] - 2e-9 <= row["measured"] <= 1.5 * row["predicted"]["high"] + 2e-9
        assert row["measured_t"] == NOW - 150_000
        assert row["quality"] == "good"


def test_the_unit_that_leaks_has_the_probability(cast: AirResult) -> None:
    (row,) = cast.body["rates"]
    assert row["unit"] == "U1"
    assert row["probability"] > 0.9
    assert row["low_kg_s"] < 2e-3 < row["high_kg_s"]


def test_the_map_goes_with_the_wind_and_its_bands_are_ordered(cast: AirResult) -> None:
    volume = decode_plume(cast.map)
    assert volume.time_ms == NOW
    middle, low, high = volume.conc_kg_m3
    assert cast.body["bands"] == ["p50", "p05", "p95"]
    assert middle.shape == (cast.body["grid"]["ny"], cast.body["grid"]["nx"])
    # Levels are logarithmic: two codes may differ by one where the values are equal.
    assert (low <= middle * 1.05 + 1e-12).all()
    assert (middle <= high * 1.05 + 1e-12).all()
    x = cast.body["grid"]["x_min_m"] + (np.arange(middle.shape[1]) + 0.5) * cast.body["grid"]["dx_m"]
    assert middle.sum(axis=0) @ x / middle.sum() > -300.0  # the leak is at -300, the wind comes from the west


def test_the_spread_says_where_to_and_how_far(cast: AirResult) -> None:
    spread = cast.body["spread"]
    assert spread["towards_deg"] == pytest.approx(90.0, abs=1.0)
    assert spread["speed_m_s"] == pytest.approx(3.0, rel=0.05)
    assert spread["x_m"] > 0.0
    (area,) = spread["areas"]
    assert area["area_m2"] > 0.0
    assert 100.0 < area["reach_m"] < 3000.0
    assert spread["max_kg_m3"] > LEVEL.conc_kg_m3


def test_clean_air_has_beams_with_bands_and_no_map() -> None:
    state = state_of(memory_of({}))
    result = deduce(park(), air_site(), state, "hf", GaussianPuff())
    cast = now_cast(park(), state, result, with_map=True)
    assert cast.map == b""
    assert cast.body["grid"] is None
    assert cast.body["rates"] == []
    assert cast.body["spread"]["max_kg_m3"] == 0.0
    assert cast.body["spread"]["x_m"] is None
    assert len(cast.body["beams"]) == 4
    assert cast.body["background"]["high"] < 1e-8


def test_without_wind_the_body_is_empty_but_whole() -> None:
    memory = MemoryRows()
    memory.read(HOUR, lambda beam, t: 1e-6)
    state = state_of(memory)
    cast = now_cast(park(), state, deduce(park(), air_site(), state, "hf", GaussianPuff()), with_map=True)
    assert cast.body["beams"] == []
    assert "no wind" in cast.body["notes"]


def test_broken_limits_are_told_apart_from_other_notes(leak: State, deduced: Deduction) -> None:
    broken = "outside validity: wind_speed_m_s 0.2, expected 0.5 to any"
    noted = replace(deduced.plume, notes=("calm", broken))
    cast = now_cast(park(), leak, replace(deduced, plume=noted), with_map=False)
    assert cast.body["broken"] == [broken]
    assert cast.map == b""


def test_equal_states_give_equal_now_casts(leak: State, cast: AirResult) -> None:
    again = now_cast(park(), leak, deduce(park(), air_site(), leak, "hf", GaussianPuff()), with_map=True)
    assert again == cast


def test_the_first_threshold_of_a_level_counts() -> None:
    other = replace(LEVEL, conc_kg_m3=5e-7)
    two = replace(LEVEL, level=2, conc_kg_m3=1e-6)
    rows = levels_of(replace(air_park(), thresholds=(two, LEVEL, other)), "hf")
    assert [row.conc_kg_m3 for row in rows] == [1e-7, 1e-6]
    assert levels_of(air_park(), "hf") == ()


def test_a_map_is_cut_to_what_is_there_and_areas_count_cells() -> None:
    grid = MapGrid(x_min_m=0.0, y_min_m=0.0, dx_m=10.0, dy_m=5.0, nx=8, ny=6)
    field = np.zeros((1, 6, 8), dtype=np.float32)
    field[0, 2:4, 3:6] = 2e-7
    cut = cropped(field, grid, 1e-9)
    assert cut is not None
    bands, part = cut
    assert bands.shape == (1, 2, 3)
    assert (part.x_min_m, part.y_min_m, part.nx, part.ny) == (30.0, 10.0, 3, 2)
    (area,) = areas_of(field[0], grid, (LEVEL,), (0.0, 0.0))
    assert area["area_m2"] == 6 * 50.0
    assert area["reach_m"] == pytest.approx(np.hypot(55.0, 17.5))
    assert cropped(np.zeros_like(field), grid, 1e-9) is None


def test_units_that_no_beam_reads_clearly_are_listed_and_not_in_the_bands(
    leak: State, deduced: Deduction
) -> None:
    assert deduced.evidence is not None
    readings = deduced.evidence.readings
    faint = replace(readings, observed_kg_m3=np.full_like(readings.observed_kg_m3, 1e-9))
    quiet = replace(deduced, evidence=replace(deduced.evidence, readings=faint))
    cast = now_cast(park(), leak, quiet, with_map=True)
    assert cast.map == b""
    assert cast.body["grid"] is None
    assert "no clear signal on any beam, not in the bands: U1" in cast.body["notes"]
    assert not any(
        "no clear signal" in note for note in now_cast(park(), leak, deduced, with_map=False).body["notes"]
    )
