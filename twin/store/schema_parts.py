"""Tables that both ledgers have: the ring of events and the sign of life of the writer."""

from __future__ import annotations

import os
from typing import Any

import sqlalchemy as sa


def sequence_column() -> sa.Column[Any]:
    """Primary key that the one writer counts up itself."""
    wide = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column("seq", wide, primary_key=True, autoincrement=False)


def event_table(metadata: sa.MetaData) -> sa.Table:
    """Ring of events; ``payload`` is JSON text as on the wire."""
    return sa.Table(
        "event",
        metadata,
        sequence_column(),
        sa.Column("time_ms", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
    )


def beat_table(metadata: sa.MetaData) -> sa.Table:
    """When the writing process last committed."""
    return sa.Table(
        "beat",
        metadata,
        sa.Column("process", sa.Text, primary_key=True),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("started_ms", sa.BigInteger, nullable=False),
        sa.Column("beat_ms", sa.BigInteger, nullable=False),
    )


def save_beat(
    connection: sa.Connection, table: sa.Table, *, process: str, started_ms: int, now_ms: int
) -> None:
    """Write the sign of life of this process."""
    values = {"pid": os.getpid(), "started_ms": started_ms, "beat_ms": now_ms}
    done = connection.execute(table.update().where(table.c.process == process).values(values))
    if not done.rowcount:
        connection.execute(table.insert().values(process=process, **values))
