"""Verbs of the exchange with stations and platforms."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sensors.hj212.commands import COMMAND_ROWS
from twin.core.actor import Role
from twin.core.errors import NotAllowedError
from twin.core.origin import Origin
from twin.live.desk import DeskArgs, DeskCall, DeskVerb
from twin.live.exchange import Commander, Order
from twin.live.forward import Forwarding
from twin.store.forwards import PauseForward

_OriginText = Literal["measured", "simulated", "exercise", "modelled"]


class SendArgs(DeskArgs):
    """``command.send``: a command to a device; ``origin`` says which kind of device is meant."""

    mn: str = Field(min_length=1, max_length=40)
    cn: str = Field(pattern=r"^[0-9]{4}$")
    args: dict[str, int | str] = Field(default_factory=dict, max_length=8)
    origin: _OriginText = "measured"


class NumberArgs(DeskArgs):
    """``command.cancel``: which exchange."""

    seq: int = Field(ge=1)


class TargetArgs(DeskArgs):
    """``forward.pause`` and ``forward.resume``: which target, and why."""

    name: str = Field(min_length=1, max_length=40)
    comment: str = Field(min_length=1, max_length=500)


async def send(call: DeskCall) -> dict[str, object]:
    """Queue a command; it is on its way when this returns, its end stands in the exchange's row."""
    args = call.read(SendArgs)
    row = COMMAND_ROWS.get(args.cn)
    if row is not None and not call.actor.role.may(Role(row.role)):
        raise NotAllowedError(
            f"command {args.cn} needs the role {row.role}; {call.actor.name} is {call.actor.role}",
            message_zh=f"命令 {args.cn} 需要角色 {row.role}；{call.actor.name} 为 {call.actor.role}",
            field="cn",
            value=args.cn,
        )
    order = Order(
        mn=args.mn,
        cn=args.cn,
        args=args.args,
        actor=call.actor.name,
        origin=Origin(args.origin),
    )
    seq = await call.part(Commander).send(order)
    return {"seq": seq, "outcome": "queued"}


async def cancel(call: DeskCall) -> dict[str, object]:
    """Give up an exchange; what was sent cannot be called back."""
    args = call.read(NumberArgs)
    outcome = call.part(Commander).cancel(args.seq, call.actor.name)
    return {"seq": args.seq, "outcome": outcome.value}


async def list_open(call: DeskCall) -> dict[str, object]:
    """Exchanges that this process has under way."""
    return {"open": [list(row) for row in call.part(Commander).under_way()]}


async def pause(call: DeskCall) -> dict[str, object]:
    """Stop passing on to a target; its cursor stays."""
    return await _pause(call, paused=True)


async def resume(call: DeskCall) -> dict[str, object]:
    """Go on passing on to a target."""
    return await _pause(call, paused=False)


async def _pause(call: DeskCall, *, paused: bool) -> dict[str, object]:
    args = call.read(TargetArgs)
    deed = PauseForward(target=args.name, paused=paused, actor=call.actor.name, comment=args.comment)
    await call.sink.perform(deed)
    forwarder = call.part(Forwarding).forwarders.get(args.name)
    if forwarder is not None:
        forwarder.pause(paused)
    return {"name": args.name, "paused": paused}


VERBS: tuple[DeskVerb, ...] = (
    # New passwords and keys stand in ``args``: nothing of it goes into the book from here. The
    # command's own act has the arguments without them.
    DeskVerb(
        name="command.send",
        role=Role.OPERATOR,
        run=send,
        secret=frozenset({"args"}),
        open=frozenset({"mn", "cn", "origin"}),
    ),
    DeskVerb(name="command.cancel", role=Role.OPERATOR, run=cancel),
    DeskVerb(name="command.list", role=Role.VIEWER, run=list_open, changes=False),
    DeskVerb(name="forward.pause", role=Role.ENGINEER, run=pause),
    DeskVerb(name="forward.resume", role=Role.ENGINEER, run=resume),
)
