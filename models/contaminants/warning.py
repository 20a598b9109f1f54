"""Warnings of groundwater: a model per kind of indicator, four levels, each with its reason.

Levels follow the colours of China's emergency grading: blue IV, yellow III, orange II, red I. Limits are
those of GB/T 14848-2017; every other threshold is a DEFAULT OF OURS, for no standard gives one:

- metals        blue above 0.8 of class III, yellow above III, orange above IV, red above five times IV
- inorganic     (fluoride, nitrogen, salts) the same, red above three times IV
- organic       what industry makes has no place there: blue above class I, yellow above II, orange above III,
                red above IV
- pH            blue within 0.2 of the edges 6.5 and 8.5, yellow outside, orange outside 5.5 to 9.0, red
                outside 4.0 to 11.0
- level         rate of change against the well's own: 3, 4, 6, 10 times its robust spread, at least
                0.1, 0.2, 0.5, 1.0 m a day
- conductivity  change against the well's own median: 20, 50, 100, 200 %
- sensory, microbe, radioactive   yellow above III, orange above IV

A rising trend (Mann-Kendall, 5 %) that will pass class III within a year, or a forecast that passes it with
50 % (blue from 5 %), warns before the value does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from math import erf, log, sqrt
from types import MappingProxyType

import numpy as np

from models.contaminants.classes import Reading
from models.contaminants.standard import Class, Indicator, IndicatorKind, indicator
from models.contaminants.trend import Trend, seconds_until
from twin.core.errors import BadRequestError
from twin.core.geometry import FloatArray
from twin.core.text import Text

DAY_S = 86_400.0
YEAR_S = 365.0 * DAY_S
_Z = 1.959963984540054


class Warn(IntEnum):
    """Level of a warning; grade IV is blue, I is red."""

    NONE = 0
    BLUE = 1
    YELLOW = 2
    ORANGE = 3
    RED = 4

    @property
    def grade(self) -> str | None:
        """Grade in Roman numerals, None of none."""
        return (None, "IV", "III", "II", "I")[self]

    @property
    def colour(self) -> Text:
        """Colour in words."""
        return Text(
            zh=("无", "蓝色", "黄色", "橙色", "红色")[self],
            en=("none", "blue", "yellow", "orange", "red")[self],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """Concentrations as multiples of limits of classes, at which the four levels begin."""

    classes: tuple[Class, Class, Class, Class]
    factors: tuple[float, float, float, float]


_STEPS: Mapping[IndicatorKind, Steps] = MappingProxyType(
    {
        IndicatorKind.METAL: Steps(
            classes=(Class.III, Class.III, Class.IV, Class.IV), factors=(0.8, 1.0, 1.0, 5.0)
        ),
        IndicatorKind.INORGANIC: Steps(
            classes=(Class.III, Class.III, Class.IV, Class.IV), factors=(0.8, 1.0, 1.0, 3.0)
        ),
        IndicatorKind.ORGANIC: Steps(
            classes=(Class.I, Class.II, Class.III, Class.IV), factors=(1.0, 1.0, 1.0, 1.0)
        ),
    }
)
_PH_EDGES = ((6.7, 8.3), (6.5, 8.5), (5.5, 9.0), (4.0, 11.0))
LEVEL_SPREADS = (3.0, 4.0, 6.0, 10.0)
LEVEL_RATES_M_S = (0.1 / DAY_S, 0.2 / DAY_S, 0.5 / DAY_S, 1.0 / DAY_S)
CONDUCTIVITY_SHARES = (0.2, 0.5, 1.0, 2.0)
FORECAST_SHARES = (0.05, 0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A warning (``level`` NONE: none) of an indicator or quantity, why, and by which part of the model."""

    quantity: str
    level: Warn
    value: float
    by: str
    why: Text


def warn(
    name: str | int,
    reading: Reading | float,
    *,
    trend: Trend | None = None,
    forecast: tuple[float, float, float] | None = None,
) -> Alert:
    """Warning of an indicator of GB/T 14848-2017.

    Parameters
    ----------
    name
        Number, id, CAS number or name.
    reading
        kg/m3, pH as it is, else in the unit of the standard. What was not detected warns by itself of
        nothing.
    trend
        Of the well's series, in the unit of ``reading``.
    forecast
        2.5, 50 and 97.5 % of the largest value within the horizon, from the now-cast; taken as lognormal.

    Raises
    ------
    NotFoundError
        For an indicator that the standard does not have.
    BadRequestError
        For a value that is negative or not finite.
    """
    found = indicator(name)
    row = reading if isinstance(reading, Reading) else Reading(value=float(reading))
    if not (np.isfinite(row.value) and row.value >= 0.0):
        raise BadRequestError(
            f"{found.id}: {row.value}; expected a finite value of at least 0",
            message_zh=f"{found.id}：{row.value}；应为不小于 0 的有限值",
            field=found.id,
            value=row.value,
        )
    rows = [_by_value(found, row)]
    limit = found.limit(Class.III)
    if limit is not None and limit > 0.0:
        if trend is not None:
            rows.append(_by_trend(found, row, trend, limit))
        if forecast is not None:
            rows.append(_by_forecast(found, forecast, limit))
    return max(rows, key=lambda one: one.level)


def warn_level_rate(
    times_s: Sequence[float] | FloatArray, levels_m: Sequence[float] | FloatArray, *, well: str = "level"
) -> Alert:
    """Warning of the newest change of a well's level against its own history, all but the newest change.

    Spread: 1.4826 times the median absolute deviation of the rates. Too few values (under five) never warn.
    """
    t, h = np.asarray(times_s, dtype=np.float64), np.asarray(levels_m, dtype=np.float64)
    rates = np.diff(h) / np.diff(t)
    if len(rates) < 4 or not np.all(np.isfinite(rates)):
        why = Text(zh="数据不足，不作判断", en="too few values to judge")
        return Alert(quantity=well, level=Warn.NONE, value=0.0, by="level rate", why=why)
    before = rates[:-1]
    usual = float(np.median(before))
    spread = 1.4826 * float(np.median(np.abs(before - usual)))
    away = abs(float(rates[-1]) - usual)
    bounds = [max(k * spread, least) for k, least in zip(LEVEL_SPREADS, LEVEL_RATES_M_S, strict=True)]
    level = Warn(sum(away > bound for bound in bounds))
    per_day = float(rates[-1]) * DAY_S
    why = Text(
        zh=f"水位变化 {per_day:+.3g} m/d，平常 {usual * DAY_S:+.3g} ± {spread * DAY_S:.3g} m/d",
        en=f"level changes by {per_day:+.3g} m/d, usually {usual * DAY_S:+.3g} +- {spread * DAY_S:.3g} m/d",
    )
    return Alert(quantity=well, level=level, value=float(rates[-1]), by="level rate", why=why)


def warn_conductivity(values: Sequence[float] | FloatArray, *, quantity: str = "conductivity") -> Alert:
    """Warning of the newest conductivity (S/m) against the median of those before; under five never warns."""
    x = np.asarray(values, dtype=np.float64)
    usual = float(np.median(x[:-1])) if len(x) > 4 else 0.0
    if not usual > 0.0:
        why = Text(zh="数据不足，不作判断", en="too few values to judge")
        return Alert(quantity=quantity, level=Warn.NONE, value=0.0, by="conductivity", why=why)
    change = abs(float(x[-1]) / usual - 1.0)
    level = Warn(sum(change > share for share in CONDUCTIVITY_SHARES))
    why = Text(
        zh=f"电导率较本井中位数变化 {100 * change:.0f} %",
        en=f"conductivity {100 * change:.0f} % off the median of the well",
    )
    return Alert(quantity=quantity, level=level, value=float(x[-1]), by="conductivity", why=why)


def exceedance_ratio(band: tuple[float, float, float], limit: float) -> float:
    """Probability of more than a limit by a lognormal through a band of 2.5, 50 and 97.5 %.

    The half of the distribution on the limit's side of the median is used, so that a skewed band keeps its
    own 97.5 %. A band of zero width is certain.
    """
    low, median, high = (max(value, 1e-30) for value in band)
    sd = (log(high / median) if limit >= median else log(median / low)) / _Z
    gap = log(max(limit, 1e-30) / median)
    if sd <= 0.0:
        return 0.0 if gap >= 0.0 else 1.0
    return 0.5 * (1.0 - erf(gap / (sd * sqrt(2.0))))


def _by_value(found: Indicator, row: Reading) -> Alert:
    shown = row.value
    if not row.detected:
        level, why = Warn.NONE, Text(zh="未检出", en="not detected")
    elif found.two_sided:
        level = Warn(sum(not low <= shown <= high for low, high in _PH_EDGES))
        why = Text(zh=f"pH {shown:.2f}", en=f"pH {shown:.2f}")
    else:
        bounds = _bounds(found)
        level = Warn(max((at for at, bound in bounds if shown > bound), default=0))
        limit = found.limit(Class.III)
        times = "" if not limit or limit == float("inf") else f"{shown / limit:.3g}"
        zh = f"{found.name.zh}为Ⅲ类限值的 {times} 倍" if times else f"{found.name.zh} {shown:g} {found.unit}"
        en = f"{found.name.en} {times} of class III" if times else f"{found.name.en} {shown:g} {found.unit}"
        why = Text(zh=zh, en=en)
    return Alert(quantity=found.id, level=level, value=shown, by=found.kind.value, why=why)


def _bounds(found: Indicator) -> list[tuple[int, float]]:
    """(level, concentration above which it holds) of an indicator."""
    steps = _STEPS.get(found.kind)
    if steps is None:
        pairs = ((2, found.limit(Class.III)), (3, found.limit(Class.IV)))
        return [(at, 0.0 if limit is None else limit) for at, limit in pairs]
    rows = enumerate(zip(steps.classes, steps.factors, strict=True), start=1)
    return [(at, factor * (found.limit(klass) or 0.0)) for at, (klass, factor) in rows]


def _by_trend(found: Indicator, row: Reading, trend: Trend, limit: float) -> Alert:
    until = seconds_until(trend, row.value if row.detected else 0.5 * row.value, limit)
    level = Warn.NONE
    why = Text(zh="无显著上升趋势", en="no rising trend")
    if until is not None and until <= YEAR_S:
        level = Warn.YELLOW if until <= 0.25 * YEAR_S else Warn.BLUE
        why = Text(
            zh=f"上升趋势显著（p = {trend.p_value:.3g}），{until / DAY_S:.0f} d 后超过Ⅲ类限值",
            en=f"rising (p = {trend.p_value:.3g}), above class III in {until / DAY_S:.0f} d",
        )
    return Alert(quantity=found.id, level=level, value=row.value, by="trend", why=why)


def _by_forecast(found: Indicator, band: tuple[float, float, float], limit: float) -> Alert:
    share = exceedance_ratio(band, limit)
    level = Warn(sum(share >= bound for bound in FORECAST_SHARES))
    why = Text(
        zh=f"预测期内超过Ⅲ类限值的概率 {100 * share:.0f} %",
        en=f"{100 * share:.0f} % likely above class III within the forecast",
    )
    return Alert(quantity=found.id, level=level, value=band[1], by="forecast", why=why)
