"""What a topic of the validation hands over: text, tables, judged figures, pictures.

A topic is a file ``tests/validation/<topic>.py`` with ``report() -> Section``; ``tests.validation.air``
runs those that exist and writes ``docs/validation/air.md``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of text under ``columns``; see ``table`` for rows of numbers."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A figure that was promised: ``value`` must lie from ``low`` to ``high`` (None: no bound)."""

    what: str
    value: float
    low: float | None = None
    high: float | None = None

    @property
    def holds(self) -> bool:
        """Whether the value lies within its bounds, bounds included; NaN does not."""
        above = self.low is None or self.value >= self.low
        return above and (self.high is None or self.value <= self.high) and not math.isnan(self.value)

    @property
    def bound(self) -> str:
        """The bounds as people read them."""
        if self.low is None:
            return "any" if self.high is None else f"<= {self.high:g}"
        return f">= {self.low:g}" if self.high is None else f"{self.low:g} to {self.high:g}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Picture:
    """``name`` becomes ``docs/validation/<name>.svg``; ``caption`` is read aloud in its place.

    ``pixels``: draw as PNG, for fields and for scatters of more than some thousand points.
    """

    name: str
    caption: str
    figure: Figure
    pixels: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Section:
    """A topic's chapter. ``skipped`` says what was left out and why."""

    title: str
    text: str
    tables: tuple[Table, ...] = ()
    checks: tuple[Check, ...] = ()
    pictures: tuple[Picture, ...] = ()
    skipped: tuple[str, ...] = ()


def table(caption: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Table:
    """Table of anything; numbers get three significant digits.

    >>> table("t", ["a", "b"], [["x", 0.123456]]).rows
    (('x', '0.123'),)
    """
    return Table(
        caption=caption,
        columns=tuple(columns),
        rows=tuple(tuple(_cell(value) for value in row) for row in rows),
    )


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3g}" if math.isfinite(value) else "-"
    return str(value)
