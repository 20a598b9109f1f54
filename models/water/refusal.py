"""How the water's rooms say no: field, value, what was expected, in both languages."""

from __future__ import annotations

from twin.core.errors import BadRequestError


def refused(value: object, field: str, expected: str, expected_zh: str = "") -> BadRequestError:
    """The error to raise for a ``value`` of a ``field`` that cannot be used.

    >>> str(refused(-1.0, "cell_m", "more than zero", "大于零"))
    'cell_m: -1.0; expected more than zero'
    """
    return BadRequestError(
        f"{field}: {value}; expected {expected}",
        message_zh=f"{field}：{value}；应为{expected_zh or expected}",
        field=field,
        value=value,
    )
