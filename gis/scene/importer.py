"""``park-twin scene import``: a new park from real files.

The park is built in a folder beside the wanted one, loaded and checked there, and only then given
its name: a failed import leaves nothing behind.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from scipy.spatial import cKDTree
from shapely.geometry import Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from gis.raster import write_cog
from gis.scene.defaults import CHEMICALS, FACTOR_SETS, THRESHOLDS
from gis.scene.geopackage import LAYERS
from gis.scene.import_boundary import M2_PER_HA, Boundary, read_boundary
from gis.scene.import_ground import Frame, Ground, Holes, frame_of, ground_of, holes_of
from gis.scene.import_osm import OsmLayers, read_osm
from gis.scene.import_request import ImportRequest, check_request
from gis.scene.import_stations import Neighbourhood, Placed, place_stations
from gis.scene.import_views import bookmark_rows
from gis.scene.load import load_scene
from gis.scene.registry import device_rows
from gis.scene.schema import SCENE_FORMAT
from gis.scene.write import write_csv, write_drawn, write_instruments, write_toml

__all__ = ["ImportRequest", "import_scene"]

Row = dict[str, object]
Progress = Callable[[str, float], None]
HEAD = "Written by park-twin scene import; see SOURCES.md."
NO_AREA_RADIUS_M = 700.0
LEAST_CLUSTER = 8
CLUSTER_MARGIN_M = 60.0
UNIT_COUNT = 12
AIR_SUBSTANCES = "hf,nh3,so2,hcl"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """Everything that an imported park is written from."""

    frame: Frame
    ground: Ground
    areas: list[tuple[Row, Polygon]]
    areas_from: str
    osm: OsmLayers
    holes: Holes
    placed: Placed


def import_scene(request: ImportRequest, progress: Progress | None = None) -> Path:
    """Build a new park; returns its folder.

    Raises
    ------
    RasterError
        An elevation file cannot be used (the message names it).
    SceneError, CrsError
        Another input cannot be used, or the folder exists already.
    """
    check_request(request)
    parts = _collect(request, progress or _silent)
    request.folder.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{request.folder.name}.", dir=request.folder.parent))
    try:
        _write(work, request, parts)
        load_scene(work)
        work.chmod(0o755)
        work.rename(request.folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return request.folder


def _silent(_step: str, _part: float) -> None:
    """No progress wanted."""


def _collect(request: ImportRequest, progress: Progress) -> _Parts:
    boundary = read_boundary(request.boundary, request.datum) if request.boundary else None
    frame = frame_of(request, boundary.bounds() if boundary else None)
    progress("terrain", 0.1)
    ground = ground_of(request, frame)
    progress("map", 0.5)
    osm = read_osm(request.osm, frame.crs, frame.extent)
    areas, areas_from = _areas(boundary, osm, frame)
    holes = holes_of(request, frame)
    progress("stations", 0.7)
    around = Neighbourhood(
        terrain=ground.terrain,
        areas=areas,
        buildings=osm.buildings,
        vegetation_m=request.vegetation_allowance_m,
    )
    placed = place_stations(request, frame, around)
    progress("files", 0.9)
    return _Parts(
        frame=frame, ground=ground, areas=areas, areas_from=areas_from, osm=osm, holes=holes, placed=placed
    )


def _areas(boundary: Boundary | None, osm: OsmLayers, frame: Frame) -> tuple[list[tuple[Row, Polygon]], str]:
    """Areas from the boundary file, else the industrial areas of the map, else where people build."""
    if boundary is not None:
        return boundary.areas(frame.crs), "the boundary file"
    if osm.industrial:
        rows = [
            ({**row, "stated_ha": _hectares(shape), "active": True}, shape) for row, shape in osm.industrial
        ]
        return rows, "industrial and commercial land of OpenStreetMap"
    outline, source = _built_up(osm, frame)
    row: Row = {"id": "area-1", "name_zh": "关注区", "name_en": "Area of interest"}
    row |= {"stated_ha": _hectares(outline), "active": True}
    return [(row, outline)], source


def _built_up(osm: OsmLayers, frame: Frame) -> tuple[Polygon, str]:
    """Hull of the densest cluster of buildings; a circle at the centre when there are too few."""
    reach = NO_AREA_RADIUS_M
    centres = np.array([(shape.centroid.x, shape.centroid.y) for _, shape in osm.buildings])
    if len(centres) >= LEAST_CLUSTER:
        tree = cKDTree(centres)
        busiest = centres[int(np.argmax(tree.query_ball_point(centres, reach, return_length=True)))]
        members = [osm.buildings[k][1] for k in sorted(tree.query_ball_point(busiest, reach))]
        hull = shapely.convex_hull(shapely.union_all(members)).buffer(CLUSTER_MARGIN_M)
        extent = frame.extent
        inside = box(extent.x_min_m, extent.y_min_m, extent.x_max_m, extent.y_max_m)
        clipped = hull.intersection(inside)
        if isinstance(clipped, Polygon):
            return clipped, "the hull of the densest buildings, because no polygon was given or found"
    return (
        Point(0.0, 0.0).buffer(reach),
        f"a circle of {reach:g} m, because no polygon and too few buildings were given or found",
    )


def _hectares(shape: Polygon) -> float:
    return round(shape.area / M2_PER_HA, 4)


def _write(folder: Path, request: ImportRequest, parts: _Parts) -> None:
    origin = parts.frame.crs.origin
    write_toml(folder / "park.toml", HEAD, _park_tables(request, parts))
    write_drawn(
        folder,
        _layers(parts),
        epsg=parts.frame.crs.epsg,
        east_m=origin.easting_m,
        north_m=origin.northing_m,
    )
    write_cog(folder / "terrain.tif", parts.ground.terrain, parts.frame.crs)
    write_csv(folder / "chemicals.csv", CHEMICALS, list(CHEMICALS[0]))
    write_csv(folder / "thresholds.csv", THRESHOLDS, list(THRESHOLDS[0]))
    write_toml(folder / "wells.toml", HEAD, {"wells": []})
    write_toml(folder / "strata.toml", HEAD, {"strata": list(parts.holes.strata)})
    names = [str(row["id"]) for row in parts.holes.strata]
    columns = ("id", "x_m", "y_m", "collar_m", "depth_m", *names)
    write_csv(folder / "boreholes.csv", parts.holes.rows, columns)
    placed = parts.placed
    prefix = hashlib.sha256(request.id.encode()).hexdigest()[:8].upper()
    write_instruments(
        folder,
        HEAD,
        stations=placed.stations,
        beams=placed.beams,
        factor_sets=FACTOR_SETS,
        devices=device_rows(placed.stations, placed.beams, [], origin=request.origin.value, prefix=prefix),
    )
    (folder / "SOURCES.md").write_text(_sources(request, parts), encoding="utf-8")


def _park_tables(request: ImportRequest, parts: _Parts) -> Row:
    frame, box = parts.frame, parts.frame.extent
    return {
        "scene_format": SCENE_FORMAT,
        "id": request.id,
        "vertical_datum": request.vertical_datum,
        "utc_offset_h": request.utc_offset_h,
        "vegetation_allowance_m": request.vegetation_allowance_m,
        "terrain_is_demonstration": parts.ground.demonstration,
        "placement_is_approximate": False,
        "name": {"zh": request.name.zh, "en": request.name.en},
        "notice": _notice(request, parts),
        "crs": {
            "epsg": frame.crs.epsg,
            "centre_lon_deg": frame.centre[0],
            "centre_lat_deg": frame.centre[1],
            "origin_height_m": 0.0,
        },
        "extent": {
            "x_min_m": box.x_min_m,
            "y_min_m": box.y_min_m,
            "x_max_m": box.x_max_m,
            "y_max_m": box.y_max_m,
        },
        "terrain": {"file": "terrain.tif", "step_m": request.step_m},
        "bookmarks": bookmark_rows(
            parts.ground.terrain, [shape for _, shape in parts.areas], parts.placed.stations
        ),
    }


def _notice(request: ImportRequest, parts: _Parts) -> Row:
    zh, en = ["由文件导入的场景"], ["Imported from files"]
    if request.osm:
        zh.append("地图数据 © OpenStreetMap 贡献者")
        en.append("map data © OpenStreetMap contributors")
    if request.stations is None:
        zh.append("站点为自动布置")
        en.append("stations were placed automatically")
    if parts.ground.demonstration:
        zh.append("地面为假定的平面")
        en.append("the ground is assumed to be flat")
    return {"zh": "；".join(zh), "en": "; ".join(en)}


def _layers(parts: _Parts) -> dict[str, Sequence[tuple[Row, BaseGeometry]]]:
    osm = parts.osm
    plots = [
        ({**_names(row), "id": f"plot-{row['id']}", "area_id": str(row["id"])}, shape)
        for row, shape in parts.areas
    ]
    found: dict[str, Sequence[tuple[Row, BaseGeometry]]] = {
        "areas": parts.areas,
        "plots": plots,
        "buildings": osm.buildings,
        "units": _units(parts, plots),
        "roads": osm.roads,
        "waters": osm.waters,
        "settlements": osm.settlements,
    }
    return {kind.name: found.get(kind.name, ()) for kind in LAYERS}


def _names(row: Row) -> Row:
    return {"name_zh": row["name_zh"], "name_en": row["name_en"]}


def _units(parts: _Parts, plots: Sequence[tuple[Row, Polygon]]) -> list[tuple[Row, Point]]:
    """Candidate sources: the largest buildings near the areas (or each area's centre).

    What they may release is not known from a map, so every substance of the beams is allowed.
    """
    near = [
        (row, shape)
        for row, shape in parts.osm.buildings
        if min(area.distance(shape) for _, area in parts.areas) < NO_AREA_RADIUS_M
    ]
    near.sort(key=lambda pair: -pair[1].area)
    places = [
        (_names(row), shape.representative_point(), float(str(row["height_m"])))
        for row, shape in near[:UNIT_COUNT]
    ]
    places = places or [(_names(row), shape.representative_point(), 5.0) for row, shape in parts.areas]
    units = []
    for number, (names, at, height_m) in enumerate(places, start=1):
        plot = min(plots, key=lambda pair: pair[1].distance(at))[0]
        row: Row = {**names, "id": f"U{number:02d}", "kind": "candidate", "height_m": height_m}
        row |= {"substance_ids": AIR_SUBSTANCES, "plot_id": plot["id"]}
        units.append((row, at))
    return units


def _sources(request: ImportRequest, parts: _Parts) -> str:
    files = [*request.dem, *request.osm, request.boundary, request.boreholes, request.stations]
    lines = [f"# {request.name.en}: where it comes from", "", "| file | bytes | SHA-256 |", "|---|---|---|"]
    for path in files:
        if path is not None and path.is_file():
            body = path.read_bytes()
            lines.append(f"| {path.name} | {len(body)} | {hashlib.sha256(body).hexdigest()} |")
    lines += ["", f"Areas: {parts.areas_from}. Plots repeat the areas."]
    lines.append("Candidate sources are the largest buildings near the areas; what they hold is not known.")
    if request.osm:
        lines.append("Map data (c) OpenStreetMap contributors, ODbL. Heights without a tag are assumed.")
    if request.stations is None:
        lines.append(
            "Stations and emitters were placed by the terrain and the buildings; nobody surveyed them."
        )
    if parts.placed.blocked:
        lines.append(f"Blocked beams: {', '.join(parts.placed.blocked)}.")
    lines.append("The device numbers (MN) are made up; replace them by those of the real devices.")
    lines += [note.en for note in parts.ground.notes]
    return "\n".join(lines) + "\n"
