"""Stations, beams and devices of the Qingliu demonstration, placed on its terrain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shapely.geometry import Point
from shapely.ops import unary_union

from gis.scene.geopackage import Drawn
from gis.scene.instruments import Obstacle, Surroundings, best_emitters
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
