"""Tables that every park starts from: substances, levels of action, factor codes of devices."""

from __future__ import annotations

Row = dict[str, object]


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
