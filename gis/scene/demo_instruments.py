"""Stations, beams and devices of the Qingliu demonstration, placed on its terrain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shapely.geometry import Point
from shapely.ops import unary_union

from gis.scene.geopackage import Drawn
from gis.scene.instruments import Obstacle, Surroundings, best_emitters, device_number
from gis.terrain import Terrain

Row = dict[str, object]
DWELL_S = 5.0
WEATHER_HEIGHT_M = 10.0
WEATHER_INTERVAL_S = 10.0
WELL_INTERVAL_S = 300.0
MN_PREFIX = "350423DE"  # 350423 is Qingliu county's code; DE marks the demonstration
PARTS = ["platform", "ladder", "sign_board", "camera", "lightning_rod"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StationPlan:
    """A station: where its tower stands, how high the head is, how many beams it has."""

    id: str
    zh: str
    en: str
    area_id: str
    x_m: float
    y_m: float
    platform_m: float
    beams: int
    start_deg: float


FACTOR_SETS: dict[str, list[Row]] = {
    "ftir": [
        {"code": "a21018", "quantity": "conc:hf", "unit": "mg/m3", "low": -0.5, "high": 500.0},
        {"code": "a21001", "quantity": "conc:nh3", "unit": "mg/m3", "low": -0.5, "high": 1000.0},
        {"code": "a21026", "quantity": "conc:so2", "unit": "mg/m3", "low": -0.5, "high": 1000.0},
        {"code": "a21024", "quantity": "conc:hcl", "unit": "mg/m3", "low": -0.5, "high": 1000.0},
    ],
    "weather": [
        {"code": "a01007", "quantity": "wind_speed", "unit": "m/s", "low": 0.0, "high": 60.0},
        {"code": "a01008", "quantity": "wind_from", "unit": "deg", "low": 0.0, "high": 360.0},
        {"code": "a01001", "quantity": "air_temperature", "unit": "degC", "low": -40.0, "high": 80.0},
        {"code": "a01002", "quantity": "relative_humidity", "unit": "%", "low": 0.0, "high": 100.0},
        {"code": "a01006", "quantity": "air_pressure", "unit": "hPa", "low": 300.0, "high": 1100.0},
    ],
    "well": [
        {"code": "w99001", "quantity": "water_level", "unit": "m", "low": 200.0, "high": 500.0},
        {"code": "w01010", "quantity": "water_temperature", "unit": "degC", "low": 0.0, "high": 45.0},
        {"code": "w01001", "quantity": "ph", "unit": "pH", "low": 0.0, "high": 14.0},
        {"code": "w01014", "quantity": "conductivity", "unit": "uS/cm", "low": 0.0, "high": 20000.0},
        {"code": "w21017", "quantity": "water:f", "unit": "mg/L", "low": 0.0, "high": 200.0},
    ],
}


def surroundings(drawn: Drawn, terrain: Terrain, vegetation_m: float) -> Surroundings:
    """What the demonstration's beams must pass over, and where emitters may stand."""
    obstacles = [Obstacle(shape=f.shape, height_m=f.row.height_m) for f in drawn.buildings]
    obstacles += [
        Obstacle(shape=f.shape.buffer(f.row.radius_m), height_m=f.row.height_m) for f in drawn.tanks
    ]
    obstacles += [Obstacle(shape=f.shape.buffer(1.0), height_m=f.row.height_m) for f in drawn.units]
    return Surroundings(
        terrain=terrain,
        obstacles=obstacles,
        sources=[Point(f.shape.x, f.shape.y) for f in drawn.units],
        vegetation_m=vegetation_m,
        inside=unary_union([f.shape.buffer(12.0) for f in drawn.areas + drawn.plots]),
    )


def station_rows(plans: Sequence[StationPlan]) -> list[Row]:
    """Rows of ``stations.toml``."""
    return [
        {
            "id": p.id,
            "name": {"zh": p.zh, "en": p.en},
            "area_id": p.area_id,
            "x_m": p.x_m,
            "y_m": p.y_m,
            "platform_height_m": p.platform_m,
            "dwell_s": DWELL_S,
            "parts": PARTS,
            "weather": {"id": f"{p.id}-MET", "height_m": WEATHER_HEIGHT_M},
        }
        for p in plans
    ]


def beam_rows(plans: Sequence[StationPlan], around: Surroundings) -> list[Row]:
    """Rows of ``beams.toml``: one emitter per sector of each station."""
    rows: list[Row] = []
    for p in plans:
        head = (p.x_m, p.y_m, p.platform_m)
        sightings = best_emitters(around, head, p.beams, start_deg=p.start_deg)
        for number, s in enumerate(sightings, start=1):
            rows.append(
                {
                    "id": f"{p.id}-B{number:02d}",
                    "station_id": p.id,
                    "name": {"zh": f"{p.zh}光路 {number}", "en": f"{p.en}, beam {number}"},
                    "x_m": s.x_m,
                    "y_m": s.y_m,
                    "height_m": s.height_m,
                }
            )
    return rows


def device_rows(
    stations: Sequence[Row], beams: Sequence[Row], wells: Sequence[Row], *, origin: str, prefix: str
) -> list[Row]:
    """Rows of ``devices.toml``: one device per beam, weather set and well."""
    rows: list[Row] = []
    for number, station in enumerate(stations, start=1):
        own = [beam for beam in beams if beam["station_id"] == station["id"]]
        weather = station["weather"]
        met_id = weather["id"] if isinstance(weather, dict) else ""
        met_mn = device_number(prefix, number, "A", 1)
        rows.append(_device(met_mn, met_id, station["id"], "22", origin, WEATHER_INTERVAL_S, "weather"))
        for k, beam in enumerate(own, start=1):
            mn = device_number(prefix, number, "B", k)
            interval_s = max(DWELL_S * len(own), 5.0)
            rows.append(_device(mn, beam["id"], station["id"], "22", origin, interval_s, "ftir"))
    for k, well in enumerate(wells, start=1):
        index = _nearest(stations, well)
        mn = device_number(prefix, index + 1, "C", k)
        owner = stations[index]["id"]
        rows.append(_device(mn, well["id"], owner, "24", origin, WELL_INTERVAL_S, "well"))
    return rows


def _device(
    mn: str, sensor: object, station: object, st: str, origin: str, interval_s: float, factors: str
) -> Row:
    return {
        "mn": mn,
        "sensor_id": sensor,
        "station_id": station,
        "st": st,
        "origin": origin,
        "edition": "2017",
        "crc_mode": "hj212",
        "interval_s": interval_s,
        "factors": factors,
    }


def _nearest(stations: Sequence[Row], well: Row) -> int:
    def apart(index: int) -> float:
        dx = float(str(stations[index]["x_m"])) - float(str(well["x_m"]))
        dy = float(str(stations[index]["y_m"])) - float(str(well["y_m"]))
        return dx * dx + dy * dy

    return min(range(len(stations)), key=apart)
