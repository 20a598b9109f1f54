from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.air.flow.lee import shelter

STEP = 20.0
EAST = (1.0, 0.0)
LEVELS = np.array([2.5, 10.0, 40.0])


def ridge(height: float, half_width: float) -> np.ndarray:
    x = STEP * np.arange(120)
    return np.tile(height * np.exp(-np.log(2.0) * ((x - 800.0) / half_width) ** 2), (9, 1))


@settings(deadline=None, max_examples=20)
@given(slope=st.floats(-0.12, 0.12), angle=st.floats(0.0, 6.28))
def test_level_and_gently_falling_ground_has_no_shelter_at_all(slope: float, angle: float):
    y, x = np.mgrid[0:30, 0:30] * STEP
    ground = 50.0 + slope * x - 0.5 * slope * y
    assert not shelter(ground, STEP, (np.cos(angle), np.sin(angle)), LEVELS).any()


def test_a_gentle_hill_has_none_and_a_steep_one_much_behind_it_only():
    assert not shelter(ridge(40.0, 200.0), STEP, EAST, LEVELS).any()  # steepest slope 0.14
    lost = shelter(ridge(100.0, 120.0), STEP, EAST, LEVELS)[:, 4]  # steepest slope 0.6
    crest = 40
    assert not lost[:, : crest - 2].any()
    assert lost[0, crest + 10] > 0.6
    assert lost[0, crest + 20] > lost[1, crest + 20] > lost[2, crest + 20]


def test_the_wake_has_gone_within_ten_heights_of_the_landing():
    lost = shelter(ridge(100.0, 120.0), STEP, EAST, LEVELS)[:, 4]
    assert lost[0, 40 + 25] > 0.5  # five heights behind the crest, before the landing at six
    assert not lost[:, 40 + 55 :].any()  # eleven heights


@settings(deadline=None, max_examples=15)
@given(height=st.floats(5.0, 300.0), half_width=st.floats(40.0, 400.0), angle=st.floats(0.0, 6.28))
def test_shelter_is_a_part_of_the_wind(height: float, half_width: float, angle: float):
    lost = shelter(ridge(height, half_width), STEP, (np.cos(angle), np.sin(angle)), LEVELS)
    assert float(lost.min()) >= 0.0
    assert float(lost.max()) <= 0.8 + 1e-12


def test_wind_from_the_other_side_shelters_the_other_side():
    ground = ridge(100.0, 120.0)
    there = shelter(ground[:, ::-1], STEP, EAST, LEVELS)
    back = shelter(ground, STEP, (-1.0, 0.0), LEVELS)
    np.testing.assert_allclose(back, there[:, :, ::-1], atol=1e-9)


def test_along_the_ridge_nothing_is_sheltered():
    ground = np.tile(ridge(100.0, 120.0)[:1], (60, 1))
    lost = shelter(ground, STEP, (0.0, 1.0), LEVELS)[:, 30:]
    across = shelter(ground, STEP, EAST, LEVELS)[:, 30:]
    assert float(lost.max()) < 0.35
    assert float(lost.mean()) == pytest.approx(0.0, abs=0.1 * float(across.mean()))
