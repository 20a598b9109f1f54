"""What the groundwater's now-cast and comparisons of remedies say."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from twin.core.observation import Quality
from twin.core.origin import Origin
from web.schemas.air import GridOut
from web.schemas.base import PATTERN_ID, Body, Out, Query, TextOut, TimeMs

Rings = list[list[list[float]]]
Response = Literal["I", "II", "III"]
Risk = Literal["none", "low", "medium", "high"]
SUBSTANCE = r"^[a-z0-9][a-z0-9_.+-]{0,31}$"


class WaterBandOut(Out):
    """A quantity with its 95 % band: 2.5 % point, median, 97.5 % point."""

    low: float
    median: float
    high: float


class WaterGridOut(GridOut):
    """Cells of the model in plan, and how many layers it has."""

    layers: int


class WaterMeasuredOut(Out):
    """What a well said last of a substance, kg/m3; ``value`` null where it is not good."""

    value: float | None
    t: int
    age_s: float
    quality: Quality
    origin: Origin
    fresh: bool = Field(description="Good and young enough to be assimilated and to warn")


class WaterWellOut(Out):
    """A well: what the twin holds of it and what was measured last; levels in the local frame."""

    sensor: str
    x_m: float
    y_m: float
    z_m: float
    stratum: str
    level: WaterBandOut
    measured_level: float | None
    measured_t: int | None
    age_s: float | None
    quality: Quality
    conc: dict[str, WaterBandOut]
    measured_conc: dict[str, float | None] = Field(description="Values of ``measured``, however old")
    measured: dict[str, WaterMeasuredOut] = Field(
        default={}, description="By substance, with time, age and origin of its own"
    )
    origin: Origin | None = Field(default=None, description="Of the well's values, null without any")
    drawdown_m: WaterBandOut
    warning: TextOut | None = Field(description="What the indicators of the well warn of, null for nothing")


class WaterBudgetOut(Out):
    """Water that a package moves, median of the ensemble."""

    name: str
    in_m3_s: float
    out_m3_s: float


class WaterMassOut(Out):
    """Mass that a package, decay or the corrections (``assimilation``) moved: median of the ensemble.

    Since the history that was fitted began, or since the ensemble was restored.
    """

    substance: str
    name: str
    in_kg: float
    out_kg: float


class FrontOut(Out):
    """Front of a plume now (``lead_s`` 0) or ahead; the 95 % band lies between ``low`` and ``high``."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        allow_inf_nan=False,
        frozen=True,
        serialize_by_alias=True,
        validate_by_name=True,
    )

    substance: str
    lead_s: float
    limit_kg_m3: float
    class_: str = Field(alias="class", description="Which limit it is, for example GB/T 14848 III")
    median: Rings
    low: Rings = Field(description="Surely inside (97.5 %)")
    high: Rings = Field(description="Possibly inside (2.5 %)")
    area_m2: WaterBandOut
    reach_m: WaterBandOut


class WaterTargetOut(Out):
    """A place to protect and what may reach it within a year."""

    id: str
    name: TextOut
    kind: str
    x_m: float
    y_m: float
    substance: str
    limit_kg_m3: float
    probability_365d: float
    arrival_s: WaterBandOut | None
    peak_kg_m3: WaterBandOut
    risk: Risk
    response: Response | None


class WaterLearningOut(Out):
    """Errors at the wells that were held out, without and with what was learned; kept where it helps."""

    rmse_darcy_m: float | None = Field(description="null: no held-out well has spoken")
    rmse_joined_m: float | None = Field(description="null: too little history to learn from")
    kept: bool
    held_out: list[str]
    correction_m: dict[str, float] = Field(default={}, description="Added to the levels of wells")


class WaterAssimilationOut(Out):
    """How well the ensemble fits what it was given; ``spread_error`` near one is honest."""

    spread_error: float | None
    rmse_before_m: float
    rmse_after_m: float
    groups: dict[str, int] = Field(description="Readings used, by kind")


class WaterVolumeOut(Out):
    """A plume as a volume file (docs/wire.md), cells of 2 m in depth below ground."""

    substance: str
    lead_s: float
    band: Literal["median", "p975"]
    url: str
    bytes: int
    max_kg_m3: float


class WaterVerticalOut(Out):
    """Dissolved mass by depth below ground, kg; ``depth_m`` are the middles."""

    substance: str
    lead_s: float
    depth_m: list[float]
    mass_kg: list[float]


class WaterNowOut(Out):
    """The groundwater of one moment and what is to be expected of it."""

    run: str
    k: int
    t: int
    origin: Origin
    solver: str
    notes: list[str]
    inputs: list[str]
    members: int
    substances: list[str]
    grid: WaterGridOut
    wells: list[WaterWellOut]
    budget: list[WaterBudgetOut]
    mass: list[WaterMassOut]
    mass_now_kg: dict[str, WaterBandOut]
    background_kg_m3: dict[str, float] = Field(
        default={}, description="Natural background: volumes and masses lie above it, other values hold it"
    )
    fronts: list[FrontOut]
    targets: list[WaterTargetOut]
    flow_lines: Rings
    learning: WaterLearningOut | None
    assimilation: WaterAssimilationOut | None
    volumes: list[WaterVolumeOut]
    cpu_s: float | None = Field(default=None, description="CPU time that it took")
    heads_url: str = Field(description="Grid file: head_median, head_sd, drawdown in metres")
    flow_url: str = Field(description="Grid file: specific discharge to the east and north, m per year")
    vertical: list[WaterVerticalOut]


class WaterNowsOut(Out):
    """Now-casts of the groundwater, oldest first."""

    nowcasts: list[WaterNowOut]
    truncated: bool


class WaterQuery(Query):
    """Which span; without ``from`` and ``to`` the newest alone."""

    from_ms: TimeMs | None = Field(default=None, alias="from")
    to_ms: TimeMs | None = Field(default=None, alias="to")


class AmountOut(Out):
    """How much of something."""

    value: float
    unit: str


class OptionLeadOut(Out):
    """What a remedy leaves after a time."""

    lead_s: float
    mass_kg: WaterBandOut
    area_m2: WaterBandOut
    max_kg_m3: WaterBandOut
    risk_targets: list[str]


class OptionFrontOut(Out):
    """Front under a remedy."""

    lead_s: float
    median: Rings


class OptionVolumeOut(Out):
    """Plume under a remedy."""

    lead_s: float
    url: str


class OptionOut(Out):
    """A remedy beside the others."""

    id: str
    name: TextOut
    kind: str
    cost_cny: WaterBandOut | None
    agent: TextOut | None
    amount: AmountOut | None
    area: Rings | None
    leads: list[OptionLeadOut]
    fronts: list[OptionFrontOut]
    volumes: list[OptionVolumeOut]


class ComparisonOut(Out):
    """Remedies compared with doing nothing; ``exercise``: asked as what-if, not the park's state."""

    run: str
    k: int
    t: int
    origin: Origin
    solver: str
    exercise: bool
    substance: str
    baseline: str
    options: list[OptionOut]
    best: str | None
    why: TextOut
    members: int = Field(default=0, description="Of the ensemble that were tried; 0: not compared")
    notes: list[str]


class ComparisonsOut(Out):
    """Comparisons, oldest first."""

    comparisons: list[ComparisonOut]
    truncated: bool


class WarningOut(Out):
    """A forecast or reading that asks for a response; ``subject`` the target or well.

    ``state``: ``raised``, ``changed``, ``ended``, ``standing`` (said again, once a day) or ``unknown`` (its
    source gives no fresh good value, so it is not over).
    """

    run: str
    k: int
    t: int
    origin: Origin
    solver: str
    exercise: bool
    subject: str
    kind: Literal["target", "well"]
    name: TextOut
    substance: str
    state: Literal["raised", "changed", "ended", "standing", "unknown"]
    risk: Risk
    response: Response | None
    text: TextOut
    nowcast: str = Field(description="<run>/<k> of the now-cast that says so")


class WarningsOut(Out):
    """Warnings of the groundwater's forecasts, oldest first; ``standing``: those that are not over now."""

    warnings: list[WarningOut]
    truncated: bool
    standing: list[WarningOut] = Field(
        default=[], description="Newest of every subject that asks for a response, whenever it began"
    )


class ContaminantsQuery(Query):
    """Which contaminants: part of a name, a formula or a CAS number; without it all."""

    q: str | None = Field(default=None, min_length=1, max_length=80)


class ContaminantNumberOut(Out):
    """A number with where it was read, SI."""

    name: str
    value: float
    units: str
    verified: bool
    sources: list[str]
    note: str


class KdAtPhOut(Out):
    """Distribution coefficient of a metal at a pH."""

    ph: float
    kd_m3_kg: float
    sources: list[str]


class ContaminantOut(Out):
    """A contaminant; ``unknown`` names what is not known of it, ``indicator`` its number in GB/T 14848."""

    id: str
    cas: str
    kind: str
    name: TextOut
    formula: str
    indicator: int | None
    limits_kg_m3: dict[str, float] = Field(description="Limits of classes I to IV of GB/T 14848-2017")
    numbers: list[ContaminantNumberOut]
    kd_by_ph: list[KdAtPhOut]
    unknown: list[str]
    note: TextOut | None


class ContaminantsOut(Out):
    """The library, in the order of its ids."""

    contaminants: list[ContaminantOut]
    sources: dict[str, str] = Field(description="Citation of every source that is named, by id")
    numbers_count: int = Field(description="Numbers of those listed, those at a pH included")
    unverified_count: int = Field(description="Of them: not confirmed by two independent sources")


Point = Annotated[list[float], Field(min_length=2, max_length=2)]


class LeakBody(Body):
    """A leak to be tried: where, what, how much, for how long."""

    x_m: float
    y_m: float
    substance: str = Field(pattern=SUBSTANCE)
    rate_kg_d: float = Field(gt=0, le=1e6)
    days: float = Field(gt=0, le=3650)


class MeasureBody(Body):
    """A measure to be tried, as a row of ``measures`` in ``water.toml``."""

    id: str = Field(pattern=PATTERN_ID)
    kind: Literal["pump", "inject", "barrier", "source_removal", "reactive_zone"]
    line: list[Point] = Field(default=[], max_length=20)
    top_m: float = Field(default=0.0, ge=0, le=200)
    bottom_m: float = Field(default=15.0, gt=0, le=300)
    rate_m3_d: float = Field(default=0.0, ge=0, le=1e5)
    conductivity_m_s: float = Field(default=1e-9, gt=0, le=1)
    thickness_m: float = Field(default=0.8, gt=0, le=100)
    removal_share: float = Field(default=1.0, gt=0, le=1)
    half_life_d: float | None = Field(default=None, gt=0, le=1e6)
    source: str = Field(default="", max_length=40)


class WhatIfBody(Body):
    """What is to be tried: a leak, measures, or both; without measures those of the scene."""

    name: str = Field(default="", max_length=80)
    leak: LeakBody | None = None
    measures: list[MeasureBody] = Field(default=[], max_length=6)


class WhatIfOut(Out):
    """The question is in the queue; its comparison comes as an event ``water`` with ``exercise``."""

    id: str
    ahead: int = Field(description="Questions before it")
