"""Words of the Qingliu demonstration: name, notice, views."""

from __future__ import annotations

Row = dict[str, object]

NAME: Row = {"zh": "清流县氟新材料产业园", "en": "Qingliu Fluorine New Materials Park"}
NOTICE: Row = {
    "zh": "演示场景：地形、地层、建筑、储罐和井位为生成数据，位置为近似，数据来自模拟器",
    "en": "Demonstration: terrain, strata, buildings, tanks and wells are generated, the placement is "
    "approximate, live data are simulated",
}


def _view(id_: str, zh: str, en: str, target: list[float], position: list[float]) -> Row:
    return {"id": id_, "name": {"zh": zh, "en": en}, "target": target, "position": position}


BOOKMARKS: tuple[Row, ...] = (
    _view("overview", "全园总览", "Whole park", [150.0, -420.0, 0.0], [-900.0, -3000.0, 1750.0]),
    _view("dalukou", "大路口片", "Dalukou", [-1760.0, -270.0, 10.0], [-2150.0, -1350.0, 520.0]),
    _view("fubao", "福宝片", "Fubao", [1450.0, -560.0, 10.0], [950.0, -1750.0, 620.0]),
    _view("side-valley", "福宝北沟", "Fubao side valley", [1480.0, 120.0, 10.0], [1750.0, -1150.0, 420.0]),
    _view("section", "地层剖面", "Underground", [1500.0, -640.0, -20.0], [1500.0, -1780.0, 190.0]),
    _view("top", "正射俯视", "From above", [0.0, -100.0, 0.0], [0.0, -110.0, 4200.0]),
)
