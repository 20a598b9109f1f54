"""The mesh keeps its bounds, everywhere and at every node."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from shapely.geometry import Polygon, box

from gis.mesh import Tin, build_tin, fence_nodes, quantised, vertical_error
from gis.terrain import Terrain


def hills(
    nx: int = 301, ny: int = 241, *, seed: int = 1, relief_m: float = 120.0, step: float = 2.0
) -> Terrain:
    rng, step = np.random.default_rng(seed), 2.0
    smooth = ndimage.gaussian_filter(rng.normal(size=(ny, nx)), 30.0)
    rough = ndimage.gaussian_filter(rng.normal(size=(ny, nx)), 3.0)
    heights = relief_m * smooth / np.ptp(smooth) + 4.0 * rough / np.ptp(rough)
    return Terrain(heights.astype(np.float32), -step * (nx - 1) / 2, -step * (ny - 1) / 2, step)


FENCE = (box(-120.0, -100.0, 40.0, 60.0), Polygon([(80, -150), (200, -120), (150, 20)]))


def area_m2(tin: Tin) -> np.ndarray:
    a, b, c = (tin.vertices_m[tin.triangles[:, k], :2] for k in range(3))
    return ((b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])) / 2.0


def inside_exactly(terrain: Terrain, fence: tuple[Polygon, ...]) -> np.ndarray:
    x, y = np.meshgrid(terrain.x_m, terrain.y_m)
    return shapely.intersects_xy(shapely.union_all(fence), x, y)


@pytest.mark.parametrize("fence", [(), FENCE])
def test_bounds_hold_at_every_node_before_and_after_quantisation(fence):
    terrain = hills()
    tin = build_tin(terrain, 1.0, fence, 0.5)
    for mesh in (tin, quantised(tin, terrain, fence)):
        error = np.abs(vertical_error(mesh, terrain))
        assert not np.isnan(error).any()
        assert error.max() <= 1.0
        assert error.max() == pytest.approx(mesh.max_error_m)
        if fence:
            assert error[inside_exactly(terrain, fence)].max() <= 0.5
            assert mesh.fence_error_m <= 0.5


def test_the_inner_bound_costs_triangles_only_inside():
    terrain = hills()
    coarse, mixed, fine = (
        build_tin(terrain, 1.0),
        build_tin(terrain, 1.0, FENCE, 0.5),
        build_tin(terrain, 0.5),
    )
    assert len(coarse.triangles) < len(mixed.triangles) < len(fine.triangles)


def test_triangles_tile_the_rectangle_counter_clockwise():
    terrain = hills()
    tin = build_tin(terrain, 1.0, FENCE, 0.5)
    areas = area_m2(tin)
    assert areas.min() > 0.0
    assert areas.sum() == pytest.approx(terrain.extent.width_m * terrain.extent.height_m)


def test_no_gaps_every_inner_edge_belongs_to_two_triangles():
    terrain = hills()
    tin = build_tin(terrain, 1.0, FENCE, 0.5)
    edges = np.sort(
        np.concatenate([tin.triangles[:, [0, 1]], tin.triangles[:, [1, 2]], tin.triangles[:, [2, 0]]])
    )
    unique, count = np.unique(edges, axis=0, return_counts=True)
    assert set(count.tolist()) == {1, 2}
    rim = tin.vertices_m[unique[count == 1]]
    e = terrain.extent
    vertical = (rim[:, 0, 0] == rim[:, 1, 0]) & np.isin(rim[:, 0, 0], [e.x_min_m, e.x_max_m])
    level = (rim[:, 0, 1] == rim[:, 1, 1]) & np.isin(rim[:, 0, 1], [e.y_min_m, e.y_max_m])
    assert (vertical | level).all()


def test_a_large_net_grows_and_keeps_its_bounds():
    rng = np.random.default_rng(4)
    terrain = Terrain(rng.normal(scale=2.0, size=(150, 160)).astype(np.float32), 0.0, 0.0, 1.0)
    fence = (box(30.0, 30.0, 120.0, 110.0),)
    tin = build_tin(terrain, 1.5, fence, 0.4)
    assert len(tin.vertices_m) > 6000
    assert (area_m2(tin) > 0.0).all()
    assert area_m2(tin).sum() == pytest.approx(149.0 * 159.0)
    error = np.abs(vertical_error(tin, terrain))
    assert error.max() <= 1.5
    assert error[inside_exactly(terrain, fence)].max() <= 0.4


def test_vertices_lie_on_the_terrain():
    terrain = hills()
    tin = build_tin(terrain, 1.0, FENCE, 0.5)
    heights = terrain.height(tin.vertices_m[:, 0], tin.vertices_m[:, 1])
    np.testing.assert_allclose(tin.vertices_m[:, 2], heights, atol=1e-4)


def test_a_plane_needs_two_triangles():
    x, y = np.arange(50) * 2.0, np.arange(40) * 2.0
    terrain = Terrain((0.3 * x[None, :] - 0.1 * y[:, None]).astype(np.float32), 0.0, 0.0, 2.0)
    assert len(build_tin(terrain, 1.0, (box(10, 10, 50, 50),), 0.5).triangles) == 2


def test_vertical_error_sees_a_moved_vertex():
    terrain = hills()
    tin = build_tin(terrain, 1.0)
    vertices = np.array(tin.vertices_m)
    inner = int(np.argmin(np.hypot(vertices[:, 0], vertices[:, 1])))
    vertices[inner, 2] += 7.0
    bent = Tin(vertices_m=vertices, triangles=tin.triangles, max_error_m=0.0, fence_error_m=0.0)
    assert np.abs(vertical_error(bent, terrain)).max() == pytest.approx(7.0, abs=1e-3)


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 10_000), bound=st.floats(0.2, 3.0), nx=st.integers(2, 60), ny=st.integers(2, 60))
def test_bounds_hold_for_any_terrain(seed, bound, nx, ny):
    rng = np.random.default_rng(seed)
    terrain = Terrain(rng.normal(scale=3.0, size=(ny, nx)).astype(np.float32), 0.0, 0.0, 1.0)
    fence = (box(0.2 * nx, 0.2 * ny, 0.7 * nx, 0.8 * ny),)
    tin = build_tin(terrain, bound, fence, bound / 2)
    error = np.abs(vertical_error(tin, terrain))
    assert error.max() <= bound
    inside = inside_exactly(terrain, fence)
    assert not inside.any() or error[inside].max() <= bound / 2


def test_fence_nodes_cover_the_polygons():
    terrain = hills()
    exact = inside_exactly(terrain, FENCE)
    burnt = fence_nodes(terrain, FENCE)
    assert burnt[exact].all()
    assert burnt.sum() < 1.2 * exact.sum()


def test_bounds_must_be_positive():
    with pytest.raises(ValueError, match="positive"):
        build_tin(hills(20, 20), 0.0)
