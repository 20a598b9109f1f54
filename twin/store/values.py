"""Observations with versions. Nothing is overwritten: a different value is a new version.

The same value under the same time is no news, whoever repeats it: (value, mark) equal to the
newest version stores nothing. ``newest`` holds, per series, the value with the latest possible
time; at equal time a moment outweighs a mean and a later version an earlier one. A time after the
receipt counts as the receipt: one frame of a clock that was an hour ahead must not hide what the
instrument says in that hour.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import isfinite
from typing import NamedTuple

import sqlalchemy as sa

from twin.core.observation import Check, Mark, Observation, Quality, quality_of
from twin.store.catalog import Series
from twin.store.engine import insert_many, upsert_many
from twin.store.ledger_schema import NEWEST, OBSERVATION
from twin.store.rollups import DIRECTIONS, Contribution
from twin.store.rows import StoredValue
from twin.store.tape import NEVER, Head, Tape, ValueKey

FIRST, CORRECTED = "", "corrected"
_GOOD = Quality.GOOD
_OUT_OF_WINDOW = int(Check.TIME_OUT_OF_WINDOW)

Rank = tuple[int, int, int, int]


class Incoming(NamedTuple):
    """An observation on its way into the ledger. A tuple, because there are many of them."""

    series: Series
    observation: Observation
    received_ms: int
    frame_seq: int


class News(NamedTuple):
    """A value that is the newest of its series now."""

    item: Incoming
    version: int
    quality: Quality

    def stored(self) -> StoredValue:
        """As readers get it."""
        o = self.item.observation
        return StoredValue(
            series_key=self.item.series.key,
            time_ms=o.time_ms,
            value=o.value,
            quality=self.quality,
            mark=o.mark,
            checks=o.checks,
            origin=o.origin,
            received_ms=self.item.received_ms,
            interval_ms=o.interval_ms,
            version=self.version,
        )

    def json(self) -> str:
        """``stored().payload()`` as JSON text; hundreds of thousands a minute are written."""
        item, _, quality = self
        o = item.observation
        value = "null" if o.value is None or not isfinite(o.value) else repr(o.value)
        return (
            f'{{"s":{item.series.json_key},"t":{o.time_ms},"v":{value},"q":"{quality._value_}",'
            f'"m":"{o.mark._value_}","c":{o.checks._value_},"o":"{o.origin._value_}"}}'
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What a batch has added: ``news`` advanced the newest value of their series, in order.

    ``before``: latest time before the batch of those series for which it brought a later one.
    """

    news: tuple[News, ...]
    added: tuple[Contribution, ...]
    corrected: int
    before: Mapping[int, int]


class ValueLog:
    """Writes observations, versions and newest values. Part of the one writer."""

    def __init__(self, connection: sa.Connection, tape: Tape) -> None:
        self._tape = tape
        self._frontier = tape.frontier(connection)
        self._newest: dict[int, Rank] = {
            r.series_id: _rank(r.time_ms, r.received_ms, r.interval_ms, r.version)
            for r in connection.execute(sa.select(NEWEST))
        }

    def store(self, connection: sa.Connection, incoming: Sequence[Incoming]) -> Stored:
        """Store what is new of a batch."""
        heads = self._heads(connection, incoming)
        rows: list[tuple[object, ...]] = []
        added: list[Contribution] = []
        news: list[News] = []
        frontier = self._frontier
        before: dict[int, int] = {}
        for item in incoming:
            version = _next_version(heads, item)
            if version is None:
                continue
            o, series_id = item.observation, item.series.id
            mark, checks = o.mark._value_, o.checks._value_
            quality = Quality.MISSING if o.value is None else _quality(mark, checks)
            rows.append(_row(item, version, mark, checks))
            usable = o.value if quality is _GOOD else None
            is_direction = o.quantity in DIRECTIONS
            is_own = not item.series.is_statistic
            if is_own:
                added.append(Contribution(series_id, is_direction, o.time_ms, o.interval_ms, version, usable))
            latest_ms = frontier.get(series_id, NEVER)
            if o.time_ms > latest_ms:
                frontier[series_id] = o.time_ms
                before.setdefault(series_id, latest_ms)
            if is_own and not checks & _OUT_OF_WINDOW and self._advances(item, version):
                news.append(News(item, version, quality))
        insert_many(connection, OBSERVATION, rows)
        upsert_many(connection, NEWEST, _newest_rows(news))
        return Stored(
            news=tuple(news),
            added=tuple(added),
            corrected=sum(1 for c in added if c.version),
            before=before,
        )

    def reload(self, connection: sa.Connection, series_ids: Collection[int]) -> None:
        """Somebody else has written newest values of these series."""
        rows = connection.execute(sa.select(NEWEST).where(NEWEST.c.series_id.in_(series_ids)))
        for r in rows:
            self._newest[r.series_id] = _rank(r.time_ms, r.received_ms, r.interval_ms, r.version)

    def _advances(self, item: Incoming, version: int) -> bool:
        """Whether a value is the newest of its series now; then it is noted as that."""
        o, series_id = item.observation, item.series.id
        rank = _rank(o.time_ms, item.received_ms, o.interval_ms, version)
        known = self._newest.get(series_id)
        if known is not None and rank <= known:
            return False
        self._newest[series_id] = rank
        return True

    def _heads(self, connection: sa.Connection, incoming: Sequence[Incoming]) -> dict[ValueKey, Head]:
        # Times beyond all that the series holds cannot be known yet: live data need no look-up.
        keys = {
            _key(item)
            for item in incoming
            if item.observation.time_ms <= self._frontier.get(item.series.id, NEVER)
        }
        return self._tape.heads(connection, keys) if keys else {}


def _rank(time_ms: int, received_ms: int, interval_ms: int, version: int) -> Rank:
    return (time_ms if time_ms < received_ms else received_ms), time_ms, -interval_ms, version


@lru_cache(maxsize=1024)
def _quality(mark: str, checks: int) -> Quality:
    """Quality of a value that is a number."""
    return quality_of(0.0, Mark(mark), Check(checks))


def _key(item: Incoming) -> ValueKey:
    return item.series.id, item.observation.time_ms, item.observation.interval_ms


def _next_version(heads: dict[ValueKey, Head], item: Incoming) -> int | None:
    """Version number for a value, None when the newest version says the same."""
    o = item.observation
    key, mark = (item.series.id, o.time_ms, o.interval_ms), o.mark._value_
    head = heads.get(key)
    if head is None:
        heads[key] = Head(0, o.value, mark)
        return 0
    if head.value == o.value and head.mark == mark:
        return None
    heads[key] = Head(head.version + 1, o.value, mark)
    return head.version + 1


def _row(item: Incoming, version: int, mark: str, checks: int) -> tuple[object, ...]:
    """In the order of the table's columns."""
    o = item.observation
    return (
        item.series.id,
        o.time_ms,
        o.interval_ms,
        version,
        o.value,
        mark,
        checks,
        o.raw_text,
        item.received_ms,
        item.frame_seq,
        CORRECTED if version else FIRST,
    )


def _newest_rows(news: Iterable[News]) -> list[tuple[object, ...]]:
    """The last news of every series, in the order of the table's columns."""
    rows: list[tuple[object, ...]] = []
    for item, version, _ in {row.item.series.id: row for row in news}.values():
        o = item.observation
        rows.append(
            (
                item.series.id,
                o.time_ms,
                o.interval_ms,
                version,
                o.value,
                o.mark._value_,
                o.checks._value_,
                item.received_ms,
            )
        )
    return rows
