"""Rows of the rulebook that make statistics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar

from sensors.rulebook.given import Given
from sensors.statistics import marks, means, rates, states, substitution, totals, validity
from twin.core.device import Edition
from twin.core.errors import BadRequestError
from twin.core.observation import Mark

Answer = dict[str, object]
Rule = Callable[[Given], Answer]
Choice = TypeVar("Choice", bound=StrEnum)
_USE = "max hourly emission mass"


def choice(given: Given, name: str, kind: type[Choice], default: str | None = None) -> Choice:
    """One of an enumeration's values. Raises BadRequestError."""
    text = given.text(name, default)
    try:
        return kind(text)
    except ValueError:
        known = ", ".join(row.value for row in kind)
        raise BadRequestError(
            f"input field {name!r} is {text!r}; expected one of {known}",
            message_zh=f"输入字段 {name!r} 为 {text!r}；应为 {known} 之一",
            field=name,
            value=text,
        ) from None


def _minute(given: Given) -> Answer:
    return {"valid": validity.minute_valid(_count(given, "valid_5s_samples"))}


def _hour(given: Given) -> Answer:
    return {"valid": validity.hour_valid(_count(given, "valid_minutes"))}


def _hour_mean(given: Given) -> Answer:
    values = given.column("minutes" if given.has("minutes") else "values")
    flags = (
        [_mark(flag) for flag in given.texts("flags")] if given.has("flags") else [Mark.NORMAL] * len(values)
    )
    found = means.mean_of_valid(values, flags)
    valid = validity.hour_valid(found.count)
    return {"valid": valid, "mean": found.mean if valid else None, "valid_minutes": found.count}


def _day(given: Given) -> Answer:
    return {"valid": validity.day_valid(_count(given, "valid_hours"))}


def _month(given: Given) -> Answer:
    year, month = given.whole("year"), given.whole("month")
    return {"valid": validity.month_valid(year, month, given.whole("valid_days"))}


def _flag(given: Given) -> Answer:
    medium = choice(given, "medium", marks.Medium)
    edition = choice(given, "edition", Edition, Edition.HJ2017.value)
    normal = marks.mean_is_normal(medium, given.whole("normal"), given.whole("total"), edition)
    # For water the standard names no letter for a mean that is not normal.
    return {"flag": "N" if normal else "abnormal" if medium is marks.Medium.WATER else "D"}


def _water_mean(given: Given) -> Answer:
    return {"mean": means.flow_weighted(given.column("concentrations"), given.column("volumes"))}


def _wind(given: Given) -> Answer:
    row = means.mean_wind(given.column("speeds"), given.column("directions"))
    return {
        "speed": row.speed_m_s,
        "direction": row.from_deg,
        "vector_speed": row.vector_m_s,
        "calms": row.calms,
    }


def _round(given: Given) -> Answer:
    edition = choice(given, "edition", Edition, Edition.HJ2025.value)
    decimals = given.whole("decimals")
    if not 0 <= decimals <= 12:
        raise BadRequestError(
            f"decimals is {decimals}; expected 0 to 12",
            message_zh=f"decimals 为 {decimals}；应为 0 至 12",
            field="decimals",
            value=decimals,
        )
    return {"value": means.rounded(given.number("value"), decimals, marks.PROFILES[edition].rounding)}


def _standard(given: Given) -> Answer:
    if given.has("pressure_pa_abs"):
        pressure_pa = given.number("pressure_pa_abs")
    else:
        pressure_pa = given.number("ba_pa") + given.number("ps_pa", 0.0)
    return {
        "c_std_mg_m3": states.to_standard_state(given.number("c_mg_m3"), given.number("temp_c"), pressure_pa)
    }


def _o2(given: Given) -> Answer:
    found = states.to_reference_o2(
        given.number("c_mg_m3"), given.number("o2_pct"), given.number("ref_o2_pct")
    )
    return {"c_ref_mg_m3": found.value, "warn": found.warning}


def _ppm(given: Given) -> Answer:
    kelvin = states.STANDARD_K + given.number("temp_c", 0.0)
    ppm, molar = given.number("ppm"), given.number("molar_mass")
    answer: Answer = {"mg_m3_std": states.ppm_to_mg_m3(ppm, molar)}
    if kelvin != states.STANDARD_K:
        answer |= {"mg_m3": states.ppm_to_mg_m3(ppm, molar, kelvin), "reference_k": kelvin}
    return answer


def _to_ppm(given: Given) -> Answer:
    kelvin = states.STANDARD_K + given.number("temp_c", 0.0)
    return {"ppm": states.mg_m3_to_ppm(given.number("mg_m3"), given.number("molar_mass"), kelvin)}


def _substitution(given: Given) -> Answer:
    row = substitution.method(
        choice(given, "reason", substitution.Reason),
        given.number("quarter_capture_pct"),
        given.number("missing_hours"),
    )
    if row is None:
        return {"use": "none", "window_valid_hours": None, "window": None}
    return {"use": _USE, "window_valid_hours": row.window_h, "window": row.before.value}


def _substitute_mass(given: Given) -> Answer:
    missing_h = given.number("missing_hours")
    highest = given.maybe_number("max_hourly_kg")
    hourly = given.numbers("hourly_kg") if highest is None else [highest]
    reason = choice(given, "reason", substitution.Reason, substitution.Reason.FAULT.value)
    row = substitution.method(reason, given.number("quarter_capture_pct", 100.0), missing_h)
    return {"emission_kg": None if row is None else substitution.substitute_kg(hourly, row, missing_h)}


def _quarter(given: Given) -> Answer:
    return {"hours": substitution.quarter_hours(given.whole("year"), given.whole("quarter"))}


def _capture(given: Given) -> Answer:
    found = substitution.capture_pct(
        given.number("hours"), given.number("stopped_hours", 0.0), given.number("invalid_hours", 0.0)
    )
    return {"capture_pct": found}


def _rates(given: Given) -> Answer:
    row = rates.three_rates(
        given.whole("expected"), given.whole("received"), given.whole("expected_valid"), given.whole("valid")
    )
    return {
        "transmission_pct": row.transmission_pct,
        "valid_pct": row.valid_pct,
        "effective_pct": row.effective_pct,
        "ok_95": row.meets,
    }


def _ninety(given: Given) -> Answer:
    effective = given.number("any_90_day_effective_pct")
    return {"violation": rates.ninety_day_breach(effective, reported=given.flag("reported", False))}


def _total(given: Given) -> Answer:
    concs, volumes = given.column("concentrations_mg_m3"), given.column("volumes_m3")
    if len(concs) != len(volumes):
        raise BadRequestError(
            f"volumes_m3 has {len(volumes)} entries; expected {len(concs)}",
            message_zh=f"volumes_m3 有 {len(volumes)} 项；应为 {len(concs)} 项",
            field="volumes_m3",
            value=len(volumes),
        )
    hours = [
        totals.HourOfEmission(conc_kg_m3=None if c is None else c * 1e-6, volume_m3=v)
        for c, v in zip(concs, volumes, strict=True)
    ]
    row = totals.emission_total(hours)
    return {
        "measured_kg": row.measured_kg,
        "substitute_kg": row.substitute_kg,
        "valid_hours": row.valid,
        "missing_hours": row.missing,
    }


def _count(given: Given, name: str) -> int:
    count = given.whole(name)
    if count < 0:
        raise BadRequestError(
            f"{name} is {count}; expected 0 or more",
            message_zh=f"{name} 为 {count}；应不小于 0",
            field=name,
            value=count,
        )
    return count


def _mark(text: str) -> Mark:
    try:
        return Mark(text)
    except ValueError:
        known = ", ".join(row.value for row in Mark)
        raise BadRequestError(
            f"flag {text!r} is no data mark; expected one of {known}",
            message_zh=f"flag {text!r} 不是数据标记；应为 {known} 之一",
            field="flags",
            value=text,
        ) from None


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "minute_mean_valid": _minute,
        "hour_mean_valid": _hour,
        "hour_mean": _hour_mean,
        "day_mean_valid": _day,
        "month_mean_valid": _month,
        "aggregate_flag": _flag,
        "flow_weighted_mean": _water_mean,
        "wind_mean": _wind,
        "rounding": _round,
        "to_standard_state": _standard,
        "o2_conversion": _o2,
        "ppm_to_mgm3": _ppm,
        "mgm3_to_ppm": _to_ppm,
        "cems_substitution": _substitution,
        "cems_substitute_mass": _substitute_mass,
        "quarter_hours": _quarter,
        "capture_rate": _capture,
        "transmission_rates": _rates,
        "ninety_day_rate": _ninety,
        "emission_total": _total,
    }
)
