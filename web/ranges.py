"""Spans of time that a query may ask for."""

from __future__ import annotations

from dataclasses import dataclass

from twin.core.errors import BadRequestError
from web.schemas.base import MS_MAX

HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """``from_ms`` included, ``to_ms`` excluded."""

    from_ms: int
    to_ms: int


def window(
    from_ms: int | None, to_ms: int | None, *, newest_ms: int | None, default_ms: int = HOUR_MS
) -> Window:
    """Span of a query; what is missing is filled from the newest stored time.

    Raises BadRequestError when the span is turned around.
    """
    if to_ms is None:
        to_ms = MS_MAX if from_ms is not None else (newest_ms if newest_ms is not None else 0) + 1
    if from_ms is None:
        from_ms = max(0, to_ms - default_ms)
    if from_ms > to_ms:
        raise BadRequestError(
            f"from is {from_ms}, after to = {to_ms}; expected from <= to",
            message_zh=f"from 为 {from_ms}，晚于 to = {to_ms}；应满足 from <= to",
            field="from",
            value=from_ms,
        )
    return Window(from_ms=from_ms, to_ms=to_ms)
