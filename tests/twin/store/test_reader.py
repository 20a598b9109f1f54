"""Readers: cheap following, snapshots, curves."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.support.arrivals import arrival, value
from tests.support.both_stores import BACK_ENDS, empty_ledger
from twin.core.errors import NotFoundError, ServiceUnavailableError
from twin.store import engine
from twin.store.engine import sqlite_path
from twin.store.ledger import Batch, Ledger
from twin.store.reader import LedgerReader
from twin.store.rows import Step

KEY = "W1/wind_speed"


@pytest.fixture(params=BACK_ENDS)
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    with empty_ledger(request.param, tmp_path) as url:
        made = Ledger(url)
        yield made
        made.close()


@pytest.fixture
def reader(ledger: Ledger) -> Iterator[LedgerReader]:
    made = LedgerReader(ledger.url)
    yield made
    made.close()


def test_changed_says_so_once_per_commit(ledger: Ledger, reader: LedgerReader) -> None:
    assert reader.changed()
    assert not reader.changed()
    ledger.write(Batch(arrivals=[arrival("1", value(0, 1.0))]), 5)
    assert reader.changed()
    assert not reader.changed()
    reader.newest()
    assert not reader.changed(), "reading is no change"
    ledger.beat(6)
    assert reader.changed()


def test_a_snapshot_does_not_see_later_commits(ledger: Ledger, reader: LedgerReader) -> None:
    ledger.write(Batch(arrivals=[arrival("1", value(0, 1.0))]), 5)
    count = sa.text("SELECT count(*) FROM raw_frame")
    with reader.snapshot() as connection:
        before = connection.execute(count).scalar_one()
        ledger.write(Batch(arrivals=[arrival("2", value(1, 1.0))]), 6)
        assert connection.execute(count).scalar_one() == before == 1
    state = reader.state()
    assert (state.cursor, [row.time_ms for row in state.values]) == (2, [1])


def test_a_reader_cannot_write(ledger: Ledger, reader: LedgerReader) -> None:
    ledger.write(Batch(arrivals=[arrival("1")]), 5)
    with pytest.raises(ServiceUnavailableError, match="read-?only"), reader.snapshot() as connection:
        connection.exec_driver_sql("DELETE FROM raw_frame")
    assert len(reader.frames()) == 1


def test_a_curve_is_cut_at_the_old_end(ledger: Ledger, reader: LedgerReader) -> None:
    rows = [value(i, float(i)) for i in range(10)]
    ledger.write(Batch(arrivals=[arrival("1", *rows)]), 5)
    assert [row.time_ms for row in reader.series(KEY, 2, 8)] == [2, 3, 4, 5, 6, 7]
    assert [row.time_ms for row in reader.series(KEY, 2, 8, limit=2)] == [6, 7]
    assert reader.series(KEY, 20, 30) == ()


def test_moments_and_means_are_not_mixed_in_a_curve(ledger: Ledger, reader: LedgerReader) -> None:
    rows = [value(0, 1.0), value(30_000, 2.0), value(0, 1.5, interval_ms=60_000)]
    ledger.write(Batch(arrivals=[arrival("1", *rows, value(60_000, 9.0, interval_ms=60_000))]), 5)
    assert [row.value for row in reader.series(KEY, 0, 120_000)] == [1.0, 2.0]
    assert [row.value for row in reader.series(KEY, 0, 120_000, interval_ms=60_000)] == [1.5, 9.0]
    assert [row.value for row in reader.series(KEY, 60_000, 120_000)] == [9.0], (
        "means where there is no moment"
    )


def test_an_unknown_series_is_named(reader: LedgerReader) -> None:
    with pytest.raises(NotFoundError, match="'W9/nothing' is not in the ledger"):
        reader.series("W9/nothing", 0, 1)


def test_an_empty_ledger_has_empty_answers(reader: LedgerReader) -> None:
    state = reader.state()
    assert (state.cursor, state.values, state.devices, state.span) == (0, (), (), None)
    assert (reader.frames(), reader.events(0), reader.oldest(), reader.beat()) == ((), (), 0, None)
    assert (reader.counters(), reader.line_errors(), reader.newest(5)) == ({}, (), ())


def test_many_threads_read_while_one_writes(ledger: Ledger, reader: LedgerReader) -> None:
    wrong: list[object] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            state = reader.state()
            if state.values and state.values[0].time_ms != state.cursor - 1:
                wrong.append(state)

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for index in range(60):
        ledger.write(Batch(arrivals=[arrival(str(index), value(index, 1.0))]), index)
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []


def start_writer(url: str) -> None:
    again = Ledger(url)
    again.devices()
    again.close()


def work(url: str) -> None:
    """Live values, back-fill, corrections and duplicates of several devices."""
    again = Ledger(url, event_ring=1)
    for turn in range(3):
        rows = [value(i * 1000 - turn, float(turn), sensor=f"S{i % 4}") for i in range(20)]
        fixed = [value(i * 1000, 7.0 + turn, sensor=f"S{i % 4}") for i in range(20)]
        frames = [arrival(str(i), rows[i], fixed[i], body=str(turn)) for i in range(20)]
        again.write(
            Batch(arrivals=frames, quarantined=[(row.frame, "unknown_device") for row in frames]), turn
        )
    again.close()


QUESTIONS: dict[str, Callable[[LedgerReader], object]] = {
    "state": lambda reader: reader.state(),
    "newest_at": lambda reader: reader.newest(9_000),
    "series": lambda reader: reader.series("S1/wind_speed", 5, 9_000),
    "rollup": lambda reader: reader.rollup("S1/wind_speed", Step.MINUTE, 5, 9),
    "versions": lambda reader: reader.versions("S1/wind_speed", 5_000),
    "frames": lambda reader: reader.frames("M1"),
    "events": lambda reader: reader.events(0),
    "start of the writer": lambda reader: start_writer(reader.url),
    "work of the writer": lambda reader: work(reader.url),
}
# The quarantine is bounded (20,000 frames) and read once when a writer starts.
BIG = {"observation", "rollup", "raw_frame", "event"}


@pytest.mark.parametrize("ledger", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", QUESTIONS)
def test_nothing_scans_the_big_tables(
    name: str, ledger: Ledger, reader: LedgerReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.close()
    work(ledger.url)
    asked: list[tuple[str, object]] = []

    def note(connection: object, cursor: object, statement: str, parameters: object, *_: object) -> None:
        if not statement.startswith(("PRAGMA", "BEGIN")):
            asked.append((statement, parameters))

    def note_seek(columns: Sequence[sa.Column[Any]], key: Sequence[sa.Column[Any]]) -> str:
        asked.append((real(columns, key), tuple(0 for _ in key)))
        return real(columns, key)

    real = engine.seek_sql
    monkeypatch.setattr(engine, "seek_sql", note_seek)
    reader.cursor()
    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        QUESTIONS[name](reader)
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)
    assert asked
    with reader.snapshot() as connection:
        for statement, parameters in asked:
            one = parameters[0] if isinstance(parameters, list) else parameters
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", one).all()
            steps = [str(row[-1]) for row in plan]
            scans = {step.split()[1] for step in steps if step.startswith("SCAN")}
            assert not scans & BIG, (statement, steps)


@pytest.mark.parametrize("ledger", ["sqlite"], indirect=True)
def test_a_scan_would_be_seen(reader: LedgerReader) -> None:
    with reader.snapshot() as connection:
        plan = connection.exec_driver_sql("EXPLAIN QUERY PLAN SELECT sum(value) FROM observation").all()
    assert str(plan[0][-1]).split()[:2] == ["SCAN", "observation"]


@pytest.mark.parametrize("ledger", ["sqlite"], indirect=True)
def test_a_damaged_ledger_is_said_to_be_unreadable(ledger: Ledger, reader: LedgerReader) -> None:
    """By whatever way the damage is met: a follower must survive it, a browser be told."""
    ledger.write(Batch(arrivals=[arrival("1", value(1, 1.0))]), 1)
    assert reader.state().values
    ledger.close()
    reader.close()
    path = sqlite_path(ledger.url)
    assert path is not None
    body = bytearray(path.read_bytes())
    body[200:] = b"\xff" * (len(body) - 200)
    path.write_bytes(body)
    for question in (reader.changed, reader.state, lambda: reader.state(at_ms=1), reader.cursor, reader.beat):
        with pytest.raises(ServiceUnavailableError, match="ledger"):
            question()
