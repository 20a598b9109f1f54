"""Statistics of agreement: the numbers of Chang and Hanna (2004) and their laws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.air.case.stats import scores
from twin.core.errors import BadRequestError

NUMBERS = st.lists(st.floats(min_value=1e-6, max_value=1e6), min_size=1, max_size=30)


def test_by_hand() -> None:
    row = scores([1.0, 2.0, 4.0], [2.0, 2.0, 1.0])
    assert row.number == 3
    assert row.fac2_fraction == pytest.approx(2.0 / 3.0)
    assert row.fb_value == pytest.approx((7.0 - 5.0) / 6.0)
    assert row.nmse_value == pytest.approx((1.0 + 0.0 + 9.0) / 3.0 / (7.0 / 3.0 * 5.0 / 3.0))
    assert row.mg_value == pytest.approx(math.exp((-math.log(2.0) + 0.0 + math.log(4.0)) / 3.0))
    assert row.vg_value == pytest.approx(math.exp((math.log(2.0) ** 2 + math.log(4.0) ** 2) / 3.0))
    assert row.rmse_value == pytest.approx(math.sqrt(10.0 / 3.0))


@settings(deadline=None, max_examples=60)
@given(values=NUMBERS)
def test_a_perfect_model_is_perfect(values: list[float]) -> None:
    row = scores(values, values)
    assert (row.fac2_fraction, row.fb_value, row.nmse_value, row.mg_value, row.vg_value) == (1, 0, 0, 1, 1)


@settings(deadline=None, max_examples=60)
@given(values=NUMBERS, factor=st.floats(min_value=0.1, max_value=10.0))
def test_a_model_that_is_off_by_a_factor_says_the_factor(values: list[float], factor: float) -> None:
    row = scores(values, factor * np.array(values))
    assert row.mg_value == pytest.approx(1.0 / factor)
    assert row.vg_value == pytest.approx(math.exp(math.log(factor) ** 2))
    assert row.fb_value == pytest.approx(2.0 * (1.0 - factor) / (1.0 + factor))


def test_low_models_have_positive_bias_and_mg_above_one() -> None:
    row = scores([10.0, 20.0], [5.0, 8.0])
    assert row.fb_value > 0.0
    assert row.mg_value > 1.0


def test_zeros_count_but_not_in_the_logarithms() -> None:
    row = scores([0.0, 0.0, 4.0], [0.0, 1.0, 4.0])
    assert row.fac2_fraction == pytest.approx(2.0 / 3.0)
    assert (row.number, row.logarithmic) == (3, 1)
    assert row.mg_value == 1.0


def test_holes_are_left_out_and_nothing_is_refused() -> None:
    assert scores([1.0, math.nan], [1.0, 2.0]).number == 1
    with pytest.raises(BadRequestError, match="at least one"):
        scores([math.nan], [1.0])
    with pytest.raises(BadRequestError, match="one length"):
        scores([1.0], [1.0, 2.0])
