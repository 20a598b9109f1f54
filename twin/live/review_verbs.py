"""Verbs of the review queue: what people decide about doubted values."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from twin.core.actor import Role
from twin.core.errors import BadRequestError, ConflictError, UnitError
from twin.core.observation import Check
from twin.core.quantity import quantity
from twin.core.units import to_si, unit
from twin.live.conditions import CONDITION_PREFIX
from twin.live.desk import DeskArgs, DeskCall, DeskVerb
from twin.store.corrections import Correct, CorrectSlice
from twin.store.review_book import CommentReview, DecideReview
from twin.store.reviews import ReviewRow, review
from twin.store.rows import Curve

# Versions of one transaction, and the values among which they lie: live frames do not wait longer.
_AT_ONCE = 1_000
_AMONG = 5_000
# How much of a series is looked through at once.
_STRETCH_MS = 7 * 86_400_000
_VALUES_MAX = 2**31
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
    versions, closed = 0, False
    while not closed:  # a review that has grown meanwhile has a few values more
        versions += await _write_versions(call, args, row, number_si)
        deed = DecideReview(
            review=row.id,
            actor=call.actor.name,
            verdict=args.verdict,
            comment=args.comment,
            value=number_si,
            method=args.method,
            versions=versions,
            first_ms=row.first_ms,
            last_ms=row.last_ms,
        )
        closed = bool(await call.sink.perform(deed))
        row = await asyncio.to_thread(review, call.reader, args.id)
    return {"id": row.id, "state": "decided", "versions": versions}


async def _write_versions(call: DeskCall, args: DecideArgs, row: ReviewRow, number_si: float | None) -> int:
    """One version for every doubted value that has none of a decision yet, slice by slice."""
    if row.key.startswith(CONDITION_PREFIX):
        return 0
    doubt = Check[row.rule]
    order = Correct(
        series_key=row.key,
        time_ms=row.first_ms,
        interval_ms=row.interval_ms,
        actor=call.actor.name,
        reason=f"review {row.id}: {args.comment}" + (f" ({args.method})" if args.method else ""),
        value=number_si,
        decision=_DECISIONS[args.verdict],
    )
    versions = 0
    for from_ms in range(row.first_ms, row.last_ms + 1, _STRETCH_MS):
        to_ms = min(from_ms + _STRETCH_MS, row.last_ms + 1)
        curve = await asyncio.to_thread(
            call.reader.curve, row.key, from_ms, to_ms, _VALUES_MAX, interval_ms=row.interval_ms
        )
        for times_ms in _slices(curve, int(doubt)):
            slice_ = CorrectSlice(order=order, times_ms=times_ms, doubt=doubt)
            written = await call.sink.perform(slice_)
            versions += written if isinstance(written, int) else 0
    return versions


def _slices(curve: Curve, bit: int) -> Iterator[list[int]]:
    """Times of doubted values, so many at once that one transaction stays short."""
    times_ms: list[int] = []
    began = 0
    for number, (time_ms, checks) in enumerate(zip(curve.time_ms, curve.checks, strict=True)):
        if not checks & bit or checks & _DECIDED:
            continue
        if times_ms and (len(times_ms) >= _AT_ONCE or number - began >= _AMONG):
            yield times_ms
            times_ms = []
        if not times_ms:
            began = number
        times_ms.append(time_ms)
    if times_ms:
        yield times_ms


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


def _bad(value: object, field: str, expected: str, expected_zh: str) -> BadRequestError:
    return BadRequestError(
        f"{field} is {value!r}; expected {expected}",
        message_zh=f"{field} 为 {value!r}；应为{expected_zh}",
        field=field,
        value=value,
    )


VERBS: tuple[DeskVerb, ...] = (DeskVerb(name="review.decide", role=Role.REVIEWER, run=decide, limit_s=300.0),)
