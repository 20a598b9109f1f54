"""Verbs of the review queue."""

from __future__ import annotations

from twin.live.desk import DeskVerb

VERBS: tuple[DeskVerb, ...] = ()
