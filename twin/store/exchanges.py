"""Exchanges with stations: deeds that write them, questions that read them.

Every exchange that is queued and every end of one is also an act of the chained book. Secrets never
come here: arguments arrive as ``Request.told()`` gives them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from twin.core.errors import NotFoundError
from twin.core.origin import Origin
from twin.store.acts import Act, append_act
from twin.store.exchange_schema import EXCHANGE, EXCHANGE_STEP
from twin.store.reading import Reader

STEPS_MAX = 200
_E, _S = EXCHANGE.c, EXCHANGE_STEP.c
_OPEN = ("queued", "running")
INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeStep:
    """One step: when, what, and a detail without secrets."""

    no: int
    time_ms: int
    kind: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeRow:
    """One exchange as it stands."""

    seq: int
    mn: str
    origin: Origin
    cn: str
    args: Mapping[str, object]
    actor: str
    purpose: str
    qn: str
    queued_ms: int
    started_ms: int | None
    ended_ms: int | None
    outcome: str
    sends: int
    data_frames: int
    qn_return: int | None
    exe_return: int | None
    answer: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueExchange:
    """Deed: a command is queued; its result is the exchange's ``seq``."""

    mn: str
    origin: Origin
    cn: str
    nature: str
    args: Mapping[str, object]
    actor: str
    purpose: str
    qn: str

    def apply(self, connection: sa.Connection, now_ms: int) -> int:
        """Write row, first step and act."""
        seq = int(connection.execute(sa.select(sa.func.coalesce(sa.func.max(_E.seq), 0))).scalar_one()) + 1
        connection.execute(
            EXCHANGE.insert().values(
                seq=seq,
                mn=self.mn,
                origin=self.origin.value,
                cn=self.cn,
                args=_json(self.args),
                actor=self.actor,
                purpose=self.purpose,
                qn=self.qn,
                queued_ms=now_ms,
                outcome="queued",
                sends=0,
                data_frames=0,
                answer="{}",
            )
        )
        _add_steps(connection, seq, [(now_ms, "queued", self.purpose)])
        body = {
            "seq": seq,
            "mn": self.mn,
            "origin": self.origin.value,
            "cn": self.cn,
            "args": dict(self.args),
            "purpose": self.purpose,
        }
        append_act(connection, Act(kind=self.nature, actor=self.actor, time_ms=now_ms, body=body))
        return seq


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveExchange:
    """Deed: an exchange moved on. ``steps``: (time, kind, detail); the end (``over``) is an act too."""

    seq: int
    steps: Sequence[tuple[int, str, str]]
    outcome: str
    over: bool
    sends: int
    data_frames: int
    started_ms: int | None
    ended_ms: int | None
    qn_return: int | None
    exe_return: int | None
    answer: Mapping[str, str]
    actor: str

    def apply(self, connection: sa.Connection, now_ms: int) -> None:
        """Write row and steps."""
        values = {
            "outcome": self.outcome,
            "sends": self.sends,
            "data_frames": self.data_frames,
            "started_ms": self.started_ms,
            "ended_ms": self.ended_ms,
            "qn_return": self.qn_return,
            "exe_return": self.exe_return,
            "answer": _json(self.answer),
        }
        connection.execute(EXCHANGE.update().where(_E.seq == self.seq).values(values))
        _add_steps(connection, self.seq, self.steps)
        if self.over:
            body = {"seq": self.seq, "outcome": self.outcome, "data_frames": self.data_frames}
            append_act(connection, Act(kind="command.ended", actor=self.actor, time_ms=now_ms, body=body))


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteStep:
    """Deed: something came after the end of an exchange (a late answer)."""

    seq: int
    time_ms: int
    kind: str
    detail: str

    def apply(self, connection: sa.Connection, now_ms: int) -> None:
        """Write the step."""
        _add_steps(connection, self.seq, [(self.time_ms, self.kind, self.detail)])


@dataclass(frozen=True, slots=True, kw_only=True)
class InterruptExchanges:
    """Deed of a starting process: what the one before left open was interrupted; result: how many."""

    actor: str = "system"

    def apply(self, connection: sa.Connection, now_ms: int) -> int:
        """End them."""
        open_seqs = connection.execute(sa.select(_E.seq).where(_E.outcome.in_(_OPEN))).scalars().all()
        for seq in open_seqs:
            values = {"outcome": INTERRUPTED, "ended_ms": now_ms}
            connection.execute(EXCHANGE.update().where(_E.seq == seq).values(values))
            _add_steps(connection, seq, [(now_ms, INTERRUPTED, "the process ended before the exchange did")])
        if open_seqs:
            body = {"seqs": list(open_seqs)[:100], "count": len(open_seqs)}
            append_act(
                connection, Act(kind="command.interrupted", actor=self.actor, time_ms=now_ms, body=body)
            )
        return len(open_seqs)


class ExchangeReader:
    """Questions about exchanges to the ledger behind a reader."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def newest(
        self, *, mn: str | None = None, state: str = "all", limit: int = 100, cn: str | None = None
    ) -> tuple[ExchangeRow, ...]:
        """Newest first; ``state`` is ``open``, ``ended`` or ``all``."""
        question = sa.select(EXCHANGE).order_by(_E.seq.desc()).limit(limit)
        if mn is not None:
            question = question.where(_E.mn == mn)
        if cn is not None:
            question = question.where(_E.cn == cn)
        if state == "open":
            question = question.where(_E.outcome.in_(_OPEN))
        elif state == "ended":
            question = question.where(_E.outcome.not_in(_OPEN))
        with self._reader.snapshot() as connection:
            return tuple(_row(r) for r in connection.execute(question))

    def one(self, seq: int) -> tuple[ExchangeRow, tuple[ExchangeStep, ...]]:
        """An exchange with its steps. Raises NotFoundError."""
        with self._reader.snapshot() as connection:
            found = connection.execute(sa.select(EXCHANGE).where(_E.seq == seq)).first()
            steps = connection.execute(
                sa.select(EXCHANGE_STEP).where(_S.exchange_seq == seq).order_by(_S.no)
            ).all()
        if found is None:
            raise NotFoundError(
                f"no exchange has the number {seq}",
                message_zh=f"没有编号为 {seq} 的命令交互",
                field="seq",
                value=seq,
            )
        told = tuple(ExchangeStep(no=r.no, time_ms=r.time_ms, kind=r.kind, detail=r.detail) for r in steps)
        return _row(found), told


def _add_steps(connection: sa.Connection, seq: int, steps: Sequence[tuple[int, str, str]]) -> None:
    """Append steps; a station that will not stop answering cannot make the list longer for ever."""
    if not steps:
        return
    last = connection.execute(sa.select(sa.func.max(_S.no)).where(_S.exchange_seq == seq)).scalar()
    first = 0 if last is None else last + 1
    rows = [
        {"exchange_seq": seq, "no": first + k, "time_ms": time_ms, "kind": kind, "detail": detail[:400]}
        for k, (time_ms, kind, detail) in enumerate(steps)
        if first + k < STEPS_MAX
    ]
    if rows:
        connection.execute(EXCHANGE_STEP.insert(), rows)


def _row(r: sa.Row[Any]) -> ExchangeRow:
    fields = dict(r._mapping)
    fields["origin"] = Origin(fields["origin"])
    fields["args"] = json.loads(fields["args"])
    fields["answer"] = json.loads(fields["answer"])
    return ExchangeRow(**fields)


def _json(body: Mapping[str, object]) -> str:
    return json.dumps(dict(body), ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
