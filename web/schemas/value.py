"""One value of one series, as it goes over the wire."""

from __future__ import annotations

from pydantic import Field

from twin.core.observation import Quality
from twin.core.origin import Origin
from web.schemas.base import Out


class ValueOut(Out):
    """Value of a series. Short names, because a screen receives thousands of them."""

    s: str = Field(description="Series key: <sensor id>/<quantity key>")
    t: int = Field(description="Time, milliseconds since 1970-01-01 UTC")
    v: float | None = Field(description="Value in SI units; null where the device sent no number")
    q: Quality
    m: str = Field(description="Data mark set by the device")
    c: int = Field(ge=0, description="Automatic marks, bit set")
    o: Origin
