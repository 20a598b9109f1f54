"""Reading the input of a rule: every field is asked for by name, kind and bounds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime

from twin.core.errors import BadRequestError

_MISSING = object()


class Given:
    """Input of one rule. ``used`` collects the fields that were read; others are an error at the end."""

    def __init__(self, values: Mapping[str, object]) -> None:
        self._values = values
        self._used: set[str] = set()

    def has(self, name: str) -> bool:
        """Whether a field is there and not null."""
        self._used.add(name)
        return self._values.get(name) is not None

    def number(self, name: str, default: float | None = None) -> float:
        """Finite number. Raises BadRequestError."""
        found = self.maybe_number(name, default)
        if found is None:
            raise _bad(name, None, "a number", "数值")
        return found

    def maybe_number(self, name: str, default: float | None = None) -> float | None:
        """Finite number or None."""
        found = self._get(name, default)
        return None if found is None else _number(name, found)

    def whole(self, name: str, default: int | None = None) -> int:
        """Whole number. Raises BadRequestError."""
        found = self._get(name, default)
        if isinstance(found, int) and not isinstance(found, bool):
            return found
        raise _bad(name, found, "a whole number", "整数")

    def text(self, name: str, default: str | None = None) -> str:
        """Text. Raises BadRequestError."""
        found = self._get(name, default)
        if isinstance(found, str):
            return found
        raise _bad(name, found, "a text", "文本")

    def flag(self, name: str, default: bool | None = None) -> bool:
        """True or false. Raises BadRequestError."""
        found = self.maybe_flag(name, default)
        if found is None:
            raise _bad(name, None, "true or false", "true 或 false")
        return found

    def maybe_flag(self, name: str, default: bool | None = None) -> bool | None:
        """True, false or None for unknown."""
        found = self._get(name, default)
        if found is None or isinstance(found, bool):
            return found
        raise _bad(name, found, "true, false or null", "true、false 或 null")

    def column(self, name: str) -> list[float | None]:
        """List of numbers, null where there is none. Raises BadRequestError."""
        found = self._get(name, None)
        if not isinstance(found, list):
            raise _bad(name, found, "a list of numbers", "数值列表")
        return [None if row is None else _number(name, row) for row in found]

    def numbers(self, name: str) -> list[float]:
        """List of numbers without gaps. Raises BadRequestError."""
        found = self.column(name)
        if any(row is None for row in found):
            raise _bad(name, None, "numbers only", "仅数值")
        return [row for row in found if row is not None]

    def texts(self, name: str) -> list[str]:
        """List of texts. Raises BadRequestError."""
        found = self._get(name, None)
        if not isinstance(found, list) or not all(isinstance(row, str) for row in found):
            raise _bad(name, found, "a list of texts", "文本列表")
        return list(found)

    def moment(self, name: str) -> datetime:
        """ISO 8601 date and time with its offset. Raises BadRequestError."""
        text = self.text(name)
        try:
            when = datetime.fromisoformat(text)
        except ValueError:
            when = None
        if when is None or when.tzinfo is None:
            raise _bad(name, text, "an ISO 8601 time with its offset", "带时区的 ISO 8601 时间")
        return when

    def done(self) -> None:
        """Raise BadRequestError for a field that the rule does not know."""
        for name in self._values:
            if name not in self._used:
                known = ", ".join(sorted(self._used))
                raise BadRequestError(
                    f"input field {name!r} is unknown to this rule; it reads {known}",
                    message_zh=f"该规则不认识输入字段 {name!r}；它读取 {known}",
                    field=name,
                    value=self._values[name],
                )

    def _get(self, name: str, default: object) -> object:
        self._used.add(name)
        found = self._values.get(name, _MISSING)
        return default if found is _MISSING else found


def _number(name: str, found: object) -> float:
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise _bad(name, found, "a number", "数值")
    try:
        value = float(found)
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise _bad(
            name, found if isinstance(found, float) else "a huge number", "a finite number", "有限数值"
        )
    return value


def _bad(name: str, found: object, expected: str, expected_zh: str) -> BadRequestError:
    shown = repr(found)[:80]
    return BadRequestError(
        f"input field {name!r} is {shown}; expected {expected}",
        message_zh=f"输入字段 {name!r} 为 {shown}；应为{expected_zh}",
        field=name,
        value=shown,
    )
