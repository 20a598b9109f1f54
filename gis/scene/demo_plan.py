"""The layers of the Qingliu demonstration: areas, plots, works, roads, river, settlements."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import shapely
from shapely.geometry import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry

from gis.scene import demo_layout as plan
from gis.scene.demo_layout import Site
from gis.scene.demo_works import Drawing, works

_D_COLUMNS = 5
_F_COLUMNS = 8
_SIDE_FROM_Y = -330.0

# plot -> (Chinese name, English name, use); names that are not published say "demonstration".
_USES: Mapping[str, tuple[str, str, str]] = {
    "D1A": ("大路口污水处理站（演示）", "Dalukou waste water station (demo)", "waste_water"),
    "D2A": ("东莹化工一期（位置演示）", "Dongying Chemical 1 (demo place)", "chemical"),
    "D2B": ("东莹化工二期（位置演示）", "Dongying Chemical 2 (demo place)", "chemical"),
    "D3A": ("演示企业甲", "Demo works A", "chemical"),
    "D3B": ("大路口公用仓储（演示）", "Dalukou public storage (demo)", "storage"),
    "D4A": ("演示企业乙", "Demo works B", "chemical"),
    "D4B": ("大路口公用工程（演示）", "Dalukou utilities (demo)", "utility"),
    "D5A": ("大路口管理服务区（演示）", "Dalukou administration (demo)", "administration"),
    "F1A": ("福宝管理服务区（演示）", "Fubao administration (demo)", "administration"),
    "F2A": ("演示企业丙", "Demo works C", "chemical"),
    "F3A": ("中欣高宝一期（位置演示）", "Zhongxin Gaobao 1 (demo place)", "chemical"),
    "F3B": ("中欣高宝二期（位置演示）", "Zhongxin Gaobao 2 (demo place)", "chemical"),
    "F4A": ("演示企业丁", "Demo works D", "chemical"),
    "F4B": ("福宝公用工程（演示）", "Fubao utilities (demo)", "utility"),
    "F5A": ("演示企业戊", "Demo works E", "chemical"),
    "F6A": ("演示企业己", "Demo works F", "chemical"),
    "F7A": ("福宝公用仓储（演示）", "Fubao public storage (demo)", "storage"),
    "F8A": ("福宝污水处理站（演示）", "Fubao waste water station (demo)", "waste_water"),
    "FN1": ("演示企业庚", "Demo works G", "chemical"),
    "FN2": ("演示企业辛", "Demo works H", "chemical"),
}


def sites() -> tuple[list[tuple[dict[str, object], Polygon]], list[Site]]:
    """Areas as rows with outlines, and all plots."""
    dalukou, dalukou_depth = plan.dalukou()
    fubao, fubao_depth = plan.fubao()
    areas: list[tuple[dict[str, object], Polygon]] = [
        (_area("DLK", "大路口片", "Dalukou area", plan.DALUKOU_HA), dalukou),
        (_area("FB", "福宝片", "Fubao area", plan.FUBAO_HA), fubao),
    ]
    west = plan.strip_plots(
        dalukou, np.linspace(plan.DALUKOU_WEST, plan.DALUKOU_EAST, _D_COLUMNS + 1), dalukou_depth, "D"
    )
    side = plan.side_plots(fubao, _SIDE_FROM_Y, 5)
    road = side_road().buffer(12.0)
    east = plan.strip_plots(
        fubao, np.linspace(plan.FUBAO_WEST, plan.FUBAO_EAST, _F_COLUMNS + 1), fubao_depth, "F"
    )
    east = [(name, plan.largest_part(outline.difference(road))) for name, outline in east]
    found = [_site(name, "DLK", outline) for name, outline in west]
    found += [_site(name, "FB", outline) for name, outline in east + side]
    return areas, [*found, _yingxin()]


def _area(id_: str, zh: str, en: str, hectares: float) -> dict[str, object]:
    return {"id": id_, "name_zh": zh, "name_en": en, "stated_ha": hectares, "active": True}


def _site(name: str, area_id: str, outline: Polygon) -> Site:
    zh, en, use = _USES.get(name, (f"预留用地 {name}（演示）", f"Reserve {name} (demo)", "reserve"))
    return Site(id=name, zh=zh, en=en, area_id=area_id, outline=outline, use=use)


def _yingxin() -> Site:
    outline = plan.band(
        plan.DALUKOU_EAST + 14.0,
        plan.DALUKOU_EAST + 250.0,
        plan.south_edge,
        lambda x: plan.south_edge(x) + 260.0,
    )
    return Site(
        id="YX",
        zh="莹新水泥缓凝剂地块",
        en="Yingxin cement retarder plot",
        area_id="",
        outline=outline,
        use="cement",
    )


def side_road() -> LineString:
    """Inner road up Fubao's side valley, east of its plots."""
    y = np.arange(float(plan.road_y(1560.0)), 1010.0, 35.0)
    offset = np.clip((y + 420.0) / 200.0, 0.0, 1.0) * 75.0
    return LineString(np.column_stack([plan.side_valley(y) + offset, y]))


def roads() -> list[Drawing]:
    """Published roads S307 and X791, and the inner grid of the demonstration."""
    rows: list[Drawing] = [
        _road("S307", "省道 S307", "Provincial road S307", 12.0, "provincial", plan.X_MIN, plan.JUNCTION_X),
        _road("X791", "县道 X791", "County road X791", 9.0, "county", plan.JUNCTION_X, plan.X_MAX),
    ]
    rows += _inner("D", plan.dalukou(), plan.DALUKOU_WEST, plan.DALUKOU_EAST, _D_COLUMNS)
    rows += _inner("F", plan.fubao(), plan.FUBAO_WEST, plan.FUBAO_EAST, _F_COLUMNS)
    rows.append((_road_row("R-FN", "福宝北支路", "Fubao side road", 8.0, "inner"), side_road()))
    return rows


def _inner(prefix: str, area: tuple[Polygon, float], west: float, east: float, columns: int) -> list[Drawing]:
    outline, depth_m = area
    middle = plan.line(lambda x: plan.south_edge(x) + 0.5 * depth_m, west + 15.0, east - 15.0)
    rows: list[Drawing] = [
        (_road_row(f"R-{prefix}0", f"{prefix} 区主路", f"{prefix} main road", 8.0, "inner"), middle)
    ]
    for number, x in enumerate(np.linspace(west, east, columns + 1)[1:-1], start=1):
        low, high = float(plan.road_y(x)), float(plan.south_edge(x)) + depth_m
        cross = LineString([(x, y) for y in np.linspace(low, high, 14)]).intersection(outline.buffer(20.0))
        row = _road_row(
            f"R-{prefix}{number}", f"{prefix} 区支路 {number}", f"{prefix} cross road {number}", 7.0, "inner"
        )
        rows.append((row, _longest(cross)))
    return rows


def _longest(shape: BaseGeometry) -> LineString:
    lines = [part for part in shapely.get_parts(shape) if isinstance(part, LineString)]
    return max(lines, key=lambda part: part.length)


def _road(id_: str, zh: str, en: str, width_m: float, kind: str, west: float, east: float) -> Drawing:
    return _road_row(id_, zh, en, width_m, kind), plan.line(plan.road_y, west, east)


def _road_row(id_: str, zh: str, en: str, width_m: float, kind: str) -> dict[str, object]:
    return {"id": id_, "name_zh": zh, "name_en": en, "width_m": width_m, "kind": kind}


def waters() -> list[Drawing]:
    """The river (its name is not published) and the brook of the side valley."""
    brook_y = np.arange(float(plan.river_y(1650.0)), 1060.0, 40.0)
    brook_x = plan.side_valley(brook_y) + np.clip((brook_y + 500.0) / 200.0, 0.0, 1.0) * 105.0 + 40.0
    return [
        (
            {"id": "river", "name_zh": "河流（演示）", "name_en": "River (demo)", "width_m": 34.0},
            plan.line(plan.river_y, plan.X_MIN, plan.X_MAX, 25.0),
        ),
        (
            {"id": "brook", "name_zh": "福宝支沟（演示）", "name_en": "Fubao brook (demo)", "width_m": 5.0},
            LineString(np.column_stack([brook_x, brook_y])[::-1]),
        ),
    ]


def settlements() -> list[Drawing]:
    """Named villages at assumed places, with assumed people, and the gates of the areas."""
    rows = (
        ("tongkeng", "桐坑村（位置演示）", "Tongkeng village (demo place)", 420.0, 620, -150.0),
        ("dalukou", "大路口村（位置演示）", "Dalukou village (demo place)", -620.0, 850, 110.0),
        ("zhangkeng", "张坑（位置演示）", "Zhangkeng (demo place)", -2690.0, 260, 150.0),
        ("gate-dlk", "大路口片大门（演示）", "Dalukou gate (demo)", -1280.0, 40, 6.0),
        ("gate-fb", "福宝片大门（演示）", "Fubao gate (demo)", 900.0, 60, 6.0),
    )
    return [
        (
            {"id": id_, "name_zh": zh, "name_en": en, "people": people},
            Point(x, float(plan.road_y(x)) + offset),
        )
        for id_, zh, en, x, people, offset in rows
    ]


def layers() -> dict[str, list[Drawing]]:
    """All layers of ``park.gpkg``, drawn in the local frame."""
    areas, plots = sites()
    built = works(plots)
    plot_rows: list[Drawing] = [
        (
            {"id": s.id, "name_zh": s.zh, "name_en": s.en, "area_id": s.area_id, "pad_m": s.pad_m},
            s.outline,
        )
        for s in plots
    ]
    return {
        "areas": list(areas),
        "plots": plot_rows,
        "buildings": built.buildings,
        "tanks": built.tanks,
        "units": built.units,
        "roads": roads(),
        "waters": waters(),
        "settlements": settlements(),
    }
