"""Raw frames as evidence needs them: all columns that the chain seals, fast and in their order.

Frames of months that were moved to files come through the reader, which knows where they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import sqlalchemy as sa

from twin.store.ledger_schema import DEVICE_STATE, RAW_FRAME
from twin.store.reader import LedgerReader

UNKNOWN = "unknown"
_AT_ONCE = 5_000
_f = RAW_FRAME.c
_SEALED = (
    _f.seq,
    _f.received_ms,
    _f.pno,
    _f.body_no,
    _f.peer,
    _f.mn,
    _f.st,
    _f.cn,
    _f.qn,
    _f.segment,
    _f.sha256,
    _f.chain,
)


class FrameRow(NamedTuple):
    """What the chain seals of a frame, and the seal (``chain``); hashes have 32 bytes."""

    seq: int
    received_ms: int
    pno: int
    body_no: int
    peer: str
    mn: str
    st: str
    cn: str
    qn: str
    segment: bytes
    sha256: bytes
    chain: bytes


def frame_rows(reader: LedgerReader, connection: sa.Connection, after: int = 0) -> Iterator[FrameRow]:
    """Frames above a sequence number, in their order; ``connection`` is a snapshot of the reader."""
    seq = after
    for row in _moved(reader, connection, after):
        yield row
        seq = row.seq
    while True:
        found = connection.execute(
            sa.select(*_SEALED).where(_f.seq > seq).order_by(_f.seq).limit(_AT_ONCE)
        ).all()
        if not found:
            return
        yield from (FrameRow._make(row) for row in found)
        seq = found[-1].seq


def origins(connection: sa.Connection, mns: Iterable[str]) -> dict[str, str]:
    """Where frames come from, by device, as the ledger has it; "unknown" where it is silent."""
    known = {
        row.mn: str(row.origin)
        for row in connection.execute(sa.select(DEVICE_STATE.c.mn, DEVICE_STATE.c.origin))
    }
    return {mn: known.get(mn, UNKNOWN) for mn in sorted(set(mns))}


def links(reader: LedgerReader, connection: sa.Connection) -> Callable[[int, int], Iterator[bytes]]:
    """Links of the frames ``first`` to ``last`` (counted from 0, the last one excluded, -1: to the end)."""

    def leaves(first: int, last: int) -> Iterator[bytes]:
        seq = first
        for row in _moved(reader, connection, first):
            if 0 <= last < row.seq:
                return
            yield row.chain
            seq = row.seq
        while last < 0 or seq < last:
            question = sa.select(_f.seq, _f.chain).where(_f.seq > seq).order_by(_f.seq)
            if last >= 0:
                question = question.where(_f.seq <= last)
            rows = connection.execute(question.limit(_AT_ONCE)).all()
            if not rows:
                return
            yield from (bytes(row.chain) for row in rows)
            seq = rows[-1].seq

    return leaves


def _moved(reader: LedgerReader, connection: sa.Connection, after: int) -> Iterator[FrameRow]:
    """Frames that are in files: those below the first one of the table."""
    first: Any = connection.execute(sa.select(sa.func.min(_f.seq))).scalar()
    seq = after
    # None: all frames are in files, in a park that was silent for months.
    while first is None or seq + 1 < first:
        found = reader.frames_after(seq, _AT_ONCE)
        for row in found:
            if first is not None and row.seq >= first:
                return
            yield FrameRow(
                row.seq, row.received_ms, row.pno, row.body_no, row.peer, row.mn, row.st, row.cn, row.qn,
                row.segment, bytes.fromhex(row.sha256), row.chain,
            )  # fmt: skip
        if not found:
            return
        seq = found[-1].seq
