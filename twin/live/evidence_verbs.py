"""Verbs of the desk itself and of the evidence room."""

from __future__ import annotations

import asyncio

from pydantic import Field

from twin.core.actor import Role
from twin.core.errors import ConflictError
from twin.live.desk import DeskArgs, DeskCall, DeskVerb
from twin.live.notary import Notary
from twin.live.verification import EVER_MS, VERIFIED, told, verify_evidence

_MS_MAX = 4_102_444_800_000


class _Nothing(DeskArgs):
    pass


class _Span(DeskArgs):
    from_ms: int | None = Field(default=None, ge=0, le=_MS_MAX)
    to_ms: int | None = Field(default=None, ge=0, le=_MS_MAX)


async def _whoami(call: DeskCall) -> dict[str, object]:
    call.read(_Nothing)
    return {"name": call.actor.name, "role": str(call.actor.role)}


async def _checkpoint(call: DeskCall) -> dict[str, object]:
    call.read(_Nothing)
    made = await call.part(Notary).checkpoint()
    return {"seq": None if made is None else made.seq}


async def _verify(call: DeskCall) -> dict[str, object]:
    span = call.read(_Span)
    notary = call.part(Notary)
    if notary.verifying.locked():
        raise _busy()
    async with notary.verifying:
        report, seconds = await asyncio.to_thread(
            verify_evidence,
            call.settings,
            call.reader,
            notary.public_key,
            now_ms=call.clock.now_ms(),
            from_ms=span.from_ms or 0,
            to_ms=EVER_MS if span.to_ms is None else span.to_ms,
        )
        outcome = told(report, seconds)
        await call.note(VERIFIED, outcome)
    return {"time_ms": call.clock.now_ms(), "actor": call.actor.name, **outcome}


def _busy() -> ConflictError:
    return ConflictError(
        "the evidence is being verified already; wait for that",
        message_zh="正在验证证据，请等待完成",
        field="verb",
    )


VERBS: tuple[DeskVerb, ...] = (
    DeskVerb(name="desk.whoami", role=Role.VIEWER, run=_whoami, changes=False),
    DeskVerb(name="evidence.checkpoint", role=Role.ENGINEER, run=_checkpoint),
    DeskVerb(name="evidence.verify", role=Role.REVIEWER, run=_verify, limit_s=600.0),
)
