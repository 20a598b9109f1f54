"""Placing instruments on a terrain: emitters that can be seen, devices with their numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry import LineString, Point
from shapely.geometry.base import BaseGeometry

from gis.terrain import Terrain
from twin.core.errors import OutsideTerrainError

RANGES_M = (600.0, 520.0, 450.0, 380.0, 320.0, 260.0, 210.0, 160.0)
EMITTER_HEIGHTS_M = (9.0, 12.0, 15.0, 18.0, 22.0)
SAMPLES = 160
CLEAR_M = 1.6
LATERAL_M = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """Something that stands on the ground: footprint and height above it."""

    shape: BaseGeometry
    height_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """An emitter that a head at ``x_m, y_m`` can see, ``clear_m`` above everything between."""

    x_m: float
    y_m: float
    height_m: float
    clear_m: float
    length_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What beams must pass over, and what they should pass near."""

    terrain: Terrain
    obstacles: Sequence[Obstacle]
    sources: Sequence[Point]
    vegetation_m: float
    inside: BaseGeometry


def best_emitters(
    around: Surroundings, head: tuple[float, float, float], count: int, *, start_deg: float = 0.0
) -> list[Sighting]:
    """One emitter in each of ``count`` equal sectors: clear first, then near sources, then long.

    ``head`` is x, y and the height of the optical head above ground, in metres.
    """
    found = []
    width = 360.0 / count
    for sector in range(count):
        middle = start_deg + sector * width
        azimuths = [middle + part * width for part in (-0.42, -0.28, -0.14, 0.0, 0.14, 0.28, 0.42)]
        options = [s for azimuth in azimuths for s in _along(around, head, azimuth)]
        if options:
            found.append(max(options, key=lambda s: _worth(around, head, s)))
    return found


def _along(around: Surroundings, head: tuple[float, float, float], azimuth_deg: float) -> list[Sighting]:
    sightings = []
    for length_m in RANGES_M:
        x = head[0] + length_m * math.sin(math.radians(azimuth_deg))
        y = head[1] + length_m * math.cos(math.radians(azimuth_deg))
        if not around.inside.contains(Point(x, y)) or _built_on(around, x, y):
            continue
        for height_m in EMITTER_HEIGHTS_M:
            try:
                clear = clearance(around, head, (x, y, height_m))
            except OutsideTerrainError:
                break
            sightings.append(
                Sighting(
                    x_m=round(x, 1), y_m=round(y, 1), height_m=height_m, clear_m=clear, length_m=length_m
                )
            )
            if clear >= CLEAR_M:
                break
    return sightings


def _built_on(around: Surroundings, x_m: float, y_m: float) -> bool:
    return any(shapely.dwithin(o.shape, Point(x_m, y_m), 3.0) for o in around.obstacles)


def _worth(around: Surroundings, head: tuple[float, float, float], s: Sighting) -> tuple[bool, float]:
    line = LineString([(head[0], head[1]), (s.x_m, s.y_m)])
    near = sum(math.exp(-line.distance(source) / 60.0) for source in around.sources)
    return s.clear_m >= CLEAR_M, near + s.length_m / 500.0 - 0.03 * s.height_m


def clearance(
    around: Surroundings, head: tuple[float, float, float], end: tuple[float, float, float]
) -> float:
    """Least height of a beam above ground, trees and obstacles, metres.

    Trees are not counted within 15 m of either end, where they are kept short.
    """
    along = np.linspace(0.0, 1.0, SAMPLES)
    x = head[0] + along * (end[0] - head[0])
    y = head[1] + along * (end[1] - head[1])
    ground = around.terrain.height(x, y)
    beam = ground[0] + head[2] + along * (ground[-1] + end[2] - ground[0] - head[2])
    length = math.hypot(end[0] - head[0], end[1] - head[1])
    inner = np.minimum(along, 1.0 - along) * length > 15.0
    over = beam - ground - np.where(inner, around.vegetation_m, 0.0)
    least = float(over[1:-1].min())
    line = LineString([(head[0], head[1]), (end[0], end[1])])
    for obstacle in around.obstacles:
        if not shapely.dwithin(line, obstacle.shape, LATERAL_M):
            continue
        crossed = line.intersection(obstacle.shape.buffer(LATERAL_M))
        part = [line.project(Point(p)) / length for p in shapely.get_coordinates(crossed)]
        centre = obstacle.shape.representative_point()
        top = around.terrain.height_at(centre.x, centre.y) + obstacle.height_m
        least = min(least, min(float(np.interp(p, along, beam)) for p in part) - top)
    return least
