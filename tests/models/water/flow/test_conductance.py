"""Conductances as MODFLOW 6 defines them, by hand."""

from __future__ import annotations

import numpy as np

from models.water.flow.conductance import faces_of, with_barriers
from models.water.grid import Grid
from models.water.problem import Barrier, Medium
from tests.support.water_ground import pinched_grid, uniform


def uneven() -> tuple[Grid, Medium]:
    random = np.random.default_rng(3)
    shape = (3, 2, 4)
    thick = random.uniform(2.0, 9.0, shape)
    grid = Grid(
        dx_m=np.array([5.0, 10.0, 20.0, 8.0]),
        dy_m=np.array([7.0, 12.0]),
        top_m=np.full((2, 4), 50.0),
        bottom_m=50.0 - np.cumsum(thick, axis=0),
        domain=np.ones(shape, dtype=np.int8),
    )
    k, k22, k33 = (10.0 ** random.uniform(-6.0, -3.0, shape) for _ in range(3))
    zero = np.zeros(shape)
    return grid, Medium(
        k_m_s=k, k22_m_s=k22, k33_m_s=k33, porosity=zero, specific_storage_1_m=zero, specific_yield=zero
    )


def test_along_rows_columns_and_down() -> None:
    grid, medium = uneven()
    faces = faces_of(grid, medium)
    b = grid.thickness_m
    one, other = medium.k_m_s[1, 1, 1] * b[1, 1, 1], medium.k_m_s[1, 1, 2] * b[1, 1, 2]
    np.testing.assert_allclose(faces.east_m2_s[1, 1, 1], 12.0 / (5.0 / one + 10.0 / other))
    assert medium.k22_m_s is not None
    one, other = medium.k22_m_s[2, 0, 3] * b[2, 0, 3], medium.k22_m_s[2, 1, 3] * b[2, 1, 3]
    np.testing.assert_allclose(faces.north_m2_s[2, 0, 3], 8.0 / (3.5 / one + 6.0 / other))
    halves = 0.5 * b[:2, 1, 0] / medium.k33_m_s[:2, 1, 0]
    np.testing.assert_allclose(faces.below_m2_s[0, 1, 0], 5.0 * 12.0 / halves.sum())
    assert not faces.east_m2_s[:, :, -1].any()
    assert not faces.north_m2_s[:, -1].any()
    assert not faces.below_m2_s[-1].any()
    assert faces.down_m2_s is faces.below_m2_s


def test_walls_stand_in_series() -> None:
    grid, medium = uneven()
    bare = faces_of(grid, medium)
    walls = [
        Barrier(
            cells_a=np.array([[1, 1, 2], [2, 0, 3]]),
            cells_b=np.array([[1, 1, 1], [2, 1, 3]]),
            hydraulic_1_s=np.array([1e-7, 0.0]),
        )
    ]
    faces = with_barriers(bare, grid, walls)
    wall = 1e-7 * 12.0 * grid.thickness_m[1, 1, 1:3].mean()
    ground = bare.east_m2_s[1, 1, 1]
    np.testing.assert_allclose(faces.east_m2_s[1, 1, 1], 1.0 / (1.0 / ground + 1.0 / wall))
    assert faces.north_m2_s[2, 0, 3] == 0.0
    assert (faces.east_m2_s != bare.east_m2_s).sum() == 1
    assert with_barriers(bare, grid, []) is bare


def test_water_passes_pinched_cells_vertically_only() -> None:
    grid = pinched_grid()
    faces = faces_of(grid, uniform(grid, k33_m_s=1e-5))
    gone = grid.domain[1] == -1
    assert not faces.east_m2_s[1][gone].any()
    assert not faces.north_m2_s[1][gone].any()
    across = 10.0 * 12.0 / (2.0 / 1e-5 + 5.5 / 1e-5)  # half of 4 m and half of 11 m, nothing between
    np.testing.assert_allclose(faces.below_m2_s[0][gone], across)
    np.testing.assert_allclose(1.0 / (1.0 / faces.down_m2_s[:2, gone]).sum(axis=0), across)
    assert faces.below_m2_s[0, 0, 0] == 0.0
