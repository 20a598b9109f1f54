"""What goes into a risk report: plain facts, SI, that a live now-cast, a case run or a script can fill."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from twin.core.errors import BadRequestError
from twin.core.geometry import FloatArray
from twin.core.origin import Origin
from twin.core.text import Text

Rings = tuple[FloatArray, ...]
Format = Literal["docx", "pdf"]
MIMETYPES: Mapping[Format, str] = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """2.5, 50 and 97.5 % points of a quantity; equal where there is no ensemble."""

    low: float
    median: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A reading of a well. ``value`` in kg/m3 for concentrations, pH as it is, else the standard's unit.

    ``indicator`` id, CAS number or name; ``detected`` False: less than ``value``. ``time_ms`` when it was
    read, None: not said.
    """

    indicator: str
    value: float
    detected: bool = True
    origin: Origin = Origin.MEASURED
    time_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WellRow:
    """A monitoring well with its newest readings.

    ``level_m`` head as measured, None: not measured; ``modelled_m`` what the model holds of it. ``time_ms``
    of the level. ``stale``: readings too old or not good, which are named but not judged.
    """

    id: str
    x_m: float
    y_m: float
    level_m: float | None = None
    samples: tuple[Sample, ...] = ()
    time_ms: int | None = None
    modelled_m: Spread | None = None
    stale: tuple[Sample, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FrontRow:
    """Outline of a plume: ``low`` surely inside, ``high`` possibly inside; rings (n, 2) in metres."""

    substance: Text
    lead_s: float
    limit_kg_m3: float
    limit_name: str
    median: Rings
    low: Rings
    high: Rings
    area_m2: Spread
    reach_m: Spread


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetRow:
    """A place to protect; ``arrival_s`` None: not within the horizon. ``reasons`` of its level."""

    id: str
    name: Text
    kind: str
    x_m: float
    y_m: float
    substance: Text
    limit_kg_m3: float
    probability_365d: float
    arrival_s: Spread | None
    peak_kg_m3: Spread
    risk: Literal["none", "low", "medium", "high"]
    response: str | None
    reasons: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetLine:
    """Water of a package, m3/s, or mass that it moved, kg; both not negative."""

    name: str
    in_value: float
    out_value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionLine:
    """A measure at the last moment that was compared."""

    id: str
    name: Text
    lead_s: float
    mass_kg: Spread
    area_m2: Spread
    max_kg_m3: Spread
    risk_target_count: int
    cost_cny: Spread | None
    agent: Text | None = None
    amount: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanLine:
    """A handling plan that fits: agent, dose in words, steps in order, sources."""

    name: Text
    why: Text
    agent: Text | None
    dose: Text | None
    reaction: str
    steps: tuple[Text, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RiskReport:
    """All facts of a report.

    ``origin`` stands on every page. ``extent_m`` (west, south, east, north) of the map, None: around what is
    drawn. ``compared``: options, the first doing nothing; ``why`` the best one is best. ``notes`` of the
    solver and of the data: what falls short.
    """

    park: Text
    time_ms: int
    origin: Origin
    solver: str
    members: int
    situation: tuple[Text, ...] = ()
    wells: tuple[WellRow, ...] = ()
    fronts: tuple[FrontRow, ...] = ()
    targets: tuple[TargetRow, ...] = ()
    flow_lines: Rings = ()
    water: tuple[BudgetLine, ...] = ()
    mass: Mapping[str, tuple[BudgetLine, ...]] = field(default_factory=dict)
    mass_now_kg: Mapping[str, Spread] = field(default_factory=dict)
    compared: tuple[OptionLine, ...] = ()
    best: str | None = None
    why: Text | None = None
    plans: tuple[PlanLine, ...] = ()
    method: tuple[Text, ...] = ()
    notes: tuple[str, ...] = ()
    extent_m: tuple[float, float, float, float] | None = None


def spread_of(values: Sequence[float]) -> Spread:
    """Low, median and high as they stand. Raises BadRequestError unless there are three."""
    if len(values) != 3:
        raise BadRequestError(
            f"spread: {values}; expected low, median, high",
            message_zh=f"spread：{values}；应为下限、中位数、上限",
            field="spread",
            value=values,
        )
    return Spread(low=values[0], median=values[1], high=values[2])
