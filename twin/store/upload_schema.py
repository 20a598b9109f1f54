"""Tables of what people send: files with who, when and how; lidar scans."""

from __future__ import annotations

import sqlalchemy as sa

from twin.store.ledger_schema import METADATA
from twin.store.schema_parts import sequence_column

UPLOAD = sa.Table(
    "upload",
    METADATA,
    sequence_column(),
    sa.Column("frame_seq", sa.BigInteger, nullable=False),
    sa.Column("mn", sa.Text, nullable=False),
    sa.Column("time_ms", sa.BigInteger, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("filename", sa.Text, nullable=False),
    sa.Column("format", sa.Text, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("n_rows", sa.Integer, nullable=False),
    sa.Column("n_good", sa.Integer, nullable=False),
    sa.Column("n_values", sa.Integer, nullable=False),
    sa.Column("analyst", sa.Text, nullable=False),
    sa.Column("method", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Index("ix_upload_mn_seq", "mn", "seq"),
)

LIDAR_SCAN = sa.Table(
    "lidar_scan",
    METADATA,
    sa.Column("sha256", sa.Text, primary_key=True),
    sa.Column("frame_seq", sa.BigInteger, nullable=False),
    sa.Column("mn", sa.Text, nullable=False),
    sa.Column("station_id", sa.Text, nullable=False),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("time_ms", sa.BigInteger, nullable=False),
    sa.Column("end_ms", sa.BigInteger, nullable=False),
    sa.Column("rays", sa.Integer, nullable=False),
    sa.Column("gates", sa.Integer, nullable=False),
    sa.Column("gate_m", sa.Double, nullable=False),
    sa.Column("first_gate_m", sa.Double, nullable=False),
    sa.Column("quantity", sa.Text, nullable=False),
    sa.Column("unit", sa.Text, nullable=False),
    sa.Column("low", sa.Double),
    sa.Column("high", sa.Double),
    sa.Column("size_bytes", sa.Integer, nullable=False),
    sa.Index("ix_lidar_scan_time", "time_ms"),
)
