"""Versions of values that people make: another value, or the word that one is rejected or confirmed.

Nothing is overwritten. Every correction is a version of its own above the newest, with who, when and why
in the table ``correction``; roll-ups and newest value follow in the same transaction, and screens are told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import sqlalchemy as sa

from twin.core.errors import BadRequestError, NotFoundError
from twin.core.observation import Check, Mark, Quality, quality_of
from twin.core.origin import Origin
from twin.store.columns import Columns
from twin.store.engine import insert_many, upsert_many
from twin.store.ledger_schema import CORRECTION, NEWEST, OBSERVATION, SERIES
from twin.store.rollups import DIRECTIONS, Contribution, RollupKeeper
from twin.store.rows import StoredValue
from twin.store.tape import BY_HAND, Tape, both

_KEY = "twin.store.corrections"
_DECISIONS = int(Check.REJECTED | Check.CONFIRMED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """What a correction has made. ``made_ms`` is the writer's time."""

    value: StoredValue
    actor: str
    reason: str
    made_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Correct:
    """Deed: a new version of one value.

    Parameters
    ----------
    series_key, time_ms, interval_ms
        Which value: the series, the moment or start of the mean, and the length of the mean (0: a moment).
    actor, reason
        Who does it and why; kept for ever.
    value
        The new number in SI. None: the number stays and ``decision`` says what is thought of it.
    decision
        ``Check.REJECTED`` or ``Check.CONFIRMED`` to be added, the other one taken away; ``Check.NONE``
        with a ``value``: the version has mark S (entered by hand) and none of the automatic marks.

    The result is a ``Corrected``. Raises NotFoundError where there is no such value and BadRequestError for a
    correction that says nothing.
    """

    series_key: str
    time_ms: int
    interval_ms: int = 0
    actor: str
    reason: str
    value: float | None = None
    decision: Check = Check.NONE

    def apply(self, connection: sa.Connection, now_ms: int) -> Corrected:
        """Write it."""
        return correct(connection, self, now_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectSlice:
    """Deed: the same decision on many values of one series; all of them or none.

    ``order`` says what is decided, of which series and interval; its own time is not used. Of the values at
    ``times_ms`` (ascending) those are taken that bear ``doubt`` and are not decided yet, so that the same
    slice again does nothing. The result is how many there were. Raises as ``Correct`` does.
    """

    order: Correct
    times_ms: Sequence[int]
    doubt: Check

    def apply(self, connection: sa.Connection, now_ms: int) -> int:
        """Write them."""
        return correct_slice(connection, self, now_ms)


@dataclass(slots=True, kw_only=True)
class CorrectedSeries:
    """What the corrections of one transaction have touched, for the writer's memory."""

    utc_offset_ms: int = 0
    series_ids: set[int] = field(default_factory=set)
    news: list[StoredValue] = field(default_factory=list)
    count: int = 0


def begin_corrections(connection: sa.Connection, utc_offset_ms: int) -> None:
    """Nothing is corrected yet in this transaction; days begin at midnight of this zone."""
    connection.info[_KEY] = CorrectedSeries(utc_offset_ms=utc_offset_ms)


def take_corrected(connection: sa.Connection) -> CorrectedSeries:
    """What was corrected since ``begin_corrections``."""
    found: CorrectedSeries = connection.info.pop(_KEY, None) or CorrectedSeries()
    return found


def correct(connection: sa.Connection, order: Correct, now_ms: int) -> Corrected:
    """Write a correction inside the writer's transaction; deeds of other modules may call it too."""
    _check(order)
    series = _series(connection, order)
    head = None if series is None else _head(connection, series.id, order)
    if series is None or head is None:
        raise _nothing_at(order)
    value = _version(series, head, order, now_ms)
    _write(connection, series, [(head, value)], order, now_ms)
    return Corrected(value=value, actor=order.actor, reason=order.reason, made_ms=now_ms)


def correct_slice(connection: sa.Connection, asked: CorrectSlice, now_ms: int) -> int:
    """Write the versions of a slice with one reading and one counting; how many there were."""
    order, times_ms = asked.order, asked.times_ms
    _check(order)
    if not times_ms:
        return 0
    series = _series(connection, order)
    if series is None:
        raise _nothing_at(replace(order, time_ms=times_ms[0]))
    found = both(connection, series.id, times_ms[0], times_ms[-1] + 1, whole=True)
    found = found.take(found.interval_ms == order.interval_ms).last()
    open_doubt = (found.checks & int(asked.doubt) != 0) & (found.checks & _DECISIONS == 0)
    rows = []
    for i in np.flatnonzero(open_doubt & np.isin(found.time_ms, times_ms)).tolist():
        head = _stored(found, i)
        rows.append((head, _version(series, head, replace(order, time_ms=int(found.time_ms[i])), now_ms)))
    if rows:
        _write(connection, series, rows, order, now_ms)
    return len(rows)


def _series(connection: sa.Connection, order: Correct) -> sa.Row[Any] | None:
    return connection.execute(sa.select(SERIES).where(SERIES.c.key == order.series_key)).first()


def _nothing_at(order: Correct) -> NotFoundError:
    return NotFoundError(
        f"series {order.series_key!r} has no value of {order.interval_ms} ms at {order.time_ms}",
        message_zh=f"序列 {order.series_key!r} 在 {order.time_ms} 没有时长 {order.interval_ms} ms 的值",
        field="time_ms",
        value=order.time_ms,
        source=order.series_key,
    )


def corrections_of(
    connection: sa.Connection, series_key: str, time_ms: int, interval_ms: int = 0
) -> dict[int, tuple[str, str, int]]:
    """Who, why and when, by version, of one value."""
    c = CORRECTION.c
    question = (
        sa.select(c.version, c.actor, c.reason, c.made_ms)
        .join(SERIES, SERIES.c.id == c.series_id)
        .where(SERIES.c.key == series_key, c.time_ms == time_ms, c.interval_ms == interval_ms)
    )
    return {row[0]: (row[1], row[2], row[3]) for row in connection.execute(question)}


def _check(order: Correct) -> None:
    if not order.actor.strip() or not order.reason.strip():
        field_name = "reason" if order.actor.strip() else "actor"
        raise BadRequestError(
            f"a correction needs its {field_name}; expected who corrects and why",
            message_zh="更正必须写明操作人（actor）和理由（reason）",
            field=field_name,
            value="",
        )
    bits = int(order.decision)
    if bits & ~_DECISIONS or bits == _DECISIONS or (order.value is None and not bits):
        raise BadRequestError(
            f"decision {order.decision!r} with value {order.value!r} says nothing; "
            "expected a value, REJECTED or CONFIRMED",
            message_zh="更正无内容；应给出新值，或 REJECTED、CONFIRMED 之一",
            field="decision",
            value=bits,
        )


def _head(connection: sa.Connection, series_id: int, order: Correct) -> StoredHead | None:
    found = both(connection, series_id, order.time_ms, order.time_ms + 1, whole=True)
    found = found.take(found.interval_ms == order.interval_ms)
    if not len(found):
        return None
    return _stored(found, len(found) - 1)


def _stored(found: Columns, i: int) -> StoredHead:
    number = float(found.value[i])
    return StoredHead(
        version=int(found.version[i]),
        value=None if number != number else number,
        mark=Mark(str(found.mark[i])),
        checks=Check(int(found.checks[i])),
        raw_text=found.raw_text[i],
        received_ms=int(found.received_ms[i]),
        frame_seq=int(found.frame_seq[i]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredHead:
    """Newest version of a value, whole."""

    version: int
    value: float | None
    mark: Mark
    checks: Check
    raw_text: str
    received_ms: int
    frame_seq: int


def _version(series: sa.Row[Any], head: StoredHead, order: Correct, now_ms: int) -> StoredValue:
    by_hand = order.value is not None
    kept = 0 if by_hand else int(head.checks) & ~_DECISIONS
    checks = Check(kept | int(order.decision))
    value, mark = (order.value, Mark.BY_HAND) if by_hand else (head.value, head.mark)
    return StoredValue(
        series_key=series.key,
        time_ms=order.time_ms,
        value=value,
        quality=quality_of(value, mark, checks),
        mark=mark,
        checks=checks,
        origin=Origin(series.origin),
        received_ms=now_ms if by_hand else head.received_ms,
        interval_ms=order.interval_ms,
        version=head.version + 1,
    )


def _write(
    connection: sa.Connection,
    series: sa.Row[Any],
    rows: Sequence[tuple[StoredHead, StoredValue]],
    order: Correct,
    now_ms: int,
) -> None:
    keys = [(series.id, value.time_ms, value.interval_ms, value.version) for _, value in rows]
    said = [(value.value, value.mark.value, int(value.checks)) for _, value in rows]
    texts = [head.raw_text if order.value is None else repr(order.value) for head, _ in rows]
    insert_many(
        connection,
        OBSERVATION,
        [
            (*key, *words, raw_text, value.received_ms, head.frame_seq, BY_HAND)
            for key, words, raw_text, (head, value) in zip(keys, said, texts, rows, strict=True)
        ],
    )
    insert_many(connection, CORRECTION, [(*key, order.actor, order.reason, now_ms) for key in keys])
    touched: CorrectedSeries = connection.info.setdefault(_KEY, CorrectedSeries())
    RollupKeeper(Tape(connection), touched.utc_offset_ms).apply(
        connection, [_contribution(series, value) for _, value in rows]
    )
    touched.series_ids.add(series.id)
    touched.count += len(rows)
    newest = connection.execute(sa.select(NEWEST).where(NEWEST.c.series_id == series.id)).first()
    for key, words, (_, value) in zip(keys, said, rows, strict=True):
        if newest is not None and (newest.time_ms, newest.interval_ms) == (value.time_ms, value.interval_ms):
            upsert_many(connection, NEWEST, [(*key, *words, newest.received_ms)])
            touched.news.append(value)


def _contribution(series: sa.Row[Any], value: StoredValue) -> Contribution:
    usable = value.value if value.quality is Quality.GOOD else None
    is_direction = series.quantity in DIRECTIONS
    return Contribution(series.id, is_direction, value.time_ms, value.interval_ms, value.version, usable)
