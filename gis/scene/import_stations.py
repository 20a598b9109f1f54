"""Stations of an imported park: from a CSV, or placed by the ground and what is built on it."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from scipy.ndimage import uniform_filter
from scipy.spatial import cKDTree
from shapely.geometry import Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from gis.datum import to_wgs84
from gis.scene.import_ground import Frame, number
from gis.scene.import_request import ImportRequest, refuse
from gis.scene.instruments import Obstacle, Sighting, Surroundings, best_emitters
from gis.terrain import Terrain
from twin.core.geometry import FloatArray

Row = dict[str, object]
PLATFORMS_M = (15.0, 20.0, 25.0, 30.0, 40.0)
GRID_M = 40.0
NEAR_M = 500.0
REACHES_M = (250.0, 500.0, 1000.0)
APART_M = 450.0
EDGE_M = 650.0
ROUND_M = 300.0
STEEPEST_DEG = 25.0
DWELL_S = 5.0
WEATHER_HEIGHT_M = 10.0
PARTS = ("platform", "ladder", "sign_board", "camera", "lightning_rod")


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Rows for ``stations.toml`` and ``beams.toml``; ``blocked`` beams see no emitter."""

    stations: list[Row]
    beams: list[Row]
    blocked: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbourhood:
    """What stations are placed around: areas, what is built, the ground."""

    terrain: Terrain
    areas: Sequence[tuple[Row, Polygon]]
    buildings: Sequence[tuple[Row, Polygon]]
    vegetation_m: float

    def surroundings(self, inside: BaseGeometry) -> Surroundings:
        """Obstacles and targets of beams."""
        return Surroundings(
            terrain=self.terrain,
            obstacles=[
                Obstacle(shape=shape, height_m=float(str(row["height_m"]))) for row, shape in self.buildings
            ],
            sources=[shape.centroid for _, shape in self.buildings],
            vegetation_m=self.vegetation_m,
            inside=inside,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Site:
    id: str
    zh: str
    en: str
    x_m: float
    y_m: float
    platform_m: float | None
    beams: int


def place_stations(request: ImportRequest, frame: Frame, around: Neighbourhood) -> Placed:
    """Stations and their beams, with the least tower of ``PLATFORMS_M`` that clears all beams."""
    if request.stations is not None:
        sites = _listed(request.stations, request, frame)
    else:
        sites = _chosen(request, frame, around)
    stations: list[Row] = []
    beams: list[Row] = []
    blocked: list[str] = []
    for site in sites:
        platform_m, sightings = _tower(site, frame, around)
        stations.append(_station_row(site, platform_m, around.areas))
        for k, sighting in enumerate(sightings, start=1):
            row = _beam_row(site, k, sighting)
            beams.append(row)
            if sighting.clear_m <= 0.0:
                blocked.append(str(row["id"]))
    return Placed(stations=stations, beams=beams, blocked=tuple(blocked))


def _tower(site: _Site, frame: Frame, around: Neighbourhood) -> tuple[float, list[Sighting]]:
    extent = frame.extent
    inside = box(extent.x_min_m + 5, extent.y_min_m + 5, extent.x_max_m - 5, extent.y_max_m - 5)
    reach = Point(site.x_m, site.y_m).buffer(EDGE_M)
    near = [(row, shape) for row, shape in around.buildings if shape.intersects(reach)]
    local = Neighbourhood(
        terrain=around.terrain, areas=around.areas, buildings=near, vegetation_m=around.vegetation_m
    ).surroundings(inside)
    heights = PLATFORMS_M if site.platform_m is None else (site.platform_m,)
    best: tuple[float, list[Sighting]] = (heights[0], [])
    for height_m in heights:
        sightings = best_emitters(local, (site.x_m, site.y_m, height_m), site.beams)
        better = sum(s.clear_m > 0 for s in sightings) > sum(s.clear_m > 0 for s in best[1])
        if better or not best[1]:
            best = (height_m, sightings)
        if len(sightings) == site.beams and all(s.clear_m > 0 for s in sightings):
            break
    return best


def _chosen(request: ImportRequest, frame: Frame, around: Neighbourhood) -> list[_Site]:
    """Places for the wanted stations, looked for ever farther around the areas until there are enough."""
    sites: list[_Site] = []
    for reach_m in REACHES_M:
        sites = _within(reach_m, request, frame, around)
        if len(sites) >= request.station_count:
            break
    return sites


def _within(reach_m: float, request: ImportRequest, frame: Frame, around: Neighbourhood) -> list[_Site]:
    """Places near buildings inside or beside the areas, on ground above its surroundings."""
    x, y = _candidates(reach_m, frame, around)
    worth = _worth(x, y, around)
    sites: list[_Site] = []
    while len(sites) < request.station_count and x.size and worth.max() > -np.inf:
        best = int(np.argmax(worth))
        number_ = len(sites) + 1
        sites.append(
            _Site(
                id=f"ST{number_}",
                zh=f"{number_} 号站点",
                en=f"Station {number_}",
                x_m=round(float(x[best]), 1),
                y_m=round(float(y[best]), 1),
                platform_m=None,
                beams=request.beams_per_station,
            )
        )
        worth[np.hypot(x - x[best], y - y[best]) < APART_M] = -np.inf
    return sites


def _candidates(reach_m: float, frame: Frame, around: Neighbourhood) -> tuple[FloatArray, FloatArray]:
    extent = frame.extent
    edge = min(EDGE_M, extent.width_m / 4, extent.height_m / 4)
    x, y = np.meshgrid(
        np.arange(extent.x_min_m + edge, extent.x_max_m - edge, GRID_M),
        np.arange(extent.y_min_m + edge, extent.y_max_m - edge, GRID_M),
    )
    x, y = x.ravel(), y.ravel()
    zone = shapely.union_all([shape for _, shape in around.areas]).buffer(reach_m)
    shapely.prepare(zone)
    keep = shapely.contains_xy(zone, x, y)
    if around.buildings:
        built = shapely.union_all([shape.buffer(8.0) for _, shape in around.buildings])
        shapely.prepare(built)
        keep &= ~shapely.contains_xy(built, x, y)
    return x[keep], y[keep]


def _worth(x: FloatArray, y: FloatArray, around: Neighbourhood) -> FloatArray:
    """Buildings within reach, plus height above the surroundings; steep ground is unfit."""
    terrain = around.terrain
    cells = max(1, round(ROUND_M / terrain.step_m))
    above = terrain.heights_m - uniform_filter(terrain.heights_m.astype(np.float64), cells, mode="nearest")
    slope, _ = terrain.slope_aspect()
    col = np.round((x - terrain.x0_m) / terrain.step_m).astype(int)
    row = np.round((y - terrain.y0_m) / terrain.step_m).astype(int)
    near = np.zeros(x.size)
    if around.buildings and x.size:
        tree = cKDTree([(shape.centroid.x, shape.centroid.y) for _, shape in around.buildings])
        near = np.array(tree.query_ball_point(np.column_stack([x, y]), NEAR_M, return_length=True), float)
    worth = np.log1p(near) + np.clip(above[row, col] / 10.0, -1.0, 1.0)
    return np.where(slope[row, col] > STEEPEST_DEG, -np.inf, worth)


def _listed(path: Path, request: ImportRequest, frame: Frame) -> list[_Site]:
    """Stations of a CSV: id, name_zh, name_en, lon_deg, lat_deg, platform_height_m, beams."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        header = list(reader.fieldnames or [])
        for name in ("id", "name_zh", "name_en", "lon_deg", "lat_deg", "platform_height_m", "beams"):
            if name not in header:
                raise refuse(path.name, "column", header, f"a column {name}", f"列 {name}")
        return [_listed_site(path.name, reader.line_num, cells, request, frame) for cells in reader]


def _listed_site(file: str, line: int, cells: dict[str, str], request: ImportRequest, frame: Frame) -> _Site:
    lon, lat = (number(file, line, name, cells.get(name)) for name in ("lon_deg", "lat_deg"))
    x, y = (float(v) for v in frame.crs.to_local(*to_wgs84(lon, lat, request.datum)))
    if not frame.extent.contains(x, y):
        raise refuse(file, f"line {line}, place", (lon, lat), "a place inside the extent", "范围之内的位置")
    return _Site(
        id=cells["id"],
        zh=cells["name_zh"],
        en=cells["name_en"],
        x_m=round(x, 1),
        y_m=round(y, 1),
        platform_m=number(file, line, "platform_height_m", cells["platform_height_m"]),
        beams=round(number(file, line, "beams", cells["beams"])),
    )


def _station_row(site: _Site, platform_m: float, areas: Sequence[tuple[Row, Polygon]]) -> Row:
    here = Point(site.x_m, site.y_m)
    area = min(areas, key=lambda pair: pair[1].distance(here))[0]
    return {
        "id": site.id,
        "name": {"zh": site.zh, "en": site.en},
        "area_id": area["id"],
        "x_m": site.x_m,
        "y_m": site.y_m,
        "platform_height_m": platform_m,
        "dwell_s": DWELL_S,
        "parts": list(PARTS),
        "weather": {"id": f"{site.id}-MET", "height_m": WEATHER_HEIGHT_M},
    }


def _beam_row(site: _Site, number_: int, sighting: Sighting) -> Row:
    return {
        "id": f"{site.id}-B{number_:02d}",
        "station_id": site.id,
        "name": {"zh": f"{site.zh}光路 {number_}", "en": f"{site.en}, beam {number_}"},
        "x_m": sighting.x_m,
        "y_m": sighting.y_m,
        "height_m": sighting.height_m,
    }
