"""What the groundwater process computed: now-casts, comparisons of remedies, warnings."""

import sqlalchemy as sa
from alembic import op

revision = "results_0003"
down_revision = "results_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "water",
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("k", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("time_ms", sa.BigInteger(), nullable=False),
        sa.Column("exercise", sa.Boolean(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("solver", sa.Text(), nullable=False),
        sa.Column("files", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("run", "k"),
    )
    op.create_index("ix_water_kind_time", "water", ["kind", "time_ms"], unique=False)
    op.create_index("ix_water_time", "water", ["time_ms"], unique=False)
