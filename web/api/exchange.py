"""Commands to stations and what became of them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from apiflask import APIBlueprint

from sensors.hj212.commands import COMMAND_ROWS, Argument, CommandRow
from twin.core.device import Edition
from twin.core.errors import NotFoundError
from twin.core.text import Text
from twin.store.exchanges import ExchangeReader, ExchangeRow
from twin.store.snapshots import EDITIONS, snapshot_of
from web.desk import forward_as, receive
from web.reply import Operation, serve
from web.schemas.base import TextOut
from web.schemas.exchange import (
    ArgumentOut,
    CommandOut,
    CommandsOut,
    CommandsQuery,
    ExchangeDetailOut,
    ExchangeOut,
    ExchangesOut,
    ExchangesQuery,
    ExchangeStepOut,
    SendIn,
    SentOut,
)
from web.services import services

exchange = APIBlueprint("exchange", __name__, url_prefix="/api/v1", tag="Exchange")
_NUMBER = re.compile(r"[0-9]{1,15}", re.ASCII)
_UNKNOWN = Text(zh="未知命令", en="Unknown command")


def get_commands(query: CommandsQuery) -> CommandsOut:
    """Commands that may be sent to a device, or all that any edition knows."""
    rows = list(COMMAND_ROWS.values())
    if query.mn is not None:
        edition = _edition(query.mn)
        rows = [row for row in rows if edition in row.editions]
    return CommandsOut(commands=[_command(row) for row in rows])


def get_exchanges(query: ExchangesQuery) -> ExchangesOut:
    """Commands that were sent, newest first."""
    own = services()
    sensors = _sensors()
    found = ExchangeReader(own.ledger).newest(mn=query.mn, state=query.state, limit=query.limit + 1)
    return ExchangesOut(
        now_ms=own.clock.now_ms(),
        truncated=len(found) > query.limit,
        exchanges=[_exchange(row, sensors) for row in found[: query.limit]],
    )


def get_exchange(seq: str) -> ExchangeDetailOut:
    """One command with every step of it."""
    row, steps = ExchangeReader(services().ledger).one(_number(seq))
    return ExchangeDetailOut(
        exchange=_exchange(row, _sensors()),
        steps=[
            ExchangeStepOut(no=one.no, time_ms=one.time_ms, kind=one.kind, detail=one.detail) for one in steps
        ],
    )


def post_exchange(body: SendIn) -> SentOut:
    """Send a command; it is queued durably when this answers."""
    return forward_as(SentOut, "command.send", body.model_dump())


def post_cancel(seq: str) -> SentOut:
    """Give up a command; what was sent cannot be called back."""
    return forward_as(SentOut, "command.cancel", {"seq": _number(seq)})


def _number(text: str) -> int:
    """Number in an address. Raises NotFoundError."""
    if not _NUMBER.fullmatch(text):
        raise NotFoundError(
            f"no exchange has the number {text!r}",
            message_zh=f"没有编号为 {text!r} 的命令交互",
            field="seq",
            value=text,
        )
    return int(text)


def _sensors() -> dict[str, str]:
    return {row.mn: row.sensor_id for row in services().ledger.devices()}


def _edition(mn: str) -> Edition:
    """Edition of a device, as ingest told at its start. Raises NotFoundError."""
    found = snapshot_of(services().ledger, EDITIONS)
    text = None if found is None else found[1].get(mn)
    if text is None:
        raise NotFoundError(
            f"device {mn!r} is not registered", message_zh=f"设备 {mn!r} 未登记", field="mn", value=mn
        )
    return Edition(text)


def _command(row: CommandRow) -> CommandOut:
    return CommandOut(
        cn=row.cn,
        name=_text(row.text),
        editions=[one.value for one in Edition if one in row.editions],
        role=row.role,
        nature=row.nature.value,
        mark=row.mark,
        data_cns=list(row.data_cns),
        ready=row.wants_ready,
        result=row.wants_result,
        arguments=[_argument(one) for one in row.arguments],
    )


def _argument(row: Argument) -> ArgumentOut:
    return ArgumentOut(
        name=row.name,
        name_text=_text(row.text),
        kind=row.kind.value,
        low=row.low,
        high=row.high,
        unit=row.unit,
        choices=list(row.choices),
        required=row.required,
        secret=row.secret,
    )


def _exchange(row: ExchangeRow, sensors: Mapping[str, str]) -> ExchangeOut:
    command = COMMAND_ROWS.get(row.cn)
    drift = row.answer.get("drift_s")
    return ExchangeOut(
        seq=row.seq,
        mn=row.mn,
        sensor=sensors.get(row.mn, row.mn),
        origin=row.origin,
        cn=row.cn,
        name=_text(_UNKNOWN if command is None else command.text),
        args={key: value if isinstance(value, int) else str(value) for key, value in row.args.items()},
        actor=row.actor,
        purpose=row.purpose,
        qn=row.qn,
        queued_ms=row.queued_ms,
        started_ms=row.started_ms,
        ended_ms=row.ended_ms,
        outcome=row.outcome,
        sends=row.sends,
        data_frames=row.data_frames,
        qn_return=row.qn_return,
        exe_return=row.exe_return,
        answer=dict(row.answer),
        drift_s=None if drift is None else float(drift),
    )


def _text(text: Text) -> TextOut:
    return TextOut(zh=text.zh, en=text.en)


_READ = (404, 503)
serve(exchange, "/commands", get_commands, Operation(gives=CommandsOut, reads=CommandsQuery, errors=_READ))
serve(
    exchange, "/exchanges", get_exchanges, Operation(gives=ExchangesOut, reads=ExchangesQuery, errors=(503,))
)
serve(exchange, "/exchanges/<seq>", get_exchange, Operation(gives=ExchangeDetailOut, errors=_READ))
receive(exchange, "/exchanges", post_exchange, Operation(gives=SentOut, errors=(404,)), takes=SendIn)
receive(exchange, "/exchanges/<seq>/cancel", post_cancel, Operation(gives=SentOut, errors=(404,)))
