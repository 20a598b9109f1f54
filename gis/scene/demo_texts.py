"""Words and tables of the Qingliu demonstration: name, notice, views, substances, levels."""

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


def _chemical(id_: str, zh: str, en: str, formula: str, cas: str, g_mol: float) -> Row:
    return {
        "id": id_,
        "name_zh": zh,
        "name_en": en,
        "formula": formula,
        "cas": cas,
        "molar_mass_kg_mol": round(g_mol / 1000, 6),
    }


CHEMICALS: tuple[Row, ...] = (
    _chemical("hf", "氟化氢", "Hydrogen fluoride", "HF", "7664-39-3", 20.006),
    _chemical("nh3", "氨", "Ammonia", "NH₃", "7664-41-7", 17.031),
    _chemical("so2", "二氧化硫", "Sulfur dioxide", "SO₂", "7446-09-5", 64.064),
    _chemical("hcl", "氯化氢", "Hydrogen chloride", "HCl", "7647-01-0", 36.461),
    _chemical("no2", "二氧化氮", "Nitrogen dioxide", "NO₂", "10102-44-0", 46.006),
    _chemical("co", "一氧化碳", "Carbon monoxide", "CO", "630-08-0", 28.010),
    _chemical("benzene", "苯", "Benzene", "C₆H₆", "71-43-2", 78.114),
    _chemical("toluene", "甲苯", "Toluene", "C₇H₈", "108-88-3", 92.141),
    _chemical("methanol", "甲醇", "Methanol", "CH₃OH", "67-56-1", 32.042),
    _chemical("aniline", "苯胺", "Aniline", "C₆H₇N", "62-53-3", 93.129),
    _chemical("f", "氟离子", "Fluoride", "F⁻", "16984-48-8", 18.998),
)

_AEGL = "US EPA AEGL, 60 min; copied from a secondary table, check against the published list"
_IDLH = "NIOSH IDLH; copied from a secondary table"
_ERPG = "AIHA ERPG, 60 min; copied from a secondary table, check against the handbook"


def _level(substance: str, level: int, name: tuple[str, str], ppm: float, source: str) -> Row:
    return {
        "substance_id": substance,
        "level": level,
        "name_zh": name[0],
        "name_en": name[1],
        "value": ppm,
        "unit": "ppm",
        "source": source,
    }


def _aegl(substance: str, ppm: tuple[float, float, float]) -> list[Row]:
    return [
        _level(substance, k, (f"AEGL-{k}（60 分钟）", f"AEGL-{k} (60 min)"), value, _AEGL)
        for k, value in enumerate(ppm, start=1)
    ]


def _erpg(substance: str, ppm: tuple[float, float, float]) -> list[Row]:
    return [
        _level(substance, k, (f"ERPG-{k}", f"ERPG-{k}"), value, _ERPG) for k, value in enumerate(ppm, start=1)
    ]


_IDLH_NAME = ("立即威胁生命和健康浓度 IDLH", "IDLH")
THRESHOLDS: tuple[Row, ...] = (
    *_aegl("hf", (1.0, 24.0, 44.0)),
    _level("hf", 3, _IDLH_NAME, 30.0, _IDLH),
    *_erpg("hf", (2.0, 20.0, 50.0)),
    *_aegl("nh3", (30.0, 160.0, 1100.0)),
    _level("nh3", 3, _IDLH_NAME, 300.0, _IDLH),
    *_erpg("nh3", (25.0, 150.0, 750.0)),
    *_aegl("so2", (0.2, 0.75, 30.0)),
    _level("so2", 3, _IDLH_NAME, 100.0, _IDLH),
    *_aegl("hcl", (1.8, 22.0, 100.0)),
    _level("hcl", 3, _IDLH_NAME, 50.0, _IDLH),
    *_aegl("no2", (0.5, 12.0, 20.0)),
    *_aegl("methanol", (530.0, 2100.0, 7200.0)),
)
