"""From socket to ledger in one process: answers after the commit, states, refusals, errors."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from sensors.hj212.frame import frame
from tests.support.logger_line import Line, segment_for
from tests.support.small_park import mn_of, small_park
from twin.core.clock import Clock, FixedClock
from twin.core.device import CrcMode
from twin.core.errors import SettingsError, StoreError
from twin.core.observation import Quality
from twin.core.park import Park
from twin.live.ingest import ingest
from twin.live.passwords import read_passwords
from twin.live.settings import Settings
from twin.store.catalog import OriginConflictError
from twin.store.ledger import Batch, Ledger
from twin.store.reader import LedgerReader


def settings_for(folder: Path, port: int = 0) -> Settings:
    if port:
        return Settings(data_dir=folder, hj212_port=port)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return Settings(data_dir=folder, hj212_port=probe.getsockname()[1])


@asynccontextmanager
async def running(settings: Settings, park: Park, clock: Clock | None = None) -> AsyncIterator[LedgerReader]:
    stop, ready = asyncio.Event(), asyncio.Event()
    told = ingest(settings, park, clock=clock, stop=stop, on_ready=lambda _port: ready.set())
    task = asyncio.create_task(told)
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED, timeout=30)
    waiting.cancel()
    if task.done():
        await task
    reader = LedgerReader(settings.ledger)
    try:
        yield reader
    finally:
        stop.set()
        await asyncio.wait_for(task, 30)
        reader.close()


async def until(truth: Callable[[], bool], what: str) -> None:
    for _ in range(600):
        if truth():
            return
        await asyncio.sleep(0.02)
    pytest.fail(f"never came: {what}")


def segments(folder: Path, number: int, count: int, **more: str) -> dict[str, bytes]:
    password = read_passwords(folder / "passwords.toml")[mn_of(number)]
    start_ms = time.time_ns() // 1_000_000 // 1000 * 1000 - count * 1000
    rows = [segment_for(number, index, start_ms, password, **more) for index in range(count)]
    return {row[3:20].decode(): row for row in rows}


def test_what_is_answered_is_stored_and_said(tmp_path: Path) -> None:
    async def story() -> None:
        settings = settings_for(tmp_path)
        async with running(settings, small_park(2)) as reader:
            sent = segments(tmp_path, 0, 20)
            line = Line(settings.hj212_port, sent)
            await line.run()
            assert line.answered == set(sent)
            stored = reader.frames_after(0)
            assert {row.qn: row.segment for row in stored} == sent
            speeds = reader.series("W0/wind_speed", 0, 2**62)
            assert [row.value for row in speeds] == pytest.approx([1 + index / 10 for index in range(20)])
            assert {row.quality for row in speeds} == {Quality.GOOD}
            told = [
                value
                for event in reader.events(0)
                if event.kind == "values"
                for value in event.data()["values"]
            ]
            assert len(told) == 40
            again = Line(settings.hj212_port, sent)
            await again.run()
            assert again.answered == set(sent), "a frame sent again is answered again"
            assert reader.frames_after(0) == stored
            assert reader.counters()["frames_duplicate"] == 20

    asyncio.run(story())


def test_devices_come_and_go(tmp_path: Path) -> None:
    async def story() -> None:
        settings = settings_for(tmp_path)
        async with running(settings, small_park(2, interval_s=0.3)) as reader:

            def state() -> str:
                return next(row.status.value for row in reader.devices() if row.mn == mn_of(0))

            assert state() == "never"
            segment = next(iter(segments(tmp_path, 0, 1).values()))
            _, writer = await asyncio.open_connection("127.0.0.1", settings.hj212_port)
            writer.write(frame(segment, CrcMode.HJ212))
            await until(lambda: state() == "online", "online")
            await until(lambda: state() == "silent", "silent")
            writer.close()
            await until(lambda: state() == "offline", "offline")
            states = [event.data()["state"] for event in reader.events(0) if event.kind == "device"]
            assert states == ["online", "silent", "offline"]
            assert {row.status.value for row in reader.devices()} == {"offline", "never"}

    asyncio.run(story())


def test_strangers_and_noise_are_counted_and_kept_apart(tmp_path: Path) -> None:
    async def story() -> None:
        settings = settings_for(tmp_path)
        async with running(settings, small_park(2)) as reader:
            good = next(iter(segments(tmp_path, 1, 1).values()))
            stranger = good.replace(mn_of(1).encode(), mn_of(7).encode())
            intruder = segment_for(1, 5, 1_795_000_000_000, "wrong1")
            broken = bytearray(frame(good, CrcMode.HJ212))
            broken[40] ^= 1
            _, writer = await asyncio.open_connection("127.0.0.1", settings.hj212_port)
            for row in (
                frame(stranger, CrcMode.HJ212),
                frame(intruder, CrcMode.HJ212),
                bytes(broken),
                b"noise",
            ):
                writer.write(row)
            writer.write(frame(good, CrcMode.HJ212))
            await until(lambda: len(reader.frames()) == 1, "the good frame")
            await until(lambda: len(reader.quarantined()) == 2, "both in quarantine")
            kinds = {row.reason: row.segment for row in reader.quarantined()}
            assert kinds == {"unknown_device": stranger, "wrong_password": intruder}
            writer.close()
            await until(lambda: "bad_crc" in {row.kind for row in reader.line_errors()}, "the errors")
            assert {"bad_crc", "unknown_device", "wrong_password"} <= {
                row.kind for row in reader.line_errors()
            }

    asyncio.run(story())


def test_a_frame_that_makes_no_sense_is_stored_all_the_same(tmp_path: Path) -> None:
    async def story() -> None:
        settings = settings_for(tmp_path)
        async with running(settings, small_park(2)) as reader:
            odd = segments(tmp_path, 0, 2)
            first, second = list(odd)
            odd[first] = odd[first].replace(b"DataTime=20", b"DataTime=99").replace(b"a01008", b"a99999")
            odd[second] = odd[second].replace(b"-Rtd=", b"-Rtd=NaN")
            await Line(settings.hj212_port, odd).run()
            faults = {row.qn: row.fault for row in reader.frames()}
            assert faults == {first: "time_out_of_window", second: ""}
            await until(lambda: len(reader.line_errors()) == 2, "the counts")
            assert {row.kind for row in reader.line_errors()} == {"time_out_of_window", "unknown_factor"}
            assert {row.quality for row in reader.newest()} == {Quality.MISSING}

    asyncio.run(story())


def test_a_conflict_of_origin_costs_the_values_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_ledger: Ledger, arrival: object) -> None:
        msg = "series W0/wind_speed is measured"
        raise OriginConflictError(msg)

    async def story() -> None:
        settings = settings_for(tmp_path)
        async with running(settings, small_park(2)) as reader:
            monkeypatch.setattr(Ledger, "check", refuse)
            sent = segments(tmp_path, 0, 3)
            line = Line(settings.hj212_port, sent)
            await line.run()
            assert line.answered == set(sent)
            assert {row.fault for row in reader.frames()} == {"OriginConflictError"}
            assert reader.newest() == ()

    asyncio.run(story())


def test_what_cannot_be_stored_is_not_answered_and_comes_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        settings = settings_for(tmp_path)
        async with running(settings, small_park(2)) as reader:
            real, failures = Ledger.write, [0]

            def full(ledger: Ledger, batch: Batch, now_ms: int) -> object:
                if batch.arrivals and failures[0] < 2:
                    failures[0] += 1
                    msg = "disk full"
                    raise StoreError(msg)
                return real(ledger, batch, now_ms)

            monkeypatch.setattr(Ledger, "write", full)
            sent = segments(tmp_path, 0, 5)
            line = Line(settings.hj212_port, sent)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(line.run(), 1.0)
            assert line.answered == set()
            assert reader.frames() == ()
            while line.pending:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(line.run(), 1.0)
            assert len(reader.frames()) == 5
            await until(lambda: "store_failed" in {row.kind for row in reader.line_errors()}, "the count")

    asyncio.run(story())


def test_an_error_of_the_writer_ends_the_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_ledger: Ledger, batch: Batch, now_ms: int) -> object:
        msg = "a bug"
        raise RuntimeError(msg)

    async def story() -> None:
        settings = settings_for(tmp_path)
        async with running(settings, small_park(2)):
            monkeypatch.setattr(Ledger, "write", broken)
            line = asyncio.create_task(Line(settings.hj212_port, segments(tmp_path, 0, 1)).run())
            await asyncio.sleep(1.0)
            line.cancel()

    with pytest.raises(RuntimeError, match="a bug"):
        asyncio.run(story())


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        settings = settings_for(tmp_path, other.getsockname()[1])
        with pytest.raises(SettingsError, match="PARK_TWIN_HJ212_PORT") as caught:
            asyncio.run(ingest(settings, small_park(2), stop=asyncio.Event()))
    assert caught.value.field == "hj212_port"
    Ledger(settings.ledger).close()


def test_ingest_shows_that_it_lives(tmp_path: Path) -> None:
    async def story() -> None:
        settings = settings_for(tmp_path)
        async with running(settings, small_park(2)) as reader:
            await until(lambda: reader.beat() is not None, "the first sign of life")
            first = reader.beat()
            assert first is not None
            await until(lambda: (reader.beat() or first).beat_ms > first.beat_ms, "the second")

    asyncio.run(story())


def test_a_clock_that_is_set_back_does_not_silence_ingest(tmp_path: Path) -> None:
    async def story() -> None:
        clock = FixedClock(7_200_000)
        async with running(settings_for(tmp_path), small_park(1), clock) as reader:
            await until(lambda: reader.beat() is not None, "the first sign of life")
            clock.move_to(3_600_000)
            await until(lambda: (row := reader.beat()) is not None and row.beat_ms == 3_600_000, "the next")

    asyncio.run(story())
