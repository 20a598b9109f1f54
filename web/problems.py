"""What is wrong with a query, said as one of our errors."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from twin.core.errors import BadRequestError
from twin.live.desk_errors import reason_zh

_VALUE_CHARS = 200

# What pydantic says in English, by its kind of error; the desk knows some more.
_REASONS_ZH: Mapping[str, str] = MappingProxyType(
    {
        "missing": "缺少该参数",
        "extra_forbidden": "此地址没有这个参数",
        "whole_number": "应为整数",
        "greater_than_equal": "应不小于 {ge}",
        "less_than_equal": "应不大于 {le}",
        "string_pattern_mismatch": "格式应为 {pattern}",
        "enum": "应为 {expected} 之一",
    }
)


def query_error(error: ValidationError) -> BadRequestError:
    """First problem of a query as one of our errors, naming field, value and what was expected."""
    first = error.errors(include_url=False)[0]
    field = ".".join(str(part) for part in first["loc"]) or "query"
    missing = first["type"] == "missing"
    value = "" if missing else str(first["input"])[:_VALUE_CHARS]
    got, got_zh = ("", "") if missing else (f"; got {value!r}", f"，得到 {value!r}")
    return BadRequestError(
        f"{field}: {_reason(first)}{got}",
        message_zh=f"参数 {field} 不可用：{_reason_zh(first)}{got_zh}",
        field=field,
        value=value,
    )


def _reason(first: ErrorDetails) -> str:
    if first["type"] == "extra_forbidden":
        return "is not a parameter of this address"
    return first["msg"]


def _reason_zh(first: ErrorDetails) -> str:
    text = _REASONS_ZH.get(first["type"])
    return reason_zh(first) if text is None else text.format(**first.get("ctx", {}))
