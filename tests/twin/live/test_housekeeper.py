"""The store looks after itself: backups when they are due, closed months moved beside live data."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.arrivals import arrival, frame, value
from tests.support.small_park import small_park
from twin.core.clock import DAY_MS, FixedClock
from twin.core.errors import StoreError
from twin.live import housekeeper
from twin.live.gate import Gate
from twin.live.housekeeper import Housekeeper
from twin.live.parts import Parts
from twin.live.registry import SceneRegistry
from twin.live.settings import Settings, load_settings
from twin.live.sink import LedgerSink
from twin.store.acts_reader import all_acts
from twin.store.archiver import RecordMonth, month_start, write_month
from twin.store.backup import newest_backup
from twin.store.ledger import Batch, Ledger
from twin.store.reader import LedgerReader

MONTH = "2026-08"
T0_MS = month_start(MONTH)
NOW_MS = month_start("2026-11") + DAY_MS
KEY = "W1/wind_speed"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(data_dir=tmp_path / "data", backup_interval_h=24.0)


@pytest.fixture
def ledger(settings: Settings) -> Iterator[Ledger]:
    with closing(Ledger(settings.ledger)) as made:
        rows = [
            arrival(str(i), value(T0_MS + i * DAY_MS, float(i)), received_ms=T0_MS + i * DAY_MS)
            for i in range(70)
        ]
        made.write(Batch(arrivals=rows), NOW_MS)
        yield made


async def with_house(settings: Settings, ledger: Ledger, clock: FixedClock, work) -> None:
    park = small_park()
    registry = SceneRegistry(park.devices, {row.mn: "" for row in park.devices})
    sink = LedgerSink(ledger, Gate(registry=registry, utc_offset_h=0.0), clock, group_commit_ms=0.0)
    done = sink.start()
    with closing(LedgerReader(settings.ledger, settings.archive)) as reader:
        try:
            await work(Housekeeper(settings, sink, reader, clock), sink, reader)
        finally:
            sink.close()
            await done


def test_a_backup_is_made_when_it_is_due(settings: Settings, ledger: Ledger) -> None:
    async def work(house: Housekeeper, sink: LedgerSink, reader: LedgerReader) -> None:
        assert house.backup_is_due()
        before = reader.frames_after(0)
        await house.look()
        made = newest_backup(settings.backups)
        assert made is not None
        clock.move_to(made.made_ms + 23 * 3_600_000)
        assert not house.backup_is_due()
        clock.move_to(made.made_ms + 24 * 3_600_000)
        assert house.backup_is_due()
        assert reader.frames_after(0) == before, "what was moved on the way is still answered"

    clock = FixedClock(NOW_MS)
    asyncio.run(with_house(settings, ledger, clock, work))


def test_closed_months_move_while_frames_arrive(settings: Settings, ledger: Ledger) -> None:
    async def work(house: Housekeeper, sink: LedgerSink, reader: LedgerReader) -> None:
        before = reader.frames_after(0), reader.series(KEY, 0, NOW_MS)
        moving = asyncio.create_task(house.look())
        sent = 0
        while not moving.done():
            receipt = await sink.accept(frame(f"live{sent}", mn="M-unknown", received_ms=NOW_MS))
            sent += 1
            assert receipt.status == "stored"
            await asyncio.sleep(0.02)
        await moving
        assert sent > 3
        assert {path.name for path in settings.archive.iterdir()} == {MONTH, "2026-09"}
        frames = reader.frames_after(0)
        assert frames[: len(before[0])] == before[0]
        assert len(frames) == len(before[0]) + sent
        assert reader.series(KEY, 0, NOW_MS) == before[1]

    asyncio.run(with_house(settings, ledger, FixedClock(NOW_MS), work))


def test_a_move_that_was_cut_off_is_finished(settings: Settings, ledger: Ledger) -> None:
    manifest = write_month(settings.ledger, settings.archive, MONTH, NOW_MS)
    ledger.write(Batch(deeds=[RecordMonth(manifest=manifest)]), NOW_MS)

    async def work(house: Housekeeper, sink: LedgerSink, reader: LedgerReader) -> None:
        clock.move_to(month_start("2026-10") + DAY_MS)  # only August is closed
        before = reader.frames_after(0)
        await house.look()
        with reader.snapshot() as connection:
            first = connection.exec_driver_sql("SELECT min(seq) FROM raw_frame").scalar()
        assert first == manifest.about["last_seq"] + 1
        assert reader.frames_after(0) == before

    clock = FixedClock(NOW_MS)
    asyncio.run(with_house(settings, ledger, clock, work))


def test_a_month_that_cannot_be_archived_holds_up_no_backup(settings: Settings, ledger: Ledger) -> None:
    settings.archive.parent.mkdir(parents=True, exist_ok=True)
    settings.archive.write_text("a file where the folder should be")

    async def work(house: Housekeeper, sink: LedgerSink, reader: LedgerReader) -> None:
        parts = Parts(sink, clock)
        house.start(parts, 0.0)
        async with asyncio.timeout(60):
            while newest_backup(settings.backups) is None or parts.alive()["archive"]:
                await asyncio.sleep(0.05)
        assert parts.alive() == {"backup": True, "archive": False, "prune": True}
        await house.close()
        await parts.close()
        with reader.snapshot() as connection:
            (act,) = [row for row in all_acts(connection) if row.kind == "part.failed"]
        assert "store write-month 2026-08 ended with code" in act.body["error"]

    clock = FixedClock(NOW_MS)
    asyncio.run(with_house(settings, ledger, clock, work))


def test_a_full_disk_ends_no_part_for_ever(settings: Settings, ledger: Ledger, monkeypatch) -> None:
    tried: list[float] = []

    async def full(self: Housekeeper) -> None:
        tried.append(1)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Housekeeper, "back_up", full)
    monkeypatch.setattr(housekeeper, "FIRST_PAUSE_S", 0.01)

    async def work(house: Housekeeper, sink: LedgerSink, reader: LedgerReader) -> None:
        parts = Parts(sink, FixedClock(NOW_MS))
        house.start(parts, 0.0)
        async with asyncio.timeout(30):
            while len(tried) < 3:
                await asyncio.sleep(0.01)
        await house.close()
        await parts.close()

    asyncio.run(with_house(settings, ledger, FixedClock(month_start("2026-09")), work))


def test_a_child_that_fails_is_told(settings: Settings, ledger: Ledger) -> None:
    settings.backups.parent.mkdir(parents=True, exist_ok=True)
    settings.backups.write_text("a file where the folder should be")

    async def work(house: Housekeeper, sink: LedgerSink, reader: LedgerReader) -> None:
        with pytest.raises(StoreError, match="store backup --quiet ended with code"):
            await house.look()

    asyncio.run(with_house(settings, ledger, FixedClock(month_start("2026-09")), work))
