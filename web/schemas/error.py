"""The one shape of errors."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from web.schemas.base import Out


class ErrorOut(Out):
    """What every error looks like, whatever the status."""

    ok: Literal[False]
    status: int = Field(ge=400, le=599)
    code: str = Field(description="Stable machine-readable name of the kind of error")
    message: str
    message_zh: str
    field: str = Field(description="What was wrong: a parameter, a field; empty when nothing in particular")
    value: str = Field(description="The value that could not be used, as text, cut at 200 characters")
