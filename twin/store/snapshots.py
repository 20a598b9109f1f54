"""What the writing process sees at this moment, for those that only read: one JSON text per name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from twin.store.exchange_schema import SNAPSHOT
from twin.store.reading import Reader

CONNECTIONS = "connections"
EDITIONS = "editions"
TARGETS = "targets"
PARTS = "parts"


@dataclass(frozen=True, slots=True, kw_only=True)
class PutSnapshot:
    """Deed: replace the picture of that name."""

    name: str
    time_ms: int
    body: Mapping[str, object]

    def apply(self, connection: sa.Connection, now_ms: int) -> None:
        """Write it."""
        text = json.dumps(dict(self.body), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        where = SNAPSHOT.c.name == self.name
        values = {"time_ms": self.time_ms, "body": text}
        if not connection.execute(SNAPSHOT.update().where(where).values(values)).rowcount:
            connection.execute(SNAPSHOT.insert().values(name=self.name, **values))


def snapshot_of(reader: Reader, name: str) -> tuple[int, dict[str, Any]] | None:
    """Time and body of a picture; None where none was ever taken."""
    with reader.snapshot() as connection:
        found = connection.execute(sa.select(SNAPSHOT).where(SNAPSHOT.c.name == name)).first()
    return None if found is None else (int(found.time_ms), json.loads(found.body))
