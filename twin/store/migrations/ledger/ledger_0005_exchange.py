"""Commands to instruments, gaps, forwarding queues."""

revision = "ledger_0005"
down_revision = "ledger_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
