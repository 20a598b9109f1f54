"""What ingest writes about itself, what it signs, and what reaches the second place."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sqlite3
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.arrivals import arrival
from tests.support.small_park import small_park
from twin.core.actor import Role
from twin.core.clock import DAY_MS, FixedClock
from twin.core.errors import SettingsError
from twin.core.park import Park
from twin.live.diary import told_settings
from twin.live.evidence_copy import append_copies, newest_copy, read_copies
from twin.live.evidence_key import KEY_FILE, ensure_key, is_signed, read_public_key
from twin.live.evidence_room import evidence_room
from twin.live.gate import Gate
from twin.live.local_notes import FOLDER, leave_note, waiting_notes
from twin.live.notary import Notary
from twin.live.operators import OPERATORS_FILE, add_operator, remove_operator
from twin.live.registry import SceneRegistry
from twin.live.settings import Settings
from twin.live.sink import LedgerSink
from twin.live.verification import verify_evidence
from twin.store.acts_reader import acts_before
from twin.store.ledger import Batch, Ledger
from twin.store.reader import LedgerReader

T0_MS = 1_795_300_000_000


@asynccontextmanager
async def room(
    settings: Settings, clock: FixedClock, *, park: Park | None = None
) -> AsyncIterator[tuple[Notary, LedgerReader]]:
    """The evidence room over a ledger, without instruments."""
    park = park or small_park()
    ledger, reader = Ledger(settings.ledger), LedgerReader(settings.ledger)
    sink = LedgerSink(ledger, Gate(registry=SceneRegistry(park.devices, {}), utc_offset_h=8.0), clock)
    done = sink.start()
    try:
        async with evidence_room(settings, park, sink, reader, clock) as notary:
            yield notary, reader
    finally:
        sink.close()
        await done
        reader.close()
        ledger.close()


def kinds(reader: LedgerReader) -> list[str]:
    return [row.kind for row in reversed(acts_before(reader, limit=500))]


def test_a_run_is_told_from_its_start_to_its_end(tmp_path: Path) -> None:
    settings, clock = Settings(data_dir=tmp_path), FixedClock(T0_MS)

    async def story() -> None:
        async with room(settings, clock) as (_, reader):
            assert sorted(kinds(reader)) == ["device.changed"] * 4 + ["ingest.started", "settings.changed"]
        async with room(settings, clock) as (_, reader):
            assert kinds(reader)[-2:] == ["ingest.stopped", "ingest.started"]
            assert kinds(reader).count("settings.changed") == 1, "only when something is set otherwise"

    asyncio.run(story())


def test_what_is_set_otherwise_is_told_with_before_and_now(tmp_path: Path) -> None:
    clock = FixedClock(T0_MS)

    async def story() -> None:
        async with room(Settings(data_dir=tmp_path), clock):
            pass
        park = small_park()
        first = park.devices[0]
        factors = (replace(first.factors[0], high=999.0), *first.factors[1:])
        changed = replace(park, devices=(replace(first, factors=factors), *park.devices[1:3]))
        async with room(Settings(data_dir=tmp_path, max_connections=7), clock, park=changed) as (_, reader):
            (settings,) = acts_before(reader, kind="settings.changed", limit=1)
            assert settings.body["changed"] == {"max_connections": {"before": 512, "now": 7}}
            assert settings.actor == "system"
            devices = {
                row.body["mn"]: row.body for row in acts_before(reader, kind="device.changed", limit=2)
            }
            assert devices[first.mn]["now"]["factors"][0]["high"] == 999.0
            assert devices[first.mn]["before"]["factors"][0]["high"] == 60.0
            assert devices[park.devices[3].mn]["now"] is None, "one that is gone"

    asyncio.run(story())


def test_no_password_is_ever_written_down() -> None:
    url = "postgresql+psycopg://park:hush@db/park"
    told = told_settings(Settings(ledger_url=url))
    assert told["ledger_url"] == "postgresql+psycopg://***@db/park"
    assert "hush" not in json.dumps(told)


def test_a_run_that_was_killed_is_told_by_the_next(tmp_path: Path) -> None:
    clock, kept = FixedClock(T0_MS), tmp_path / "kept" / "ledger.sqlite"
    kept.parent.mkdir()

    async def story() -> None:
        async with room(Settings(data_dir=tmp_path), clock):
            # What the file is in the middle of a run is what a kill leaves.
            source, target = sqlite3.connect(tmp_path / "ledger.sqlite"), sqlite3.connect(kept)
            with closing(source), closing(target):
                source.backup(target)
        async with room(Settings(data_dir=kept.parent), clock) as (_, reader):
            assert kinds(reader)[-3:-1] == ["ingest.recovered", "ingest.started"]
            assert "ingest.stopped" not in kinds(reader)

    asyncio.run(story())


def test_people_who_come_and_go_are_told_without_their_tokens(tmp_path: Path) -> None:
    settings, clock = Settings(data_dir=tmp_path), FixedClock(T0_MS)
    token = add_operator(tmp_path / OPERATORS_FILE, "li", Role.REVIEWER)

    async def once() -> dict[str, object]:
        async with room(settings, clock) as (_, reader):
            (newest,) = acts_before(reader, kind="operators.changed", limit=1)
            everything = "".join(row.text for row in acts_before(reader, limit=500))
            assert token not in everything
            assert "token_sha256" not in everything
            return newest.body

    now = asyncio.run(once())["now"]
    assert isinstance(now, list)
    assert [(row["name"], row["role"]) for row in now] == [("li", "reviewer")]
    remove_operator(tmp_path / OPERATORS_FILE, "li")
    other = add_operator(tmp_path / OPERATORS_FILE, "li", Role.REVIEWER)
    assert other != token
    again = asyncio.run(once())
    assert again["before"] == now
    assert again["now"] != now, "a new token shows"
    (tmp_path / OPERATORS_FILE).chmod(0o644)
    assert str(asyncio.run(once())["now"]).startswith("unusable")


def test_commands_beside_ingest_leave_notes(tmp_path: Path) -> None:
    settings, clock = Settings(data_dir=tmp_path), FixedClock(T0_MS)
    leave_note(tmp_path, "backup_made", {"file": "x"})
    (tmp_path / FOLDER / "1-bad.json").write_text("{}")
    (tmp_path / FOLDER / "2-bad.json").write_text('{"kind": "B A D", "time_ms": 1, "user": "u", "body": {}}')

    async def story() -> None:
        async with room(settings, clock) as (_, reader):
            (found,) = acts_before(reader, kind="local", limit=5)
            assert (found.kind, found.body) == ("local.backup_made", {"file": "x"})
            assert found.actor.startswith("os:")

    asyncio.run(story())
    assert waiting_notes(tmp_path) == []
    assert sorted(row.suffix for row in (tmp_path / FOLDER).iterdir()) == [".bad", ".bad"]


def test_a_checkpoint_for_every_minute_with_news_and_every_day(tmp_path: Path) -> None:
    settings, clock = Settings(data_dir=tmp_path), FixedClock(T0_MS)

    async def story() -> None:
        async with room(settings, clock) as (notary, reader):
            first = await notary.checkpoint()
            assert first is not None
            assert (first.seq, first.frames.size, first.acts.size) == (1, 0, 6)
            assert is_signed(notary.public_key, first.text, first.signature)
            assert await notary.checkpoint() is None, "nothing new"
            clock.move_to(T0_MS + DAY_MS)
            second = await notary.checkpoint()
            assert second is not None, "another day"
            assert (second.seq, second.previous) == (2, first.sha256)
        report, _ = verify_evidence(
            settings, LedgerReader(settings.ledger), notary.public_key, now_ms=T0_MS + DAY_MS
        )
        assert report.is_good
        assert report.checkpoints == report.copies == 3, "and one at the end"

    asyncio.run(story())


def test_the_last_checkpoint_covers_the_end_of_the_run(tmp_path: Path) -> None:
    settings, clock = Settings(data_dir=tmp_path), FixedClock(T0_MS)

    async def story() -> None:
        async with room(settings, clock):
            pass

    asyncio.run(story())
    newest = newest_copy(settings.evidence_copy)
    assert newest is not None
    reader = LedgerReader(settings.ledger)
    (last,) = acts_before(reader, limit=1)
    assert (last.kind, last.seq) == ("ingest.stopped", newest.acts.size)
    assert last.hash == newest.acts.head
    reader.close()


def test_a_copy_that_cannot_be_written_is_made_good_later(tmp_path: Path) -> None:
    place = tmp_path / "elsewhere"
    place.write_text("no folder")
    settings = Settings(data_dir=tmp_path / "data", evidence_copy_dir=place / "copy")
    clock = FixedClock(T0_MS)

    async def story() -> None:
        async with room(settings, clock) as (notary, _):
            assert await notary.checkpoint() is not None, "no disk elsewhere is no reason not to sign"
            clock.move_to(T0_MS + DAY_MS)
            assert await notary.checkpoint() is not None
            place.unlink()
            clock.move_to(T0_MS + 2 * DAY_MS)
            assert await notary.checkpoint() is not None
            assert [row.seq for row in read_copies(settings.evidence_copy)] == [1, 2, 3]

    asyncio.run(story())


def test_a_torn_line_of_the_copy_harms_no_other(tmp_path: Path) -> None:
    settings, clock = Settings(data_dir=tmp_path), FixedClock(T0_MS)

    async def day(number: int) -> None:
        clock.move_to(T0_MS + number * DAY_MS)
        async with room(settings, clock):
            pass

    asyncio.run(day(0))
    (file,) = settings.evidence_copy.iterdir()
    with file.open("ab") as out:
        out.write(b'{"body": "{\\"acts')
    asyncio.run(day(1))
    assert [row.seq for row in read_copies(settings.evidence_copy)] == [1, 2]
    append_copies(settings.evidence_copy, [])


def test_a_ledger_that_is_shorter_than_its_copy_is_told(tmp_path: Path) -> None:
    settings, clock = Settings(data_dir=tmp_path), FixedClock(T0_MS)

    async def run() -> list[str]:
        async with room(settings, clock) as (_, reader):
            return kinds(reader)

    asyncio.run(run())
    shutil.copy(tmp_path / "ledger.sqlite", tmp_path / "old.sqlite")
    assert "evidence.doubt" not in asyncio.run(run())
    for row in tmp_path.glob("ledger.sqlite-*"):
        row.unlink()
    shutil.copy(tmp_path / "old.sqlite", tmp_path / "ledger.sqlite")
    assert "evidence.doubt" in asyncio.run(run())


def test_the_key_is_its_owners_and_is_made_once(tmp_path: Path) -> None:
    assert read_public_key(tmp_path) is None
    made = ensure_key(tmp_path)
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    assert ensure_key(tmp_path).public == made.public == read_public_key(tmp_path)
    assert is_signed(made.public, "text", made.sign("text"))
    assert not is_signed(made.public, "other", made.sign("text"))
    assert not is_signed(b"short", "text", made.sign("text"))
    (tmp_path / KEY_FILE).chmod(0o640)
    with pytest.raises(SettingsError, match="600"):
        ensure_key(tmp_path)
    (tmp_path / KEY_FILE).chmod(0o600)
    (tmp_path / KEY_FILE).write_text("no key")
    with pytest.raises(SettingsError, match="cannot be used"):
        ensure_key(tmp_path)
    assert os.listdir(tmp_path) == [KEY_FILE]  # noqa: PTH208 - no draft is left


def test_frames_are_under_the_tree(tmp_path: Path) -> None:
    settings, clock = Settings(data_dir=tmp_path), FixedClock(T0_MS)

    ledger = Ledger(settings.ledger)
    ledger.write(Batch(arrivals=[arrival(str(number)) for number in range(13)]), T0_MS)
    ledger.close()

    async def story() -> None:
        async with room(settings, clock) as (notary, reader):
            made = await notary.checkpoint()
            assert made is not None
            assert made.frames.size == 13
            assert made.frames.head == reader.frames_after(12)[0].chain

    asyncio.run(story())
