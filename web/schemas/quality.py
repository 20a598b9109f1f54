"""Working conditions and the health of open-path stations."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from twin.core.origin import Origin
from web.schemas.base import Out, TextOut

HealthName = Literal["ok", "warn", "alarm", "unknown"]


class UnitOut(Out):
    """A working unit; levels in ``si_unit``."""

    id: str
    name: TextOut
    origin: Origin
    kind: Literal["production", "treatment"]
    state: Literal["on", "off", "unknown"]
    since_ms: int | None
    value: float | None
    key: str
    on_above: float
    off_below: float
    si_unit: str


class LinkOut(Out):
    """Treatment that must run while production does."""

    id: str
    name: TextOut
    origin: Origin = Field(description="Of its least real unit")
    production: list[str]
    treatment: list[str]
    state: Literal["normal", "grace", "treatment_not_running", "unknown"]
    since_ms: int | None = Field(description="Since when treatment has been off while production runs")
    grace_min: float
    review: int | None


class ConditionsOut(Out):
    """Working conditions now."""

    now_ms: int
    units: list[UnitOut]
    links: list[LinkOut]


class DutyOut(Out):
    """What one device owes; ``kind`` empty without a rule, ``last_ms`` null where nothing was seen."""

    mn: str
    sensor: str
    station: str
    origin: Origin
    kind: str
    last_ms: int | None = Field(description="Last calibration or check with a standard")
    source: Literal["", "mark", "command", "standard_check"]
    due_ms: int | None
    overdue: bool
    faults_ms: list[int] = Field(description="Beginnings of faults (mark D) in the last ten days")
    repeats_fault: bool = Field(description="Three faults within ten days")


class DutiesOut(Out):
    """Duties of all devices, by MN, and of those who review."""

    now_ms: int
    rows: list[DutyOut]
    reviews_open: int
    reviews_overdue: int
    reviews_late: int = Field(description="Decided after their hour")


class HealthItemOut(Out):
    """A housekeeping series against its limits, SI; ``t`` is the time of the newest value, fresh or not."""

    key: str
    origin: Origin
    quantity: str
    value: float | None
    si_unit: str
    t: int | None
    state: HealthName
    warn_low: float | None
    warn_high: float | None
    alarm_low: float | None
    alarm_high: float | None


class BeamHealthOut(Out):
    """Signal of one beam."""

    id: str
    key: str
    origin: Origin
    value: float | None
    t: int | None
    state: HealthName


class RefillOut(Out):
    """Forecast of a supply; the interval has 90 %, ``latest_ms`` null: perhaps never."""

    key: str
    level_l: float
    per_day_l: float
    per_day_low_l: float
    per_day_high_l: float
    since_refill_ms: int
    reserve_l: float
    reserve_ms: int
    earliest_ms: int
    latest_ms: int | None


class StationHealthOut(Out):
    """Housekeeping of one station."""

    id: str
    origin: Origin = Field(description="Of its least real series")
    state: HealthName
    items: list[HealthItemOut]
    beams: list[BeamHealthOut]
    refill: RefillOut | None


class BeamsHealthOut(Out):
    """All stations that have housekeeping series, by id."""

    now_ms: int
    stations: list[StationHealthOut]
