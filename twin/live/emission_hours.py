"""Mass that leaves hour by hour, and what stands in for hours in which it is not known."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

from sensors.statistics.marks import Medium, medium_of
from sensors.statistics.periods import HOUR_MS, Period
from sensors.statistics.totals import HourOfEmission, substitute_rates
from twin.live.figures import Rules, valid_hours
from twin.store.reading import Reader
from twin.store.statistics import sensor_hours

RULE = "HJ 75-2017 12.2.2"
_BEFORE_HOURS = 2160
_HOUR_S = 3600.0


def emission_hours(
    reader: Reader, rules: Rules, conc: str, flow: str, from_ms: int, to_ms: int
) -> tuple[list[HourOfEmission], list[float]]:
    """Whole hours of a span, and the known hourly masses (kg) of the 2160 hours before, oldest first."""
    start_ms = -(-from_ms // HOUR_MS) * HOUR_MS
    early_ms = max(0, start_ms - _BEFORE_HOURS * HOUR_MS)
    concs, flows = (valid_hours(reader, rules, key, early_ms, to_ms) for key in (conc, flow))
    stopped = _stopped_hours(reader, conc.partition("/")[0], early_ms, to_ms)

    def hour(at_ms: int) -> HourOfEmission:
        rate = flows.get(at_ms)
        volume = None if rate is None else rate * _HOUR_S
        return HourOfEmission(conc_kg_m3=concs.get(at_ms), volume_m3=volume, stopped=at_ms in stopped)

    before = [hour(at_ms).mass_kg for at_ms in range(early_ms, start_ms, HOUR_MS) if at_ms not in stopped]
    asked = [hour(at_ms) for at_ms in range(start_ms, to_ms // HOUR_MS * HOUR_MS, HOUR_MS)]
    return asked, [mass for mass in before if mass is not None]


def has_substitutes(rules: Rules, key: str) -> bool:
    """Whether HJ 75 knows a substitute: a gas concentration whose flow the scene declares."""
    flow = rules.flow_of(key)
    is_gas = medium_of(key.partition("/")[2]) is Medium.GAS
    return is_gas and flow in rules.body["series"] and rules.origin(flow) is rules.origin(key)


def substitutes(
    reader: Reader, rules: Rules, key: str, period: Period, starts_ms: Sequence[int], now_ms: int
) -> tuple[float | None, ...]:
    """Mass (kg) that stands in for the missing hours of each period; None where nothing does.

    ``starts_ms``: consecutive periods, oldest first. The rule and the capture rate are those of
    ``/emissions`` over all of them: the sum is its ``substitute_kg``.
    """
    if not starts_ms or not has_substitutes(rules, key):
        return (None,) * len(starts_ms)
    end_ms = min(rules.calendar.period(period, starts_ms[-1]).end_ms, now_ms)
    hours, before = emission_hours(reader, rules, key, rules.flow_of(key), starts_ms[0], end_ms)
    start_ms = -(-starts_ms[0] // HOUR_MS) * HOUR_MS
    masses: dict[int, list[float]] = defaultdict(list)
    for k, mass in enumerate(substitute_rates(hours, before)):
        if mass is not None:
            masses[rules.calendar.period(period, start_ms + k * HOUR_MS).start_ms].append(mass)
    return tuple(math.fsum(masses[at_ms]) if at_ms in masses else None for at_ms in starts_ms)


def _stopped_hours(reader: Reader, sensor: str, from_ms: int, to_ms: int) -> set[int]:
    rows = sensor_hours(reader, from_ms, to_ms, sensor)
    return {row.start_ms for row in rows if row.received and 2 * row.stopped >= row.received}
