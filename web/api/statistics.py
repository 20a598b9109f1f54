"""Statistics over what is stored; computed when asked, never stored."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from apiflask import APIBlueprint

from sensors.statistics.marks import medium_of
from sensors.statistics.periods import Period
from twin.core.errors import BadRequestError
from twin.core.origin import least_real
from twin.core.quantity import quantity
from twin.core.units import to_si, unit
from twin.live.emission_hours import RULE, has_substitutes, substitutes
from twin.live.figures import Rules, rules_in_the_ledger, series_figures
from twin.live.rate_figures import RateRow, ninety_days, rates
from twin.live.searches import ROWS_MAX, FoundRun, Span, describe, emissions, fixed_values, over_limit
from twin.store.reviews import review_counts
from twin.store.statistics import mark_totals
from web.ranges import Window, window
from web.reply import Operation, serve
from web.schemas.statistics import (
    CorrelationOut,
    DescribeOut,
    DescribeQuery,
    EmissionsOut,
    EmissionsQuery,
    FixedQuery,
    NinetyOut,
    NinetyQuery,
    NinetyRowsOut,
    OverQuery,
    PointRunsOut,
    RateOut,
    RatesOut,
    RatesQuery,
    ReportOut,
    ReportQuery,
    ReportReviewsOut,
    ReportRowOut,
    RunOut,
    RunsOut,
    SpanQuery,
    StatisticsOut,
    StatisticsQuery,
)
from web.services import Services, services

statistics = APIBlueprint("statistics", __name__, url_prefix="/api/v1", tag="Statistics")
_DAY_MS = 86_400_000
_SPAN_MAX_MS = 400 * _DAY_MS
_MIN_RUN = {"hour": 6, "day": 3}
_REPORT_HOURS_FROM = frozenset({"day", "week", "month"})


def get_statistics(query: StatisticsQuery) -> StatisticsOut:
    """Means of one series by the rules of validity."""
    own, asked = services(), _span(query)
    rules, now_ms = rules_in_the_ledger(own.ledger), own.clock.now_ms()
    period = Period(query.step.value)
    rows = series_figures(own.ledger, rules, query.key, period, asked.from_ms, asked.to_ms, now_ms)
    starts_ms = [row.start_ms for row in rows]
    stands_in = has_substitutes(rules, query.key)
    name = query.key.partition("/")[2]
    return StatisticsOut(
        key=query.key,
        step=query.step,
        si_unit=quantity(name).si_unit,
        origin=rules.origin(query.key),
        medium=medium_of(name),
        t=starts_ms,
        value=[row.value for row in rows],
        n_valid=[row.valid for row in rows],
        n_expected=[row.expected for row in rows],
        valid=[row.ok for row in rows],
        reason=[row.reason for row in rows],  # type: ignore[misc]
        mark=[row.mark for row in rows],
        low=[row.low for row in rows],
        high=[row.high for row in rows],
        weighted=[row.weighting for row in rows],
        weighted_reason=[row.weighting_reason for row in rows],
        substitute=list(substitutes(own.ledger, rules, query.key, period, starts_ms, now_ms)),
        substitute_unit="kg" if stands_in else "",
        substitute_rule=RULE if stands_in else "",
    )


def get_rates(query: RatesQuery) -> RatesOut:
    """Transmission, valid, effective, completeness and online rates; who meets 95 %."""
    own, asked = services(), _span(query)
    rules = rules_in_the_ledger(own.ledger)
    to_ms = min(asked.to_ms, own.clock.now_ms())
    rows = rates(own.ledger, rules, query.by, asked.from_ms, to_ms)
    return RatesOut(
        from_ms=asked.from_ms, to_ms=to_ms, by=query.by, rows=[_rate_out(rules, row) for row in rows]
    )


def get_ninety(query: NinetyQuery) -> NinetyRowsOut:
    """The worst 90 days on end of every point, and whether they are a breach."""
    own = services()
    to_ms = query.to_ms if query.to_ms is not None else own.clock.now_ms()
    rows = ninety_days(own.ledger, rules_in_the_ledger(own.ledger), to_ms)
    return NinetyRowsOut(
        to_ms=to_ms,
        rows=[
            NinetyOut(
                id=row.id,
                origin=row.origin,
                from_ms=row.from_ms,
                to_ms=row.to_ms,
                effective_pct=row.effective_pct,
                breach=row.breach,
            )
            for row in rows
        ],
    )


def get_fixed(query: FixedQuery) -> RunsOut:
    """Series whose means stayed the same for too long."""
    own = services()
    rules = rules_in_the_ledger(own.ledger)
    min_run = query.min_run or _MIN_RUN[query.step.value]
    return _runs_out(fixed_values(own.ledger, rules, _search_span(own, query), min_run))


def get_over(query: OverQuery) -> RunsOut:
    """Series whose means lay above a limit: how often, how long on end."""
    own = services()
    rules = rules_in_the_ledger(own.ledger)
    limit = None
    if query.limit is not None:
        limit = to_si(query.limit, query.unit)
        if query.quantity and unit(query.unit).dimension != unit(quantity(query.quantity).si_unit).dimension:
            raise BadRequestError(
                f"unit is {query.unit!r}; expected a unit of {query.quantity}",
                message_zh=f"unit 为 {query.unit!r}；应为 {query.quantity} 的单位",
                field="unit",
                value=query.unit,
            )
        if not query.quantity:
            raise BadRequestError(
                f"quantity is missing; a limit of {query.limit:g} {query.unit} belongs to one",
                message_zh="缺少 quantity；限值须对应一个量",
                field="quantity",
                value="",
            )
    return _runs_out(over_limit(own.ledger, rules, _search_span(own, query), limit, query.min_run or 1))


def get_description(query: DescribeQuery) -> DescribeOut:
    """Descriptive and trend statistics of valid hour means, and a correlation."""
    own, asked = services(), _span(query)
    span = Span(from_ms=asked.from_ms, to_ms=asked.to_ms, period=Period.HOUR, now_ms=own.clock.now_ms())
    rules = rules_in_the_ledger(own.ledger)
    found = describe(own.ledger, rules, span, query.key, query.other)
    row, line, pair = found.description, found.trend, found.correlation
    marks = row.quantile_values or (None,) * 5
    return DescribeOut(
        key=query.key,
        origin=rules.origin(query.key),
        si_unit=quantity(query.key.partition("/")[2]).si_unit,
        n=row.count,
        mean=row.mean,
        sd=row.sd_value,
        low=row.low,
        q05=marks[0],
        q25=marks[1],
        median=marks[2],
        q75=marks[3],
        q95=marks[4],
        high=row.high,
        trend_per_day=None if line is None else line.value,
        trend_low=None if line is None else line.low,
        trend_high=None if line is None else line.high,
        trend_p=None if line is None else line.p_fraction,
        correlation=None
        if pair is None
        else CorrelationOut(other=query.other, n=pair.count, r=pair.r_ratio, p=pair.p_fraction),
    )


def get_emissions(query: EmissionsQuery) -> EmissionsOut:
    """Mass that left: concentration times flow, with substitutes of missing hours apart."""
    own, asked = services(), _span(query)
    to_ms = min(asked.to_ms, own.clock.now_ms())
    rules = rules_in_the_ledger(own.ledger)
    row = emissions(own.ledger, rules, query.conc, query.flow, asked.from_ms, to_ms)
    return EmissionsOut(
        conc=query.conc,
        flow=query.flow,
        origin=rules.origin(query.conc),
        hours=row.hours,
        valid_h=row.valid,
        stopped_h=row.stopped,
        substituted_h=row.substituted,
        missing_h=row.missing,
        measured_kg=row.measured_kg,
        substitute_kg=row.substitute_kg,
        total_kg=row.measured_kg + row.substitute_kg,
        capture_pct=row.capture_pct,
    )


def get_report(query: ReportQuery) -> ReportOut:
    """Report of the day, week, month, quarter or year that holds a moment."""
    own = services()
    now_ms = own.clock.now_ms()
    rules = rules_in_the_ledger(own.ledger)
    at_ms = query.at_ms if query.at_ms is not None else now_ms
    span = rules.calendar.period(Period(query.period), at_ms)
    keys = rules.keys(region=query.region)
    marks = mark_totals(own.ledger, {key.partition("/")[0] for key in keys}, span.start_ms, span.end_ms)
    found = rates(own.ledger, rules, "point", span.start_ms, min(span.end_ms, now_ms))
    counts = review_counts(own.ledger, now_ms, span.start_ms, span.end_ms)
    return ReportOut(
        period=query.period,
        from_ms=span.start_ms,
        to_ms=span.end_ms,
        origin=least_real(*map(rules.origin, keys)),
        rows=[_report_row(own, rules, key, query.period, span.start_ms, now_ms, marks) for key in keys],
        rates=[_rate_out(rules, row) for row in found if query.region in ("", row.region)],
        reviews=ReportReviewsOut(opened=counts.opened, decided=counts.decided, late=counts.late),
    )


def _report_row(
    own: Services,
    rules: Rules,
    key: str,
    period: str,
    start_ms: int,
    now_ms: int,
    marks: dict[str, dict[str, int]],
) -> ReportRowOut:
    (row,) = series_figures(own.ledger, rules, key, Period(period), start_ms, start_ms + 1, now_ms)
    end_ms = rules.calendar.period(Period(period), start_ms).end_ms
    span = Span(from_ms=start_ms, to_ms=end_ms, period=Period.HOUR, now_ms=now_ms)
    substance = rules.body["series"][key]["substance"]
    over = 0
    if key.partition("/")[2].startswith("conc:") and substance in rules.body["limits"]:
        limit = rules.body["limits"][substance]
        if row.high is not None and row.high > limit:
            hours = series_figures(own.ledger, rules, key, Period.HOUR, span.from_ms, end_ms, now_ms)
            over = sum(hour.value is not None and hour.value > limit for hour in hours)
    return ReportRowOut(
        key=key,
        origin=rules.origin(key),
        region=rules.region(key),
        si_unit=quantity(key.partition("/")[2]).si_unit,
        n_valid=row.valid,
        n_expected=row.expected,
        valid=row.ok,
        mean=row.value,
        weighted=row.weighting,
        weighted_reason=row.weighting_reason,
        low=row.low,
        high=row.high,
        over_limit_h=over,
        marks=marks.get(key.partition("/")[0], {}),
    )


def _span(query: SpanQuery, *, most_ms: int = 5 * 366 * _DAY_MS) -> Window:
    span = services().ledger.span()
    newest_ms = None if span is None else span.to_ms
    asked = window(query.from_ms, query.to_ms, newest_ms=newest_ms, default_ms=_DAY_MS)
    # An open end is that of what is stored.
    to_ms = asked.to_ms if query.to_ms is not None or newest_ms is None else max(asked.from_ms, newest_ms + 1)
    if to_ms - asked.from_ms > most_ms:
        raise BadRequestError(
            f"from..to is {(to_ms - asked.from_ms) // _DAY_MS} days; expected at most {most_ms // _DAY_MS}",
            message_zh=f"from..to 为 {(to_ms - asked.from_ms) // _DAY_MS} 天；至多 {most_ms // _DAY_MS} 天",
            field="from",
            value=asked.from_ms,
        )
    return Window(from_ms=asked.from_ms, to_ms=to_ms)


def _search_span(own: Services, query: FixedQuery) -> Span:
    asked = _span(query, most_ms=_SPAN_MAX_MS)
    return Span(
        from_ms=asked.from_ms,
        to_ms=asked.to_ms,
        period=Period(query.step.value),
        now_ms=own.clock.now_ms(),
        region=query.region,
        quantity=query.quantity,
    )


def _rate_out(rules: Rules, row: RateRow) -> RateOut:
    told: dict[str, Any] = asdict(row)
    meets = told.pop("meets")
    return RateOut(**told, meets_95=meets, name=_name(rules, row.id))


def _name(rules: Rules, name: str) -> str:
    for table in ("names", "areas"):
        found = rules.body[table].get(name)
        if found:
            return str(found["zh"])
    station = rules.body["stations"].get(name)
    return str(station["name"]["zh"]) if station else ""


def _runs_out(found: tuple[FoundRun, ...]) -> RunsOut:
    points: dict[str, list[FoundRun]] = {}
    for row in found:
        points.setdefault(row.key, []).append(row)
    return RunsOut(
        rows=[
            RunOut(
                key=row.key,
                origin=row.origin,
                region=row.region,
                start_ms=row.start_ms,
                end_ms=row.end_ms,
                length=row.length,
                value=row.value,
                limit=row.limit_value,
                si_unit=quantity(row.key.partition("/")[2]).si_unit,
            )
            for row in found[:ROWS_MAX]
        ],
        points=[
            PointRunsOut(
                key=key,
                count=sum(row.length for row in rows),
                runs=len(rows),
                longest=max(row.length for row in rows),
            )
            for key, rows in sorted(points.items())
        ],
        truncated=len(found) > ROWS_MAX,
    )


_ERRORS = (404, 503)
serve(
    statistics,
    "/statistics",
    get_statistics,
    Operation(gives=StatisticsOut, reads=StatisticsQuery, errors=_ERRORS),
)
serve(statistics, "/rates", get_rates, Operation(gives=RatesOut, reads=RatesQuery, errors=(503,)))
serve(
    statistics, "/rates/ninety", get_ninety, Operation(gives=NinetyRowsOut, reads=NinetyQuery, errors=(503,))
)
serve(statistics, "/search/fixed", get_fixed, Operation(gives=RunsOut, reads=FixedQuery, errors=(503,)))
serve(statistics, "/search/overlimit", get_over, Operation(gives=RunsOut, reads=OverQuery, errors=(503,)))
serve(
    statistics,
    "/describe",
    get_description,
    Operation(gives=DescribeOut, reads=DescribeQuery, errors=_ERRORS),
)
serve(
    statistics,
    "/emissions",
    get_emissions,
    Operation(gives=EmissionsOut, reads=EmissionsQuery, errors=(503,)),
)
serve(statistics, "/report", get_report, Operation(gives=ReportOut, reads=ReportQuery, errors=(503,)))
