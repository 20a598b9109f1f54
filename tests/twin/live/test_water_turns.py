"""Turns of the groundwater's work: what goes first, and what a full outbox or a poisoned question costs."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.valley_park import valley_park, valley_terrain
from tests.support.well_rows import later, well_rows
from twin.core.origin import Origin
from twin.live.settings import Settings
from twin.live.state import Rows
from twin.live.water_box import (
    PARCELS_MAX,
    Parcel,
    ask,
    discard,
    next_question,
    read_parcel,
    send,
    unanswered,
    waiting,
)
from twin.live.water_model import Effort
from twin.live.water_work import QUICK_BANDS, WaterWork
from twin.store.rows import WaterKind, WaterRow
from web.schemas.water import ComparisonOut

SMALL = Effort(members=8, steps=2, compared=1)
ROWS = well_rows(valley_park())


def work_in(folder: Path) -> WaterWork:
    return WaterWork(
        settings=Settings(data_dir=folder, water_members=8, water_interval_s=600.0),
        park=valley_park(),
        terrain=valley_terrain(),
        run="water-test",
        quick=SMALL,
    )


def rows_of(folder: Path, kind: WaterKind) -> list[WaterRow]:
    found = [read_parcel(path) for path in waiting(folder)]
    return [one.row for one in found if one is not None and one.row.kind is kind]


def test_a_full_outbox_delays_warnings_and_loses_none(tmp_path: Path) -> None:
    work = work_in(tmp_path)
    for k in range(PARCELS_MAX):
        old = WaterRow(
            run="old", k=k, kind=WaterKind.NOW_CAST, time_ms=0, origin=Origin.SIMULATED, solver="s", body={}
        )
        assert send(tmp_path, Parcel(row=old))
    assert work.turn(ROWS)
    raised = [row.body["subject"] for row in rows_of(tmp_path, WaterKind.EVENT)]
    assert "G2" in raised  # a well of the valley stands above class III
    assert sorted(raised) == sorted(name for (name, _), last in work.said.said.items() if last.response)
    (newest,) = [row for row in rows_of(tmp_path, WaterKind.NOW_CAST) if row.run == "water-test"]
    assert QUICK_BANDS in newest.body["notes"]

    # The process ended while it computed somebody's question: the next one says so, once.
    name, _ = ask(tmp_path, {"name": "poison"})
    assert next_question(tmp_path) is not None
    for path in waiting(tmp_path):
        discard(path)
    quiet = later(ROWS, 0)
    assert work.turn(quiet)
    (row,) = rows_of(tmp_path, WaterKind.COMPARISON)
    told = ComparisonOut.model_validate_json(json.dumps(row.payload()))
    assert told.exercise
    assert told.options == []
    assert "not tried again" in told.why.en
    assert any(name in note for note in told.notes)
    assert unanswered(tmp_path) == ()
    assert not work.turn(quiet)


@dataclass(slots=True, kw_only=True)
class Tired(WaterWork):
    """Work whose now-casts are always due and whose questions never end."""

    done: list[str] = field(default_factory=list)

    def _due(self, data_ms: int) -> bool:
        return True

    def _cast(self, rows: Rows, data_ms: int) -> bool:
        self.done.append("cast")
        return True

    def _answer(self) -> bool:
        self.done.append("answer")
        return True


@pytest.mark.parametrize("ready", [True, False])
def test_now_casts_and_questions_take_turns(tmp_path: Path, *, ready: bool) -> None:
    work = Tired(
        settings=Settings(data_dir=tmp_path), park=valley_park(), terrain=valley_terrain(), run="water-test"
    )
    work.live = object() if ready else None  # type: ignore[assignment]
    for k in range(4):
        assert work.turn(later(ROWS, k))
    assert work.done == (["cast", "answer", "cast", "answer"] if ready else ["cast"] * 4)
