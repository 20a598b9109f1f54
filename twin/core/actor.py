"""Who acts, and what a role may do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a person is here for. An engineer may do all that the others may; nobody else may more."""

    VIEWER = "viewer"
    REVIEWER = "reviewer"
    OPERATOR = "operator"
    ENGINEER = "engineer"

    def may(self, needed: Role) -> bool:
        """Whether this role is enough for something that needs ``needed``."""
        return self is Role.ENGINEER or needed in (self, Role.VIEWER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """A person with a role, known by a token."""

    name: str
    role: Role
