"""What the desk says of bad arguments, in both languages and without what must not be said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from twin.core.errors import BadRequestError, FrameError, ParkTwinError, SceneProblems

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

HIDDEN = "***"
_VALUE_CHARS = 200
# Shorter texts would be found inside ordinary words; where they can be secrets no value is told at all.
_LEAST_CHARS = 3
_REASONS_ZH = {
    "missing": "必填",
    "extra_forbidden": "未知参数",
    "string_type": "应为文本",
    "string_too_short": "至少 {min_length} 个字符",
    "string_too_long": "最多 {max_length} 个字符",
    "string_pattern_mismatch": "格式应符合 {pattern}",
    "int_type": "应为整数",
    "int_parsing": "应为整数",
    "int_from_float": "应为整数",
    "float_type": "应为数值",
    "finite_number": "应为有限数值",
    "bool_type": "应为 true 或 false",
    "dict_type": "应为对象",
    "model_type": "应为对象",
    "list_type": "应为列表",
    "tuple_type": "应为列表",
    "literal_error": "应为 {expected} 之一",
    "greater_than": "应大于 {gt}",
    "greater_than_equal": "不应小于 {ge}",
    "less_than": "应小于 {lt}",
    "less_than_equal": "不应大于 {le}",
    "too_long": "最多 {max_length} 项",
    "too_short": "至少 {min_length} 项",
}


def bad_args(error: ValidationError, *, known: frozenset[str], secret: bool) -> BadRequestError:
    """First thing that is wrong with a verb's arguments, as one of our errors.

    Where ``secret`` is set, neither the value nor a name that the verb does not know (``known``) is told.
    """
    first = error.errors(include_url=False)[0]
    head = str(first["loc"][0]) if first["loc"] else ""
    if secret:
        field = head if head in known else "args"
        return BadRequestError(
            f"{field}: {first['msg']}", message_zh=f"参数 {field} 不可用：{reason_zh(first)}", field=field
        )
    field = ".".join(str(part) for part in first["loc"]) or "args"
    missing = first["type"] == "missing"
    value = "" if missing else str(first["input"])[:_VALUE_CHARS]
    got, got_zh = ("", "") if missing else (f"; got {value!r}", f"；得到 {value!r}")
    return BadRequestError(
        f"{field}: {first['msg']}{got}",
        message_zh=f"参数 {field} 不可用：{reason_zh(first)}{got_zh}",
        field=field,
        value=value,
    )


def reason_zh(first: ErrorDetails) -> str:
    """What is wrong, in Chinese; kinds that no verb has need no sentence of their own."""
    text = _REASONS_ZH.get(str(first["type"]), "类型或取值不符合要求")
    try:
        return text.format(**first.get("ctx", {}))
    except (KeyError, IndexError):
        return "类型或取值不符合要求"


def submitted(args: Mapping[str, object], plain: frozenset[str]) -> tuple[str, ...]:
    """Every value that was submitted beside the arguments of ``plain``, as text, longest first."""
    texts = {text for key, part in args.items() if key not in plain for text in _leaves(part)}
    return tuple(sorted((row for row in texts if len(row) >= _LEAST_CHARS), key=len, reverse=True))


def cleansed(error: ParkTwinError, secrets: Iterable[str]) -> ParkTwinError:
    """The same kind of error without these texts."""
    secrets = tuple(secrets)
    kind = type(error) if type(error) not in (FrameError, SceneProblems) else ParkTwinError
    value = None if error.value is None else without(str(error.value), secrets)
    return kind(
        without(error.message, secrets),
        message_zh=without(error.message_zh, secrets),
        field=without(error.field, secrets),
        value=value,
        source=error.source,
    )


def without(text: str, secrets: Iterable[str]) -> str:
    """A text in which stars stand for these; as they are, and as Python or JSON would quote them."""
    for secret in secrets:
        for shape in (secret, repr(secret)[1:-1]):
            text = text.replace(shape, HIDDEN)
    return text


def _leaves(part: object) -> Iterable[str]:
    if isinstance(part, Mapping):
        for inner in part.values():
            yield from _leaves(inner)
    elif isinstance(part, list | tuple):
        for inner in part:
            yield from _leaves(inner)
    elif part is not None and not isinstance(part, bool):
        yield str(part)
