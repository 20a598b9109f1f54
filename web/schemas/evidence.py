"""Acts and evidence."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from web.schemas.base import MS_MAX, Body, Out, Query, WholeText

ACTS_MAX = 500
CHECKPOINTS_MAX = 100
LogName = Literal["frames", "acts", "checkpoints"]


class ActsQuery(Query):
    """Which acts, newest first."""

    before: Annotated[int, WholeText, Field(ge=1, le=2**53)] | None = Field(
        default=None, description="Only acts with a lower seq"
    )
    kind: str | None = Field(
        default=None,
        pattern=r"^[a-z][a-z0-9_.-]{0,63}$",
        description="One kind, or all that begin with it and a dot",
    )
    actor: str | None = Field(default=None, min_length=1, max_length=64)
    limit: Annotated[int, WholeText, Field(ge=1, le=ACTS_MAX)] = 100


class ActOut(Out):
    """One act as it was written; hashes in hexadecimal digits."""

    seq: int
    time_ms: int
    kind: str
    actor: str
    body: dict[str, Any]
    body_sha256: str
    hash: str


class ActsOut(Out):
    """Newest first; ``next_before`` asks for the page after this one."""

    acts: list[ActOut]
    next_before: int | None


class EvidenceQuery(Query):
    """How many of the newest checkpoints."""

    limit: Annotated[int, WholeText, Field(ge=1, le=CHECKPOINTS_MAX)] = 10


class LogHeadOut(Out):
    """One log at a moment: how many records, Merkle root over their links, newest link."""

    size: int
    root: str
    head: str


class CheckpointOut(Out):
    """A signed checkpoint."""

    seq: int
    time_ms: int
    frames: LogHeadOut
    acts: LogHeadOut
    signature: str


class FindingOut(Out):
    """Something that is not as it was when it was signed."""

    kind: str
    log: LogName
    seq: int
    message: str
    message_zh: str


class VerifiedOut(Out):
    """Outcome of a verification."""

    time_ms: int
    actor: str
    good: bool
    frames: int
    acts: int
    checkpoints: int
    copies: int
    took_s: float
    findings: list[FindingOut]


class EvidenceOut(Out):
    """State of the evidence."""

    public_key: str | None
    key_id: str | None
    age_s: float | None = Field(description="Age of the newest checkpoint")
    frames_since: int
    acts_since: int
    copied_seq: int | None = Field(description="Newest checkpoint of the second place")
    checkpoints: list[CheckpointOut]
    verified: VerifiedOut | None


class VerifyBody(Body):
    """Whose contents are recomputed; trees are always whole."""

    from_ms: int | None = Field(default=None, ge=0, le=MS_MAX)
    to_ms: int | None = Field(default=None, ge=0, le=MS_MAX)
