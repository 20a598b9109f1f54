"""Tables of what instruments say besides values, and of what was found out about them."""

from __future__ import annotations

import sqlalchemy as sa

from twin.store.ledger_schema import METADATA

# Key: the frame that said it and the place inside; the same frames give the same rows.
DEVICE_FACT = sa.Table(
    "device_fact",
    METADATA,
    sa.Column("frame_seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("mn", sa.Text, nullable=False),
    sa.Column("time_ms", sa.BigInteger, nullable=False),
    sa.Column("received_ms", sa.BigInteger, nullable=False),
    sa.Column("cn", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("field", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("value", sa.Double),
    sa.Column("mark", sa.Text, nullable=False),
    sa.Index("ix_device_fact_mn_time", "mn", "time_ms"),
    sqlite_with_rowid=False,
)

DEVICE_FINDING = sa.Table(
    "device_finding",
    METADATA,
    sa.Column("mn", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("what", sa.Text, primary_key=True),
    sa.Column("n", sa.BigInteger, nullable=False),
    sa.Column("first_ms", sa.BigInteger, nullable=False),
    sa.Column("last_ms", sa.BigInteger, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
)
