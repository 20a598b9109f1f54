"""Water tables."""

from __future__ import annotations

from pydantic import Field

from twin.core.origin import Origin
from web.schemas.base import Out, Query, TimeMs


class WaterTableOut(Out):
    """A stored water table; the grid itself lies behind ``url``."""

    run: str
    k: int
    t: int
    url: str
    origin: Origin
    loo_rmse_m: float | None


class WaterTablesOut(Out):
    """Stored water tables, oldest first."""

    watertables: list[WaterTableOut]
    truncated: bool


class WaterTablesQuery(Query):
    """Which water tables."""

    from_ms: TimeMs | None = Field(default=None, alias="from")
    to_ms: TimeMs | None = Field(default=None, alias="to")
