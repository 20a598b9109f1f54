"""Verifying the evidence: chains, Merkle roots, signatures, and the copy in the second place.

What may have happened to a log is told by what the stored links still fit to: a record that was
``changed``, ``removed``, ``inserted`` or ``swapped``, or an end that was ``truncated``; each with the first
number at which it shows. Somebody who could compute the whole chain anew is given away by the roots of
signed checkpoints (``bad_root``), who could also make checkpoints by their signatures (``bad_signature``),
and who has the key too by the copy (``copy_differs``, ``missing_copy``, ``truncated``).
"""

from __future__ import annotations

import hashlib
import struct
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import combinations, islice
from typing import Generic, NamedTuple, TypeVar

import sqlalchemy as sa

from twin.core.errors import StoreError
from twin.store.acts import ZERO_HASH, act_hash
from twin.store.acts_reader import StoredAct, all_acts
from twin.store.chain import frame_header, link
from twin.store.checkpoints import (
    ACTS,
    FRAMES,
    Checkpoint,
    checkpoint_of,
    record_counts,
    stored_texts,
)
from twin.store.frame_source import FrameRow, frame_rows
from twin.store.merkle import Frontier
from twin.store.reader import LedgerReader

CHECKPOINTS = "checkpoints"
FINDINGS_MAX = 20
# How far ahead a record that is not in its place is looked for.
_AHEAD = 64
_COPY_DELAY_MS = 300_000

# SQLite keeps whatever somebody puts into a column, of any type; no such row was ever sealed.
_NO_SUCH_ROW = (TypeError, ValueError, AttributeError, struct.error)

_TEXTS = {
    "changed": ("record was changed", "记录被改动"),
    "removed": ("records were removed from here on: {count}", "自此处起被删除 {count} 条"),
    "inserted": ("records were inserted here: {count}", "此处被插入 {count} 条"),
    "swapped": ("record changed places with {other}", "与第 {other} 条互换"),
    "truncated": ("the end is missing: there were {count} records", "末尾缺失：原有 {count} 条"),
    "bad_root": ("records up to {count} are not those that were signed", "至第 {count} 条的记录与签名时不符"),
    "bad_signature": ("checkpoint is not signed by the known key", "检查点签名无效"),
    "copy_differs": ("checkpoint differs from its copy", "检查点与副本不一致"),
    "missing_copy": ("checkpoint is not in the copy", "副本中没有该检查点"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that is not as it was. ``log`` is frames, acts or checkpoints; ``seq`` where first."""

    kind: str
    log: str
    seq: int
    message: str
    message_zh: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was verified and what was found; ``copies``: checkpoints of the second place."""

    frames: int
    acts: int
    checkpoints: int
    copies: int
    findings: tuple[Finding, ...]

    @property
    def is_good(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is to be verified and against what.

    ``is_signed(text, signature)`` knows the trusted key. ``copies`` None: there is no second place to
    ask. Contents are recomputed for records of ``from_ms`` to ``to_ms``; trees are always whole.
    """

    is_signed: Callable[[str, bytes], bool]
    copies: Iterable[Checkpoint] | None
    now_ms: int
    from_ms: int = 0
    to_ms: int = 2**62


@dataclass(slots=True)
class _Found:
    rows: list[Finding] = field(default_factory=list)

    def add(self, kind: str, log: str, seq: int, **values: object) -> None:
        if len(self.rows) < FINDINGS_MAX:
            text, text_zh = (text.format(**values) for text in _TEXTS[kind])
            self.rows.append(
                Finding(
                    kind=kind,
                    log=log,
                    seq=seq,
                    message=f"{log} {seq}: {text}",
                    message_zh=f"{log} 第 {seq} 条：{text_zh}",
                )
            )

    def has(self, log: str) -> bool:
        return any(row.log == log for row in self.rows)


def audit(reader: LedgerReader, question: Question) -> Report:
    """Verify one snapshot of a ledger; blocks for some 10 us per record."""
    found = _Found()
    with reader.snapshot() as connection:
        counts = record_counts(connection)
        newest, copies = _checkpoints(connection, question, found)
        for log, count in ((FRAMES, counts.frames), (ACTS, counts.acts)):
            signed = 0 if newest is None else newest.log(log).size
            if count < signed:
                found.add("truncated", log, count + 1, count=signed)
        frames = _walk(_frame_log(reader, connection, question), connection, found)
        acts = _walk(_act_log(connection, question), connection, found)
    return Report(
        frames=frames, acts=acts, checkpoints=counts.checkpoints, copies=copies, findings=tuple(found.rows)
    )


Row = TypeVar("Row", FrameRow, StoredAct)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Log(Generic[Row]):
    """One chained log: its rows, the link that is stored with a row, and what it should be.

    ``seal(previous, number, row)`` computes a link from the hash that stands beside a body; ``honest``
    gives the row with the hash that its body really has; ``is_whole`` does both in one step, for the many
    rows that are; ``wanted`` tells whether a row is looked at.
    """

    name: str
    rows: Iterator[Row]
    stored: Callable[[Row], bytes]
    seal: Callable[[bytes, int, Row], bytes]
    honest: Callable[[Row], Row]
    is_whole: Callable[[bytes, int, Row], bool]
    wanted: Callable[[Row], bool]

    def fits(self, previous: bytes, number: int, row: Row) -> bool:
        """Whether the body is what was hashed, and the link what follows from it and the one before."""
        try:
            return self.is_whole(previous, number, row)
        except _NO_SUCH_ROW:
            return False

    def follows(self, previous: bytes, number: int, row: Row) -> bool:
        """Whether the body of a row, whatever stands beside it, was sealed onto a link."""
        try:
            return self.seal(previous, number, self.honest(row)) == self.stored(row)
        except _NO_SUCH_ROW:
            return False


class _Spot(NamedTuple, Generic[Row]):
    """A changed record: the link before it, its number, and the row."""

    previous: bytes
    number: int
    row: Row


def _frame_log(reader: LedgerReader, connection: sa.Connection, question: Question) -> _Log[FrameRow]:
    sha256 = hashlib.sha256

    def seal(previous: bytes, number: int, row: FrameRow) -> bytes:
        _, received_ms, pno, body_no, peer, mn, st, cn, qn, _, segment_sha256, _ = row
        header = frame_header(number, received_ms, pno, body_no, peer, mn, st, cn, qn)
        return link(previous, header, segment_sha256)

    def honest(row: FrameRow) -> FrameRow:
        found = sha256(row.segment).digest()
        return row if found == row.sha256 else row._replace(sha256=found)

    def is_whole(previous: bytes, number: int, row: FrameRow) -> bool:
        _, received_ms, pno, body_no, peer, mn, st, cn, qn, segment, segment_sha256, chain = row
        header = frame_header(number, received_ms, pno, body_no, peer, mn, st, cn, qn)
        found = sha256(segment).digest()
        return found == segment_sha256 and sha256(previous + header + found).digest() == chain

    everything = question.from_ms <= 0 and question.to_ms >= 2**62
    return _Log(
        name=FRAMES,
        rows=frame_rows(reader, connection),
        stored=lambda row: row.chain if type(row.chain) is bytes else b"",
        seal=seal,
        honest=honest,
        is_whole=is_whole,
        wanted=lambda row: everything or question.from_ms <= row.received_ms < question.to_ms,
    )


def _act_log(connection: sa.Connection, question: Question) -> _Log[StoredAct]:
    def seal(previous: bytes, number: int, row: StoredAct) -> bytes:
        return act_hash(
            previous,
            seq=number,
            time_ms=row.time_ms,
            kind=row.kind,
            actor=row.actor,
            body_sha256=row.body_sha256,
        )

    def honest(row: StoredAct) -> StoredAct:
        found = hashlib.sha256(row.text.encode()).digest()
        return row if found == row.body_sha256 else replace(row, body_sha256=found)

    return _Log(
        name=ACTS,
        rows=all_acts(connection),
        stored=lambda row: row.hash,
        seal=seal,
        honest=honest,
        is_whole=lambda previous, number, row: honest(row) is row and seal(previous, number, row) == row.hash,
        wanted=lambda row: question.from_ms <= row.time_ms < question.to_ms,
    )


def _walk(log: _Log[Row], connection: sa.Connection, found: _Found) -> int:
    """Recompute a chain and its tree; the number of its records."""
    tree = Frontier()
    roots = _Roots(log.name, connection, found)
    chain = _Chain(log, found)
    for row in chain.rows():
        tree.add(log.stored(row))
        if tree.size >= roots.next_size:
            roots.compare(tree)
    chain.pair_up()
    return tree.size


class _Roots:
    """Compares a growing tree with the roots of the checkpoints of the ledger."""

    def __init__(self, log: str, connection: sa.Connection, found: _Found) -> None:
        self._log: str = log
        self._found = found
        self._covered = 0
        self._heads = (
            row.log(log) for row in (_parsed(text, sig) for _, text, sig in stored_texts(connection)) if row
        )
        self.next_size = 0
        self._advance()

    def compare(self, tree: Frontier) -> None:
        """Compare with all checkpoints of this size; nothing more once something is wrong anyway."""
        while self._next is not None and self._next.size <= tree.size:
            wrong = self._next.size == tree.size and self._next.root != tree.root()
            if wrong and not self._found.has(self._log):
                self._found.add("bad_root", self._log, self._covered + 1, count=self._next.size)
            self._covered = max(self._covered, self._next.size)
            self._advance()

    def _advance(self) -> None:
        # The first of a size says all that the others of that size would.
        self._next = next((head for head in self._heads if head.size > self.next_size), None)
        self.next_size = 2**62 if self._next is None else self._next.size


class _Chain(Generic[Row]):
    """Walks a chain and tells what happened where it breaks."""

    def __init__(self, log: _Log[Row], found: _Found) -> None:
        self._log: _Log[Row] = log
        self._found = found
        self._ahead: deque[Row] = deque()
        self._spots: list[_Spot[Row]] = []

    def rows(self) -> Iterator[Row]:
        """All rows in their order, each recomputed on the way."""
        log, previous, expected, shift = self._log, ZERO_HASH, 1, 0
        skip = 0
        for row in self._stream():
            seal_known = True
            if row.seq != expected:
                self._found.add("removed", log.name, expected, count=row.seq - expected)
                expected, seal_known = row.seq, False
            stored = log.stored(row)
            if skip:
                skip -= 1
            elif seal_known and log.wanted(row) and not log.fits(previous, expected + shift, row):
                moved, skip = self._tell(previous, expected, shift, row)
                shift += moved
            previous = stored
            expected += 1
            yield row

    def pair_up(self) -> None:
        """Two changed records that fit into each other's places were swapped."""
        log, rows = self._log, self._found.rows
        for first, second in combinations(self._spots, 2):
            sealed = log.seal(first.previous, first.number, log.honest(second.row))
            if sealed == log.stored(first.row):
                spots = {(log.name, first.row.seq), (log.name, second.row.seq)}
                rows[:] = [row for row in rows if (row.log, row.seq) not in spots]
                self._found.add("swapped", log.name, first.row.seq, other=second.row.seq)

    def _stream(self) -> Iterator[Row]:
        while True:
            if self._ahead:
                yield self._ahead.popleft()
            else:
                row = next(self._log.rows, None)
                if row is None:
                    return
                yield row

    def _tell(self, previous: bytes, expected: int, shift: int, row: Row) -> tuple[int, int]:
        """What happened at a row that does not fit: how the numbers moved, how many rows to pass over."""
        log, number = self._log, expected + shift
        self._ahead.extend(islice(log.rows, _AHEAD - len(self._ahead)))
        ahead = self._ahead
        if not ahead or self._follows(row, number, ahead[0], 1):
            return self._changed(previous, number, row)
        removed = next((d for d in range(1, _AHEAD) if self._follows(row, number + d, ahead[0], 1)), 0)
        if removed:
            self._found.add("removed", log.name, expected, count=removed)
            return removed, 0
        for place, other in enumerate(ahead):
            if log.follows(previous, number, other):
                return self._misplaced(expected, number, place + 1, row)
        return self._changed(previous, number, row)

    def _misplaced(self, expected: int, number: int, count: int, row: Row) -> tuple[int, int]:
        """The right row stands ``count`` places later: rows were put before it, or it was swapped."""
        log, ahead = self._log, self._ahead
        before_other = ahead[count - 2] if count > 1 else ahead[0]
        goes_on = len(ahead) > count and self._follows(ahead[count - 1], number, ahead[count], 1)
        inserted = goes_on or not log.follows(log.stored(before_other), number + count, row)
        if inserted:
            self._found.add("inserted", self._log.name, expected, count=count)
            return -count, count
        self._found.add("swapped", self._log.name, expected, other=expected + count)
        return 0, count + 1

    def _follows(self, row: Row, number: int, after: Row, distance: int) -> bool:
        """Whether ``after`` was sealed onto ``row``, which had the number ``number``."""
        return self._log.follows(self._log.stored(row), number + distance, after)

    def _changed(self, previous: bytes, number: int, row: Row) -> tuple[int, int]:
        self._found.add("changed", self._log.name, row.seq)
        if len(self._spots) < FINDINGS_MAX:
            self._spots.append(_Spot(previous, number, row))
        return 0, 0


def _parsed(text: str, signature: bytes) -> Checkpoint | None:
    try:
        return checkpoint_of(text, signature)
    except StoreError:
        return None


def _checkpoints(
    connection: sa.Connection, question: Question, found: _Found
) -> tuple[Checkpoint | None, int]:
    """Verify the chain of checkpoints, their signatures, and that the copy has the same.

    Gives the newest trustworthy checkpoint of ledger and copy, and how many the copy has.
    """
    copied = None if question.copies is None else _Copies(question)
    previous, expected = ZERO_HASH, 1
    newest: Checkpoint | None = None
    for seq, text, signature in stored_texts(connection):
        if seq != expected:
            found.add("removed", CHECKPOINTS, expected, count=seq - expected)
        row = _parsed(text, signature)
        if row is None or row.seq != seq:
            found.add("changed", CHECKPOINTS, seq)
        elif not question.is_signed(text, signature):
            found.add("bad_signature", CHECKPOINTS, seq)
        elif seq == expected and row.previous != previous:
            found.add("changed", CHECKPOINTS, seq)
        else:
            newest = row
        if copied is not None and row is not None:
            copied.compare(row, found)
        previous, expected = hashlib.sha256(text.encode()).digest(), seq + 1
    if copied is None:
        return newest, 0
    last = copied.newest
    if last is not None and last.seq >= expected:
        found.add("truncated", CHECKPOINTS, expected, count=last.seq)
        newest = last
    return newest, copied.count


class _Copies:
    """Hashes of the checkpoints of the second place, and the newest that is signed."""

    def __init__(self, question: Question) -> None:
        self._now_ms = question.now_ms
        self._hashes: dict[int, bytes] = {}
        self.newest: Checkpoint | None = None
        for row in question.copies or ():
            # Whoever writes lines into the copy without the key has said nothing.
            if not question.is_signed(row.text, row.signature):
                continue
            self._hashes[row.seq] = _fingerprint(row)
            if self.newest is None or row.seq > self.newest.seq:
                self.newest = row

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._hashes)

    def compare(self, row: Checkpoint, found: _Found) -> None:
        """Compare a checkpoint of the ledger with its copy."""
        there = self._hashes.get(row.seq)
        if there is None:
            if self._now_ms - row.time_ms > _COPY_DELAY_MS:
                found.add("missing_copy", CHECKPOINTS, row.seq)
        elif there != _fingerprint(row):
            found.add("copy_differs", CHECKPOINTS, row.seq)


def _fingerprint(row: Checkpoint) -> bytes:
    return hashlib.sha256(row.text.encode()).digest()
