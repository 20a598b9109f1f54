"""Raw frames with their decoded view."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from twin.core.observation import Quality
from twin.core.origin import Origin
from web.schemas.base import Out, Query, TimeMs, WholeText

FRAMES_MAX = 500
PATTERN_MN = r"^[A-Za-z0-9_-]{1,64}$"
SEQ_MAX = 10**15

FrameStatus = Literal["stored", "quarantined"]


class FramesQuery(Query):
    """Which frames."""

    mn: str | None = Field(default=None, pattern=PATTERN_MN, description="Device; all when absent")
    cn: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_.-]{1,32}$", description="Command number")
    from_ms: TimeMs | None = Field(default=None, alias="from", description="Received at or after, ms")
    to_ms: TimeMs | None = Field(default=None, alias="to", description="Received before, ms")
    fault: str | None = Field(
        default=None, pattern=r"^[A-Za-z0-9_]{1,64}$", description="Kind of fault or reason; `any` for all"
    )
    status: Literal["all", "stored", "quarantined"] = Field(
        default="all", description="Which store; `all` gives the newest of both, without further pages"
    )
    before: Annotated[int, WholeText, Field(ge=1, le=SEQ_MAX)] | None = Field(
        default=None, description="Only frames with a lower number; needs `status`"
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
    status: FrameStatus
    reason: str = Field(description="Why it is quarantined or faulty; empty when nothing is wrong")
    segment: str = Field(description="Data segment; bytes that are not UTF-8 are shown as \\xNN")
    fields: list[FieldOut]
    problems: list[str] = Field(description="Doubts about the frame, found while reading it")


class FramesOut(Out):
    """Newest first."""

    frames: list[FrameOut]
    before: int | None = Field(description="Ask with it for older frames; null when there are none")
    looked_to_ms: int | None = Field(
        description="A rare kind is looked for in 200,000 frames at a time: back to this time of receipt"
    )


class FrameValueOut(Out):
    """A value that a frame wrote. ``value`` is SI; ``sent`` the text that the device sent."""

    key: str
    sent: str
    value: float | None
    si_unit: str
    time_ms: int
    interval_ms: int
    mark: str
    checks: int = Field(ge=0, description="Automatic marks, bit set")
    quality: Quality
    origin: Origin
    version: int
    reason: str


class FrameDetailOut(Out):
    """One frame with its bytes, its header and the values that it wrote."""

    frame: FrameOut
    bytes: int = Field(ge=0)
    hex: str = Field(description="Bytes of the data segment; those of a password are 2a")
    sha256: str = Field(
        description="Empty where a password is hidden: from the hash of all the rest it could be guessed"
    )
    pno: int | None
    body_no: int = Field(ge=0, description="Above 0: another body under an exchange seen before")
    flag: int | None
    pnum: int | None
    kind: Literal["data", "notice", "answer", "request", "other"]
    values: list[FrameValueOut]


class LineErrorOut(Out):
    """How often something was wrong on the lines."""

    kind: str
    count: int
    first_ms: int
    last_ms: int
    last_peer: str
    last_detail: str


class LineErrorsOut(Out):
    """By kind, since the ledger was made."""

    now_ms: int
    errors: list[LineErrorOut]
