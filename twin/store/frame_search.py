"""Looking for raw frames: by device, command, time of receipt, fault; newest first, page by page.

Frames are numbered in the order of their receipt, so a span of time is found as a span of numbers by
bisection; one question looks at no more than ``LOOK_AT`` frames, however rare what it looks for is.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from twin.store.ledger_schema import QUARANTINE, RAW_FRAME
from twin.store.reader import LedgerReader
from twin.store.rows import QuarantinedFrame, StoredFrame

LOOK_AT = 200_000
# One group commit may hold frames of several lines, noted a little out of order.
_DISORDER = 2_000
ANY_FAULT = "any"


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameFilter:
    """Which frames. None, and an empty text, mean all.

    ``from_ms`` included and ``to_ms`` excluded are times of receipt; ``before`` is a sequence number:
    only older frames. ``fault`` is a kind of ``line_error``, or ``any``.
    """

    mn: str | None = None
    cn: str | None = None
    from_ms: int | None = None
    to_ms: int | None = None
    fault: str | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FramePage:
    """Found frames, newest first. ``before`` asks for the next page; None when there is no older frame.

    ``looked_to_ms`` is the time of receipt back to which was looked (None: nothing was there).
    """

    frames: tuple[StoredFrame, ...]
    before: int | None
    looked_to_ms: int | None


def find_frames(reader: LedgerReader, wanted: FrameFilter, limit: int, look_at: int = LOOK_AT) -> FramePage:
    """Stored frames that fit, newest first, at most ``limit``."""
    f = RAW_FRAME.c
    with reader.snapshot() as connection:
        first, last = _span(connection, wanted)
        end = last if wanted.before is None else min(last, wanted.before - 1)
        start = max(first, end - look_at + 1)
        question = (
            sa.select(f.seq)
            .where(f.seq >= start, f.seq <= end, *_conditions(wanted))
            .order_by(f.seq.desc())
            .limit(limit)
        )
        found = [int(row.seq) for row in connection.execute(question)]
        full = len(found) == limit
        reached = found[-1] if full else start
        looked_to_ms = _received_ms(connection, reached) if end >= first else None
    return FramePage(
        frames=reader.frames_of(found), before=reached if reached > first else None, looked_to_ms=looked_to_ms
    )


def find_quarantined(
    reader: LedgerReader, wanted: FrameFilter, limit: int
) -> tuple[tuple[QuarantinedFrame, ...], int | None]:
    """Frames held apart that fit, newest first, and ``before`` of the next page (None: no older one).

    ``fault`` is compared with the reason; ``cn`` is not: nobody has vouched for what stands in them.
    """
    q = QUARANTINE.c
    limits = [q.seq < wanted.before] if wanted.before is not None else []
    if wanted.mn is not None:
        limits.append(q.mn == wanted.mn)
    if wanted.from_ms is not None:
        limits.append(q.received_ms >= wanted.from_ms)
    if wanted.to_ms is not None:
        limits.append(q.received_ms < wanted.to_ms)
    if wanted.fault not in (None, "", ANY_FAULT):
        limits.append(q.reason == wanted.fault)
    question = (
        sa.select(q.seq, q.received_ms, q.peer, q.mn, q.reason, q.segment)
        .where(*limits)
        .order_by(q.seq.desc())
        .limit(limit + 1)
    )
    with reader.snapshot() as connection:
        rows = connection.execute(question).all()
    found = tuple(QuarantinedFrame(**row._mapping) for row in rows[:limit])
    return found, found[-1].seq if len(rows) > limit else None


def one_frame(reader: LedgerReader, seq: int) -> StoredFrame | None:
    """A stored frame by its number, or None."""
    return next(iter(reader.frames_of([seq])), None)


def one_quarantined(reader: LedgerReader, seq: int) -> QuarantinedFrame | None:
    """A frame held apart by its number, or None."""
    rows, _ = find_quarantined(reader, FrameFilter(before=seq + 1), 1)
    return rows[0] if rows and rows[0].seq == seq else None


def _conditions(wanted: FrameFilter) -> list[sa.ColumnElement[bool]]:
    f = RAW_FRAME.c
    rows: list[sa.ColumnElement[bool]] = []
    if wanted.mn is not None:
        rows.append(f.mn == wanted.mn)
    if wanted.cn is not None:
        rows.append(f.cn == wanted.cn)
    if wanted.from_ms is not None:
        rows.append(f.received_ms >= wanted.from_ms)
    if wanted.to_ms is not None:
        rows.append(f.received_ms < wanted.to_ms)
    if wanted.fault == ANY_FAULT:
        rows.append(f.fault != "")
    elif wanted.fault:
        rows.append(f.fault == wanted.fault)
    return rows


def _span(connection: sa.Connection, wanted: FrameFilter) -> tuple[int, int]:
    """First and last number that may fit; first > last when there is none."""
    f = RAW_FRAME.c
    row = connection.execute(sa.select(sa.func.min(f.seq), sa.func.max(f.seq))).one()
    if row[0] is None:
        return 1, 0
    first, last = int(row[0]), int(row[1])
    if wanted.to_ms is not None:
        last = min(last, _first_at(connection, wanted.to_ms, first, last) + _DISORDER)
    if wanted.from_ms is not None:
        first = max(first, _first_at(connection, wanted.from_ms, first, last) - _DISORDER)
    return first, last


def _first_at(connection: sa.Connection, time_ms: int, low: int, high: int) -> int:
    """Least number whose frame was received at ``time_ms`` or later, or ``high`` + 1."""
    high += 1
    while low < high:
        middle = (low + high) // 2
        received_ms = _received_ms(connection, middle)
        if received_ms is None or received_ms >= time_ms:
            high = middle
        else:
            low = middle + 1
    return low


def _received_ms(connection: sa.Connection, seq: int) -> int | None:
    """Time of receipt of the first frame from ``seq`` on."""
    f = RAW_FRAME.c
    question = sa.select(f.received_ms).where(f.seq >= seq).order_by(f.seq).limit(1)
    value = connection.execute(question).scalar()
    return None if value is None else int(value)
