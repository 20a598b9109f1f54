"""All versions of one value: who made which, when and why."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from twin.core.observation import Quality
from twin.core.origin import Origin
from web.schemas.base import PATTERN_SERIES, Out, Query, TimeMs, WholeText

INTERVAL_MS_MAX = 366 * 86_400_000


class VersionsQuery(Query):
    """Which value."""

    key: str = Field(pattern=PATTERN_SERIES, description="Series key: <sensor id>/<quantity key>")
    time_ms: TimeMs = Field(alias="t", description="Moment, or start of the mean, ms")
    interval_ms: Annotated[int, WholeText, Field(ge=0, le=INTERVAL_MS_MAX)] = Field(
        default=0, alias="interval", description="Length of the mean, ms; 0: a moment"
    )


class VersionOut(Out):
    """One version. ``actor`` and ``made_ms`` are those of a person; else the instrument sent it."""

    version: int
    value: float | None
    quality: Quality
    mark: str
    checks: int = Field(ge=0, description="Automatic marks and decisions, bit set")
    sent: str = Field(description="Text that the device sent")
    received_ms: int
    frame_seq: int = Field(description="Raw frame that it came with; 0 when it came with none")
    actor: str = Field(description="Who made it; empty for what an instrument sent")
    made_ms: int | None
    reason: str


class VersionsOut(Out):
    """Oldest first."""

    key: str
    si_unit: str
    origin: Origin
    time_ms: int
    interval_ms: int
    versions: list[VersionOut]
