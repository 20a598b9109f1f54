"""What PostgreSQL needs besides the common schema: the writer's lock, bulk rows by COPY, NUL in texts.

A session lock dies with its connection, so it is taken anew by every connection of the writer: after a
restart of the server no second writer can slip in between.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

# Any fixed number: it only has to be the same in every writer of a ledger.
WRITER_LOCK = 21220
# PostgreSQL's text holds no NUL, a frame's header may: it is written with an escape and read back exactly.
_ESCAPE, _NUL = "\ue000", "\ue001"
_ESCAPED = re.compile(f"{_ESCAPE}(.)", re.DOTALL)
_COPY_FROM_ROWS = 8


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
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_try_advisory_lock({WRITER_LOCK})")
        held = bool(cursor.fetchone()[0])
    connection.rollback()
    return held
