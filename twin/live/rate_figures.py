"""Transmission, valid and effective rates of points, stations, regions and the park; ninety days on end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sensors.statistics.periods import HOUR_MS
from sensors.statistics.rates import NINETY_DAYS, DayTally, percent, three_rates, worst_ninety_days
from twin.core.clock import DAY_MS
from twin.core.origin import Origin
from twin.live.figures import Rules
from twin.store.reading import Reader
from twin.store.statistics import (
    Came,
    SensorHour,
    came_minutes_by_day,
    first_hour,
    sensor_hours,
    valid_hours_by_day,
)

_STOPPED_SHARE = 0.5
BY = ("point", "station", "region", "park")


@dataclass(slots=True)
class _Tally:
    """Sums over hours and factors of points; ``*_h`` count hours times factors but for ``online``."""

    points: int = 0
    hours: int = 0
    factors: int = 0
    expected: int = 0
    received: int = 0
    expected_valid: int = 0
    valid: int = 0
    stopped: int = 0
    online: int = 0
    values: float = 0.0
    expected_values: float = 0.0

    def add(self, other: _Tally) -> None:
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(frozen=True, slots=True, kw_only=True)
class RateRow:
    """Rates of one point, or of those points of a group that have one origin.

    Hours are means over the factors; None where nothing was expected.
    """

    id: str
    origin: Origin
    station: str
    region: str
    points: int
    expected_h: float
    received_h: float
    expected_valid_h: float
    valid_h: float
    stopped_h: float
    transmission_pct: float | None
    valid_pct: float | None
    effective_pct: float | None
    completeness_pct: float | None
    online_pct: float | None
    meets: bool | None


def rates(reader: Reader, rules: Rules, by: str, from_ms: int, to_ms: int) -> tuple[RateRow, ...]:
    """Rates of a span of whole hours; hours before the first value of the ledger are not expected.

    An hour of a factor has been received when values for 45 minutes of it came, whatever their marks and
    however often; it is valid when 45 minutes of them are usable. Hours mostly marked F (stopped) are not
    expected to be valid.
    """
    begin_ms, end_ms = _span(reader, from_ms, to_ms)
    tallies = _point_tallies(reader, rules, begin_ms, end_ms)
    # What is measured and what is simulated never make one percentage.
    groups: dict[tuple[str, Origin], _Tally] = {}
    places: dict[tuple[str, Origin], tuple[str, str]] = {}
    for sensor, tally in tallies.items():
        point = rules.body["points"][sensor]
        names = {"point": sensor, "station": point["station"], "region": point["region"], "park": "park"}
        group = names[by], Origin(point["origin"])
        groups.setdefault(group, _Tally()).add(tally)
        station = point["station"] if by in ("point", "station") else ""
        places[group] = (station, point["region"] if by != "park" else "")
    return tuple(_row(*group, groups[group], *places[group]) for group in sorted(groups))


def _span(reader: Reader, from_ms: int, to_ms: int) -> tuple[int, int]:
    """Whole hours inside a span, from the first hour of the ledger on."""
    first = first_hour(reader)
    begin_ms = -(-from_ms // HOUR_MS) * HOUR_MS
    end_ms = to_ms // HOUR_MS * HOUR_MS
    if first is None:
        return begin_ms, begin_ms
    begin_ms = max(begin_ms, first)
    return begin_ms, max(begin_ms, end_ms)


def _point_tallies(reader: Reader, rules: Rules, from_ms: int, to_ms: int) -> dict[str, _Tally]:
    asked = [(key, rules.moments_ms(key)) for key in rules.body["series"]]
    valid = valid_hours_by_day(reader, asked, from_ms, to_ms, 0)
    came = came_minutes_by_day(reader, asked, from_ms, to_ms, 0)
    marked: dict[str, list[SensorHour]] = {}
    for row in sensor_hours(reader, from_ms, to_ms):
        marked.setdefault(row.sensor_id, []).append(row)
    hours = (to_ms - from_ms) // HOUR_MS
    tallies: dict[str, _Tally] = {}
    for sensor, point in rules.body["points"].items():
        keys = [key for key, _ in asked if key.partition("/")[0] == sensor]
        said = [row for key in keys for row in came.get(key, {}).values()]
        tally = _received(marked.get(sensor, []), said, hours, point["factors"], point["interval_s"])
        tally.valid = sum(sum(valid.get(key, {}).values()) for key in keys)
        tallies[sensor] = tally
    return tallies


def _received(
    rows: Sequence[SensorHour], said: Sequence[Came], hours: int, factors: int, interval_s: float
) -> _Tally:
    tally = _Tally(points=1, hours=hours, factors=factors)
    tally.expected = tally.expected_valid = hours * factors
    tally.received = sum(row.hours for row in said)
    # Slots in which something is due: as often as it speaks, but no more than one a minute.
    slot_min = max(1.0, interval_s / 60.0)
    tally.expected_values = hours * factors * 60.0 / slot_min
    tally.values = sum(row.minutes for row in said) / slot_min
    seen: set[int] = set()
    for row in rows:
        if row.start_ms in seen:
            continue  # rows come with the shortest interval first
        seen.add(row.start_ms)
        tally.online += 1
        if row.stopped >= _STOPPED_SHARE * row.received:
            tally.stopped += factors
            tally.expected_valid -= factors
    return tally


def _row(name: str, origin: Origin, tally: _Tally, station: str, region: str) -> RateRow:
    found = three_rates(tally.expected, tally.received, tally.expected_valid, tally.valid)
    factors = tally.factors / tally.points if tally.points else 0.0

    def in_hours(count: int) -> float:
        return count / factors if factors else 0.0

    return RateRow(
        id=name,
        origin=origin,
        station=station,
        region=region,
        points=tally.points,
        expected_h=in_hours(tally.expected),
        received_h=in_hours(tally.received),
        expected_valid_h=in_hours(tally.expected_valid),
        valid_h=in_hours(tally.valid),
        stopped_h=in_hours(tally.stopped),
        transmission_pct=found.transmission_pct,
        valid_pct=found.valid_pct,
        effective_pct=found.effective_pct,
        completeness_pct=percent(tally.values, tally.expected_values),
        online_pct=percent(tally.online, tally.hours),
        meets=found.meets,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NinetyRow:
    """Worst 90 days on end of one point."""

    id: str
    origin: Origin
    from_ms: int
    to_ms: int
    effective_pct: float
    breach: bool


def ninety_days(reader: Reader, rules: Rules, to_ms: int, days: int = 180) -> tuple[NinetyRow, ...]:
    """The worst 90 days on end of every point within the last ``days``; points with fewer are left out."""
    offset_ms = round(rules.calendar.utc_offset_h * HOUR_MS)
    last_day = (to_ms + offset_ms) // DAY_MS
    first_ms = first_hour(reader)
    if first_ms is None:
        return ()
    # The day on which the ledger begins is not whole.
    first_day = max(last_day - days, -(-(first_ms + offset_ms) // DAY_MS))
    count = last_day - first_day
    if count < NINETY_DAYS:
        return ()
    begin_ms, end_ms = first_day * DAY_MS - offset_ms, last_day * DAY_MS - offset_ms
    asked = [(key, rules.moments_ms(key)) for key in rules.body["series"]]
    valid = valid_hours_by_day(reader, asked, begin_ms, end_ms, offset_ms)
    came = came_minutes_by_day(reader, asked, begin_ms, end_ms, offset_ms)
    marked: dict[str, dict[int, list[SensorHour]]] = {}
    for row in sensor_hours(reader, begin_ms, end_ms):
        day = (row.start_ms + offset_ms) // DAY_MS
        marked.setdefault(row.sensor_id, {}).setdefault(day, []).append(row)
    found = []
    for sensor, point in sorted(rules.body["points"].items()):
        keys = [key for key, _ in asked if key.partition("/")[0] == sensor]
        tallies = []
        for day in range(first_day, last_day):
            rows = marked.get(sensor, {}).get(day, [])
            said = [came[key][day] for key in keys if day in came.get(key, {})]
            tally = _received(rows, said, 24, point["factors"], point["interval_s"])
            tally.valid = sum(valid.get(key, {}).get(day, 0) for key in keys)
            tallies.append(_day(tally))
        worst = worst_ninety_days(tallies)
        if worst is not None:
            start_ms = (first_day + worst.start) * DAY_MS - offset_ms
            found.append(
                NinetyRow(
                    id=sensor,
                    origin=Origin(point["origin"]),
                    from_ms=start_ms,
                    to_ms=start_ms + NINETY_DAYS * DAY_MS,
                    effective_pct=worst.effective_pct,
                    breach=worst.breach,
                )
            )
    return tuple(found)


def _day(tally: _Tally) -> DayTally:
    return DayTally(
        expected_h=tally.expected,
        received_h=tally.received,
        expected_valid_h=tally.expected_valid,
        valid_h=tally.valid,
    )
