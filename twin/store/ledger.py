"""The writer of the ledger: one process, one connection, one transaction per batch.

A receipt is only made after the commit. Nothing that an exception may leave half-known stays in
memory: after a failed batch all caches are read again.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from twin.core.clock import SystemClock
from twin.core.device import Device
from twin.core.fact import Fact
from twin.core.observation import Observation, RawFrame
from twin.store import ledger_schema as t
from twin.store.bucket import HOUR_MS
from twin.store.catalog import Catalog
from twin.store.corrections import begin_corrections, take_corrected
from twin.store.counters import Counters, LineErrorLog
from twin.store.deed import Deed, DeedResult, run_deed
from twin.store.devices import DeviceBook
from twin.store.engine import WriterLock, cannot_write, writer_engine
from twin.store.facts import store_facts
from twin.store.judge import Judge, NoJudge
from twin.store.migrate import Kind, upgrade
from twin.store.packer import Packer
from twin.store.quarantine import Quarantine
from twin.store.rawlog import Admission, RawLog
from twin.store.ring import EventRing
from twin.store.rollups import RollupKeeper
from twin.store.rows import DeviceState, LineErrorCount, StoredValue
from twin.store.schema_parts import save_beat
from twin.store.tape import Tape
from twin.store.values import Incoming, News, Stored, ValueLog

EVENT_RING = 20_000
# Some 100 kB on the wire; a logger that catches up makes several events of one batch.
VALUES_PER_EVENT = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A frame of a registered device, what it means, and the fault found in it (or "").

    ``is_leftover``: the frame was stored before; only now it is known that the rest of its message
    does not come, so what it says is written now.
    """

    frame: RawFrame
    observations: tuple[Observation, ...] = ()
    fault: str = ""
    facts: tuple[Fact, ...] = ()
    is_leftover: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What goes into one transaction.

    ``quarantined`` holds frames with the reason; ``line_errors`` counts to be added; ``devices``
    the present state of devices that were heard or that fell silent; ``deeds`` run after the frames.
    """

    arrivals: Sequence[Arrival] = ()
    quarantined: Sequence[tuple[RawFrame, str]] = ()
    line_errors: Sequence[LineErrorCount] = ()
    devices: Sequence[DeviceState] = ()
    deeds: Sequence[Deed] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What became of a batch, in the order in which it was given. ``cursor``: newest event."""

    arrivals: tuple[Admission, ...] = ()
    quarantined: tuple[Admission, ...] = ()
    news: tuple[News, ...] = ()
    corrected: tuple[StoredValue, ...] = ()
    deeds: tuple[DeedResult, ...] = ()
    cursor: int = 0

    @property
    def values(self) -> tuple[StoredValue, ...]:
        """Values that are the newest of their series now, in order."""
        return (*(row.stored() for row in self.news), *self.corrected)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Books:
    """All that the writer knows by heart of the data base."""

    tape: Tape
    packer: Packer
    raw: RawLog
    quarantine: Quarantine
    catalog: Catalog
    values: ValueLog
    rollups: RollupKeeper
    ring: EventRing
    devices: DeviceBook
    counters: Counters
    line_errors: LineErrorLog


class Ledger:
    """Writes the ledger at ``url``; makes and migrates it when needed.

    ``judge`` may put marks on new values before they are stored. ``utc_offset_h`` is the park's zone,
    in which the days and months of the roll-ups begin; a ledger keeps the one it was begun with.
    ``archive`` is the folder of months that were moved to files (an SQLite ledger has it beside itself).
    Use it from one thread at a time. Raises StoreError when another process writes the same ledger.
    """

    def __init__(
        self,
        url: str,
        *,
        event_ring: int = EVENT_RING,
        process: str = "ingest",
        judge: Judge | None = None,
        utc_offset_h: float = 0.0,
        archive: Path | None = None,
    ) -> None:
        self.url = url
        self._judge = judge or NoJudge()
        self._utc_offset_ms = round(utc_offset_h * HOUR_MS)
        self._event_ring = event_ring
        self._process = process
        self._started_ms = SystemClock().now_ms()
        self._engine = writer_engine(url, archive)
        self._lock = WriterLock(url)
        self._kept: _Books | None = None
        try:
            with self._translated(), self._engine.connect():
                self._lock.take()
            upgrade(self._engine, Kind.LEDGER)
        except BaseException:
            self.close()
            raise

    def register(self, devices: Iterable[Device]) -> None:
        """Make the series of all factors of these devices, and their row in the list of devices.

        Raises OriginConflictError when a series exists with another origin than the device has now,
        and StoreError when a device has changed its origin.
        """
        rows = tuple(devices)
        with self._transaction() as (connection, books):
            for device in rows:
                books.devices.register(connection, device)
                for factor in device.factors:
                    books.catalog.require(connection, device.sensor_id, factor.quantity, device.origin)

    def devices(self) -> tuple[DeviceState, ...]:
        """Devices as last written."""
        return self._books().devices.all()

    def check(self, arrival: Arrival) -> None:
        """Raise OriginConflictError or UnitError when a value of this arrival may not be written."""
        with self._translated():
            catalog = self._books().catalog
        for row in arrival.observations:
            catalog.check(row.sensor_id, row.quantity, row.origin)

    def write(self, batch: Batch, now_ms: int) -> Written:
        """Write a batch in one transaction; returns after the commit.

        Raises OriginConflictError, UnitError or StoreError; then nothing of the batch is stored.
        """
        started = time.perf_counter()
        with self._transaction() as (connection, books):
            begin_corrections(connection, self._utc_offset_ms)
            written = self._write(connection, books, batch, now_ms)
        # Seen by readers with the next commit: a transaction cannot know how long it will take.
        books.counters.observe_commit(time.perf_counter() - started)
        return written

    def tidy(self, now_ms: int) -> bool:
        """Move a few old rows into pages, in a transaction of its own; False when there are none.

        Changes no answer of any reader. Some ten milliseconds: meant for the writer's idle moments.
        """
        with self._transaction() as (connection, books):
            return books.packer.step(connection, now_ms)

    def beat(self, now_ms: int) -> None:
        """Sign of life of a writer that has nothing to write."""
        with self._transaction() as (connection, books):
            books.counters.save(connection)
            self._save_beat(connection, now_ms)

    def close(self) -> None:
        """Close the data base and let another process write."""
        self._engine.dispose()
        self._lock.release()

    def _write(self, connection: sa.Connection, books: _Books, batch: Batch, now_ms: int) -> Written:
        admitted = books.raw.admit(connection, [(row.frame, row.fault) for row in batch.arrivals])
        apart = books.quarantine.admit(connection, batch.quarantined)
        incoming = _incoming(connection, books, batch.arrivals, admitted)
        if incoming:
            incoming = self._judge.judge(connection, incoming, now_ms)
        stored = books.values.store(connection, incoming)
        books.rollups.apply(connection, stored.added, stored.before)
        _store_facts(connection, batch.arrivals, admitted)
        changed = books.devices.save(connection, batch.devices)
        books.line_errors.save(connection, batch.line_errors)
        _count(books.counters, batch, admitted, stored)
        done = tuple(run_deed(connection, deed, now_ms) for deed in batch.deeds)
        corrected = take_corrected(connection)
        if corrected.series_ids:
            books.values.reload(connection, corrected.series_ids)
            books.rollups.forget()
        books.counters.add("values_corrected", corrected.count)
        books.counters.save(connection)
        cursor = books.ring.append(connection, _events(stored.news, corrected.news, changed, now_ms))
        self._save_beat(connection, now_ms)
        return Written(
            arrivals=tuple(admitted),
            quarantined=tuple(apart),
            news=stored.news,
            corrected=tuple(corrected.news),
            deeds=done,
            cursor=cursor,
        )

    def _save_beat(self, connection: sa.Connection, now_ms: int) -> None:
        save_beat(connection, t.BEAT, process=self._process, started_ms=self._started_ms, now_ms=now_ms)

    @contextmanager
    def _transaction(self) -> Iterator[tuple[sa.Connection, _Books]]:
        try:
            with self._translated():
                books = self._books()
                with self._engine.begin() as connection:
                    yield connection, books
        except BaseException:
            self._kept = None
            self._judge.forget()
            raise

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (sa.exc.SQLAlchemyError, sqlite3.Error) as error:
            raise cannot_write(self.url, error) from error

    def _books(self) -> _Books:
        if self._kept is None:
            with self._engine.begin() as connection:
                tape = Tape(connection)
                self._kept = _Books(
                    tape=tape,
                    packer=Packer(tape),
                    raw=RawLog(connection),
                    quarantine=Quarantine(connection),
                    catalog=Catalog(connection),
                    values=ValueLog(connection, tape),
                    rollups=RollupKeeper(tape, self._utc_offset_ms),
                    ring=EventRing(connection, t.EVENT, self._event_ring),
                    devices=DeviceBook(connection),
                    counters=Counters(connection),
                    line_errors=LineErrorLog(connection),
                )
        return self._kept


def _incoming(
    connection: sa.Connection, books: _Books, arrivals: Sequence[Arrival], admitted: Sequence[Admission]
) -> list[Incoming]:
    """Observations of the frames that are new; a frame that was stored before says nothing new."""
    return [
        Incoming(
            books.catalog.require(connection, row.sensor_id, row.quantity, row.origin),
            row,
            arrival.frame.received_ms,
            admission.seq,
        )
        for arrival, admission in zip(arrivals, admitted, strict=True)
        if admission.new or arrival.is_leftover
        for row in arrival.observations
    ]


def _store_facts(
    connection: sa.Connection, arrivals: Sequence[Arrival], admitted: Sequence[Admission]
) -> None:
    said = [
        (admission.seq, arrival.frame, arrival.facts)
        for arrival, admission in zip(arrivals, admitted, strict=True)
        if arrival.facts and (admission.new or arrival.is_leftover)
    ]
    if said:
        store_facts(connection, said)


def _count(counters: Counters, batch: Batch, admitted: Sequence[Admission], stored: Stored) -> None:
    new = sum(row.new for row in admitted)
    leftovers = sum(row.is_leftover for row in batch.arrivals)
    counters.add("frames_stored", new)
    counters.add("frames_duplicate", max(0, len(admitted) - new - leftovers))
    counters.add("frames_quarantined", len(batch.quarantined))
    counters.add("frames_faulty", sum(bool(row.fault) for row in batch.arrivals))
    counters.add("values_stored", len(stored.added))
    counters.add("values_corrected", stored.corrected)


def _events(
    news: Sequence[News], corrected: Sequence[StoredValue], changed: Sequence[DeviceState], now_ms: int
) -> list[tuple[int, str, str]]:
    events = [(now_ms, "device", _json(row.payload())) for row in changed]
    told = [(row.item.received_ms, row.json()) for row in news]
    told += [(row.received_ms, _json(row.payload())) for row in corrected]
    for start in range(0, len(told), VALUES_PER_EVENT):
        part = told[start : start + VALUES_PER_EVENT]
        values = ",".join(text for _, text in part)
        received_ms = max(at_ms for at_ms, _ in part)
        events.append((now_ms, "values", f'{{"received_ms":{received_ms},"values":[{values}]}}'))
    return events


def _json(payload: dict[str, object]) -> str:
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
