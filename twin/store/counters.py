"""Counters of the writer and counts of line errors, kept in the ledger itself."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from twin.store.ledger_schema import COUNTER, LINE_ERROR
from twin.store.rows import LineErrorCount

# Upper bounds of the histogram of commit times, seconds.
COMMIT_BOUNDS_S = (0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Counters:
    """Named numbers that only grow. Part of the one writer.

    ``commit_seconds_le:<bound>`` are cumulative, as Prometheus has them; ``commit_seconds_sum``
    and ``commit_seconds_count`` go with them.
    """

    def __init__(self, connection: sa.Connection) -> None:
        self._values = {r.name: float(r.value) for r in connection.execute(sa.select(COUNTER))}
        self._stored = set(self._values)
        self._dirty: set[str] = set()

    def add(self, name: str, amount: float) -> None:
        """Add to a counter; zero is kept as zero, so that the counter is seen."""
        if not amount and name in self._values:
            return
        self._values[name] = self._values.get(name, 0.0) + amount
        self._dirty.add(name)

    def observe_commit(self, seconds: float) -> None:
        """Note how long a batch took, from its first statement to the end of the commit."""
        for bound in COMMIT_BOUNDS_S:
            self.add(f"commit_seconds_le:{bound:g}", float(seconds <= bound))
        self.add("commit_seconds_sum", seconds)
        self.add("commit_seconds_count", 1.0)

    def save(self, connection: sa.Connection) -> None:
        """Write what has changed."""
        insert = [{"name": n, "value": self._values[n]} for n in self._dirty - self._stored]
        update = [{"b_name": n, "value": self._values[n]} for n in self._dirty & self._stored]
        if insert:
            connection.execute(COUNTER.insert(), insert)
        if update:
            connection.execute(_UPDATE, update)
        self._stored |= self._dirty
        self._dirty.clear()


_UPDATE = COUNTER.update().where(COUNTER.c.name == sa.bindparam("b_name")).values(value=sa.bindparam("value"))


class LineErrorLog:
    """Counts of what was wrong on the lines, by kind. Part of the one writer."""

    def __init__(self, connection: sa.Connection) -> None:
        self._rows = {
            r.kind: LineErrorCount(
                kind=r.kind,
                count=r.n,
                first_ms=r.first_ms,
                last_ms=r.last_ms,
                last_peer=r.last_peer,
                last_detail=r.last_detail,
            )
            for r in connection.execute(sa.select(LINE_ERROR))
        }

    def save(self, connection: sa.Connection, added: Sequence[LineErrorCount]) -> None:
        """Add counts."""
        for row in added:
            known = self._rows.get(row.kind)
            total = row if known is None else add_counts(known, row)
            values = {
                "n": total.count,
                "first_ms": total.first_ms,
                "last_ms": total.last_ms,
                "last_peer": total.last_peer,
                "last_detail": total.last_detail,
            }
            if known is None:
                connection.execute(LINE_ERROR.insert().values(kind=row.kind, **values))
            else:
                connection.execute(LINE_ERROR.update().where(LINE_ERROR.c.kind == row.kind).values(values))
            self._rows[row.kind] = total


def add_counts(known: LineErrorCount, row: LineErrorCount) -> LineErrorCount:
    """Count of both; what is told of the last one is that of ``row``."""
    return LineErrorCount(
        kind=row.kind,
        count=known.count + row.count,
        first_ms=min(known.first_ms, row.first_ms),
        last_ms=row.last_ms,
        last_peer=row.last_peer,
        last_detail=row.last_detail,
    )
