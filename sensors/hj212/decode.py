"""Message of a known device -> observations in SI.

Conversion to SI happens here and nowhere else. A value that is not a number becomes an observation
without value; a time stamp that cannot be believed becomes an observation at the time of receipt,
marked so that no model eats it. Factors that the device's record does not list stay in the raw
frame only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from sensors.contract import LineEventKind
from sensors.hj212.codec import Group, Message, Problem
from sensors.hj212.edition import PROFILES, command
from sensors.quality import TimeRules, mark_of, number, time_checks, value_checks
from twin.core.clock import zone
from twin.core.device import Device, Factor
from twin.core.observation import Check, Observation
from twin.core.units import to_si

_STAMP = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{3})?", re.ASCII)
_FULL_CIRCLE_DEG = 360.0
DEFAULT_RULES = TimeRules()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """What a message says. ``unknown_codes`` are factors that the device's record does not list."""

    observations: tuple[Observation, ...]
    problems: tuple[Problem, ...]
    unknown_codes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _When:
    """Time of all values of one message."""

    time_ms: int
    interval_ms: int
    checks: Check


def observations(
    message: Message, device: Device, received_ms: int, utc_offset_h: float
) -> tuple[Observation, ...]:
    """Observations of a message; see ``decode``."""
    return decode(message, device, received_ms, utc_offset_h).observations


def decode(
    message: Message,
    device: Device,
    received_ms: int,
    utc_offset_h: float,
    rules: TimeRules = DEFAULT_RULES,
) -> Decoded:
    """Observations of a message, and what is doubtful about it.

    Parameters
    ----------
    message
        A message whose MN is that of ``device``.
    received_ms
        When the frame came in, ms since 1970 UTC.
    utc_offset_h
        Zone of DataTime; 8 for Beijing time. DataTime of means is the START of the interval.

    Raises
    ------
    UnitError
        The device's record names an unknown unit; scenes are checked for that when loaded.
    """
    row = command(message.cn or "")
    values = factor_fields(message.groups) if row.fields else {}
    if not values:
        return Decoded(observations=(), problems=(), unknown_codes=())
    when, problems = _when(message.data_time, row.interval_ms, received_ms, utc_offset_h, rules)
    rows = []
    for code, fields in values.items():
        factor = device.factor(code)
        text = next((fields[name] for name in row.fields if name in fields), None)
        if factor is not None and text is not None:
            rows.append(_observation(device, factor, text, fields.get("Flag"), when))
    unknown = tuple(code for code in values if device.factor(code) is None)
    return Decoded(observations=tuple(rows), problems=problems, unknown_codes=unknown)


def factor_fields(groups: tuple[Group, ...]) -> dict[str, dict[str, str]]:
    """Sub-fields of every factor: ``{"a21018": {"Rtd": "0.031", "Flag": "N"}}``.

    The first of two equal keys counts. A loose ``Flag`` belongs to the factor before it.
    """
    factors: dict[str, dict[str, str]] = {}
    last = ""
    for group in groups:
        for key, value in group:
            code, dash, field = key.partition("-")
            if dash:
                last = code
                factors.setdefault(code, {}).setdefault(field, value)
            elif key == "Flag" and last:
                factors[last].setdefault("Flag", value)
    return factors


def stamp_ms(text: str, utc_offset_h: float) -> int | None:
    """Time of 14 digits (17 with milliseconds), or None where it is none.

    >>> stamp_ms("19700101080000", 8)
    0
    """
    found = _STAMP.fullmatch(text)
    if found is None:
        return None
    try:
        year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
        moment = datetime(year, month, day, hour, minute, second, tzinfo=zone(utc_offset_h))
    except ValueError:
        return None
    return round(moment.timestamp()) * 1000 + int(found[7] or 0)


def _when(
    text: str | None, interval_ms: int, received_ms: int, utc_offset_h: float, rules: TimeRules
) -> tuple[_When, tuple[Problem, ...]]:
    time_ms = stamp_ms(text, utc_offset_h) if text is not None else None
    if time_ms is None:
        problem = Problem(kind=LineEventKind.BAD_TIME, detail=f"DataTime {text!r} is not 14 or 17 digits")
        at_receipt = _When(time_ms=received_ms, interval_ms=interval_ms, checks=Check.TIME_OUT_OF_WINDOW)
        return at_receipt, (problem,)
    checks, kind = time_checks(time_ms, interval_ms, received_ms, rules)
    if checks & Check.TIME_OUT_OF_WINDOW:
        time_ms = received_ms
    when = _When(time_ms=time_ms, interval_ms=interval_ms, checks=checks)
    return when, () if kind is None else (Problem(kind=kind, detail=f"DataTime {text}"),)


def _observation(
    device: Device, factor: Factor, text: str, mark_text: str | None, when: _When
) -> Observation:
    value = number(text)
    mark, mark_checks = mark_of(mark_text, PROFILES[device.edition].marks)
    return Observation(
        sensor_id=device.sensor_id,
        quantity=factor.quantity,
        time_ms=when.time_ms,
        interval_ms=when.interval_ms,
        value=None if value is None else _si(value, factor),
        raw_text=text,
        mark=mark,
        checks=when.checks | mark_checks | value_checks(value, factor),
        origin=device.origin,
    )


def _si(value: float, factor: Factor) -> float:
    if factor.quantity == "wind_from" and value == _FULL_CIRCLE_DEG:
        return 0.0  # two names of north
    return to_si(value, factor.unit)
