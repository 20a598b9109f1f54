"""Collecting what is wrong with a scene: every problem names file, field, value and what was expected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from twin.core.errors import ParkTwinError, SceneError, SceneProblems

# What pydantic's error types expect, in Chinese; ``{...}`` are filled from the error's context.
_EXPECTED_ZH = {
    "missing": "此项必填",
    "extra_forbidden": "格式中没有此项",
    "string_type": "应为文字",
    "int_type": "应为整数",
    "float_type": "应为数字",
    "bool_type": "应为 true 或 false",
    "list_type": "应为列表",
    "dict_type": "应为表",
    "model_type": "应为表",
    "tuple_type": "应为列表",
    "finite_number": "应为有限数",
    "greater_than": "应大于 {gt}",
    "greater_than_equal": "应不小于 {ge}",
    "less_than": "应小于 {lt}",
    "less_than_equal": "应不大于 {le}",
    "literal_error": "应为 {expected} 之一",
    "enum": "应为 {expected} 之一",
    "string_too_short": "不得为空",
    "string_pattern_mismatch": "应符合 {pattern}",
    "too_short": "至少 {min_length} 项",
    "too_long": "至多 {max_length} 项",
}
_EXPECTED_EN = {
    "missing": "a value is required",
    "extra_forbidden": "no such key in this format",
}


class Problems:
    """Problems of one scene, found together.

    Parameters
    ----------
    source
        The scene's folder, as shown to people.
    """

    def __init__(self, source: str) -> None:
        self._source = source
        self._rows: list[SceneError] = []

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def rows(self) -> tuple[SceneError, ...]:
        """What was found so far."""
        return tuple(self._rows)

    def add(
        self, file: str, where: str, value: object, expected: str, expected_zh: str, *, field: str = ""
    ) -> None:
        """Note one problem. ``where`` names row and field, for example ``beam FB1-B03, station``."""
        self._rows.append(
            SceneError(
                f"{file}: {where} is {value!r}; expected {expected}",
                message_zh=f"{file}：{where} 为 {value!r}；应为{expected_zh}",
                field=field or where,
                value=value,
                source=file,
            )
        )

    def add_error(self, file: str, error: ParkTwinError) -> None:
        """Note an error that another room raised about ``file``."""
        named = file in error.message
        self._rows.append(
            SceneError(
                error.message if named else f"{file}: {error.message}",
                message_zh=error.message_zh if file in error.message_zh else f"{file}：{error.message_zh}",
                field=error.field,
                value=error.value,
                source=file,
            )
        )

    def add_invalid(
        self, file: str, where: str, error: ValidationError, *, named: Mapping[str, object] | None = None
    ) -> None:
        """Note every finding of pydantic about one table or row.

        ``named`` is the whole table: rows in its lists are then called by their id, not by number.
        """
        for row in error.errors(include_url=False):
            self._add_detail(file, where, row, named)

    def _add_detail(
        self, file: str, where: str, row: ErrorDetails, named: Mapping[str, object] | None
    ) -> None:
        kind = row["type"]
        field = ".".join(_called(row["loc"], named))
        value = None if kind == "missing" else row["input"]
        place = f"{where}, {field}" if where and field else where or field
        expected = _EXPECTED_EN.get(kind, _lower_first(row["msg"]))
        context = row.get("ctx", {})
        expected_zh = _EXPECTED_ZH.get(kind, row["msg"])
        for key, filled in context.items():
            expected_zh = expected_zh.replace("{" + key + "}", str(filled))
        shown = "missing" if kind == "missing" else repr(value)
        shown_zh = "缺失" if kind == "missing" else repr(value)
        self._rows.append(
            SceneError(
                f"{file}: {place} is {shown}; {expected}",
                message_zh=f"{file}：{place} 为 {shown_zh}；{expected_zh}",
                field=field,
                value=value,
                source=file,
            )
        )

    @contextmanager
    def gather(self, file: str) -> Iterator[None]:
        """Turn an error of ours raised inside the block into noted problems."""
        try:
            yield
        except SceneProblems as error:
            self._rows.extend(error.problems)
        except ParkTwinError as error:
            self.add_error(file, error)

    def raise_if_any(self) -> None:
        """Raise SceneProblems when anything was noted."""
        if self._rows:
            raise SceneProblems(self.rows, source=self._source)


def _called(loc: tuple[int | str, ...], table: object) -> Iterator[str]:
    """Parts of a place in a table, with list positions replaced by the row's id or mn."""
    for part in loc:
        if isinstance(part, int) and isinstance(table, list):
            table = table[part] if part < len(table) else None
            own = (table.get("id") or table.get("mn")) if isinstance(table, Mapping) else None
            yield str(own or part + 1)
            continue
        table = table.get(part) if isinstance(table, Mapping) else None
        yield str(part)


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]
