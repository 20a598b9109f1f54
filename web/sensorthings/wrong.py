"""The one error of a request that cannot be read."""

from __future__ import annotations

from twin.core.errors import BadRequestError


def wrong(value: str, field: str, expected: str) -> BadRequestError:
    """Error that names the option, what was sent and what was expected."""
    return BadRequestError(
        f"{field}: {value[:200]!r} cannot be used; expected {expected}",
        message_zh=f"{field}：{value[:200]!r} 无法使用；应为 {expected}",
        field=field,
        value=value[:200],
    )
