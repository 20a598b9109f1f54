"""Ground plan of the Qingliu demonstration: valley, roads, areas and plots.

Published: the two areas' hectares, Fubao's 2.4 km by 2.0 km with X791 at its south edge, Dalukou
between S307 (south), the Yingxin plot (east) and Zhangkeng (west). Everything else here is drawn
for the demonstration. Local frame, metres.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import shapely
from scipy.optimize import brentq
from shapely.geometry import LineString, Polygon
from shapely.geometry.base import BaseGeometry

from twin.core.geometry import FloatArray

X_MIN, X_MAX, Y_MIN, Y_MAX = -2800.0, 2800.0, -1800.0, 1800.0
JUNCTION_X = -300.0
FUBAO_WEST, FUBAO_EAST, FUBAO_NORTH_SOUTH_M = 300.0, 2700.0, 2000.0
DALUKOU_WEST, DALUKOU_EAST = -2560.0, -960.0
FUBAO_HA, DALUKOU_HA = 142.8197, 83.9973
ROAD_SETBACK_M = 14.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A plot of the ground plan; ``use`` says what is built on it."""

    id: str
    zh: str
    en: str
    area_id: str
    outline: Polygon
    use: str

    @property
    def pad_m(self) -> float:
        """Level of the graded pad, to half a metre."""
        centre = self.outline.centroid
        return round(2 * base_level(centre.x, centre.y)) / 2


def road_y(x_m: FloatArray | float) -> FloatArray:
    """North coordinate of the valley road (S307, then X791)."""
    x = np.asarray(x_m, dtype=np.float64)
    return np.asarray(-700.0 - 230.0 * np.tanh((x - 300.0) / 1200.0) + 38.0 * np.sin(x / 480.0))


def river_y(x_m: FloatArray | float) -> FloatArray:
    """North coordinate of the river, south of the road."""
    x = np.asarray(x_m, dtype=np.float64)
    return np.asarray(road_y(x) - 165.0 - 48.0 * np.sin(x / 390.0 + 0.8) - 22.0 * np.sin(x / 145.0))


def base_level(x_m: float, y_m: float) -> float:
    """Level of the natural valley floor: falls to the west and rises away from the road."""
    return float(301.0 + 0.0042 * (x_m - X_MIN) + 0.026 * max(0.0, y_m - float(road_y(x_m))))


def line(
    curve: Callable[[FloatArray], FloatArray], west: float, east: float, step_m: float = 40.0
) -> LineString:
    """Line along a curve from west to east."""
    x = np.linspace(west, east, max(2, round((east - west) / step_m) + 1))
    return LineString(np.column_stack([x, curve(x)]))


def band(
    west: float,
    east: float,
    low: Callable[[FloatArray], FloatArray],
    high: Callable[[FloatArray], FloatArray],
) -> Polygon:
    """Polygon between two curves."""
    x = np.linspace(west, east, max(3, round((east - west) / 40.0) + 1))
    south = np.column_stack([x, low(x)])
    north = np.column_stack([x[::-1], high(x[::-1])])
    return Polygon(np.vstack([south, north]))


def south_edge(x_m: FloatArray) -> FloatArray:
    """South edge of both areas, beside the road."""
    return road_y(x_m) + ROAD_SETBACK_M


def _bulge(x_m: FloatArray, west: float, east: float) -> FloatArray:
    """1 in the middle, less towards the ends, where the slopes close in."""
    along = (np.asarray(x_m) - west) / (east - west)
    ends = np.minimum(np.minimum(along, 1.0 - along) / 0.16, 1.0)
    return np.asarray((0.62 + 0.38 * np.sin(ends * np.pi / 2)) * (1.0 + 0.10 * np.sin(along * 9.0)))


def dalukou() -> tuple[Polygon, float]:
    """Dalukou area and the depth of its strip, solved for the stated hectares."""

    def drawn(depth_m: float) -> Polygon:
        return band(
            DALUKOU_WEST,
            DALUKOU_EAST,
            south_edge,
            lambda x: south_edge(x) + depth_m * _bulge(x, DALUKOU_WEST, DALUKOU_EAST),
        )

    depth_m = brentq(lambda value: drawn(value).area - DALUKOU_HA * 1e4, 100.0, 1200.0, xtol=1e-9)
    return drawn(depth_m), depth_m


def side_valley(y_m: FloatArray | float) -> FloatArray:
    """East coordinate of the side valley's axis in Fubao."""
    return np.asarray(1480.0 + 95.0 * np.sin((np.asarray(y_m) + 500.0) / 430.0))


def _side_half_width(y_m: FloatArray) -> FloatArray:
    return np.asarray(190.0 - 70.0 * np.clip((np.asarray(y_m) + 450.0) / 1530.0, 0.0, 1.0))


def fubao() -> tuple[Polygon, float]:
    """Fubao area and the depth of its strip: 2.4 km by 2.0 km, solved for the stated hectares."""
    x = np.linspace(FUBAO_WEST, FUBAO_EAST, 61)
    top = float(south_edge(x).min()) + FUBAO_NORTH_SOUTH_M
    y = np.append(np.arange(float(south_edge(x).max()) - 20.0, top, 40.0), top)
    axis, half = side_valley(y), _side_half_width(y)
    branch = Polygon(np.vstack([np.column_stack([axis - half, y]), np.column_stack([axis + half, y])[::-1]]))

    def drawn(depth_m: float) -> Polygon:
        strip = band(
            FUBAO_WEST,
            FUBAO_EAST,
            south_edge,
            lambda at: south_edge(at) + depth_m * _bulge(at, FUBAO_WEST, FUBAO_EAST),
        )
        return largest_part(strip.union(branch))

    depth_m = brentq(lambda value: drawn(value).area - FUBAO_HA * 1e4, 60.0, 900.0, xtol=1e-9)
    return drawn(depth_m), depth_m


def _share(part: float, depth_m: float) -> Callable[[FloatArray], FloatArray]:
    """Curve at a part of a strip's depth."""
    return lambda x: south_edge(x) + part * depth_m


def largest_part(shape: BaseGeometry) -> Polygon:
    """The largest polygon of a shape."""
    polygons = [part for part in shapely.get_parts(shape) if isinstance(part, Polygon)]
    return max(polygons, key=lambda part: part.area)


def strip_plots(area: Polygon, columns: FloatArray, depth_m: float, prefix: str) -> list[tuple[str, Polygon]]:
    """Plots in two rows along the road, a road's breadth apart; only what lies inside ``area``."""
    inner = area.buffer(-10.0)
    plots = []
    for column, (west, east) in enumerate(zip(columns[:-1], columns[1:], strict=True), start=1):
        for row, (low, high) in enumerate(((0.02, 0.475), (0.525, 1.2)), start=1):
            cell = largest_part(
                band(west + 9.0, east - 9.0, _share(low, depth_m), _share(high, depth_m)).intersection(inner)
            )
            if cell.area > 6000.0:
                plots.append((f"{prefix}{column}{'AB'[row - 1]}", cell))
    return plots


def side_plots(area: Polygon, low_y: float, rows: int) -> list[tuple[str, Polygon]]:
    """Plots up Fubao's side valley, one after another, west of its road."""
    top = area.bounds[3] - 12.0
    edges = np.linspace(low_y, top, rows + 1)
    plots = []
    for row, (south, north) in enumerate(zip(edges[:-1], edges[1:], strict=True), start=1):
        y = np.linspace(south + 9.0, north - 9.0, 6)
        west = np.column_stack([side_valley(y) - _side_half_width(y) + 10.0, y])
        east = np.column_stack([side_valley(y) + 0.45 * _side_half_width(y), y])
        cell = Polygon(np.vstack([west, east[::-1]])).intersection(area.buffer(-8.0))
        plots.append((f"FN{row}", largest_part(cell)))
    return plots
