"""Stations, beams and devices of the Qingliu demonstration, placed on its terrain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shapely.geometry import Point
from shapely.ops import unary_union

from gis.scene.geopackage import Drawn
from gis.scene.instruments import Obstacle, Surroundings, best_emitters
from gis.scene.registry import device_number
from gis.terrain import Terrain

Row = dict[str, object]
DWELL_S = 5.0
WEATHER_HEIGHT_M = 10.0
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


# Local codes of site information (HJ 212-2017 6.4.1: i, device, kind of information, number from 900 on).
HEAD_FACTORS: list[Row] = [
    {"code": "i13902", "quantity": "detector_temperature", "unit": "K", "low": 60.0, "high": 330.0},
    {"code": "i13903", "quantity": "nitrogen_level", "unit": "%", "low": -5.0, "high": 110.0},
    {"code": "i13904", "quantity": "reference_laser", "unit": "%", "low": 0.0, "high": 110.0},
]
SIGNAL_FACTOR: Row = {
    "code": "i13901",
    "quantity": "signal_strength",
    "unit": "%",
    "low": 0.0,
    "high": 110.0,
}
MOTOR_FACTORS: list[Row] = [
    {"code": "i13911", "quantity": "current", "unit": "A", "low": 0.0, "high": 400.0},
]
# Fast enough for a leak to pass unmarked unless it is a large one; ours.
_RULES: dict[str, Row] = {
    "conc:hf": {"max_rate_per_min": 20.0, "detection_limit": 0.008, "fixed_after": 720},
    "conc:nh3": {"max_rate_per_min": 40.0, "detection_limit": 0.015, "fixed_after": 720},
    "conc:so2": {"max_rate_per_min": 40.0, "detection_limit": 0.06, "fixed_after": 720},
    "conc:hcl": {"max_rate_per_min": 40.0, "detection_limit": 0.02, "fixed_after": 720},
    "wind_speed": {"fixed_after": 2160},
    "wind_from": {"fixed_after": 2160},
    "air_temperature": {"max_rate_per_min": 10.0, "fixed_after": 2160},
    "air_pressure": {"max_rate_per_min": 15.0, "fixed_after": 2160},
}
# Plots with made-up names only: nobody real is said to have forgotten a scrubber.
_METERED = ("D3A", "F4A")
HOUSEKEEPING_INTERVAL_S = 60.0


def demo_factor_sets(sets: dict[str, list[Row]]) -> dict[str, list[Row]]:
    """Factor sets with the demonstration's rules and housekeeping."""
    ruled = {
        name: [{**row, **_RULES.get(str(row["quantity"]), {})} for row in rows] for name, rows in sets.items()
    }
    ruled["ftir"] = [*ruled["ftir"], SIGNAL_FACTOR]
    return {**ruled, "head": HEAD_FACTORS, "motor": MOTOR_FACTORS}


def housekeeping_rows(plans: Sequence[StationPlan], area_stations: dict[str, int]) -> list[Row]:
    """Devices of the stations' receivers and of the metered units."""
    rows = [
        _keeper(device_number(MN_PREFIX, k, "D", 1), p.id, p.id, "head") for k, p in enumerate(plans, start=1)
    ]
    for plot in _METERED:
        k = area_stations["DLK" if plot.startswith("D") else "FB"]
        for number, unit in enumerate((f"{plot}-P1", f"{plot}-S1"), start=1):
            mn = device_number(MN_PREFIX, k, "E", number)
            rows.append(_keeper(mn, unit, plans[k - 1].id, "motor"))
    return rows


def _keeper(mn: str, sensor: str, station: str, factors: str) -> Row:
    return {
        "mn": mn,
        "sensor_id": sensor,
        "station_id": station,
        "st": "22",
        "origin": "simulated",
        "edition": "2017",
        "crc_mode": "hj212",
        "interval_s": HOUSEKEEPING_INTERVAL_S,
        "factors": factors,
    }


def demo_rules(plans: Sequence[StationPlan]) -> Row:
    """Tables of ``rules.toml``."""
    return {
        "review": {"clock_min": 60.0, "quiet_min": 60.0},
        "relations": [
            {
                "first": "DL1-MET/air_temperature",
                "second": "FB1-MET/air_temperature",
                "least_ratio": 0.2,
                "memory": 2160,
                "within_s": 10.0,
                "first_moves": 1.0,
                "second_moves": 1.0,
                "unit": "degC",
            }
        ],
        "limits": [
            {"quantity": "signal_strength", "unit": "%", "warn_low": 50.0, "alarm_low": 25.0},
            {"quantity": "detector_temperature", "unit": "K", "warn_high": 80.0, "alarm_high": 85.0},
            {"quantity": "nitrogen_level", "unit": "%", "warn_low": 30.0, "alarm_low": 15.0},
            {"quantity": "reference_laser", "unit": "%", "warn_low": 60.0, "alarm_low": 40.0},
        ],
        "tanks": [{"key": f"{p.id}/nitrogen_level", "volume_l": 100.0, "reserve_share": 0.2} for p in plans],
    }


def demo_conditions() -> Row:
    """Tables of ``conditions.toml``: production and scrubber of the metered plots."""
    units: list[Row] = []
    links: list[Row] = []
    for plot in _METERED:
        names = {"P1": ("生产装置", "production"), "S1": ("尾气洗涤塔", "scrubber")}
        for tail, (zh, en) in names.items():
            units.append(
                {
                    "id": f"{plot}-{tail}",
                    "name": {"zh": f"{plot} {zh}", "en": f"{plot} {en}"},
                    "kind": "production" if tail == "P1" else "treatment",
                    "key": f"{plot}-{tail}/current",
                    "unit": "A",
                    "on_above": 5.0,
                    "off_below": 2.0,
                    "stale_s": 900.0,
                }
            )
        links.append(
            {
                "id": f"{plot}-L1",
                "name": {"zh": f"{plot} 生产与治理联动", "en": f"{plot} production and treatment"},
                "production": [f"{plot}-P1"],
                "treatment": [f"{plot}-S1"],
                "grace_min": 5.0,
            }
        )
    return {"units": units, "links": links}
