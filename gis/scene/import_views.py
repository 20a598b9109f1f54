"""First views of an imported park: the watched places from a side from which no hill hides them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from shapely.geometry import Polygon

from gis.terrain import Terrain
from twin.core.geometry import FloatArray

Row = dict[str, object]
SIDES_DEG = (195.0, 165.0, 225.0, 135.0, 255.0, 105.0, 285.0, 75.0, 315.0, 45.0, 345.0, 15.0)
LEAST_REACH_M = 700.0
ABOVE_GROUND_M = 60.0
SAMPLES = 60


def bookmark_rows(terrain: Terrain, areas: Sequence[Polygon], stations: Sequence[Row]) -> list[Row]:
    """Rows of ``[[bookmarks]]``: the watched places, the whole extent, each station."""
    places = [(_number(row["x_m"]), _number(row["y_m"])) for row in stations]
    corners = places + [point for shape in areas for point in _corners(shape)]
    low, high = np.min(corners, axis=0), np.max(corners, axis=0)
    middle = (float(low[0] + high[0]) / 2, float(low[1] + high[1]) / 2)
    reach = max(LEAST_REACH_M, 0.5 * math.dist(low, high))
    box = terrain.extent
    centre = ((box.x_min_m + box.x_max_m) / 2, (box.y_min_m + box.y_max_m) / 2)
    far = 0.5 * max(box.width_m, box.height_m)
    rows = [
        _row("overview", {"zh": "总览", "en": "Overview"}, terrain, middle, 2.1 * reach),
        _row("region", {"zh": "全域", "en": "Whole extent"}, terrain, centre, 1.9 * far),
    ]
    for row, place in zip(stations, places, strict=True):
        rows.append(_row(str(row["id"]).lower(), row["name"], terrain, place, 850.0))
    return rows


def _row(id_: str, name: object, terrain: Terrain, target: tuple[float, float], away_m: float) -> Row:
    x, y, z = _position(terrain, target, away_m)
    return {
        "id": id_,
        "name": name,
        "target": [round(target[0], 1), round(target[1], 1), 0.0],
        "position": [round(x, 1), round(y, 1), round(z, 1)],
    }


def _position(terrain: Terrain, target: tuple[float, float], away_m: float) -> tuple[float, float, float]:
    """Place of the eye; its height is above the ground at the target. From the south if that is free."""
    ground = float(terrain.height(np.array([target[0]]), np.array([target[1]]))[0])
    rise = 0.62 * away_m
    options = []
    for side_deg in SIDES_DEG:
        x = target[0] + away_m * math.sin(math.radians(side_deg))
        y = target[1] + away_m * math.cos(math.radians(side_deg))
        hidden = _hidden_m(terrain, target, (x, y), ground + 15.0, ground + rise)
        if hidden <= 0.0:
            return x, y, rise
        options.append((hidden, x, y))
    hidden, x, y = min(options)
    return x, y, rise + hidden


def _hidden_m(
    terrain: Terrain, target: tuple[float, float], eye: tuple[float, float], from_m: float, to_m: float
) -> float:
    """How much the eye must rise, in metres, to see the target and stand clear of the ground."""
    box = terrain.extent
    along = np.linspace(0.05, 1.0, SAMPLES)
    x: FloatArray = target[0] + along * (eye[0] - target[0])
    y: FloatArray = target[1] + along * (eye[1] - target[1])
    inside = (x >= box.x_min_m) & (x <= box.x_max_m) & (y >= box.y_min_m) & (y <= box.y_max_m)
    if not inside.any():
        return 0.0
    over = from_m + along[inside] * (to_m - from_m) - terrain.height(x[inside], y[inside])
    return float(max(0.0, np.max((ABOVE_GROUND_M * along[inside] - over) / along[inside])))


def _corners(shape: Polygon) -> list[tuple[float, float]]:
    x_min, y_min, x_max, y_max = shape.bounds
    return [(x_min, y_min), (x_max, y_max)]


def _number(value: object) -> float:
    return float(str(value))
