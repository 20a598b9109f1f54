from __future__ import annotations

import numpy as np
import pytest

from models.air.flow.thermal import slope_wind, valley_wind
from tests.support.hills import STEP_M, grid, valley

LEVELS = np.array([2.5, 5.0, 10.0, 40.0, 160.0])
PROFILE = np.ones(5)


def test_slope_wind_follows_the_fall_line_and_not_level_ground():
    x, _ = grid()
    ground = 0.2 * np.minimum(x, 0.0)
    u, v = slope_wind(ground, STEP_M, LEVELS)
    assert np.all(u[0, :, 8:20] < -0.1)  # the ground falls to the west, and so does the air
    assert np.abs(v[0, :, 8:20]).max() < 1e-9
    assert not u[:, :, 45:].any()
    assert not v[:, :, 45:].any()


def test_slope_wind_is_a_shallow_jet_that_is_deeper_by_day():
    x, _ = grid()
    ground = 0.2 * x
    night, day = (np.hypot(*slope_wind(ground, STEP_M, LEVELS, up=up))[:, 20, 20] for up in (False, True))
    assert night[-1] == 0.0
    assert night[:3].argmax() < 2
    assert day[2] > night[2]


def test_the_steeper_slope_has_the_faster_wind_by_the_root_of_its_sine():
    x, _ = grid()
    speeds = [np.hypot(*slope_wind(s * x, STEP_M, np.array([1e-6, 1e-5]))) for s in (0.1, 0.3)]
    jets = [
        np.hypot(*slope_wind(s * x, STEP_M, np.geomspace(0.2, 40.0, 60))).max(axis=0)[20, 20]
        for s in (0.1, 0.3)
    ]
    sine = [s / np.hypot(1.0, s) for s in (0.1, 0.3)]
    assert np.all(speeds[0] < 1e-3)  # no slip
    assert jets[1] / jets[0] == pytest.approx(np.sqrt(sine[1] / sine[0]), rel=0.02)


def test_valley_wind_runs_down_the_bending_valley_and_fades_to_its_crests():
    x, y = grid()
    ground = valley()
    u, v = valley_wind(ground, STEP_M, LEVELS, PROFILE)
    floor = np.abs(y - 150.0 * np.sin(x / 700.0)) < 100.0
    inner = floor & (np.abs(x) < 1000.0)
    assert np.all(u[2][inner] < -0.05)  # the floor falls to the west
    angle = np.arctan2(v[2][inner], u[2][inner]) - np.arctan2(150.0 / 700.0 * np.cos(x / 700.0), 1.0)[inner]
    assert np.abs(np.sin(angle)).max() < 0.2
    crest = ground > 0.9 * ground.max()
    assert np.hypot(u, v)[2][crest].mean() < 0.2 * np.hypot(u, v)[2][inner].mean()
    assert not u[-1].any()  # 160 m above the floor is above the crests


def test_plains_have_neither():
    flat = np.full((40, 40), 12.0)
    for wind in (slope_wind(flat, STEP_M, LEVELS), valley_wind(flat, STEP_M, LEVELS, PROFILE)):
        assert not wind[0].any()
        assert not wind[1].any()


def test_turning_the_valley_turns_the_wind():
    ground = valley()
    u, v = valley_wind(ground, STEP_M, LEVELS, PROFILE)
    tu, tv = valley_wind(np.rot90(ground, k=-1), STEP_M, LEVELS, PROFILE)
    np.testing.assert_allclose(np.rot90(tv, k=1, axes=(1, 2)), u, atol=1e-9)
    np.testing.assert_allclose(np.rot90(tu, k=1, axes=(1, 2)), -v, atol=1e-9)
