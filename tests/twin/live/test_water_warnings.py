"""Warnings of the groundwater: raised at once, lowered late, never forgotten."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.water.now import Band, Response, TargetNow
from tests.support.valley_park import valley_park
from tests.support.well_rows import NOW_MS, stored, well_rows
from twin.core.observation import Quality
from twin.core.origin import Origin
from twin.live.settings import Settings
from twin.live.water_box import Parcel, send
from twin.live.water_read import read_wells
from twin.live.water_said import said_last
from twin.live.water_take import take_water
from twin.live.water_warnings import CALM_CASTS, REPEAT_MS, Book, Standing, changes, standing
from twin.store.engine import sqlite_url
from twin.store.results import ResultStore
from twin.store.rows import WaterKind, WaterRow

PARK = valley_park()
WELL = ("G3", "f")
DAY_MS = 86_400_000


def target(probability: float, response: Response | None) -> TargetNow:
    assert PARK.groundwater is not None
    row = PARK.groundwater.targets[0]
    return TargetNow(
        id=row.id, kind="intake", x_m=0.0, y_m=0.0, species="f", limit_kg_m3=1e-3, probability=probability,
        arrival_s=Band(low=4e6, median=9e6, high=2e7), peak_kg_m3=Band(low=0.0, median=1e-3, high=2e-3),
        risk="high" if response in ("I", "II") else "medium" if response else "none", response=response,
    )  # fmt: skip


def told(
    book: Book, found: dict[tuple[str, str], Standing], time_ms: int, *, quick: bool = False
) -> list[str]:
    states = []
    for body in changes(book, found, "water-t/0", time_ms, park=PARK, quick=quick):
        states.append(body["state"])
        book.note(body, time_ms)
    return states


def of(probability: float, response: Response | None) -> dict[tuple[str, str], Standing]:
    return standing([target(probability, response)], {}, PARK, members=24)


def test_raised_at_once_ended_only_after_several_calm_casts() -> None:
    book = Book()
    assert told(book, of(0.25, "II"), 0) == ["raised"]
    for k in range(CALM_CASTS - 1):
        assert told(book, of(0.0, None), k) == []
    assert told(book, of(0.25, "II"), 5) == []  # again: the count begins anew
    for k in range(CALM_CASTS - 1):
        assert told(book, of(0.0, None), k) == []
    assert told(book, of(0.0, None), 9) == ["ended"]
    assert told(book, of(0.0, None), 10) == []


def test_noise_around_a_threshold_makes_no_flood() -> None:
    book = Book()
    states = []
    for k in range(60):  # P swings by 10 % about the threshold of medium and high at an intake
        share, response = (0.21, "II") if k % 2 else (0.185, "III")
        states += told(book, of(share, response), k)  # type: ignore[arg-type]
    assert states == ["raised", "changed"]
    for k in range(20):  # below the threshold, but not by a margin
        assert told(book, of(0.185, "III"), 100 + k) == []
    assert told(book, of(0.12, "III"), 200) + told(book, of(0.12, "III"), 201) == []
    assert told(book, of(0.12, "III"), 202) == ["changed"]


def test_the_small_ensemble_raises_but_never_ends_or_lowers() -> None:
    book = Book()
    assert told(book, of(0.25, "II"), 0, quick=True) == ["raised"]
    for k in range(3 * CALM_CASTS):
        assert told(book, of(0.0, None), k, quick=True) == []
    assert book.calm == {}
    assert told(book, of(0.5, "I"), 50, quick=True) == ["changed"]


def test_what_could_not_be_sent_comes_again() -> None:
    book = Book()
    found = of(0.25, "II")
    first = list(changes(book, found, "water-t/0", 0, park=PARK))  # the outbox was full: nobody noted it
    again = list(changes(book, found, "water-t/1", 1, park=PARK))
    assert [row["state"] for row in (*first, *again)] == ["raised", "raised"]


def test_what_stands_is_said_again_once_a_day_in_the_words_of_today() -> None:
    book = Book()
    told(book, of(0.25, "II"), 0)
    assert told(book, of(0.25, "II"), REPEAT_MS - 1) == []
    bodies = list(changes(book, of(0.3, "II"), "water-t/9", REPEAT_MS, park=PARK))
    assert [row["state"] for row in bodies] == ["standing"]
    assert "氟化物超过限值的概率为 30 %" in bodies[0]["text"]["zh"]
    assert bodies[0]["response"] == "II"


@pytest.mark.parametrize(
    "last",
    [
        None,
        stored("G3/water:f", 9e-3, NOW_MS, Quality.DOUBTFUL),
        stored("G3/water:f", 9e-3, NOW_MS - 1100 * DAY_MS),
    ],
)  # fmt: skip
def test_a_silent_bad_or_stale_well_is_unknown_neither_ended_nor_raised(last: object) -> None:
    rows = well_rows(PARK)
    rows.changed = {"G3/water:f": stored("G3/water:f", 9e-3, NOW_MS)}
    wells = read_wells(rows, PARK, NOW_MS)
    assert wells is not None
    book = Book()
    told(book, standing([], wells.alerts, PARK), NOW_MS)
    assert book.said[WELL].response is not None
    rows.silent = ("G3",)
    rows.changed = {} if last is None else {"G3/water:f": last}  # type: ignore[dict-item]
    after = read_wells(rows, PARK, NOW_MS)
    assert after is not None
    assert WELL not in after.alerts
    found = standing([], after.alerts, PARK)
    bodies = [row for row in changes(book, found, "n", NOW_MS, park=PARK) if row["subject"] == "G3"]
    assert [row["state"] for row in bodies] == ["unknown"]
    assert bodies[0]["response"] == book.said[WELL].response
    book.note(bodies[0], NOW_MS)
    assert told(book, found, NOW_MS + 1) == []
    assert "unknown" in told(book, found, NOW_MS + REPEAT_MS)
    assert book.said[WELL].body["text"]["en"].count("no fresh good data") == 1
    back = standing([], wells.alerts, PARK)
    assert "standing" in told(book, back, NOW_MS + REPEAT_MS + 1)
    fresh = Book()
    assert "G3" not in {row["subject"] for row in changes(fresh, found, "n", NOW_MS, park=PARK)}


def test_a_place_that_left_the_scene_ends() -> None:
    book = Book()
    told(book, of(0.25, "II"), 0)
    body = dict(next(iter(book.said.values())).body) | {"subject": "gone"}
    book = Book()
    book.note(body, 0)
    assert told(book, {}, 1) == ["ended"]


def test_a_new_process_knows_what_stands(tmp_path: Path) -> None:
    book = Book()
    body = next(iter(changes(book, of(0.25, "II"), "water-t/0", 5, park=PARK)))
    row = WaterRow(
        run="water-t", k=1, kind=WaterKind.EVENT, time_ms=5, origin=Origin.SIMULATED, solver="s",
        exercise=False, body=body,
    )  # fmt: skip
    settings = Settings(data_dir=tmp_path)
    store = ResultStore(sqlite_url(tmp_path / "results.sqlite"), tmp_path)
    assert send(tmp_path, Parcel(row=row))
    assert take_water(store, tmp_path)
    store.close()
    found = said_last(settings)
    assert told(found, of(0.25, "II"), 6) == []
    assert told(found, of(0.25, "II"), 5 + REPEAT_MS) == ["standing"]
