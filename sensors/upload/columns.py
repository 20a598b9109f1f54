"""What the columns of an uploaded table mean: headers in Chinese or English, units in brackets."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from twin.core.device import Device, Factor
from twin.core.errors import UnitError
from twin.core.quantity import quantity, substance_of


class Role(StrEnum):
    """What a column is for."""

    TIME = "time"
    DATE = "date"
    VALUE = "value"
    FACTOR = "factor"
    RESULT = "result"
    UNIT = "unit"
    MARK = "mark"
    METHOD = "method"
    ANALYST = "analyst"
    POINT = "point"
    ERROR = "error"
    STATE = "state"
    PATH = "path"
    SPECTRUM = "spectrum"
    GAIN = "gain"
    RESOLUTION = "resolution"
    IGNORED = "ignored"


_WORDS = {
    Role.TIME: (
        "time",
        "datetime",
        "sampled_at",
        "sampling time",
        "时间",
        "采样时间",
        "监测时间",
        "检测时间",
        "日期时间",
    ),
    Role.DATE: ("date", "日期", "采样日期", "监测日期"),
    Role.FACTOR: (
        "factor",
        "parameter",
        "item",
        "gas",
        "因子",
        "项目",
        "监测项目",
        "检测项目",
        "气体",
        "因子编码",
    ),
    Role.RESULT: (
        "value",
        "result",
        "concentration",
        "值",
        "结果",
        "监测结果",
        "检测结果",
        "浓度",
        "监测值",
        "测定值",
    ),
    Role.UNIT: ("unit", "单位", "计量单位"),
    Role.MARK: ("mark", "flag", "标记", "数据标记"),
    Role.METHOD: ("method", "方法", "监测方法", "检测方法", "分析方法", "方法依据"),
    Role.ANALYST: ("analyst", "operator", "分析人", "检测人", "监测人", "监测人员", "分析人员", "采样人"),
    Role.POINT: ("point", "site", "well", "点位", "测点", "监测点", "监测点位", "采样点", "井号", "点位名称"),
    Role.ERROR: ("error", "uncertainty", "误差", "不确定度"),
    Role.STATE: ("state", "status", "状态"),
    Role.PATH: ("path", "path_m", "path length", "光程", "光程长"),
    Role.SPECTRUM: ("spectrum", "spectrum reference", "spectrum file", "光谱", "光谱文件", "谱图编号"),
    Role.GAIN: ("gain", "gain level", "增益", "增益档"),
    Role.RESOLUTION: ("resolution", "resolution_cm1", "分辨率"),
}
_BRACKETS = re.compile(r"^(.*?)\s*[(（\[【]\s*([^()（）\[\]【】]*)\s*[)）\]】]\s*$")
# How people write units -> names of the house (gas units stand in ``sensors.upload.gas``).
_UNIT_NAMES = {
    "mg/m³": "mg/m3", "μg/m³": "ug/m3", "µg/m³": "ug/m3", "ug/m³": "ug/m3", "μg/m3": "ug/m3",
    "µg/m3": "ug/m3", "g/m³": "g/m3", "ng/m³": "ng/m3", "mg/l": "mg/L", "ug/l": "ug/L", "μg/l": "ug/L",
    "µg/l": "ug/L", "μg/L": "ug/L", "µg/L": "ug/L", "毫克/升": "mg/L", "微克/升": "ug/L",
    "毫克/立方米": "mg/m3",
    "微克/立方米": "ug/m3", "℃": "degC", "°c": "degC", "°C": "degC", "c": "degC", "摄氏度": "degC",
    "米": "m", "无量纲": "pH", "μs/cm": "uS/cm", "µs/cm": "uS/cm", "us/cm": "uS/cm", "ms/cm": "mS/cm",
    "μS/cm": "uS/cm", "µS/cm": "uS/cm", "%vol": "vol%", "%(v/v)": "vol%", "vol %": "vol%", "%VOL": "vol%",
    "PPM": "ppm", "PPB": "ppb", "umol/mol": "ppm", "μmol/mol": "ppm", "nmol/mol": "ppb",
    "hpa": "hPa", "kpa": "kPa", "ppm·m": "ppm.m", "ppm*m": "ppm.m", "ppm-m": "ppm.m", "mg/m²": "mg/m2",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column: its header, what it is for, and of a value the factor and the unit stated there."""

    header: str
    role: Role
    code: str = ""
    unit: str = ""


def columns_of(headers: Iterable[str], device: Device) -> tuple[Column, ...]:
    """Meaning of every header of a table for a device; its record may rename a vendor's headers."""
    names, renamed = names_of(device), {plain(said): meant for said, meant in device.columns}
    return tuple(_column(header, renamed.get(plain(header), header), names) for header in headers)


def names_of(device: Device) -> dict[str, str]:
    """Everything that a factor of the device may be called, lower case -> its code; the first one wins."""
    found: dict[str, str] = {}
    for factor in device.factors:
        for name in factor_names(factor):
            found.setdefault(plain(name), factor.code)
    return found


def factor_names(factor: Factor) -> list[str]:
    """Code, quantity, substance and their names in both languages."""
    names = [factor.code, factor.quantity, substance_of(factor.quantity) or "", *factor.names]
    try:
        row = quantity(factor.quantity)
        names += [row.name.zh, row.name.en]
    except UnitError:
        pass
    return [name for name in names if name]


def unit_name(text: str) -> str:
    """Name of the house for a unit as people write it; unknown ones stay as they are.

    >>> unit_name("μg/m³"), unit_name("℃"), unit_name("furlong")
    ('ug/m3', 'degC', 'furlong')
    """
    text = text.strip()
    return _UNIT_NAMES.get(text, _UNIT_NAMES.get(text.lower(), text))


def _column(header: str, meant: str, names: dict[str, str]) -> Column:
    found = _BRACKETS.match(meant)
    bare, unit = (found[1], unit_name(found[2])) if found else (meant, "")
    code = names.get(plain(meant)) or names.get(plain(bare))
    role = _ROLE_OF.get(plain(meant)) or _ROLE_OF.get(plain(bare))
    if code is not None and role is None:
        return Column(header=header, role=Role.VALUE, code=code, unit=unit)
    return Column(header=header, role=role or Role.IGNORED, unit=unit)


def plain(text: str) -> str:
    """Header or name without case, underscores and needless blanks."""
    return " ".join(text.replace("_", " ").lower().split())


_ROLE_OF = {plain(word): role for role, words in _WORDS.items() for word in words}
