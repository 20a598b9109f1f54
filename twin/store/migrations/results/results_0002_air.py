"""What the now-cast knows beside its plumes: predicted beams, ground maps, forecasts."""

import sqlalchemy as sa
from alembic import op

revision = "results_0002"
down_revision = "results_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "air",
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("k", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("substance_id", sa.Text(), nullable=False),
        sa.Column("time_ms", sa.BigInteger(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("solver", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("run", "k"),
    )
    op.create_index("ix_air_kind_substance_time", "air", ["kind", "substance_id", "time_ms"], unique=False)
    op.create_index("ix_air_time", "air", ["time_ms"], unique=False)
