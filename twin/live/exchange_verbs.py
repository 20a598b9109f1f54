"""Verbs of the exchange with sites and platforms."""

from __future__ import annotations

from twin.live.desk import DeskVerb

VERBS: tuple[DeskVerb, ...] = ()
