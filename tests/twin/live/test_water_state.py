"""The ensemble across restarts: taken back for the same scene and settings, else left aside with a note."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.valley_park import valley_park, valley_terrain
from tests.support.well_rows import NOW_MS, WellRows, later, well_rows
from twin.live.settings import Settings
from twin.live.water_box import discard, read_parcel, waiting
from twin.live.water_model import Effort
from twin.live.water_state import NAME, key_of, load_state
from twin.live.water_work import QUICK_NOTE, WaterWork

SMALL = Effort(members=8, steps=2, compared=1)
TEN_MIN_MS = 600_000


def work_in(folder: Path, members: int = 8) -> WaterWork:
    settings = Settings(data_dir=folder, water_members=members, water_interval_s=600.0)
    return WaterWork(
        settings=settings, park=valley_park(), terrain=valley_terrain(), run="water-test", quick=SMALL
    )


def notes_of(folder: Path) -> list[str]:
    """Notes of the newest parcel; all are taken."""
    found = [read_parcel(path) for path in waiting(folder)]
    for path in waiting(folder):
        discard(path)
    bodies: list[dict[str, Any]] = [dict(row.row.body) for row in found if row is not None]
    return list(next(body["notes"] for body in bodies if "wells" in body))


@pytest.fixture(scope="module")
def rows() -> WellRows:
    return well_rows(valley_park())


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory, rows: WellRows) -> WaterWork:
    """A process that has fitted its whole ensemble, and compared."""
    folder = tmp_path_factory.mktemp("water")
    work = work_in(folder)
    assert work.turn(rows)
    assert not (folder / "waterdesk" / NAME).exists()  # the small one of the beginning is not worth it
    assert work.turn(later(rows, TEN_MIN_MS))
    assert work.turn(later(rows, TEN_MIN_MS))
    notes_of(folder)
    return work


def copied(work: WaterWork, folder: Path) -> Path:
    """The saved file in a folder of its own."""
    (folder / "waterdesk").mkdir()
    return Path(shutil.copy(work.settings.data_dir / "waterdesk" / NAME, folder / "waterdesk" / NAME))


def test_a_new_process_goes_on_where_the_last_one_stood(
    first: WaterWork, rows: WellRows, tmp_path: Path
) -> None:
    copied(first, tmp_path)
    work = work_in(tmp_path)
    assert first.live is not None
    before = first.live.twin.state()
    assert work.turn(later(rows, 2 * TEN_MIN_MS))
    assert work.live is not None
    assert np.array_equal(work.live.twin.parameters, before.parameters)
    assert work.live.twin.time_ms == NOW_MS + 2 * TEN_MIN_MS
    assert np.nanmax(np.abs(work.live.twin.state().head_m - before.head_m)) < 0.5
    assert work.fitted_ms == first.fitted_ms
    assert work.compared_ms == first.compared_ms
    notes = notes_of(tmp_path)
    assert any(note.startswith("ensemble restored from 2026-11-22T") for note in notes)
    assert QUICK_NOTE not in notes
    assert not work.turn(later(rows, 2 * TEN_MIN_MS))  # neither fitted nor compared again


def test_the_same_moment_gives_a_whole_now_cast_too(first: WaterWork, rows: WellRows, tmp_path: Path) -> None:
    copied(first, tmp_path)
    work = work_in(tmp_path)
    assert work.turn(later(rows, TEN_MIN_MS))
    assert work.live is not None
    assert work.live.twin.nowcast().budget


def test_a_truncated_or_foreign_file_is_left_aside_with_a_note(
    first: WaterWork, rows: WellRows, tmp_path: Path
) -> None:
    path = copied(first, tmp_path)
    body = path.read_bytes()
    key = key_of(first.park, first.terrain, Effort(members=8, steps=4), ())
    assert load_state(tmp_path, key)[0] is not None
    for broken in (b"", b"PK\x03\x04", body[: len(body) // 2], b"x" * 500, body[:-30]):
        path.write_bytes(broken)
        assert load_state(tmp_path, key)[0] is None
        assert "cannot be read" in load_state(tmp_path, key)[1]
    work = work_in(tmp_path)
    assert work.turn(rows)
    notes = notes_of(tmp_path)
    assert any(note.startswith("stored ensemble left aside: it cannot be read") for note in notes)
    assert QUICK_NOTE in notes


def test_another_scene_other_settings_or_another_day_are_no_reason_to_trust_it(
    first: WaterWork, rows: WellRows, tmp_path: Path
) -> None:
    copied(first, tmp_path)
    full = Effort(members=8, steps=4)
    key = key_of(first.park, first.terrain, full, ())
    assert key != key_of(first.park, first.terrain, Effort(members=9, steps=4), ())
    assert key != key_of(first.park, valley_terrain(20.0), full, ())
    assert key != key_of(first.park, first.terrain, full, ("a slug test",))
    assert load_state(tmp_path, "another")[1] == "it is of another scene or other settings"
    work = work_in(tmp_path)
    assert work.turn(later(rows, 2 * 86_400_000))
    assert any("does not fit that of the data" in note for note in notes_of(tmp_path))
    assert load_state(tmp_path / "none", key) == (None, "")
