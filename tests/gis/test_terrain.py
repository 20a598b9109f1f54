"""Laws of the terrain grid."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.terrain import Terrain
from twin.core.errors import OutsideTerrainError, RasterError
from twin.core.geometry import Extent


def plane(east: float, north: float, *, nx: int = 41, ny: int = 31, step: float = 5.0) -> Terrain:
    x, y = np.arange(nx) * step - 100.0, np.arange(ny) * step - 50.0
    return Terrain((200.0 + east * x[None, :] + north * y[:, None]).astype(np.float32), -100.0, -50.0, step)


@settings(deadline=None, max_examples=60)
@given(x=st.floats(-100.0, 100.0), y=st.floats(-50.0, 100.0), a=st.floats(-1, 1), b=st.floats(-1, 1))
def test_a_plane_is_sampled_exactly(x, y, a, b):
    assert plane(a, b).height_at(x, y) == pytest.approx(200.0 + a * x + b * y, abs=1e-4)


def test_row_zero_is_the_south():
    heights = np.array([[1.0, 2.0], [3.0, 4.0]], dtype=np.float32)
    terrain = Terrain(heights, 0.0, 0.0, 10.0)
    assert terrain.height_at(0.0, 0.0) == 1.0
    assert terrain.height_at(10.0, 0.0) == 2.0
    assert terrain.height_at(0.0, 10.0) == 3.0
    assert terrain.height_at(5.0, 5.0) == 2.5


def test_heights_broadcast():
    terrain = plane(0.1, 0.2)
    assert terrain.height(terrain.x_m[None, :], terrain.y_m[:, None]).shape == (31, 41)
    np.testing.assert_allclose(terrain.height(terrain.x_m[None, :], terrain.y_m[:, None]), terrain.heights_m)


@pytest.mark.parametrize("place", [(-100.1, 0.0), (100.1, 0.0), (0.0, -50.1), (0.0, 100.1), (np.nan, 0.0)])
def test_outside_is_an_error_that_names_the_place(place):
    with pytest.raises(OutsideTerrainError, match="outside the terrain") as caught:
        plane(0.0, 0.0).height([0.0, place[0]], [0.0, place[1]])
    assert caught.value.message_zh
    assert caught.value.field == "place"


@pytest.mark.parametrize(
    ("east", "north", "aspect"), [(-0.1, 0.0, 90.0), (0.1, 0.0, 270.0), (0.0, -0.1, 0.0), (0.0, 0.1, 180.0)]
)
def test_aspect_is_where_the_ground_falls_to(east, north, aspect):
    slope, direction = plane(east, north).slope_aspect()
    np.testing.assert_allclose(slope, np.degrees(np.arctan(0.1)), atol=1e-3)
    assert np.abs((direction - aspect + 180.0) % 360.0 - 180.0).max() < 0.05


def test_gradient_of_a_parabola_is_exact_at_the_edges_too():
    x = np.arange(20) * 2.0
    terrain = Terrain((0.01 * x**2)[None, :].repeat(5, axis=0).astype(np.float32), 0.0, 0.0, 2.0)
    east, north = terrain.gradient()
    np.testing.assert_allclose(east, np.broadcast_to(0.02 * x, east.shape), atol=1e-5)
    np.testing.assert_allclose(north, 0.0, atol=1e-6)


def test_resampling_keeps_shared_nodes_and_the_extent():
    rng = np.random.default_rng(3)
    terrain = Terrain(rng.normal(size=(31, 41)).astype(np.float32), -100.0, -50.0, 5.0)
    coarse, fine = terrain.resample(10.0), terrain.resample(2.5)
    np.testing.assert_allclose(coarse.heights_m, terrain.heights_m[::2, ::2], atol=1e-6)
    np.testing.assert_allclose(fine.heights_m[::2, ::2], terrain.heights_m, atol=1e-6)
    assert fine.extent == terrain.extent == coarse.extent


def test_crop_covers_what_was_asked_and_moves_nothing():
    terrain = plane(0.3, -0.2)
    wanted = Extent(x_min_m=-33.0, y_min_m=1.0, x_max_m=20.0, y_max_m=44.0)
    part = terrain.crop(wanted)
    assert part.extent == Extent(x_min_m=-35.0, y_min_m=0.0, x_max_m=20.0, y_max_m=45.0)
    assert part.height_at(3.0, 7.0) == pytest.approx(terrain.height_at(3.0, 7.0), abs=1e-4)
    with pytest.raises(OutsideTerrainError):
        terrain.crop(Extent(x_min_m=0.0, y_min_m=0.0, x_max_m=500.0, y_max_m=10.0))


def test_profile_has_both_ends_and_even_steps():
    line = plane(0.1, 0.0).profile((-90.0, 0.0), (90.0, 90.0), 2.0)
    assert line.distance_m[0] == 0.0
    assert line.distance_m[-1] == pytest.approx(np.hypot(180.0, 90.0))
    assert np.diff(line.distance_m).max() <= 2.0
    np.testing.assert_allclose(line.height_m, 200.0 + 0.1 * line.x_m, atol=1e-4)


@pytest.mark.parametrize(
    ("heights", "step", "field"),
    [
        (np.array([[1.0, np.nan], [1.0, 1.0]]), 1.0, "heights_m"),
        (np.array([[1.0, np.inf], [1.0, 1.0]]), 1.0, "heights_m"),
        (np.ones((1, 5)), 1.0, "heights_m"),
        (np.ones((3, 3)), 0.0, "step_m"),
        (np.ones((3, 3)), np.nan, "step_m"),
    ],
)
def test_a_terrain_without_holes_or_not_at_all(heights, step, field):
    with pytest.raises(RasterError) as caught:
        Terrain(heights.astype(np.float32), 0.0, 0.0, step)
    assert caught.value.field == field


def test_heights_cannot_be_changed_from_outside():
    source = np.ones((3, 3), dtype=np.float32)
    terrain = Terrain(source, 0.0, 0.0, 1.0)
    source[0, 0] = 99.0
    assert terrain.height_at(0.0, 0.0) == 1.0
    with pytest.raises(ValueError, match="read-only"):
        terrain.heights_m[0, 0] = 2.0
