"""Verbs of the desk itself and of the evidence room."""

from __future__ import annotations

from twin.core.actor import Role
from twin.live.desk import DeskArgs, DeskCall, DeskVerb


class _Nothing(DeskArgs):
    pass


async def _whoami(call: DeskCall) -> dict[str, object]:
    call.read(_Nothing)
    return {"name": call.actor.name, "role": str(call.actor.role)}


VERBS: tuple[DeskVerb, ...] = (DeskVerb(name="desk.whoami", role=Role.VIEWER, run=_whoami, changes=False),)
