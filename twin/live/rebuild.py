"""A fresh ledger from the raw frames of another: everything that follows from frames, computed again.

Gate, judge, values and roll-ups are a function of the frames in their order, so that a ledger built
again has equal tables. What people and the platform did besides (corrections, reviews, commands, acts) does
not lie in frames and is not built again. An interrupted run goes on where the target's frames end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, replace

from twin.core.errors import ConflictError, UnitError
from twin.core.observation import RawFrame
from twin.live.gate import Gate, Judged, one_error
from twin.live.keeper import recall
from twin.store.catalog import OriginConflictError
from twin.store.counters import add_counts
from twin.store.ledger import Arrival, Batch, Ledger
from twin.store.reader import LedgerReader
from twin.store.rows import LineErrorCount, StoredFrame

_AT_ONCE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """How many frames were taken, and the number of the last one."""

    frames: int
    last_seq: int


def rebuild(
    source: LedgerReader,
    target: Ledger,
    gate: Gate,
    *,
    at_once: int = _AT_ONCE,
    limit: int | None = None,
    told: Callable[[int], None] | None = None,
) -> Rebuilt:
    """Write the source's raw frames to a target ledger, through a fresh gate and the target's judge.

    ``limit``: at most so many frames (a later call goes on); ``told`` is called with the number of every
    frame written last. Raises ConflictError when the target holds frames that the source does not.
    """
    with _reading(target) as reader:
        seq = _common(source, reader)
        recall(gate, reader)
    frames = 0
    while limit is None or frames < limit:
        count = at_once if limit is None else min(at_once, limit - frames)
        rows = source.frames_after(seq, count)
        if not rows:
            break
        _write(target, gate, rows)
        frames, seq = frames + len(rows), rows[-1].seq
        if told is not None:
            told(seq)
    return Rebuilt(frames=frames, last_seq=seq)


def _common(source: LedgerReader, target: LedgerReader) -> int:
    """Number of the target's last frame, which must be the source's too."""
    newest = target.frames(limit=1)
    if not newest:
        return 0
    (mine,) = newest
    theirs = source.frames_after(mine.seq - 1, 1)
    if not theirs or (theirs[0].seq, theirs[0].chain) != (mine.seq, mine.chain):
        raise ConflictError(
            f"frame {mine.seq} of the target ledger is not the source's; expected an empty ledger or the "
            "beginning of the same one",
            message_zh=f"目标台账的第 {mine.seq} 帧与源台账不符；目标应为空台账或同一台账的开头部分",
            field="into",
            value=mine.seq,
        )
    return mine.seq


def _write(target: Ledger, gate: Gate, rows: Iterable[StoredFrame]) -> None:
    arrivals: list[Arrival] = []
    errors: dict[str, LineErrorCount] = {}
    now_ms = 0
    for row in rows:
        now_ms = row.received_ms
        for arrival, notes in [*gate.leftovers(now_ms), gate.judge(_raw(row))]:
            kept, more = _allowed(target, arrival)
            arrivals.append(kept)
            for note in (*notes, *more):
                known = errors.get(note.kind)
                errors[note.kind] = note if known is None else add_counts(known, note)
    target.write(Batch(arrivals=arrivals, line_errors=list(errors.values())), now_ms)


def _allowed(target: Ledger, arrival: Arrival) -> Judged:
    """The arrival, without its values when they may not go where they want to; as ingest has it."""
    try:
        target.check(arrival)
    except (OriginConflictError, UnitError) as error:
        kind = type(error).__name__
        note = one_error(arrival.frame, kind, error.message)
        return replace(arrival, observations=(), fault=kind), (note,)
    return arrival, ()


def _raw(row: StoredFrame) -> RawFrame:
    return RawFrame(
        received_ms=row.received_ms,
        peer=row.peer,
        segment=row.segment,
        mn=row.mn,
        st=row.st,
        cn=row.cn,
        qn=row.qn,
        pno=row.pno,
        sha256=row.sha256,
    )


def _reading(target: Ledger) -> closing[LedgerReader]:
    return closing(LedgerReader(target.url))
