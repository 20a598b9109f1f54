"""Boreholes and wells of the Qingliu demonstration, from a seeded picture of its ground."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gis.scene.demo_layout import river_y, road_y, side_valley

Row = dict[str, object]
STRATA: tuple[Row, ...] = (
    {
        "id": "fill",
        "name": {"zh": "人工填土", "en": "Fill"},
        "colour": "#b08d57",
        "aquifer": False,
        "conductivity_m_s": 5.0e-6,
        "porosity": 0.35,
    },
    {
        "id": "clay",
        "name": {"zh": "粉质黏土", "en": "Silty clay"},
        "colour": "#c98f4e",
        "aquifer": False,
        "conductivity_m_s": 2.0e-7,
        "porosity": 0.42,
    },
    {
        "id": "gravel",
        "name": {"zh": "砂砾石", "en": "Sand and gravel"},
        "colour": "#e0c878",
        "aquifer": True,
        "conductivity_m_s": 4.0e-4,
        "porosity": 0.28,
    },
    {
        "id": "weathered",
        "name": {"zh": "强风化基岩", "en": "Weathered bedrock"},
        "colour": "#a9795b",
        "aquifer": True,
        "conductivity_m_s": 8.0e-6,
        "porosity": 0.12,
    },
    {
        "id": "bedrock",
        "name": {"zh": "微风化基岩", "en": "Fresh bedrock"},
        "colour": "#7d7f86",
        "aquifer": False,
        "conductivity_m_s": 1.0e-8,
        "porosity": 0.02,
    },
)
NAMES = tuple(str(row["id"]) for row in STRATA)
DRILLED_BEDROCK_M = 12.0


class Underground:
    """Smooth thickness fields: gravel thick near the river, clay patchy, rock weathered deep uphill."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self._waves = rng.uniform(1 / 1900.0, 1 / 600.0, size=(len(NAMES), 4, 2)) * rng.choice(
            [-1.0, 1.0], size=(len(NAMES), 4, 2)
        )
        self._phases = rng.uniform(0.0, 2 * np.pi, size=(len(NAMES), 4))

    def _wave(self, k: int, x_m: float, y_m: float) -> float:
        angle = 2 * np.pi * (self._waves[k] @ np.array([x_m, y_m])) + self._phases[k]
        return float(np.sin(angle).mean() * 1.6)

    def thickness_m(self, x_m: float, y_m: float) -> tuple[float, ...]:
        """Thickness of each stratum, to the drilled base in fresh bedrock."""
        from_river = abs(y_m - float(river_y(x_m)))
        near = float(np.exp(-from_river / 420.0))
        fill = max(0.3, 2.4 + 1.3 * self._wave(0, x_m, y_m))
        clay = max(0.0, 3.0 + 2.4 * self._wave(1, x_m, y_m) - 1.2 * near)
        gravel = max(0.6, 2.2 + 8.5 * near + 1.8 * self._wave(2, x_m, y_m))
        weathered = max(3.0, 11.0 - 3.0 * near + 4.0 * self._wave(3, x_m, y_m))
        return fill, clay, gravel, weathered, DRILLED_BEDROCK_M


def borehole_rows(seed: int) -> list[Row]:
    """Rows of ``boreholes.csv``: three lines along the valley and one up the side valley."""
    rng = np.random.default_rng(seed + 1)
    ground = Underground(seed)
    places = [(x, float(road_y(x)) + off) for x in np.linspace(-2480, -820, 6) for off in (70.0, 380.0)]
    places += [(x, float(road_y(x)) + off) for x in np.linspace(380, 2620, 6) for off in (60.0, 330.0)]
    places += [(x, float(river_y(x)) + 55.0) for x in (-1900.0, -350.0, 900.0, 2100.0)]
    places += [(float(side_valley(y)) - 20.0, y) for y in (-180.0, 180.0, 540.0, 900.0)]
    rows: list[Row] = []
    for number, (x, y) in enumerate(places, start=1):
        x, y = round(x + rng.uniform(-25, 25), 1), round(y + rng.uniform(-18, 18), 1)
        thickness = [round(value, 1) for value in ground.thickness_m(x, y)]
        rows.append(_hole(f"BH{number:02d}", x, y, thickness, short=number % 7 == 0))
    return rows


def _hole(id_: str, x_m: float, y_m: float, thickness: Sequence[float], *, short: bool) -> Row:
    """A log; a short hole ends inside the weathered rock, so its last strata are unknown."""
    shown: dict[str, object] = dict(zip(NAMES, thickness, strict=True))
    depth_m = sum(thickness)
    if short:
        depth_m = sum(thickness[:3]) + 3.0
        shown |= {"weathered": None, "bedrock": None}
    return {"id": id_, "x_m": x_m, "y_m": y_m, "depth_m": round(depth_m, 1), **shown}


def well_rows(seed: int) -> list[Row]:
    """Rows of ``wells.toml``: groups of two or three depths along the flow to the river."""
    ground = Underground(seed)
    groups = [
        ("GW1", -2230.0, 430.0, 2),
        ("GW2", -1800.0, 230.0, 3),
        ("GW3", -1420.0, 40.0, 3),
        ("GW4", -1050.0, -45.0, 2),
    ]
    groups_fb = [
        ("GW5", float(side_valley(620.0)) + 95.0, 620.0, 2),
        ("GW6", float(side_valley(60.0)) + 97.0, 60.0, 3),
        ("GW7", 1180.0, float(road_y(1180.0)) + 192.0, 3),
        ("GW8", 760.0, float(road_y(760.0)) - 40.0, 2),
    ]
    places = [(id_, x, float(road_y(x)) + off, n) for id_, x, off, n in groups] + groups_fb
    return [row for id_, x, y, n in places for row in _group(id_, round(x, 1), round(y, 1), n, ground)]


def _group(id_: str, x_m: float, y_m: float, count: int, ground: Underground) -> list[Row]:
    fill, clay, gravel, weathered, _ = ground.thickness_m(x_m, y_m)
    top = fill + clay
    screens = [
        ("a", top + 0.15 * gravel, top + 0.85 * gravel, "gravel"),
        ("b", top + gravel + 0.2 * weathered, top + gravel + 0.55 * weathered, "weathered"),
        ("c", top + gravel + weathered + 1.0, top + gravel + weathered + 4.0, "bedrock"),
    ][:count]
    rows: list[Row] = []
    for k, (letter, screen_top, screen_bottom, stratum) in enumerate(screens):
        rows.append(
            {
                "id": f"{id_}{letter}",
                "name": {"zh": f"监测井 {id_}{letter}", "en": f"Well {id_}{letter}"},
                "group_id": id_,
                "x_m": round(x_m + 3.0 * k, 1),
                "y_m": y_m,
                "depth_m": round(screen_bottom + 0.5, 1),
                "screen_top_m": round(screen_top, 1),
                "screen_bottom_m": round(screen_bottom, 1),
                "stratum_id": stratum,
            }
        )
    return rows
