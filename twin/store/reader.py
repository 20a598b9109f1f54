"""Questions to the ledger: newest values (of now or of any moment), curves, devices, raw frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa

from twin.core.errors import NotFoundError
from twin.core.observation import Check, Mark, quality_of
from twin.core.origin import Origin
from twin.store import ledger_schema as t
from twin.store.devices import read_devices
from twin.store.engine import seek
from twin.store.migrate import Kind
from twin.store.reading import Reader, cursor_of
from twin.store.rollups import row_of_rollup
from twin.store.rows import (
    DeviceState,
    LineErrorCount,
    QuarantinedFrame,
    RollupRow,
    SeriesRow,
    Span,
    Step,
    StoredFrame,
    StoredValue,
    StoredVersion,
)

SERIES_LIMIT = 20_000
_POSSIBLE = t.OBSERVATION.c.checks.op("&")(int(Check.TIME_OUT_OF_WINDOW)) == 0
_O = t.OBSERVATION.c
_FOUND = (
    _O.series_id,
    _O.time_ms,
    _O.interval_ms,
    _O.version,
    _O.value,
    _O.mark,
    _O.checks,
    _O.received_ms,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerState:
    """All that ``/api/v1/state`` asks of the ledger, from one snapshot."""

    cursor: int
    values: tuple[StoredValue, ...]
    devices: tuple[DeviceState, ...]
    span: Span | None


class LedgerReader(Reader):
    """Reader of the ledger that ingest writes."""

    def __init__(self, url: str) -> None:
        super().__init__(url, Kind.LEDGER)

    def state(self, at_ms: int | None = None) -> LedgerState:
        """Newest values at ``at_ms`` (None: now), devices and span, together with their cursor."""
        with self.snapshot() as connection:
            return LedgerState(
                cursor=cursor_of(connection),
                values=_newest(connection, at_ms),
                devices=read_devices(connection),
                span=_span(connection),
            )

    def newest(self, at_ms: int | None = None) -> tuple[StoredValue, ...]:
        """Newest value of every series; with ``at_ms`` the newest of those up to that time.

        A value whose time is impossible (``Check.TIME_OUT_OF_WINDOW``) is never the newest.
        """
        with self.snapshot() as connection:
            return _newest(connection, at_ms)

    def series_rows(self) -> tuple[SeriesRow, ...]:
        """All series, by key."""
        with self.snapshot() as connection:
            rows = connection.execute(sa.select(t.SERIES).order_by(t.SERIES.c.key)).all()
        return tuple(
            SeriesRow(
                key=r.key,
                sensor_id=r.sensor_id,
                quantity=r.quantity,
                si_unit=r.si_unit,
                origin=Origin(r.origin),
            )
            for r in rows
        )

    def series(
        self, key: str, from_ms: int, to_ms: int, limit: int = SERIES_LIMIT, *, interval_ms: int | None = None
    ) -> tuple[StoredValue, ...]:
        """Newest versions with ``from_ms <= time < to_ms``, in time order; the newest ``limit`` of them.

        Where a series holds moments and means, the shortest interval of the span is given;
        ``interval_ms`` asks for another. Raises NotFoundError for an unknown key.
        """
        o = t.OBSERVATION
        with self.snapshot() as connection:
            row = _series_row(connection, key)
            inside = (o.c.series_id == row.id) & (o.c.time_ms >= from_ms) & (o.c.time_ms < to_ms)
            if interval_ms is None:
                interval_ms = connection.execute(
                    sa.select(sa.func.min(o.c.interval_ms)).where(inside)
                ).scalar()
            newer = o.alias("newer")
            superseded = sa.exists().where(
                newer.c.series_id == o.c.series_id,
                newer.c.time_ms == o.c.time_ms,
                newer.c.interval_ms == o.c.interval_ms,
                newer.c.version > o.c.version,
            )
            question = (
                sa.select(o)
                .where(inside, o.c.interval_ms == interval_ms, ~superseded)
                .order_by(o.c.time_ms.desc())
                .limit(limit)
            )
            found = connection.execute(question).all()
        return tuple(_value(row.key, row.origin, r) for r in reversed(found))

    def versions(self, key: str, time_ms: int, interval_ms: int = 0) -> tuple[StoredVersion, ...]:
        """All versions of one value, oldest first, each with the reason why it was written."""
        o = t.OBSERVATION
        with self.snapshot() as connection:
            row = _series_row(connection, key)
            question = (
                sa.select(o)
                .where(o.c.series_id == row.id, o.c.time_ms == time_ms, o.c.interval_ms == interval_ms)
                .order_by(o.c.version)
            )
            found = connection.execute(question).all()
        return tuple(
            StoredVersion(
                value=_value(row.key, row.origin, r),
                raw_text=r.raw_text,
                reason=r.reason,
                frame_seq=r.frame_seq,
            )
            for r in found
        )

    def rollup(self, key: str, step: Step, from_ms: int, to_ms: int) -> tuple[RollupRow, ...]:
        """Roll-ups that start in ``[from_ms, to_ms)``. Raises NotFoundError for an unknown key."""
        with self.snapshot() as connection:
            row = _series_row(connection, key)
            question = (
                sa.select(t.ROLLUP)
                .where(
                    t.ROLLUP.c.series_id == row.id,
                    t.ROLLUP.c.step_ms == step.length_ms,
                    t.ROLLUP.c.start_ms >= from_ms,
                    t.ROLLUP.c.start_ms < to_ms,
                )
                .order_by(t.ROLLUP.c.start_ms)
            )
            found = connection.execute(question).all()
        return tuple(row_of_rollup(row.key, step, r) for r in found)

    def devices(self) -> tuple[DeviceState, ...]:
        """All registered devices with their connection state."""
        with self.snapshot() as connection:
            return read_devices(connection)

    def span(self) -> Span | None:
        """From the oldest to the newest observation; None for an empty ledger."""
        with self.snapshot() as connection:
            return _span(connection)

    def frames(self, mn: str | None = None, limit: int = 50) -> tuple[StoredFrame, ...]:
        """Newest raw frames (of one device), newest first."""
        f = t.RAW_FRAME
        question = sa.select(f).order_by(f.c.seq.desc()).limit(limit)
        return self._frames(question if mn is None else question.where(f.c.mn == mn))

    def frames_after(self, seq: int, limit: int = 1000, mn: str | None = None) -> tuple[StoredFrame, ...]:
        """Raw frames above a sequence number, in the order of their arrival; for replay."""
        f = t.RAW_FRAME
        question = sa.select(f).where(f.c.seq > seq).order_by(f.c.seq).limit(limit)
        return self._frames(question if mn is None else question.where(f.c.mn == mn))

    def quarantined(self, limit: int = 50) -> tuple[QuarantinedFrame, ...]:
        """Newest frames that belong to no registered device or may not be used."""
        q = t.QUARANTINE
        with self.snapshot() as connection:
            rows = connection.execute(sa.select(q).order_by(q.c.seq.desc()).limit(limit)).all()
        return tuple(
            QuarantinedFrame(
                seq=r.seq, received_ms=r.received_ms, peer=r.peer, mn=r.mn, reason=r.reason, segment=r.segment
            )
            for r in rows
        )

    def line_errors(self) -> tuple[LineErrorCount, ...]:
        """How often bytes on the lines were not a frame, by kind."""
        with self.snapshot() as connection:
            rows = connection.execute(sa.select(t.LINE_ERROR).order_by(t.LINE_ERROR.c.kind)).all()
        return tuple(
            LineErrorCount(
                kind=r.kind,
                count=r.n,
                first_ms=r.first_ms,
                last_ms=r.last_ms,
                last_peer=r.last_peer,
                last_detail=r.last_detail,
            )
            for r in rows
        )

    def counters(self) -> dict[str, float]:
        """Counters of the writer since the ledger was made; names in docs/store.md."""
        with self.snapshot() as connection:
            rows = connection.execute(sa.select(t.COUNTER).order_by(t.COUNTER.c.name)).all()
        return {r.name: float(r.value) for r in rows}

    def _frames(self, question: sa.Select[Any]) -> tuple[StoredFrame, ...]:
        with self.snapshot() as connection:
            rows = connection.execute(question).all()
        return tuple(StoredFrame(**r._mapping) for r in rows)


def _series_row(connection: sa.Connection, key: str) -> sa.Row[Any]:
    row = connection.execute(sa.select(t.SERIES).where(t.SERIES.c.key == key)).first()
    if row is None:
        raise NotFoundError(
            f"series {key!r} is not in the ledger; expected <sensor id>/<quantity>",
            message_zh=f"台账中没有序列 {key!r}；应为 <传感器>/<量>",
            field="key",
            value=key,
        )
    return row


def _value(key: str, origin: str, r: sa.Row[Any] | _Found) -> StoredValue:
    mark, checks = Mark(r.mark), Check(r.checks)
    return StoredValue(
        series_key=key,
        time_ms=r.time_ms,
        value=r.value,
        quality=quality_of(r.value, mark, checks),
        mark=mark,
        checks=checks,
        origin=Origin(origin),
        received_ms=r.received_ms,
        interval_ms=r.interval_ms,
        version=r.version,
    )


def _newest(connection: sa.Connection, at_ms: int | None) -> tuple[StoredValue, ...]:
    best: dict[str, StoredValue] = {}
    for r in _newest_now(connection) if at_ms is None else _newest_at(connection, at_ms):
        value = _value(r.key, r.origin, r)
        if r.key not in best or _rank(value) > _rank(best[r.key]):
            best[r.key] = value
    return tuple(best[key] for key in sorted(best))


def _newest_now(connection: sa.Connection) -> Sequence[sa.Row[Any]]:
    s, n = t.SERIES, t.NEWEST
    joined = s.join(n, n.c.series_id == s.c.id)
    return connection.execute(sa.select(s.c.key, s.c.origin, n).select_from(joined)).all()


class _Found(NamedTuple):
    """A value with its series, in the order of ``_FOUND`` after the series' id."""

    key: str
    origin: str
    time_ms: int
    interval_ms: int
    version: int
    value: float | None
    mark: str
    checks: int
    received_ms: int


def _newest_at(connection: sa.Connection, at_ms: int) -> list[_Found]:
    """All rows of the latest possible time of each series, two seeks per series."""
    s, o = t.SERIES, t.OBSERVATION
    latest = (
        sa.select(o.c.time_ms)
        .where(o.c.series_id == s.c.id, o.c.time_ms <= at_ms, _POSSIBLE)
        .order_by(o.c.time_ms.desc())
        .limit(1)
        .correlate(s)
        .scalar_subquery()
    )
    series, times = {}, []
    for r in connection.execute(sa.select(s.c.id, s.c.key, s.c.origin, latest.label("time_ms"))):
        if r.time_ms is not None:
            series[r.id] = (r.key, r.origin)
            times.append((r.id, r.time_ms))
    found = (_Found(*series[row[0]], *row[1:]) for row in seek(connection, _FOUND, _FOUND[:2], times))
    return [row for row in found if not row.checks & Check.TIME_OUT_OF_WINDOW]


def _rank(value: StoredValue) -> tuple[int, int, int]:
    return value.time_ms, -value.interval_ms, value.version


def _span(connection: sa.Connection) -> Span | None:
    s, o = t.SERIES, t.OBSERVATION
    first = (
        sa.select(o.c.time_ms)
        .where(o.c.series_id == s.c.id, _POSSIBLE)
        .order_by(o.c.time_ms)
        .limit(1)
        .correlate(s)
        .scalar_subquery()
    )
    starts = [r[1] for r in connection.execute(sa.select(s.c.id, first)) if r[1] is not None]
    newest = connection.execute(sa.select(sa.func.max(t.NEWEST.c.time_ms))).scalar()
    return None if not starts or newest is None else Span(from_ms=min(starts), to_ms=int(newest))
