"""``rules.toml`` and ``conditions.toml``: what is compared, which units run, limits of housekeeping.

Both may be absent. Limits and levels are written in a unit and become SI here.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from gis.scene.schema import Id, Name, NotNegative, Positive, Strict, Words
from twin.core import judging as core
from twin.core.text import Text
from twin.core.units import to_si, unit

RULES_FILE, CONDITIONS_FILE = "rules.toml", "conditions.toml"
Key = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}/[a-z][a-z0-9_]{0,31}(:[a-z0-9_.+-]{1,32})?$")
]


class ReviewTable(Strict):
    """``[review]``: the clock of a review, and how long a decided doubt rests."""

    clock_min: Positive = 60.0
    quiet_min: NotNegative = 60.0


class PairRow(Strict):
    """``[[pairs]]``: two sensors of one thing."""

    first: Key
    second: Key
    limit_pct: Positive = 10.0
    within_s: Positive = 60.0


class RelationRow(Strict):
    """``[[relations]]``: two series that go together; ``*_moves`` in ``*_unit``."""

    first: Key
    second: Key
    least_ratio: Annotated[float, Field(gt=-1, lt=1)] = 0.5
    memory: Annotated[int, Field(ge=10, le=10_000)] = 60
    within_s: Positive = 60.0
    first_moves: NotNegative = 0.0
    second_moves: NotNegative = 0.0
    unit: Words


class LimitRow(Strict):
    """``[[limits]]``: normal range of a housekeeping quantity, in ``unit``."""

    quantity: Words
    unit: Words
    warn_low: float | None = None
    warn_high: float | None = None
    alarm_low: float | None = None
    alarm_high: float | None = None


class TankRow(Strict):
    """``[[tanks]]``: a supply; ``volume_l`` is that of all its vessels."""

    key: Key
    volume_l: Positive
    reserve_share: Annotated[float, Field(ge=0, lt=1)] = 0.2


class FlowRow(Strict):
    """``[[flows]]``: the flow that carries a concentration; weights means of water, gives mass."""

    key: Key
    flow: Key


class RulesFile(Strict):
    """``rules.toml``."""

    review: ReviewTable = ReviewTable()
    pairs: list[PairRow] = []
    relations: list[RelationRow] = []
    limits: list[LimitRow] = []
    tanks: list[TankRow] = []
    flows: list[FlowRow] = []


class RunningUnitRow(Strict):
    """``[[units]]`` of ``conditions.toml``; levels in ``unit``."""

    id: Id
    name: Name
    kind: Literal["production", "treatment"]
    key: Key
    unit: Words
    on_above: float
    off_below: float
    stale_s: Positive = 900.0


class RunningLinkRow(Strict):
    """``[[links]]``: treatment that must run while production does."""

    id: Id
    name: Name
    production: Annotated[list[Id], Field(min_length=1)]
    treatment: Annotated[list[Id], Field(min_length=1)]
    grace_min: NotNegative = 5.0
    need_all: bool = True


class ConditionsFile(Strict):
    """``conditions.toml``."""

    units: list[RunningUnitRow] = []
    links: list[RunningLinkRow] = []


def judge_book(rules: RulesFile, conditions: ConditionsFile) -> core.JudgeBook:
    """The rules in SI. Raises UnitError."""
    return core.JudgeBook(
        review=core.ReviewRules(**rules.review.model_dump()),
        pairs=tuple(core.SensorPair(**row.model_dump()) for row in rules.pairs),
        relations=tuple(_relation(row) for row in rules.relations),
        limits=tuple(_limit(row) for row in rules.limits),
        tanks=tuple(
            core.RefillTank(
                series_key=row.key, volume_m3=row.volume_l / 1000.0, reserve_fraction=row.reserve_share
            )
            for row in rules.tanks
        ),
        flows=tuple(core.CarryingFlow(key=row.key, flow=row.flow) for row in rules.flows),
        units=tuple(_unit(row) for row in conditions.units),
        links=tuple(_link(row) for row in conditions.links),
    )


def _relation(row: RelationRow) -> core.Relation:
    told = row.model_dump(exclude={"first_moves", "second_moves", "unit"})
    factor = unit(row.unit).factor
    return core.Relation(
        **told, first_moves_value=row.first_moves * factor, second_moves_value=row.second_moves * factor
    )


def _limit(row: LimitRow) -> core.HealthLimit:
    sides = row.model_dump(exclude={"quantity", "unit"})
    told = {f"{name}_value": None if v is None else to_si(v, row.unit) for name, v in sides.items()}
    return core.HealthLimit(quantity=row.quantity, **told)


def _unit(row: RunningUnitRow) -> core.RunningUnit:
    return core.RunningUnit(
        id=row.id,
        name=Text(zh=row.name.zh, en=row.name.en),
        kind=core.UnitKind(row.kind),
        series_key=row.key,
        on_above_value=to_si(row.on_above, row.unit),
        off_below_value=to_si(row.off_below, row.unit),
        stale_s=row.stale_s,
    )


def _link(row: RunningLinkRow) -> core.RunningLink:
    return core.RunningLink(
        id=row.id,
        name=Text(zh=row.name.zh, en=row.name.en),
        production_ids=tuple(row.production),
        treatment_ids=tuple(row.treatment),
        grace_min=row.grace_min,
        need_all=row.need_all,
    )
