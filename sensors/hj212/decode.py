"""Message of a known device -> observations in SI.

Conversion to SI happens here and nowhere else. A value that is not a number becomes an observation
without value; a time stamp that cannot be believed becomes an observation at the time of receipt,
marked so that no model eats it. Factors that the device's record does not list stay in the raw
frame only. What is no number of a factor (states, logs, parameters) becomes a fact.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

from sensors.contract import LineEventKind
from sensors.hj212.codec import Group, Message, Problem
from sensors.hj212.edition import PROFILES, Command, CommandKind, command
from sensors.hj212.extras import SAMPLE_TIME, Said, When, extra_facts, extra_observations, is_plain, sampled
from sensors.hj212.facts import message_facts
from sensors.plausible import unit_meant
from sensors.quality import TimeRules, mark_of, number, time_checks, value_checks
from twin.core.clock import zone
from twin.core.device import Device, Edition, Factor
from twin.core.fact import Fact, FactKind
from twin.core.observation import Check, Mark, Observation
from twin.core.quantity import statistic_key
from twin.core.units import to_si

_STAMP = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{3})?", re.ASCII)
_FULL_CIRCLE_DEG = 360.0
_CONDITIONS_ST = "45"
_NONE = Check.NONE
_SILENT = frozenset({"9011", "9012", "9013", "9014", "9015"})
DEFAULT_RULES = TimeRules()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """What a message says.

    ``unknown_codes`` are factors that the device's record does not list, ``unit_doubts`` those whose
    number cannot be in the unit of the record (code and a unit that fits).
    """

    observations: tuple[Observation, ...]
    problems: tuple[Problem, ...]
    unknown_codes: tuple[str, ...]
    facts: tuple[Fact, ...] = ()
    unit_doubts: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class _Page:
    """What one message has given so far."""

    rows: list[Observation]
    facts: list[Fact]
    unknown: list[str]
    doubts: list[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """What all factors of one message share."""

    device: Device
    row: Command
    when: When
    marks: Mapping[str, Mark]
    received_ms: int
    utc_offset_h: float
    rules: TimeRules


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
    if not row.fields:
        return _facts_only(message, row, received_ms, utc_offset_h, rules)
    values = factor_fields(message.groups)
    if not values:
        return Decoded(observations=(), problems=(), unknown_codes=())
    interval_ms = round(device.minute_interval_s * 1000) if row.is_minute else row.interval_ms
    when, problems = _when(message.data_time, interval_ms, received_ms, utc_offset_h, rules)
    if _is_backfilled(message, device):
        when = replace(when, checks=when.checks | Check.LATE)
    reading = _Reading(
        device=device,
        row=row,
        when=when,
        marks=PROFILES[device.edition].marks_for(device.st),
        received_ms=received_ms,
        utc_offset_h=utc_offset_h,
        rules=rules,
    )
    page = _Page([], [], [], [])
    for code, fields in values.items():
        factor = device.factor(code)
        if factor is None:
            page.unknown.append(code)
        else:
            _read_factor(reading, factor, fields, page)
    if message.st == _CONDITIONS_ST:
        page.facts += _conditions(values, row, when)
    return Decoded(
        observations=tuple(page.rows),
        problems=problems,
        unknown_codes=tuple(page.unknown),
        facts=tuple(page.facts),
        unit_doubts=tuple(page.doubts),
    )


def _facts_only(
    message: Message, row: Command, received_ms: int, utc_offset_h: float, rules: TimeRules
) -> Decoded:
    """States, logs, parameters and whatever else a site reports without values of factors."""
    if row.kind not in (CommandKind.DATA, CommandKind.NOTICE) or message.cn in _SILENT:
        return Decoded(observations=(), problems=(), unknown_codes=())
    problems: tuple[Problem, ...] = ()
    if message.data_time is not None:
        _, problems = _when(message.data_time, row.interval_ms, received_ms, utc_offset_h, rules)

    def believed(text: str) -> int | None:
        time_ms = stamp_ms(text, utc_offset_h)
        return None if time_ms is None or time_ms > received_ms + rules.ahead_ms else time_ms

    facts = message_facts(message, received_ms, believed)
    return Decoded(observations=(), problems=problems, unknown_codes=(), facts=facts)


def _is_backfilled(message: Message, device: Device) -> bool:
    """RF=1 of edition 2025. The field was seen named, not its place: header and data area are taken."""
    if message.backfilled:
        return True
    return device.edition is Edition.HJ2025 and message.value("RF") == "1"


def _read_factor(reading: _Reading, factor: Factor, fields: dict[str, str], page: _Page) -> None:
    when, plain, taken = reading.when, is_plain(fields), ""
    for name in reading.row.fields:
        if name in fields:
            taken = name
            break
    if not plain and SAMPLE_TIME in fields:
        when = _sampled(reading, fields[SAMPLE_TIME])
    mark, mark_checks = mark_of(fields.get("Flag"), reading.marks)
    if taken:
        row, doubt = _observation(reading, factor, fields[taken], mark, when, mark_checks)
        page.rows.append(row)
        if doubt is not None:
            page.doubts.append((factor.code, doubt))
    if not plain:
        said = Said(factor=factor, fields=fields, taken=taken, when=when, mark=mark, mark_checks=mark_checks)
        page.rows += extra_observations(reading.device, said)
        page.facts += extra_facts(said)


def _sampled(reading: _Reading, text: str) -> When:
    time_ms = stamp_ms(text, reading.utc_offset_h)
    if time_ms is None:
        return reading.when
    return sampled(reading.when, time_ms, reading.received_ms, reading.rules)


def _conditions(values: Mapping[str, Mapping[str, str]], row: Command, when: When) -> list[Fact]:
    """Key working conditions (ST 45 of 2025): letters that say how a plant runs are states."""
    found = []
    for code, fields in values.items():
        text = next((fields[name] for name in row.fields if name in fields), "")
        if text and number(text) is None:
            mark = fields.get("Flag", "")
            kind, at = FactKind.STATE, when.time_ms
            found.append(Fact(kind=kind, time_ms=at, code=code, field="Rtd", text=text[:64], mark=mark))
    return found


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
    hour_ms = _hour_ms(text[:10], utc_offset_h)
    minute, second = int(text[10:12]), int(text[12:14])
    if hour_ms is None or minute > 59 or second > 59:
        return None
    return hour_ms + minute * 60_000 + second * 1000 + int(text[14:] or 0)


@lru_cache(maxsize=512)
def _hour_ms(text: str, utc_offset_h: float) -> int | None:
    """Begin of an hour of ten digits. Nearly all stamps of a minute lie in the same hour."""
    try:
        moment = datetime.strptime(text, "%Y%m%d%H").replace(tzinfo=zone(utc_offset_h))
    except ValueError:
        return None
    return round(moment.timestamp()) * 1000


def _when(
    text: str | None, interval_ms: int, received_ms: int, utc_offset_h: float, rules: TimeRules
) -> tuple[When, tuple[Problem, ...]]:
    time_ms = stamp_ms(text, utc_offset_h) if text is not None else None
    if time_ms is None:
        problem = Problem(kind=LineEventKind.BAD_TIME, detail=f"DataTime {text!r} is not 14 or 17 digits")
        at_receipt = When(time_ms=received_ms, interval_ms=interval_ms, checks=Check.TIME_OUT_OF_WINDOW)
        return at_receipt, (problem,)
    checks, kind = time_checks(time_ms, interval_ms, received_ms, rules)
    if checks & Check.TIME_OUT_OF_WINDOW:
        time_ms = received_ms
    when = When(time_ms=time_ms, interval_ms=interval_ms, checks=checks)
    return when, () if kind is None else (Problem(kind=kind, detail=f"DataTime {text}"),)


def _observation(
    reading: _Reading, factor: Factor, text: str, mark: Mark, when: When, mark_checks: Check
) -> tuple[Observation, str | None]:
    """Observation of a value; second: the unit that a number impossible in the record's unit may be in."""
    device, value, doubt = reading.device, number(text), None
    if value is not None and factor.scale != 1.0:
        value *= factor.scale
    range_checks = value_checks(value, factor)
    checks = _both(_both(when.checks, mark_checks), range_checks)
    if value is not None and (range_checks is not _NONE or factor.low is None or factor.high is None):
        doubt = unit_meant(value, factor)
        if doubt is not None:
            checks |= Check.UNIT_DOUBTED
    quantity = factor.quantity
    row = Observation(
        sensor_id=device.sensor_id,
        quantity=statistic_key(quantity, reading.row.statistic) if reading.row.statistic else quantity,
        time_ms=when.time_ms,
        interval_ms=when.interval_ms,
        value=None if value is None else _si(value, factor),
        raw_text=text,
        mark=mark,
        checks=checks,
        origin=device.origin,
    )
    return row, doubt


def _both(one: Check, other: Check) -> Check:
    """Both sets of marks. Flags cost a microsecond to join, and most often there is nothing to join."""
    if other is _NONE:
        return one
    return other if one is _NONE else one | other


def _si(value: float, factor: Factor) -> float:
    if factor.quantity == "wind_from" and value == _FULL_CIRCLE_DEG:
        return 0.0  # two names of north
    return to_si(value, factor.unit)
