"""Verbs of the evidence room: verify, checkpoint."""

from __future__ import annotations

from twin.live.desk import DeskVerb

VERBS: tuple[DeskVerb, ...] = ()
