"""Whether a store is what it should be: pages of the data base, sealed months, the chain of raw frames."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from twin.core.errors import StoreError
from twin.store.archive_schema import ARCHIVED_MONTH
from twin.store.archiver import check_month
from twin.store.backup import integrity_problems
from twin.store.chain import GENESIS, frame_header, link
from twin.store.engine import sqlite_path
from twin.store.ledger_schema import FRAME_KEY
from twin.store.reader import LedgerReader
from twin.store.rows import StoredFrame

_AT_ONCE = 5_000

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was looked at and what was found. ``problems`` empty: all is well."""

    frames: int
    months: int
    problems: tuple[str, ...]


def verify_store(
    ledger_url: str, results_url: str, archive: Path, progress: Progress | None = None
) -> Verdict:
    """Check everything that can be checked without a second place.

    ``progress`` is called with the name of a step, what is done and of how much. Raises
    ServiceUnavailableError when there is no ledger.
    """
    tell = progress or _silent
    problems: list[str] = []
    tell("verify_pages", 0, 1)
    for url in (ledger_url, results_url):
        path = sqlite_path(url)
        if path is not None and path.is_file():
            problems += integrity_problems(path)
    reader = LedgerReader(ledger_url, archive=archive)
    try:
        with reader.snapshot() as connection:
            months = connection.execute(sa.select(ARCHIVED_MONTH).order_by(ARCHIVED_MONTH.c.month)).all()
            keys = int(connection.execute(sa.select(sa.func.count()).select_from(FRAME_KEY)).scalar_one())
        for i, row in enumerate(months):
            tell("verify_months", i, len(months))
            try:
                check_month(archive / row.month, row.manifest_sha256)
            except StoreError as error:
                problems.append(error.message)
        frames, broken = 0, ""
        try:
            frames, broken = _walk(reader, lambda done: tell("verify_chain", done, keys))
        except StoreError as error:
            broken = error.message
    finally:
        reader.close()
    if broken:
        problems.append(broken)
    elif frames != keys:
        problems.append(f"{frames} raw frames, {keys} were stored")
    return Verdict(frames=frames, months=len(months), problems=tuple(problems))


def _walk(reader: LedgerReader, tell: Callable[[int], None]) -> tuple[int, str]:
    """Frames whose links are right, in their order, and what is wrong with the next one."""
    before, seq = GENESIS, 0
    for rows in _chunks(reader):
        for row in rows:
            head = frame_header(
                row.seq, row.received_ms, row.pno, row.body_no, row.peer, row.mn, row.st, row.cn, row.qn
            )
            digest = hashlib.sha256(row.segment).digest()
            if row.seq != seq + 1:
                return seq, f"raw frames {seq + 1} to {row.seq - 1} are gone"
            if digest.hex() != row.sha256 or link(before, head, digest) != row.chain:
                return seq, f"the chain of raw frames is broken at {row.seq}"
            before, seq = row.chain, row.seq
        tell(seq)
    return seq, ""


def _chunks(reader: LedgerReader) -> Iterator[tuple[StoredFrame, ...]]:
    seq = 0
    while rows := reader.frames_after(seq, _AT_ONCE):
        yield rows
        seq = rows[-1].seq


def _silent(_step: str, _done: int, _total: int) -> None:
    """Tell nobody."""
