"""The bounded ring of events, from which streams are resumed."""

from __future__ import annotations

import sqlalchemy as sa


class EventRing:
    """Appends events; keeps the newest ``size`` of them. Used by the one writer of a ledger.

    The newest event is never deleted, so that numbers never start again.
    """

    def __init__(self, connection: sa.Connection, table: sa.Table, size: int) -> None:
        self._table = table
        self._size = size
        # Two questions: for both at once SQLite would read the whole ring.
        newest = connection.execute(sa.select(sa.func.max(table.c.seq))).scalar()
        oldest = connection.execute(sa.select(sa.func.min(table.c.seq))).scalar()
        self.cursor = int(newest or 0)
        self._oldest = int(oldest or 1)

    def append(self, connection: sa.Connection, events: list[tuple[int, str, str]]) -> int:
        """Append ``(time_ms, kind, payload)``; the cursor afterwards."""
        if not events:
            return self.cursor
        rows = [
            {"seq": self.cursor + i, "time_ms": time_ms, "kind": kind, "payload": payload}
            for i, (time_ms, kind, payload) in enumerate(events, start=1)
        ]
        connection.execute(self._table.insert(), rows)
        self.cursor += len(rows)
        self._trim(connection)
        return self.cursor

    def _trim(self, connection: sa.Connection) -> None:
        # A tenth of slack, so that most commits delete nothing.
        if self.cursor - self._oldest < self._size * 1.1:
            return
        self._oldest = max(1, self.cursor - self._size + 1)
        connection.execute(self._table.delete().where(self._table.c.seq < self._oldest))
