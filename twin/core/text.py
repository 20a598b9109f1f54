"""A name or sentence in Chinese and English."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """The same text in Chinese and English; neither may be empty."""

    zh: str
    en: str
