"""Wind over hills in stable air stays what the atmosphere has, and says where it ends."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from gis.terrain import Terrain
from models.air.flow.hill import HillFlow, linear_flow
from models.air.flow.inflow import Inflow
from models.air.flow.library import build_library
from models.air.flow.stratified import (
    FROUDE_LIMIT,
    MOST_BUOYANCY_1_S,
    blocking,
    buoyancy_per_speed,
    over_it,
    relief_m,
)
from models.air.turbulence import wind_profile
from tests.support.hills import site_of, small_settings, valley

STEP = 40.0
Z0 = 0.03


def ridge(height_m: float = 80.0) -> Terrain:
    """A ridge across the west wind, some kilometres long, with slopes to 0.27."""
    y, x = np.mgrid[-50:51, -50:51] * STEP
    ground = height_m * np.exp(-((x / 250.0) ** 2) - (y / 1200.0) ** 2)
    return Terrain(ground.astype(np.float32), -2000.0, -2000.0, STEP)


def over(inverse: float, height_m: float = 80.0) -> HillFlow:
    buoyancy = buoyancy_per_speed(Z0, inverse, 8.0)
    return linear_flow(
        ridge(height_m), 270.0, roughness_m=Z0, inverse_obukhov_1_m=inverse, buoyancy_per_speed_1_m=buoyancy
    )


@pytest.mark.parametrize("inverse", [0.001, 0.003, 0.01, 0.02, 0.05, 0.2])
def test_a_stable_wind_over_a_ridge_is_at_most_twice_the_speed_up_of_a_neutral_one(inverse: float) -> None:
    """Cooper's Ridge: speed-up in stable air up to about twice that in neutral air (Coppin et al. 1994)."""
    neutral, flow = over(0.0), over(inverse)
    top = [float(each.speed(0.0, 0.0, 10.0)) for each in (neutral, flow)]
    assert top[0] - 1.0 < top[1] - 1.0 < 2.0 * (top[0] - 1.0)
    u, v, _ = flow.at(np.linspace(-1600.0, 1600.0, 81), 0.0, 10.0)
    assert np.all(u > 0.2)  # nowhere reversed
    assert float(np.hypot(u, v).max()) < 1.05 * top[1]  # and the crest is the windiest
    assert float(flow.speed(1000.0, 0.0, 10.0)) < 1.2  # not the lee


def test_the_crest_changes_little_between_neighbouring_stabilities() -> None:
    inverse = [-0.001, 0.0, 0.001, 0.002, 0.003]
    crest = [float(over(each).speed(0.0, 0.0, 10.0)) for each in inverse]
    steps = np.diff(crest) / crest[1]
    assert np.all(np.abs(steps) < 0.12)


def test_beyond_its_range_the_terrain_counts_as_at_the_bound_and_a_note_says_so() -> None:
    at, beyond = over(0.01), over(0.05)
    bent = [
        each.u / each.inflow.speed(each.heights_m)[:, None, None]
        for each in (at, dataclasses.replace(beyond))
    ]
    np.testing.assert_allclose(bent[1], bent[0], rtol=1e-9)
    assert at.notes == ()
    assert any("inverse_obukhov_1_m 0.05" in note for note in beyond.notes)
    edge = beyond.speed(-2000.0, -2000.0, np.array([10.0, 100.0]))
    shape = wind_profile(np.array([10.0, 100.0]), Z0, 0.05) / wind_profile(10.0, Z0, 0.05)
    np.testing.assert_allclose(edge, shape, rtol=0.1)  # the profile is that of the air itself


def test_notes_name_steep_ground_and_blocked_air() -> None:
    notes = over(0.01, 700.0).notes
    assert any("terrain_slope" in note for note in notes)
    assert any("buoyancy_height_over_speed" in note for note in notes)
    assert over(0.0).notes == ()


def test_buoyancy_is_that_of_the_surface_layer_and_never_more_than_the_steepest_inversion() -> None:
    # N^2 = g / theta * dtheta/dz at z = L of the profile with slope 1 + 5 z / L, u* from the log law.
    friction = 0.4 * 3.0 / float(wind_profile(10.0, Z0, 0.005))
    gradient = friction**2 * 290.0 / (0.4 * 9.81 * 200.0) / (0.4 * 200.0) * 6.0
    expected = math.sqrt(9.81 / 290.0 * gradient)
    assert buoyancy_per_speed(Z0, 0.005, 3.0) * 3.0 == pytest.approx(expected)
    for inverse in (0.01, 0.05, 1.0):
        for speed in (0.5, 3.0, 8.0, 15.0):
            assert buoyancy_per_speed(Z0, inverse, speed) * speed <= MOST_BUOYANCY_1_S * (1.0 + 1e-12)
    assert buoyancy_per_speed(Z0, -0.01, 5.0) == 0.0


def test_of_blocked_air_the_part_above_the_dividing_streamline_passes_over() -> None:
    air = Inflow(roughness_m=0.1, inverse_obukhov_1_m=0.01, buoyancy_per_speed_1_m=0.005)
    y, x = np.mgrid[0:60, 0:60] * 50.0
    ground = 800.0 * np.exp(-(((x - 1500.0) ** 2 + (y - 1500.0) ** 2) / 500.0**2))
    part = over_it(ground, air)
    assert 0.1 < part < 1.0
    assert part * blocking(air, relief_m(ground)) == pytest.approx(FROUDE_LIMIT)
    assert over_it(0.05 * ground, air) == 1.0
    assert over_it(0.05 * x, air) == 1.0  # a plain that tilts is no hill


def test_the_stable_row_of_a_library_is_near_the_neutral_one() -> None:
    """The demonstration park had ratios of 3 to 4 on its ridges on stable nights."""
    settings = dataclasses.replace(small_settings(), sectors=4)
    library = build_library(site_of(valley(depth_m=300.0)), settings)
    ten = settings.heights_m.index(10.0)
    inner = np.hypot(*np.moveaxis(library.ratio[:, : library.sectors, ten, 6:-6, 6:-6], -1, 0))
    neutral, stable = inner[1].max(), inner[2].max()
    assert stable - 1.0 < 2.0 * (neutral - 1.0)
    assert stable < 2.2
