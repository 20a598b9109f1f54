"""Minutes that an hour is made of: usable ones in the roll-ups, those that came beside them."""

import sqlalchemy as sa
from alembic import op

revision = "ledger_0009"
down_revision = "ledger_0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Null in rows of before: the first value that touches such a span counts it again.
    op.add_column("rollup", sa.Column("covered", sa.BigInteger))
    op.create_table(
        "series_hour",
        sa.Column("series_id", sa.Integer, sa.ForeignKey("series.id"), primary_key=True),
        sa.Column("start_ms", sa.BigInteger, primary_key=True),
        sa.Column("came", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
