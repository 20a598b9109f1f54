"""Writes the Qingliu demonstration: ``python -m gis.scene.demo scenes/qingliu``.

The files it wrote are committed and are the truth; this module says how they came about. It is
run again only to redraw the demonstration. Same seed, same files.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pyogrio

from gis.scene import demo_ground, demo_layout, demo_plan
from gis.scene.build import build_scene
from gis.scene.defaults import CHEMICALS, FACTOR_SETS, THRESHOLDS
from gis.scene.demo_instruments import (
    MN_PREFIX,
    StationPlan,
    beam_rows,
    demo_conditions,
    demo_factor_sets,
    demo_rules,
    housekeeping_rows,
    station_rows,
    surroundings,
)
from gis.scene.demo_texts import BOOKMARKS, NAME, NOTICE
from gis.scene.geopackage import FILE as DRAWN_FILE
from gis.scene.geopackage import read_layers
from gis.scene.ground import read_ground
from gis.scene.load import frame_origin
from gis.scene.problems import Problems
from gis.scene.registry import device_rows
from gis.scene.schema import ParkFile
from gis.scene.write import write_csv, write_drawn, write_instruments, write_toml
from twin.core.geometry import Extent

SEED = 20261122
STEP_M = 2.0
VEGETATION_M = 8.0
HEAD = "Qingliu demonstration; see SOURCES.md for what is published and what is assumed."
BOREHOLE_COLUMNS = ("id", "x_m", "y_m", "depth_m", *demo_ground.NAMES)
STATIONS = (
    StationPlan(
        id="DL1",
        zh="大路口片1号站点",
        en="Dalukou station 1",
        area_id="DLK",
        x_m=-1293.0,
        y_m=-248.0,
        platform_m=25.0,
        beams=3,
        start_deg=270.0,
    ),
    StationPlan(
        id="DL2",
        zh="大路口片2号站点",
        en="Dalukou station 2",
        area_id="DLK",
        x_m=-1927.0,
        y_m=-234.0,
        platform_m=28.0,
        beams=6,
        start_deg=20.0,
    ),
    StationPlan(
        id="FB1",
        zh="福宝片1号站点",
        en="Fubao station 1",
        area_id="FB",
        x_m=911.0,
        y_m=-620.0,
        platform_m=28.0,
        beams=6,
        start_deg=35.0,
    ),
    StationPlan(
        id="FB2",
        zh="福宝片2号站点",
        en="Fubao station 2",
        area_id="FB",
        x_m=1650.0,
        y_m=-545.0,
        platform_m=28.0,
        beams=5,
        start_deg=350.0,
    ),
)


def park_tables() -> dict[str, object]:
    """``park.toml`` of the demonstration."""
    crs: dict[str, object] = {"epsg": 4548, "centre_lon_deg": 117.0, "centre_lat_deg": 26.2}
    tables: dict[str, object] = {
        "scene_format": 1,
        "id": "qingliu",
        "vertical_datum": "demonstration heights (not surveyed)",
        "utc_offset_h": 8.0,
        "vegetation_allowance_m": VEGETATION_M,
        "terrain_is_demonstration": True,
        "placement_is_approximate": True,
        "name": NAME,
        "notice": NOTICE,
        "crs": {**crs, "origin_height_m": 0.0},
        "extent": {
            "x_min_m": demo_layout.X_MIN,
            "y_min_m": demo_layout.Y_MIN,
            "x_max_m": demo_layout.X_MAX,
            "y_max_m": demo_layout.Y_MAX,
        },
        "terrain": {"file": "terrain.tif", "step_m": STEP_M, "generator": "valley", "seed": SEED},
        "bookmarks": list(BOOKMARKS),
    }
    origin = frame_origin(ParkFile.model_validate(tables))
    drawn = {"drawn_easting_m": origin.easting_m, "drawn_northing_m": origin.northing_m}
    return {**tables, "crs": {**crs, "origin_height_m": 0.0, **drawn}}


def write_demo(folder: Path) -> None:
    """Write every file of the demonstration and build its terrain."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = park_tables()
    write_toml(folder / "park.toml", HEAD, tables)
    origin = frame_origin(ParkFile.model_validate(tables))
    write_drawn(folder, demo_plan.layers(), epsg=4548, east_m=origin.easting_m, north_m=origin.northing_m)
    write_csv(folder / "chemicals.csv", CHEMICALS, list(CHEMICALS[0]))
    write_csv(folder / "thresholds.csv", THRESHOLDS, list(THRESHOLDS[0]))
    write_toml(folder / "strata.toml", HEAD, {"strata": list(demo_ground.STRATA)})
    write_csv(folder / "boreholes.csv", demo_ground.borehole_rows(SEED), BOREHOLE_COLUMNS)
    wells = demo_ground.well_rows(SEED)
    write_toml(folder / "wells.toml", HEAD, {"wells": wells})
    write_instruments(folder, HEAD, stations=[], beams=[], factor_sets=FACTOR_SETS, devices=[])
    build_scene(folder)
    _write_instruments(folder, wells)


def _write_instruments(folder: Path, wells: Sequence[dict[str, object]]) -> None:
    problems = Problems(str(folder))
    origin = frame_origin(ParkFile.model_validate(park_tables()))
    at = (origin.easting_m, origin.northing_m)
    drawn = read_layers(folder / DRAWN_FILE, 4548, at, problems)
    problems.raise_if_any()
    box = Extent(
        x_min_m=demo_layout.X_MIN,
        y_min_m=demo_layout.Y_MIN,
        x_max_m=demo_layout.X_MAX,
        y_max_m=demo_layout.Y_MAX,
    )
    terrain = read_ground(folder / "terrain.tif", 4548, origin, box, scene=folder.name)
    stations = station_rows(STATIONS)
    beams = beam_rows(STATIONS, surroundings(drawn, terrain, VEGETATION_M))
    devices = device_rows(stations, beams, wells, origin="simulated", prefix=MN_PREFIX)
    devices += housekeeping_rows(STATIONS, {"DLK": 1, "FB": 3})
    sets = demo_factor_sets(FACTOR_SETS)
    write_instruments(folder, HEAD, stations=stations, beams=beams, factor_sets=sets, devices=devices)
    write_toml(folder / "rules.toml", HEAD, demo_rules(STATIONS))
    write_toml(folder / "conditions.toml", HEAD, demo_conditions())


if __name__ == "__main__":
    # GeoPackage holds the time of writing; a fixed one keeps the file the same.
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": "2026-11-22T00:00:00.000Z"})
    write_demo(Path(sys.argv[1]))
