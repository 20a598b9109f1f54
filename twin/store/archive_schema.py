"""Months that were moved from the live ledger to files.

A row is only inserted after the files were read back and found equal to the ledger; it opens the gate
through which the month's raw frames may leave the append-only table (``seq <= last_seq``). Rows are
never changed and never removed.
"""

from __future__ import annotations

import sqlalchemy as sa

from twin.store.ledger_schema import METADATA

ARCHIVED_MONTH = sa.Table(
    "archived_month",
    METADATA,
    sa.Column("month", sa.Text, primary_key=True),
    sa.Column("first_seq", sa.BigInteger, nullable=False),
    sa.Column("last_seq", sa.BigInteger, nullable=False),
    sa.Column("frames", sa.BigInteger, nullable=False),
    sa.Column("observations", sa.BigInteger, nullable=False),
    sa.Column("manifest_sha256", sa.Text, nullable=False),
    sa.Column("chain_last", sa.LargeBinary, nullable=False),
    sa.Column("made_ms", sa.BigInteger, nullable=False),
)
