"""H3 index of the site: hexagons in the local frame, rolled up to their parents.

Resolution 10 (about 1.3 ha here) is for zones, 11 (about 0.19 ha) for people. H3 (Uber, Apache 2.0)
works on WGS 84 longitude and latitude; the polygons come back in the park's frame.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import h3
import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import MultiPolygon, Polygon, box

from gis.crs import ParkCrs
from twin.core.geometry import Extent

ZONE_RESOLUTION = 10
PEOPLE_RESOLUTION = 11
_ROOM_M = 1.0  # straight edges of the grid are not straight on the sphere
_EDGE_M = 500.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HexCell:
    """One hexagon: H3 index, its resolution and its outline in the local frame (metres)."""

    id: str
    resolution: int
    outline: Polygon


def cells_of(
    region: Polygon | MultiPolygon | Extent, crs: ParkCrs, resolution: int = ZONE_RESOLUTION
) -> tuple[HexCell, ...]:
    """All cells that touch a region of the local frame, ordered by index."""
    shape = _as_shape(region)
    found: set[str] = set()
    for part in shape.geoms if isinstance(shape, MultiPolygon) else (shape,):
        found.update(_touching(part, crs, resolution))
    cells = (cell_of(name, crs) for name in sorted(found))
    return tuple(cell for cell in cells if cell.outline.intersects(shape))


def cell_of(name: str, crs: ParkCrs) -> HexCell:
    """Cell of an H3 index. Raises ValueError when the index is not valid."""
    if not h3.is_valid_cell(name):
        msg = f"H3 index {name!r} is not valid"
        raise ValueError(msg)
    ring = np.array(h3.cell_to_boundary(name))
    x, y = crs.to_local(ring[:, 1], ring[:, 0])
    return HexCell(id=name, resolution=h3.get_resolution(name), outline=Polygon(np.column_stack([x, y])))


def index_places(
    x_m: npt.ArrayLike, y_m: npt.ArrayLike, crs: ParkCrs, resolution: int = ZONE_RESOLUTION
) -> tuple[str, ...]:
    """H3 index of each place of the local frame."""
    lon, lat = crs.to_lonlat(np.ravel(x_m), np.ravel(y_m))
    return tuple(h3.latlng_to_cell(float(b), float(a), resolution) for a, b in zip(lon, lat, strict=True))


def roll_up(values: Mapping[str, float], resolution: int) -> dict[str, float]:
    """Sums of ``values`` (per cell index) over their parents at a coarser resolution, by index."""
    sums: dict[str, float] = {}
    for name in sorted(values):
        parent = h3.cell_to_parent(name, resolution)
        sums[parent] = sums.get(parent, 0.0) + values[name]
    return sums


def _as_shape(region: Polygon | MultiPolygon | Extent) -> Polygon | MultiPolygon:
    if isinstance(region, Extent):
        return box(region.x_min_m, region.y_min_m, region.x_max_m, region.y_max_m)
    return region


def _touching(part: Polygon, crs: ParkCrs, resolution: int) -> Iterable[str]:
    """Candidates: cells that overlap the polygon, holes filled in (filtered exactly afterwards)."""
    outer = shapely.segmentize(part.buffer(_ROOM_M, join_style="mitre"), _EDGE_M).exterior
    ring = np.array(outer.coords)
    lon, lat = crs.to_lonlat(ring[:, 0], ring[:, 1])
    shape = h3.LatLngPoly([(float(b), float(a)) for a, b in zip(lon, lat, strict=True)])
    names: list[str] = h3.polygon_to_cells_experimental(shape, resolution, contain="overlap")
    return names
