"""Compact values, pages of old values, chained raw frames."""

revision = "ledger_0002"
down_revision = "ledger_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
