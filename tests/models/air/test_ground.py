"""Maps against sums written out by hand, and doses against closed integrals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.air.ground import DoseMap, MapGrid, column_maps, deposition_maps, level_maps, map_grid, mean_power
from models.air.streak import Puffs
from twin.core.errors import BadRequestError
from twin.core.geometry import Extent, frozen

GRID = MapGrid(x_min_m=-700.0, y_min_m=-500.0, dx_m=10.0, dy_m=8.0, nx=150, ny=130)


def cloud(n: int = 40, seed: int = 0) -> Puffs:
    rng = np.random.default_rng(seed)
    return Puffs(
        x_m=frozen(rng.uniform(-1200.0, 1200.0, n)),
        y_m=frozen(rng.uniform(-900.0, 900.0, n)),
        height_m=frozen(rng.uniform(0.0, 40.0, n)),
        sigma_h_m=frozen(np.exp(rng.uniform(0.0, 5.0, n))),
        sigma_z_m=frozen(np.exp(rng.uniform(0.0, 4.0, n))),
        emission_s=frozen(np.ones(n)),
        cell=np.zeros(n, dtype=np.intp),
    )


def by_hand(puffs: Puffs, mass: np.ndarray, grid: MapGrid, height_m: float) -> np.ndarray:
    """Density at the middle of every cell by the textbook formula."""
    x = grid.x_min_m + (np.arange(grid.nx) + 0.5) * grid.dx_m
    y = grid.y_min_m + (np.arange(grid.ny) + 0.5) * grid.dy_m
    out = np.zeros((grid.ny, grid.nx))
    for k in range(mass.size):
        sh, sz, h = puffs.sigma_h_m[k], puffs.sigma_z_m[k], puffs.height_m[k]
        gx = np.exp(-0.5 * ((x - puffs.x_m[k]) / sh) ** 2)
        gy = np.exp(-0.5 * ((y - puffs.y_m[k]) / sh) ** 2)
        up = sum(math.exp(-0.5 * ((height_m - sign * h) / sz) ** 2) for sign in (1, -1))
        out += mass[k] * up / ((2 * math.pi) ** 1.5 * sh * sh * sz) * gy[:, None] * gx
    return out


def test_a_map_is_the_sum_of_the_puffs():
    puffs = cloud()
    wide = puffs.sigma_h_m > 60.0  # so wide that a mean over a cell is the value in its middle
    mass = np.where(wide, 2.0, 0.0)
    found = level_maps(puffs, mass, GRID, math.inf, height_m=1.5)
    expected = by_hand(puffs, mass, GRID, 1.5)
    assert found.dtype == np.float32
    assert np.abs(found - expected).max() < 2e-3 * expected.max()


def test_every_substance_gets_its_own_map_from_the_same_puffs():
    puffs, rng = cloud(), np.random.default_rng(1)
    mass = rng.uniform(0.0, 1.0, (6, 40))
    together = level_maps(puffs, mass, GRID, 200.0)
    assert together.shape == (6, GRID.ny, GRID.nx)
    for k in range(6):
        alone = level_maps(puffs, mass[k], GRID, 200.0)
        assert np.abs(together[k] - alone).max() < 1e-6 * alone.max()


def test_a_puff_narrower_than_a_cell_keeps_its_mass():
    one = Puffs(
        x_m=frozen([3.0]),
        y_m=frozen([-2.0]),
        height_m=frozen([5.0]),
        sigma_h_m=frozen([0.5]),
        sigma_z_m=frozen([3.0]),
        emission_s=frozen([1.0]),
        cell=np.zeros(1, dtype=np.intp),
    )
    column = column_maps(one, frozen([7.0]), GRID)
    assert float(column.sum()) * 80.0 == pytest.approx(7.0, rel=1e-5)
    levels = np.arange(0.25, 40.0, 0.5)
    stacked = sum(float(level_maps(one, frozen([7.0]), GRID, math.inf, height_m=z).sum()) for z in levels)
    assert stacked * 80.0 * 0.5 == pytest.approx(7.0, rel=1e-4)


def test_nothing_is_above_the_lid_and_the_lid_reflects():
    puffs, mass = cloud(), np.ones(40)
    assert level_maps(puffs, mass, GRID, 50.0, height_m=51.0).max() == 0.0
    levels = np.arange(0.5, 50.0, 1.0)
    stacked = sum(level_maps(puffs, mass, GRID, 50.0, height_m=z).astype(float) for z in levels)
    column = column_maps(puffs, mass, GRID)
    assert np.abs(stacked - column).max() < 2e-3 * column.max()


def test_deposition_is_velocity_times_concentration_plus_washout_of_the_column():
    puffs, mass = cloud(), np.random.default_rng(2).uniform(0.0, 1.0, (2, 40))
    speed, washout = np.array([[0.01], [0.0]]), np.array([[0.0], [1e-4]])
    found = deposition_maps(puffs, mass, GRID, math.inf, speed_m_s=speed, washout_1_s=washout)
    dry = 0.01 * level_maps(puffs, mass[0], GRID, math.inf)
    wet = 1e-4 * column_maps(puffs, mass[1], GRID)
    assert np.abs(found[0] - dry).max() < 1e-5 * dry.max()
    assert np.abs(found[1] - wet).max() < 1e-5 * wet.max()


def test_a_grid_over_an_extent_covers_it():
    grid = map_grid(Extent(x_min_m=-10.0, y_min_m=5.0, x_max_m=502.0, y_max_m=133.0), 64)
    assert (grid.dx_m, grid.dy_m, grid.nx, grid.ny) == (8.0, 2.0, 64, 64)


@given(
    low=st.floats(0.0, 1e-3),
    high=st.floats(0.0, 1e-3),
    exponent=st.sampled_from([1.0, 2.0, 2.75, 3.5]),
)
@settings(deadline=None, max_examples=60)
def test_power_of_a_linear_rise_against_quadrature(low: float, high: float, exponent: float):
    node, weight = np.polynomial.legendre.leggauss(20)
    values = low + 0.5 * (node + 1.0) * (high - low)
    expected = 0.5 * float(weight @ values**exponent)
    found = float(mean_power(np.array(low), np.array(high), exponent))
    assert found == pytest.approx(expected, rel=1e-6, abs=1e-30)


def test_dose_of_a_constant_is_its_power_times_time_and_gaps_are_not_invented():
    dose = DoseMap((2, 2), exponent=2.0, gap_s=120.0)
    for minute in range(11):
        dose.add(60_000 * minute, np.full((2, 2), 3e-4))
    assert dose.total == pytest.approx(np.full((2, 2), 600.0 * 9e-8))
    dose.add(60_000 * 20, np.full((2, 2), 1.0))
    assert dose.missed_s == 600.0
    assert dose.total == pytest.approx(np.full((2, 2), 600.0 * 9e-8))
    with pytest.raises(BadRequestError, match="rising times"):
        dose.add(60_000 * 20, np.zeros((2, 2)))
    with pytest.raises(BadRequestError, match="at least 1"):
        DoseMap((1,), exponent=0.5)
