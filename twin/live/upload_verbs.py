"""Verbs of what is uploaded: laboratory results, portable detectors."""

from __future__ import annotations

from twin.live.desk import DeskVerb

VERBS: tuple[DeskVerb, ...] = ()
