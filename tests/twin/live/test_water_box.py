"""Questions and results on their way: nothing poisons the processes, nothing that matters is lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.valley_park import valley_park
from twin.core.errors import BadRequestError
from twin.core.origin import Origin
from twin.live.water_box import (
    PARCELS_MAX,
    Parcel,
    answered,
    ask,
    discard,
    next_question,
    read_parcel,
    send,
    unanswered,
    waiting,
)
from twin.live.water_question import WhatIfArgs, check_place
from twin.live.water_take import take_water
from twin.store.engine import sqlite_url
from twin.store.results import ResultStore
from twin.store.rows import WaterKind, WaterRow


def row(k: int, kind: WaterKind = WaterKind.NOW_CAST) -> Parcel:
    return Parcel(
        row=WaterRow(
            run="water-t", k=k, kind=kind, time_ms=k, origin=Origin.SIMULATED, solver="s", body={}
        )
    )  # fmt: skip


def waits(folder: Path) -> list[tuple[str, int]]:
    found = [read_parcel(path) for path in waiting(folder)]
    return [(one.row.kind.value, one.row.k) for one in found if one is not None]


@pytest.mark.parametrize(
    "line", [[[1e308, 1e308], [-1e308, 1.0]], [[300.0, 300.0], [300.0, 1e7]], [[-1e300, 0.0]]]
)
def test_a_measure_far_outside_is_refused(line: list[list[float]]) -> None:
    asked = WhatIfArgs.model_validate({"measures": [{"id": "wall", "kind": "barrier", "line": line}]})
    with pytest.raises(BadRequestError, match=r"measures\.0\.line\.[01].*inside the park's extent"):
        check_place(asked, valley_park())


@pytest.mark.parametrize("body", ["[1]", "{", "3", '{"measures":[{"id":"a"}]}', '{"unknown":1}', "\x00\xff"])
def test_what_is_no_question_is_dropped(tmp_path: Path, body: str) -> None:
    folder = tmp_path / "waterdesk" / "questions"
    folder.mkdir(parents=True)
    (folder / "0.json").write_text(body, "latin-1")
    name, ahead = ask(tmp_path, {"name": "drill"})
    assert ahead == 1
    question = next_question(tmp_path)
    assert question is not None
    assert (question.id, question.body.name) == (name, "drill")
    assert next_question(tmp_path) is None


def test_a_question_under_way_is_not_asked_again(tmp_path: Path) -> None:
    name, _ = ask(tmp_path, {"name": "ends the process"})
    assert next_question(tmp_path) is not None
    assert next_question(tmp_path) is None  # as a process would that starts after the end of the first
    assert unanswered(tmp_path) == (name,)
    assert ask(tmp_path, {"name": "another"})[1] == 1  # it still counts
    answered(tmp_path, name)
    assert unanswered(tmp_path) == ()


def test_a_full_outbox_loses_old_now_casts_and_no_warning(tmp_path: Path) -> None:
    for k in range(PARCELS_MAX):
        assert send(tmp_path, row(k))
    assert send(tmp_path, row(100, WaterKind.EVENT))
    assert send(tmp_path, row(101))
    left = waits(tmp_path)
    assert len(left) == PARCELS_MAX
    assert ("event", 100) in left
    assert left[-1] == ("nowcast", 101)
    assert left[0] == ("nowcast", 2)  # the oldest two made room


def test_warnings_have_room_beyond_a_full_outbox(tmp_path: Path) -> None:
    for k in range(PARCELS_MAX):
        assert send(tmp_path, row(k, WaterKind.EVENT))
    assert send(tmp_path, row(100, WaterKind.EVENT))
    assert not send(tmp_path, row(101))
    assert len(waiting(tmp_path)) == PARCELS_MAX + 1


@pytest.mark.parametrize(
    "changed",
    [
        {"k": -1}, {"k": 1e30}, {"k": 10**400}, {"time_ms": 1e30}, {"time_ms": -1}, {"run": "../../evil"},
        {"kind": "zzz"}, {"origin": "guessed"}, {"body": 3},
    ],
)  # fmt: skip
def test_a_foreign_parcel_is_dropped(tmp_path: Path, changed: dict[str, object]) -> None:
    assert send(tmp_path, row(0))
    path = waiting(tmp_path)[0]
    told = json.loads((path / "row.json").read_text("utf-8"))
    (path / "row.json").write_text(json.dumps(told | changed), "utf-8")
    store = ResultStore(sqlite_url(tmp_path / "results.sqlite"), tmp_path)
    assert take_water(store, tmp_path)
    assert waiting(tmp_path) == ()
    assert not take_water(store, tmp_path)
    store.close()


def test_an_unclear_exercise_is_one(tmp_path: Path) -> None:
    assert send(tmp_path, row(0))
    path = waiting(tmp_path)[0]
    told = json.loads((path / "row.json").read_text("utf-8"))
    (path / "row.json").write_text(json.dumps(told | {"exercise": "false"}), "utf-8")
    parcel = read_parcel(path)
    assert parcel is not None
    assert parcel.row.exercise
    discard(path)
