"""What the now-cast knows beside its plumes: predicted beams, maps of the ground, forecasts, trends."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from twin.core.observation import Quality
from twin.core.origin import Origin
from web.schemas.base import PATTERN_ID, Out, Query, TextOut, TimeMs, WholeText


class LimitOut(Out):
    """Range of an input in which a solver was shown to hold."""

    quantity: str
    units: str
    low: float | None
    high: float | None
    why: TextOut


class FieldOut(Out):
    """A declared quantity of a solver."""

    units: str
    dims: list[str]


class SolverOut(Out):
    """A row of the table of air solvers."""

    name: str
    version: str
    active: bool
    needs: dict[str, FieldOut]
    makes: dict[str, FieldOut]
    limits: list[LimitOut]


class SolversOut(Out):
    """The table of air solvers."""

    solvers: list[SolverOut]


class BandOut(Out):
    """A quantity with its 90 % band (P05, median, P95)."""

    low: float
    median: float
    high: float


class RateOut(Out):
    """Emission of a unit: shown rate and 95 % interval; ``high_kg_s`` null when no beam could see it."""

    unit: str
    rate_kg_s: float
    low_kg_s: float
    high_kg_s: float | None
    probability: float = Field(description="Share of the ensemble in which the unit emits")


class BeamOut(Out):
    """A beam: what the model says of the last block, and what was measured in it.

    ``ahead`` is what was predicted for the block from readings before it.
    """

    sensor: str
    predicted: BandOut
    ahead: BandOut | None
    measured: float | None
    measured_t: int | None
    age_s: float | None
    quality: Quality


class GridOut(Out):
    """Cells of a map: centres at x_min_m + (i + 0.5) * dx_m, row 0 = south."""

    x_min_m: float
    y_min_m: float
    dx_m: float
    dy_m: float
    nx: int
    ny: int


class AreaOut(Out):
    """Ground above a level."""

    level: int
    name: TextOut
    conc_kg_m3: float
    area_m2: float
    reach_m: float


class SpreadOut(Out):
    """How far a cloud has spread; ``towards_deg`` clockwise from true north, null while it is nowhere."""

    max_kg_m3: float
    mass_kg_m: float = Field(description="Integral of the ground map over the area, kg per metre of height")
    x_m: float | None
    y_m: float | None
    towards_deg: float | None
    speed_m_s: float | None
    areas: list[AreaOut]


class NowCastOut(Out):
    """State of the air of one substance at one moment."""

    run: str
    k: int
    substance: str
    t: int
    url: str
    bytes: int
    origin: Origin
    solver: str
    notes: list[str]
    inputs: list[str]
    broken: list[str] = Field(description="Limits of validity that were broken")
    background: BandOut
    rates: list[RateOut]
    beams: list[BeamOut]
    spread: SpreadOut
    grid: GridOut | None
    bands: list[str]


class NowCastsOut(Out):
    """Now-casts, oldest first."""

    nowcasts: list[NowCastOut]
    truncated: bool


class AirQuery(Query):
    """Which substance and span; without ``from`` and ``to`` the newest of every substance."""

    substance: str | None = Field(default=None, pattern=PATTERN_ID)
    from_ms: TimeMs | None = Field(default=None, alias="from")
    to_ms: TimeMs | None = Field(default=None, alias="to")


class PredictedQuery(AirQuery):
    """Which beams; without ``sensor`` all of them."""

    substance: str = Field(pattern=PATTERN_ID)
    sensor: str | None = Field(default=None, pattern=PATTERN_ID)


class ResidualsOut(Out):
    """Predicted against measured: what was predicted ahead of the readings, where both exist.

    ``bias_kg_m3`` predicted minus measured; ``fac2`` share within a factor of two (of pairs in which either
    is above ``floor_kg_m3``); ``coverage`` share of readings inside the 90 % band.
    """

    n: int
    bias_kg_m3: float | None
    fac2: float | None
    coverage: float | None
    floor_kg_m3: float


class PredictedBeamOut(Out):
    """One beam as columns, oldest first."""

    sensor: str
    t: list[int]
    median: list[float]
    low: list[float]
    high: list[float]
    measured: list[float | None]
    quality: list[Quality]
    residuals: ResidualsOut


class PredictedOut(Out):
    """Predicted and measured beams of one substance."""

    substance: str
    origin: Origin | None
    beams: list[PredictedBeamOut]
    residuals: ResidualsOut
    truncated: bool


class ArrivalOut(Out):
    """When a place is reached: first lead at which its level is more likely exceeded than not."""

    place: str
    name: TextOut
    kind: Literal["settlement", "fence"]
    level: int
    lead_s: int | None
    probability: float = Field(description="Largest probability over the leads")


class LeadBeamOut(Out):
    """A beam at a lead."""

    sensor: str
    lead_s: int
    value: BandOut


class LeadOut(Out):
    """The cloud at a lead: median of what the ensemble says."""

    lead_s: int
    max_kg_m3: float
    areas: list[AreaOut]


class ForecastOut(Out):
    """What may come in the next hours. ``bands`` name the layers of the map as ``<lead_s>:<level>``."""

    run: str
    k: int
    substance: str
    t: int
    url: str
    bytes: int
    origin: Origin
    solver: str
    forecast: Literal[True]
    notes: list[str]
    inputs: list[str]
    wind: str
    rates: str
    members: int
    leads: list[LeadOut]
    beams: list[LeadBeamOut]
    arrivals: list[ArrivalOut]
    grid: GridOut | None
    bands: list[str]


class ForecastsOut(Out):
    """Forecasts, oldest first."""

    forecasts: list[ForecastOut]
    truncated: bool


class MapOut(Out):
    """A stored map of the ground."""

    run: str
    k: int
    kind: Literal["nowcast", "forecast"]
    substance: str
    t: int
    url: str
    bytes: int
    origin: Origin
    grid: GridOut
    bands: list[str]


class MapsOut(Out):
    """Stored maps of the ground, oldest first."""

    maps: list[MapOut]
    truncated: bool


class TrendOut(Out):
    """How a cloud spreads, as columns, oldest first; ``areas`` per level of the newest row."""

    substance: str
    t: list[int]
    max_kg_m3: list[float]
    x_m: list[float | None]
    y_m: list[float | None]
    towards_deg: list[float | None]
    speed_m_s: list[float | None]
    levels: list[AreaOut]
    area_m2: list[list[float]]
    reach_m: list[list[float]]
    arrivals: list[ArrivalOut]
    truncated: bool


class TrendQuery(AirQuery):
    """Which cloud."""

    substance: str = Field(pattern=PATTERN_ID)


class RoseQuery(Query):
    """Which wind; without ``station`` all weather sets together."""

    station: str | None = Field(default=None, pattern=PATTERN_ID)
    from_ms: TimeMs | None = Field(default=None, alias="from")
    to_ms: TimeMs | None = Field(default=None, alias="to")
    sectors: Annotated[int, WholeText, Field(ge=4, le=36, description="Number of sectors")] = 16


class RoseOut(Out):
    """Wind rose: share of all minutes by sector (first is north, clockwise, FROM) and class of speed.

    ``speeds_m_s`` are the lower bounds of the classes; ``calm`` the share under 0.3 m/s.
    """

    stations: list[str]
    from_ms: int
    to_ms: int
    n: int
    sectors: int
    speeds_m_s: list[float]
    share: list[list[float]]
    mean_m_s: list[float | None]
    calm: float
    origin: Origin | None


class CurveStep(StrEnum):
    """Means of which length."""

    MINUTE = "minute"
    HOUR = "hour"


class CurvesQuery(AirQuery):
    """Which gas."""

    substance: str = Field(pattern=PATTERN_ID)
    step: CurveStep = CurveStep.MINUTE


class CurvesOut(Out):
    """Concentration of one gas over the park: mean of all beams, largest beam and which it is."""

    substance: str
    step: CurveStep
    t: list[int]
    mean: list[float]
    largest: list[float]
    sensor: list[str]
    n: list[int]
    origin: Origin | None
