"""The water table hangs below the ground and goes through the wells."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.watertable import WaterTable, interpolate_water_table
from twin.core.errors import StrataError

X, Y = np.arange(0.0, 1001.0, 25.0), np.arange(0.0, 801.0, 25.0)
GROUND = 300.0 + 0.1 * X[None, :] + 20.0 * np.sin(Y[:, None] / 150.0)


def ground_at(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return 300.0 + 0.1 * x + 20.0 * np.sin(y / 150.0)


def wells(x: np.ndarray, y: np.ndarray, depth: np.ndarray) -> np.ndarray:
    ground = ground_at(x, y)
    return np.column_stack([x, y, ground, ground - depth])


def head_at(table: WaterTable, col: int, row: int) -> float:
    return float(table.head_m[row, col])


@settings(deadline=None, max_examples=50)
@given(seed=st.integers(0, 10_000), count=st.integers(1, 20))
def test_never_above_ground_and_exact_at_wells(seed, count):
    rng = np.random.default_rng(seed)
    cells = rng.choice(len(X) * len(Y), count, replace=False)
    rows, cols = np.divmod(cells, len(X))
    depth = rng.uniform(0.0, 12.0, size=count)
    table = interpolate_water_table(wells(X[cols], Y[rows], depth), X, Y, GROUND)
    assert (table.head_m <= GROUND + 1e-9).all()
    assert np.isfinite(table.head_m).all()
    for row, col, deep in zip(rows, cols, depth, strict=True):
        assert head_at(table, col, row) == pytest.approx(GROUND[row, col] - deep, abs=0.01)


def test_a_depth_that_grows_with_the_hill_is_found_as_a_drift():
    rng = np.random.default_rng(5)
    x, y = rng.uniform(0, 1000, 25), rng.uniform(0, 800, 25)
    depth = (1.0 + 0.02 * (ground_at(x, y) - 280.0)) ** 2
    table = interpolate_water_table(wells(x, y, depth), X, Y, GROUND)
    truth = GROUND - (1.0 + 0.02 * (GROUND - 280.0)) ** 2
    assert table.loo_rmse_m is not None
    assert table.loo_rmse_m < 0.1
    assert np.sqrt(np.mean((table.head_m - truth) ** 2)) < 0.2


def test_leave_one_out_error_is_that_of_the_head():
    rng = np.random.default_rng(6)
    x, y = rng.uniform(0, 1000, 30), rng.uniform(0, 800, 30)
    depth = 4.0 + 2.0 * np.sin(x / 200.0) * np.cos(y / 250.0)
    table = interpolate_water_table(wells(x, y, depth), X, Y, GROUND)
    truth = GROUND - (4.0 + 2.0 * np.sin(X[None, :] / 200.0) * np.cos(Y[:, None] / 250.0))
    true_rmse = float(np.sqrt(np.mean((table.head_m - truth) ** 2)))
    assert table.loo_rmse_m is not None
    assert 0.5 * true_rmse < table.loo_rmse_m < 3.0 * true_rmse


def test_one_and_two_wells_have_no_error_figure():
    single = wells(np.array([500.0]), np.array([400.0]), np.array([3.0]))
    table = interpolate_water_table(single, X, Y, GROUND)
    assert table.loo_rmse_m is None
    np.testing.assert_allclose(GROUND - table.head_m, 3.0, atol=1e-6)


def test_an_artesian_well_counts_as_water_at_the_surface():
    rows = wells(np.array([100.0, 500.0, 900.0]), np.array([400.0] * 3), np.array([2.0, -5.0, 2.0]))
    table = interpolate_water_table(rows, X, Y, GROUND)
    assert head_at(table, 20, 16) == pytest.approx(GROUND[16, 20], abs=1e-6)


def test_wells_at_one_place_are_averaged():
    rows = wells(np.array([500.0, 500.1, 900.0]), np.array([400.0, 400.0, 400.0]), np.array([2.0, 4.0, 3.0]))
    table = interpolate_water_table(rows, X, Y, GROUND)
    assert table.wells == 2


@pytest.mark.parametrize("rows", [np.empty((0, 4)), np.array([[1.0, 2.0, np.nan, 3.0]])])
def test_no_wells_is_an_error(rows):
    with pytest.raises(StrataError, match="wells_m") as caught:
        interpolate_water_table(rows, X, Y, GROUND)
    assert caught.value.field == "wells_m"
