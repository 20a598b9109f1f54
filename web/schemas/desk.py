"""Who has a token."""

from __future__ import annotations

from twin.core.actor import Role
from web.schemas.base import Out


class WhoOut(Out):
    """A person."""

    name: str
    role: Role
