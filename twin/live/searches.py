"""Searches and sums over many hours: fixed values, excesses, descriptions, emission totals, reports."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sensors.statistics.describe import (
    Correlation,
    Description,
    Trend,
    correlation,
    description,
    trend,
)
from sensors.statistics.periods import Period
from sensors.statistics.runs import Run, fixed_runs, runs_over
from sensors.statistics.totals import Total, emission_total
from twin.core.clock import DAY_MS
from twin.core.errors import BadRequestError
from twin.core.origin import Origin
from twin.core.quantity import quantity
from twin.live.emission_hours import emission_hours
from twin.live.figures import Figure, Rules, series_figures
from twin.store.reading import Reader

ROWS_MAX = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRun:
    """A run of hour or day means of one series. ``limit_value`` None: a fixed value."""

    key: str
    origin: Origin
    region: str
    start_ms: int
    end_ms: int
    length: int
    value: float
    limit_value: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """What is searched: series of a region and a quantity (empty: all), hour or day means, a span of time."""

    from_ms: int
    to_ms: int
    period: Period
    now_ms: int
    region: str = ""
    quantity: str = ""


def fixed_values(reader: Reader, rules: Rules, span: Span, min_run: int) -> tuple[FoundRun, ...]:
    """Runs of at least ``min_run`` equal means (annex 2-3), not under the detection limit."""
    found: list[FoundRun] = []
    for key, figures in _each(reader, rules, span):
        limit = rules.body["series"][key]["detection_limit"]
        runs = fixed_runs([row.value for row in figures], min_run, limit)
        found += _named(rules, key, span.period, figures, runs, None)
    return tuple(sorted(found, key=lambda row: (-row.length, row.key, row.start_ms)))


def over_limit(
    reader: Reader, rules: Rules, span: Span, limit_si: float | None, min_run: int
) -> tuple[FoundRun, ...]:
    """Runs of means above a limit; without one the lowest level of each series' substance."""
    found: list[FoundRun] = []
    for key, figures in _each(reader, rules, span):
        limit = limit_si if limit_si is not None else rules.body["limits"].get(_air_substance(key))
        if limit is None:
            continue
        runs = runs_over([row.value for row in figures], limit, min_run)
        found += _named(rules, key, span.period, figures, runs, limit)
    return tuple(sorted(found, key=lambda row: (-row.length, row.key, row.start_ms)))


def _air_substance(key: str) -> str:
    name = key.partition("/")[2]
    return name.removeprefix("conc:") if name.startswith("conc:") else ""


def _each(reader: Reader, rules: Rules, span: Span) -> Iterable[tuple[str, tuple[Figure, ...]]]:
    for key in rules.keys(region=span.region, quantity=span.quantity):
        yield key, series_figures(reader, rules, key, span.period, span.from_ms, span.to_ms, span.now_ms)


def _named(
    rules: Rules,
    key: str,
    period: Period,
    figures: tuple[Figure, ...],
    runs: Iterable[Run],
    limit: float | None,
) -> list[FoundRun]:
    return [
        FoundRun(
            key=key,
            origin=rules.origin(key),
            region=rules.region(key),
            start_ms=figures[run.start].start_ms,
            end_ms=rules.calendar.period(period, figures[run.end].start_ms).end_ms,
            length=run.length,
            value=run.value,
            limit_value=limit,
        )
        for run in runs
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """Description, trend and correlation of valid hour means."""

    description: Description
    trend: Trend | None
    correlation: Correlation | None


def describe(reader: Reader, rules: Rules, span: Span, key: str, other: str = "") -> Described:
    """Statistics of the valid hour means of a series, and its correlation with another one of its origin.

    Raises NotFoundError and BadRequestError.
    """
    for name in (key, other) if other else (key,):
        rules.require(name)
    if other:
        rules.same_origin(key, other)
    figures = series_figures(reader, rules, key, Period.HOUR, span.from_ms, span.to_ms, span.now_ms)
    pairs = [(row.start_ms, row.value) for row in figures if row.value is not None]
    values = [value for _, value in pairs]
    together = None
    if other:
        others = series_figures(reader, rules, other, Period.HOUR, span.from_ms, span.to_ms, span.now_ms)
        known = {row.start_ms: row.value for row in others if row.value is not None}
        both = [(value, known[start_ms]) for start_ms, value in pairs if start_ms in known]
        together = correlation([a for a, _ in both], [b for _, b in both])
    days = [start_ms / DAY_MS for start_ms, _ in pairs]
    return Described(description=description(values), trend=trend(days, values), correlation=together)


def emissions(reader: Reader, rules: Rules, conc: str, flow: str, from_ms: int, to_ms: int) -> Total:
    """Total of a span of hours; missing ones after HJ 75-2017 12.2.2. Both series have one origin.

    Raises NotFoundError and BadRequestError.
    """
    for key, si_unit in ((conc, "kg/m3"), (flow, "m3/s")):
        found = quantity(key.partition("/")[2]).si_unit
        if found != si_unit:
            raise BadRequestError(
                f"series {key} is in {found}; expected one in {si_unit}",
                message_zh=f"序列 {key} 的单位为 {found}；应为 {si_unit}",
                field="conc" if si_unit == "kg/m3" else "flow",
                value=key,
            )
        rules.require(key)
    rules.same_origin(conc, flow)
    return emission_total(*emission_hours(reader, rules, conc, flow, from_ms, to_ms))
