"""Tables of the ledger: what instruments said. Written by the ingest process only.

Sequence numbers are given by the one writer, not by the database, so that the same schema
serves SQLite and PostgreSQL.
"""

from __future__ import annotations

import sqlalchemy as sa

from twin.store.schema_parts import beat_table, event_table, sequence_column

METADATA = sa.MetaData()

RAW_FRAME = sa.Table(
    "raw_frame",
    METADATA,
    sequence_column(),
    sa.Column("received_ms", sa.BigInteger, nullable=False),
    sa.Column("peer", sa.Text, nullable=False),
    sa.Column("mn", sa.Text, nullable=False),
    sa.Column("st", sa.Text, nullable=False),
    sa.Column("cn", sa.Text, nullable=False),
    sa.Column("qn", sa.Text, nullable=False),
    sa.Column("pno", sa.Integer, nullable=False),
    sa.Column("sha256", sa.LargeBinary(32), nullable=False),
    sa.Column("segment", sa.LargeBinary, nullable=False),
    sa.Column("body_no", sa.Integer, nullable=False),
    sa.Column("fault", sa.Text, nullable=False),
    sa.Column("chain", sa.LargeBinary(32), nullable=False),
    sa.Index("ix_raw_frame_mn_seq", "mn", "seq"),
)

# Finds a frame by its exchange: 18 bytes a frame where an index over the texts takes 110.
# ``exchange`` is a hash of (MN, ST, CN, QN, PNO); what it finds is compared in full.
FRAME_KEY = sa.Table(
    "frame_key",
    METADATA,
    sa.Column("exchange", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("body_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

QUARANTINE = sa.Table(
    "quarantine",
    METADATA,
    sequence_column(),
    sa.Column("received_ms", sa.BigInteger, nullable=False),
    sa.Column("peer", sa.Text, nullable=False),
    sa.Column("mn", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("segment", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("sha256", name="uq_quarantine_sha256"),
)

LINE_ERROR = sa.Table(
    "line_error",
    METADATA,
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("n", sa.BigInteger, nullable=False),
    sa.Column("first_ms", sa.BigInteger, nullable=False),
    sa.Column("last_ms", sa.BigInteger, nullable=False),
    sa.Column("last_peer", sa.Text, nullable=False),
    sa.Column("last_detail", sa.Text, nullable=False),
)

SERIES = sa.Table(
    "series",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("key", sa.Text, nullable=False, unique=True),
    sa.Column("sensor_id", sa.Text, nullable=False),
    sa.Column("quantity", sa.Text, nullable=False),
    sa.Column("si_unit", sa.Text, nullable=False),
    sa.Column("origin", sa.Text, nullable=False),
)

# Without rowid the rows lie inside the primary key's tree: one seek per value, and less disk.
OBSERVATION = sa.Table(
    "observation",
    METADATA,
    sa.Column("series_id", sa.Integer, sa.ForeignKey("series.id"), primary_key=True),
    sa.Column("time_ms", sa.BigInteger, primary_key=True),
    sa.Column("interval_ms", sa.Integer, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("value", sa.Double),
    sa.Column("mark", sa.Text, nullable=False),
    sa.Column("checks", sa.Integer, nullable=False),
    sa.Column("raw_text", sa.Text, nullable=False),
    sa.Column("received_ms", sa.BigInteger, nullable=False),
    sa.Column("frame_seq", sa.BigInteger, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)

# Rows of ``observation`` that are no longer young, per series and span of time (twin.store.pages).
# The spans of a series do not overlap; ``first_ms``..``last_ms`` is that of the possible times.
PAGE = sa.Table(
    "page",
    METADATA,
    sa.Column("series_id", sa.Integer, sa.ForeignKey("series.id"), primary_key=True),
    sa.Column("start_ms", sa.BigInteger, primary_key=True),
    sa.Column("end_ms", sa.BigInteger, nullable=False),
    sa.Column("first_ms", sa.BigInteger),
    sa.Column("last_ms", sa.BigInteger),
    sa.Column("n", sa.Integer, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
)

# Who made a version of a value that no instrument sent, and why.
CORRECTION = sa.Table(
    "correction",
    METADATA,
    sa.Column("series_id", sa.Integer, sa.ForeignKey("series.id"), primary_key=True),
    sa.Column("time_ms", sa.BigInteger, primary_key=True),
    sa.Column("interval_ms", sa.Integer, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("made_ms", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

NEWEST = sa.Table(
    "newest",
    METADATA,
    sa.Column("series_id", sa.Integer, sa.ForeignKey("series.id"), primary_key=True, autoincrement=False),
    sa.Column("time_ms", sa.BigInteger, nullable=False),
    sa.Column("interval_ms", sa.Integer, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("value", sa.Double),
    sa.Column("mark", sa.Text, nullable=False),
    sa.Column("checks", sa.Integer, nullable=False),
    sa.Column("received_ms", sa.BigInteger, nullable=False),
)

ROLLUP = sa.Table(
    "rollup",
    METADATA,
    sa.Column("series_id", sa.Integer, sa.ForeignKey("series.id"), primary_key=True),
    sa.Column("step_ms", sa.Integer, primary_key=True),
    sa.Column("start_ms", sa.BigInteger, primary_key=True),
    sa.Column("interval_ms", sa.Integer, nullable=False),
    sa.Column("n", sa.Integer, nullable=False),
    sa.Column("total", sa.Double, nullable=False),
    sa.Column("low", sa.Double),
    sa.Column("high", sa.Double),
    sa.Column("east", sa.Double),
    sa.Column("north", sa.Double),
    # Minutes that are covered: of an hour a mask, of a day or month their number (twin.store.bucket).
    sa.Column("covered", sa.BigInteger),
    sqlite_with_rowid=False,
)

DEVICE_STATE = sa.Table(
    "device_state",
    METADATA,
    sa.Column("mn", sa.Text, primary_key=True),
    sa.Column("sensor_id", sa.Text, nullable=False),
    sa.Column("station_id", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("last_seen_ms", sa.BigInteger),
    sa.Column("interval_s", sa.Double, nullable=False),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("peer", sa.Text, nullable=False),
)

EVENT = event_table(METADATA)

COUNTER = sa.Table(
    "counter",
    METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Double, nullable=False),
)

BEAT = beat_table(METADATA)
