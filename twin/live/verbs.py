"""All verbs of the desk. Who may ask for what stands in docs/desk.md; a test holds the two together."""

from __future__ import annotations

from twin.live import evidence_verbs, exchange_verbs, registry_verbs, review_verbs, upload_verbs, water_verbs
from twin.live.desk import DeskVerb

VERBS: tuple[DeskVerb, ...] = (
    *evidence_verbs.VERBS,
    *exchange_verbs.VERBS,
    *registry_verbs.VERBS,
    *review_verbs.VERBS,
    *upload_verbs.VERBS,
    *water_verbs.VERBS,
)
