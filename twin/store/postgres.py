"""What PostgreSQL needs besides the common schema: the writer's lock, bulk rows by COPY, NUL in texts.

A session lock dies with its connection, so it is taken anew by every connection of the writer: after a
restart of the server no second writer can slip in between.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

# Any fixed number: it only has to be the same in every writer of a ledger.
WRITER_LOCK = 21220
# PostgreSQL's text holds no NUL, a frame's header may: it is written with an escape and read back exactly.
_ESCAPE, _NUL = "\ue000", "\ue001"
_ESCAPED = re.compile(f"{_ESCAPE}(.)", re.DOTALL)
_COPY_FROM_ROWS = 8
_LOOKS, _LOOK_AGAIN_S = 20, 0.1


def prepare(engine: sa.Engine, refusal: Callable[[], Exception] | None = None) -> None:
    """Make the connections of an engine ours: texts may hold NUL, a writer holds the lock.

    ``refusal`` makes the error of a writer whose lock another session has; None for a reader.
    """

    def on_connect(connection: Any, _record: object) -> None:
        _let_nul_pass(connection)
        if refusal is not None and not _take(connection):
            connection.close()
            raise refusal()

    event.listen(engine, "connect", on_connect)


def copy_rows(connection: sa.Connection, table: sa.Table, rows: Sequence[tuple[object, ...]]) -> bool:
    """Insert rows by COPY; False for so few that an ordinary insert is as fast, which then is to be done."""
    if len(rows) < _COPY_FROM_ROWS:
        return False
    columns = ", ".join(column.name for column in table.columns)
    cursor: Any = connection.connection.cursor()
    with cursor, cursor.copy(f"COPY {table.name} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
    return True


def upsert_rows(connection: sa.Connection, table: sa.Table, rows: Sequence[tuple[object, ...]]) -> None:
    """Insert rows or replace those with the same key, in one statement with an array per column."""
    key = [column.name for column in table.primary_key.columns]
    names = [column.name for column in table.columns]
    changed = ", ".join(f"{name} = excluded.{name}" for name in names if name not in key)
    arrays = _arrays(connection, table.columns)
    places = [names.index(name) for name in key]
    # A row must not be touched twice by one statement: the last one counts.
    last = {tuple(row[i] for i in places): row for row in rows}
    values = [list(column) for column in zip(*last.values(), strict=True)]
    statement = (
        f"INSERT INTO {table.name} ({', '.join(names)}) SELECT * FROM unnest({arrays}) "
        f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {changed}"
    )
    cursor: Any = connection.connection.cursor()
    with cursor:
        cursor.execute(statement, values)


def seek_rows(
    connection: sa.Connection,
    columns: Sequence[sa.Column[Any]],
    key: Sequence[sa.Column[Any]],
    keys: Sequence[tuple[Any, ...]],
) -> list[tuple[Any, ...]]:
    """Rows of one table whose key columns equal one of ``keys``, one question with an array per column."""
    wanted = ", ".join(f"t.{column.name}" for column in columns)
    same = " AND ".join(f"t.{column.name} = k{i}" for i, column in enumerate(key))
    names = ", ".join(f"k{i}" for i in range(len(key)))
    statement = (
        f"SELECT {wanted} FROM unnest({_arrays(connection, key)}) AS k({names}) "
        f"JOIN {columns[0].table} t ON {same}"
    )
    cursor: Any = connection.connection.cursor()
    with cursor:
        cursor.execute(statement, [list(column) for column in zip(*keys, strict=True)])
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _arrays(connection: sa.Connection, columns: Iterable[sa.Column[Any]]) -> str:
    """Placeholders of one typed array per column."""
    kinds = (column.type.compile(dialect=connection.dialect) for column in columns)
    return ", ".join(f"%s::{kind}[]" for kind in kinds)


def _let_nul_pass(connection: Any) -> None:
    from psycopg.types.string import StrDumper, TextLoader

    class NulDumper(StrDumper):
        def dump(self, obj: str) -> bytes | bytearray | memoryview | None:
            return super().dump(escaped(obj))

    class NulLoader(TextLoader):
        def load(self, data: bytes | bytearray | memoryview) -> bytes | str:
            return unescaped(str(data, "utf-8"))

    connection.adapters.register_dumper(str, NulDumper)
    connection.adapters.register_loader("text", NulLoader)


def escaped(text: str) -> str:
    """Text without NUL; ``unescaped`` gives it back."""
    if "\x00" not in text and _ESCAPE not in text:
        return text
    return text.replace(_ESCAPE, 2 * _ESCAPE).replace("\x00", _ESCAPE + _NUL)


def unescaped(text: str) -> str:
    """Text as it was before ``escaped``."""
    if _ESCAPE not in text:
        return text
    return _ESCAPED.sub(lambda found: "\x00" if found[1] == _NUL else found[1], text)


def _take(connection: Any) -> bool:
    # A server frees the lock of a session a moment after its client has closed it.
    for wait_s in (*[_LOOK_AGAIN_S] * _LOOKS, 0.0):
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT pg_try_advisory_lock({WRITER_LOCK})")
            held = bool(cursor.fetchone()[0])
        connection.rollback()
        if held:
            return True
        time.sleep(wait_s)
    return False
