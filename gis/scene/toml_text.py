"""Writing the TOML files of a scene in a fixed, readable order."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

Value = object


def toml_text(head: str, tables: Mapping[str, Value]) -> str:
    """TOML text: scalars first, then ``[tables]``, then ``[[rows]]``; ``head`` becomes comments.

    None values are left out.
    """
    lines = [f"# {line}" for line in head.splitlines()]
    lines += _pairs(tables)
    for key, value in tables.items():
        if isinstance(value, Mapping):
            lines += ["", f"[{key}]", *_pairs(value, deep=True)]
    for key, value in tables.items():
        if _is_rows(value) and isinstance(value, Sequence):
            for row in value:
                lines += ["", f"[[{key}]]", *_pairs(row, deep=True)]
        elif isinstance(value, (list, tuple)) and not value:
            lines.insert(len(head.splitlines()), f"{key} = []")
    return "\n".join(lines) + "\n"


def _is_rows(value: Value) -> bool:
    return isinstance(value, (list, tuple)) and bool(value) and isinstance(value[0], Mapping)


def _pairs(table: Mapping[str, Value], *, deep: bool = False) -> list[str]:
    lines = []
    for key, value in table.items():
        nested = isinstance(value, Mapping) or _is_rows(value)
        empty = isinstance(value, (list, tuple)) and not value and not deep
        if value is None or empty or (nested and not deep):
            continue
        lines.append(f"{key} = {inline(value)}")
    return lines


def inline(value: Value) -> str:
    """One value as TOML; tables become inline tables.

    >>> inline({"zh": "站", "h": 2.0})
    '{ zh = "站", h = 2.0 }'
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        inner = ", ".join(f"{key} = {inline(part)}" for key, part in value.items() if part is not None)
        return f"{{ {inner} }}"
    if isinstance(value, (list, tuple)):
        return _list(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(value)


def _list(values: Sequence[Value]) -> str:
    if values and isinstance(values[0], Mapping):
        return "[\n" + "".join(f"  {inline(part)},\n" for part in values) + "]"
    return "[" + ", ".join(inline(part) for part in values) + "]"
