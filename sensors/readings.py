"""Readings of instruments that do not speak HJ 212 -> observations in SI.

A decoder says which code has which number, and in which unit where the wire tells it; the device's
record says what the code means. Factors that were asked for and could not be read become observations
without value, so that nothing stale looks new.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sensors.contract import LineEventKind
from sensors.hj212.codec import Problem
from sensors.hj212.decode import Decoded
from sensors.quality import TimeRules, time_checks, value_checks
from twin.core.device import Device, Factor
from twin.core.observation import Check, Mark, Observation
from twin.core.units import from_si, to_si

_FULL_CIRCLE_DEG = 360.0
DEFAULT_RULES = TimeRules()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One number of one code. ``value`` None: there is none, ``text`` says what stood there.

    ``unit`` is the unit that the wire states (a name of ``twin.core.units``); empty: the unit of the
    device's record, after its ``scale``.
    """

    code: str
    value: float | None
    text: str
    unit: str = ""
    mark: Mark = Mark.NORMAL
    checks: Check = Check.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Time of readings: a moment, or the start of an interval."""

    time_ms: int
    interval_ms: int = 0
    checks: Check = Check.NONE


def moment(
    time_ms: int, received_ms: int, *, interval_ms: int = 0, rules: TimeRules = DEFAULT_RULES
) -> tuple[Moment, tuple[Problem, ...]]:
    """Time that a device states. One that cannot be believed gives way to the time of receipt."""
    checks, kind = time_checks(time_ms, interval_ms, received_ms, rules)
    if checks & Check.TIME_OUT_OF_WINDOW:
        time_ms = received_ms
    when = Moment(time_ms=time_ms, interval_ms=interval_ms, checks=checks)
    return when, () if kind is None else (Problem(kind=kind, detail=f"time {time_ms} ms"),)


def observed(device: Device, readings: Iterable[Reading], when: Moment) -> Decoded:
    """Observations of a device's readings; codes that its record does not list are named."""
    rows: list[Observation] = []
    unknown: list[str] = []
    for reading in readings:
        factor = device.factor(reading.code)
        if factor is None:
            unknown.append(reading.code)
            continue
        rows.append(observation(device, factor, reading, when))
    return Decoded(observations=tuple(rows), problems=(), unknown_codes=tuple(unknown))


def observation(device: Device, factor: Factor, reading: Reading, when: Moment) -> Observation:
    """One observation; the range check runs in the unit of the device's record."""
    value = _in_unit_of(factor, reading)
    checks = when.checks | reading.checks
    if value is not None:
        checks |= value_checks(value, factor)
    return Observation(
        sensor_id=device.sensor_id,
        quantity=factor.quantity,
        time_ms=when.time_ms,
        interval_ms=when.interval_ms,
        value=None if value is None else _si(value, factor),
        raw_text=reading.text[:64],
        mark=reading.mark,
        checks=checks,
        origin=device.origin,
    )


def nothing(kind: LineEventKind, detail: str) -> Decoded:
    """A frame that says nothing, and why."""
    return Decoded(observations=(), problems=(Problem(kind=kind, detail=detail),), unknown_codes=())


def _in_unit_of(factor: Factor, reading: Reading) -> float | None:
    if reading.value is None:
        return None
    if not reading.unit:
        return reading.value * factor.scale
    if reading.unit == factor.unit:
        return reading.value
    return from_si(to_si(reading.value, reading.unit), factor.unit)


def _si(value: float, factor: Factor) -> float:
    if factor.quantity == "wind_from" and value == _FULL_CIRCLE_DEG:
        return 0.0  # two names of north
    return to_si(value, factor.unit)
