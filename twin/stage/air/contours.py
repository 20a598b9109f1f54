"""Areas above a level as polygons, and as GeoJSON (RFC 7946).

Between the centres of four neighbouring cells the field is linear in the four triangles around their
mean, so that a level has one outline without ambiguous saddles; outside the grid it is zero. Polygons are
the union of the parts of these triangles above the level.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from models.air.case.result import AirField
from twin.core.clock import to_datetime
from twin.core.geometry import FloatArray
from twin.stage.air.cog import require_place
from twin.stage.air.dataset import cell_edges
from twin.stage.air.provenance import about

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

_DIGITS = 7  # a centimetre


@dataclass(frozen=True, slots=True, kw_only=True)
class ContourLevel:
    """A level of a field in the field's own SI unit. ``name`` is what people call it (``AEGL-2 60 min``)."""

    name: str
    value: float
    source: str = ""


def area_above(values: FloatArray, x_m: FloatArray, y_m: FloatArray, level: float) -> BaseGeometry:
    """Polygon(s) where ``values`` (ny, nx) at centres ``x_m`` (nx,), ``y_m`` (ny,) reach a positive level."""
    import shapely

    padded = np.pad(np.asarray(values, dtype=np.float64), 1)
    x, y = _beyond(x_m), _beyond(y_m)
    above = padded >= level
    count = above[:-1, :-1].astype(int) + above[1:, :-1] + above[:-1, 1:] + above[1:, 1:]
    parts = [*_full_runs(count == 4, x, y), *_cut_cells(padded, x, y, level, (count > 0) & (count < 4))]
    return shapely.union_all(parts) if parts else shapely.MultiPolygon()


def contour_features(
    field: AirField, levels: Sequence[ContourLevel], *, layer: int = 0
) -> list[dict[str, Any]]:
    """GeoJSON features, one per time and level that is reached; coordinates in WGS 84.

    Exterior rings run counter-clockwise, holes clockwise. ``area_m2`` is that in the field's own metres.
    Raises BadRequestError for a field that has no place on the earth.
    """
    import shapely
    from pyproj import Transformer

    require_place(field, "GeoJSON")
    move = Transformer.from_crs(field.frame.crs, "EPSG:4326", always_xy=True)
    grid = field.grid
    edges_x, edges_y, _ = cell_edges(field)
    x = np.asarray(0.5 * (edges_x[:-1] + edges_x[1:]) + field.frame.easting_m)
    y = np.asarray(0.5 * (edges_y[:-1] + edges_y[1:]) + field.frame.northing_m)
    found = []
    for k, time in enumerate(field.times_ms):
        for level in sorted(levels, key=lambda row: row.value):
            values = field.values[k, layer]
            shape = area_above(values, x, y, level.value)
            if shape.is_empty:
                continue
            lonlat = shapely.transform(
                shape, lambda xy: np.round(np.stack(move.transform(xy[:, 0], xy[:, 1]), axis=1), _DIGITS)
            )
            found.append(
                {
                    "type": "Feature",
                    "geometry": shapely.geometry.mapping(_right_handed(lonlat)),
                    "properties": {
                        "level": level.name,
                        "value": level.value,
                        "units": field.units,
                        "source": level.source,
                        "time": f"{to_datetime(time):%Y-%m-%dT%H:%M:%SZ}",
                        "area_m2": round(float(shape.area), 1),
                        "height_m": (layer + 0.5) * grid.dz_m,
                        "cut_by_grid": bool(_rim(values).max() >= level.value),
                        "quantity": field.quantity,
                        "substance": field.substance_id,
                        "origin": field.origin.value,
                    },
                }
            )
    return found


def write_geojson(
    field: AirField, levels: Sequence[ContourLevel], path: Path, *, program: str, made_ms: int
) -> Path:
    """Write a FeatureCollection with the file's provenance as foreign members; the path."""
    body = {
        "type": "FeatureCollection",
        "park_twin": about(field, program=program, made_ms=made_ms),
        "features": contour_features(field, levels),
    }
    path.write_text(json.dumps(body, ensure_ascii=False, allow_nan=False), encoding="utf-8")
    return path


def _beyond(centres: FloatArray) -> FloatArray:
    """Centres with one more at either end, half a cell out, where the grid ends."""
    step = 0.5 * (float(centres[1] - centres[0]) if centres.size > 1 else 1.0)
    return np.concatenate([[centres[0] - step], centres, [centres[-1] + step]])


def _rim(values: FloatArray) -> FloatArray:
    return np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]])


def _full_runs(full: np.ndarray[Any, Any], x: FloatArray, y: FloatArray) -> list[BaseGeometry]:
    """Rectangles of neighbouring cells of a row that lie above the level as a whole."""
    import shapely

    parts: list[BaseGeometry] = []
    for j in np.flatnonzero(full.any(axis=1)):
        change = np.diff(np.concatenate([[0], full[j].astype(int), [0]]))
        for start, end in zip(np.flatnonzero(change == 1), np.flatnonzero(change == -1), strict=True):
            # All nodes along both sides, so that neighbours share their vertices exactly.
            south = [(x[i], y[j]) for i in range(start, end + 1)]
            north = [(x[i], y[j + 1]) for i in range(end, start - 1, -1)]
            parts.append(shapely.Polygon(south + north))
    return parts


def _cut_cells(
    values: FloatArray, x: FloatArray, y: FloatArray, level: float, cut: np.ndarray[Any, Any]
) -> list[BaseGeometry]:
    import shapely

    parts: list[BaseGeometry] = []
    for j, i in zip(*np.nonzero(cut), strict=True):
        corners = [(x[i], y[j]), (x[i + 1], y[j]), (x[i + 1], y[j + 1]), (x[i], y[j + 1])]
        heights = [values[j, i], values[j, i + 1], values[j + 1, i + 1], values[j + 1, i]]
        middle = (0.5 * (x[i] + x[i + 1]), 0.5 * (y[j] + y[j + 1]))
        mean = 0.25 * sum(heights)
        for k in range(4):
            ring = _above(
                [corners[k], corners[(k + 1) % 4], middle], [heights[k], heights[(k + 1) % 4], mean], level
            )
            if len(ring) > 2:
                parts.append(shapely.Polygon(ring))
    return [part for part in parts if part.area > 0.0]


def _above(
    corners: Sequence[tuple[float, float]], heights: Sequence[float], level: float
) -> list[tuple[float, float]]:
    """Part of a triangle at or above the level (Sutherland and Hodgman 1974, Commun. ACM 17, 32-42)."""
    ring = []
    for k in range(3):
        a, b, ha, hb = corners[k], corners[(k + 1) % 3], heights[k], heights[(k + 1) % 3]
        if ha >= level:
            ring.append(a)
        if (ha >= level) != (hb >= level):
            # From the lower end always, so that both neighbours of an edge compute the same point.
            (low, high), part = (
                ((a, b), (level - ha) / (hb - ha)) if ha < hb else ((b, a), (level - hb) / (ha - hb))
            )
            ring.append((low[0] + part * (high[0] - low[0]), low[1] + part * (high[1] - low[1])))
    return ring


def _right_handed(shape: BaseGeometry) -> BaseGeometry:
    import shapely

    polygons = [part for part in getattr(shape, "geoms", [shape]) if part.geom_type == "Polygon"]
    turned = [shapely.geometry.polygon.orient(part, 1.0) for part in polygons]
    return turned[0] if len(turned) == 1 else shapely.MultiPolygon(turned)
