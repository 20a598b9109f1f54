"""Wells left out in turn: the error that is found is the one that was put in."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.water.assimilate.folds import crossed, dressed, local_sd, parts, unknown


def test_the_error_that_was_put_in_is_found() -> None:
    rng = np.random.default_rng(3)
    variance, gap = rng.uniform(0.01, 0.09, 4_000), rng.uniform(0.0, 600.0, 4_000)
    miss = rng.standard_normal(4_000) * np.sqrt(variance + 0.3**2 * unknown(gap, 250.0))
    found = crossed(miss, variance, gap, range_m=250.0)
    assert found.local_sd_m == pytest.approx(0.3, rel=0.05)
    assert found.z_before > 1.3
    assert found.z_after == pytest.approx(1.0, abs=1e-9)


def test_a_spread_that_is_wide_enough_gets_nothing() -> None:
    assert local_sd(np.array([0.1, -0.1, 0.05]), np.full(3, 0.04), np.ones(3)) == 0.0
    assert local_sd(np.zeros(0), np.zeros(0), np.zeros(0)) == 0.0


def test_a_miss_that_no_local_error_explains_stays_bounded() -> None:
    assert local_sd(np.array([0.5]), np.array([0.01]), np.zeros(1)) <= 0.5


@settings(deadline=None, max_examples=40)
@given(
    count=st.integers(min_value=1, max_value=40),
    folds=st.integers(min_value=2, max_value=6),
    seed=st.integers(min_value=0, max_value=99),
)
def test_every_well_is_left_out_once(count: int, folds: int, seed: int) -> None:
    dealt = parts(count, folds, np.random.default_rng(seed))
    assert sorted(np.concatenate(dealt).tolist()) == list(range(count))
    assert max(map(len, dealt)) - min(map(len, dealt)) <= 1


def test_dressing_adds_the_variance_and_keeps_the_mean() -> None:
    levels = np.array([[1.0, 5.0], [1.2, 5.0], [1.4, 5.6]])
    wide = dressed(levels, 0.3)
    assert wide.mean(axis=0) == pytest.approx(levels.mean(axis=0))
    assert wide.var(axis=0) == pytest.approx(levels.var(axis=0) + 0.09)
    assert dressed(levels, 0.0) is levels
