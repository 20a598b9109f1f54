"""Where the model ends: the valley around works and rivers, and what the slopes above send into it."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import shapely
from scipy.ndimage import label
from shapely.geometry.base import BaseGeometry

from models.water.build.edges import Profile, river_level
from models.water.grid import Grid
from twin.core.geometry import FloatArray
from twin.core.park import Park

LEAVES = -1  # water of a cell outside the domain that leaves over the edge of the map

BoolArray = npt.NDArray[np.bool_]


def valley(park: Park, *, buffer_m: float) -> BaseGeometry:
    """The ground within ``buffer_m`` of active areas, rivers and wells, cut to the park's extent."""
    extent = park.extent
    box = shapely.box(extent.x_min_m, extent.y_min_m, extent.x_max_m, extent.y_max_m)
    rows: list[BaseGeometry] = [area.outline for area in park.areas if area.active]
    rows += [water.line for water in park.waters]
    rows += [shapely.Point(well.collar.x_m, well.collar.y_m) for well in park.wells]
    near = shapely.union_all([row.buffer(buffer_m) for row in rows]) if rows else box
    # Holes are hilltops between two valleys: cut out, they would be walls inside the model.
    parts = [shapely.Polygon(part.exterior) for part in getattr(near, "geoms", [near])]
    return shapely.intersection(shapely.union_all(parts), box)


def valley_floor(
    park: Park,
    profiles: Sequence[Profile],
    ground_m: FloatArray,
    x_m: FloatArray,
    y_m: FloatArray,
    *,
    buffer_m: float,
    above_m: float,
) -> BoolArray:
    """Columns (nr, nc) of the valley whose ``ground_m`` stands at most ``above_m`` over the nearest river.

    Columns of active areas stay in whatever their height. Parts that hang together with less than a
    hundredth of all columns are left out. Without rivers, all of the valley.
    """
    xx, yy = np.meshgrid(x_m, y_m)
    mask = np.asarray(shapely.contains_xy(valley(park, buffer_m=buffer_m), xx, yy))
    if profiles:
        areas = shapely.union_all([area.outline for area in park.areas if area.active])
        low = ground_m - river_level(profiles, xx, yy) <= above_m
        mask &= low | shapely.contains_xy(areas, xx, yy)
    parts, count = label(mask)
    sizes = np.bincount(parts.ravel(), minlength=count + 1)
    kept = sizes >= 0.01 * mask.sum()
    kept[0] = False
    return np.asarray(kept[parts])


def slopes_into(grid: Grid, ground_m: FloatArray, rate_m_s: FloatArray) -> FloatArray:
    """Water (nr, nc), m3/s, that falls on cells outside the domain and runs down to each cell of its edge.

    ``ground_m`` and ``rate_m_s`` (nr, nc): the land, and what seeps into it. Every outside cell sends its
    water to the domain cell or the edge of the map that the flood of Barnes, Lehman and Mulla (2014, Comput.
    Geosci. 62, 117-127) reached it from: the lowest way down, through hollows too.
    """
    owner = _owners(ground_m, np.asarray(grid.active.any(axis=0)))
    water = rate_m_s * grid.area_m2
    sent = (owner >= 0) & ~grid.active.any(axis=0)
    into = np.zeros(grid.top_m.size)
    np.add.at(into, owner[sent], water[sent])
    return into.reshape(grid.top_m.shape)


def _owners(ground_m: FloatArray, inside: BoolArray) -> npt.NDArray[np.int64]:
    """Flat index of the domain cell that each cell drains to; LEAVES where it drains off the map."""
    nr, nc = ground_m.shape
    owner = np.full((nr, nc), LEAVES, dtype=np.int64)
    done = inside.copy()
    owner[inside] = np.flatnonzero(inside)
    rim = np.ones((nr, nc), dtype=np.bool_)
    rim[1:-1, 1:-1] = False
    done |= rim
    heap = [(float(ground_m[i, j]), int(i), int(j)) for i, j in np.argwhere(done)]
    heapq.heapify(heap)
    while heap:
        level, i, j = heapq.heappop(heap)
        for di, dj in ((-1, 0), (1, 0), (0, -1), (0, 1)):
            a, b = i + di, j + dj
            if 0 <= a < nr and 0 <= b < nc and not done[a, b]:
                done[a, b] = True
                owner[a, b] = owner[i, j]
                heapq.heappush(heap, (max(level, float(ground_m[a, b])), a, b))
    return owner
