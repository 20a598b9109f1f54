"""Duties of devices, computed when asked: calibration due and overdue, faults that come back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from sensors.quality.duties import FAULT_DAYS, due_at, is_overdue, repeats_fault
from sensors.statistics.periods import HOUR_MS
from twin.core.clock import DAY_MS
from twin.core.origin import Origin
from twin.store.duties import fault_hours, newest_calibrations, newest_commands, newest_standard_checks
from twin.store.reading import Reader

# Zero and span: what the platform can order (HJ 212, table 9).
CALIBRATING = ("3011",)
# Which check an instrument owes depends on its principle, which the record does not tell: ours, by system.
KINDS: Mapping[str, str] = {
    "21": "water_standard_check_24h",
    "24": "water_standard_check_24h",
    "32": "water_standard_check_24h",
    "33": "water_standard_check_24h",
    "31": "gas_extractive_manual_7d",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """What one device owes. ``kind`` empty: no rule is known; ``last_ms`` None: nothing was seen yet.

    ``source`` of the last one: ``mark`` (values marked C), ``command`` (3011), ``standard_check`` (2062).
    ``faults_ms``: beginnings of faults (mark D) in the last ten days.
    """

    mn: str
    sensor: str
    station: str
    origin: Origin
    kind: str
    last_ms: int | None
    source: str
    due_ms: int | None
    overdue: bool
    faults_ms: tuple[int, ...]
    repeats_fault: bool


def duties(
    reader: Reader, devices: Sequence[Mapping[str, Any]], utc_offset_h: float, now_ms: int
) -> tuple[Duty, ...]:
    """Duties of the devices of the roster, in its order. A device that never calibrated owes no date."""
    marks, commands = newest_calibrations(reader), newest_commands(reader, CALIBRATING)
    checks = newest_standard_checks(reader)
    faults = fault_hours(reader, now_ms - round(FAULT_DAYS * DAY_MS), now_ms + 1)
    found = []
    for device in devices:
        mn, sensor = str(device["mn"]), str(device["sensor"])
        seen = {"mark": marks.get(sensor), "command": commands.get(mn), "standard_check": checks.get(mn)}
        known = {name: time_ms for name, time_ms in seen.items() if time_ms is not None}
        source = max(known, key=lambda name: known[name], default="")
        kind = KINDS.get(str(device["st"]), "")
        begun = beginnings(faults.get(sensor, []))
        last_ms = known.get(source)
        due_ms, overdue = _due(kind, last_ms, utc_offset_h, now_ms)
        found.append(
            Duty(
                mn=mn,
                sensor=sensor,
                station=str(device["station"]),
                origin=Origin(device["origin"]),
                kind=kind,
                last_ms=last_ms,
                source=source,
                due_ms=due_ms,
                overdue=overdue,
                faults_ms=begun,
                repeats_fault=repeats_fault([time_ms / DAY_MS for time_ms in begun]),
            )
        )
    return tuple(found)


def beginnings(hours_ms: Sequence[int]) -> tuple[int, ...]:
    """First hours of runs of hours.

    >>> beginnings([0, 3_600_000, 10_800_000])
    (0, 10800000)
    """
    before = (None, *hours_ms[:-1])
    return tuple(
        start_ms
        for start_ms, last_ms in zip(hours_ms, before, strict=False)
        if last_ms is None or start_ms - last_ms > HOUR_MS
    )


def _due(kind: str, last_ms: int | None, utc_offset_h: float, now_ms: int) -> tuple[int | None, bool]:
    if not kind or last_ms is None:
        return None, False
    zone = timezone(timedelta(hours=utc_offset_h))
    last, now = (datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone) for at_ms in (last_ms, now_ms))
    return round(due_at(kind, last).timestamp() * 1000), is_overdue(kind, last, now)
