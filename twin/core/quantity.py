"""Quantities that a series can carry: SI unit inside, display unit for people.

Gas concentrations are written ``conc:<substance>`` (air) and ``water:<substance>``
(groundwater); all others stand in the table.

A logger sends statistics beside the value: ``conc:hf@max`` is the greatest value of the interval of an
observation. Such series have the unit of the value (``@cou`` the amount: kg, m3), and nothing is
derived from them: no newest value, no roll-ups, no models.
"""

from __future__ import annotations

from dataclasses import dataclass

from twin.core.errors import UnitError
from twin.core.text import Text

CONC_PREFIX = "conc:"
WATER_PREFIX = "water:"
STATISTIC_MARK = "@"
TOTAL = "cou"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """What is measured. ``key`` is stable; ``si_unit`` and ``display_unit`` are unit names."""

    key: str
    name: Text
    si_unit: str
    display_unit: str
    decimals: int


_ROWS = (
    Quantity(
        key="wind_speed",
        name=Text(zh="风速", en="Wind speed"),
        si_unit="m/s",
        display_unit="m/s",
        decimals=1,
    ),
    Quantity(
        key="wind_from",
        name=Text(zh="风向", en="Wind from"),
        si_unit="deg",
        display_unit="deg",
        decimals=0,
    ),
    Quantity(
        key="air_temperature",
        name=Text(zh="气温", en="Air temperature"),
        si_unit="K",
        display_unit="degC",
        decimals=1,
    ),
    Quantity(
        key="relative_humidity",
        name=Text(zh="相对湿度", en="Relative humidity"),
        si_unit="1",
        display_unit="%",
        decimals=0,
    ),
    Quantity(
        key="air_pressure",
        name=Text(zh="气压", en="Air pressure"),
        si_unit="Pa",
        display_unit="hPa",
        decimals=1,
    ),
    Quantity(
        key="water_level",
        name=Text(zh="地下水位高程", en="Groundwater level"),
        si_unit="m",
        display_unit="m",
        decimals=2,
    ),
    Quantity(
        key="water_temperature",
        name=Text(zh="地下水温", en="Groundwater temperature"),
        si_unit="K",
        display_unit="degC",
        decimals=1,
    ),
    Quantity(
        key="ph",
        name=Text(zh="酸碱度", en="pH"),
        si_unit="pH",
        display_unit="pH",
        decimals=2,
    ),
    Quantity(
        key="conductivity",
        name=Text(zh="电导率", en="Conductivity"),
        si_unit="S/m",
        display_unit="uS/cm",
        decimals=0,
    ),
    Quantity(
        key="hydraulic_conductivity",
        name=Text(zh="渗透系数", en="Hydraulic conductivity"),
        si_unit="m/s",
        display_unit="m/d",
        decimals=3,
    ),
    Quantity(
        key="water_content",
        name=Text(zh="土壤体积含水率", en="Water content of soil"),
        si_unit="1",
        display_unit="%",
        decimals=1,
    ),
    Quantity(
        key="oxygen",
        name=Text(zh="氧气体积分数", en="Oxygen"),
        si_unit="1",
        display_unit="%",
        decimals=1,
    ),
    Quantity(
        key="signal_strength",
        name=Text(zh="光谱信号强度", en="Signal strength"),
        si_unit="1",
        display_unit="%",
        decimals=0,
    ),
    Quantity(
        key="detector_temperature",
        name=Text(zh="探测器温度", en="Detector temperature"),
        si_unit="K",
        display_unit="K",
        decimals=1,
    ),
    Quantity(
        key="nitrogen_level",
        name=Text(zh="液氮液位", en="Liquid nitrogen level"),
        si_unit="1",
        display_unit="%",
        decimals=0,
    ),
    Quantity(
        key="reference_laser",
        name=Text(zh="参考激光信号", en="Reference laser signal"),
        si_unit="1",
        display_unit="%",
        decimals=0,
    ),
    Quantity(
        key="flow",
        name=Text(zh="流量", en="Flow"),
        si_unit="m3/s",
        display_unit="m3/h",
        decimals=1,
    ),
    Quantity(
        key="current",
        name=Text(zh="电流", en="Current"),
        si_unit="A",
        display_unit="A",
        decimals=2,
    ),
)
TABLE: dict[str, Quantity] = {row.key: row for row in _ROWS}


_STATISTICS: dict[str, Text] = {
    "min": Text(zh="最小值", en="minimum"),
    "max": Text(zh="最大值", en="maximum"),
    TOTAL: Text(zh="累计量", en="amount"),
    "zs": Text(zh="折算值", en="converted"),
    "zsmin": Text(zh="折算最小值", en="converted minimum"),
    "zsmax": Text(zh="折算最大值", en="converted maximum"),
    "raw": Text(zh="原始测量值", en="raw reading"),
}


def quantity(key: str) -> Quantity:
    """Row for a key; ``conc:hf`` and ``water:f`` give concentration rows. Raises UnitError.

    >>> quantity("conc:hf@max").si_unit, quantity("conc:hf@cou").si_unit
    ('kg/m3', 'kg')
    """
    if STATISTIC_MARK in key:
        return _statistic(key)
    if key in TABLE:
        return TABLE[key]
    if key.startswith(CONC_PREFIX):
        return _concentration(key, key.removeprefix(CONC_PREFIX), "mg/m3", 3)
    if key.startswith(WATER_PREFIX):
        return _concentration(key, key.removeprefix(WATER_PREFIX), "mg/L", 2)
    raise _unknown(key)


def is_statistic(key: str) -> bool:
    """Whether a quantity is one that a logger computed beside the value (``conc:hf@max``)."""
    return STATISTIC_MARK in key


def statistic_key(key: str, statistic: str) -> str:
    """Key of a statistic of a quantity.

    >>> statistic_key("conc:hf", "max")
    'conc:hf@max'
    """
    return f"{key}{STATISTIC_MARK}{statistic}"


def _statistic(key: str) -> Quantity:
    base_key, _, name = key.partition(STATISTIC_MARK)
    if name not in _STATISTICS:
        raise _unknown(key)
    base, label = quantity(base_key), _STATISTICS[name]
    amount = "kg" if substance_of(base_key) is not None else "m3"
    return Quantity(
        key=key,
        name=Text(zh=f"{base.name.zh} {label.zh}", en=f"{base.name.en}, {label.en}"),
        si_unit=amount if name == TOTAL else base.si_unit,
        display_unit=amount if name == TOTAL else base.display_unit,
        decimals=base.decimals,
    )


def _unknown(key: str) -> UnitError:
    return UnitError(
        f"quantity {key!r} is unknown; expected conc:*, water:* or one of {', '.join(TABLE)}",
        message_zh=f"未知量 {key!r}；应为 conc:*、water:* 或 {', '.join(TABLE)} 之一",
        field="quantity",
        value=key,
    )


def substance_of(key: str) -> str | None:
    """Substance id inside a concentration key, or None.

    >>> substance_of("conc:hf"), substance_of("conc:hf@max")
    ('hf', None)
    """
    if STATISTIC_MARK in key:
        return None
    for prefix in (CONC_PREFIX, WATER_PREFIX):
        if key.startswith(prefix):
            return key.removeprefix(prefix)
    return None


def _concentration(key: str, substance: str, display_unit: str, decimals: int) -> Quantity:
    label = substance.upper()
    return Quantity(
        key=key,
        name=Text(zh=f"{label} 浓度", en=f"{label} concentration"),
        si_unit="kg/m3",
        display_unit=display_unit,
        decimals=decimals,
    )
