"""State of the quality rules, review queue, decisions, working conditions."""

revision = "ledger_0004"
down_revision = "ledger_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
