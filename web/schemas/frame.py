"""Raw frames with their decoded view."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from web.schemas.base import Out, Query, WholeText

FRAMES_MAX = 500
PATTERN_MN = r"^[A-Za-z0-9_-]{1,64}$"


class FramesQuery(Query):
    """Which frames."""

    mn: str | None = Field(
        default=None, pattern=r"^[A-Za-z0-9_-]{1,64}$", description="Device; all when absent"
    )
    limit: Annotated[int, WholeText, Field(ge=1, le=FRAMES_MAX)] = 50


class FieldOut(Out):
    """One pair inside CP, as it was sent."""

    key: str
    text: str


class FrameOut(Out):
    """One frame as it arrived and what it means."""

    seq: int
    received_ms: int
    peer: str
    mn: str
    st: str
    cn: str
    qn: str
    status: Literal["stored", "quarantined"]
    reason: str = Field(description="Why it is quarantined or faulty; empty when nothing is wrong")
    segment: str = Field(description="Data segment; bytes that are not UTF-8 are shown as \\xNN")
    fields: list[FieldOut]
    problems: list[str] = Field(description="Doubts about the frame, found while reading it")


class FramesOut(Out):
    """Newest first."""

    frames: list[FrameOut]
