"""``$filter`` and ``$orderby`` expressions (OGC SensorThings 1.1, part 1, 9.3.3.5; OData 4.01 part 2).

Text becomes a tree once; the tree is evaluated for each entity with a function that resolves paths
such as ``Datastream/name``. Times are compared as spans: an instant is a span of no length.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from web.sensorthings.times import TimeSpan, read_time
from web.sensorthings.wrong import wrong

Path = tuple[str, ...]
Resolve = Callable[[Path], Any]
_DEPTH_MAX = 40
_TOKEN = re.compile(
    r"""\s*(?:
    (?P<time>\d{4}-\d\d-\d\dT[0-9:.]+(?:Z|[+\- ]\d\d:\d\d)?)
    |(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
    |(?P<text>'(?:[^']|'')*')
    |(?P<word>[@A-Za-z_][@A-Za-z0-9_.]*(?:/[@A-Za-z_][@A-Za-z0-9_.]*)*)
    |(?P<sign>[(),])
    )""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal."""

    value: Any


@dataclass(frozen=True, slots=True)
class Property:
    """A property of the entity, or of one that it links to."""

    path: Path


@dataclass(frozen=True, slots=True)
class Call:
    """An operator or function with its operands."""

    name: str
    operands: tuple[Node, ...]


Node = Constant | Property | Call


def _times(sign: str) -> Callable[[TimeSpan, TimeSpan], bool]:
    rules: dict[str, Callable[[TimeSpan, TimeSpan], bool]] = {
        "eq": lambda a, b: a == b,
        "ne": lambda a, b: a != b,
        "gt": lambda a, b: a.start_ms > b.end_ms,
        "ge": lambda a, b: a.start_ms >= b.start_ms,
        "lt": lambda a, b: a.end_ms < b.start_ms,
        "le": lambda a, b: a.end_ms <= b.end_ms,
    }
    return rules[sign]


_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = MappingProxyType(
    {name: getattr(operator, name) for name in ("eq", "ne", "gt", "ge", "lt", "le")}
)
_ARITHMETIC: Mapping[str, Callable[[Any, Any], Any]] = MappingProxyType(
    {"add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv, "mod": math.fmod}
)
# How tightly an operator binds; higher is tighter.
_BINDING = {"or": 1, "and": 2} | dict.fromkeys(_COMPARE, 4) | dict.fromkeys(("add", "sub"), 5)
_BINDING |= dict.fromkeys(("mul", "div", "mod"), 6)
_NOT_BINDS = 3
_FUNCTIONS: Mapping[str, tuple[int, Callable[..., Any]]] = MappingProxyType(
    {
        "substringof": (2, lambda part, whole: str(part) in str(whole)),
        "contains": (2, lambda whole, part: str(part) in str(whole)),
        "startswith": (2, lambda whole, part: str(whole).startswith(str(part))),
        "endswith": (2, lambda whole, part: str(whole).endswith(str(part))),
        "length": (1, lambda text: len(str(text))),
        "indexof": (2, lambda whole, part: str(whole).find(str(part))),
        "tolower": (1, lambda text: str(text).lower()),
        "toupper": (1, lambda text: str(text).upper()),
        "trim": (1, lambda text: str(text).strip()),
        "concat": (2, lambda a, b: f"{a}{b}"),
        "round": (1, lambda x: float(round(x))),
        "floor": (1, lambda x: float(math.floor(x))),
        "ceiling": (1, lambda x: float(math.ceil(x))),
    }
)


def parse_filter(text: str) -> Node:
    """Tree of an expression. Raises BadRequestError naming the place that cannot be read."""
    parser = _Parser(_tokens(text), text)
    node = parser.expression(0)
    parser.end()
    return node


def holds(node: Node, resolve: Resolve) -> bool:
    """Whether the expression is true; what cannot be compared (missing, another type) is not."""
    return _value(node, resolve) is True


def value_of(node: Node, resolve: Resolve) -> Any:
    """Value of an expression; None where it has none."""
    return _value(node, resolve)


def time_bounds(node: Node | None) -> tuple[int | None, int | None]:
    """Least and greatest phenomenonTime (ms) that an entity may have and still pass; None: no bound.

    Only what is joined by ``and`` bounds; everything else is left to ``holds``.
    """
    if not isinstance(node, Call):
        return None, None
    if node.name == "and":
        pairs = [time_bounds(part) for part in node.operands]
        lows = [low for low, _ in pairs if low is not None]
        highs = [high for _, high in pairs if high is not None]
        return max(lows, default=None), min(highs, default=None)
    if node.name not in _COMPARE or len(node.operands) != 2:
        return None, None
    left, right = node.operands
    if not (isinstance(left, Property) and left.path == ("phenomenonTime",) and isinstance(right, Constant)):
        return None, None
    if not isinstance(right.value, TimeSpan):
        return None, None
    low = right.value.start_ms if node.name in ("eq", "gt", "ge") else None
    high = right.value.end_ms if node.name in ("eq", "lt", "le") else None
    return low, high


def _tokens(text: str) -> list[tuple[str, str, int]]:
    found, at = [], 0
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        if match is None:
            raise wrong(text, "$filter", f"an expression; cannot read {text[at : at + 20]!r}")
        kind = match.lastgroup or ""
        found.append((kind, match.group(kind), match.start(kind)))
        at = match.end()
    return found


class _Parser:
    """Precedence climbing over the tokens."""

    def __init__(self, tokens: list[tuple[str, str, int]], text: str) -> None:
        self._tokens = tokens
        self._text = text
        self._at = 0
        self._depth = 0

    def expression(self, least: int) -> Node:
        self._depth += 1
        if self._depth > _DEPTH_MAX:
            raise wrong(self._text, "$filter", f"at most {_DEPTH_MAX} levels")
        node = self._operand()
        while (name := self._peek_word()) in _BINDING and _BINDING[name] > least:
            self._at += 1
            node = Call(name, (node, self.expression(_BINDING[name])))
        self._depth -= 1
        return node

    def end(self) -> None:
        if self._at < len(self._tokens):
            raise self._unexpected()

    def _operand(self) -> Node:
        if self._at >= len(self._tokens):
            raise wrong(self._text, "$filter", "an operand at its end")
        kind, token, _ = self._tokens[self._at]
        self._at += 1
        if kind == "word":
            return self._word(token)
        if kind == "sign":
            return self._group(token)
        return Constant(_literal(kind, token, self._text))

    def _word(self, token: str) -> Node:
        if token == "not":
            return Call("not", (self.expression(_NOT_BINDS),))
        if token in ("true", "false", "null"):
            return Constant({"true": True, "false": False, "null": None}[token])
        if self._is_sign("("):
            return self._call(token)
        return Property(tuple(token.split("/")))

    def _group(self, token: str) -> Node:
        if token != "(":
            self._at -= 1
            raise self._unexpected()
        node = self.expression(0)
        self._take(")")
        return node

    def _call(self, name: str) -> Node:
        if name not in _FUNCTIONS:
            raise wrong(name, "$filter", f"one of the functions {', '.join(_FUNCTIONS)}")
        self._take("(")
        operands = [self.expression(0)]
        while self._is_sign(","):
            self._at += 1
            operands.append(self.expression(0))
        self._take(")")
        wanted = _FUNCTIONS[name][0]
        if len(operands) != wanted:
            raise wrong(f"{name} with {len(operands)} operands", "$filter", f"{wanted}")
        return Call(name, tuple(operands))

    def _peek_word(self) -> str:
        if self._at >= len(self._tokens):
            return ""
        kind, token, _ = self._tokens[self._at]
        return token if kind == "word" else ""

    def _is_sign(self, sign: str) -> bool:
        return self._at < len(self._tokens) and self._tokens[self._at][:2] == ("sign", sign)

    def _take(self, sign: str) -> None:
        if not self._is_sign(sign):
            raise self._unexpected(sign)
        self._at += 1

    def _unexpected(self, wanted: str = "") -> Exception:
        rest = self._text[self._tokens[self._at][2] :] if self._at < len(self._tokens) else "its end"
        return wrong(self._text, "$filter", f"{wanted or 'an operator'} before {rest[:20]!r}")


def _literal(kind: str, token: str, text: str) -> Any:
    if kind == "number":
        return float(token)
    if kind == "text":
        return token[1:-1].replace("''", "'")
    span = read_time(token)
    if span is None:
        raise wrong(text, "$filter", f"an ISO 8601 time instead of {token!r}")
    return span


def _value(node: Node, resolve: Resolve) -> Any:
    if isinstance(node, Constant):
        return node.value
    if isinstance(node, Property):
        return resolve(node.path)
    return _called(node, resolve)


def _called(node: Call, resolve: Resolve) -> Any:
    if node.name in ("and", "or"):
        test = all if node.name == "and" else any
        return test(_value(part, resolve) is True for part in node.operands)
    values = [_value(part, resolve) for part in node.operands]
    if node.name == "not":
        return values[0] is not True
    if node.name in _COMPARE:
        return _compared(node.name, *values)
    if any(value is None for value in values):
        return None
    return _computed(node.name, values)


def _compared(name: str, left: Any, right: Any) -> bool:
    if isinstance(left, str) and isinstance(right, TimeSpan):
        left = read_time(left)
    if isinstance(right, str) and isinstance(left, TimeSpan):
        right = read_time(right)
    if isinstance(left, TimeSpan) and isinstance(right, TimeSpan):
        return _times(name)(left, right)
    if left is None or right is None:
        return (name == "eq" and left is right) or (name == "ne" and left is not right)
    if isinstance(left, str) != isinstance(right, str):
        return name == "ne"
    return bool(_COMPARE[name](left, right))


def _computed(name: str, values: list[Any]) -> Any:
    work = _ARITHMETIC.get(name) or _FUNCTIONS[name][1]
    try:
        return work(*values)
    except (TypeError, ValueError, ArithmeticError):
        return None
