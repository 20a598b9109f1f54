"""What is said while a model that a case asks for is not part of this installation."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from twin.core.errors import SolverError


class NotAvailableError(SolverError):
    """A case asks for a model that is not installed."""


def entry(module: str, name: str, asked: str) -> Callable[..., Any]:
    """A function of a room that is loaded when it is needed. Raises NotAvailableError."""
    try:
        return getattr(import_module(module), name)  # type: ignore[no-any-return]
    except (ModuleNotFoundError, AttributeError) as error:
        raise NotAvailableError(
            f"{asked} is not available: {module}.{name} cannot be loaded ({error})",
            message_zh=f"{asked} 不可用：无法加载 {module}.{name}（{error}）",
            field="model",
            value=asked,
        ) from None
