"""Months that were moved to files."""

import sqlalchemy as sa
from alembic import op

revision = "ledger_0006"
down_revision = "ledger_0005"
branch_labels = None
depends_on = None

_REFUSAL = "archived_month is append-only"
# A raw frame leaves only through an archived month. SQLite's INSERT OR REPLACE deletes without asking a
# trigger for deleting, so a number that is taken is refused too.
_FRAMES_SQLITE = (
    "CREATE TRIGGER raw_frame_no_update BEFORE UPDATE ON raw_frame "
    "BEGIN SELECT RAISE(ABORT, 'raw_frame is append-only'); END",
    "CREATE TRIGGER raw_frame_no_delete BEFORE DELETE ON raw_frame "
    "WHEN OLD.seq > (SELECT coalesce(max(last_seq), 0) FROM archived_month) "
    "BEGIN SELECT RAISE(ABORT, 'raw_frame is append-only'); END",
    "CREATE TRIGGER raw_frame_once BEFORE INSERT ON raw_frame "
    "WHEN EXISTS (SELECT 1 FROM raw_frame WHERE seq = NEW.seq) "
    "BEGIN SELECT RAISE(ABORT, 'raw_frame is append-only'); END",
    "CREATE TRIGGER archived_month_once BEFORE INSERT ON archived_month "
    "WHEN EXISTS (SELECT 1 FROM archived_month WHERE month = NEW.month) "
    f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END",
)
_FRAMES_POSTGRESQL = (
    "CREATE TRIGGER raw_frame_append_only BEFORE UPDATE OR TRUNCATE ON raw_frame "
    "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
    "CREATE FUNCTION raw_frame_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    "IF OLD.seq > (SELECT coalesce(max(last_seq), 0) FROM archived_month) THEN "
    "RAISE EXCEPTION 'raw_frame is append-only'; END IF; RETURN OLD; END $$",
    "CREATE TRIGGER raw_frame_no_delete BEFORE DELETE ON raw_frame "
    "FOR EACH ROW EXECUTE FUNCTION raw_frame_refuse()",
)


def upgrade() -> None:
    op.create_table(
        "archived_month",
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("first_seq", sa.BigInteger(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("frames", sa.BigInteger(), nullable=False),
        sa.Column("observations", sa.BigInteger(), nullable=False),
        sa.Column("manifest_sha256", sa.Text(), nullable=False),
        sa.Column("chain_last", sa.LargeBinary(), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("month"),
    )
    sqlite = op.get_context().dialect.name == "sqlite"
    for statement in _FRAMES_SQLITE if sqlite else _FRAMES_POSTGRESQL:
        op.execute(statement)
    if sqlite:
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER archived_month_no_{verb.lower()} BEFORE {verb} ON archived_month "
                f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION archived_month_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$"
    )
    op.execute(
        "CREATE TRIGGER archived_month_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON archived_month "
        "FOR EACH STATEMENT EXECUTE FUNCTION archived_month_refuse()"
    )
