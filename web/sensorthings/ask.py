"""Filter, order and page a collection that is held in memory."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from web.sensorthings.entities import Entity, Page
from web.sensorthings.filter import holds, value_of
from web.sensorthings.options import Options
from web.sensorthings.times import TimeSpan


def page_of(rows: Iterable[Entity], options: Options) -> Page:
    """The page that ``options`` ask for."""
    wanted = options.filter
    kept = [row for row in rows if wanted is None or holds(wanted, row.resolve)]
    for order in reversed(options.order):
        # Python's sort is stable: the last key first gives the order of all.
        kept.sort(
            key=lambda row, by=order.by: _rank(value_of(by, row.resolve)),  # type: ignore[misc]
            reverse=order.descending,
        )
    part = tuple(kept[options.skip : options.skip + options.top])
    return Page(
        entities=part,
        more=len(kept) > options.skip + len(part),
        total=len(kept) if options.count else None,
    )


def _rank(value: Any) -> tuple[int, Any]:
    """Missing values first, then numbers, then texts: kinds are never compared with each other."""
    if value is None:
        return 0, 0
    if isinstance(value, TimeSpan):
        return 1, value.start_ms
    if isinstance(value, bool | int | float):
        return 1, value
    return 2, str(value)
