"""Chained raw frames, short keys of frames, pages of old values, people's corrections."""

import sqlalchemy as sa
from alembic import op

from twin.store.chain import GENESIS, frame_header, link
from twin.store.rawlog import exchange_number

revision = "ledger_0002"
down_revision = "ledger_0001"
branch_labels = None
depends_on = None

_AT_ONCE = 1_000
_SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _new_tables()
    op.drop_index("ix_raw_frame_mn_seq", "raw_frame")
    op.rename_table("raw_frame", "raw_frame_0001")
    op.create_table(
        "raw_frame",
        sa.Column("seq", _SEQUENCE, autoincrement=False, nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.Column("peer", sa.Text(), nullable=False),
        sa.Column("mn", sa.Text(), nullable=False),
        sa.Column("st", sa.Text(), nullable=False),
        sa.Column("cn", sa.Text(), nullable=False),
        sa.Column("qn", sa.Text(), nullable=False),
        sa.Column("pno", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(32), nullable=False),
        sa.Column("segment", sa.LargeBinary(), nullable=False),
        sa.Column("body_no", sa.Integer(), nullable=False),
        sa.Column("fault", sa.Text(), nullable=False),
        sa.Column("chain", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("ix_raw_frame_mn_seq", "raw_frame", ["mn", "seq"], unique=False)
    _chain(op.get_bind())
    op.drop_table("raw_frame_0001")


def _new_tables() -> None:
    op.create_table(
        "frame_key",
        sa.Column("exchange", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("body_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("exchange", "body_no"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "page",
        sa.Column("series_id", sa.Integer(), nullable=False),
        sa.Column("start_ms", sa.BigInteger(), nullable=False),
        sa.Column("end_ms", sa.BigInteger(), nullable=False),
        sa.Column("first_ms", sa.BigInteger(), nullable=True),
        sa.Column("last_ms", sa.BigInteger(), nullable=True),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"]),
        sa.PrimaryKeyConstraint("series_id", "start_ms"),
    )
    op.create_table(
        "correction",
        sa.Column("series_id", sa.Integer(), nullable=False),
        sa.Column("time_ms", sa.BigInteger(), nullable=False),
        sa.Column("interval_ms", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"]),
        sa.PrimaryKeyConstraint("series_id", "time_ms", "interval_ms", "version"),
        sqlite_with_rowid=False,
    )


def _chain(connection: sa.Connection) -> None:
    """Move the frames over, in their order; the chain of what was stored before begins here."""
    old = sa.Table("raw_frame_0001", sa.MetaData(), autoload_with=connection)
    fresh = sa.MetaData()
    new = sa.Table("raw_frame", fresh, autoload_with=connection)
    keys = sa.Table("frame_key", fresh, autoload_with=connection)
    seq, chain = 0, GENESIS
    seen: dict[int, int] = {}
    while True:
        question = sa.select(old).where(old.c.seq > seq).order_by(old.c.seq).limit(_AT_ONCE)
        rows = connection.execute(question).mappings().all()
        if not rows:
            return
        moved, found = [], []
        for r in rows:
            number = exchange_number(r["mn"], r["st"], r["cn"], r["qn"], r["pno"])
            body_no = seen[number] = seen.get(number, -1) + 1
            sha256 = bytes.fromhex(r["sha256"])
            peer, mn, st, cn, qn = (str(r[name]) for name in ("peer", "mn", "st", "cn", "qn"))
            header = frame_header(r["seq"], r["received_ms"], r["pno"], body_no, peer, mn, st, cn, qn)
            chain = link(chain, header, sha256)
            moved.append({**r, "sha256": sha256, "body_no": body_no, "chain": chain})
            found.append({"exchange": number, "body_no": body_no, "seq": r["seq"]})
        connection.execute(new.insert(), moved)
        connection.execute(keys.insert(), found)
        seq = rows[-1]["seq"]
