"""What wells read: cells, screens that mix by transmissivity, places between centres, dry cells."""

from __future__ import annotations

import numpy as np
import pytest

from models.water.grid import regular_grid
from models.water.observe import Point, Screen, observer
from models.water.problem import Medium
from twin.core.errors import BadRequestError

GRID = regular_grid((3, 6, 8), dx_m=10.0, dy_m=20.0, thickness_m=np.array([4.0, 6.0, 10.0]), top_m=20.0)
K = np.broadcast_to(np.array([1e-4, 5e-4, 1e-6])[:, None, None], GRID.shape).copy()
MEDIUM = Medium(
    k_m_s=K, k33_m_s=K, porosity=0.3 + 0.0 * K, specific_storage_1_m=0.0 * K, specific_yield=0.1 + 0.0 * K
)
LAYERS = np.broadcast_to(np.array([1.0, 2.0, 3.0])[:, None, None], GRID.shape)


def test_a_point_reads_its_cell() -> None:
    seen = observer(GRID, MEDIUM, [Point(name="a", x_m=15.0, y_m=30.0, z_m=12.0)])
    field = np.arange(np.prod(GRID.shape), dtype=float).reshape(GRID.shape)
    assert seen.read(field).tolist() == [field[1, 1, 1]]


def test_a_screen_mixes_by_transmissivity() -> None:
    seen = observer(GRID, MEDIUM, [Screen(name="s", x_m=15.0, y_m=30.0, z_top_m=18.0, z_bottom_m=13.0)])
    first, second = 2.0 * 1e-4, 3.0 * 5e-4
    assert seen.read(LAYERS)[0] == pytest.approx((first + 2.0 * second) / (first + second))


def test_dry_cells_do_not_count_and_a_dry_well_reads_nothing() -> None:
    place = Screen(name="s", x_m=15.0, y_m=30.0, z_top_m=18.0, z_bottom_m=13.0)
    seen = observer(GRID, MEDIUM, [place])
    dry = LAYERS.copy()
    dry[0] = np.nan
    assert seen.read(dry)[0] == 2.0
    assert np.isnan(seen.read(np.full(GRID.shape, np.nan))[0])


def test_between_centres_a_plane_is_exact() -> None:
    x, y = np.meshgrid(GRID.x_m, GRID.y_m)
    plane = np.broadcast_to(3.0 + 0.2 * x - 0.1 * y, GRID.shape)
    places = [
        Point(name=f"p{k}", x_m=px, y_m=py, z_m=12.0)
        for k, (px, py) in enumerate([(23.0, 47.0), (40.0, 64.0)])
    ]
    got = observer(GRID, MEDIUM, places, interpolate=True).read(plane)
    assert np.allclose(got, [3.0 + 0.2 * p.x_m - 0.1 * p.y_m for p in places])


def test_several_fields_are_read_at_once() -> None:
    seen = observer(GRID, MEDIUM, [Point(name="a", x_m=15.0, y_m=30.0, z_m=12.0)])
    assert seen.read(np.ones((5, 2, *GRID.shape))).shape == (5, 2, 1)


@pytest.mark.parametrize(
    ("places", "said"),
    [
        ([Point(name="a", x_m=900.0, y_m=30.0, z_m=12.0)], "place"),
        ([Point(name="high", x_m=15.0, y_m=30.0, z_m=99.0)], "high"),
        ([Screen(name="s", x_m=15.0, y_m=30.0, z_top_m=-5.0, z_bottom_m=-9.0)], "place s"),
        ([Point(name="twice", x_m=15.0, y_m=30.0, z_m=12.0)] * 2, "twice"),
    ],
)
def test_bad_places_are_named(places, said) -> None:
    with pytest.raises(BadRequestError, match=said):
        observer(GRID, MEDIUM, places)
