"""What is wrong with a query, said as one of our errors."""

from __future__ import annotations

from pydantic import ValidationError

from twin.core.errors import BadRequestError

_VALUE_CHARS = 200


def query_error(error: ValidationError) -> BadRequestError:
    """First problem of a query as one of our errors, naming field, value and what was expected."""
    first = error.errors(include_url=False)[0]
    field = ".".join(str(part) for part in first["loc"]) or "query"
    unknown = first["type"] == "extra_forbidden"
    reason = "is not a parameter of this address" if unknown else first["msg"]
    reason_zh = "此地址没有这个参数" if unknown else first["msg"]
    value = str(first.get("input", ""))[:_VALUE_CHARS]
    return BadRequestError(
        f"{field}: {reason}; got {value!r}",
        message_zh=f"参数 {field} 不可用（{reason_zh}），得到 {value!r}",
        field=field,
        value=value,
    )
