"""What a logger sends beside the value of a factor: statistics, converted values, amounts, its own marks.

Numbers become observations of series of their own (``conc:hf@max``), everything else a fact. Plain
uploads (value and mark only) never come here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sensors.quality import TimeRules, number, time_checks, value_checks
from twin.core.device import Device, Factor
from twin.core.errors import UnitError
from twin.core.fact import Fact, FactKind
from twin.core.observation import Check, Mark, Observation
from twin.core.quantity import TOTAL, statistic_key, substance_of
from twin.core.units import to_si

SAMPLE_TIME = "SampleTime"
# Sub-fields that are no facts: read elsewhere, or the factor's mark.
_READ = frozenset({"Flag", SAMPLE_TIME})
_STATISTIC: Mapping[str, str] = MappingProxyType(
    {
        "Min": "min",
        "Max": "max",
        "ZsRtd": "zs",
        "ZsAvg": "zs",
        "ZsMin": "zsmin",
        "ZsMax": "zsmax",
        "Cou": TOTAL,
    }
)
_TEXT_LENGTH = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """Time of values: a moment (``interval_ms`` 0) or the start of an interval, with its marks."""

    time_ms: int
    interval_ms: int
    checks: Check


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One factor of a message: its sub-fields, time and mark. ``taken`` is the field that was the value."""

    factor: Factor
    fields: Mapping[str, str]
    taken: str
    when: When
    mark: Mark
    mark_checks: Check


def is_plain(fields: Mapping[str, str]) -> bool:
    """Whether a factor carries a value and a mark at most."""
    count = len(fields)
    return count == 1 or (count == 2 and "Flag" in fields)


def sampled(when: When, time_ms: int, received_ms: int, rules: TimeRules) -> When:
    """Time of a result that belongs to its sample, not to the moment it came out of the analyser.

    A mean belongs to the interval in which its sample was taken. Zones are whole quarter-hours, so
    intervals up to an hour begin at multiples of their length; a day's begins where the message says.
    """
    if when.checks & Check.TIME_OUT_OF_WINDOW:
        return when
    interval_ms = when.interval_ms
    if interval_ms:
        time_ms = when.time_ms + (time_ms - when.time_ms) // interval_ms * interval_ms
    checks, _ = time_checks(time_ms, interval_ms, received_ms, rules)
    if checks & Check.TIME_OUT_OF_WINDOW:
        return when
    return When(time_ms=time_ms, interval_ms=interval_ms, checks=checks)


def extra_observations(device: Device, said: Said) -> list[Observation]:
    """Statistics beside the value. Their own marks are those of the value they belong to."""
    rows = []
    for field, text in said.fields.items():
        name = _STATISTIC.get(field)
        if name is None or field == said.taken:
            continue
        unit = said.factor.unit if name != TOTAL else total_unit(said.factor)
        if unit:
            rows.append(_observation(device, said, name, text, unit))
    return rows


def extra_facts(said: Said) -> list[Fact]:
    """Sub-fields that are no series: the device's own mark, retention times, file names, ..."""
    facts = []
    for field, text in said.fields.items():
        if field in _READ or field == said.taken:
            continue
        name = _STATISTIC.get(field)
        if name is not None and (name != TOTAL or total_unit(said.factor)):
            continue
        kind = FactKind.DEVICE_MARK if field == "EFlag" else FactKind.RAW_DATA
        facts.append(
            Fact(
                kind=kind,
                time_ms=said.when.time_ms,
                code=said.factor.code,
                field=field,
                text=text[:_TEXT_LENGTH],
                value=number(text),
                mark=said.fields.get("Flag", ""),
            )
        )
    return facts


def total_unit(factor: Factor) -> str:
    """Unit of ``Cou``: the record's, else kg for substances and m3 for flows; empty: of nothing known."""
    if factor.total_unit:
        return factor.total_unit
    if substance_of(factor.quantity) is not None:
        return "kg"
    return "m3" if "flow" in factor.quantity else ""


def _observation(device: Device, said: Said, name: str, text: str, unit: str) -> Observation:
    value = number(text)
    checks = said.when.checks | said.mark_checks
    if value is None:
        checks |= Check.NOT_A_NUMBER
    elif name != TOTAL:
        value *= said.factor.scale
        checks |= value_checks(value, said.factor)
    return Observation(
        sensor_id=device.sensor_id,
        quantity=statistic_key(said.factor.quantity, name),
        time_ms=said.when.time_ms,
        interval_ms=said.when.interval_ms,
        value=None if value is None else _si(value, unit),
        raw_text=text,
        mark=said.mark,
        checks=checks,
        origin=device.origin,
    )


def _si(value: float, unit: str) -> float:
    try:
        return to_si(value, unit)
    except UnitError as error:
        raise UnitError(
            f"total_unit: {error.message}", message_zh=error.message_zh, field="total_unit", value=unit
        ) from None
