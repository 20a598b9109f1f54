"""The values of a series as one tape, whether they are young rows or lie in pages.

Young rows stand in ``observation``; old ones were moved into ``page`` (twin.store.packer). What came
late for an old time is a young row again, with a version above those in its page.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import sqlalchemy as sa

from twin.core.observation import Check
from twin.store.archive_reader import month_of, moved_columns
from twin.store.columns import EMPTY, Columns, joined, of_rows
from twin.store.engine import seek
from twin.store.ledger_schema import OBSERVATION, PAGE, SERIES
from twin.store.pages import decode

_O, _P = OBSERVATION.c, PAGE.c
_ROW = tuple(column for column in OBSERVATION.columns if column.name != "series_id")
_HEAD = (_O.series_id, _O.time_ms, _O.interval_ms, _O.version, _O.value, _O.mark, _O.reason)
_OUT_OF_WINDOW = int(Check.TIME_OUT_OF_WINDOW)
_KEPT_PAGES = 512
NEVER = -(2**62)
# Reason of a version that a person has made.
BY_HAND = "corrected by hand"

ValueKey = tuple[int, int, int]


class Head(NamedTuple):
    """Number of the newest version of a value, and what the instrument has said last.

    A person's version stands until the instrument says something new: what it repeats is no news.
    """

    version: int
    value: float | None
    mark: str


def young(connection: sa.Connection, series_id: int, from_ms: int, to_ms: int) -> Columns:
    """Rows that are in no page, with ``from_ms <= time < to_ms``."""
    question = (
        sa.select(*_ROW)
        .where(_O.series_id == series_id, _O.time_ms >= from_ms, _O.time_ms < to_ms)
        .order_by(_O.time_ms, _O.interval_ms, _O.version)
    )
    return of_rows(connection.execute(question).all())


def packed(
    connection: sa.Connection,
    series_id: int,
    from_ms: int,
    to_ms: int,
    *,
    whole: bool = False,
    received: bool = False,
) -> Columns:
    """Rows that lie in pages, with ``from_ms <= time < to_ms``."""
    first = _start_before(connection, series_id, from_ms)
    question = (
        sa.select(_P.start_ms, _P.body)
        .where(
            _P.series_id == series_id,
            _P.start_ms >= (from_ms if first is None else first),
            _P.start_ms < to_ms,
            _P.end_ms >= from_ms,
        )
        .order_by(_P.start_ms)
    )
    rows = [(month_of(row.body), row) for row in connection.execute(question).all()]
    parts = [
        decode(row.body, row.start_ms, whole=whole, received=received) for month, row in rows if month is None
    ]
    moved = [(month, int(row.start_ms)) for month, row in rows if month is not None]
    filed = moved_columns(connection, series_id, moved, whole=whole or received)
    parts.append(filed if whole else filed.light(received=received))
    return joined([part.between(from_ms, to_ms) for part in parts])


def both(
    connection: sa.Connection,
    series_id: int,
    from_ms: int,
    to_ms: int,
    *,
    whole: bool = False,
    received: bool = False,
) -> Columns:
    """All rows with ``from_ms <= time < to_ms``, all versions."""
    old = packed(connection, series_id, from_ms, to_ms, whole=whole, received=received)
    new = young(connection, series_id, from_ms, to_ms)
    return joined([old, new] if whole else [old.light(received=received), new.light(received=received)])


def latest_possible(connection: sa.Connection, at_ms: int, young_ms: Mapping[int, int]) -> dict[int, Columns]:
    """Rows of pages at their latest possible time up to ``at_ms``, by series.

    ``young_ms``: latest times of young rows; pages that end before them are not looked at.
    """
    inside = (_P.series_id == SERIES.c.id, _P.start_ms <= at_ms, _P.first_ms <= at_ms)
    start = sa.select(_P.start_ms).where(*inside).order_by(_P.start_ms.desc()).limit(1)
    question = sa.select(SERIES.c.id, start.correlate(SERIES).scalar_subquery())
    starts = [(row[0], row[1]) for row in connection.execute(question).all() if row[1] is not None]
    ends = seek(connection, (_P.series_id, _P.start_ms, _P.end_ms), (_P.series_id, _P.start_ms), starts)
    wanted = [row[:2] for row in ends if row[2] >= young_ms.get(row[0], NEVER)]
    bodies = seek(connection, (_P.series_id, _P.start_ms, _P.body), (_P.series_id, _P.start_ms), wanted)
    found = {}
    for series_id, start_ms, body in bodies:
        month = month_of(body)
        if month is None:
            page = decode(body, start_ms, whole=False, received=True)
        else:
            page = moved_columns(connection, series_id, [(month, start_ms)], whole=True)
        end = int(np.searchsorted(page.time_ms, at_ms, side="right"))
        possible = np.flatnonzero((page.checks[:end] & _OUT_OF_WINDOW) == 0)
        if len(possible):
            found[series_id] = page.take(possible[page.time_ms[possible] == page.time_ms[possible[-1]]])
    return found


def latest_times(connection: sa.Connection) -> dict[int, int]:
    """Latest time of every series among its young rows; one seek each."""
    latest = (
        sa.select(_O.time_ms)
        .where(_O.series_id == SERIES.c.id)
        .order_by(_O.time_ms.desc())
        .limit(1)
        .correlate(SERIES)
        .scalar_subquery()
    )
    return {
        row[0]: row[1] for row in connection.execute(sa.select(SERIES.c.id, latest)) if row[1] is not None
    }


def packed_ends(connection: sa.Connection) -> dict[int, int]:
    """Latest time of every series among its pages; one seek each."""
    latest = (
        sa.select(_P.end_ms)
        .where(_P.series_id == SERIES.c.id)
        .order_by(_P.start_ms.desc())
        .limit(1)
        .correlate(SERIES)
        .scalar_subquery()
    )
    return {
        row[0]: row[1] for row in connection.execute(sa.select(SERIES.c.id, latest)) if row[1] is not None
    }


def _start_before(connection: sa.Connection, series_id: int, at_ms: int) -> int | None:
    """Start of the last page that begins at or before a moment."""
    question = (
        sa.select(_P.start_ms)
        .where(_P.series_id == series_id, _P.start_ms <= at_ms)
        .order_by(_P.start_ms.desc())
        .limit(1)
    )
    found: int | None = connection.execute(question).scalar()
    return found


def page_rows(connection: sa.Connection, series_id: int, start_ms: int, body: bytes) -> Columns:
    """All that is known of the rows of a page, wherever they lie."""
    month = month_of(body)
    if month is None:
        return decode(body, start_ms)
    return moved_columns(connection, series_id, [(month, start_ms)], whole=True)


class Tape:
    """What the one writer knows of the pages: how far they reach, and those asked for last."""

    def __init__(self, connection: sa.Connection) -> None:
        self._ends = packed_ends(connection)
        self._pages: OrderedDict[tuple[int, int], Columns] = OrderedDict()

    def frontier(self, connection: sa.Connection) -> dict[int, int]:
        """Latest time of every series."""
        latest = latest_times(connection)
        return {i: max(latest.get(i, NEVER), self._ends.get(i, NEVER)) for i in latest.keys() | self._ends}

    def is_packed(self, series_id: int, time_ms: int) -> bool:
        """Whether there may be a page at or after this time."""
        return time_ms <= self._ends.get(series_id, NEVER)

    def note_pages(self, series_id: int, end_ms: int) -> None:
        """Pages of a series were written anew."""
        self._ends[series_id] = max(end_ms, self._ends.get(series_id, NEVER))
        for key in [key for key in self._pages if key[0] == series_id]:
            del self._pages[key]

    def heads(self, connection: sa.Connection, keys: Iterable[ValueKey]) -> dict[ValueKey, Head]:
        """Newest version of each of these values that is known."""
        wanted = set(keys)
        heads: dict[ValueKey, Head] = {}
        for row in sorted(seek(connection, _HEAD, _HEAD[:3], wanted), key=_version):
            _take(heads, row[:3], *row[3:])
        # A person's version says what nobody has sent: what was sent last may lie in a page.
        unsaid = {key for key, head in heads.items() if head.mark == ""}
        for key in sorted((wanted - heads.keys()) | unsaid):
            if self.is_packed(key[0], key[1]):
                self._take_packed(connection, key, heads)
        return heads

    def _take_packed(self, connection: sa.Connection, key: ValueKey, heads: dict[ValueKey, Head]) -> None:
        series_id, time_ms, interval_ms = key
        start_ms = _start_before(connection, series_id, time_ms)
        if start_ms is None:
            return
        young_version = heads.pop(key).version if key in heads else None
        page = self._page(connection, series_id, start_ms)
        first, end = np.searchsorted(page.time_ms, [time_ms, time_ms + 1])
        for i in range(int(first), int(end)):
            if page.interval_ms[i] == interval_ms:
                value = float(page.value[i])
                number = None if np.isnan(value) else value
                _take(heads, key, int(page.version[i]), number, str(page.mark[i]), page.reason[i])
        if young_version is not None:
            heads[key] = heads.get(key, Head(0, None, ""))._replace(version=young_version)

    def packed(self, connection: sa.Connection, series_id: int, from_ms: int, to_ms: int) -> Columns:
        """Rows of pages with ``from_ms <= time < to_ms``, for spans that few pages share."""
        first = _start_before(connection, series_id, from_ms)
        question = (
            sa.select(_P.start_ms)
            .where(
                _P.series_id == series_id,
                _P.start_ms >= (from_ms if first is None else first),
                _P.start_ms < to_ms,
            )
            .order_by(_P.start_ms)
        )
        starts = connection.execute(question).scalars().all()
        return joined([self._page(connection, series_id, at_ms).between(from_ms, to_ms) for at_ms in starts])

    def _page(self, connection: sa.Connection, series_id: int, start_ms: int) -> Columns:
        key = (series_id, start_ms)
        if key not in self._pages:
            question = sa.select(_P.body).where(_P.series_id == series_id, _P.start_ms == start_ms)
            body = connection.execute(question).scalar()
            rows = EMPTY if body is None else page_rows(connection, series_id, start_ms, body)
            self._pages[key] = _thin(rows)
            if len(self._pages) > _KEPT_PAGES:
                self._pages.popitem(last=False)
        self._pages.move_to_end(key)
        return self._pages[key]


def _thin(page: Columns) -> Columns:
    """What a look at the newest version needs."""
    return replace(page.light(), reason=page.reason)


def _version(row: tuple[Any, ...]) -> int:
    version: int = row[3]
    return version


def _take(
    heads: dict[ValueKey, Head], key: ValueKey, version: int, value: float | None, mark: str, reason: str
) -> None:
    """Note a version; they come in their order."""
    if reason != BY_HAND:
        heads[key] = Head(version, value, mark)
    else:
        heads[key] = heads.get(key, Head(version, None, ""))._replace(version=version)
