"""One curve."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from twin.core.observation import Quality
from twin.core.origin import Origin
from web.schemas.base import PATTERN_SERIES, Out, Query, TimeMs


class Step(StrEnum):
    """Raw values, or means over an interval."""

    RAW = "raw"
    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


class SeriesQuery(Query):
    """Which curve."""

    key: str = Field(pattern=PATTERN_SERIES, description="Series key: <sensor id>/<quantity key>")
    from_ms: TimeMs | None = Field(default=None, alias="from")
    to_ms: TimeMs | None = Field(default=None, alias="to")
    step: Step = Step.RAW


class SeriesOut(Out):
    """Equally long columns, oldest first. SI units."""

    key: str
    step: Step
    si_unit: str
    origin: Origin | None = Field(description="Null while the series has no value and no device")
    truncated: bool = Field(description="Older points were left off")
    t: list[int]
    v: list[float | None]
    q: list[Quality]
    low: list[float | None] | None
    high: list[float | None] | None
    n: list[int] | None
