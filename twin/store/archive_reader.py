"""Reading months that were moved to Parquet files, through DuckDB.

A month lies in ``<archive>/<YYYY-MM>/``: ``observation.parquet`` (all versions, sorted by series, time,
interval and version; ``page_ms`` names the page that a row came from), ``raw_frame.parquet`` (sorted by
sequence number), ``series.parquet``, ``pages.json`` and the sealing ``manifest.json``. In the ledger a page
that was moved keeps its row; its body is only the name of the month.

DuckDB is loaded when an archived span is asked for, not before.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa

from twin.core.errors import StoreError
from twin.store.archive_schema import ARCHIVED_MONTH
from twin.store.columns import EMPTY, Columns, joined
from twin.store.rows import StoredFrame

OBSERVATION_FILE, FRAME_FILE = "observation.parquet", "raw_frame.parquet"
SERIES_FILE, PAGES_FILE = "series.parquet", "pages.json"
OPTION = "park_twin_archive"
_MOVED = b"PA1:"
_LIGHT = ("time_ms", "interval_ms", "version", "value", "mark", "checks")
_WHOLE = (*_LIGHT, "received_ms", "frame_seq", "raw_text", "reason")
_FRAME = ("seq", "received_ms", "peer", "mn", "st", "cn", "qn", "pno", "segment", "body_no", "fault", "chain")
_MEMORY = "256MB"

_M = ARCHIVED_MONTH.c


def moved_to(month: str) -> bytes:
    """Body of a page whose rows lie in the archive of a month."""
    return _MOVED + month.encode()


def month_of(body: bytes) -> str | None:
    """Month to which a page was moved; None for a page that is here."""
    return bytes(body[len(_MOVED) :]).decode() if body[: len(_MOVED)] == _MOVED else None


class Archive:
    """Reads the months below a folder; any number of threads may ask. ``folder`` None: there is none."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._base: Any = None

    def columns(self, month: str, series_id: int, pages: Sequence[int], *, whole: bool) -> Columns:
        """Rows of some pages of a series, in order of time. Raises StoreError when the month is not there."""
        names = _WHOLE if whole else _LIGHT
        found = self._ask(
            f"SELECT {', '.join(names)} FROM read_parquet(?) WHERE series_id = ? AND page_ms IN "
            f"({', '.join('?' * len(pages))}) ORDER BY time_ms, interval_ms, version",
            [self._file(month, OBSERVATION_FILE), series_id, *pages],
        ).fetchnumpy()
        return _columns(found, whole=whole)

    def frames(self, month: str, after: int, limit: int, mn: str | None = None) -> tuple[StoredFrame, ...]:
        """Raw frames of a month above a sequence number, in their order."""
        of_device = "" if mn is None else " AND mn = ?"
        values = [self._file(month, FRAME_FILE), after, *([] if mn is None else [mn]), limit]
        return self._frames(f"seq > ?{of_device} ORDER BY seq LIMIT ?", values)

    def last_frames(
        self, month: str, before: int, limit: int, mn: str | None = None
    ) -> tuple[StoredFrame, ...]:
        """Newest raw frames of a month below a sequence number, newest first."""
        of_device = "" if mn is None else " AND mn = ?"
        values = [self._file(month, FRAME_FILE), before, *([] if mn is None else [mn]), limit]
        return self._frames(f"seq < ?{of_device} ORDER BY seq DESC LIMIT ?", values)

    def frames_of(self, month: str, seqs: Iterable[int]) -> tuple[StoredFrame, ...]:
        """Raw frames of a month with these sequence numbers."""
        wanted = sorted(seqs)
        marks = ", ".join("?" * len(wanted))
        return self._frames(f"seq IN ({marks}) ORDER BY seq", [self._file(month, FRAME_FILE), *wanted])

    def received_between(self, month: str, from_ms: int, to_ms: int) -> tuple[int, int] | None:
        """First and last number of the month's frames received in ``[from_ms, to_ms)``, None without any."""
        row = self._ask(
            "SELECT min(seq), max(seq) FROM read_parquet(?) WHERE received_ms >= ? AND received_ms < ?",
            [self._file(month, FRAME_FILE), from_ms, to_ms],
        ).fetchone()
        return None if row[0] is None else (int(row[0]), int(row[1]))

    def daily(self, months: Sequence[str], utc_offset_h: float = 0.0) -> list[tuple[int, int, int, float]]:
        """Series, day (start, ms), count and mean of the newest normal versions of all series.

        For long analyses over whole months; a value counts whatever the automatic checks say of it. A
        page that was written anew later is counted as it was when its month was moved.
        """
        offset_ms = round(utc_offset_h * 3_600_000)
        rows: list[tuple[int, int, int, float]] = self._ask(
            "SELECT series_id, day * 86400000 - ?, count(*), avg(value) FROM ("
            "  SELECT series_id, (time_ms + ?) // 86400000 AS day, value, mark, row_number() OVER ("
            "    PARTITION BY series_id, time_ms, interval_ms ORDER BY version DESC) AS place"
            "  FROM read_parquet(?)) WHERE place = 1 AND mark = 'N' AND value IS NOT NULL"
            " GROUP BY ALL ORDER BY ALL",
            [offset_ms, offset_ms, [self._file(month, OBSERVATION_FILE) for month in months]],
        ).fetchall()
        return rows

    def _frames(self, question: str, values: list[Any]) -> tuple[StoredFrame, ...]:
        rows = self._ask(
            f"SELECT {', '.join(_FRAME)} FROM read_parquet(?) WHERE {question}", values
        ).fetchall()
        return tuple(_frame(row) for row in rows)

    def _ask(self, question: str, values: list[Any]) -> Any:
        import duckdb

        with self._lock:
            if self._base is None:
                self._base = duckdb.connect(
                    ":memory:",
                    config={"memory_limit": _MEMORY, "threads": 2, "autoinstall_known_extensions": "false"},
                )
            cursor = self._base.cursor()
        try:
            return cursor.execute(question, values)
        except duckdb.Error as error:
            raise _unreadable(self.folder, str(error).splitlines()[0]) from error

    def _file(self, month: str, name: str) -> str:
        if self.folder is None:
            raise _unreadable(None, f"{month} was moved there, and nobody said where the archive is")
        path = self.folder / month / name
        if not path.is_file():
            raise _unreadable(self.folder, f"{path} is missing; bring it back from a backup")
        return str(path)


def archive_of(connection: sa.Connection) -> Archive:
    """Archive that belongs to the ledger of a connection."""
    found = connection.get_execution_options().get(OPTION)
    return found if isinstance(found, Archive) else Archive(None)


def moved_columns(
    connection: sa.Connection, series_id: int, pages: Iterable[tuple[str, int]], *, whole: bool
) -> Columns:
    """Rows of pages that were moved; ``pages`` are months and starts."""
    by_month: dict[str, list[int]] = {}
    for month, start_ms in pages:
        by_month.setdefault(month, []).append(start_ms)
    if not by_month:
        return EMPTY
    archive = archive_of(connection)
    return joined([archive.columns(m, series_id, starts, whole=whole) for m, starts in by_month.items()])


def frame_horizon(connection: sa.Connection) -> int:
    """Sequence number up to which raw frames lie in the archive, 0 when none do."""
    return int(connection.execute(sa.select(sa.func.coalesce(sa.func.max(_M.last_seq), 0))).scalar_one())


def chain_at_horizon(connection: sa.Connection) -> tuple[int, bytes] | None:
    """Number and link of the last archived frame; None when none was archived."""
    question = sa.select(_M.last_seq, _M.chain_last).order_by(_M.last_seq.desc()).limit(1)
    row = connection.execute(question).first()
    return None if row is None or not row.last_seq else (int(row.last_seq), bytes(row.chain_last))


def moved_frames(
    connection: sa.Connection, after: int, limit: int, mn: str | None = None
) -> tuple[StoredFrame, ...]:
    """Archived raw frames above a sequence number, in their order."""
    question = sa.select(_M.month).where(_M.last_seq > after, _M.frames > 0).order_by(_M.first_seq)
    found: tuple[StoredFrame, ...] = ()
    for month in connection.execute(question).scalars().all():
        found += archive_of(connection).frames(month, after, limit - len(found), mn)
        if len(found) >= limit:
            break
    return found


def moved_between(connection: sa.Connection, from_ms: int, to_ms: int) -> tuple[int, int] | None:
    """First and last number of archived raw frames received in ``[from_ms, to_ms)``, None without any."""
    question = sa.select(_M.month).where(_M.frames > 0).order_by(_M.first_seq)
    archive = archive_of(connection)
    months = connection.execute(question).scalars().all()
    found = [row for row in (archive.received_between(month, from_ms, to_ms) for month in months) if row]
    return (min(row[0] for row in found), max(row[1] for row in found)) if found else None


def newest_moved_frames(
    connection: sa.Connection, before: int, limit: int, mn: str | None
) -> tuple[StoredFrame, ...]:
    """Newest archived raw frames below a sequence number, newest first."""
    question = sa.select(_M.month).where(_M.frames > 0).order_by(_M.first_seq.desc())
    found: tuple[StoredFrame, ...] = ()
    for month in connection.execute(question).scalars().all():
        if len(found) >= limit:
            break
        found += archive_of(connection).last_frames(month, before, limit - len(found), mn)
    return found


def moved_frames_of(connection: sa.Connection, seqs: Iterable[int]) -> tuple[StoredFrame, ...]:
    """Archived raw frames with these sequence numbers."""
    wanted = set(seqs)
    found: tuple[StoredFrame, ...] = ()
    if not wanted:
        return found
    for row in connection.execute(sa.select(_M.month, _M.first_seq, _M.last_seq)).all():
        part = {seq for seq in wanted if row.first_seq <= seq <= row.last_seq}
        if part:
            found += archive_of(connection).frames_of(row.month, part)
    return found


def _columns(found: dict[str, Any], *, whole: bool) -> Columns:
    def ints(name: str) -> Any:
        return np.asarray(found[name], dtype=np.int64)

    value = found["value"]
    value = np.ma.filled(np.ma.asarray(value, dtype=np.float64), np.nan)
    return Columns(
        time_ms=ints("time_ms"),
        interval_ms=ints("interval_ms"),
        version=ints("version"),
        value=value,
        mark=np.asarray(found["mark"], dtype=np.str_),
        checks=ints("checks"),
        received_ms=ints("received_ms") if whole else EMPTY.received_ms,
        frame_seq=ints("frame_seq") if whole else EMPTY.frame_seq,
        raw_text=found["raw_text"].tolist() if whole else (),
        reason=found["reason"].tolist() if whole else (),
    )


def _frame(row: Sequence[Any]) -> StoredFrame:
    seq, received_ms, peer, mn, st, cn, qn, pno, segment, body_no, fault, chain = row
    return StoredFrame(
        seq=seq,
        received_ms=received_ms,
        peer=peer,
        mn=mn,
        st=st,
        cn=cn,
        qn=qn,
        pno=pno,
        sha256=hashlib.sha256(segment).hexdigest(),
        segment=segment,
        body_no=body_no,
        fault=fault,
        chain=chain,
    )


def _unreadable(folder: Path | None, why: str) -> StoreError:
    return StoreError(
        f"archive {folder or '(unknown)'} cannot be read: {why}",
        message_zh=f"归档 {folder or '（未知）'} 无法读取：{why}",
        field="archive",
        value=str(folder or ""),
    )
