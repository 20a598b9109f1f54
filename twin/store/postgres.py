"""What PostgreSQL needs besides the common schema: the writer's lock, bulk rows by COPY, text without NUL.

A session lock dies with its connection, so it is taken anew by every connection of the writer: after a
restart of the server no second writer can slip in between.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

# Any fixed number: it only has to be the same in every writer of a ledger.
WRITER_LOCK = 21220
# PostgreSQL's text holds no NUL. The bytes as they came are in the segment; readable texts show its sign.
NUL_SIGN = "\u2400"
_COPY_FROM_ROWS = 8


def prepare(engine: sa.Engine, refusal: Callable[[], Exception] | None = None) -> None:
    """Make the connections of an engine ours: NUL in texts is shown, a writer holds the lock.

    ``refusal`` makes the error of a writer whose lock another session has; None for a reader.
    """

    def on_connect(connection: Any, _record: object) -> None:
        from psycopg.types.string import StrDumper

        class NulShown(StrDumper):
            def dump(self, obj: str) -> bytes | bytearray | memoryview | None:
                return super().dump(obj.replace("\x00", NUL_SIGN) if "\x00" in obj else obj)

        connection.adapters.register_dumper(str, NulShown)
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


def _take(connection: Any) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_try_advisory_lock({WRITER_LOCK})")
        held = bool(cursor.fetchone()[0])
    connection.rollback()
    return held
