"""Tables of what goes out of the house: commands to stations, holes that are asked for, forwarding."""

from __future__ import annotations

import sqlalchemy as sa

from twin.store.ledger_schema import METADATA
from twin.store.schema_parts import sequence_column

EXCHANGE = sa.Table(
    "exchange",
    METADATA,
    sequence_column(),
    sa.Column("mn", sa.Text, nullable=False),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("cn", sa.Text, nullable=False),
    sa.Column("args", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("qn", sa.Text, nullable=False),
    sa.Column("queued_ms", sa.BigInteger, nullable=False),
    sa.Column("started_ms", sa.BigInteger),
    sa.Column("ended_ms", sa.BigInteger),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("sends", sa.Integer, nullable=False),
    sa.Column("data_frames", sa.Integer, nullable=False),
    sa.Column("qn_return", sa.Integer),
    sa.Column("exe_return", sa.Integer),
    sa.Column("answer", sa.Text, nullable=False),
    sa.Index("ix_exchange_mn_seq", "mn", "seq"),
    sa.Index("ix_exchange_outcome", "outcome"),
)

EXCHANGE_STEP = sa.Table(
    "exchange_step",
    METADATA,
    sa.Column("exchange_seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("time_ms", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)

GAP = sa.Table(
    "gap",
    METADATA,
    sa.Column("mn", sa.Text, primary_key=True),
    sa.Column("from_ms", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("to_ms", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("cn", sa.Text, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("next_ms", sa.BigInteger, nullable=False),
    sa.Column("found_ms", sa.BigInteger, nullable=False),
    sa.Column("changed_ms", sa.BigInteger, nullable=False),
    sa.Column("exchange_seq", sa.BigInteger),
    sa.Column("note", sa.Text, nullable=False),
    sa.Index("ix_gap_state", "state"),
)

# Up to where a device's data have been looked at, so that a scan does not begin at the beginning.
GAP_SCAN = sa.Table(
    "gap_scan",
    METADATA,
    sa.Column("mn", sa.Text, primary_key=True),
    sa.Column("scanned_ms", sa.BigInteger, nullable=False),
)

FORWARD = sa.Table(
    "forward",
    METADATA,
    sa.Column("target", sa.Text, primary_key=True),
    sa.Column("fingerprint", sa.Text, nullable=False),
    sa.Column("cursor_seq", sa.BigInteger, nullable=False),
    sa.Column("paused", sa.Integer, nullable=False),
    sa.Column("sent", sa.BigInteger, nullable=False),
    sa.Column("answered", sa.BigInteger, nullable=False),
    sa.Column("resent", sa.BigInteger, nullable=False),
    sa.Column("skipped", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("changed_ms", sa.BigInteger, nullable=False),
    sa.Column("answered_ms", sa.BigInteger),
)

# Check sum as received, for the frames whose sum cannot be computed from the stored segment by the
# standard's algorithm (another algorithm, small letters, encrypted): forwarded packets are exact.
PACKET_SUM = sa.Table(
    "packet_sum",
    METADATA,
    sa.Column("sha256", sa.LargeBinary(32), primary_key=True),
    sa.Column("crc", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)

# What the writing process sees at this moment, one JSON text per name.
SNAPSHOT = sa.Table(
    "snapshot",
    METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("time_ms", sa.BigInteger, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
)
