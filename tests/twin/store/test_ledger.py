"""What the writer promises: once, never overwritten, one origin, all or nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.support.arrivals import arrival, frame, value
from tests.support.both_stores import BACK_ENDS, empty_ledger
from tests.support.small_park import device
from twin.core.errors import StoreError, UnitError
from twin.core.observation import Check, Mark
from twin.core.origin import Origin
from twin.store.catalog import OriginConflictError
from twin.store.engine import sqlite_url, writer_engine
from twin.store.ledger import Arrival, Batch, Ledger
from twin.store.ledger_schema import EVENT
from twin.store.migrate import Kind, upgrade
from twin.store.reader import LedgerReader
from twin.store.ring import EventRing
from twin.store.rows import DeviceState, DeviceStatus, LineErrorCount

KEY = "W1/wind_speed"


@pytest.fixture(params=BACK_ENDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with empty_ledger(request.param, tmp_path) as made:
        yield made


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    made = Ledger(url)
    yield made
    made.close()


@pytest.fixture
def reader(url: str, ledger: Ledger) -> Iterator[LedgerReader]:
    made = LedgerReader(url)
    yield made
    made.close()


def test_a_frame_sent_again_is_known_and_says_nothing_new(ledger: Ledger, reader: LedgerReader) -> None:
    first = ledger.write(Batch(arrivals=[arrival("1", value(0, 1.0))]), 5)
    again = ledger.write(Batch(arrivals=[arrival("1", value(0, 1.0)), arrival("1", value(0, 1.0))]), 6)
    assert [row.new for row in first.arrivals] == [True]
    assert [(row.new, row.seq) for row in again.arrivals] == [(False, first.arrivals[0].seq)] * 2
    assert len(reader.frames()) == 1
    assert len(reader.versions(KEY, 0)) == 1
    assert reader.counters()["frames_duplicate"] == 2


def test_another_body_under_the_same_exchange_is_kept_and_marked(
    ledger: Ledger, reader: LedgerReader
) -> None:
    ledger.write(Batch(arrivals=[arrival("1", body="a"), arrival("1", body="b"), arrival("1", body="a")]), 5)
    ledger.write(Batch(arrivals=[arrival("1", body="c"), arrival("2", body="a")]), 5)
    assert [(row.qn, row.body_no) for row in reader.frames_after(0)] == [
        ("1", 0),
        ("1", 1),
        ("1", 2),
        ("2", 0),
    ]


def test_packages_of_one_message_are_different_frames(ledger: Ledger) -> None:
    batch = Batch(arrivals=[Arrival(frame=frame("1", pno=1)), Arrival(frame=frame("1", pno=2))])
    assert [row.new for row in ledger.write(batch, 5).arrivals] == [True, True]


def test_a_different_value_is_a_version_with_a_reason(ledger: Ledger, reader: LedgerReader) -> None:
    for qn, number in (("1", 1.0), ("2", 2.0), ("3", 2.0), ("4", 1.0)):
        ledger.write(Batch(arrivals=[arrival(qn, value(0, number))]), 5)
    rows = reader.versions(KEY, 0)
    assert [(row.value.version, row.value.value, row.reason) for row in rows] == [
        (0, 1.0, ""),
        (1, 2.0, "corrected"),
        (2, 1.0, "corrected"),
    ]
    assert [row.value for row in reader.series(KEY, 0, 1)] == [1.0]
    assert [row.version for row in reader.newest()] == [2]


def test_another_mark_is_news_too(ledger: Ledger, reader: LedgerReader) -> None:
    ledger.write(Batch(arrivals=[arrival("1", value(0, 1.0))]), 5)
    ledger.write(Batch(arrivals=[arrival("2", value(0, 1.0, mark=Mark.CALIBRATION))]), 5)
    assert [row.value.mark for row in reader.versions(KEY, 0)] == [Mark.NORMAL, Mark.CALIBRATION]


def test_a_series_has_one_origin_for_ever(url: str, ledger: Ledger, reader: LedgerReader) -> None:
    ledger.write(Batch(arrivals=[arrival("1", value(0, 1.0))]), 5)
    wrong = arrival("2", value(1, 2.0, origin=Origin.MEASURED))
    for _ in range(2):
        with pytest.raises(OriginConflictError, match="W1/wind_speed is simulated"):
            ledger.write(Batch(arrivals=[arrival("3", value(2, 3.0)), wrong]), 6)
        with pytest.raises(OriginConflictError):
            ledger.check(wrong)
    assert [row.qn for row in reader.frames()] == ["1"], "nothing of a refused batch is stored"
    ledger.close()
    again = Ledger(url)
    with pytest.raises(OriginConflictError):
        again.write(Batch(arrivals=[wrong]), 7)
    again.close()


def test_an_unknown_quantity_is_refused(ledger: Ledger) -> None:
    with pytest.raises(UnitError, match="smell"):
        ledger.write(Batch(arrivals=[arrival("1", value(0, 1.0, quantity="smell"))]), 5)


def test_a_refused_batch_leaves_no_trace_in_memory(ledger: Ledger, reader: LedgerReader) -> None:
    good, wrong = arrival("1", value(60_000, 1.0)), arrival("2", value(1, 2.0, quantity="smell"))
    with pytest.raises(UnitError):
        ledger.write(Batch(arrivals=[good, wrong]), 5)
    written = ledger.write(Batch(arrivals=[good]), 6)
    assert (written.arrivals[0].new, written.arrivals[0].seq, written.cursor) == (True, 1, 1)
    assert [(row.value, row.time_ms) for row in reader.newest()] == [(1.0, 60_000)]
    assert reader.counters()["frames_stored"] == 1


def test_only_one_process_writes(url: str, ledger: Ledger) -> None:
    with pytest.raises(StoreError, match="another process is writing"):
        Ledger(url)
    ledger.close()
    Ledger(url).close()


def test_numbers_go_on_after_a_restart(url: str, ledger: Ledger) -> None:
    ledger.write(Batch(arrivals=[arrival("1", value(0, 1.0))]), 5)
    ledger.close()
    again = Ledger(url)
    written = again.write(Batch(arrivals=[arrival("2", value(1, 1.0))]), 6)
    again.close()
    assert (written.arrivals[0].seq, written.cursor) == (2, 2)


def test_the_values_event_is_the_wire_s(ledger: Ledger, reader: LedgerReader) -> None:
    batch = Batch(
        arrivals=[
            arrival("1", value(0, 1.5), received_ms=70),
            arrival("2", value(5, None, mark=Mark.FAULT, checks=Check.NOT_A_NUMBER), received_ms=90),
        ]
    )
    ledger.write(batch, 100)
    (event,) = reader.events(0)
    assert (event.seq, event.time_ms, event.kind) == (1, 100, "values")
    common = {"s": KEY, "o": "simulated"}
    assert event.data() == {
        "received_ms": 90,
        "values": [
            {**common, "t": 0, "v": 1.5, "q": "good", "m": "N", "c": 0},
            {**common, "t": 5, "v": None, "q": "missing", "m": "D", "c": 1},
        ],
    }


def test_values_that_are_not_the_newest_are_stored_without_an_event(
    ledger: Ledger, reader: LedgerReader
) -> None:
    ledger.write(Batch(arrivals=[arrival("1", value(10, 1.0))]), 5)
    ledger.write(Batch(arrivals=[arrival("2", value(5, 2.0), value(10, 3.0, interval_ms=60_000))]), 6)
    assert reader.cursor() == 1
    assert [row.time_ms for row in reader.series(KEY, 0, 100)] == [5, 10]


def test_a_clock_that_was_ahead_does_not_hide_what_comes_after(
    url: str, ledger: Ledger, reader: LedgerReader
) -> None:
    ahead = value(3_600_000, 9.0, checks=Check.CLOCK_DRIFT)
    ledger.write(Batch(arrivals=[arrival("1", ahead, received_ms=10_000)]), 10_000)
    assert [row.value for row in reader.newest()] == [9.0]
    ledger.write(Batch(arrivals=[arrival("2", value(11_000, 1.0), received_ms=11_050)]), 11_050)
    assert [row.value for row in reader.newest()] == [1.0]
    assert reader.cursor() == 2, "screens are told"
    ledger.close()
    with closing(Ledger(url)) as again:
        again.write(Batch(arrivals=[arrival("3", value(10_500, 7.0), received_ms=12_000)]), 12_000)
        assert [row.value for row in reader.newest()] == [1.0], "late data stay behind"


def test_an_impossible_time_is_never_the_newest(ledger: Ledger, reader: LedgerReader) -> None:
    far = value(9_999_999, 5.0, checks=Check.TIME_OUT_OF_WINDOW)
    ledger.write(Batch(arrivals=[arrival("1", value(10, 1.0)), arrival("2", far)]), 5)
    assert [row.time_ms for row in reader.newest()] == [10]
    assert [row.time_ms for row in reader.newest(10**9)] == [10]
    span = reader.span()
    assert span is not None
    assert (span.from_ms, span.to_ms) == (10, 10)
    assert len(reader.series(KEY, 0, 10**9)) == 2, "it is stored all the same"


def test_the_ring_is_bounded_and_its_numbers_go_on(url: str) -> None:
    ledger = Ledger(url, event_ring=20)
    for index in range(100):
        ledger.write(Batch(arrivals=[arrival(str(index), value(index, 1.0))]), index)
    reader = LedgerReader(url)
    assert reader.cursor() == 100
    assert 20 <= 100 - reader.oldest() + 1 <= 22
    assert [row.seq for row in reader.events(95)] == [96, 97, 98, 99, 100]
    assert [row.seq for row in reader.events(95, limit=2)] == [96, 97]
    reader.close()
    ledger.close()


def test_the_ring_is_bounded_in_bytes_too(tmp_path: Path) -> None:
    engine = writer_engine(sqlite_url(tmp_path / "ring.sqlite"))
    upgrade(engine, Kind.LEDGER)
    with engine.begin() as connection:
        ring = EventRing(connection, EVENT, 1_000, size_bytes=10_000)
    for index in range(60):
        with engine.begin() as connection:
            ring.append(connection, [(index, "values", "x" * 500)])
            kept = connection.execute(sa.select(EVENT.c.seq).order_by(EVENT.c.seq)).scalars().all()
        assert kept[-1] == index + 1
        assert len(kept) <= 22
    assert len(kept) >= 20
    with engine.begin() as connection:
        ring.append(connection, [(99, "values", "x" * 50_000)])
        assert connection.execute(sa.select(EVENT.c.seq)).scalars().all() == [61], "the newest always stays"
    engine.dispose()


def test_a_large_batch_makes_several_events(ledger: Ledger, reader: LedgerReader) -> None:
    ledger.write(Batch(arrivals=[arrival("1", *(value(i, 1.0) for i in range(2_500)))]), 5)
    events = reader.events(0)
    assert [len(row.data()["values"]) for row in events] == [1_000, 1_000, 500]
    times = [item["t"] for row in events for item in row.data()["values"]]
    assert times == list(range(2_500))


def test_device_events_come_with_a_change_of_state_only(ledger: Ledger, reader: LedgerReader) -> None:
    ledger.register([device(0)])
    (known,) = reader.devices()
    assert (known.status, known.last_seen_ms) == (DeviceStatus.NEVER, None)

    def state(status: DeviceStatus, seen_ms: int) -> DeviceState:
        return DeviceState(
            mn=known.mn,
            sensor_id="W0",
            station_id="S1",
            status=status,
            last_seen_ms=seen_ms,
            interval_s=5.0,
            origin=Origin.SIMULATED,
            peer="p",
        )

    for status, seen_ms in ((DeviceStatus.ONLINE, 1), (DeviceStatus.ONLINE, 2), (DeviceStatus.SILENT, 2)):
        ledger.write(Batch(devices=[state(status, seen_ms)]), seen_ms)
    assert reader.devices() == (state(DeviceStatus.SILENT, 2),)
    assert [json.loads(row.payload)["state"] for row in reader.events(0)] == ["online", "silent"]
    assert reader.events(0)[0].data() == state(DeviceStatus.ONLINE, 1).payload()


def test_registering_makes_the_series_and_keeps_the_state(ledger: Ledger, reader: LedgerReader) -> None:
    ledger.register([device(0), device(1)])
    ledger.register([device(0), device(1)])
    rows = {row.key: (row.si_unit, row.origin) for row in reader.series_rows()}
    assert rows == {
        "W0/wind_speed": ("m/s", Origin.SIMULATED),
        "W0/wind_from": ("deg", Origin.SIMULATED),
        "B1/conc:hf": ("kg/m3", Origin.SIMULATED),
    }
    with pytest.raises(StoreError, match="give it another MN"):
        ledger.register([device(0, origin=Origin.MEASURED)])


def test_quarantine_keeps_each_body_once(ledger: Ledger, reader: LedgerReader) -> None:
    one, two = frame("1", mn="UNKNOWN"), frame("2", mn="UNKNOWN")
    first = ledger.write(Batch(quarantined=[(one, "unknown_device"), (one, "unknown_device")]), 5)
    second = ledger.write(Batch(quarantined=[(two, "wrong_password"), (one, "unknown_device")]), 6)
    assert [row.new for row in first.quarantined + second.quarantined] == [True, False, True, False]
    rows = reader.quarantined()
    assert [(row.reason, row.segment) for row in rows] == [
        ("wrong_password", two.segment),
        ("unknown_device", one.segment),
    ]
    assert reader.frames() == ()


def test_line_errors_add_up_over_restarts(url: str, ledger: Ledger) -> None:
    def error(count: int, at_ms: int) -> LineErrorCount:
        return LineErrorCount(
            kind="bad_crc", count=count, first_ms=at_ms, last_ms=at_ms, last_peer="p", last_detail=str(at_ms)
        )

    ledger.write(Batch(line_errors=[error(2, 10)]), 10)
    ledger.close()
    again, reader = Ledger(url), LedgerReader(url)
    again.write(Batch(line_errors=[error(3, 20)]), 20)
    (row,) = reader.line_errors()
    assert (row.count, row.first_ms, row.last_ms, row.last_detail) == (5, 10, 20, "20")
    again.close()
    reader.close()


def test_beat_and_commit_times_can_be_read(ledger: Ledger, reader: LedgerReader) -> None:
    ledger.write(Batch(arrivals=[arrival("1")]), 100)
    ledger.beat(2_100)
    beat = reader.beat()
    assert beat is not None
    assert (beat.process, beat.beat_ms) == ("ingest", 2_100)
    counters = reader.counters()
    assert counters["commit_seconds_count"] == 1
    assert counters["commit_seconds_le:2.5"] >= counters["commit_seconds_le:0.005"]
    assert counters["commit_seconds_sum"] > 0
