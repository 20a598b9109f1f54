"""One open review per series, rule and length of interval."""

import sqlalchemy as sa
from alembic import op

revision = "ledger_0008"
down_revision = "ledger_0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    still_open = sa.text("decided_ms IS NULL")
    op.drop_index("uq_review_open", table_name="review")
    op.create_index(
        "uq_review_open",
        "review",
        ["key", "rule", "interval_ms"],
        unique=True,
        sqlite_where=still_open,
        postgresql_where=still_open,
    )
