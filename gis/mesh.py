"""The terrain as triangles whose vertical error is bounded, finer inside the fence.

Points are chosen greedily where the error is largest (Garland and Heckbert, 1995, CMU-CS-95-181,
"Fast polygonal approximation of terrains and height fields"; the chooser is pydelatin), once for
the whole rectangle with the outer bound and once around the fence with the inner one. Their union
is triangulated (Delaunay), checked at EVERY node of the terrain, and the worst node of each bad
triangle is added until both bounds hold. The figures in ``Tin`` are measured, not promised.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from affine import Affine
from pydelatin import Delatin
from rasterio.errors import NotGeoreferencedWarning
from rasterio.features import rasterize
from scipy import ndimage
from scipy.spatial import Delaunay
from shapely.geometry import Polygon

from gis.rasterise import Surface
from gis.terrain import Terrain
from twin.core.geometry import FloatArray, frozen

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
Float32Array = npt.NDArray[np.float32]
Triangles = npt.NDArray[np.uint32]

_HEADROOM = 0.92  # of a bound is used here; the rest is left to the 16-bit coordinates of the wire
_FENCE_MARGIN_NODES = 8
_LEVELS = 65535
_MANY = 5000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tin:
    """Triangles over the rectangle of a terrain.

    ``vertices_m`` (n, 3) local x, y, z; ``triangles`` (m, 3) counter-clockwise from above.
    ``max_error_m`` and ``fence_error_m`` are the largest vertical distances to the terrain at its
    nodes, everywhere and inside the fence (0 without a fence).
    """

    vertices_m: FloatArray
    triangles: Triangles
    max_error_m: float
    fence_error_m: float


def build_tin(
    terrain: Terrain, max_error_m: float = 1.0, fence: Sequence[Polygon] = (), fence_error_m: float = 0.5
) -> Tin:
    """Error-bounded triangles: at most ``max_error_m`` off the nodes, ``fence_error_m`` in the fence.

    Raises ValueError when a bound is not positive.
    """
    if not (max_error_m > 0.0 and fence_error_m > 0.0):
        msg = f"max_error_m is {max_error_m}, fence_error_m {fence_error_m}; expected positive metres"
        raise ValueError(msg)
    mask = fence_nodes(terrain, fence)
    wanted = _HEADROOM * max_error_m
    points, triangles = _greedy(terrain.heights_m, wanted)
    if mask.any() and fence_error_m < max_error_m:
        inner = _HEADROOM * fence_error_m
        bound = np.where(mask, inner, wanted)
        points = np.unique(np.vstack([points, _fence_points(terrain.heights_m, mask, inner)]), axis=0)
        points, triangles = _refined(terrain.heights_m, points, bound)
    vertices = _to_metres(terrain, points)
    loose = Tin(vertices_m=vertices, triangles=triangles, max_error_m=np.nan, fence_error_m=np.nan)
    return _measured(loose, terrain, mask)


def vertical_error(tin: Tin, terrain: Terrain) -> FloatArray:
    """Surface minus terrain in metres at every node, (ny, nx); NaN where no triangle lies."""
    cells = np.empty_like(tin.vertices_m)
    cells[:, 0] = (tin.vertices_m[:, 0] - terrain.x0_m) / terrain.step_m
    cells[:, 1] = (tin.vertices_m[:, 1] - terrain.y0_m) / terrain.step_m
    cells[:, 2] = tin.vertices_m[:, 2]
    surface = Surface.empty(terrain.heights_m.shape)
    triangles = tin.triangles.astype(np.int64)
    surface.paint(cells, triangles, np.arange(len(triangles)))
    return surface.heights - terrain.heights_m


def quantised(tin: Tin, terrain: Terrain, fence: Sequence[Polygon] = ()) -> Tin:
    """The mesh as 16-bit coordinates over the terrain's extent carry it, with the errors it then has."""
    extent = terrain.extent
    low = np.array([extent.x_min_m, extent.y_min_m, tin.vertices_m[:, 2].min()])
    high = np.array([extent.x_max_m, extent.y_max_m, tin.vertices_m[:, 2].max()])
    step = np.maximum(high - low, 1e-9) / _LEVELS
    vertices = low + np.rint((tin.vertices_m - low) / step) * step
    coarse = replace(tin, vertices_m=frozen(vertices))
    return _measured(coarse, terrain, fence_nodes(terrain, fence))


def fence_nodes(terrain: Terrain, fence: Sequence[Polygon]) -> BoolArray:
    """Nodes (ny, nx) inside the polygons or less than one step from them."""
    shapes = [shape for shape in fence if not shape.is_empty]
    if not shapes:
        return np.zeros(terrain.heights_m.shape, dtype=bool)
    step = terrain.step_m
    # Cell j of the raster is centred on node j; counting rows from the south needs a positive dy.
    transform = Affine(step, 0.0, terrain.x0_m - step / 2, 0.0, step, terrain.y0_m - step / 2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        burnt = rasterize(
            shapes, out_shape=terrain.heights_m.shape, transform=transform, all_touched=True, dtype="uint8"
        )
    return np.asarray(burnt, dtype=bool)


def _measured(tin: Tin, terrain: Terrain, mask: BoolArray) -> Tin:
    error = np.abs(vertical_error(tin, terrain))
    inside = float(error[mask].max()) if mask.any() else 0.0
    return replace(tin, max_error_m=float(error.max()), fence_error_m=inside)


def _greedy(heights: Float32Array, bound: float) -> tuple[IntArray, Triangles]:
    """Columns and rows (n, 2) of the chosen nodes, and counter-clockwise triangles."""
    # The chooser counts y upwards from the last row, so the south row has to come last.
    chosen = Delatin(np.ascontiguousarray(heights[::-1]), max_error=bound)
    return chosen.vertices[:, :2].astype(np.int64), chosen.triangles.astype(np.uint32)


def _fence_points(heights: Float32Array, mask: BoolArray, bound: float) -> IntArray:
    """Nodes chosen with the inner bound in each connected part of the fence and a margin around it."""
    labels, _ = ndimage.label(mask)
    found = []
    for number, (rows, cols) in enumerate(ndimage.find_objects(labels), start=1):
        top, left = max(rows.start - _FENCE_MARGIN_NODES, 0), max(cols.start - _FENCE_MARGIN_NODES, 0)
        window = (slice(top, rows.stop + _FENCE_MARGIN_NODES), slice(left, cols.stop + _FENCE_MARGIN_NODES))
        points, _ = _greedy(heights[window], bound)
        points = points + np.array([left, top])
        near = ndimage.binary_dilation(labels[window] == number, iterations=_FENCE_MARGIN_NODES)
        found.append(points[near[points[:, 1] - top, points[:, 0] - left]])
    return np.vstack(found)


def _refined(heights: Float32Array, points: IntArray, bound: FloatArray) -> tuple[IntArray, Triangles]:
    """Delaunay triangles of ``points`` with nodes added until every node is within its bound."""
    surface = Surface.empty(heights.shape)
    seen = np.empty(0, dtype=np.int64)
    # Growing halves the time of a large net; a small one may lie on one circle, where it fails.
    grows = len(points) > _MANY
    net = Delaunay(points.astype(np.float64), incremental=grows)
    while True:
        triangles = _counter_clockwise(points, net.simplices.astype(np.int64))
        keys = _keys(triangles)
        fresh = np.flatnonzero(~np.isin(keys, seen))
        surface.paint(_with_heights(points, heights), triangles[fresh], keys[fresh])
        excess = np.abs(surface.heights - heights) - bound
        bad = np.flatnonzero(excess.ravel() > 0.0)
        if bad.size == 0:
            return points, triangles.astype(np.uint32)
        added = _worst_nodes(bad, excess, surface.owners)
        points = np.vstack([points, added])
        if grows:
            net.add_points(added.astype(np.float64))
        else:
            net = Delaunay(points.astype(np.float64))
        seen = keys


def _worst_nodes(bad: IntArray, excess: FloatArray, owners: IntArray) -> IntArray:
    """Column and row of the worst of the ``bad`` nodes of each triangle."""
    order = bad[np.lexsort((-excess.ravel()[bad], owners.ravel()[bad]))]
    _, first = np.unique(owners.ravel()[order], return_index=True)
    rows, cols = np.divmod(order[first], excess.shape[1])
    return np.stack([cols, rows], axis=1)


def _counter_clockwise(points: IntArray, triangles: IntArray) -> IntArray:
    """Triangles turned where needed; those without an area (along the rim) are left out."""
    a, b, c = (points[triangles[:, k]] for k in range(3))
    turn = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    triangles[turn < 0] = triangles[turn < 0][:, ::-1]
    return np.asarray(triangles[turn != 0])


def _keys(triangles: IntArray) -> IntArray:
    """One number per triangle, whatever the order of its corners."""
    corners = np.sort(triangles, axis=1)
    return np.asarray((corners[:, 0] << 42) | (corners[:, 1] << 21) | corners[:, 2])


def _with_heights(points: IntArray, heights: Float32Array) -> FloatArray:
    return np.column_stack([points.astype(np.float64), heights[points[:, 1], points[:, 0]]])


def _to_metres(terrain: Terrain, points: IntArray) -> FloatArray:
    cells = _with_heights(points, terrain.heights_m)
    return frozen(cells * [terrain.step_m, terrain.step_m, 1.0] + [terrain.x0_m, terrain.y0_m, 0.0])
