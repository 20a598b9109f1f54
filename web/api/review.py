"""The review queue: doubted values, their history, and decisions."""

from __future__ import annotations

from typing import Literal, cast

from apiflask import APIBlueprint
from pydantic import Field

from twin.core.errors import UnitError
from twin.core.observation import Check
from twin.core.origin import Origin
from twin.core.quantity import quantity
from twin.store.reviews import (
    ReviewQuestion,
    ReviewRow,
    review,
    review_counts,
    review_steps,
    reviews,
)
from web.desk import forward_as, receive
from web.reply import Operation, serve
from web.schemas.base import Body, TextOut
from web.schemas.review import (
    DecidedOut,
    DecisionOut,
    ReviewOut,
    ReviewsOut,
    ReviewsQuery,
    ReviewStepsOut,
    RuleName,
    StepOut,
    WindowOut,
)
from web.services import services

review_queue = APIBlueprint("review", __name__, url_prefix="/api/v1", tag="Review")
_AROUND_MS = 1_800_000
_LINKAGE = "LINKAGE"
_TEXTS = {
    "RATE": ("变化率超限", "Changes faster than plausible"),
    "FIXED_VALUE": ("固定值", "Always the same value"),
    "CORRELATION": ("相关性异常", "No longer goes with its partner"),
    "DUAL_SENSOR": ("双传感器偏差大于限值", "Two sensors disagree"),
    "DUPLICATE": ("同一时刻重复且数值不同", "Another number for the same moment"),
    "OUT_OF_RANGE": ("超出合理范围", "Outside the plausible range"),
    "NOT_A_NUMBER": ("不是数值", "Not a number"),
    "UNKNOWN_MARK": ("数据标记未知", "Unknown data mark"),
    "UNIT_DOUBTED": ("单位存疑", "The unit is doubted"),
    "TIME_OUT_OF_WINDOW": ("时间戳不可信", "The time stamp cannot be believed"),
    _LINKAGE: ("生产运行而治理设施未运行", "Production runs, treatment does not"),
}


class DecideBody(Body):
    """A decision. ``value``, ``unit`` and ``method`` belong to ``correct``."""

    verdict: Literal["confirm", "reject", "correct", "comment"]
    comment: str = Field(min_length=1, max_length=1000)
    value: float | None = None
    unit: str = Field(default="", max_length=20)
    method: str = Field(default="", max_length=200)


def get_reviews(query: ReviewsQuery) -> ReviewsOut:
    """Doubted values waiting for people, or decided."""
    own = services()
    now_ms = own.clock.now_ms()
    asked = ReviewQuestion(state=query.state, key=query.key, rule=query.rule or "", limit=query.limit + 1)
    found = reviews(own.ledger, asked, now_ms)
    counts = review_counts(own.ledger, now_ms)
    return ReviewsOut(
        now_ms=now_ms,
        open=counts.open,
        overdue=counts.overdue,
        truncated=len(found) > query.limit,
        reviews=[review_out(row, now_ms) for row in found[: query.limit]],
    )


def get_review(review_id: int) -> ReviewStepsOut:
    """One review with its history."""
    own = services()
    row = review(own.ledger, review_id)
    steps = [
        StepOut(
            seq=step.number,
            time_ms=step.time_ms,
            actor=step.actor,
            kind=step.kind,  # type: ignore[arg-type]
            text=step.text,
            value=step.value,
        )
        for step in review_steps(own.ledger, review_id)
    ]
    return ReviewStepsOut(review=review_out(row, own.clock.now_ms()), steps=steps)


def post_decision(review_id: int, body: DecideBody) -> DecidedOut:
    """Confirm, reject or correct the doubted values, or comment; role reviewer."""
    told = {name: value for name, value in body.model_dump().items() if value not in (None, "")}
    return forward_as(DecidedOut, "review.decide", {"id": review_id, **told})


def review_out(row: ReviewRow, now_ms: int) -> ReviewOut:
    """A review as on the wire."""
    zh, en = _TEXTS[row.rule]
    decision = None
    if row.decided_ms is not None:
        decision = DecisionOut(
            verdict=row.verdict,  # type: ignore[arg-type]
            actor=row.actor,
            time_ms=row.decided_ms,
            comment=row.comment,
            value=row.value,
            method=row.method,
        )
    return ReviewOut(
        id=row.id,
        key=row.key,
        rule=cast("RuleName", row.rule),
        text=TextOut(zh=zh, en=en),
        state="open" if decision is None else "decided",
        overdue=row.overdue(now_ms),
        opened_ms=row.opened_ms,
        due_ms=row.due_ms,
        first_ms=row.first_ms,
        last_ms=row.last_ms,
        values=row.count,
        worst=row.worst_value,
        si_unit=_si_unit(row.key),
        interval_ms=row.interval_ms,
        check=0 if row.rule == _LINKAGE else int(Check[row.rule]),
        origin=Origin(row.origin),
        detail=row.detail,
        decision=decision,
        window=WindowOut(from_ms=max(0, row.first_ms - _AROUND_MS), to_ms=row.last_ms + _AROUND_MS),
    )


def _si_unit(key: str) -> str:
    try:
        return quantity(key.partition("/")[2]).si_unit
    except UnitError:
        return ""  # a working condition has no unit


serve(review_queue, "/reviews", get_reviews, Operation(gives=ReviewsOut, reads=ReviewsQuery, errors=(503,)))
serve(
    review_queue,
    "/reviews/<int:review_id>",
    get_review,
    Operation(gives=ReviewStepsOut, errors=(404, 503)),
)
receive(
    review_queue,
    "/reviews/<int:review_id>/decide",
    post_decision,
    Operation(gives=DecidedOut, errors=(404,)),
    takes=DecideBody,
)
