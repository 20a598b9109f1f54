"""Raw frames, each once. The key is (MN, ST, CN, QN, PNO, SHA-256 of the segment)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from twin.core.observation import RawFrame
from twin.store.engine import insert_many, seek
from twin.store.ledger_schema import QUARANTINE, RAW_FRAME

# Enough to see what knocks at the door, bounded because anybody may knock.
QUARANTINE_SIZE = 10_000
_EXCHANGE = (RAW_FRAME.c.mn, RAW_FRAME.c.qn, RAW_FRAME.c.cn, RAW_FRAME.c.st)
_BODY = (*_EXCHANGE, RAW_FRAME.c.pno, RAW_FRAME.c.sha256, RAW_FRAME.c.seq)

Exchange = tuple[str, str, str, str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """Sequence number of a frame in the ledger, and whether it is new there."""

    seq: int
    new: bool


class RawLog:
    """Writes raw frames. Part of the one writer."""

    def __init__(self, connection: sa.Connection) -> None:
        self._next = _after(connection, RAW_FRAME)

    def admit(self, connection: sa.Connection, frames: Sequence[tuple[RawFrame, str]]) -> list[Admission]:
        """Store frames, each with the fault found in it (or ""); one admission per frame, in order.

        A frame whose key is known already gets the number that it has. A second body under the
        same exchange is kept, with a ``body_no`` above 0.
        """
        bodies = self._known(connection, [frame for frame, _ in frames])
        rows: list[tuple[object, ...]] = []
        admissions: list[Admission] = []
        for frame, fault in frames:
            known = bodies.setdefault((frame.mn, frame.qn, frame.cn, frame.st, frame.pno), {})
            new = frame.sha256 not in known
            if new:
                rows.append(_row(frame, fault, seq=self._next, body_no=len(known)))
                known[frame.sha256] = self._next
                self._next += 1
            admissions.append(Admission(seq=known[frame.sha256], new=new))
        insert_many(connection, RAW_FRAME, rows)
        return admissions

    def _known(self, connection: sa.Connection, frames: Sequence[RawFrame]) -> dict[Exchange, dict[str, int]]:
        exchanges = {(frame.mn, frame.qn, frame.cn, frame.st) for frame in frames}
        bodies: dict[Exchange, dict[str, int]] = {}
        for mn, qn, cn, st, pno, sha256, seq in seek(connection, _BODY, _EXCHANGE, exchanges):
            bodies.setdefault((mn, qn, cn, st, pno), {})[sha256] = seq
        return bodies


class Quarantine:
    """Writes frames of unknown devices, each body once, the newest ``QUARANTINE_SIZE`` of them."""

    def __init__(self, connection: sa.Connection) -> None:
        self._next = _after(connection, QUARANTINE)

    def admit(self, connection: sa.Connection, frames: Sequence[tuple[RawFrame, str]]) -> list[Admission]:
        """Store frames, each with the reason; one admission per frame, in order."""
        q = QUARANTINE.c
        hashes = {(frame.sha256,) for frame, _ in frames}
        known: dict[str, int] = dict(seek(connection, (q.sha256, q.seq), (q.sha256,), hashes))
        rows: list[dict[str, object]] = []
        admissions: list[Admission] = []
        for frame, reason in frames:
            new = frame.sha256 not in known
            if new:
                rows.append(_quarantine_row(frame, reason, seq=self._next))
                known[frame.sha256] = self._next
                self._next += 1
            admissions.append(Admission(seq=known[frame.sha256], new=new))
        if rows:
            connection.execute(QUARANTINE.insert(), rows)
            connection.execute(QUARANTINE.delete().where(q.seq < self._next - QUARANTINE_SIZE))
        return admissions


def _after(connection: sa.Connection, table: sa.Table) -> int:
    return int(connection.execute(sa.select(sa.func.coalesce(sa.func.max(table.c.seq), 0))).scalar_one()) + 1


def _row(frame: RawFrame, fault: str, *, seq: int, body_no: int) -> tuple[object, ...]:
    """In the order of the table's columns."""
    return (
        seq,
        frame.received_ms,
        frame.peer,
        frame.mn,
        frame.st,
        frame.cn,
        frame.qn,
        frame.pno,
        frame.sha256,
        frame.segment,
        body_no,
        fault,
    )


def _quarantine_row(frame: RawFrame, reason: str, *, seq: int) -> dict[str, object]:
    return {
        "seq": seq,
        "received_ms": frame.received_ms,
        "peer": frame.peer,
        "mn": frame.mn,
        "reason": reason,
        "sha256": frame.sha256,
        "segment": frame.segment,
    }
