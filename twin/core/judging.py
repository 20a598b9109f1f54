"""What a park's rules compare: pairs of sensors, working units, limits of housekeeping, tanks."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from twin.core.text import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorPair:
    """Two series (keys) that measure the same; apart by more than ``limit_pct`` of their mean: review.

    Values further apart in time than ``within_s`` are not compared.
    """

    first: str
    second: str
    limit_pct: float = 10.0
    within_s: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """Two series that go together: correlated by at least ``least_ratio`` over some ``memory`` pairs.

    Nothing is said while either has moved by less than its ``moves`` (standard deviation, SI): noise
    does not correlate.
    """

    first: str
    second: str
    least_ratio: float = 0.5
    memory: int = 60
    within_s: float = 60.0
    first_moves_value: float = 0.0
    second_moves_value: float = 0.0


class UnitKind(StrEnum):
    """What a working unit is there for."""

    PRODUCTION = "production"
    TREATMENT = "treatment"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningUnit:
    """A unit whose running is read from one series (SI).

    Above ``on_above_value`` it runs, below ``off_below_value`` it stands, in between it goes on as
    before; without a value for ``stale_s`` its state is unknown.
    """

    id: str
    name: Text
    kind: UnitKind
    series_key: str
    on_above_value: float
    off_below_value: float
    stale_s: float = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningLink:
    """While any of ``production_ids`` runs, ``treatment_ids`` must run (all, or any one of them)."""

    id: str
    name: Text
    production_ids: tuple[str, ...]
    treatment_ids: tuple[str, ...]
    grace_min: float = 5.0
    need_all: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthLimit:
    """Limits (SI) of a housekeeping quantity; None: no limit on that side."""

    quantity: str
    warn_low_value: float | None = None
    warn_high_value: float | None = None
    alarm_low_value: float | None = None
    alarm_high_value: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefillTank:
    """A supply that is used up and refilled: the series of its level is a share of ``volume_m3``."""

    series_key: str
    volume_m3: float
    reserve_fraction: float = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class CarryingFlow:
    """The series ``flow`` (m3/s) tells what carries the concentration of the series ``key``."""

    key: str
    flow: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRules:
    """``clock_min``: a doubt is reviewed within it. ``quiet_min``: a decided doubt rests so long."""

    clock_min: float = 60.0
    quiet_min: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeBook:
    """All rules of a park besides those of single factors."""

    review: ReviewRules = field(default_factory=ReviewRules)
    pairs: tuple[SensorPair, ...] = ()
    relations: tuple[Relation, ...] = ()
    units: tuple[RunningUnit, ...] = ()
    links: tuple[RunningLink, ...] = ()
    limits: tuple[HealthLimit, ...] = ()
    tanks: tuple[RefillTank, ...] = ()
    flows: tuple[CarryingFlow, ...] = ()
