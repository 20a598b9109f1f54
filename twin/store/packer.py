"""Moves old rows of ``observation`` into pages, a little at a time, without loss.

A series is packed by the day (UTC) once the day is an hour old; one that speaks more often than every six
seconds by the hour. What comes later for an old time is merged into its page in a later turn.
"""

from __future__ import annotations

from collections import deque

import numpy as np
import sqlalchemy as sa

from twin.core.clock import DAY_MS
from twin.core.observation import Check
from twin.store.bucket import HOUR_MS
from twin.store.columns import Columns, joined, of_rows
from twin.store.engine import insert_many
from twin.store.ledger_schema import OBSERVATION, PAGE, ROLLUP, SERIES
from twin.store.pages import PAGE_ROWS, encode
from twin.store.rollups import DIRECTIONS, minutes_of_pages
from twin.store.rows import Step
from twin.store.tape import Tape, page_rows

_O, _P, _R = OBSERVATION.c, PAGE.c, ROLLUP.c
_DENSE = 600
_SETTLED_MS = HOUR_MS
# How often all series are looked at for rows that have grown old.
ROUND_MS = 600_000
_OUT_OF_WINDOW = int(Check.TIME_OUT_OF_WINDOW)


class Packer:
    """Packs one span of one series per step. Part of the one writer."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self._due: deque[tuple[int, bool]] = deque()
        self._looked_ms = -ROUND_MS

    def step(self, connection: sa.Connection, now_ms: int) -> bool:
        """Do a little, if there is something to do; False when there is nothing until the next round."""
        if not self._due and abs(now_ms - self._looked_ms) >= ROUND_MS:
            self._looked_ms = now_ms
            rows = connection.execute(sa.select(SERIES.c.id, SERIES.c.quantity).order_by(SERIES.c.id))
            self._due.extend((row.id, row.quantity in DIRECTIONS) for row in rows)
        while self._due:
            series_id, is_direction = self._due[0]
            span = _oldest_span(connection, series_id, now_ms)
            if span is None:
                self._due.popleft()
                continue
            pack(connection, self._tape, series_id, *span, is_direction=is_direction)
            return True
        return False


def _oldest_span(connection: sa.Connection, series_id: int, now_ms: int) -> tuple[int, int] | None:
    """Span of the oldest young row, if it has settled."""
    question = sa.select(_O.time_ms).where(_O.series_id == series_id).order_by(_O.time_ms).limit(1)
    oldest: int | None = connection.execute(question).scalar()
    if oldest is None or oldest + _SETTLED_MS > now_ms:
        return None
    hour = oldest - oldest % HOUR_MS
    if hour + HOUR_MS + _SETTLED_MS <= now_ms and _is_dense(connection, series_id, hour):
        return hour, hour + HOUR_MS
    day = oldest - oldest % DAY_MS
    return (day, day + DAY_MS) if day + DAY_MS + _SETTLED_MS <= now_ms else None


def _is_dense(connection: sa.Connection, series_id: int, hour_ms: int) -> bool:
    question = (
        sa.select(_O.time_ms)
        .where(_O.series_id == series_id, _O.time_ms >= hour_ms, _O.time_ms < hour_ms + HOUR_MS)
        .order_by(_O.time_ms)
        .offset(_DENSE)
        .limit(1)
    )
    return connection.execute(question).first() is not None


def pack(
    connection: sa.Connection, tape: Tape, series_id: int, from_ms: int, to_ms: int, *, is_direction: bool
) -> None:
    """Move the young rows with ``from_ms <= time < to_ms`` into pages, merging those that are there."""
    old = _pages(connection, series_id, from_ms, to_ms)
    columns = list(OBSERVATION.columns)[1:]
    inside = (_O.series_id == series_id, _O.time_ms >= from_ms, _O.time_ms < to_ms)
    question = sa.select(*columns).where(*inside).order_by(_O.time_ms, _O.interval_ms, _O.version)
    young = of_rows(connection.execute(question).all())
    rows = joined([*(columns for _, columns in old), young])
    if not len(rows):
        return
    if old:
        starts = [start_ms for start_ms, _ in old]
        connection.execute(PAGE.delete().where(_P.series_id == series_id, _P.start_ms.in_(starts)))
    insert_many(connection, PAGE, [_page(series_id, part) for part in _parts(rows)])
    connection.execute(OBSERVATION.delete().where(*inside))
    first_ms, last_ms = int(rows.time_ms[0]), int(rows.time_ms[-1])
    tape.note_pages(series_id, last_ms)
    _spare_minutes(connection, series_id, first_ms, last_ms, is_direction=is_direction)


def _pages(connection: sa.Connection, series_id: int, from_ms: int, to_ms: int) -> list[tuple[int, Columns]]:
    """Pages that share a moment with a span."""
    before = (
        sa.select(sa.func.max(_P.start_ms))
        .where(_P.series_id == series_id, _P.start_ms <= from_ms)
        .scalar_subquery()
    )
    question = (
        sa.select(_P.start_ms, _P.body)
        .where(
            _P.series_id == series_id,
            _P.start_ms >= sa.func.coalesce(before, from_ms),
            _P.start_ms < to_ms,
            _P.end_ms >= from_ms,
        )
        .order_by(_P.start_ms)
    )
    return [
        (row.start_ms, page_rows(connection, series_id, row.start_ms, row.body))
        for row in connection.execute(question).all()
    ]


def _parts(rows: Columns) -> list[Columns]:
    """Pieces of about ``PAGE_ROWS`` rows; the rows of one moment stay together."""
    parts, first = [], 0
    while first < len(rows):
        end = first + PAGE_ROWS
        if end < len(rows):
            end = int(np.searchsorted(rows.time_ms, rows.time_ms[end - 1], side="right"))
        parts.append(rows.take(slice(first, end)))
        first = end
    return parts


def _page(series_id: int, rows: Columns) -> tuple[object, ...]:
    """In the order of the table's columns."""
    start_ms, end_ms = int(rows.time_ms[0]), int(rows.time_ms[-1])
    possible = rows.time_ms[(rows.checks & _OUT_OF_WINDOW) == 0]
    first_ms, last_ms = (int(possible[0]), int(possible[-1])) if len(possible) else (None, None)
    return series_id, start_ms, end_ms, first_ms, last_ms, len(rows), encode(rows, start_ms)


def _spare_minutes(
    connection: sa.Connection, series_id: int, first_ms: int, last_ms: int, *, is_direction: bool
) -> None:
    """Take away minutes that can be counted from the pages to the last digit; keep all others."""
    length_ms = Step.MINUTE.length_ms
    from_ms, to_ms = first_ms - first_ms % length_ms, last_ms + 1
    inside = (
        _R.series_id == series_id,
        _R.step_ms == Step.MINUTE.code,
        _R.start_ms >= from_ms,
        _R.start_ms < to_ms,
    )
    counted = minutes_of_pages(connection, series_id, from_ms, to_ms, is_direction=is_direction)
    stored = connection.execute(sa.select(ROLLUP).where(*inside)).all()
    kept = [
        tuple(row)
        for row in stored
        if (bucket := counted.get(row.start_ms)) is None or bucket.values() != tuple(row[3:])
    ]
    # A minute that is counted but not stored would come into being by packing; none is.
    if len(kept) == len(stored):
        return
    connection.execute(ROLLUP.delete().where(*inside))
    insert_many(connection, ROLLUP, kept)
