"""Reading the review queue."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from twin.core.errors import NotFoundError
from twin.store.reading import Reader
from twin.store.review_schema import REVIEW, REVIEW_STEP
from twin.store.review_state import rule_book

_R = REVIEW.c


class ReviewState(StrEnum):
    """Which reviews are asked for."""

    OPEN = "open"
    OVERDUE = "overdue"
    DECIDED = "decided"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRow:
    """A doubt about values of one series by one rule. ``decided_ms`` None: open."""

    id: int
    key: str
    rule: str
    origin: str
    interval_ms: int
    opened_ms: int
    due_ms: int
    first_ms: int
    last_ms: int
    count: int
    worst_value: float | None
    detail: dict[str, Any]
    decided_ms: int | None
    verdict: str
    actor: str
    comment: str
    value: float | None
    method: str

    def overdue(self, now_ms: int) -> bool:
        """Whether it is open past its hour, or was decided after it."""
        return (now_ms if self.decided_ms is None else self.decided_ms) > self.due_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewStep:
    """One line of a review's history. ``actor`` is ``system`` for what rules did."""

    number: int
    time_ms: int
    actor: str
    kind: str
    text: str
    value: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewQuestion:
    """Filters; empty texts ask for all."""

    state: ReviewState = ReviewState.OPEN
    key: str = ""
    rule: str = ""
    limit: int = 100


def reviews(reader: Reader, question: ReviewQuestion, now_ms: int) -> tuple[ReviewRow, ...]:
    """Reviews, newest first, at most ``limit``."""
    asked = sa.select(REVIEW).order_by(_R.seq.desc()).limit(question.limit)
    if question.state is ReviewState.DECIDED:
        asked = asked.where(_R.decided_ms.is_not(None))
    elif question.state is not ReviewState.ALL:
        asked = asked.where(_R.decided_ms.is_(None))
    if question.state is ReviewState.OVERDUE:
        asked = asked.where(_R.due_ms < now_ms)
    if question.key:
        asked = asked.where(_R.key == question.key)
    if question.rule:
        asked = asked.where(_R.rule == question.rule)
    with reader.snapshot() as connection:
        return tuple(_row(r) for r in connection.execute(asked))


def review(reader: Reader, review_id: int) -> ReviewRow:
    """One review. Raises NotFoundError."""
    with reader.snapshot() as connection:
        found = connection.execute(sa.select(REVIEW).where(_R.seq == review_id)).first()
    if found is None:
        raise NotFoundError(
            f"there is no review {review_id}",
            message_zh=f"没有编号为 {review_id} 的复核",
            field="id",
            value=review_id,
        )
    return _row(found)


def review_steps(reader: Reader, review_id: int) -> tuple[ReviewStep, ...]:
    """History of a review, oldest first."""
    s = REVIEW_STEP.c
    asked = sa.select(REVIEW_STEP).where(s.review_seq == review_id).order_by(s.n)
    with reader.snapshot() as connection:
        return tuple(
            ReviewStep(number=r.n, time_ms=r.time_ms, actor=r.actor, kind=r.kind, text=r.text, value=r.value)
            for r in connection.execute(asked)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewCounts:
    """How the queue stands; ``opened`` and ``decided`` within a span, ``late`` decided after the hour."""

    open: int
    overdue: int
    opened: int
    decided: int
    late: int


def review_counts(reader: Reader, now_ms: int, from_ms: int = 0, to_ms: int = 2**62) -> ReviewCounts:
    """Counts over the whole queue and over what was opened in a span."""
    still = _R.decided_ms.is_(None)
    inside = (_R.opened_ms >= from_ms) & (_R.opened_ms < to_ms)
    done = inside & _R.decided_ms.is_not(None)
    conditions = (still, still & (_R.due_ms < now_ms), inside, done, done & (_R.decided_ms > _R.due_ms))
    columns = [sa.func.coalesce(sa.func.sum(sa.case((c, 1), else_=0)), 0) for c in conditions]
    with reader.snapshot() as connection:
        row = connection.execute(sa.select(*columns)).one()
    return ReviewCounts(open=row[0], overdue=row[1], opened=row[2], decided=row[3], late=row[4])


def rules_of(reader: Reader) -> dict[str, Any]:
    """The rules in force as ingest wrote them; empty before its first start."""
    with reader.snapshot() as connection:
        return rule_book(connection)


def _row(r: sa.Row[Any]) -> ReviewRow:
    return ReviewRow(
        id=r.seq,
        key=r.key,
        rule=r.rule,
        origin=r.origin,
        interval_ms=r.interval_ms,
        opened_ms=r.opened_ms,
        due_ms=r.due_ms,
        first_ms=r.first_ms,
        last_ms=r.last_ms,
        count=r.n,
        worst_value=r.worst,
        detail=json.loads(r.detail),
        decided_ms=r.decided_ms,
        verdict=r.verdict,
        actor=r.actor,
        comment=r.comment,
        value=r.value,
        method=r.method,
    )
