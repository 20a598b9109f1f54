"""What stands on the plots of the Qingliu demonstration: buildings, tanks, process units.

Only the names Dongying, Gaobao and Yingxin are published. What stands on their plots, and every
other plot, is a plausible works of a fluorine park, drawn from templates.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import shapely
from shapely import affinity
from shapely.geometry import Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from gis.scene.demo_layout import Site, road_y, side_valley

Drawing = tuple[dict[str, object], BaseGeometry]

# Along and across the plot's axis from its centre: x, y, length, width, height, kind, zh, en.
_BLOCKS: dict[str, tuple[tuple[float, float, float, float, float, str, str, str], ...]] = {
    "chemical": (
        (-80, 24, 70, 28, 15, "workshop", "生产车间一", "Workshop 1"),
        (-80, -24, 70, 28, 15, "workshop", "生产车间二", "Workshop 2"),
        (-18, 22, 26, 18, 22, "process_structure", "工艺框架", "Process structure"),
        (-32, 0, 168, 5, 8, "pipe_rack", "管廊", "Pipe rack"),
        (0, -24, 24, 15, 5, "control_room", "控制室", "Control room"),
        (86, -24, 52, 30, 10, "warehouse", "原料仓库", "Warehouse"),
        (96, 36, 40, 15, 14, "office", "办公楼", "Office"),
        (-100, -62, 34, 18, 8, "utility", "公用工程房", "Utility building"),
        (-30, -64, 66, 28, 12, "workshop", "生产车间三", "Workshop 3"),
        (70, -66, 60, 26, 10, "warehouse", "成品仓库", "Product warehouse"),
        (-92, 66, 48, 22, 9, "warehouse", "桶装库", "Drum store"),
    ),
    "storage": (
        (-70, 34, 60, 30, 10, "warehouse", "仓库一", "Warehouse 1"),
        (-70, -34, 60, 30, 10, "warehouse", "仓库二", "Warehouse 2"),
        (0, 34, 60, 30, 10, "warehouse", "仓库三", "Warehouse 3"),
        (88, 44, 26, 14, 6, "control_room", "门卫及控制室", "Gate and control room"),
    ),
    "waste_water": (
        (-64, 20, 30, 18, 8, "utility", "加药间", "Dosing house"),
        (-20, 24, 44, 28, 6, "basin", "生化池", "Biological basin"),
        (34, 24, 32, 28, 6, "basin", "调节池", "Equalisation basin"),
        (-20, -24, 36, 16, 7, "utility", "污泥脱水间", "Sludge house"),
        (70, -26, 30, 14, 9, "office", "化验楼", "Laboratory"),
    ),
    "administration": (
        (-30, 10, 54, 18, 24, "office", "管理服务中心", "Park administration"),
        (40, 16, 40, 18, 18, "office", "应急指挥中心", "Emergency command centre"),
        (44, -34, 34, 20, 9, "fire_station", "消防站", "Fire station"),
        (-60, -36, 40, 14, 12, "office", "宿舍楼", "Dormitory"),
    ),
    "utility": (
        (-50, 14, 42, 24, 14, "utility", "锅炉房", "Boiler house"),
        (14, 16, 34, 20, 8, "utility", "变电所", "Substation"),
        (60, -20, 30, 20, 10, "utility", "循环水站", "Cooling water station"),
        (-30, -34, 28, 16, 7, "utility", "空压站", "Air compressor house"),
    ),
    "cement": (
        (-40, 40, 60, 30, 16, "workshop", "车间", "Workshop"),
        (30, 44, 40, 26, 10, "warehouse", "库房", "Store"),
        (-10, -60, 36, 16, 9, "office", "办公楼", "Office"),
    ),
    "reserve": (),
}
# Tanks of a chemical plot: x, y, radius, height, which of the plot's substances.
_TANKS = (
    (34, 34, 4.0, 9.0, 0),
    (46, 34, 4.0, 9.0, 0),
    (58, 34, 4.0, 9.0, 0),
    (34, 18, 5.0, 10.0, 1),
    (48, 18, 5.0, 10.0, 1),
)
Spread = tuple[float, float]
# Along and across; widest first. Tried until every block of a plot lies inside it.
_SPREADS: tuple[Spread, ...] = ((1.15, 1.3), (1.1, 1.2), (1.0, 1.2), (1.1, 1.0), (1.0, 1.0))
_PRODUCTS: dict[str, tuple[str, ...]] = {
    "D2A": ("hf", "so2"),
    "D2B": ("hf", "hcl"),
    "D3A": ("hf", "nh3"),
    "D4A": ("hcl", "hf"),
    "F2A": ("hf", "hcl"),
    "F3A": ("hf", "methanol"),
    "F3B": ("hf", "toluene"),
    "F4A": ("nh3", "hf"),
    "F5A": ("hf", "so2"),
    "F6A": ("hf", "nh3"),
    "FN1": ("hf", "hcl"),
    "FN2": ("methanol", "hf"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Works:
    """Rows and shapes of three layers."""

    buildings: list[Drawing]
    tanks: list[Drawing]
    units: list[Drawing]


def works(sites: Sequence[Site]) -> Works:
    """Everything that stands on the plots."""
    buildings = [drawing for site in sites for drawing in _buildings(site)]
    chemical = [site for site in sites if site.use == "chemical"]
    tanks = [drawing for site in chemical for drawing in _tanks(site)]
    units = [drawing for site in sites for drawing in _units(site)]
    return Works(buildings=buildings, tanks=tanks, units=units)


def axis_deg(site: Site) -> float:
    """Direction of a plot's long axis, degrees counter-clockwise from east: along its road."""
    at = site.outline.centroid
    if site.id.startswith("FN"):
        dx = float(side_valley(np.float64(at.y + 20.0)) - side_valley(np.float64(at.y - 20.0)))
        return math.degrees(math.atan2(40.0, dx))
    dy = float(road_y(at.x + 20.0) - road_y(at.x - 20.0))
    return math.degrees(math.atan2(dy, 40.0))


def _placed(site: Site, shape: BaseGeometry, spread: Spread = (1.0, 1.0)) -> BaseGeometry:
    """A template's shape on its plot: moved apart by ``spread``, turned, and brought there."""
    at, middle = site.outline.centroid, shape.centroid
    apart = affinity.translate(shape, (spread[0] - 1.0) * middle.x, (spread[1] - 1.0) * middle.y)
    turned = affinity.rotate(apart, axis_deg(site), origin=(0.0, 0.0))
    return affinity.translate(turned, at.x, at.y)


@cache
def _spread(site: Site) -> Spread:
    """How far a plot's blocks can be moved apart, along and across, with all of them inside."""
    inside = site.outline.buffer(-6.0)
    rows = _BLOCKS[site.use]
    for spread in _SPREADS:
        if all(inside.contains(_placed(site, _footprint(*row[:4]), spread)) for row in rows):
            return spread
    return 1.0, 1.0


def _footprint(x: float, y: float, length: float, width: float) -> Polygon:
    return box(x - length / 2, y - width / 2, x + length / 2, y + width / 2)


def _buildings(site: Site) -> Iterator[Drawing]:
    inside = site.outline.buffer(-5.0)
    for x, y, length, width, height, kind, zh, en in _BLOCKS[site.use]:
        footprint = _placed(site, _footprint(x, y, length, width), _spread(site))
        if not inside.contains(footprint):
            continue
        number = f"{site.id}-{kind}-{abs(int(x * 7 + y * 3)):03d}"
        yield (
            {
                "id": number,
                "name_zh": f"{site.zh}{zh}",
                "name_en": f"{site.en}, {en.lower()}",
                "height_m": float(height),
                "kind": kind,
                "plot_id": site.id,
            },
            Polygon(shapely.get_coordinates(footprint)),
        )


def _tanks(site: Site) -> Iterator[Drawing]:
    products = _PRODUCTS[site.id]
    for number, (x, y, radius, height, which) in enumerate(_TANKS, start=1):
        substance = products[which]
        yield (
            {
                "id": f"{site.id}-T{number}",
                "name_zh": f"{site.zh} {substance.upper()} 储罐 {number}",
                "name_en": f"{site.en}, {substance.upper()} tank {number}",
                "radius_m": radius,
                "height_m": height,
                "substance_id": substance,
                "plot_id": site.id,
            },
            _placed(site, Point(x, y), _spread(site)),
        )


def _units(site: Site) -> Iterator[Drawing]:
    if site.use == "waste_water":
        yield _unit(
            site, "WW", "废水站", "waste water station", "waste_water", 3.0, ("nh3", "hf"), (6.0, 24.0)
        )
    if site.use != "chemical":
        return
    products = _PRODUCTS[site.id]
    yield _unit(site, "P1", "生产装置", "production unit", "production", 14.0, products, (-18.0, 22.0))
    yield _unit(site, "S1", "尾气洗涤塔", "tail gas scrubber", "scrubber", 25.0, products, (-40.0, 40.0))
    yield _unit(site, "TF", "储罐区", "tank farm", "tank_farm", 3.0, products, (46.0, 27.0))


def _unit(
    site: Site,
    code: str,
    zh: str,
    en: str,
    kind: str,
    height_m: float,
    substances: tuple[str, ...],
    at: tuple[float, float],
) -> Drawing:
    row: dict[str, object] = {
        "id": f"{site.id}-{code}",
        "name_zh": f"{site.zh}{zh}",
        "name_en": f"{site.en}, {en}",
        "kind": kind,
        "height_m": height_m,
        "substance_ids": ",".join(substances),
        "plot_id": site.id,
    }
    return row, _placed(site, Point(*at), _spread(site))
