"""Tables of judging: memory of the rules, tallies, the review queue, working conditions, the rule book."""

from __future__ import annotations

import sqlalchemy as sa

from twin.store.ledger_schema import METADATA
from twin.store.schema_parts import sequence_column

# What the rules remember of a series: one row per length of interval and lane (0 live, 1 back-filled).
SERIES_STATE = sa.Table(
    "series_state",
    METADATA,
    sa.Column("series_id", sa.Integer, sa.ForeignKey("series.id"), primary_key=True),
    sa.Column("interval_ms", sa.Integer, primary_key=True),
    sa.Column("lane", sa.Integer, primary_key=True),
    sa.Column("time_ms", sa.BigInteger, nullable=False),
    sa.Column("value", sa.Double, nullable=False),
    sa.Column("run", sa.Integer, nullable=False),
    sqlite_with_rowid=False,
)

# Weighted sums of two series that should go together.
RELATION_STATE = sa.Table(
    "relation_state",
    METADATA,
    sa.Column("first", sa.Text, primary_key=True),
    sa.Column("second", sa.Text, primary_key=True),
    sa.Column("interval_ms", sa.Integer, primary_key=True),
    sa.Column("n", sa.BigInteger, nullable=False),
    sa.Column("first_ms", sa.BigInteger, nullable=False),
    sa.Column("second_ms", sa.BigInteger, nullable=False),
    sa.Column("mean_x", sa.Double, nullable=False),
    sa.Column("mean_y", sa.Double, nullable=False),
    sa.Column("var_x", sa.Double, nullable=False),
    sa.Column("var_y", sa.Double, nullable=False),
    sa.Column("cov", sa.Double, nullable=False),
)

# How many values of a sensor came in an hour, by mark of the device; whether usable tell the roll-ups.
SENSOR_HOUR = sa.Table(
    "sensor_hour",
    METADATA,
    sa.Column("sensor_id", sa.Text, primary_key=True),
    sa.Column("interval_ms", sa.Integer, primary_key=True),
    sa.Column("start_ms", sa.BigInteger, primary_key=True),
    sa.Column("received", sa.Integer, nullable=False),
    sa.Column("stopped", sa.Integer, nullable=False),
    sa.Column("maintenance", sa.Integer, nullable=False),
    sa.Column("calibration", sa.Integer, nullable=False),
    sa.Column("fault", sa.Integer, nullable=False),
    sa.Column("over_range", sa.Integer, nullable=False),
    sa.Column("no_link", sa.Integer, nullable=False),
    sa.Column("late", sa.Integer, nullable=False),
    sa.Index("ix_sensor_hour_start", "start_ms"),
    sqlite_with_rowid=False,
)

# Minutes of an hour for which a series sent anything (a mask), whatever its mark and however often.
SERIES_HOUR = sa.Table(
    "series_hour",
    METADATA,
    sa.Column("series_id", sa.Integer, sa.ForeignKey("series.id"), primary_key=True),
    sa.Column("start_ms", sa.BigInteger, primary_key=True),
    sa.Column("came", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

REVIEW = sa.Table(
    "review",
    METADATA,
    sequence_column(),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("interval_ms", sa.Integer, nullable=False),
    sa.Column("opened_ms", sa.BigInteger, nullable=False),
    sa.Column("due_ms", sa.BigInteger, nullable=False),
    sa.Column("first_ms", sa.BigInteger, nullable=False),
    sa.Column("last_ms", sa.BigInteger, nullable=False),
    sa.Column("n", sa.Integer, nullable=False),
    sa.Column("worst", sa.Double),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("decided_ms", sa.BigInteger),
    sa.Column("verdict", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("comment", sa.Text, nullable=False),
    sa.Column("value", sa.Double),
    sa.Column("method", sa.Text, nullable=False),
    sa.Index("ix_review_key_rule", "key", "rule", "seq"),
    sa.Index("ix_review_opened", "opened_ms"),
)
# One open doubt per series, rule and length of interval: by the data base, not by good will.
sa.Index(
    "uq_review_open",
    REVIEW.c.key,
    REVIEW.c.rule,
    REVIEW.c.interval_ms,
    unique=True,
    sqlite_where=REVIEW.c.decided_ms.is_(None),
    postgresql_where=REVIEW.c.decided_ms.is_(None),
)

REVIEW_STEP = sa.Table(
    "review_step",
    METADATA,
    sa.Column("review_seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("time_ms", sa.BigInteger, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("value", sa.Double),
)

# Counted up by decisions, so that the judge knows when what it remembers of the queue is old.
REVIEW_EDITION = sa.Table(
    "review_edition",
    METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("n", sa.BigInteger, nullable=False),
)

UNIT_STATE = sa.Table(
    "unit_state",
    METADATA,
    sa.Column("unit_id", sa.Text, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("since_ms", sa.BigInteger, nullable=False),
    sa.Column("time_ms", sa.BigInteger, nullable=False),
    sa.Column("value", sa.Double),
)

LINK_STATE = sa.Table(
    "link_state",
    METADATA,
    sa.Column("link_id", sa.Text, primary_key=True),
    sa.Column("off_since_ms", sa.BigInteger),
    sa.Column("time_ms", sa.BigInteger, nullable=False),
)

# The rules that were in force; the last row is.
RULE_BOOK = sa.Table(
    "rule_book",
    METADATA,
    sequence_column(),
    sa.Column("set_ms", sa.BigInteger, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
)
