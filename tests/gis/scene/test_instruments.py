"""Placing beams: clearance is exact on simple ground, sectors are filled, numbers are well formed."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point, box

from gis.scene.instruments import Obstacle, Surroundings, best_emitters, clearance
from gis.scene.registry import device_number, device_rows
from gis.terrain import Terrain


def around(*obstacles: Obstacle, trees: float = 0.0, rise: float = 0.0) -> Surroundings:
    x = np.arange(-800.0, 801.0, 20.0)
    heights = np.broadcast_to(rise * x[None, :], (x.size, x.size)).astype(np.float32)
    return Surroundings(
        terrain=Terrain(heights, -800.0, -800.0, 20.0),
        obstacles=obstacles,
        sources=[Point(100.0, 0.0)],
        vegetation_m=trees,
        inside=box(-790, -790, 790, 790),
    )


def test_clearance_over_flat_ground_is_the_lower_end():
    assert clearance(around(), (0, 0, 20.0), (300, 0, 10.0)) == pytest.approx(10.0, abs=0.1)


def test_trees_take_their_height():
    free = clearance(around(), (0, 0, 20.0), (300, 0, 20.0))
    assert free - clearance(around(trees=8.0), (0, 0, 20.0), (300, 0, 20.0)) == pytest.approx(8.0)


def test_a_wall_in_the_way_counts_with_its_top():
    wall = Obstacle(shape=box(140, -20, 160, 20), height_m=14.0)
    assert clearance(around(wall), (0, 0, 20.0), (300, 0, 20.0)) == pytest.approx(6.0)
    assert clearance(around(wall), (0, 100, 20.0), (300, 100, 20.0)) == pytest.approx(20.0)


def test_on_a_slope_the_beam_is_measured_from_the_ground():
    assert clearance(around(rise=0.2), (0, 0, 12.0), (300, 0, 12.0)) == pytest.approx(12.0, abs=1e-3)


def test_one_emitter_per_sector_and_all_clear_on_flat_ground():
    found = best_emitters(around(), (0.0, 0.0, 20.0), 6, start_deg=0.0)
    assert len(found) == 6
    assert all(s.clear_m > 0 and 150 <= s.length_m <= 600 for s in found)
    azimuths = [math.degrees(math.atan2(s.x_m, s.y_m)) % 360 for s in found]
    for k, azimuth in enumerate(azimuths):
        assert abs((azimuth - 60.0 * k + 180) % 360 - 180) <= 30.0


def test_an_emitter_does_not_stand_in_a_building():
    hall = Obstacle(shape=box(-700, -700, 700, -100), height_m=3.0)
    found = best_emitters(around(hall), (0.0, 0.0, 25.0), 4)
    assert not any(hall.shape.contains(Point(s.x_m, s.y_m)) for s in found)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 99), st.sampled_from("ABC"), st.integers(0, 999))
def test_numbers_are_24_characters_of_hex(station, kind, number):
    mn = device_number("350423DE", station, kind, number)
    assert re.fullmatch(r"[0-9A-F]{24}", mn)
    assert mn.startswith("350423DE")


def test_every_sensor_has_its_device_at_its_own_pace():
    stations = [
        {"id": "S1", "x_m": 0.0, "y_m": 0.0, "dwell_s": 5.0, "weather": {"id": "S1-MET", "height_m": 10.0}},
        {"id": "S2", "x_m": 900.0, "y_m": 0.0, "dwell_s": 5.0, "weather": {"id": "S2-MET", "height_m": 10.0}},
    ]
    beams = [{"id": f"S1-B{k}", "station_id": "S1"} for k in range(3)] + [{"id": "S2-B0", "station_id": "S2"}]
    wells = [{"id": "W1", "x_m": 800.0, "y_m": 50.0}]
    rows = device_rows(stations, beams, wells, origin="measured", prefix="AB")
    assert {row["sensor_id"] for row in rows} == {
        "S1-MET",
        "S2-MET",
        "S1-B0",
        "S1-B1",
        "S1-B2",
        "S2-B0",
        "W1",
    }
    assert len({row["mn"] for row in rows}) == len(rows)
    by_sensor = {row["sensor_id"]: row for row in rows}
    assert by_sensor["S1-B0"]["interval_s"] == 15.0
    assert by_sensor["S2-B0"]["interval_s"] == 5.0
    assert by_sensor["W1"]["station_id"] == "S2"
    assert {row["origin"] for row in rows} == {"measured"}
