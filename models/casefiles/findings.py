"""Findings about a case file: everything that is wrong is said at once, in both languages."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from models.casefiles.strict import RULE
from twin.core.errors import BadRequestError

_EXPECTED_EN = {"missing": "a value is required", "extra_forbidden": "no such key in this format"}
_EXPECTED_ZH = {
    "missing": "此项必填",
    "extra_forbidden": "格式中没有此项",
    "string_type": "应为文字",
    "int_type": "应为整数",
    "float_type": "应为数字",
    "bool_type": "应为 true 或 false",
    "list_type": "应为列表",
    "model_type": "应为表",
    "finite_number": "应为有限数",
    "greater_than": "应大于 {gt}",
    "greater_than_equal": "应不小于 {ge}",
    "less_than": "应小于 {lt}",
    "less_than_equal": "应不大于 {le}",
    "literal_error": "应为 {expected} 之一",
    "string_too_short": "不得为空",
    "string_pattern_mismatch": "应符合 {pattern}",
    "too_short": "至少 {min_length} 项",
    "too_long": "至多 {max_length} 项",
    RULE: "{chinese}",
}


class CaseError(BadRequestError):
    """A case file cannot be used; ``problems`` holds one (English, Chinese) pair per finding."""

    def __init__(
        self, problems: tuple[tuple[str, str], ...], *, source: str, field: str, value: object
    ) -> None:
        super().__init__(
            "\n".join(english for english, _ in problems),
            message_zh="\n".join(chinese for _, chinese in problems),
            field=field,
            value=value,
            source=source,
        )
        self.problems = problems


def invalid_case(
    error: ValidationError, data: Mapping[str, Any], source: str, *, tagged: bool = True
) -> CaseError:
    """Every finding of a schema. ``tagged``: the first part of a place is the kind of the case."""
    skip = 1 if tagged else 0
    details = error.errors(include_url=False)
    told = tuple(_told(row, data, source, skip) for row in details)
    first = details[0]
    where = ".".join(str(part) for part in first["loc"][skip:])
    return CaseError(told, source=source, field=where, value=first["input"])


def _told(row: ErrorDetails, data: Mapping[str, Any], source: str, skip: int) -> tuple[str, str]:
    kind = row["type"]
    where = _called(row["loc"][skip:], data) or "case"
    missing = kind == "missing"
    shown = "missing" if missing else _short(row["input"])
    english = _EXPECTED_EN.get(kind, row["msg"][:1].lower() + row["msg"][1:])
    chinese = _EXPECTED_ZH.get(kind, row["msg"])
    for key, value in row.get("ctx", {}).items():
        chinese = chinese.replace("{" + key + "}", str(value))
    return (
        f"{source}: {where} is {shown}; {english}",
        f"{source}：{where} 为 {'缺失' if missing else shown}；{chinese}",
    )


def _called(loc: tuple[int | str, ...], data: object) -> str:
    """A place in the file: rows of lists by their id where they have one."""
    parts = []
    for part in loc:
        if isinstance(part, int) and isinstance(data, list):
            data = data[part] if part < len(data) else None
            own = data.get("id") if isinstance(data, Mapping) else None
            parts.append(str(own or part + 1))
            continue
        data = data.get(part) if isinstance(data, Mapping) and isinstance(part, str) else None
        parts.append(str(part))
    return ".".join(parts)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def bad_value(source: str, field: str, value: object, expected: str, expected_zh: str) -> CaseError:
    """One finding about one field, for what a schema cannot see (files, units, models)."""
    told = (
        f"{source}: {field} is {value!r}; expected {expected}",
        f"{source}：{field} 为 {value!r}；应为{expected_zh}",
    )
    return CaseError((told,), source=source, field=field, value=value)


def toml_of(text: str, source: str) -> dict[str, Any]:
    """The mapping of a TOML text. Raises CaseError."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise bad_value(source, "file", source, f"TOML ({error})", f"TOML 格式（{error}）") from None
