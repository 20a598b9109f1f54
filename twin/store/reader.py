"""Questions to the ledger: newest values (of now or of any moment), curves, devices, raw frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import sqlalchemy as sa

from twin.core.errors import NotFoundError
from twin.core.observation import Check, Mark, Quality, quality_of
from twin.core.origin import Origin
from twin.core.quantity import STATISTIC_MARK
from twin.store import ledger_schema as t
from twin.store.archive_reader import frame_horizon, moved_frames, moved_frames_of, newest_moved_frames
from twin.store.columns import Columns
from twin.store.devices import read_devices
from twin.store.engine import seek
from twin.store.migrate import Kind
from twin.store.reading import Reader, cursor_of
from twin.store.review_schema import SERIES_HOUR
from twin.store.rollups import read_rollups, row_of_rollup
from twin.store.rows import (
    Curve,
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
from twin.store.tape import both, latest_possible

SERIES_LIMIT = 20_000
NO_FRAME = 2**62
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
    """Reader of the ledger that ingest writes.

    ``archive`` is the folder of months that were moved to files; an SQLite ledger has it beside itself.
    """

    def __init__(self, url: str, archive: Path | None = None) -> None:
        super().__init__(url, Kind.LEDGER, archive)

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
        curve = self.curve(key, from_ms, to_ms, limit, interval_ms=interval_ms)
        return tuple(
            StoredValue(
                series_key=key,
                time_ms=time_ms,
                value=value,
                quality=Quality(quality),
                mark=Mark(mark),
                checks=Check(checks),
                origin=curve.origin,
                received_ms=received_ms,
                interval_ms=curve.interval_ms,
                version=version,
            )
            for time_ms, value, quality, mark, checks, received_ms, version in zip(
                curve.time_ms,
                curve.value,
                curve.quality,
                curve.mark,
                curve.checks,
                curve.received_ms,
                curve.version,
                strict=True,
            )
        )

    def curve(
        self, key: str, from_ms: int, to_ms: int, limit: int = SERIES_LIMIT, *, interval_ms: int | None = None
    ) -> Curve:
        """As ``series``, side by side: a month of minutes costs some milliseconds."""
        with self.snapshot() as connection:
            row = _series_row(connection, key)
            found = both(connection, row.id, from_ms, to_ms, received=True)
        if len(found):
            shortest = int(found.interval_ms.min()) if interval_ms is None else interval_ms
            found = found.take(found.interval_ms == shortest).last()
        found = found.take(slice(max(0, len(found) - limit), None))
        return _curve(row, found)

    def versions(self, key: str, time_ms: int, interval_ms: int = 0) -> tuple[StoredVersion, ...]:
        """All versions of one value, oldest first, each with the reason why it was written."""
        with self.snapshot() as connection:
            row = _series_row(connection, key)
            found = both(connection, row.id, time_ms, time_ms + 1, whole=True)
        found = found.take(found.interval_ms == interval_ms)
        curve = _curve(row, found)
        return tuple(
            StoredVersion(
                value=StoredValue(
                    series_key=key,
                    time_ms=time_ms,
                    value=curve.value[i],
                    quality=Quality(curve.quality[i]),
                    mark=Mark(curve.mark[i]),
                    checks=Check(curve.checks[i]),
                    origin=curve.origin,
                    received_ms=curve.received_ms[i],
                    interval_ms=interval_ms,
                    version=curve.version[i],
                ),
                raw_text=found.raw_text[i],
                reason=found.reason[i],
                frame_seq=int(found.frame_seq[i]),
            )
            for i in range(len(found))
        )

    def rollup(self, key: str, step: Step, from_ms: int, to_ms: int) -> tuple[RollupRow, ...]:
        """Roll-ups that start in ``[from_ms, to_ms)``. Raises NotFoundError for an unknown key."""
        with self.snapshot() as connection:
            row = _series_row(connection, key)
            found = read_rollups(connection, row.id, row.quantity, step, from_ms, to_ms)
        return tuple(row_of_rollup(row.key, step, start_ms, bucket) for start_ms, bucket in found)

    def came(self, keys: Sequence[str], from_ms: int, to_ms: int) -> dict[str, list[tuple[int, int]]]:
        """Hours that start in a span, each with the mask of its minutes in which anything came, by series."""
        h = SERIES_HOUR.c
        question = (
            sa.select(t.SERIES.c.key, h.start_ms, h.came)
            .join_from(t.SERIES, SERIES_HOUR, h.series_id == t.SERIES.c.id)
            .where(t.SERIES.c.key.in_(keys), h.start_ms >= from_ms, h.start_ms < to_ms)
            .order_by(t.SERIES.c.key, h.start_ms)
        )
        found: dict[str, list[tuple[int, int]]] = {}
        with self.snapshot() as connection:
            for key, start_ms, mask in connection.execute(question):
                found.setdefault(key, []).append((start_ms, mask))
        return found

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
        with self.snapshot() as connection:
            found = _frames(connection, question if mn is None else question.where(f.c.mn == mn))
            if len(found) < limit:
                before = found[-1].seq if found else NO_FRAME
                found += newest_moved_frames(connection, before, limit - len(found), mn)
        return found

    def frames_after(self, seq: int, limit: int = 1000, mn: str | None = None) -> tuple[StoredFrame, ...]:
        """Raw frames above a sequence number, in the order of their arrival; for replay."""
        f = t.RAW_FRAME
        with self.snapshot() as connection:
            moved = moved_frames(connection, seq, limit, mn)
            if len(moved) >= limit:
                return moved
            question = sa.select(f).where(f.c.seq > max(seq, frame_horizon(connection)))
            question = question.order_by(f.c.seq).limit(limit - len(moved))
            return moved + _frames(connection, question if mn is None else question.where(f.c.mn == mn))

    def frames_of(self, seqs: Sequence[int]) -> tuple[StoredFrame, ...]:
        """Raw frames with these sequence numbers, newest first; those that are not there are left out."""
        f = t.RAW_FRAME
        with self.snapshot() as connection:
            found = _frames(connection, sa.select(f).where(f.c.seq.in_(seqs)))
            found += moved_frames_of(connection, set(seqs) - {row.seq for row in found})
        return tuple(sorted(found, key=lambda row: -row.seq))

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


def _frames(connection: sa.Connection, question: sa.Select[Any]) -> tuple[StoredFrame, ...]:
    rows = connection.execute(question).all()
    return tuple(StoredFrame(**{**r._mapping, "sha256": bytes(r.sha256).hex()}) for r in rows)


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
    """All rows of the latest possible time of each series: two seeks a series, and a page where it is old."""
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
    # What a logger computed beside the values has no newest.
    question = sa.select(s.c.id, s.c.key, s.c.origin, latest.label("time_ms")).where(
        s.c.quantity.not_like(f"%{STATISTIC_MARK}%")
    )
    for r in connection.execute(question).all():
        series[r.id] = (r.key, r.origin)
        if r.time_ms is not None:
            times.append((r.id, r.time_ms))
    old = [
        row
        for series_id, rows in latest_possible(connection, at_ms, dict(times)).items()
        if series_id in series
        for row in _old(series[series_id], rows)
    ]
    found = (_Found(*series[row[0]], *row[1:]) for row in seek(connection, _FOUND, _FOUND[:2], times))
    return [row for row in (*old, *found) if not row.checks & Check.TIME_OUT_OF_WINDOW]


def _old(series: tuple[str, str], found: Columns) -> list[_Found]:
    return [
        _Found(
            *series,
            int(found.time_ms[i]),
            int(found.interval_ms[i]),
            int(found.version[i]),
            None if np.isnan(found.value[i]) else float(found.value[i]),
            str(found.mark[i]),
            int(found.checks[i]),
            int(found.received_ms[i]),
        )
        for i in range(len(found))
    ]


def _rank(value: StoredValue) -> tuple[int, int, int]:
    return value.time_ms, -value.interval_ms, value.version


def _span(connection: sa.Connection) -> Span | None:
    s, o, p = t.SERIES, t.OBSERVATION, t.PAGE
    young = (
        sa.select(o.c.time_ms)
        .where(o.c.series_id == s.c.id, _POSSIBLE)
        .order_by(o.c.time_ms)
        .limit(1)
        .correlate(s)
        .scalar_subquery()
    )
    old = (
        sa.select(p.c.first_ms)
        .where(p.c.series_id == s.c.id, p.c.first_ms.is_not(None))
        .order_by(p.c.start_ms)
        .limit(1)
        .correlate(s)
        .scalar_subquery()
    )
    rows = connection.execute(sa.select(s.c.id, young, old)).all()
    starts = [time_ms for row in rows for time_ms in row[1:] if time_ms is not None]
    newest = connection.execute(sa.select(sa.func.max(t.NEWEST.c.time_ms))).scalar()
    return None if not starts or newest is None else Span(from_ms=min(starts), to_ms=int(newest))


def _curve(row: sa.Row[Any], found: Columns) -> Curve:
    missing = np.isnan(found.value)
    values: list[float | None] = found.value.tolist()
    for i in np.flatnonzero(missing).tolist():
        values[i] = None
    return Curve(
        series_key=row.key,
        origin=Origin(row.origin),
        interval_ms=int(found.interval_ms[0]) if len(found) else 0,
        time_ms=found.time_ms.tolist(),
        value=values,
        quality=found.qualities().tolist(),
        mark=found.mark.tolist(),
        checks=found.checks.tolist(),
        received_ms=found.received_ms.tolist(),
        version=found.version.tolist(),
    )
