"""Texts of the command line in Chinese and English, from ``messages.toml`` beside this file."""

from __future__ import annotations

import os
import tomllib
from importlib import resources
from typing import Literal

Language = Literal["zh", "en"]
DEFAULT: Language = "zh"


def catalogue() -> dict[str, dict[str, str]]:
    """All texts: key -> language -> text."""
    text = (resources.files(__name__) / "messages.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def language_of_environment() -> Language:
    """Language for messages that come before the settings are known."""
    return "en" if os.environ.get("PARK_TWIN_LANGUAGE") == "en" else DEFAULT


class Speaker:
    """Says texts in one language."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self._texts = catalogue()

    def say(self, key: str, **values: object) -> str:
        """Text with its values filled in; the key itself where a step has no text of its own."""
        entry = self._texts.get(key)
        return key if entry is None else entry[self.language].format(**values)
