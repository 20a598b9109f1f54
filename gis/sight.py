"""Line of sight of every beam over ground, trees, buildings, tanks and units (SITE-08).

A beam is a straight line from the receiver on its tower to the emitter. It is clear when every
obstacle stays ``margin_m`` below it; towards both ends, where receiver and emitter are mounted on
something, the margin falls to zero over ``mount_radius_m``. Ground outside plots and areas carries
the park's vegetation allowance, except in the clearing around the ends.

The line's height is linear in the height of the receiver, so the least platform height follows from
each obstacle directly: with t the part of the way, ``receiver >= (top + margin - emitter * t) / (1 - t)``.
The earth's curvature (0.02 m over 1 km) is left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import shapely
from shapely.geometry import LineString
from shapely.geometry.base import BaseGeometry

from gis.terrain import Terrain
from twin.core.beam import Beam
from twin.core.errors import NotFoundError
from twin.core.geometry import FloatArray
from twin.core.park import Park
from twin.core.station import Station

_HIDDEN = 1e-9  # of a metre: rounding is no obstacle


class Obstacle(StrEnum):
    """What can stand in the way."""

    TERRAIN = "terrain"
    VEGETATION = "vegetation"
    BUILDING = "building"
    TANK = "tank"
    UNIT = "unit"


@dataclass(frozen=True, slots=True, kw_only=True)
class SightRules:
    """How much room a beam needs.

    ``margin_m`` above obstacles; ``lateral_m`` beside buildings, tanks and units; ``cleared_radius_m``
    without trees around both ends; ``mount_radius_m`` over which the margin falls to zero at the ends;
    ``unit_radius_m`` assumed for process units, whose outline is not known; towers over
    ``max_platform_m`` are not considered.
    """

    margin_m: float = 1.0
    lateral_m: float = 0.5
    cleared_radius_m: float = 20.0
    mount_radius_m: float = 5.0
    unit_radius_m: float = 1.0
    sample_m: float = 1.0
    max_platform_m: float = 150.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SightRow:
    """Line of sight of one beam.

    ``clearance_m`` is the least vertical distance to an obstacle (towards the ends counted with the
    margin that is not needed there), so that ``clear`` means ``clearance_m >= margin_m``.
    ``blocker_*`` tell the worst obstacle and ``first_*`` the first one seen from the receiver, with
    the horizontal distance from it; empty and None when the beam is clear; ids are empty for ground
    and trees. ``needed_platform_height_m`` is the least platform height above the tower's base that
    clears the beam, None when no tower up to ``max_platform_m`` does.
    """

    beam_id: str
    station_id: str
    clear: bool
    clearance_m: float
    blocker_kind: str
    blocker_id: str
    blocker_at_m: float | None
    first_kind: str
    first_id: str
    first_at_m: float | None
    platform_height_m: float
    needed_platform_height_m: float | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Marks:
    """Places along a path (distance from the receiver) where one obstacle reaches to ``top_m``."""

    kind: Obstacle
    id: str
    distance_m: FloatArray
    top_m: FloatArray


def sight_table(park: Park, terrain: Terrain, rules: SightRules | None = None) -> tuple[SightRow, ...]:
    """One row per beam of the park, in its order.

    Raises OutsideTerrainError when a beam leaves the terrain, NotFoundError when its station is unknown.
    """
    checked = rules or SightRules()
    outlines = [area.outline for area in park.areas] + [plot.outline for plot in park.plots]
    built = shapely.union_all(outlines)
    shapely.prepare(built)
    return tuple(_row(beam, park, terrain, built, checked) for beam in park.beams)


def needed_by_station(rows: Sequence[SightRow]) -> dict[str, float | None]:
    """Least platform height of each station that clears all its beams; None when none does."""
    heights: dict[str, float | None] = {}
    for row in rows:
        known = heights.get(row.station_id, 0.0)
        wanted = row.needed_platform_height_m
        heights[row.station_id] = None if known is None or wanted is None else max(known, wanted)
    return heights


def _row(beam: Beam, park: Park, terrain: Terrain, built: BaseGeometry, rules: SightRules) -> SightRow:
    station = _station(park, beam)
    length = math.hypot(beam.emitter.x_m - beam.receiver.x_m, beam.emitter.y_m - beam.receiver.y_m)
    marks = [*_ground(beam, length, park, terrain, built, rules), *_structures(beam, length, park, rules)]
    distance = np.concatenate([mark.distance_m for mark in marks])
    top = np.concatenate([mark.top_m for mark in marks])
    owner = np.repeat(np.arange(len(marks)), [mark.distance_m.size for mark in marks])
    need = top + _margin(distance, length, rules)
    part = distance / length if length > 0.0 else np.zeros_like(distance)
    slack = beam.receiver.z_m + part * (beam.emitter.z_m - beam.receiver.z_m) - need
    worst = int(np.argmin(slack))
    blocking = np.flatnonzero(slack < -_HIDDEN)
    first = int(blocking[np.argmin(distance[blocking])]) if blocking.size else worst
    clear = blocking.size == 0
    return SightRow(
        beam_id=beam.id,
        station_id=beam.station_id,
        clear=clear,
        clearance_m=float(slack[worst]) + rules.margin_m,
        blocker_kind="" if clear else marks[owner[worst]].kind.value,
        blocker_id="" if clear else marks[owner[worst]].id,
        blocker_at_m=None if clear else float(distance[worst]),
        first_kind="" if clear else marks[owner[first]].kind.value,
        first_id="" if clear else marks[owner[first]].id,
        first_at_m=None if clear else float(distance[first]),
        platform_height_m=station.tower.platform_height_m,
        needed_platform_height_m=_needed(beam, station, part, need, rules),
    )


def _station(park: Park, beam: Beam) -> Station:
    for station in park.stations:
        if station.id == beam.station_id:
            return station
    raise NotFoundError(
        f"beam {beam.id}: station {beam.station_id!r} is not in this park",
        message_zh=f"光路 {beam.id}：园区没有站点 {beam.station_id!r}",
        field="station_id",
        value=beam.station_id,
    )


def _needed(
    beam: Beam, station: Station, part: FloatArray, need: FloatArray, rules: SightRules
) -> float | None:
    """Platform height that lifts the line just over every mark; the receiver's mount stays as it is."""
    free = part < 1.0 - _HIDDEN
    if np.any(need[~free] > beam.emitter.z_m + _HIDDEN):
        return None
    receiver_z = (need[free] - beam.emitter.z_m * part[free]) / (1.0 - part[free])
    lift = float(receiver_z.max()) - beam.receiver.z_m
    height = max(0.0, station.tower.platform_height_m + lift)
    return height if height <= rules.max_platform_m else None


def _margin(distance: FloatArray, length: float, rules: SightRules) -> FloatArray:
    """Room wanted at each distance: the margin, falling to zero towards both ends."""
    to_end = np.clip(np.minimum(distance, length - distance), 0.0, None)
    if rules.mount_radius_m <= 0.0:
        return np.full_like(distance, rules.margin_m)
    return np.asarray(rules.margin_m * np.minimum(1.0, to_end / rules.mount_radius_m))


def _ground(
    beam: Beam, length: float, park: Park, terrain: Terrain, built: BaseGeometry, rules: SightRules
) -> Iterator[_Marks]:
    start = (beam.receiver.x_m, beam.receiver.y_m)
    line = terrain.profile(start, (beam.emitter.x_m, beam.emitter.y_m), rules.sample_m)
    yield _Marks(kind=Obstacle.TERRAIN, id="", distance_m=line.distance_m, top_m=line.height_m)
    to_end = np.minimum(line.distance_m, length - line.distance_m)
    wooded = (to_end > rules.cleared_radius_m) & ~shapely.contains_xy(built, line.x_m, line.y_m)
    if park.vegetation_allowance_m > 0.0 and wooded.any():
        trees = line.height_m[wooded] + park.vegetation_allowance_m
        yield _Marks(kind=Obstacle.VEGETATION, id="", distance_m=line.distance_m[wooded], top_m=trees)


def _structures(beam: Beam, length: float, park: Park, rules: SightRules) -> Iterator[_Marks]:
    line = LineString([(beam.receiver.x_m, beam.receiver.y_m), (beam.emitter.x_m, beam.emitter.y_m)])
    for building in park.buildings:
        outline = building.outline.buffer(rules.lateral_m) if rules.lateral_m > 0.0 else building.outline
        top = building.base_m + building.height_m
        yield from _marks(Obstacle.BUILDING, building.id, _crossings(line, outline), top, length, rules)
    for tank in park.tanks:
        spans = _chord(beam, length, (tank.base.x_m, tank.base.y_m), tank.radius_m + rules.lateral_m)
        yield from _marks(Obstacle.TANK, tank.id, spans, tank.base.z_m + tank.height_m, length, rules)
    for unit in park.units:
        spans = _chord(beam, length, (unit.place.x_m, unit.place.y_m), rules.unit_radius_m + rules.lateral_m)
        yield from _marks(Obstacle.UNIT, unit.id, spans, unit.place.z_m, length, rules)


def _marks(
    kind: Obstacle,
    name: str,
    spans: list[tuple[float, float]],
    top_m: float,
    length: float,
    rules: SightRules,
) -> Iterator[_Marks]:
    """Marks of flat tops: line and margin are straight between these places, so they suffice."""
    bends = (rules.mount_radius_m, length - rules.mount_radius_m, length / 2.0)
    for begin, end in spans:
        at = np.array([begin, end, *(bend for bend in bends if begin < bend < end)])
        yield _Marks(kind=kind, id=name, distance_m=at, top_m=np.full(at.size, top_m))


def _crossings(line: LineString, outline: BaseGeometry) -> list[tuple[float, float]]:
    """Parts of the line inside an outline, as distances from its start."""
    if not outline.intersects(line):
        return []
    parts = shapely.get_parts(line.intersection(outline))
    ends = [shapely.line_locate_point(line, shapely.points(part.coords)) for part in parts]
    return [(float(span.min()), float(span.max())) for span in ends]


def _chord(
    beam: Beam, length: float, centre_m: tuple[float, float], radius_m: float
) -> list[tuple[float, float]]:
    """Part of the path inside a circle, as distances from the receiver."""
    if length == 0.0:
        return []
    east = (beam.emitter.x_m - beam.receiver.x_m) / length
    north = (beam.emitter.y_m - beam.receiver.y_m) / length
    dx, dy = centre_m[0] - beam.receiver.x_m, centre_m[1] - beam.receiver.y_m
    along, beside = dx * east + dy * north, dx * north - dy * east
    if abs(beside) >= radius_m:
        return []
    half = math.sqrt(radius_m**2 - beside**2)
    begin, end = max(0.0, along - half), min(length, along + half)
    return [(begin, end)] if begin < end else []
