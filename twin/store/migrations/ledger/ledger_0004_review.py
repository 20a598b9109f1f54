"""State of the quality rules, review queue, decisions, working conditions."""

import sqlalchemy as sa
from alembic import op

revision = "ledger_0004"
down_revision = "ledger_0003"
branch_labels = None
depends_on = None


def _sequence() -> sa.Column[int]:
    wide = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column("seq", wide, primary_key=True, autoincrement=False)


def upgrade() -> None:
    _state()
    _queue()
    _conditions()


def _state() -> None:
    op.create_table(
        "series_state",
        sa.Column("series_id", sa.Integer, sa.ForeignKey("series.id"), primary_key=True),
        sa.Column("interval_ms", sa.Integer, primary_key=True),
        sa.Column("lane", sa.Integer, primary_key=True),
        sa.Column("time_ms", sa.BigInteger, nullable=False),
        sa.Column("value", sa.Double, nullable=False),
        sa.Column("run", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "relation_state",
        sa.Column("first", sa.Text, primary_key=True),
        sa.Column("second", sa.Text, primary_key=True),
        sa.Column("interval_ms", sa.Integer, primary_key=True),
        sa.Column("n", sa.BigInteger, nullable=False),
        sa.Column("first_ms", sa.BigInteger, nullable=False),
        sa.Column("second_ms", sa.BigInteger, nullable=False),
        *(
            sa.Column(name, sa.Double, nullable=False)
            for name in ("mean_x", "mean_y", "var_x", "var_y", "cov")
        ),
    )
    counts = ("received", "stopped", "maintenance", "calibration", "fault", "over_range", "no_link", "late")
    op.create_table(
        "sensor_hour",
        sa.Column("sensor_id", sa.Text, primary_key=True),
        sa.Column("interval_ms", sa.Integer, primary_key=True),
        sa.Column("start_ms", sa.BigInteger, primary_key=True),
        *(sa.Column(name, sa.Integer, nullable=False) for name in counts),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_sensor_hour_start", "sensor_hour", ["start_ms"])


def _queue() -> None:
    op.create_table(
        "review",
        _sequence(),
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
    )
    op.create_index("ix_review_key_rule", "review", ["key", "rule", "seq"])
    op.create_index("ix_review_opened", "review", ["opened_ms"])
    still_open = sa.text("decided_ms IS NULL")
    op.create_index(
        "uq_review_open",
        "review",
        ["key", "rule"],
        unique=True,
        sqlite_where=still_open,
        postgresql_where=still_open,
    )
    op.create_table(
        "review_step",
        sa.Column("review_seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("time_ms", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("value", sa.Double),
    )
    op.create_table(
        "review_edition",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("n", sa.BigInteger, nullable=False),
    )


def _conditions() -> None:
    op.create_table(
        "unit_state",
        sa.Column("unit_id", sa.Text, primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("since_ms", sa.BigInteger, nullable=False),
        sa.Column("time_ms", sa.BigInteger, nullable=False),
        sa.Column("value", sa.Double),
    )
    op.create_table(
        "link_state",
        sa.Column("link_id", sa.Text, primary_key=True),
        sa.Column("off_since_ms", sa.BigInteger),
        sa.Column("time_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "rule_book",
        _sequence(),
        sa.Column("set_ms", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
