"""Chained acts, signed checkpoints, marks of what was archived."""

revision = "ledger_0003"
down_revision = "ledger_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
