"""Findings about a case file: everything that is wrong is said at once, in both languages."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from models.casefiles.strict import RULE
from twin.core.errors import BadRequestError

Place = tuple[int | str, ...]
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
    "dict_type": "应为表",
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
    details = one_per_place(error.errors(include_url=False), data, skip)
    told = tuple(_told(place, row, data, source) for place, row in details)
    place, first = details[0]
    return CaseError(told, source=source, field=".".join(map(str, place)), value=first["input"])


def one_per_place(
    details: list[ErrorDetails], data: Mapping[str, Any], skip: int
) -> list[tuple[Place, ErrorDetails]]:
    """One finding per place of the file: what may be one of several kinds gives one per kind.

    Of the kinds that were tried, the finding that reaches deepest into the value counts, and of those the
    one that says more than that the value is of another type.
    """
    found: dict[Place, list[tuple[Place, ErrorDetails]]] = {}
    for row in details:
        place, field = _places(row["loc"][skip:], data, missing=row["type"] == "missing")
        found.setdefault(field, []).append((place, row))
    kept: list[tuple[Place, ErrorDetails]] = []
    for rows in found.values():
        places = dict.fromkeys(place for place, _ in rows)
        deepest = [p for p in places if not any(q != p and q[: len(p)] == p for q in places)]
        for place in deepest:
            kept.append((place, min((row for at, row in rows if at == place), key=_vague)))
    return kept


def _vague(row: ErrorDetails) -> bool:
    return row["type"].endswith("_type")


def _places(loc: Place, data: object, *, missing: bool) -> tuple[Place, Place]:
    """A finding's place in the file, and that of the field before its first kind (``float``, ``list``)."""
    place: list[int | str] = []
    field: Place | None = None
    for n, part in enumerate(loc):
        last = n == len(loc) - 1
        if isinstance(part, int) and isinstance(data, list):
            data = data[part] if part < len(data) else None
        elif isinstance(data, Mapping) and (part in data or (last and missing)):
            data = data.get(part)
        elif isinstance(part, str):  # a kind that was tried
            field = tuple(place) if field is None else field
            continue
        place.append(part)
    return tuple(place), tuple(place) if field is None else field


def _told(place: Place, row: ErrorDetails, data: Mapping[str, Any], source: str) -> tuple[str, str]:
    kind = row["type"]
    where = _called(place, data) or "case"
    missing = kind == "missing"
    shown = "missing" if missing else _short(row["input"])
    english = _EXPECTED_EN.get(kind, row["msg"][:1].lower() + row["msg"][1:])
    chinese = _EXPECTED_ZH.get(kind, row["msg"])
    for key, value in row.get("ctx", {}).items():
        chinese = chinese.replace("{" + key + "}", str(value).replace(" or ", ", ").replace(", ", "、"))
    if kind == RULE and isinstance(row["input"], Mapping | BaseModel):
        head, head_zh = (f"{source}: {where}", f"{source}：{where}") if place else (source, source)
        return f"{head}: {english}", f"{head_zh}：{chinese}"
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
        f"{source}：{_field_zh(field)} 为 {_value_zh(value)}；应为{expected_zh}",
    )
    return CaseError((told,), source=source, field=field, value=value)


def toml_of(text: str, source: str) -> dict[str, Any]:
    """The mapping of a TOML text. Raises CaseError."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise bad_value(source, "file", source, f"TOML ({error})", f"TOML 格式（{error}）") from None


_WORDS_ZH = {
    "missing": "缺失",
    "given": "已给出",
    "given twice": "重复给出",
    "not finite": "非有限数",
    "inactive": "非活动",
    "no cell": "无单元",
    "no face": "无单元面",
    "no width": "无宽度",
    "no active cell": "无活动单元",
}
_COUNTS_ZH = {"entries": "项", "values": "个值", "widths": "个宽度"}


def _value_zh(value: object) -> str:
    if isinstance(value, str):
        if value in _WORDS_ZH:
            return _WORDS_ZH[value]
        if value.startswith("also in "):
            return f"已在 {value.removeprefix('also in ')} 中给出"
        count, _, noun = value.partition(" ")
        if noun in _COUNTS_ZH and count.isdigit():
            return f"{count} {_COUNTS_ZH[noun]}"
        if value.startswith("shape ("):
            return value.replace("shape", "形状", 1)
        if " rows of [" in value:
            return value.replace(" rows of ", " 行，每行列数 ", 1)
    return repr(value)


def _field_zh(field: str) -> str:
    for english in (" of cell (layer, row, column) ", ", cell (layer, row, column) "):
        field = field.replace(english, "，单元（层、行、列）")
    return field
