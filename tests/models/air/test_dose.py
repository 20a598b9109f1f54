from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.air.dose import highest_mean, level_reached, toxic_load
from models.substances.table import substance
from twin.core.errors import BadRequestError


@pytest.mark.parametrize("exponent", [1.0, 2.0, 2.75])
def test_a_constant_concentration_gives_its_power_times_time(exponent: float):
    load = toxic_load([0.0, 100.0, 1800.0], [3e-5] * 3, exponent)
    assert load == pytest.approx((3e-5) ** exponent * 1800.0, rel=1e-12)


def test_a_ramp_is_integrated_exactly_on_grids_too():
    stack = np.linspace(0.0, 1.0, 3)[:, None, None] * np.array([[1.0, 2.0]])
    load = toxic_load([0.0, 5.0, 10.0], stack, 2.0)
    assert load.shape == (1, 2)
    assert load[0] == pytest.approx([10.0 / 3.0, 40.0 / 3.0])


def test_highest_mean_of_a_triangle():
    # 0 to 1 and back within 20 s: the best 10 s lie around the top, with ends at 0.5.
    assert highest_mean([0.0, 10.0, 20.0], [0.0, 1.0, 0.0], 10.0) == pytest.approx(0.75)
    assert highest_mean([0.0, 10.0, 20.0], [0.0, 1.0, 0.0], 40.0) == pytest.approx(0.25)


@settings(deadline=None, max_examples=40)
@given(
    values=st.lists(st.floats(0.0, 10.0), min_size=3, max_size=12),
    span=st.floats(1.0, 200.0),
)
def test_highest_mean_is_that_of_a_fine_search(values: list[float], span: float):
    times = 10.0 * np.arange(len(values))
    fine = np.linspace(-span, times[-1], 1500)
    step = np.linspace(0.0, span, 800)
    course = np.interp(fine[:, None] + step, times, values, left=0.0, right=0.0)
    best = np.trapezoid(course, step, axis=1).max() / span
    assert highest_mean(times, values, span) == pytest.approx(best, rel=0.02, abs=0.02)


def test_a_cloud_of_ten_minutes_is_judged_by_the_ten_minute_level():
    hf = substance("hf")
    ten, hour = hf.level(2, 600.0), hf.level(2, 3600.0)
    assert ten is not None
    assert hour is not None
    assert ten.conc_kg_m3 > hour.conc_kg_m3
    times = [0.0, 1.0, 601.0, 602.0]
    between = 0.5 * (ten.conc_kg_m3 + hour.conc_kg_m3)
    assert level_reached(hf, times, [0.0, between, between, 0.0]).level < 2
    above = 1.05 * ten.conc_kg_m3
    found = level_reached(hf, times, [0.0, above, above, 0.0])
    assert (found.level, found.exposure_s) == (2, 600.0)
    assert found.mean_kg_m3 == pytest.approx(above, rel=0.01)
    # Breathed for an hour, the same concentration is beyond what the hour allows.
    long = level_reached(hf, [0.0, 3600.0], [between, between])
    assert long.level >= 2
    assert long.exposure_s > 600.0


@pytest.mark.parametrize(
    ("times", "values"),
    [([0.0, 0.0], [1.0, 1.0]), ([0.0], [1.0]), ([0.0, 1.0], [1.0, -1.0]), ([0.0, 1.0], [1.0, math.nan])],
)
def test_courses_that_are_none_are_refused(times: list[float], values: list[float]):
    with pytest.raises(BadRequestError):
        toxic_load(times, values)


def test_exponents_and_spans_out_of_range_are_refused():
    with pytest.raises(BadRequestError, match="at least 1"):
        toxic_load([0.0, 1.0], [1.0, 1.0], 0.5)
    with pytest.raises(BadRequestError, match="more than 0"):
        highest_mean([0.0, 1.0], [1.0, 1.0], 0.0)
