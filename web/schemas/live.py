"""Where a live stream begins."""

from __future__ import annotations

from pydantic import Field

from web.schemas.base import Query


class StreamQuery(Query):
    """Where to resume."""

    cursor: str | None = Field(
        default=None,
        pattern=r"^[0-9]{1,15}\.[0-9]{1,15}$",
        description="<ledger seq>.<result seq> of the last event that was seen",
    )
