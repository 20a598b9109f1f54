"""Warnings by kind of indicator, trends and forecasts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.contaminants.classes import Reading
from models.contaminants.trend import mann_kendall
from models.contaminants.warning import (
    DAY_S,
    Warn,
    exceedance_ratio,
    warn,
    warn_conductivity,
    warn_level_rate,
)
from twin.core.errors import BadRequestError, NotFoundError


@pytest.mark.parametrize(
    ("name", "value", "level"),
    [
        ("lead", 0.007e-3, Warn.NONE),
        ("lead", 0.009e-3, Warn.BLUE),
        ("lead", 0.011e-3, Warn.YELLOW),
        ("lead", 0.11e-3, Warn.ORANGE),
        ("lead", 0.51e-3, Warn.RED),
        ("fluoride", 0.9e-3, Warn.BLUE),
        ("fluoride", 1.2e-3, Warn.YELLOW),
        ("fluoride", 2.5e-3, Warn.ORANGE),
        ("fluoride", 6.5e-3, Warn.RED),
        ("benzene", 0.4e-6, Warn.NONE),
        ("benzene", 0.8e-6, Warn.BLUE),
        ("benzene", 5e-6, Warn.YELLOW),
        ("benzene", 50e-6, Warn.ORANGE),
        ("benzene", 130e-6, Warn.RED),
        ("ph", 7.5, Warn.NONE),
        ("ph", 8.4, Warn.BLUE),
        ("ph", 6.3, Warn.YELLOW),
        ("ph", 9.2, Warn.ORANGE),
        ("ph", 3.5, Warn.RED),
        ("turbidity", 5.0, Warn.YELLOW),
        ("gross_beta", 2.0, Warn.YELLOW),
        ("total_coliforms", 200.0, Warn.ORANGE),
    ],
)
def test_levels_by_kind(name: str, value: float, level: Warn) -> None:
    found = warn(name, value)
    assert found.level is level
    assert found.why.zh
    assert found.why.en


def test_grades_and_colours() -> None:
    assert [row.grade for row in Warn] == [None, "IV", "III", "II", "I"]
    assert Warn.RED.colour.zh == "红色"


def test_what_was_not_detected_does_not_warn() -> None:
    assert warn("benzene", Reading(value=1e-3, detected=False)).level is Warn.NONE


def test_a_rising_trend_warns_before_the_value() -> None:
    t = np.arange(8) * 30 * DAY_S
    slow = mann_kendall(t, 0.1e-3 + 0.02e-3 * np.arange(8))
    fast = mann_kendall(t, 0.1e-3 + 0.08e-3 * np.arange(8))
    assert warn("fluoride", 0.66e-3, trend=fast).level is Warn.BLUE
    assert warn("fluoride", 0.75e-3, trend=fast).by == "trend"
    assert warn("fluoride", 0.79e-3, trend=fast).level is Warn.YELLOW
    assert warn("fluoride", 0.24e-3, trend=slow).level is Warn.NONE


def test_a_forecast_warns_before_the_value() -> None:
    assert warn("fluoride", 0.3e-3, forecast=(0.2e-3, 0.3e-3, 0.5e-3)).level is Warn.NONE
    assert warn("fluoride", 0.3e-3, forecast=(0.2e-3, 0.5e-3, 1.4e-3)).level is Warn.BLUE
    likely = warn("fluoride", 0.3e-3, forecast=(0.5e-3, 1.3e-3, 3e-3))
    assert (likely.level, likely.by) == (Warn.YELLOW, "forecast")


def test_exceedance_is_that_of_the_lognormal() -> None:
    assert exceedance_ratio((1.0, 2.0, 4.0), 2.0) == pytest.approx(0.5)
    assert exceedance_ratio((1.0, 2.0, 4.0), 4.0) == pytest.approx(0.025, rel=1e-6)
    assert exceedance_ratio((1.0, 2.0, 4.0), 1.0) == pytest.approx(0.975, rel=1e-6)
    assert exceedance_ratio((2.0, 2.0, 2.0), 3.0) == 0.0
    assert exceedance_ratio((2.0, 2.0, 2.0), 1.0) == 1.0


@given(low=st.floats(1e-6, 1.0), a=st.floats(1.0, 10.0), b=st.floats(1.0, 10.0), limit=st.floats(1e-7, 100.0))
@settings(max_examples=40, deadline=None)
def test_exceedance_is_a_probability_that_falls_with_the_limit(
    low: float, a: float, b: float, limit: float
) -> None:
    band = (low, low * a, low * a * b)
    assert 0.0 <= exceedance_ratio(band, 2.0 * limit) <= exceedance_ratio(band, limit) <= 1.0


def test_levels_are_judged_against_the_wells_own_history() -> None:
    t = np.arange(20) * DAY_S
    calm = 10.0 + 0.01 * np.sin(np.arange(20))
    assert warn_level_rate(t, calm).level is Warn.NONE
    for jump, level in ((0.15, Warn.BLUE), (0.3, Warn.YELLOW), (0.7, Warn.ORANGE), (2.0, Warn.RED)):
        moved = calm.copy()
        moved[-1] = moved[-2] - jump
        assert warn_level_rate(t, moved).level is level, jump
    wild = 10.0 + 1.0 * np.cos(np.pi * np.arange(20))  # a pumping well swings by two metres a day
    assert warn_level_rate(t, wild).level is Warn.NONE
    assert warn_level_rate(t[:3], calm[:3]).level is Warn.NONE


def test_conductivity_is_judged_against_the_wells_own_median() -> None:
    usual = [0.05] * 10
    for last, level in (
        (0.055, Warn.NONE),
        (0.065, Warn.BLUE),
        (0.08, Warn.YELLOW),
        (0.11, Warn.ORANGE),
        (0.16, Warn.RED),
    ):
        assert warn_conductivity([*usual, last]).level is level
    assert warn_conductivity([0.05, 0.5]).level is Warn.NONE


def test_bad_values_and_names_are_refused() -> None:
    with pytest.raises(BadRequestError, match="fluoride"):
        warn("fluoride", -1.0)
    with pytest.raises(NotFoundError):
        warn("pfoa", 1.0)
