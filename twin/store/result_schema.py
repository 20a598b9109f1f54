"""Tables of the result ledger: what models computed. Written by the model worker only."""

from __future__ import annotations

import sqlalchemy as sa

from twin.store.schema_parts import beat_table, event_table

METADATA = sa.MetaData()

PLUME = sa.Table(
    "plume",
    METADATA,
    sa.Column("run", sa.Text, primary_key=True),
    sa.Column("k", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("substance_id", sa.Text, nullable=False),
    sa.Column("time_ms", sa.BigInteger, nullable=False),
    sa.Column("size_bytes", sa.Integer, nullable=False),
    sa.Column("max_kg_m3", sa.Double, nullable=False),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("solver", sa.Text, nullable=False),
    sa.Column("notes", sa.Text, nullable=False),
    sa.Column("inputs", sa.Text, nullable=False),
    sa.Column("sources", sa.Text, nullable=False),
    sa.Column("beams", sa.Text, nullable=False),
    sa.Index("ix_plume_substance_time", "substance_id", "time_ms"),
    sa.Index("ix_plume_time", "time_ms"),
)

WATER_TABLE = sa.Table(
    "water_table",
    METADATA,
    sa.Column("run", sa.Text, primary_key=True),
    sa.Column("k", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("time_ms", sa.BigInteger, nullable=False),
    sa.Column("size_bytes", sa.Integer, nullable=False),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("loo_rmse_m", sa.Double),
    sa.Column("inputs", sa.Text, nullable=False),
    sa.Index("ix_water_table_time", "time_ms"),
)

AIR = sa.Table(
    "air",
    METADATA,
    sa.Column("run", sa.Text, primary_key=True),
    sa.Column("k", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("substance_id", sa.Text, nullable=False),
    sa.Column("time_ms", sa.BigInteger, nullable=False),
    sa.Column("size_bytes", sa.Integer, nullable=False),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("solver", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Index("ix_air_kind_substance_time", "kind", "substance_id", "time_ms"),
    sa.Index("ix_air_time", "time_ms"),
)

WATER = sa.Table(
    "water",
    METADATA,
    sa.Column("run", sa.Text, primary_key=True),
    sa.Column("k", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("time_ms", sa.BigInteger, nullable=False),
    sa.Column("exercise", sa.Boolean, nullable=False),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("solver", sa.Text, nullable=False),
    sa.Column("files", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Index("ix_water_kind_time", "kind", "time_ms"),
    sa.Index("ix_water_time", "time_ms"),
)

EVENT = event_table(METADATA)

BEAT = beat_table(METADATA)
