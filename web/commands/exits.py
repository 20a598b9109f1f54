"""Exit codes and how an error is told."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from rich.console import Console

from twin.core.errors import (
    BadRequestError,
    NotFoundError,
    ParkTwinError,
    SceneError,
    ServiceUnavailableError,
    SettingsError,
    StoreError,
    ToolMissingError,
)
from web.i18n import Language, Speaker

OK, FAILED, USAGE = 0, 1, 2
INTERRUPTED = 130

# The most special class that an error is an instance of decides; anything else is FAILED.
CODES: Mapping[type[ParkTwinError], int] = MappingProxyType(
    {
        SettingsError: 3,
        SceneError: 4,
        StoreError: 5,
        ServiceUnavailableError: 6,
        ToolMissingError: 7,
        NotFoundError: 8,
        BadRequestError: USAGE,
    }
)


def code_of(error: ParkTwinError) -> int:
    """Exit code of an error."""
    for kind in type(error).__mro__:
        if kind in CODES:
            return CODES[kind]
    return FAILED


def tell(error: ParkTwinError, language: Language, console: Console) -> None:
    """Print an error plainly, in the user's language."""
    text = error.message_zh if language == "zh" else error.message
    console.print(f"{Speaker(language).say('error')}: {text}", style="red", markup=False, highlight=False)
