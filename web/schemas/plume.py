"""Plumes and what they were computed from."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from twin.core.origin import Origin
from web.schemas.base import PATTERN_ID, Out, Query, TimeMs


class SourceOut(Out):
    """Estimated emission rate of a unit, with its interval."""

    unit: str
    rate_kg_s: float
    low_kg_s: float
    high_kg_s: float


class PlumeOut(Out):
    """A stored plume frame; the field itself lies behind ``url``."""

    run: str
    k: int
    substance: str
    t: int
    url: str
    bytes: int
    max_kg_m3: float
    origin: Origin
    solver: str
    notes: list[str]
    inputs: list[str]
    sources: list[SourceOut]
    beams: dict[str, Annotated[float, Field(description="Computed path average, kg/m3")]]


class PlumesOut(Out):
    """Stored plume frames, oldest first."""

    plumes: list[PlumeOut]
    truncated: bool


class PlumesQuery(Query):
    """Which plume frames."""

    substance: str | None = Field(default=None, pattern=PATTERN_ID)
    from_ms: TimeMs | None = Field(default=None, alias="from")
    to_ms: TimeMs | None = Field(default=None, alias="to")
