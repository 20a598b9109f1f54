"""Packages of split messages among the newest raw frames: what a restarted writer has to know again."""

from __future__ import annotations

import sqlalchemy as sa

from twin.core.observation import RawFrame
from twin.store.ledger_schema import RAW_FRAME
from twin.store.reader import LedgerReader

_F = RAW_FRAME.c
_COLUMNS = (
    _F.received_ms,
    _F.peer,
    _F.mn,
    _F.st,
    _F.cn,
    _F.qn,
    _F.pno,
    _F.sha256,
    _F.segment,
)


def recent_packages(reader: LedgerReader, span_ms: int) -> tuple[RawFrame, ...]:
    """Frames with a package number of the last ``span_ms`` before the newest frame, in their order."""
    with reader.snapshot() as connection:
        newest = connection.execute(
            sa.select(_F.seq, _F.received_ms).order_by(_F.seq.desc()).limit(1)
        ).first()
        if newest is None:
            return ()
        floor = _first_since(connection, newest.received_ms - span_ms, newest.seq)
        question = sa.select(*_COLUMNS).where(_F.seq >= floor, _F.pno > 0).order_by(_F.seq)
        rows = connection.execute(question).all()
    return tuple(
        RawFrame(
            received_ms=r.received_ms,
            peer=r.peer,
            segment=bytes(r.segment),
            mn=r.mn,
            st=r.st,
            cn=r.cn,
            qn=r.qn,
            pno=r.pno,
            sha256=bytes(r.sha256).hex(),
        )
        for r in rows
    )


def _first_since(connection: sa.Connection, since_ms: int, newest_seq: int) -> int:
    """First number received at ``since_ms`` or later, by halving: times grow with the numbers."""
    low, high = 0, newest_seq
    while high - low > 1:
        middle = (low + high) // 2
        found = connection.execute(
            sa.select(_F.seq, _F.received_ms).where(_F.seq >= middle).order_by(_F.seq).limit(1)
        ).one()
        if found.received_ms < since_ms:
            low = int(found.seq)
        else:
            high = middle
        if low >= high:
            break
    return min(low + 1, newest_seq) if low else 1
