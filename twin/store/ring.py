"""The bounded ring of events, from which streams are resumed."""

from __future__ import annotations

from collections import deque

import sqlalchemy as sa

# A catching-up logger makes large events: without this bound the ring could outgrow all values.
RING_BYTES = 32_000_000


class EventRing:
    """Appends events; keeps the newest ``size`` of them, and at most ``size_bytes`` of payload.

    Used by the one writer of a ledger. Events of before its start count towards ``size`` only. The
    newest event is never deleted, so that numbers never start again.
    """

    def __init__(
        self, connection: sa.Connection, table: sa.Table, size: int, size_bytes: int = RING_BYTES
    ) -> None:
        self._table = table
        self._size = size
        self._size_bytes = size_bytes
        # Two questions: for both at once SQLite would read the whole ring.
        newest = connection.execute(sa.select(sa.func.max(table.c.seq))).scalar()
        oldest = connection.execute(sa.select(sa.func.min(table.c.seq))).scalar()
        self.cursor = int(newest or 0)
        self._oldest = int(oldest or 1)
        self._lengths: deque[tuple[int, int]] = deque()
        self._bytes = 0

    def append(self, connection: sa.Connection, events: list[tuple[int, str, str]]) -> int:
        """Append ``(time_ms, kind, payload)``; the cursor afterwards."""
        if not events:
            return self.cursor
        rows = [
            {"seq": self.cursor + i, "time_ms": time_ms, "kind": kind, "payload": payload}
            for i, (time_ms, kind, payload) in enumerate(events, start=1)
        ]
        connection.execute(self._table.insert(), rows)
        for i, (_, _, payload) in enumerate(events, start=1):
            self._lengths.append((self.cursor + i, len(payload)))
            self._bytes += len(payload)
        self.cursor += len(rows)
        self._trim(connection)
        return self.cursor

    def back_to(self, cursor: int) -> None:
        """Forget events whose transaction has failed."""
        self.cursor = cursor
        while self._lengths and self._lengths[-1][0] > cursor:
            self._bytes -= self._lengths.pop()[1]

    def _trim(self, connection: sa.Connection) -> None:
        # A tenth of slack, so that most commits delete nothing.
        too_many = self.cursor - self._oldest >= self._size * 1.1
        too_long = self._bytes >= self._size_bytes * 1.1
        if not too_many and not too_long:
            return
        first = max(self._oldest, self.cursor - self._size + 1)
        while len(self._lengths) > 1 and (self._lengths[0][0] < first or self._bytes > self._size_bytes):
            seq, length = self._lengths.popleft()
            self._bytes -= length
            first = max(first, seq + 1)
        self._oldest = first
        connection.execute(self._table.delete().where(self._table.c.seq < first))
