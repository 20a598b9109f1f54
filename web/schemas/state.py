"""The state of the twin at one moment."""

from __future__ import annotations

from pydantic import Field

from web.schemas.base import Out, Query, TimeMs
from web.schemas.device import DeviceOut
from web.schemas.plume import PlumeOut
from web.schemas.value import ValueOut
from web.schemas.watertable import WaterTableOut


class SpanOut(Out):
    """What the ledger holds, oldest to newest; null while it is empty."""

    from_ms: int | None
    to_ms: int | None


class StateOut(Out):
    """Newest of everything, now or at a moment of the stored past."""

    cursor: str = Field(description="<ledger seq>.<result seq>")
    at: int | None
    now_ms: int
    data_ms: int | None = Field(description="Time of the newest observation")
    values: list[ValueOut]
    devices: list[DeviceOut]
    plumes: list[PlumeOut]
    watertable: WaterTableOut | None
    span: SpanOut


class StateQuery(Query):
    """Which moment."""

    at: TimeMs | None = Field(default=None, description="Moment of the stored past; now when absent")
