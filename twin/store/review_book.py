"""The review queue as the writer sees it: doubts open, grow and are decided; nothing is deleted."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from twin.core.errors import BadRequestError, ConflictError, NotFoundError
from twin.store.review_schema import REVIEW, REVIEW_STEP
from twin.store.review_state import edition, next_edition

SYSTEM = "system"
# Series, rule and length of the interval: a mean is decided apart from the moments of which it was made.
DoubtKey = tuple[str, str, int]
_R = REVIEW.c


@dataclass(slots=True, kw_only=True)
class Doubt:
    """Values of one series that one rule doubts, in one batch. ``worst`` is the one of largest size."""

    key: str
    rule: str
    origin: str
    interval_ms: int
    received_ms: int
    first_ms: int
    last_ms: int
    count: int
    worst_value: float | None
    detail: Mapping[str, object]

    def add(self, time_ms: int, value: float | None) -> None:
        """One more value."""
        self.first_ms, self.last_ms = min(self.first_ms, time_ms), max(self.last_ms, time_ms)
        self.count += 1
        self.worst_value = larger(self.worst_value, value)


def larger(a: float | None, b: float | None) -> float | None:
    """The one of larger size; None is the smallest."""
    if a is None or b is None:
        return b if a is None else a
    return a if abs(a) >= abs(b) else b


@dataclass(slots=True, kw_only=True)
class _Open:
    seq: int
    first_ms: int
    last_ms: int
    count: int
    worst_value: float | None


class ReviewQueue:
    """Opens and grows reviews. Part of the judge; remembers the open ones between batches."""

    def __init__(self, clock_ms: int, quiet_ms: int) -> None:
        self._clock_ms, self._quiet_ms = clock_ms, quiet_ms
        self._open: dict[DoubtKey, _Open] = {}
        self._rest: dict[DoubtKey, int] = {}
        self._edition = -1
        self._next = 0

    def forget(self) -> None:
        """Read everything again before the next batch."""
        self._edition = -1

    def note(self, connection: sa.Connection, doubts: Sequence[Doubt]) -> None:
        """Take in the doubts of a batch, in order."""
        if not doubts:
            return
        self._refresh(connection)
        grown: list[dict[str, object]] = []
        for doubt in doubts:
            key = (doubt.key, doubt.rule, doubt.interval_ms)
            known = self._open.get(key)
            if known is not None:
                grown.append(_grow(known, doubt))
            elif doubt.last_ms > self._rest.get(key, -(2**62)):
                self._begin(connection, doubt)
        if grown:
            connection.execute(_GROW, grown)

    def _refresh(self, connection: sa.Connection) -> None:
        now = edition(connection)
        if now == self._edition:
            return
        self._open = {
            (r.key, r.rule, r.interval_ms): _Open(
                seq=r.seq, first_ms=r.first_ms, last_ms=r.last_ms, count=r.n, worst_value=r.worst
            )
            for r in connection.execute(sa.select(REVIEW).where(_R.decided_ms.is_(None)))
        }
        names = (_R.key, _R.rule, _R.interval_ms)
        rests = sa.select(*names, sa.func.max(_R.last_ms)).where(_R.decided_ms.is_not(None))
        self._rest = {
            (key, rule, interval_ms): last_ms + self._quiet_ms
            for key, rule, interval_ms, last_ms in connection.execute(rests.group_by(*names))
        }
        self._next = (
            int(connection.execute(sa.select(sa.func.coalesce(sa.func.max(_R.seq), 0))).scalar_one()) + 1
        )
        self._edition = now

    def _begin(self, connection: sa.Connection, doubt: Doubt) -> None:
        seq, self._next = self._next, self._next + 1
        connection.execute(
            REVIEW.insert().values(
                seq=seq,
                key=doubt.key,
                rule=doubt.rule,
                origin=doubt.origin,
                interval_ms=doubt.interval_ms,
                opened_ms=doubt.received_ms,
                due_ms=doubt.received_ms + self._clock_ms,
                first_ms=doubt.first_ms,
                last_ms=doubt.last_ms,
                n=doubt.count,
                worst=doubt.worst_value,
                detail=json.dumps(dict(doubt.detail), sort_keys=True, allow_nan=False),
                decided_ms=None,
                verdict="",
                actor="",
                comment="",
                value=None,
                method="",
            )
        )
        add_step(connection, seq, doubt.received_ms, SYSTEM, "opened", doubt.rule, doubt.worst_value)
        self._open[doubt.key, doubt.rule, doubt.interval_ms] = _Open(
            seq=seq,
            first_ms=doubt.first_ms,
            last_ms=doubt.last_ms,
            count=doubt.count,
            worst_value=doubt.worst_value,
        )


_GROW = (
    REVIEW.update()
    .where(_R.seq == sa.bindparam("b_seq"))
    .values({name: sa.bindparam(f"b_{name}") for name in ("first_ms", "last_ms", "n", "worst")})
)


def _grow(known: _Open, doubt: Doubt) -> dict[str, object]:
    known.first_ms, known.last_ms = min(known.first_ms, doubt.first_ms), max(known.last_ms, doubt.last_ms)
    known.count += doubt.count
    known.worst_value = larger(known.worst_value, doubt.worst_value)
    return {
        "b_seq": known.seq,
        "b_first_ms": known.first_ms,
        "b_last_ms": known.last_ms,
        "b_n": known.count,
        "b_worst": known.worst_value,
    }


def add_step(
    connection: sa.Connection,
    review: int,
    time_ms: int,
    actor: str,
    kind: str,
    text: str,
    value: float | None = None,
) -> None:
    """One more line of a review's history."""
    s = REVIEW_STEP.c
    last = connection.execute(sa.select(sa.func.max(s.n)).where(s.review_seq == review)).scalar()
    connection.execute(
        REVIEW_STEP.insert().values(
            review_seq=review,
            n=(last or 0) + 1,
            time_ms=time_ms,
            actor=actor,
            kind=kind,
            text=text,
            value=value,
        )
    )


def open_review(connection: sa.Connection, seq: int) -> sa.Row[Any]:
    """A review that may still be decided. Raises NotFoundError and ConflictError."""
    row = connection.execute(sa.select(REVIEW).where(_R.seq == seq)).first()
    if row is None:
        raise NotFoundError(
            f"there is no review {seq}", message_zh=f"没有编号为 {seq} 的复核", field="id", value=seq
        )
    if row.decided_ms is not None:
        raise ConflictError(
            f"review {seq} was decided by {row.actor}: {row.verdict}",
            message_zh=f"复核 {seq} 已由 {row.actor} 决定：{row.verdict}",
            field="id",
            value=seq,
        )
    return row


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentReview:
    """Deed: a person's words on an open review; it stays open."""

    review: int
    actor: str
    comment: str

    def apply(self, connection: sa.Connection, now_ms: int) -> None:
        """Write it. Raises NotFoundError, ConflictError and BadRequestError."""
        open_review(connection, self.review)
        _require_words(self.comment)
        add_step(connection, self.review, now_ms, self.actor, "comment", self.comment)


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideReview:
    """Deed: close a review; the versions of its values were written before.

    The result is False, and nothing is written, when the review holds something outside
    ``first_ms``..``last_ms`` (None: whatever it holds): it has grown since its values were decided.
    """

    review: int
    actor: str
    verdict: str
    comment: str
    value: float | None = None
    method: str = ""
    versions: int = 0
    first_ms: int | None = None
    last_ms: int | None = None

    def apply(self, connection: sa.Connection, now_ms: int) -> bool:
        """Write it. Raises NotFoundError, ConflictError and BadRequestError."""
        row = open_review(connection, self.review)
        _require_words(self.comment)
        if self.first_ms is not None and row.first_ms < self.first_ms:
            return False
        if self.last_ms is not None and row.last_ms > self.last_ms:
            return False
        connection.execute(
            REVIEW.update()
            .where(_R.seq == self.review)
            .values(
                decided_ms=now_ms,
                verdict=self.verdict,
                actor=self.actor,
                comment=self.comment,
                value=self.value,
                method=self.method,
            )
        )
        text = f"{self.verdict}: {self.comment}"
        add_step(connection, self.review, now_ms, self.actor, "decided", text, self.versions)
        next_edition(connection)
        return True


def _require_words(comment: str) -> None:
    if not comment.strip():
        raise BadRequestError(
            f"comment is {comment!r}; expected the reason in words",
            message_zh="comment 为空；应写明理由",
            field="comment",
            value=comment,
        )
