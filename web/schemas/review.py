"""The review queue."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from twin.core.origin import Origin
from twin.store.reviews import ReviewState
from web.schemas.base import Out, Query, TextOut, WholeText

RuleName = Literal[
    "RATE",
    "FIXED_VALUE",
    "CORRELATION",
    "DUAL_SENSOR",
    "DUPLICATE",
    "OUT_OF_RANGE",
    "NOT_A_NUMBER",
    "UNKNOWN_MARK",
    "UNIT_DOUBTED",
    "TIME_OUT_OF_WINDOW",
    "LINKAGE",
]
Limit = Annotated[int, WholeText, Field(ge=1, le=500)]


class ReviewsQuery(Query):
    """Which reviews."""

    state: ReviewState = ReviewState.OPEN
    key: str = Field(default="", max_length=120, description="Series key; condition/<link> for LINKAGE")
    rule: RuleName | None = None
    limit: Limit = 100


class WindowOut(Out):
    """Span in which the doubted values stand, with some time around them."""

    from_ms: int
    to_ms: int


class DecisionOut(Out):
    """What was decided, by whom, when and why."""

    verdict: Literal["confirm", "reject", "correct"]
    actor: str
    time_ms: int
    comment: str
    value: float | None
    method: str


class ReviewOut(Out):
    """Doubt about values of one series."""

    id: int
    key: str
    rule: RuleName
    text: TextOut
    state: Literal["open", "decided"]
    overdue: bool = Field(description="Open past its hour, or decided after it")
    opened_ms: int
    due_ms: int
    first_ms: int
    last_ms: int
    values: int
    worst: float | None
    si_unit: str
    interval_ms: int
    check: int = Field(description="Bit of Check; 0 for LINKAGE")
    origin: Origin
    detail: dict[str, Any]
    decision: DecisionOut | None
    window: WindowOut


class ReviewsOut(Out):
    """Reviews, newest first. ``open`` and ``overdue`` count the whole queue."""

    now_ms: int
    open: int
    overdue: int
    truncated: bool
    reviews: list[ReviewOut]


class StepOut(Out):
    """One line of a review's history; ``actor`` is ``system`` for what rules did."""

    seq: int
    time_ms: int
    actor: str
    kind: Literal["opened", "comment", "decided"]
    text: str
    value: float | None


class ReviewStepsOut(Out):
    """A review with its history, oldest first."""

    review: ReviewOut
    steps: list[StepOut]


class DecidedOut(Out):
    """What became of it; ``versions``: values that have a new version."""

    id: int
    state: Literal["open", "decided"]
    versions: int
