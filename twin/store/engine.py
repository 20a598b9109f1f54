"""The seam to the data base: all that differs between SQLite and PostgreSQL stands here.

SQLite runs in WAL mode with ``synchronous=FULL``: a commit that returned survives the death of
the process and of the machine. Readers open the file for reading and writing, because the first
connection after a ``kill -9`` must be able to recover the log, and are then bound to
``query_only``.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from twin.core.errors import ServiceUnavailableError, StoreError
from twin.store import postgres
from twin.store.archive_reader import OPTION, Archive

_WRITER_PRAGMAS = (
    "page_size=4096",
    "busy_timeout=10000",
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "cache_size=-49152",
    "journal_size_limit=33554432",
)
_READER_PRAGMAS = ("busy_timeout=5000", "query_only=ON", "cache_size=-8192")
READER_CONNECTIONS = 32
_ROWS_PER_STATEMENT = 256


def sqlite_url(path: Path) -> str:
    """URL of an SQLite file."""
    return f"sqlite:///{path.absolute()}"


def sqlite_path(url: str) -> Path | None:
    """File behind an SQLite URL; None for another data base. Raises StoreError for memory."""
    parsed = _parse(url)
    if parsed.get_backend_name() != "sqlite":
        return None
    if not parsed.database or parsed.database == ":memory:":
        raise StoreError(
            f"ledger URL {url!r} names no file; expected sqlite:///<path>",
            message_zh=f"台账地址 {url!r} 未指明文件；应为 sqlite:///<路径>",
            field="url",
            value=url,
        )
    return Path(parsed.database)


def archive_folder(url: str) -> Path | None:
    """Where the archive of an SQLite ledger lies: beside it. None for another data base."""
    path = sqlite_path(url)
    return None if path is None else path.absolute().parent / "archive"


def writer_engine(url: str, archive: Path | None = None) -> sa.Engine:
    """Engine of the one writer: a single connection, transactions begin at once.

    ``archive`` is the folder of months that were moved to files, needed where the ledger is no file.
    """
    path = sqlite_path(url)
    options = {OPTION: Archive(archive or archive_folder(url))}
    if path is None:
        engine = sa.create_engine(url, pool_size=1, max_overflow=0, execution_options=options)
        postgres.prepare(engine, lambda: _taken(shown(url), url))
        return engine
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(url, pool_size=1, max_overflow=0, execution_options=options)
    _prepare(engine, _WRITER_PRAGMAS, begin="BEGIN IMMEDIATE")
    return engine


def reader_engine(url: str, archive: Path | None = None) -> sa.Engine:
    """Engine of a reader. Raises ServiceUnavailableError as long as the ledger does not exist."""
    path = sqlite_path(url)
    options = {OPTION: Archive(archive or archive_folder(url))}
    if path is None:
        # Repeatable read: all questions of a snapshot see the same moment, as on SQLite.
        engine = sa.create_engine(
            url,
            pool_size=READER_CONNECTIONS,
            max_overflow=READER_CONNECTIONS,
            isolation_level="REPEATABLE READ",
            execution_options={"postgresql_readonly": True, **options},
        )
        postgres.prepare(engine)
        return engine
    if not path.is_file():
        raise not_yet(url)
    engine = sa.create_engine(
        f"sqlite:///file:{path.absolute()}?mode=rw&uri=true",
        pool_size=READER_CONNECTIONS,
        max_overflow=READER_CONNECTIONS,
        execution_options=options,
    )
    _prepare(engine, _READER_PRAGMAS, begin="BEGIN")
    return engine


def shown(url: str) -> str:
    """The URL without its password, for messages."""
    return _parse(url).render_as_string()


def not_yet(url: str) -> ServiceUnavailableError:
    """The error of a reader that came before the writer."""
    return ServiceUnavailableError(
        f"ledger {shown(url)} is not there yet; its writer makes it at its start",
        message_zh="台账尚未建立，写入进程启动后即可使用",
        field="url",
        value=url,
    )


def cannot_write(url: str, error: Exception) -> StoreError:
    """The error of a writer whose data base refuses (disk full, file gone, ...)."""
    reason = getattr(error, "orig", None) or error
    return StoreError(
        f"ledger {shown(url)} cannot be written: {reason}",
        message_zh=f"台账无法写入：{reason}",
        field="url",
        value=shown(url),
    )


def insert_many(connection: sa.Connection, table: sa.Table, rows: Sequence[tuple[object, ...]]) -> None:
    """Insert rows given in the order of the table's columns; for the hot tables.

    Where the driver takes positional parameters this goes around the compiler's work per row, which
    costs more than SQLite's.
    """
    if not rows:
        return
    if connection.dialect.name == "postgresql" and postgres.copy_rows(connection, table, rows):
        return
    if connection.dialect.paramstyle != "qmark":
        names = [column.name for column in table.columns]
        connection.execute(table.insert(), [dict(zip(names, row, strict=True)) for row in rows])
        return
    _write_rows(connection, table, rows)


def upsert_many(connection: sa.Connection, table: sa.Table, rows: Sequence[tuple[object, ...]]) -> None:
    """Insert rows given in the order of the table's columns; those whose key is there are replaced."""
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        postgres.upsert_rows(connection, table, rows)
        return
    key = ", ".join(column.name for column in table.primary_key.columns)
    changed = ", ".join(f"{c.name} = excluded.{c.name}" for c in table.columns if not c.primary_key)
    _write_rows(connection, table, rows, f" ON CONFLICT ({key}) DO UPDATE SET {changed}")


def _write_rows(
    connection: sa.Connection, table: sa.Table, rows: Sequence[tuple[object, ...]], tail: str = ""
) -> None:
    """Rows in statements of many rows each.

    SQLite's driver lets go of the interpreter for every step of a statement and has to win it back from the
    thread that reads the lines; a statement of many rows is one step. Sizes are powers of two, so that the
    driver knows all statements by heart.
    """
    names = [column.name for column in table.columns]
    head = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES "
    one = f"({', '.join('?' * len(names))})"
    at, size = 0, _ROWS_PER_STATEMENT
    cursor = connection.connection.cursor()
    try:
        while at < len(rows):
            while size > len(rows) - at:
                size //= 2
            part = rows[at : at + size]
            cursor.execute(head + ", ".join([one] * size) + tail, list(chain.from_iterable(part)))
            at += size
    finally:
        cursor.close()


def seek_sql(columns: Sequence[sa.Column[Any]], key: Sequence[sa.Column[Any]]) -> str:
    """One look-up by key, for drivers with positional parameters."""
    wanted = " AND ".join(f"{column.name} = ?" for column in key)
    return f"SELECT {', '.join(c.name for c in columns)} FROM {columns[0].table} WHERE {wanted}"


def seek(
    connection: sa.Connection,
    columns: Sequence[sa.Column[Any]],
    key: Sequence[sa.Column[Any]],
    keys: Iterable[tuple[Any, ...]],
) -> list[tuple[Any, ...]]:
    """Rows of one table (``columns``) whose ``key`` columns equal one of ``keys``.

    One seek per key on SQLite, whose planner answers ``(a, b) IN (VALUES ...)`` with a scan of the
    whole table when there are several keys; one question with an array per column on PostgreSQL.
    """
    rows: list[tuple[Any, ...]] = []
    if connection.dialect.name == "sqlite":
        statement = seek_sql(columns, key)
        cursor = connection.connection.cursor()
        try:
            for values in keys:
                cursor.execute(statement, values)
                rows += cursor.fetchall()
            return rows
        finally:
            cursor.close()
    todo = list(dict.fromkeys(keys))
    return postgres.seek_rows(connection, columns, key, todo) if todo else []


class Watch:
    """Tells cheaply, some microseconds, whether another connection has committed."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        # A bare connection: inside a transaction SQLite would for ever see the same moment.
        self._bare = engine.raw_connection() if engine.dialect.name == "sqlite" else None

    def version(self) -> int:
        """A number that differs after a commit."""
        if self._bare is None:
            # The sign of life is written in every transaction; xmin is the number of the last one.
            with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                found = connection.exec_driver_sql("SELECT sum(xmin::text::bigint) FROM beat").scalar()
                return int(found or 0)
        cursor = self._bare.cursor()
        try:
            cursor.execute("PRAGMA data_version")
            row: tuple[int] = cursor.fetchone() or (0,)
            return row[0]
        finally:
            cursor.close()

    def close(self) -> None:
        """Give the connection back."""
        if self._bare is not None:
            self._bare.close()


class WriterLock:
    """Only one process may write a ledger: it counts the sequence numbers itself.

    The lock of an SQLite file is an ``flock`` on ``<file>.writer`` and dies with the process; that of
    a PostgreSQL data base is taken by every connection of ``writer_engine`` and dies with it.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._file: int | None = None

    def take(self) -> None:
        """Take the lock. Raises StoreError when another process has it."""
        path = sqlite_path(self._url)
        if path is not None and not self._take_file(path):
            raise _taken(str(path), self._url)

    def _take_file(self, path: Path) -> bool:
        self._file = os.open(f"{path}.writer", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.release()
            return False
        return True

    def release(self) -> None:
        """Give the lock back; closing the connection releases the advisory one."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _taken(place: str, url: str) -> StoreError:
    return StoreError(
        f"another process is writing the ledger {place}; stop it first",
        message_zh=f"另一进程正在写入台账 {place}；请先停止它",
        field="url",
        value=shown(url),
    )


def _parse(url: str) -> sa.URL:
    try:
        return sa.make_url(url)
    except sa.exc.ArgumentError as error:
        raise StoreError(
            f"ledger URL {url!r} cannot be read: {error}; expected sqlite:///<path> or postgresql://...",
            message_zh=f"台账地址 {url!r} 无法解析；应为 sqlite:///<路径> 或 postgresql://...",
            field="url",
            value=url,
        ) from None


def _prepare(engine: sa.Engine, pragmas: tuple[str, ...], *, begin: str) -> None:
    def on_connect(connection: Any, _record: object) -> None:
        # The driver's own idea of when a transaction begins would tear our snapshots apart.
        connection.isolation_level = None
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}").close()

    def on_begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", on_begin)
