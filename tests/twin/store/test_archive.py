"""Months in files: every question is answered as before the move, and nothing goes without its copy."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.support import postgres
from tests.support.arrivals import arrival, value
from tests.support.both_stores import BACK_ENDS, empty_ledger
from twin.core.clock import DAY_MS
from twin.core.errors import BadRequestError, StoreError
from twin.core.observation import Check, Mark
from twin.store import ledger_schema as t
from twin.store.archive_reader import OBSERVATION_FILE, month_of
from twin.store.archive_schema import ARCHIVED_MONTH
from twin.store.archiver import (
    DropFrames,
    RecordMonth,
    check_month,
    closed_months,
    month_after,
    month_start,
    page_deeds,
    write_month,
)
from twin.store.backup import BackupPlan, make_backup
from twin.store.engine import sqlite_url, writer_engine
from twin.store.ledger import Batch, Ledger
from twin.store.packer import pack
from twin.store.reader import LedgerReader
from twin.store.restore import ledger_url_of, restore
from twin.store.rows import Step
from twin.store.sealed import read_manifest
from twin.store.tape import Tape
from twin.store.verify import verify_store

MONTH, NEXT = "2026-08", "2026-09"
T0_MS = month_start(MONTH)
END_MS = month_start(NEXT)
NOW_MS = month_start("2026-11") + 10 * DAY_MS
SPEED, FROM = "W1/wind_speed", "W1/wind_from"


@dataclass(kw_only=True)
class Place:
    """A ledger with two months and a half of data, and where its archive goes."""

    url: str
    archive: Path

    def reader(self) -> LedgerReader:
        return LedgerReader(self.url, archive=self.archive)

    def ledger(self) -> Ledger:
        return Ledger(self.url, archive=self.archive)


@pytest.fixture(params=BACK_ENDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with empty_ledger(request.param, tmp_path) as url:
        made = Place(url=url, archive=tmp_path / "archive")
        fill(made)
        yield made


def fill(place: Place) -> None:
    """A value every twelve hours with all kinds of history, packed into pages as the packer does it."""
    with closing(place.ledger()) as ledger:
        rows = []
        for i, time_ms in enumerate(range(T0_MS, END_MS + 40 * DAY_MS, DAY_MS // 2)):
            number = None if i % 7 == 3 else 0.1 * (i % 50)
            mark = Mark.CALIBRATION if i % 11 == 5 else Mark.NORMAL
            checks = Check.RATE if i % 13 == 2 else Check.NONE
            values = [
                value(time_ms, number, mark=mark, checks=checks),
                value(time_ms, float(i * 37 % 360), quantity="wind_from"),
            ]
            if i % 17 == 4:
                values.append(value(time_ms, 99.0))  # another value in the same frame: a version
            rows.append(arrival(str(i), *values, body=str(i), received_ms=time_ms + 1_500 + i))
        impossible = value(5, 3.0, checks=Check.TIME_OUT_OF_WINDOW)
        rows.append(arrival("odd", impossible, received_ms=rows[-1].frame.received_ms + 1))
        ledger.write(Batch(arrivals=rows), NOW_MS)
    pack_all(place)


def pack_all(place: Place) -> None:
    engine = writer_engine(place.url, place.archive)
    with engine.begin() as connection:
        tape = Tape(connection)
        for row in connection.execute(sa.select(t.SERIES.c.id, t.SERIES.c.quantity)).all():
            for day in range(-5, 75, 5):
                start_ms = T0_MS + day * DAY_MS
                span = (0, T0_MS) if day < 0 else (start_ms, start_ms + 5 * DAY_MS)
                pack(connection, tape, row.id, *span, is_direction=row.quantity == "wind_from")
    engine.dispose()


def move(place: Place, month: str = MONTH) -> None:
    """All that the keeper does with a month."""
    manifest = write_month(place.url, place.archive, month, NOW_MS)
    with closing(place.ledger()) as ledger:
        for deed in (RecordMonth(manifest=manifest), *page_deeds(place.archive, month)):
            done(ledger, deed)
        while done(ledger, DropFrames(limit=50)):
            pass


def done(ledger: Ledger, deed: object) -> object:
    result = ledger.write(Batch(deeds=[deed]), NOW_MS).deeds[0]  # type: ignore[list-item]
    if isinstance(result, Exception):
        raise result
    return result


def answers(place: Place) -> dict[str, object]:
    """Everything that a reader can be asked about the past."""
    with closing(place.reader()) as reader:
        moments = [T0_MS - 1, T0_MS, T0_MS + DAY_MS + 77, END_MS - 1, END_MS + DAY_MS, NOW_MS]
        frames = reader.frames_after(0, 10_000)
        return {
            "curves": [reader.series(key, 0, NOW_MS) for key in (SPEED, FROM)],
            "part": reader.series(SPEED, END_MS - 3 * DAY_MS, END_MS + 3 * DAY_MS, 5),
            "versions": [reader.versions(SPEED, T0_MS + i * DAY_MS // 2) for i in range(0, 40, 4)],
            "newest": [reader.newest(at_ms) for at_ms in moments],
            "means": [reader.rollup(key, step, 0, NOW_MS) for key in (SPEED, FROM) for step in Step],
            "span": reader.span(),
            "frames": frames,
            "after": reader.frames_after(frames[60].seq, 7),
            "device": reader.frames_after(0, 10, mn="M1"),
            "newest frames": reader.frames(limit=len(frames) - 3),
            "some": reader.frames_of([1, 3, len(frames)]),
        }


def test_every_answer_is_the_same_after_the_move(place: Place) -> None:
    before = answers(place)
    move(place)
    assert answers(place) == before
    with closing(place.reader()) as reader, reader.snapshot() as connection:
        bodies = connection.execute(sa.select(t.PAGE.c.start_ms, t.PAGE.c.body)).all()
        assert all((month_of(row.body) == MONTH) == (row.start_ms < END_MS) for row in bodies)
        oldest = connection.execute(sa.select(sa.func.min(t.RAW_FRAME.c.received_ms))).scalar_one()
        assert oldest >= END_MS, "the month's raw frames have left the ledger"
    move(place, NEXT)
    assert answers(place) == before, "two months"


def test_a_frame_that_was_archived_is_known_when_it_comes_again(place: Place) -> None:
    first = arrival("0", body="0", received_ms=NOW_MS)
    with closing(place.reader()) as reader:
        known = next(row for row in reader.frames_after(0, 5) if row.qn == "0")
    move(place)
    with closing(place.ledger()) as ledger:
        written = ledger.write(Batch(arrivals=[first, arrival("0", body="other")]), NOW_MS)
        assert [(row.seq, row.new) for row in written.arrivals][0] == (known.seq, False)
        assert written.arrivals[1].new
    with closing(place.reader()) as reader:
        assert reader.frames(limit=1)[0].body_no == 1, "a second body of an archived exchange"


def test_late_values_of_an_archived_month_are_versions_above_it(place: Place) -> None:
    move(place)
    time_ms = T0_MS + 4 * DAY_MS
    with closing(place.reader()) as reader:
        (old,) = reader.versions(SPEED, time_ms)
        before = reader.rollup(SPEED, Step.DAY, time_ms, time_ms + 1)[0]
    same = value(time_ms, old.value.value)
    new = value(time_ms, 7.25)
    between = value(time_ms + 1, 1.0)
    with closing(place.ledger()) as ledger:
        for i, row in enumerate((same, new, between)):
            ledger.write(Batch(arrivals=[arrival(f"late{i}", row, received_ms=NOW_MS)]), NOW_MS)
    for turn in range(2):
        with closing(place.reader()) as reader:
            found = reader.versions(SPEED, time_ms)
            assert [(row.value.version, row.value.value) for row in found] == [
                (0, old.value.value),
                (1, 7.25),
            ]
            curve = {row.time_ms: row.value for row in reader.series(SPEED, time_ms, time_ms + DAY_MS)}
            assert curve[time_ms] == 7.25
            assert curve[time_ms + 1] == 1.0
            day = reader.rollup(SPEED, Step.DAY, time_ms, time_ms + 1)[0]
            assert day.count == before.count + 1, "the old value does not count twice"
            assert day.high == 7.25
        if not turn:
            pack_all(place)
    move(place, NEXT)
    with closing(place.reader()) as reader:
        assert reader.versions(SPEED, time_ms)[1].value.value == 7.25, "moved again with the next month"


def test_the_chain_goes_on_when_all_frames_are_archived(place: Place) -> None:
    with closing(place.reader()) as reader:
        last = reader.frames(limit=1)[0]
    for month in (MONTH, NEXT, "2026-10"):
        move(place, month)
    with closing(place.ledger()) as ledger:
        assert ledger.write(Batch(arrivals=[arrival("after")]), NOW_MS).arrivals[0].seq == last.seq + 1
    with closing(place.reader()) as reader:
        assert reader.frames_after(last.seq - 1)[0].chain == last.chain


def test_a_backup_brings_the_archive_back(place: Place, tmp_path: Path) -> None:
    before = answers(place)
    move(place)
    plan = BackupPlan(
        data_dir=place.archive.parent,
        ledger_url=place.url,
        results_url=sqlite_url(tmp_path / "results.sqlite"),
        to=tmp_path / "backup",
    )
    copies = [make_backup(plan, NOW_MS + i * 1000).folder / "archive" / MONTH for i in range(2)]
    shared = [(copy / OBSERVATION_FILE).stat() for copy in copies]
    assert shared[0].st_ino == shared[1].st_ino, "a month that is in the backup before is not copied again"
    into = tmp_path / "back"
    is_file = place.url.startswith("sqlite")
    url = "" if is_file else postgres.fresh_url()
    restore(copies[1].parents[1], into, url)
    back = Place(url=ledger_url_of(into, url), archive=into / "archive")
    assert answers(back) == before
    verdict = verify_store(back.url, sqlite_url(into / "results.sqlite"), back.archive)
    assert verdict.problems == ()
    assert (verdict.months, verdict.frames) == (1, len(before["frames"]))  # type: ignore[arg-type]


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_verification_finds_what_was_done_to_an_archived_month(place: Place, tmp_path: Path) -> None:
    move(place)
    none = sqlite_url(tmp_path / "results.sqlite")
    assert verify_store(place.url, none, place.archive).problems == ()
    path = place.archive / MONTH / "raw_frame.parquet"
    body = bytearray(path.read_bytes())
    body[len(body) // 3] ^= 1
    path.write_bytes(body)
    assert any("differs" in text for text in verify_store(place.url, none, place.archive).problems)
    path.unlink()
    problems = verify_store(place.url, none, place.archive).problems
    assert sum("missing" in text for text in problems) == 2, "in the month, and in the chain"


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_nothing_leaves_the_ledger_without_its_record(place: Place) -> None:
    write_month(place.url, place.archive, MONTH, NOW_MS)
    before = answers(place)
    with closing(place.ledger()) as ledger:
        with pytest.raises(StoreError, match="not recorded"):
            done(ledger, next(page_deeds(place.archive, MONTH)))
        assert done(ledger, DropFrames()) == 0
    assert answers(place) == before


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_a_page_that_changed_since_it_was_copied_stays(place: Place) -> None:
    manifest = write_month(place.url, place.archive, MONTH, NOW_MS)
    time_ms = T0_MS + DAY_MS
    with closing(place.ledger()) as ledger:
        ledger.write(Batch(arrivals=[arrival("late", value(time_ms, 42.0), received_ms=NOW_MS)]), NOW_MS)
    pack_all(place)
    with closing(place.ledger()) as ledger:
        done(ledger, RecordMonth(manifest=manifest))
        moved = sum(done(ledger, deed) for deed in page_deeds(place.archive, MONTH))  # type: ignore[misc]
    assert moved == manifest.about["pages"] - 1
    with closing(place.reader()) as reader:
        assert [row.value.value for row in reader.versions(SPEED, time_ms)][-1] == 42.0


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_a_broken_chain_stops_the_move(place: Place) -> None:
    engine = writer_engine(place.url)
    with engine.begin() as connection:
        for row in connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").all():
            connection.exec_driver_sql(f"DROP TRIGGER {row.name}")
        connection.exec_driver_sql("UPDATE raw_frame SET segment = x'00' WHERE seq = 7")
    engine.dispose()
    with pytest.raises(StoreError, match="broken at 7"):
        write_month(place.url, place.archive, MONTH, NOW_MS)
    assert not (place.archive / MONTH).exists()


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_damage_and_absence_of_an_archived_month_are_said(place: Place) -> None:
    move(place)
    folder = place.archive / MONTH
    with closing(place.reader()) as reader, reader.snapshot() as connection:
        row = connection.execute(sa.select(ARCHIVED_MONTH)).one()
    manifest = check_month(folder, row.manifest_sha256)
    assert (manifest.about["frames"], manifest.about["observations"]) == (row.frames, row.observations)
    path = folder / OBSERVATION_FILE
    body = bytearray(path.read_bytes())
    body[len(body) // 2] ^= 1
    path.write_bytes(body)
    with pytest.raises(StoreError, match="differs"):
        check_month(folder)
    text = (folder / "manifest.json").read_text()
    (folder / "manifest.json").write_text(text.replace(MONTH, NEXT))
    with pytest.raises(StoreError, match="recorded"):
        check_month(folder, row.manifest_sha256)
    path.unlink()
    with closing(place.reader()) as reader:
        with pytest.raises(StoreError, match="missing"):
            reader.series(SPEED, T0_MS, END_MS)
        assert reader.series(SPEED, END_MS + 10 * DAY_MS, NOW_MS), "what is live is still answered"


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_a_month_can_be_read_without_a_ledger(place: Place) -> None:
    """The files alone say what they are: for the hand-over at the end of the service."""
    import pandas as pd

    manifest = write_month(place.url, place.archive, MONTH, NOW_MS)
    folder = place.archive / MONTH
    rows = pd.read_parquet(folder / OBSERVATION_FILE)
    series = pd.read_parquet(folder / "series.parquet")
    frames = pd.read_parquet(folder / "raw_frame.parquet")
    assert len(rows) == manifest.about["observations"]
    assert list(frames.seq) == list(range(manifest.about["first_seq"], manifest.about["last_seq"] + 1))
    with closing(place.reader()) as reader:
        wanted = reader.series(SPEED, T0_MS, END_MS)
    own = rows[rows.series_id == int(series[series.key == SPEED].id.iloc[0])]
    own = own[(own.time_ms >= T0_MS) & (own.time_ms < END_MS)]
    own = own.sort_values(["time_ms", "version"]).drop_duplicates("time_ms", keep="last")
    assert [None if pd.isna(v) else v for v in own.value] == [row.value for row in wanted]
    assert json.loads((folder / "manifest.json").read_text()) == json.loads(
        json.dumps({"kind": manifest.kind, "about": manifest.about, "files": _files(folder)})
    )


def _files(folder: Path) -> list[dict[str, object]]:
    rows = read_manifest(folder).files
    return [{"path": row.path, "size_bytes": row.size_bytes, "sha256": row.sha256} for row in rows]


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_only_closed_months_are_due(place: Place) -> None:
    with closing(place.reader()) as reader:
        assert closed_months(reader, NOW_MS) == (MONTH, NEXT)
        assert closed_months(reader, NOW_MS, months_live=0) == (MONTH, NEXT), "never the last whole month"
        assert closed_months(reader, NOW_MS, months_live=2) == (MONTH,)
    move(place)
    with closing(place.reader()) as reader:
        assert closed_months(reader, NOW_MS) == (NEXT,)


def test_records_of_months_cannot_be_changed(place: Place) -> None:
    move(place)
    engine = writer_engine(place.url)
    for statement in ("UPDATE archived_month SET last_seq = 999999", "DELETE FROM archived_month"):
        with pytest.raises(sa.exc.DBAPIError, match="append-only"), engine.begin() as connection:
            connection.exec_driver_sql(statement)
    engine.dispose()


def test_months_have_names() -> None:
    assert month_after("2026-12") == "2027-01"
    with pytest.raises(BadRequestError):
        month_start("2026-13")
