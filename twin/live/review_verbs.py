"""Verbs of the review queue: what people decide about doubted values."""

from __future__ import annotations

import asyncio
from typing import Literal

from pydantic import Field

from twin.core.actor import Role
from twin.core.errors import BadRequestError, ConflictError, UnitError
from twin.core.observation import Check
from twin.core.quantity import quantity
from twin.core.units import to_si, unit
from twin.live.conditions import CONDITION_PREFIX
from twin.live.desk import DeskArgs, DeskCall, DeskVerb
from twin.store.corrections import Correct
from twin.store.review_book import CommentReview, DecideReview
from twin.store.reviews import CorrectMany, ReviewRow, review

# Versions of one transaction: live frames do not wait longer than for this.
_AT_ONCE = 50
_VALUES_MAX = 20_000
_DECISIONS = {"confirm": Check.CONFIRMED, "reject": Check.REJECTED, "correct": Check.NONE}
_DECIDED = int(Check.CONFIRMED | Check.REJECTED)


class DecideArgs(DeskArgs):
    """``review.decide``. ``value``, ``unit`` and ``method`` belong to ``correct``."""

    id: int = Field(ge=1)
    verdict: Literal["confirm", "reject", "correct", "comment"]
    comment: str = Field(min_length=1, max_length=1000)
    value: float | None = None
    unit: str = Field(default="", max_length=20)
    method: str = Field(default="", max_length=200)


async def decide(call: DeskCall) -> dict[str, object]:
    """Decide about a doubt, or say something about it.

    The values keep their versions: confirmed and rejected ones get a version with that mark, corrected
    ones a version with the given number, entered by hand. The versions come first; should the process
    end in between, the review is still open and the decision can be made again.
    """
    args = call.read(DecideArgs)
    row = await asyncio.to_thread(review, call.reader, args.id)
    if row.decided_ms is not None:
        raise ConflictError(
            f"review {row.id} was decided by {row.actor}: {row.verdict}",
            message_zh=f"复核 {row.id} 已由 {row.actor} 决定：{row.verdict}",
            field="id",
            value=row.id,
        )
    number_si = _number(args, row)
    if args.verdict == "comment":
        await call.sink.perform(CommentReview(review=row.id, actor=call.actor.name, comment=args.comment))
        return {"id": row.id, "state": "open", "versions": 0}
    orders = await asyncio.to_thread(_orders, call, args, row, number_si)
    for start in range(0, len(orders), _AT_ONCE):
        await call.sink.perform(CorrectMany(orders=orders[start : start + _AT_ONCE]))
    await call.sink.perform(
        DecideReview(
            review=row.id,
            actor=call.actor.name,
            verdict=args.verdict,
            comment=args.comment,
            value=number_si,
            method=args.method,
            versions=len(orders),
        )
    )
    return {"id": row.id, "state": "decided", "versions": len(orders)}


def _number(args: DecideArgs, row: ReviewRow) -> float | None:
    """The corrected number in SI. Raises BadRequestError where it is missing or out of place."""
    if args.verdict != "correct":
        for field, given in (("value", args.value), ("unit", args.unit), ("method", args.method)):
            if given not in (None, ""):
                raise _bad(given, field, "nothing unless the verdict is correct", "仅在更正时给出")
        return None
    if row.key.startswith(CONDITION_PREFIX):
        raise _bad(args.verdict, "verdict", "confirm, reject or comment", "confirm、reject 或 comment")
    if args.value is None:
        raise _bad(args.value, "value", "the corrected number", "更正后的数值")
    if not args.method.strip():
        raise _bad(args.method, "method", "how the number was found", "数值的来历（方法）")
    si_unit = quantity(row.key.partition("/")[2]).si_unit
    if unit(args.unit).dimension != unit(si_unit).dimension:
        raise UnitError(
            f"unit is {args.unit!r}; expected a unit of {si_unit}",
            message_zh=f"单位为 {args.unit!r}；应可换算为 {si_unit}",
            field="unit",
            value=args.unit,
        )
    return to_si(args.value, args.unit)


def _orders(call: DeskCall, args: DecideArgs, row: ReviewRow, number_si: float | None) -> tuple[Correct, ...]:
    """One version for every doubted value that has none of this decision yet."""
    if row.key.startswith(CONDITION_PREFIX):
        return ()
    bit = int(Check[row.rule])
    decision = _DECISIONS[args.verdict]
    found = call.reader.series(
        row.key, row.first_ms, row.last_ms + 1, _VALUES_MAX + 1, interval_ms=row.interval_ms
    )
    doubted = [value for value in found if int(value.checks) & bit and not int(value.checks) & _DECIDED]
    if len(found) > _VALUES_MAX:
        raise _bad(
            row.id, "id", f"a review of at most {_VALUES_MAX} values", f"不超过 {_VALUES_MAX} 个值的复核"
        )
    reason = f"review {row.id}: {args.comment}" + (f" ({args.method})" if args.method else "")
    return tuple(
        Correct(
            series_key=row.key,
            time_ms=value.time_ms,
            interval_ms=value.interval_ms,
            actor=call.actor.name,
            reason=reason,
            value=number_si,
            decision=decision,
        )
        for value in doubted
    )


def _bad(value: object, field: str, expected: str, expected_zh: str) -> BadRequestError:
    return BadRequestError(
        f"{field} is {value!r}; expected {expected}",
        message_zh=f"{field} 为 {value!r}；应为{expected_zh}",
        field=field,
        value=value,
    )


VERBS: tuple[DeskVerb, ...] = (DeskVerb(name="review.decide", role=Role.REVIEWER, run=decide, limit_s=300.0),)
