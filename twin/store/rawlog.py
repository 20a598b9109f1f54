"""Raw frames, each once, chained. The key is (MN, ST, CN, QN, PNO, SHA-256 of the segment)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import sqlalchemy as sa

from twin.core.observation import RawFrame
from twin.store.archive_reader import chain_at_horizon, moved_frames_of
from twin.store.chain import GENESIS, frame_header, link
from twin.store.engine import insert_many, seek
from twin.store.ledger_schema import FRAME_KEY, RAW_FRAME

_F, _K = RAW_FRAME.c, FRAME_KEY.c
_BODY = (_F.seq, _F.mn, _F.st, _F.cn, _F.qn, _F.pno, _F.sha256)

FrameKey = tuple[str, str, str, str, int, bytes]


@dataclass(frozen=True, slots=True)
class Admission:
    """Sequence number of a frame in the ledger, and whether it is new there."""

    seq: int
    new: bool


class _Known(NamedTuple):
    """A body that was stored under an exchange."""

    key: FrameKey
    body_no: int
    seq: int


def exchange_number(mn: str, st: str, cn: str, qn: str, pno: int) -> int:
    """Signed 64-bit number under which the frames of an exchange are found."""
    text = "\0".join((mn, st, cn, qn, str(pno)))
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


class RawLog:
    """Writes raw frames. Part of the one writer."""

    def __init__(self, connection: sa.Connection) -> None:
        last = sa.select(sa.func.max(_F.seq)).scalar_subquery()
        newest = connection.execute(sa.select(_F.seq, _F.chain).where(_F.seq == last)).first()
        if newest is None:  # a park that was silent until all of its frames were archived
            seq, self._link = chain_at_horizon(connection) or (0, GENESIS)
        else:
            seq, self._link = newest.seq, bytes(newest.chain)
        self._next = seq + 1

    def admit(self, connection: sa.Connection, frames: Sequence[tuple[RawFrame, str]]) -> list[Admission]:
        """Store frames, each with the fault found in it (or ""); one admission per frame, in order.

        A frame whose key is known already gets the number that it has. A second body under the
        same exchange is kept, with a ``body_no`` above 0.
        """
        numbers = [exchange_number(f.mn, f.st, f.cn, f.qn, f.pno) for f, _ in frames]
        bodies = _known(connection, numbers)
        rows: list[tuple[object, ...]] = []
        keys: list[tuple[object, ...]] = []
        admissions: list[Admission] = []
        for number, (frame, fault) in zip(numbers, frames, strict=True):
            known = bodies.setdefault(number, [])
            key = (frame.mn, frame.st, frame.cn, frame.qn, frame.pno, bytes.fromhex(frame.sha256))
            seq = next((body.seq for body in known if body.key == key), None)
            admissions.append(Admission(self._next if seq is None else seq, seq is None))
            if seq is None:
                body_no = known[-1].body_no + 1 if known else 0
                known.append(_Known(key, body_no, self._next))
                keys.append((number, body_no, self._next))
                rows.append(self._row(frame, fault, key[-1], body_no))
        insert_many(connection, RAW_FRAME, rows)
        insert_many(connection, FRAME_KEY, keys)
        return admissions

    def _row(self, frame: RawFrame, fault: str, sha256: bytes, body_no: int) -> tuple[object, ...]:
        """In the order of the table's columns; the chain grows by it."""
        f, seq = frame, self._next
        header = frame_header(seq, f.received_ms, f.pno, body_no, f.peer, f.mn, f.st, f.cn, f.qn)
        self._link = link(self._link, header, sha256)
        self._next += 1
        return (
            seq, f.received_ms, f.peer, f.mn, f.st, f.cn, f.qn, f.pno,
            sha256, f.segment, body_no, fault, self._link,
        )  # fmt: skip


def _known(connection: sa.Connection, numbers: Iterable[int]) -> dict[int, list[_Known]]:
    """Bodies under these exchanges, by ``body_no``."""
    found = seek(
        connection, (_K.exchange, _K.body_no, _K.seq), (_K.exchange,), {(number,) for number in numbers}
    )
    if not found:
        return {}
    seqs = {row[2] for row in found}
    frames = {row[0]: row[1:] for row in seek(connection, _BODY, (_F.seq,), {(seq,) for seq in seqs})}
    for moved in moved_frames_of(connection, seqs - frames.keys()):
        frames[moved.seq] = (moved.mn, moved.st, moved.cn, moved.qn, moved.pno, bytes.fromhex(moved.sha256))
    bodies: dict[int, list[_Known]] = {}
    for number, body_no, seq in sorted(found):
        *exchange, sha256 = frames[seq]
        bodies.setdefault(number, []).append(_Known((*exchange, bytes(sha256)), body_no, seq))
    return bodies
