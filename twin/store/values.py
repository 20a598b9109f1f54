"""Observations with versions. Nothing is overwritten: a different value is a new version.

The same value under the same time is no news, whoever repeats it: (value, mark) equal to the
newest version stores nothing. ``newest`` holds, per series, the value with the latest possible
time; at equal time a moment outweighs a mean and a later version an earlier one. A time after the
receipt counts as the receipt: one frame of a clock that was an hour ahead must not hide what the
instrument says in that hour.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import sqlalchemy as sa

from twin.core.observation import Check, Observation, Quality
from twin.core.quantity import STATISTIC_MARK
from twin.store.catalog import Series
from twin.store.engine import insert_many, upsert_many
from twin.store.ledger_schema import NEWEST, OBSERVATION
from twin.store.rollups import DIRECTIONS, Contribution
from twin.store.rows import StoredValue
from twin.store.tape import NEVER, Head, Tape, ValueKey

FIRST, CORRECTED = "", "corrected"
_OUT_OF_WINDOW = int(Check.TIME_OUT_OF_WINDOW)

Rank = tuple[int, int, int, int]


class Incoming(NamedTuple):
    """An observation on its way into the ledger. A tuple, because there are many of them."""

    series: Series
    observation: Observation
    received_ms: int
    frame_seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What a batch has added: ``news`` advanced the newest value of their series, in order."""

    news: tuple[StoredValue, ...]
    added: tuple[Contribution, ...]
    corrected: int


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
        news: list[StoredValue] = []
        for item in incoming:
            version = _next_version(heads, item)
            if version is None:
                continue
            quality = item.observation.quality
            rows.append(_row(item, version))
            if STATISTIC_MARK not in item.series.key:
                added.append(_contribution(item, version, usable=quality is Quality.GOOD))
            series_id, time_ms = item.series.id, item.observation.time_ms
            self._frontier[series_id] = max(time_ms, self._frontier.get(series_id, time_ms))
            if self._advances(item, version):
                self._newest[series_id] = _rank_of(item, version)
                news.append(_stored(item, version, quality))
        insert_many(connection, OBSERVATION, rows)
        _save_newest(connection, news, {item.series.key: item.series.id for item in incoming})
        return Stored(news=tuple(news), added=tuple(added), corrected=sum(1 for c in added if c.version))

    def reload(self, connection: sa.Connection, series_ids: Collection[int]) -> None:
        """Somebody else has written newest values of these series."""
        rows = connection.execute(sa.select(NEWEST).where(NEWEST.c.series_id.in_(series_ids)))
        for r in rows:
            self._newest[r.series_id] = _rank(r.time_ms, r.received_ms, r.interval_ms, r.version)

    def _advances(self, item: Incoming, version: int) -> bool:
        if int(item.observation.checks) & _OUT_OF_WINDOW or STATISTIC_MARK in item.series.key:
            return False
        known = self._newest.get(item.series.id)
        return known is None or _rank_of(item, version) > known

    def _heads(self, connection: sa.Connection, incoming: Sequence[Incoming]) -> dict[ValueKey, Head]:
        # Times beyond all that the series holds cannot be known yet: live data need no look-up.
        keys = {
            _key(item)
            for item in incoming
            if item.observation.time_ms <= self._frontier.get(item.series.id, NEVER)
        }
        return self._tape.heads(connection, keys) if keys else {}


def _rank(time_ms: int, received_ms: int, interval_ms: int, version: int) -> Rank:
    return min(time_ms, received_ms), time_ms, -interval_ms, version


def _rank_of(item: Incoming, version: int) -> Rank:
    o = item.observation
    return _rank(o.time_ms, item.received_ms, o.interval_ms, version)


def _key(item: Incoming) -> ValueKey:
    return item.series.id, item.observation.time_ms, item.observation.interval_ms


def _next_version(heads: dict[ValueKey, Head], item: Incoming) -> int | None:
    """Version number for a value, None when the newest version says the same."""
    o, key = item.observation, _key(item)
    head = heads.get(key)
    if head is not None and head.value == o.value and head.mark == o.mark.value:
        return None
    version = 0 if head is None else head.version + 1
    heads[key] = Head(version, o.value, o.mark.value)
    return version


def _row(item: Incoming, version: int) -> tuple[object, ...]:
    """In the order of the table's columns."""
    o = item.observation
    return (
        item.series.id,
        o.time_ms,
        o.interval_ms,
        version,
        o.value,
        o.mark.value,
        int(o.checks),
        o.raw_text,
        item.received_ms,
        item.frame_seq,
        CORRECTED if version else FIRST,
    )


def _contribution(item: Incoming, version: int, *, usable: bool) -> Contribution:
    o = item.observation
    value = o.value if usable else None
    return Contribution(item.series.id, o.quantity in DIRECTIONS, o.time_ms, o.interval_ms, version, value)


def _stored(item: Incoming, version: int, quality: Quality) -> StoredValue:
    o = item.observation
    return StoredValue(
        series_key=item.series.key,
        time_ms=o.time_ms,
        value=o.value,
        quality=quality,
        mark=o.mark,
        checks=o.checks,
        origin=o.origin,
        received_ms=item.received_ms,
        interval_ms=o.interval_ms,
        version=version,
    )


def _save_newest(connection: sa.Connection, news: Iterable[StoredValue], ids: dict[str, int]) -> None:
    last = {ids[value.series_key]: value for value in news}
    upsert_many(connection, NEWEST, [newest_row(i, value) for i, value in last.items()])


def newest_row(series_id: int, value: StoredValue) -> tuple[object, ...]:
    """In the order of the table's columns."""
    return (
        series_id,
        value.time_ms,
        value.interval_ms,
        value.version,
        value.value,
        value.mark.value,
        int(value.checks),
        value.received_ms,
    )
