"""Statistics over the store: means by the rules of validity, rates, searches, totals. Nothing is stored.

All are made from hour roll-ups, which follow every decision on a value, and from the hourly tallies of
what came; no raw value is read.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sensors.statistics.marks import Medium, mean_is_normal, medium_of
from sensors.statistics.means import mean_direction
from sensors.statistics.periods import HOUR_MS, Calendar, Period
from sensors.statistics.validity import day_valid, days_wanted, hour_valid
from sensors.statistics.weighting import Unweighted, Weighting, weighted_mean
from twin.core.errors import BadRequestError, NotFoundError, ServiceUnavailableError
from twin.core.origin import Origin
from twin.core.quantity import quantity as quantity_of
from twin.store.reading import Reader
from twin.store.reviews import rules_of
from twin.store.rollups import DIRECTIONS
from twin.store.statistics import HourMean, hour_means, sensor_hours

MINUTE_MS = 60_000
_HOUR_MINUTES = 60
# No document says how many valid months a quarter or a year needs: ours, three quarters of them.
_MONTHS_WANTED = {Period.QUARTER: 3, Period.YEAR: 9}
_DEFAULT_INTERVAL_S = 60.0
PERIODS_MAX = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Rules in force, as ingest wrote them (``twin.live.inforce``)."""

    body: Mapping[str, Any]

    @property
    def calendar(self) -> Calendar:
        """Calendar of the park."""
        return Calendar(utc_offset_h=float(self.body["utc_offset_h"]))

    def moments_ms(self, key: str) -> int:
        """Time between two moments of a series."""
        point = self.body["points"].get(key.partition("/")[0], {})
        return round(1000 * float(point.get("interval_s", _DEFAULT_INTERVAL_S)))

    def origin(self, key: str) -> Origin:
        """Where the values of a registered series or of a point come from."""
        known = self.body["series"].get(key) or self.body["points"][key.partition("/")[0]]
        return Origin(known["origin"])

    def same_origin(self, first: str, second: str) -> Origin:
        """Origin of two series that are computed together. Raises BadRequestError where they differ."""
        one, other = self.origin(first), self.origin(second)
        if one is not other:
            raise BadRequestError(
                f"{first} is {one.value}, {second} is {other.value}; expected two series of one origin",
                message_zh=f"{first} 的来源为 {one.value}，{second} 为 {other.value}；两个序列的来源应相同",
                field="origin",
                value=other.value,
            )
        return one

    def flow_of(self, key: str) -> str:
        """Series of the flow that carries a concentration, as the scene declares it; empty: none."""
        flows = {row["key"]: row["flow"] for row in self.body["book"].get("flows", ())}
        return str(flows.get(key, ""))

    def require(self, key: str) -> None:
        """Raises NotFoundError for a series that is not registered."""
        if key not in self.body["series"]:
            raise NotFoundError(
                f"series {key!r} is not registered; expected <sensor id>/<quantity> of a device",
                message_zh=f"序列 {key!r} 未登记；应为设备的 <传感器>/<量>",
                field="key",
                value=key,
            )

    def region(self, key: str) -> str:
        """Area of a series or a sensor."""
        return str(self.body["points"].get(key.partition("/")[0], {}).get("region", ""))

    def keys(self, *, region: str = "", quantity: str = "") -> list[str]:
        """Series of registered factors, filtered."""
        return [
            key
            for key in self.body["series"]
            if quantity in ("", key.partition("/")[2]) and region in ("", self.region(key))
        ]


def rules_in_the_ledger(reader: Reader) -> Rules:
    """Rules in force. Raises ServiceUnavailableError before ingest has written them."""
    body = rules_of(reader)
    if not body:
        raise ServiceUnavailableError(
            f"the ledger holds no rules yet ({len(body)} entries); they are written when ingest starts",
            message_zh="台账中还没有规则，采集进程启动后写入",
            field="rules",
        )
    return Rules(body=body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """Statistic of one period. ``value`` is None unless it is valid; ``reason`` says why it is not.

    ``valid`` and ``expected`` count minutes of an hour, hours of a day, days of a month, months of a
    quarter or year. ``weighting`` and ``weighting_reason`` tell how the hours of the mean count;
    ``hour_values`` are those hours: (value, weight).
    """

    start_ms: int
    value: float | None
    valid: int
    expected: int
    ok: bool
    reason: str
    mark: str
    low: float | None
    high: float | None
    weighting: Weighting = Weighting.NONE
    weighting_reason: Unweighted = Unweighted.NO_REASON
    hour_values: tuple[tuple[float, float | None], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Weights:
    """How hours of the series ``key`` count: ``weight_values`` has the weight of each, by its start."""

    key: str
    weighting: Weighting
    reason: Unweighted = Unweighted.NO_REASON
    weight_values: Mapping[int, float] = field(default_factory=dict)


def series_figures(
    reader: Reader, rules: Rules, key: str, period: Period, from_ms: int, to_ms: int, now_ms: int
) -> tuple[Figure, ...]:
    """Statistics of one series, oldest first. Raises NotFoundError and BadRequestError."""
    rules.require(key)
    calendar = rules.calendar
    spans = list(_bounded(calendar.periods(period, from_ms, to_ms)))
    if not spans:
        return ()
    weights = _weights(reader, rules, key, period, (spans[0].start_ms, spans[-1].end_ms))
    hours = _hour_figures(reader, rules, weights, spans[0].start_ms, spans[-1].end_ms, now_ms)
    if period is Period.HOUR:
        return hours
    days = _group(hours, calendar, Period.DAY, weights, now_ms)
    if period is Period.DAY:
        return days
    if period is Period.WEEK:
        return _group(days, calendar, Period.WEEK, weights, now_ms)
    months = _group(days, calendar, Period.MONTH, weights, now_ms)
    return months if period is Period.MONTH else _group(months, calendar, period, weights, now_ms)


def valid_hours(reader: Reader, rules: Rules, key: str, from_ms: int, to_ms: int) -> dict[int, float]:
    """Means of the valid hours of a series, by the start of the hour."""
    moments_ms = rules.moments_ms(key)
    return {
        row.start_ms: row.mean
        for row in hour_means(reader, key, from_ms, to_ms)
        if row.mean is not None and hour_valid(row.minutes(moments_ms))
    }


def _weights(reader: Reader, rules: Rules, key: str, period: Period, span: tuple[int, int]) -> _Weights:
    sensor, _, quantity = key.partition("/")
    weighting, other = Weighting.NONE, ""
    if quantity in DIRECTIONS:
        weighting, other = Weighting.SPEED, f"{sensor}/wind_speed"
    elif medium_of(quantity) is Medium.WATER and quantity_of(quantity).si_unit == "kg/m3":
        weighting, other = Weighting.FLOW, rules.flow_of(key)
    if weighting is Weighting.NONE:
        return _Weights(key=key, weighting=weighting)
    if other not in rules.body["series"] or rules.origin(other) is not rules.origin(key):
        return _Weights(key=key, weighting=Weighting.NONE, reason=Unweighted.NOT_DECLARED)
    if period is Period.HOUR:
        return _Weights(key=key, weighting=Weighting.NONE, reason=Unweighted.WITHIN_HOUR)
    return _Weights(key=key, weighting=weighting, weight_values=valid_hours(reader, rules, other, *span))


def _bounded(spans: Iterable[Any]) -> Iterator[Any]:
    for count, span in enumerate(spans):
        if count >= PERIODS_MAX:
            raise BadRequestError(
                f"the span holds more than {PERIODS_MAX} periods; expected fewer",
                message_zh=f"时段超过 {PERIODS_MAX} 个周期",
                field="from",
                value=span.start_ms,
            )
        yield span


def _hour_figures(
    reader: Reader, rules: Rules, weights: _Weights, from_ms: int, to_ms: int, now_ms: int
) -> tuple[Figure, ...]:
    key = weights.key
    found = {row.start_ms: row for row in hour_means(reader, key, from_ms, to_ms)}
    sensor, _, quantity = key.partition("/")
    tallies = _tallies(reader, sensor, from_ms, to_ms)
    moments_ms, medium = rules.moments_ms(key), medium_of(quantity)
    figures = (
        _hour_figure(start_ms, found.get(start_ms), tallies.get(start_ms), moments_ms, medium, now_ms)
        for start_ms in range(from_ms, min(to_ms, now_ms + 1), HOUR_MS)
    )
    return tuple(_with_weight(row, weights) for row in figures)


def _with_weight(row: Figure, weights: _Weights) -> Figure:
    if row.value is None:
        return replace(row, weighting_reason=Unweighted.NO_MEAN)
    pair = (row.value, weights.weight_values.get(row.start_ms))
    return replace(row, weighting_reason=weights.reason, hour_values=(pair,))


def _tallies(reader: Reader, sensor: str, from_ms: int, to_ms: int) -> dict[int, tuple[int, int]]:
    """(received, not normal) of every hour, of its shortest interval."""
    tallies: dict[int, tuple[int, int]] = {}
    for row in sensor_hours(reader, from_ms, to_ms, sensor):
        tallies.setdefault(row.start_ms, (row.received, row.not_normal))
    return tallies


def _hour_figure(
    start_ms: int,
    row: HourMean | None,
    tally: tuple[int, int] | None,
    moments_ms: int,
    medium: Medium,
    now_ms: int,
) -> Figure:
    minutes = 0.0 if row is None else row.minutes(moments_ms)
    over = start_ms + HOUR_MS <= now_ms
    ok = hour_valid(minutes) and over
    mark = ""
    if tally is not None and tally[0]:
        mark = "N" if mean_is_normal(medium, tally[0] - tally[1], tally[0]) else "D"
    return Figure(
        start_ms=start_ms,
        value=row.mean if row is not None and ok else None,
        valid=math.floor(minutes),
        expected=_HOUR_MINUTES,
        ok=ok,
        reason="" if ok else "running" if not over else "no_data" if row is None else "too_few",
        mark=mark,
        low=None if row is None else row.low,
        high=None if row is None else row.high,
    )


def _group(
    parts: Sequence[Figure], calendar: Calendar, period: Period, weights: _Weights, now_ms: int
) -> tuple[Figure, ...]:
    groups: dict[int, list[Figure]] = {}
    for part in parts:
        groups.setdefault(calendar.period(period, part.start_ms).start_ms, []).append(part)
    return tuple(
        _figure(start_ms, rows, calendar, period, weights, now_ms) for start_ms, rows in groups.items()
    )


def _figure(
    start_ms: int,
    rows: Sequence[Figure],
    calendar: Calendar,
    period: Period,
    weights: _Weights,
    now_ms: int,
) -> Figure:
    # A day that is calm throughout has no direction, and is a day that was measured all the same.
    good = [
        row for row in rows if row.ok and (row.value is not None or row.weighting_reason is Unweighted.CALM)
    ]
    end_ms = calendar.period(period, start_ms).end_ms
    over = end_ms <= now_ms
    ok = over and enough(period, calendar.month_of(start_ms)[1], len(good))
    value, weighting, reason = _mean(good, weights) if ok else (None, Weighting.NONE, Unweighted.NO_MEAN)
    return Figure(
        start_ms=start_ms,
        value=value,
        valid=len(good),
        expected=_expected(period, calendar, start_ms, end_ms),
        ok=ok,
        reason="" if ok else "running" if not over else "too_few" if good else "no_data",
        mark="N" if ok else "D" if good else "",
        low=min((row.low for row in rows if row.low is not None), default=None),
        high=max((row.high for row in rows if row.high is not None), default=None),
        weighting=weighting,
        weighting_reason=reason,
        hour_values=tuple(hour for row in good for hour in row.hour_values),
    )


def _mean(good: Sequence[Figure], weights: _Weights) -> tuple[float | None, Weighting, Unweighted]:
    """Weighted mean of all hours, or the plain mean of the parts with the reason why."""
    found = weighted_mean(weights.weighting, [hour for row in good for hour in row.hour_values])
    if found.weighting is not Weighting.NONE:
        return found.value, found.weighting, found.reason
    plain = mean_of_values([row.value for row in good if row.value is not None], weights.key)
    return plain, Weighting.NONE, found.reason or weights.reason


def enough(period: Period, month: int, count: int) -> bool:
    """Whether so many valid parts make a valid mean of a period.

    >>> enough(Period.DAY, 1, 20), enough(Period.MONTH, 2, 22), enough(Period.WEEK, 1, 6)
    (True, False, True)
    """
    if period is Period.DAY:
        return day_valid(count)
    if period is Period.WEEK:
        return count >= 6  # ours: as 25 days of a month
    if period is Period.MONTH:
        return count >= days_wanted(month)
    return count >= _MONTHS_WANTED[period]


def _expected(period: Period, calendar: Calendar, start_ms: int, end_ms: int) -> int:
    part = {Period.DAY: HOUR_MS, Period.WEEK: 24 * HOUR_MS, Period.MONTH: 24 * HOUR_MS}.get(period)
    if part is not None:
        return (end_ms - start_ms) // part
    return sum(1 for _ in calendar.periods(Period.MONTH, start_ms, end_ms))


def mean_of_values(values: Sequence[float], key: str) -> float | None:
    """Mean of valid means; of directions as unit vectors."""
    if not values:
        return None
    if key.partition("/")[2] in DIRECTIONS:
        return mean_direction(values)
    return math.fsum(values) / len(values)
