"""Moving a closed month out of the live ledger into sealed Parquet files.

Three steps, each of which may be repeated. ``write_month`` (its own process, a reader) writes the files,
checks the chain of the raw frames on the way, reads everything back through the very code that will
answer questions, and seals the folder. ``RecordMonth`` (the writer) notes the month for ever.
``MovePages`` and ``DropFrames`` (the writer, little by little) take out of the ledger what is recorded. A
death in between leaves data twice, never none.

A page belongs to the month in which it begins; raw frames belong to the month in which they were
received, in ranges without gaps. Values that come late for an archived time stay in the ledger, above
those of the archive.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa

from twin.core.clock import from_datetime, to_datetime
from twin.core.errors import BadRequestError, StoreError
from twin.store import ledger_schema as t
from twin.store.archive_reader import (
    FRAME_FILE,
    OBSERVATION_FILE,
    PAGES_FILE,
    SERIES_FILE,
    Archive,
    chain_at_horizon,
    frame_horizon,
    month_of,
    moved_to,
)
from twin.store.archive_schema import ARCHIVED_MONTH
from twin.store.chain import GENESIS, frame_header, link
from twin.store.columns import Columns, joined
from twin.store.pages import decode
from twin.store.reader import LedgerReader
from twin.store.sealed import MANIFEST, Manifest, problems_of, read_manifest, seal

KIND = "park-twin month 1"
LEAST_MONTHS_LIVE = 1
_FRAMES_AT_ONCE = 20_000
_PAGES_PER_DEED = 64
_FRAMES_PER_DEED = 2_000
_F, _P, _M = t.RAW_FRAME.c, t.PAGE.c, ARCHIVED_MONTH.c
_COLUMNS = (
    *("time_ms", "interval_ms", "version", "value", "mark", "checks"),
    *("received_ms", "frame_seq", "raw_text", "reason"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedPage:
    """A page that was written to files; ``sha256`` of its body tells whether it has changed since."""

    series_id: int
    start_ms: int
    sha256: str


def month_start(month: str) -> int:
    """First moment of a month ``YYYY-MM`` (UTC), ms. Raises BadRequestError."""
    try:
        return from_datetime(datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC))
    except ValueError:
        raise BadRequestError(
            f"month {month!r} is none; expected YYYY-MM",
            message_zh=f"月份 {month!r} 无效；应为 YYYY-MM",
            field="month",
            value=month,
        ) from None


def month_after(month: str) -> str:
    """The next month.

    >>> month_after("2026-12")
    '2027-01'
    """
    return f"{to_datetime(month_start(month) + 32 * 86_400_000):%Y-%m}"


def closed_months(reader: LedgerReader, now_ms: int, months_live: int = LEAST_MONTHS_LIVE) -> tuple[str, ...]:
    """Months that may be moved, oldest first: before the current one and ``months_live`` before it."""
    limit = f"{to_datetime(now_ms):%Y-%m}"
    for _ in range(max(LEAST_MONTHS_LIVE, months_live)):
        limit = f"{to_datetime(month_start(limit) - 1):%Y-%m}"
    with reader.snapshot() as connection:
        last = connection.execute(sa.select(sa.func.max(_M.month))).scalar()
        first_ms = _first_ms(connection)
    if last is None and first_ms is None:
        return ()
    month = month_after(last) if last is not None else f"{to_datetime(first_ms or 0):%Y-%m}"
    found = []
    while month < limit:
        found.append(month)
        month = month_after(month)
    return tuple(found)


def recorded_months(reader: LedgerReader) -> tuple[str, ...]:
    """Months in the archive, oldest first."""
    with reader.snapshot() as connection:
        return tuple(connection.execute(sa.select(_M.month).order_by(_M.month)).scalars())


def write_month(url: str, folder: Path, month: str, now_ms: int) -> Manifest:
    """Write, read back and seal the files of a month; an older sealed folder of it is taken as it is.

    Raises StoreError when the chain of raw frames is broken, when anything reads back differently, or
    when the folder is sealed and damaged.
    """
    final = folder / month
    if (final / MANIFEST).is_file():
        return check_month(final)
    draft = folder / f"{month}.part"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    reader = LedgerReader(url, archive=folder)
    try:
        with reader.snapshot() as connection:
            about = {"month": month, "made_ms": now_ms}
            about |= _write_frames(connection, draft, month)
            about |= _write_values(connection, draft, month)
            _read_back(connection, draft, about)
    finally:
        reader.close()
    manifest = seal(draft, KIND, about)
    draft.rename(final)
    return manifest


def check_month(folder: Path, sha256: str | None = None) -> Manifest:
    """Read the files of a month in full. Raises StoreError that names what is wrong."""
    manifest = read_manifest(folder, sha256=sha256)
    wrong = problems_of(folder, manifest)
    if wrong:
        raise _refusal(folder.name, f"damaged: {'; '.join(wrong[:5])}")
    return manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordMonth:
    """Deed: note that the files of a month are complete. Does nothing for a month noted before."""

    manifest: Manifest

    def apply(self, connection: sa.Connection, now_ms: int) -> bool:
        """Whether the month was new. Raises StoreError when its frames do not follow those before."""
        about = self.manifest.about
        known = connection.execute(sa.select(_M.manifest_sha256).where(_M.month == about["month"])).scalar()
        if known is not None:
            if known != self.manifest.sha256:
                raise _refusal(about["month"], "recorded with another manifest")
            return False
        if about["first_seq"] != frame_horizon(connection) + 1:
            raise _refusal(
                about["month"], f"first frame {about['first_seq']} does not follow the archive's last"
            )
        connection.execute(
            ARCHIVED_MONTH.insert().values(
                month=about["month"],
                first_seq=about["first_seq"],
                last_seq=about["last_seq"],
                frames=about["frames"],
                observations=about["observations"],
                manifest_sha256=self.manifest.sha256,
                chain_last=bytes.fromhex(about["chain_last"]),
                made_ms=now_ms,
            )
        )
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class MovePages:
    """Deed: leave only the month's name of pages that are in its files, as far as they are unchanged."""

    month: str
    pages: tuple[MovedPage, ...]

    def apply(self, connection: sa.Connection, now_ms: int) -> int:
        """Number of pages that were emptied. Raises StoreError for a month that is not recorded."""
        if connection.execute(sa.select(_M.month).where(_M.month == self.month)).first() is None:
            raise _refusal(self.month, "not recorded; its pages stay")
        moved = 0
        for page in self.pages:
            here = (_P.series_id == page.series_id) & (_P.start_ms == page.start_ms)
            body = connection.execute(sa.select(_P.body).where(here)).scalar()
            if body is not None and hashlib.sha256(body).hexdigest() == page.sha256:
                connection.execute(t.PAGE.update().where(here).values(body=moved_to(self.month)))
                moved += 1
        return moved


@dataclass(frozen=True, slots=True, kw_only=True)
class DropFrames:
    """Deed: take archived raw frames out of the ledger, at most ``limit`` of them."""

    limit: int = _FRAMES_PER_DEED

    def apply(self, connection: sa.Connection, now_ms: int) -> int:
        """Number of frames that went; the append-only gate lets none above the archive's last pass."""
        horizon = frame_horizon(connection)
        question = sa.select(_F.seq).where(_F.seq <= horizon).order_by(_F.seq).limit(self.limit)
        seqs = connection.execute(question).scalars().all()
        if seqs:
            connection.execute(t.RAW_FRAME.delete().where(_F.seq >= seqs[0], _F.seq <= seqs[-1]))
        return len(seqs)


def page_deeds(folder: Path, month: str) -> Iterator[MovePages]:
    """Deeds that empty the pages of a month, in small pieces."""
    rows = json.loads((folder / month / PAGES_FILE).read_text("utf-8"))
    pages = [MovedPage(series_id=row[0], start_ms=row[1], sha256=row[2]) for row in rows]
    for start in range(0, len(pages), _PAGES_PER_DEED):
        yield MovePages(month=month, pages=tuple(pages[start : start + _PAGES_PER_DEED]))


def _first_ms(connection: sa.Connection) -> int | None:
    """First moment of which something is live: a page that is here, or a raw frame."""
    frame = connection.execute(sa.select(_F.received_ms).order_by(_F.seq).limit(1)).scalar()
    page = connection.execute(
        sa.select(sa.func.min(_P.first_ms)).where(sa.func.length(_P.body) > len(moved_to("YYYY-MM")))
    ).scalar()
    found = [int(row) for row in (frame, page) if row is not None]
    return min(found) if found else None


def _write_frames(connection: sa.Connection, draft: Path, month: str) -> dict[str, Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    known = chain_at_horizon(connection) or (0, GENESIS)
    seq, chain, count = known[0], known[1], 0
    end_ms = month_start(month_after(month))
    schema = pa.schema(
        [("seq", pa.int64()), ("received_ms", pa.int64())]
        + [(name, pa.string()) for name in ("peer", "mn", "st", "cn", "qn")]
        + [("pno", pa.int64()), ("segment", pa.binary()), ("body_no", pa.int32())]
        + [("fault", pa.string()), ("chain", pa.binary(32))]
    )
    with pq.ParquetWriter(
        draft / FRAME_FILE,
        schema,
        compression="zstd",
        use_dictionary=["peer", "mn", "st", "cn", "fault"],
        column_encoding={"seq": "DELTA_BINARY_PACKED", "received_ms": "DELTA_BINARY_PACKED"},
    ) as writer:
        for rows in _frames_until(connection, seq, end_ms):
            for row in rows:
                head = frame_header(
                    row.seq, row.received_ms, row.pno, row.body_no, row.peer, row.mn, row.st, row.cn, row.qn
                )
                chain = link(chain, head, hashlib.sha256(row.segment).digest())
                if row.seq != seq + 1 or chain != bytes(row.chain):
                    raise _refusal(month, f"chain of raw frames is broken at {row.seq}; nothing was moved")
                seq, count = row.seq, count + 1
            columns = {name: [getattr(row, name) for row in rows] for name in schema.names}
            writer.write_table(pa.table(columns, schema=schema))
    return {"first_seq": known[0] + 1, "last_seq": seq, "frames": count, "chain_last": chain.hex()}


def _frames_until(connection: sa.Connection, after: int, end_ms: int) -> Iterator[list[Any]]:
    """Raw frames in their order up to the first that was received at ``end_ms`` or later."""
    while True:
        question = sa.select(t.RAW_FRAME).where(_F.seq > after).order_by(_F.seq).limit(_FRAMES_AT_ONCE)
        rows = list(connection.execute(question).all())
        kept = next((i for i, row in enumerate(rows) if row.received_ms >= end_ms), len(rows))
        if kept:
            yield rows[:kept]
        if kept < _FRAMES_AT_ONCE:
            return
        after = rows[-1].seq


def _write_values(connection: sa.Connection, draft: Path, month: str) -> dict[str, Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema(
        [("series_id", pa.int32()), ("page_ms", pa.int64()), ("time_ms", pa.int64())]
        + [("interval_ms", pa.int32()), ("version", pa.int32()), ("value", pa.float64())]
        + [("mark", pa.string()), ("checks", pa.int32()), ("received_ms", pa.int64())]
        + [("frame_seq", pa.int64()), ("raw_text", pa.string()), ("reason", pa.string())]
    )
    end_ms = month_start(month_after(month))
    moved: list[tuple[int, int, str]] = []
    count, times = 0, []
    with pq.ParquetWriter(
        draft / OBSERVATION_FILE,
        schema,
        compression="zstd",
        compression_level=9,
        use_dictionary=["series_id", "page_ms", "interval_ms", "version", "value", "mark", "checks"]
        + ["raw_text", "reason"],
        column_encoding={name: "DELTA_BINARY_PACKED" for name in ("time_ms", "received_ms", "frame_seq")},
    ) as writer:
        for series_id in connection.execute(sa.select(t.SERIES.c.id).order_by(t.SERIES.c.id)).scalars().all():
            pages = _pages_of(connection, series_id, end_ms)
            if not pages:
                continue
            parts = [(start_ms, decode(body, start_ms)) for start_ms, body in pages]
            writer.write_table(pa.table(_as_arrow(series_id, parts), schema=schema))
            moved += [(series_id, start_ms, hashlib.sha256(body).hexdigest()) for start_ms, body in pages]
            count += sum(len(part) for _, part in parts)
            times += [int(part.time_ms[0]) for _, part in parts] + [
                int(part.time_ms[-1]) for _, part in parts
            ]
    (draft / PAGES_FILE).write_text(json.dumps(moved), "utf-8")
    series = connection.execute(sa.select(t.SERIES).order_by(t.SERIES.c.id)).mappings().all()
    names = [column.name for column in t.SERIES.columns]
    pq.write_table(pa.table({name: [row[name] for row in series] for name in names}), draft / SERIES_FILE)
    span = {"first_ms": min(times), "last_ms": max(times)} if times else {}
    return {"observations": count, "pages": len(moved), **span}


def _pages_of(connection: sa.Connection, series_id: int, end_ms: int) -> list[tuple[int, bytes]]:
    """Pages of a series that begin before a moment and are still here."""
    question = (
        sa.select(_P.start_ms, _P.body)
        .where(_P.series_id == series_id, _P.start_ms < end_ms)
        .order_by(_P.start_ms)
    )
    rows = connection.execute(question).all()
    return [(row.start_ms, bytes(row.body)) for row in rows if month_of(row.body) is None]


def _as_arrow(series_id: int, parts: Sequence[tuple[int, Columns]]) -> dict[str, Any]:
    import pyarrow as pa

    page_ms = np.concatenate([np.full(len(part), start_ms) for start_ms, part in parts])
    rows = joined([part for _, part in parts])
    arrays: dict[str, Any] = {name: getattr(rows, name) for name in _COLUMNS}
    arrays["value"] = pa.array(rows.value, mask=np.isnan(rows.value))
    return {"series_id": np.full(len(rows), series_id), "page_ms": page_ms, **arrays}


def _read_back(connection: sa.Connection, draft: Path, about: dict[str, Any]) -> None:
    """Compare every value and every frame with the ledger, through the archive's reader."""
    archive = Archive(draft.parent)
    month = draft.name
    end_ms = month_start(month_after(about["month"]))
    seen = 0
    for series_id in connection.execute(sa.select(t.SERIES.c.id)).scalars().all():
        pages = _pages_of(connection, series_id, end_ms)
        if not pages:
            continue
        wanted = joined([decode(body, start_ms) for start_ms, body in pages])
        found = archive.columns(month, series_id, [start_ms for start_ms, _ in pages], whole=True)
        if not same(wanted, found):
            raise _refusal(about["month"], f"values of series {series_id} read back differently")
        seen += len(found)
    if seen != about["observations"]:
        raise _refusal(about["month"], f"{seen} values read back of {about['observations']}")
    after = about["first_seq"] - 1
    while after < about["last_seq"]:
        question = sa.select(t.RAW_FRAME).where(_F.seq > after).order_by(_F.seq).limit(_FRAMES_AT_ONCE)
        rows = [row for row in connection.execute(question).all() if row.seq <= about["last_seq"]]
        read = archive.frames(month, after, len(rows))
        if [_plain(row) for row in rows] != [_plain(row) for row in read]:
            raise _refusal(about["month"], f"raw frames after {after} read back differently")
        after = rows[-1].seq


def _plain(row: Any) -> tuple[object, ...]:
    texts = (row.peer, row.mn, row.st, row.cn, row.qn, row.fault)
    sha256 = row.sha256 if isinstance(row.sha256, str) else bytes(row.sha256).hex()
    return (
        row.seq,
        row.received_ms,
        *texts,
        row.pno,
        sha256,
        bytes(row.segment),
        row.body_no,
        bytes(row.chain),
    )


def same(one: Columns, other: Columns) -> bool:
    """Whether two pieces hold the same rows, bit for bit."""
    arrays = ("time_ms", "interval_ms", "version", "mark", "checks", "received_ms", "frame_seq")
    return (
        len(one) == len(other)
        and all(np.array_equal(getattr(one, name), getattr(other, name)) for name in arrays)
        and np.array_equal(one.value.view(np.int64), other.value.view(np.int64))
        and list(one.raw_text) == list(other.raw_text)
        and list(one.reason) == list(other.reason)
    )


def _refusal(month: str, why: str) -> StoreError:
    return StoreError(
        f"month {month}: {why}", message_zh=f"月份 {month} 无法归档：{why}", field="month", value=month
    )
