"""Tables of signed checkpoints and of the Merkle frontiers they are computed from."""

from __future__ import annotations

import sqlalchemy as sa

from twin.store.ledger_schema import METADATA
from twin.store.schema_parts import sequence_column

# ``body`` is the signed text, canonical JSON; see docs/evidence.md.
CHECKPOINT = sa.Table(
    "checkpoint",
    METADATA,
    sequence_column(),
    sa.Column("time_ms", sa.BigInteger, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("signature", sa.LargeBinary, nullable=False),
)

# No evidence: a cache of O(log n) hashes per log, which can be computed again from the records.
MERKLE_FRONTIER = sa.Table(
    "merkle_frontier",
    METADATA,
    sa.Column("log", sa.Text, primary_key=True),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("nodes", sa.LargeBinary, nullable=False),
)
