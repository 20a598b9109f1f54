"""Texts of a report without what no document may hold: control characters, lone surrogates."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

# XML 1.0 (W3C 2008), 2.2: characters outside Char; line ends and tabs stay.
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
Given = TypeVar("Given")


def plain(value: Given) -> Given:
    """The same facts (dataclasses, tuples, mappings of texts) with unfit characters as spaces."""
    found: Any = _plain(value)
    return found  # type: ignore[no-any-return]


def _plain(value: Any) -> Any:
    if isinstance(value, str) and type(value) is str:
        return _UNFIT.sub(" ", value)
    if isinstance(value, tuple):
        return tuple(_plain(one) for one in value)
    if isinstance(value, Mapping):
        return {_plain(name): _plain(one) for name, one in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{row.name: _plain(getattr(value, row.name)) for row in fields(value)})
    return value
