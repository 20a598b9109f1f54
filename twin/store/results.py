"""The result ledger: plume frames and water tables with what they were computed from.

``ResultStore`` is the one writer (the model worker), ``ResultReader`` serves everybody else.
Blobs are durable before their row exists, so that a row always has its file.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from twin.core.clock import SystemClock, to_datetime
from twin.core.errors import NotFoundError, StoreError
from twin.core.origin import Origin
from twin.store import result_schema as t
from twin.store import water_files
from twin.store.blobs import blob_path, remove_blob, write_blob
from twin.store.engine import WriterLock, cannot_write, writer_engine
from twin.store.migrate import Kind, upgrade
from twin.store.reading import Reader
from twin.store.ring import EventRing
from twin.store.rows import AirKind, AirRow, PlumeRow, SourceRate, WaterKind, WaterRow, WaterTableRow
from twin.store.schema_parts import save_beat

RESULT_RING = 5_000
PLUME_SUFFIX = ".twv"
WATER_TABLE_SUFFIX = ".twg"
PLUME_FOLDER = "frames"
WATER_TABLE_FOLDER = "watertables"
AIR_FOLDER = "airmaps"


@dataclass(frozen=True, slots=True, kw_only=True)
class Thinning:
    """What is kept: everything for ``full_ms``, then one frame per ``step_ms``, nothing after ``keep_ms``."""

    full_ms: int = 2 * 3_600_000
    step_ms: int = 300_000
    keep_ms: int = 72 * 3_600_000


class ResultStore:
    """Writes results: rows to the data base at ``url``, blobs below ``folder``.

    Raises StoreError when another process writes the same results.
    """

    def __init__(
        self, url: str, folder: Path, *, event_ring: int = RESULT_RING, process: str = "worker"
    ) -> None:
        self.url = url
        self.folder = folder
        self._process = process
        self._started_ms = SystemClock().now_ms()
        self._engine = writer_engine(url)
        self._lock = WriterLock(url)
        try:
            with self._engine.connect():
                self._lock.take()
            upgrade(self._engine, Kind.RESULTS)
            with self._engine.begin() as connection:
                self._ring = EventRing(connection, t.EVENT, event_ring)
        except BaseException:
            self.close()
            raise

    def new_run(self, now_ms: int) -> str:
        """Name for the frames of one run of the worker: the time and four random digits."""
        return f"{to_datetime(now_ms):%Y%m%dT%H%M%S}-{secrets.token_hex(2)}"

    def add_plume(self, row: PlumeRow, body: bytes) -> PlumeRow:
        """Store a plume frame; the row with its size is returned after the commit.

        Raises StoreError when (run, k) is taken.
        """
        full = replace(row, size_bytes=len(body))
        self._refuse_taken(t.PLUME, "plume", row.run, row.k)
        write_blob(blob_path(self.folder / PLUME_FOLDER, row.run, row.k, PLUME_SUFFIX), body)
        values = {
            "run": full.run,
            "k": full.k,
            "substance_id": full.substance_id,
            "time_ms": full.time_ms,
            "size_bytes": full.size_bytes,
            "max_kg_m3": full.max_kg_m3,
            "origin": full.origin.value,
            "solver": full.solver,
            "notes": _json(list(full.notes)),
            "inputs": _json(list(full.inputs)),
            "sources": _json([source.payload() for source in full.sources]),
            "beams": _json(full.beams_kg_m3),
        }
        self._insert(t.PLUME, values, "plume", full.payload())
        return full

    def add_water_table(self, row: WaterTableRow, body: bytes) -> WaterTableRow:
        """Store a water table; the row with its size is returned after the commit.

        Raises StoreError when (run, k) is taken.
        """
        full = replace(row, size_bytes=len(body))
        self._refuse_taken(t.WATER_TABLE, "water table", row.run, row.k)
        write_blob(blob_path(self.folder / WATER_TABLE_FOLDER, row.run, row.k, WATER_TABLE_SUFFIX), body)
        values = {
            "run": full.run,
            "k": full.k,
            "time_ms": full.time_ms,
            "size_bytes": full.size_bytes,
            "origin": full.origin.value,
            "loo_rmse_m": full.loo_rmse_m,
            "inputs": _json(list(full.inputs)),
        }
        self._insert(t.WATER_TABLE, values, "watertable", full.payload())
        return full

    def add_air(self, row: AirRow, body: bytes = b"") -> AirRow:
        """Store a now-cast or a forecast, with its map if there is one; the row as it was committed.

        Raises StoreError when (run, k) is taken.
        """
        full = replace(row, size_bytes=len(body))
        self._refuse_taken(t.AIR, "air", row.run, row.k)
        if body:
            write_blob(blob_path(self.folder / AIR_FOLDER, row.run, row.k, PLUME_SUFFIX), body)
        values = {
            "run": full.run,
            "k": full.k,
            "kind": full.kind.value,
            "substance_id": full.substance_id,
            "time_ms": full.time_ms,
            "size_bytes": full.size_bytes,
            "origin": full.origin.value,
            "solver": full.solver,
            "body": _json(full.body),
        }
        self._insert(t.AIR, values, full.kind.value, full.payload())
        return full

    def add_water(self, row: WaterRow, files: Mapping[str, bytes] | None = None) -> WaterRow:
        """Store a row of the groundwater with its files by name; the row as it was committed.

        Raises StoreError when (run, k) is taken, BadRequestError for a name that is none of a file.
        """
        given = files or {}
        full = replace(row, files=tuple(given), size_bytes=sum(len(body) for body in given.values()))
        self._refuse_taken(t.WATER, "water", row.run, row.k)
        for name, body in given.items():
            write_blob(water_files.path_of(self.folder, row.run, row.k, name), body)
        values = {
            "run": full.run,
            "k": full.k,
            "kind": full.kind.value,
            "time_ms": full.time_ms,
            "exercise": full.exercise,
            "size_bytes": full.size_bytes,
            "origin": full.origin.value,
            "solver": full.solver,
            "files": _json(list(full.files)),
            "body": _json(full.body),
        }
        self._insert(t.WATER, values, "water", full.event())
        return full

    def has_water(self, run: str, k: int) -> bool:
        """Whether a row of the groundwater is stored."""
        question = sa.select(t.WATER.c.k).where(t.WATER.c.run == run, t.WATER.c.k == k)
        with self._transaction() as connection:
            return connection.execute(question).first() is not None

    def beat(self, now_ms: int) -> None:
        """Sign of life of the worker."""
        with self._transaction() as connection:
            save_beat(connection, t.BEAT, process=self._process, started_ms=self._started_ms, now_ms=now_ms)

    def thin(self, now_ms: int, rule: Thinning | None = None) -> int:
        """Remove frames that are too old or too many; the number removed."""
        rule = rule or Thinning()
        with self._transaction() as connection:
            plumes = _thin_table(connection, t.PLUME, (t.PLUME.c.substance_id,), now_ms, rule)
            tables = _thin_table(connection, t.WATER_TABLE, (), now_ms, rule)
            air = _thin_table(connection, t.AIR, (t.AIR.c.kind, t.AIR.c.substance_id), now_ms, rule)
            water = _thin_water(connection, now_ms, rule)
        # Rows go first: a file without a row is rubbish, a row without a file would be a lie.
        for run, k in plumes:
            remove_blob(blob_path(self.folder / PLUME_FOLDER, run, k, PLUME_SUFFIX))
        for run, k in tables:
            remove_blob(blob_path(self.folder / WATER_TABLE_FOLDER, run, k, WATER_TABLE_SUFFIX))
        for run, k in air:
            remove_blob(blob_path(self.folder / AIR_FOLDER, run, k, PLUME_SUFFIX))
        for run, k in water:
            water_files.remove(self.folder, run, k)
        return len(plumes) + len(tables) + len(air) + len(water)

    def close(self) -> None:
        """Close the data base and let another process write."""
        self._engine.dispose()
        self._lock.release()

    def _refuse_taken(self, table: sa.Table, kind: str, run: str, k: int) -> None:
        # Before the file is touched: its row may be on somebody's screen.
        question = sa.select(table.c.k).where(table.c.run == run, table.c.k == k)
        with self._transaction() as connection:
            taken = connection.execute(question).first() is not None
        if taken:
            raise StoreError(
                f"{kind} {run}/{k} is stored already; results are never overwritten",
                message_zh=f"结果 {run}/{k} 已存在；结果不可覆盖",
                field="k",
                value=k,
            )

    def _insert(self, table: sa.Table, values: dict[str, Any], kind: str, payload: dict[str, Any]) -> None:
        with self._transaction() as connection:
            connection.execute(table.insert().values(values))
            self._ring.append(connection, [(values["time_ms"], kind, _json(payload))])

    @contextmanager
    def _transaction(self) -> Iterator[sa.Connection]:
        cursor = self._ring.cursor
        try:
            with self._engine.begin() as connection:
                yield connection
        except BaseException as error:
            self._ring.back_to(cursor)
            if isinstance(error, sa.exc.SQLAlchemyError):
                raise cannot_write(self.url, error) from error
            raise


class ResultReader(Reader):
    """Reads results. ``folder`` is the data folder, in which the blobs lie."""

    def __init__(self, url: str, folder: Path) -> None:
        super().__init__(url, Kind.RESULTS)
        self.folder = folder

    def plumes(
        self, substance_id: str | None, from_ms: int, to_ms: int, limit: int = 2000
    ) -> tuple[PlumeRow, ...]:
        """Frames with ``from_ms <= time < to_ms``, in time order; the newest ``limit`` of them."""
        p = t.PLUME
        question = sa.select(p).where(p.c.time_ms >= from_ms, p.c.time_ms < to_ms)
        if substance_id is not None:
            question = question.where(p.c.substance_id == substance_id)
        return tuple(reversed(self._plumes(question.order_by(p.c.time_ms.desc(), p.c.k.desc()).limit(limit))))

    def newest_plumes(self, at_ms: int | None = None) -> tuple[PlumeRow, ...]:
        """Newest frame of every substance, at ``at_ms`` the newest of those up to that time."""
        p = t.PLUME
        newest = sa.select(p.c.substance_id, sa.func.max(p.c.time_ms).label("time_ms")).group_by(
            p.c.substance_id
        )
        if at_ms is not None:
            newest = newest.where(p.c.time_ms <= at_ms)
        top = newest.subquery()
        same = (p.c.substance_id == top.c.substance_id) & (p.c.time_ms == top.c.time_ms)
        rows = self._plumes(sa.select(p).join(top, same).order_by(p.c.substance_id, p.c.run, p.c.k))
        return tuple({row.substance_id: row for row in rows}.values())

    def plume(self, run: str, k: int) -> PlumeRow:
        """One frame. Raises NotFoundError."""
        p = t.PLUME
        rows = self._plumes(sa.select(p).where(p.c.run == run, p.c.k == k))
        if not rows:
            raise _no_frame(f"{run}/{k}{PLUME_SUFFIX}")
        return rows[0]

    def air_rows(
        self, kind: AirKind, substance_id: str | None, from_ms: int, to_ms: int, limit: int = 2000
    ) -> tuple[AirRow, ...]:
        """Now-casts or forecasts with ``from_ms <= time < to_ms``, in time order; the newest ``limit``."""
        a = t.AIR
        question = sa.select(a).where(a.c.kind == kind.value, a.c.time_ms >= from_ms, a.c.time_ms < to_ms)
        if substance_id is not None:
            question = question.where(a.c.substance_id == substance_id)
        return tuple(reversed(self._air(question.order_by(a.c.time_ms.desc(), a.c.k.desc()).limit(limit))))

    def newest_air(
        self, kind: AirKind, at_ms: int | None = None, *, with_map: bool = False
    ) -> tuple[AirRow, ...]:
        """Newest row of every substance, at ``at_ms`` the newest of those up to then.

        ``with_map``: the newest among those that have a map.
        """
        a = t.AIR
        newest = sa.select(a.c.substance_id, sa.func.max(a.c.time_ms).label("time_ms"))
        wanted = a.c.kind == kind.value
        if with_map:
            wanted &= a.c.size_bytes > 0
        newest = newest.where(wanted).group_by(a.c.substance_id)
        if at_ms is not None:
            newest = newest.where(a.c.time_ms <= at_ms)
        top = newest.subquery()
        same = (a.c.substance_id == top.c.substance_id) & (a.c.time_ms == top.c.time_ms) & wanted
        rows = self._air(sa.select(a).join(top, same).order_by(a.c.substance_id, a.c.run, a.c.k))
        return tuple({row.substance_id: row for row in rows}.values())

    def air_file(self, run: str, k: int) -> Path:
        """File of a map of the air. Raises NotFoundError."""
        return self._file(AIR_FOLDER, run, k, PLUME_SUFFIX)

    def water_rows(
        self, kind: WaterKind, from_ms: int, to_ms: int, limit: int = 2000
    ) -> tuple[WaterRow, ...]:
        """Rows of one kind with ``from_ms <= time < to_ms``, in time order; the newest ``limit`` of them."""
        w = t.WATER
        question = sa.select(w).where(w.c.kind == kind.value, w.c.time_ms >= from_ms, w.c.time_ms < to_ms)
        return tuple(reversed(self._water(question.order_by(*_newest_water(w)).limit(limit))))

    def newest_water(self, kind: WaterKind, at_ms: int | None = None) -> WaterRow | None:
        """Newest row of a kind, at ``at_ms`` the newest of those up to then; exercises do not count."""
        w = t.WATER
        question = sa.select(w).where(w.c.kind == kind.value, w.c.exercise.is_(False))
        if at_ms is not None:
            question = question.where(w.c.time_ms <= at_ms)
        rows = self._water(question.order_by(*_newest_water(w)).limit(1))
        return rows[0] if rows else None

    def water(self, run: str, k: int) -> WaterRow:
        """One row of the groundwater. Raises NotFoundError."""
        w = t.WATER
        rows = self._water(sa.select(w).where(w.c.run == run, w.c.k == k))
        if not rows:
            raise _no_frame(f"{run}/{k}")
        return rows[0]

    def water_file(self, run: str, k: int, name: str) -> Path:
        """File of a row of the groundwater. Raises NotFoundError."""
        path = water_files.path_of(self.folder, run, k, name)
        if not path.is_file():
            raise _no_frame(f"{run}/{k}/{name}")
        return path

    def _water(self, question: sa.Select[Any]) -> tuple[WaterRow, ...]:
        with self.snapshot() as connection:
            return tuple(_water_row(r) for r in connection.execute(question))

    def _air(self, question: sa.Select[Any]) -> tuple[AirRow, ...]:
        with self.snapshot() as connection:
            return tuple(_air(r) for r in connection.execute(question))

    def water_tables(self, from_ms: int, to_ms: int, limit: int = 2000) -> tuple[WaterTableRow, ...]:
        """Water tables with ``from_ms <= time < to_ms``, in time order; the newest ``limit``."""
        w = t.WATER_TABLE
        question = sa.select(w).where(w.c.time_ms >= from_ms, w.c.time_ms < to_ms)
        return tuple(reversed(self._tables(question.order_by(w.c.time_ms.desc(), w.c.k.desc()).limit(limit))))

    def newest_water_table(self, at_ms: int | None = None) -> WaterTableRow | None:
        """Newest water table, at ``at_ms`` the newest of those up to that time."""
        w = t.WATER_TABLE
        question = sa.select(w).order_by(w.c.time_ms.desc(), w.c.run.desc(), w.c.k.desc()).limit(1)
        rows = self._tables(question if at_ms is None else question.where(w.c.time_ms <= at_ms))
        return rows[0] if rows else None

    def plume_file(self, run: str, k: int) -> Path:
        """File of a plume frame; ``twin.store.blobs.compressed`` names its sibling. NotFoundError."""
        return self._file(PLUME_FOLDER, run, k, PLUME_SUFFIX)

    def water_table_file(self, run: str, k: int) -> Path:
        """File of a water table. Raises NotFoundError."""
        return self._file(WATER_TABLE_FOLDER, run, k, WATER_TABLE_SUFFIX)

    def _file(self, folder: str, run: str, k: int, suffix: str) -> Path:
        path = blob_path(self.folder / folder, run, k, suffix)
        if not path.is_file():
            raise _no_frame(f"{run}/{k}{suffix}")
        return path

    def _plumes(self, question: sa.Select[Any]) -> tuple[PlumeRow, ...]:
        with self.snapshot() as connection:
            return tuple(_plume(r) for r in connection.execute(question))

    def _tables(self, question: sa.Select[Any]) -> tuple[WaterTableRow, ...]:
        with self.snapshot() as connection:
            return tuple(_water_table(r) for r in connection.execute(question))


def _plume(r: sa.Row[Any]) -> PlumeRow:
    return PlumeRow(
        run=r.run,
        k=r.k,
        substance_id=r.substance_id,
        time_ms=r.time_ms,
        size_bytes=r.size_bytes,
        max_kg_m3=r.max_kg_m3,
        origin=Origin(r.origin),
        solver=r.solver,
        notes=tuple(json.loads(r.notes)),
        inputs=tuple(json.loads(r.inputs)),
        sources=tuple(
            SourceRate(
                unit_id=row["unit"],
                rate_kg_s=row["rate_kg_s"],
                low_kg_s=row["low_kg_s"],
                high_kg_s=row["high_kg_s"],
            )
            for row in json.loads(r.sources)
        ),
        beams_kg_m3=json.loads(r.beams),
    )


def _air(r: sa.Row[Any]) -> AirRow:
    return AirRow(
        run=r.run,
        k=r.k,
        kind=AirKind(r.kind),
        substance_id=r.substance_id,
        time_ms=r.time_ms,
        size_bytes=r.size_bytes,
        origin=Origin(r.origin),
        solver=r.solver,
        body=json.loads(r.body),
    )


def _water_table(r: sa.Row[Any]) -> WaterTableRow:
    return WaterTableRow(
        run=r.run,
        k=r.k,
        time_ms=r.time_ms,
        size_bytes=r.size_bytes,
        origin=Origin(r.origin),
        loo_rmse_m=r.loo_rmse_m,
        inputs=tuple(json.loads(r.inputs)),
    )


def _newest_water(table: sa.Table) -> tuple[sa.ColumnElement[Any], ...]:
    """Newest first; of rows at one time the one that was stored last."""
    return table.c.time_ms.desc(), table.c.run.desc(), table.c.k.desc()


def _water_row(r: sa.Row[Any]) -> WaterRow:
    return WaterRow(
        run=r.run,
        k=r.k,
        kind=WaterKind(r.kind),
        time_ms=r.time_ms,
        origin=Origin(r.origin),
        solver=r.solver,
        exercise=bool(r.exercise),
        files=tuple(json.loads(r.files)),
        size_bytes=r.size_bytes,
        body=json.loads(r.body),
    )


def _thin_water(connection: sa.Connection, now_ms: int, rule: Thinning) -> list[tuple[str, int]]:
    """Groundwater moves slowly: rows stay ten times as long, after a day one per hour; warnings all."""
    w = t.WATER
    keep_ms = 10 * rule.keep_ms
    slow = Thinning(full_ms=12 * rule.full_ms, step_ms=max(rule.step_ms, 3_600_000), keep_ms=keep_ms)
    frames = _thin_table(
        connection, w, (w.c.kind, w.c.exercise), now_ms, slow, w.c.kind != WaterKind.EVENT.value
    )
    every = Thinning(full_ms=keep_ms, step_ms=1, keep_ms=keep_ms)
    return frames + _thin_table(connection, w, (w.c.kind,), now_ms, every, w.c.kind == WaterKind.EVENT.value)


def _thin_table(
    connection: sa.Connection,
    table: sa.Table,
    group: Sequence[sa.Column[Any]],
    now_ms: int,
    rule: Thinning,
    only: sa.ColumnElement[bool] | None = None,
) -> list[tuple[str, int]]:
    """Delete rows of one table; (run, k) of what was deleted. The newest of each group stays."""
    question = sa.select(table.c.run, table.c.k, table.c.time_ms, *group).where(
        table.c.time_ms < now_ms - min(rule.full_ms, rule.keep_ms)
    )
    if only is not None:
        question = question.where(only)
    kept: set[tuple[Any, ...]] = set()
    doomed: list[tuple[str, int]] = []
    newest = _newest_keys(connection, table, group)
    for r in connection.execute(question.order_by(table.c.time_ms, table.c.run, table.c.k)):
        place = (r.time_ms // rule.step_ms, *r[3:])
        old = r.time_ms < now_ms - rule.keep_ms
        if (r.time_ms, *r[3:]) in newest:
            continue
        if old or place in kept:
            doomed.append((r.run, r.k))
        kept.add(place)
    if doomed:
        gone = table.delete().where(table.c.run == sa.bindparam("b_run"), table.c.k == sa.bindparam("b_k"))
        connection.execute(gone, [{"b_run": run, "b_k": k} for run, k in doomed])
    return doomed


def _newest_keys(
    connection: sa.Connection, table: sa.Table, group: Sequence[sa.Column[Any]]
) -> set[tuple[Any, ...]]:
    question = sa.select(sa.func.max(table.c.time_ms), *group)
    return {tuple(r) for r in connection.execute(question.group_by(*group) if group else question)}


def _no_frame(name: str) -> NotFoundError:
    return NotFoundError(
        f"frame {name} is not stored (any more)",
        message_zh=f"帧 {name} 不存在或已被清理",
        field="k",
        value=name,
    )


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
