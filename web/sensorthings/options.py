"""Query options of SensorThings 1.1 (part 1, 9.3): read once, strictly, nested ``$expand`` included."""

from __future__ import annotations

import re
from dataclasses import dataclass

from web.sensorthings.filter import Node, Property, parse_filter
from web.sensorthings.wrong import wrong

TOP_DEFAULT, TOP_MAX = 100, 5_000
SKIP_MAX = 1_000_000
_EXPANDS_MAX = 12
_DEPTH_MAX = 6
_NAME = re.compile(r"[@A-Za-z_][@A-Za-z0-9_.]*(?:/[@A-Za-z_][@A-Za-z0-9_.]*)*", re.ASCII)
_NAMES = ("$filter", "$orderby", "$expand", "$select", "$top", "$skip", "$count", "$resultFormat")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One key of ``$orderby``."""

    by: Node
    descending: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What is asked of one collection or entity."""

    filter: Node | None = None
    order: tuple[Order, ...] = ()
    expand: tuple[tuple[str, Options], ...] = ()
    select: tuple[str, ...] = ()
    top: int = TOP_DEFAULT
    skip: int = 0
    count: bool = False
    data_array: bool = False


def read_options(texts: dict[str, str], depth: int = 0) -> Options:
    """Options from the pairs of a query. Raises BadRequestError naming the option."""
    if depth > _DEPTH_MAX:
        raise wrong(str(depth), "$expand", f"at most {_DEPTH_MAX} levels")
    for name in texts:
        if name not in _NAMES:
            raise wrong(texts[name], name, f"one of {', '.join(_NAMES)}")
    return Options(
        filter=parse_filter(texts["$filter"]) if "$filter" in texts else None,
        order=tuple(_order(part) for part in _split(texts.get("$orderby", ""), ",")),
        expand=_expands(texts.get("$expand", ""), depth),
        select=tuple(_plain(part) for part in _split(texts.get("$select", ""), ",")),
        top=_whole("$top", texts.get("$top", str(TOP_DEFAULT)), TOP_MAX, cut=True),
        skip=_whole("$skip", texts.get("$skip", "0"), SKIP_MAX),
        count=_truth(texts.get("$count", "false")),
        data_array=_format(texts.get("$resultFormat", "")),
    )


def _order(text: str) -> Order:
    words = text.split()
    if len(words) not in (1, 2) or words[-1] in ("asc", "desc") and len(words) == 1:
        raise wrong(text, "$orderby", "<property> or <property> asc|desc")
    if len(words) == 2 and words[1] not in ("asc", "desc"):
        raise wrong(text, "$orderby", "asc or desc")
    if not _NAME.fullmatch(words[0]):
        raise wrong(text, "$orderby", "the name of a property")
    return Order(by=Property(tuple(words[0].split("/"))), descending=words[-1] == "desc")


def _expands(text: str, depth: int) -> tuple[tuple[str, Options], ...]:
    found: dict[str, Options] = {}
    for part in _split(text, ","):
        name, _, inside = part.partition("(")
        if inside and not inside.endswith(")"):
            raise wrong(part, "$expand", "a closing bracket")
        path = name.strip().split("/")
        if len(path) > _DEPTH_MAX or not all(_NAME.fullmatch(step) for step in path):
            raise wrong(part, "$expand", f"names of at most {_DEPTH_MAX} linked entities")
        nested = read_options(_pairs(inside[:-1]), depth + 1)
        for step in reversed(path[1:]):
            nested = Options(expand=((step, nested),))
        found[path[0]] = _merged(found.get(path[0]), nested)
    if len(found) > _EXPANDS_MAX:
        raise wrong(text, "$expand", f"at most {_EXPANDS_MAX} entities")
    return tuple(found.items())


def _merged(first: Options | None, second: Options) -> Options:
    """``$expand=A/B,A/C`` asks for both under A."""
    if first is None:
        return second
    return Options(
        filter=second.filter or first.filter,
        order=second.order or first.order,
        expand=first.expand + second.expand,
        select=first.select + second.select,
        top=min(first.top, second.top),
        skip=max(first.skip, second.skip),
        count=first.count or second.count,
    )


def _pairs(text: str) -> dict[str, str]:
    pairs = {}
    for part in _split(text, ";"):
        name, sign, value = part.partition("=")
        if not sign:
            raise wrong(part, "$expand", "<option>=<value>")
        pairs[name.strip()] = value
    return pairs


def _split(text: str, at: str) -> list[str]:
    """Parts between separators that stand outside brackets and quotes."""
    parts, depth, quoted, start = [], 0, False, 0
    for i, letter in enumerate(text):
        quoted ^= letter == "'"
        depth += 0 if quoted else (letter == "(") - (letter == ")")
        if letter == at and depth == 0 and not quoted:
            parts.append(text[start:i])
            start = i + 1
    parts.append(text[start:])
    return [part.strip() for part in parts if part.strip()]


def _plain(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise wrong(text, "$select", "names of properties")
    return text


def _whole(name: str, text: str, most: int, *, cut: bool = False) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) or (int(text) > most and not cut):
        raise wrong(text, name, f"a whole number from 0 to {most}")
    return min(int(text), most)


def _truth(text: str) -> bool:
    if text not in ("true", "false"):
        raise wrong(text, "$count", "true or false")
    return text == "true"


def _format(text: str) -> bool:
    if text not in ("", "dataArray"):
        raise wrong(text, "$resultFormat", "dataArray")
    return text == "dataArray"
