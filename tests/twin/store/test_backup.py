"""Backups: of one moment, while a writer writes; refused when damaged; restored whole, over nothing."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support import postgres
from tests.support.arrivals import arrival, value
from tests.support.both_stores import BACK_ENDS, empty_ledger
from twin.core.errors import StoreError
from twin.core.origin import Origin
from twin.store.backup import (
    BackupPlan,
    backups,
    check_backup,
    make_backup,
    newest_backup,
    thin_backups,
)
from twin.store.engine import sqlite_url
from twin.store.ledger import Batch, Ledger
from twin.store.reader import LedgerReader
from twin.store.restore import ledger_url_of, restore
from twin.store.results import ResultReader, ResultStore
from twin.store.rows import PlumeRow

T0_MS = 1_795_300_000_000


@pytest.fixture(params=BACK_ENDS)
def plan(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BackupPlan]:
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    with empty_ledger(request.param, data_dir) as url:
        yield BackupPlan(
            data_dir=data_dir,
            ledger_url=url,
            results_url=sqlite_url(data_dir / "results.sqlite"),
            to=tmp_path / "backup",
        )


def some_frames(ledger: Ledger, first: int, count: int) -> int:
    """Write frames one by one; the number of the last that was answered."""
    seq = 0
    for i in range(first, first + count):
        batch = Batch(arrivals=[arrival(str(i), value(T0_MS + i * 1000, float(i)), body=str(i))])
        seq = ledger.write(batch, T0_MS + i).arrivals[0].seq
    return seq


def test_a_backup_under_load_holds_all_that_was_answered_before_it(plan: BackupPlan, tmp_path: Path) -> None:
    secret = plan.data_dir / "passwords.toml"
    secret.write_text('"M1" = "abc"\n')
    secret.chmod(0o600)
    ledger = Ledger(plan.ledger_url)
    answered = some_frames(ledger, 0, 40)
    stop = threading.Event()

    def write_on() -> None:
        turn = 1000
        while not stop.is_set():
            some_frames(ledger, turn, 5)
            turn += 5

    writer = threading.Thread(target=write_on)
    writer.start()
    try:
        backup = make_backup(plan, T0_MS)
    finally:
        stop.set()
        writer.join()
        ledger.close()

    into = tmp_path / "back"
    is_file = plan.ledger_url.startswith("sqlite")
    url = "" if is_file else postgres.fresh_url()
    restore(backup.folder, into, url)
    with (
        closing(LedgerReader(ledger_url_of(into, url))) as reader,
        closing(LedgerReader(plan.ledger_url)) as first,
    ):
        frames = reader.frames_after(0, 100_000)
        assert [row.seq for row in frames[:answered]] == list(range(1, answered + 1))
        assert frames == first.frames_after(0, len(frames)), "a prefix of what was written, without a gap"
        rows = reader.series("W1/wind_speed", T0_MS, T0_MS + 10**9)
        assert len(rows) == len(frames)
    assert (into / "passwords.toml").stat().st_mode & 0o777 == 0o600
    again = Ledger(ledger_url_of(into, url))
    written = again.write(Batch(arrivals=[arrival("1", value(T0_MS + 1000, 1.0), body="1")]), 5)
    assert not written.arrivals[0].new, "a restored ledger knows what it has"
    again.close()


def test_results_come_with_their_fields(plan: BackupPlan, tmp_path: Path) -> None:
    Ledger(plan.ledger_url).close()
    store = ResultStore(plan.results_url, plan.data_dir)
    run = store.new_run(T0_MS)
    for k in range(3):
        store.add_plume(plume(run, k), b"field %d" % k)
    gone = next((plan.data_dir / "frames" / run).glob("*1.twv"))
    gone.unlink()
    backup = make_backup(plan, T0_MS)
    store.close()
    url = "" if plan.ledger_url.startswith("sqlite") else postgres.fresh_url()
    restore(backup.folder, tmp_path / "back", url)
    with closing(ResultReader(sqlite_url(tmp_path / "back" / "results.sqlite"), tmp_path / "back")) as reader:
        rows = reader.plumes(None, 0, 2 * T0_MS)
        assert [row.k for row in rows] == [0, 2], "no row without its field"
        assert [reader.plume_file(run, row.k).read_bytes() for row in rows] == [b"field 0", b"field 2"]


def plume(run: str, k: int) -> PlumeRow:
    return PlumeRow(
        run=run,
        k=k,
        substance_id="hf",
        time_ms=T0_MS + k,
        size_bytes=0,
        max_kg_m3=1e-6,
        origin=Origin.SIMULATED,
        solver="gaussian_puff",
    )


@pytest.mark.parametrize("plan", ["sqlite"], indirect=True)
def test_secrets_may_stay_at_home(plan: BackupPlan) -> None:
    from dataclasses import replace

    Ledger(plan.ledger_url).close()
    for name, mode in (("passwords.toml", 0o600), ("checkpoints.jsonl", 0o644)):
        (plan.data_dir / name).write_text("x")
        (plan.data_dir / name).chmod(mode)
    backup = make_backup(replace(plan, with_secrets=False), T0_MS)
    names = {row.path for row in backup.manifest.files}
    assert names == {"ledger.sqlite", "files/checkpoints.jsonl"}
    assert backup.folder.stat().st_mode & 0o777 == 0o700
    assert (backup.folder / "ledger.sqlite").stat().st_mode & 0o777 == 0o600


def change(path: Path) -> None:
    body = bytearray(path.read_bytes())
    body[len(body) // 2] ^= 1
    path.write_bytes(body)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize("plan", BACK_ENDS, indirect=True)
@pytest.mark.parametrize("harm", [change, cut, Path.unlink])
def test_every_kind_of_damage_is_found_and_never_restored(plan: BackupPlan, tmp_path: Path, harm) -> None:
    with closing(Ledger(plan.ledger_url)) as ledger:
        some_frames(ledger, 0, 5)
    backup = make_backup(plan, T0_MS)
    assert check_backup(backup.folder).sha256 == backup.manifest.sha256
    is_file = plan.ledger_url.startswith("sqlite")
    harm(backup.folder / ("ledger.sqlite" if is_file else "ledger.pgdump"))
    with pytest.raises(StoreError, match="damaged"):
        restore(backup.folder, tmp_path / "back", "" if is_file else postgres.fresh_url())
    assert not (tmp_path / "back").exists()


@pytest.mark.parametrize("plan", ["sqlite"], indirect=True)
def test_a_living_ledger_is_never_overwritten(plan: BackupPlan, tmp_path: Path) -> None:
    with closing(Ledger(plan.ledger_url)) as ledger:
        some_frames(ledger, 0, 3)
    backup = make_backup(plan, T0_MS)
    before = (plan.data_dir / "ledger.sqlite").read_bytes()
    with pytest.raises(StoreError, match="already"):
        restore(backup.folder, plan.data_dir)
    assert (plan.data_dir / "ledger.sqlite").read_bytes() == before
    with empty_ledger("postgresql") as url:
        with pytest.raises(StoreError, match="holds an SQLite ledger"):
            restore(backup.folder, tmp_path / "other", url)
        Ledger(url).close()
        with pytest.raises(StoreError, match="tables already"):
            restore(backup.folder, tmp_path / "other", url)


@pytest.mark.parametrize("plan", ["sqlite"], indirect=True)
def test_a_damaged_ledger_makes_no_good_backup(plan: BackupPlan) -> None:
    with closing(Ledger(plan.ledger_url)) as ledger:
        some_frames(ledger, 0, 300)
    path = plan.data_dir / "ledger.sqlite"
    body = bytearray(path.read_bytes())
    with closing(sqlite3.connect(path)) as connection:
        page = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'ix_raw_frame_mn_seq'"
        ).fetchone()[0]
    at = (page - 1) * 8192
    body[at + 100 : at + 8100] = bytes(8000)
    path.write_bytes(body)
    with pytest.raises(StoreError, match="damaged"):
        make_backup(plan, T0_MS)
    assert newest_backup(plan.to) is None
    assert list(plan.to.iterdir()) == [], "nothing half-made stays"


@pytest.mark.parametrize("plan", ["sqlite"], indirect=True)
def test_only_finished_backups_count_and_the_newest_stay(plan: BackupPlan) -> None:
    Ledger(plan.ledger_url).close()
    made = [make_backup(plan, T0_MS + i * 1000) for i in range(4)]
    (plan.to / "20990101T000000Z.part").mkdir()
    (plan.to / "20990101T000000Z").mkdir()
    (plan.to / "notes").mkdir()
    assert [row.made_ms for row in backups(plan.to)] == [row.made_ms for row in made]
    assert thin_backups(plan.to, 2) == tuple(row.folder for row in made[:2])
    newest = newest_backup(plan.to)
    assert newest is not None
    assert newest.folder == made[-1].folder
    thin_backups(plan.to, 0)
    assert newest_backup(plan.to) == newest, "the last one is never removed"


@pytest.mark.parametrize("plan", ["sqlite"], indirect=True)
def test_a_manifest_may_not_lead_out_of_its_folder(plan: BackupPlan) -> None:
    Ledger(plan.ledger_url).close()
    backup = make_backup(plan, T0_MS)
    path = backup.folder / "manifest.json"
    read = json.loads(path.read_text())
    read["files"][0]["path"] = "../../etc/passwd"
    path.write_text(json.dumps(read))
    with pytest.raises(StoreError, match="outside"):
        check_backup(backup.folder)
