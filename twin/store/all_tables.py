"""All tables of the ledger in one place, whichever module declares them."""

from __future__ import annotations

from twin.store import acts as acts
from twin.store import archive_schema as archive_schema
from twin.store import checkpoint_schema as checkpoint_schema
from twin.store import exchange_schema as exchange_schema
from twin.store import instrument_schema as instrument_schema
from twin.store import ledger_schema
from twin.store import review_schema as review_schema
from twin.store import upload_schema as upload_schema

METADATA = ledger_schema.METADATA
