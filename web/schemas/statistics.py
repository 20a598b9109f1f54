"""Statistics, rates, searches, totals, reports."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from sensors.statistics.marks import Medium
from sensors.statistics.weighting import Unweighted, Weighting
from twin.core.origin import Origin
from web.schemas.base import PATTERN_SERIES, Out, Query, TimeMs, WholeText

PATTERN_NUMBER = r"^[+-]?[0-9]{1,12}(\.[0-9]{1,12})?$"
Whole = Annotated[int, WholeText, Field(ge=1, le=10_000)]


def _decimal(text: object) -> object:
    return float(text) if isinstance(text, str) and _is_decimal(text) else text


def _is_decimal(text: str) -> bool:
    digits = text.lstrip("+-").replace(".", "", 1)
    return digits.isascii() and digits.isdigit() and len(digits) <= 24


Decimal = Annotated[float, BeforeValidator(_decimal)]


class MeanStep(StrEnum):
    """Length of a statistic."""

    HOUR = "hour"
    DAY = "day"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class SearchStep(StrEnum):
    """Means that are searched."""

    HOUR = "hour"
    DAY = "day"


class SpanQuery(Query):
    """A span of time; without it the last day of what is stored."""

    from_ms: TimeMs | None = Field(default=None, alias="from")
    to_ms: TimeMs | None = Field(default=None, alias="to")


class StatisticsQuery(SpanQuery):
    """Statistics of one series."""

    key: str = Field(pattern=PATTERN_SERIES)
    step: MeanStep = MeanStep.HOUR


class StatisticsOut(Out):
    """Equally long columns, oldest first; ``value`` is null where the rules give no valid mean."""

    key: str
    step: MeanStep
    si_unit: str
    origin: Origin
    medium: Medium
    t: list[int]
    value: list[float | None]
    n_valid: list[int]
    n_expected: list[int]
    valid: list[bool]
    reason: list[Literal["", "too_few", "no_data", "running"]]
    mark: list[str]
    low: list[float | None]
    high: list[float | None]
    weighted: list[Weighting] = Field(description="What the hours of each mean are weighted with")
    weighted_reason: list[Unweighted] = Field(description="Why a mean is not weighted, or has no direction")
    substitute: list[float | None] = Field(
        description="Mass that stands in for missing hours, in substitute_unit; never part of value"
    )
    substitute_unit: Literal["", "kg"]
    substitute_rule: str = Field(description="Empty: no rule gives substitutes for this series")


class RatesQuery(SpanQuery):
    """Rates of whole hours in a span."""

    by: Literal["point", "station", "region", "park"] = "point"


class RateOut(Out):
    """Rates of a point, or of a group's points of one origin; percent, null where nothing was expected."""

    id: str
    name: str
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
    meets_95: bool | None


class RatesOut(Out):
    """Rates, by id."""

    from_ms: int
    to_ms: int
    by: Literal["point", "station", "region", "park"]
    rows: list[RateOut]


class NinetyQuery(Query):
    """Until when the days are looked at; the last 180 of them."""

    to_ms: TimeMs | None = Field(default=None, alias="to")


class NinetyOut(Out):
    """Worst 90 days on end of one point."""

    id: str
    origin: Origin
    from_ms: int
    to_ms: int
    effective_pct: float
    breach: bool


class NinetyRowsOut(Out):
    """Points with at least 90 whole days, by id."""

    to_ms: int
    rows: list[NinetyOut]


class FixedQuery(SpanQuery):
    """Which means to search for runs of equal ones."""

    step: SearchStep = SearchStep.HOUR
    region: str = Field(default="", max_length=40)
    quantity: str = Field(default="", max_length=40)
    min_run: Whole | None = Field(default=None, description="Default: 6 hours or 3 days")


class OverQuery(FixedQuery):
    """Which means to search for excesses; without ``limit`` the lowest level of each substance."""

    limit: Decimal | None = Field(default=None, description="In unit")
    unit: str = Field(default="", max_length=20)


class RunOut(Out):
    """A run of means; ``value`` is its highest, or the fixed value."""

    key: str
    origin: Origin
    region: str
    start_ms: int
    end_ms: int
    length: int
    value: float
    limit: float | None
    si_unit: str


class PointRunsOut(Out):
    """Runs of one series summed up."""

    key: str
    count: int
    runs: int
    longest: int


class RunsOut(Out):
    """Longest runs first."""

    rows: list[RunOut]
    points: list[PointRunsOut]
    truncated: bool


class DescribeQuery(SpanQuery):
    """One series, and another one to correlate it with."""

    key: str = Field(pattern=PATTERN_SERIES)
    other: str = Field(default="", max_length=120)


class CorrelationOut(Out):
    """Pearson's r of hours that both have."""

    other: str
    n: int
    r: float
    p: float


class DescribeOut(Out):
    """Statistics of the valid hour means; SI."""

    key: str
    origin: Origin
    si_unit: str
    n: int
    mean: float | None
    sd: float | None
    low: float | None
    q05: float | None
    q25: float | None
    median: float | None
    q75: float | None
    q95: float | None
    high: float | None
    trend_per_day: float | None
    trend_low: float | None
    trend_high: float | None
    trend_p: float | None
    correlation: CorrelationOut | None


class EmissionsQuery(SpanQuery):
    """Series of concentration and of flow."""

    conc: str = Field(pattern=PATTERN_SERIES)
    flow: str = Field(pattern=PATTERN_SERIES)


class EmissionsOut(Out):
    """Mass of a span; what stands in for missing hours is never part of what was measured."""

    conc: str
    flow: str
    origin: Origin = Field(description="Of both series")
    hours: int
    valid_h: int
    stopped_h: int
    substituted_h: int
    missing_h: int
    measured_kg: float
    substitute_kg: float
    total_kg: float
    capture_pct: float | None


class ReportQuery(Query):
    """Which report: the period that holds ``at`` (default: now)."""

    period: Literal["day", "week", "month", "quarter", "year"] = "day"
    at_ms: TimeMs | None = Field(default=None, alias="at")
    region: str = Field(default="", max_length=40)


class ReportRowOut(Out):
    """One series in a report."""

    key: str
    origin: Origin
    region: str
    si_unit: str
    n_valid: int
    n_expected: int
    valid: bool
    mean: float | None
    weighted: Weighting
    weighted_reason: Unweighted
    low: float | None
    high: float | None
    over_limit_h: int = Field(description="Hours above the lowest level of the substance")
    marks: dict[str, int] = Field(description="Values of the sensor by mark")


class ReportReviewsOut(Out):
    """Reviews opened in the period; ``late``: decided after their hour."""

    opened: int
    decided: int
    late: int


class ReportOut(Out):
    """Report of a day, week, month, quarter or year."""

    period: Literal["day", "week", "month", "quarter", "year"]
    from_ms: int
    to_ms: int
    origin: Origin = Field(description="Of the least real series in the report")
    rows: list[ReportRowOut]
    rates: list[RateOut]
    reviews: ReportReviewsOut
