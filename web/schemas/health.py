"""How the service is."""

from __future__ import annotations

from web.schemas.base import Out


class PartOut(Out):
    """One part of the service."""

    name: str
    ok: bool
    needed: bool
    age_s: float | None
    detail: str


class HealthOut(Out):
    """``ok`` when every needed part is well."""

    ok: bool
    version: str
    now_ms: int
    parts: list[PartOut]
