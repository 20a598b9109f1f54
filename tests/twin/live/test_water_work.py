"""The groundwater's live work on a small valley: from wells of a hidden aquifer to rows and warnings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.valley_park import LEVEL_M, valley_park, valley_terrain
from tests.support.well_rows import NOW_MS, WellRows, later, stored, well_rows
from twin.core.errors import TooManyError
from twin.core.observation import Quality
from twin.core.origin import Origin
from twin.live.settings import Settings
from twin.live.water_box import QUESTIONS_MAX, Parcel, ask, discard, read_parcel, send, waiting
from twin.live.water_compared import COMPARED_BYTES
from twin.live.water_model import Effort
from twin.live.water_take import take_water
from twin.live.water_work import QUICK_NOTE, WaterWork
from twin.stage.encode import decode_grid, decode_plume
from twin.store.engine import sqlite_url
from twin.store.results import ResultReader, ResultStore
from twin.store.rows import WaterKind
from web.schemas.water import ComparisonOut, WarningOut, WaterNowOut

SMALL = Effort(members=8, steps=2, compared=1)


def work_in(folder: Path) -> WaterWork:
    settings = Settings(data_dir=folder, water_members=8, water_interval_s=600.0)
    return WaterWork(
        settings=settings, park=valley_park(), terrain=valley_terrain(), run="water-test", quick=SMALL
    )


def parcels(folder: Path) -> list[Parcel]:
    found = [read_parcel(path) for path in waiting(folder)]
    for path in waiting(folder):
        discard(path)
    return [row for row in found if row is not None]


@pytest.fixture(scope="module")
def rows() -> WellRows:
    return well_rows(valley_park())


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory, rows: WellRows) -> tuple[WaterWork, list[Parcel]]:
    """A quick now-cast, the whole one ten minutes later, and the comparison."""
    folder = tmp_path_factory.mktemp("water")
    work = work_in(folder)
    assert work.turn(rows)
    first = parcels(folder)
    assert QUICK_NOTE in first[0].row.body["notes"]
    assert not work.turn(rows)  # nothing new has been said
    assert work.turn(later(rows, 600_000))
    second = parcels(folder)
    assert QUICK_NOTE not in second[0].row.body["notes"]
    assert work.turn(later(rows, 600_000))
    third = parcels(folder)
    assert [row.row.kind for row in third] == [WaterKind.COMPARISON]
    assert not work.turn(later(rows, 600_000))
    return work, [*first, *second, *third]


def test_the_now_cast_is_what_the_wire_promises(done: tuple[WaterWork, list[Parcel]]) -> None:
    _, sent = done
    casts = [parcel for parcel in sent if parcel.row.kind is WaterKind.NOW_CAST]
    assert [cast.row.time_ms for cast in casts] == [NOW_MS, NOW_MS + 600_000]
    for cast in casts:
        assert cast.row.origin is Origin.SIMULATED
        told = WaterNowOut.model_validate_json(json.dumps(cast.row.payload()))
        assert told.substances == ["f"]
        assert {well.sensor for well in told.wells} == {"G1", "G2", "G3", "G4", "G5", "G6"}
        assert {front.lead_s for front in told.fronts} == {
            0.0,
            86_400.0,
            604_800.0,
            2_592_000.0,
            31_536_000.0,
        }
        assert told.learning is not None
        assert told.learning.held_out == ["G6"]
        assert len(told.inputs) == 12


def test_levels_come_near_what_the_wells_say_and_bands_are_in_order(
    done: tuple[WaterWork, list[Parcel]], rows: WellRows
) -> None:
    _, sent = done
    cast = [parcel for parcel in sent if parcel.row.kind is WaterKind.NOW_CAST][-1]
    for well in cast.row.body["wells"]:
        band = well["level"]
        assert band["low"] <= band["median"] <= band["high"]
        truth = rows.truth.values(well["sensor"], NOW_MS)
        assert well["measured_level"] == pytest.approx(truth["water_level"] - LEVEL_M, abs=0.02)
        assert band["median"] == pytest.approx(truth["water_level"] - LEVEL_M, abs=1.0)
    fit = cast.row.body["assimilation"]
    assert fit["rmse_after_m"] < fit["rmse_before_m"]


def test_the_files_of_a_now_cast_can_be_read(done: tuple[WaterWork, list[Parcel]]) -> None:
    _, sent = done
    cast = sent[0]
    grid = cast.row.body["grid"]
    heads = decode_grid(cast.files["heads.twg"])
    assert heads.bands.shape == (3, grid["ny"], grid["nx"])
    names = {row["url"].removeprefix("file:") for row in cast.row.body["volumes"]}
    assert len(names) == 10
    for name in names:
        assert decode_plume(cast.files[name]).conc_kg_m3.shape[0] == 25


def test_a_forecast_that_asks_for_a_response_is_a_warning_once(done: tuple[WaterWork, list[Parcel]]) -> None:
    work, sent = done
    warnings = [parcel.row for parcel in sent if parcel.row.kind is WaterKind.EVENT]
    assert warnings  # a well of the valley stands above class III
    told = [WarningOut.model_validate_json(json.dumps(row.payload())) for row in warnings]
    raised = [(row.subject, row.substance) for row in told if row.state == "raised"]
    assert len(set(raised)) == len(raised)
    assert any(row.kind == "well" and row.subject == "G2" and row.response is not None for row in told)
    assert {subject for subject, last in work.said.said.items() if last.response is not None}


def test_remedies_are_compared_and_costed(done: tuple[WaterWork, list[Parcel]]) -> None:
    _, sent = done
    told = ComparisonOut.model_validate_json(json.dumps(sent[-1].row.payload()))
    assert told.exercise is False
    assert told.origin is Origin.SIMULATED
    assert [row.id for row in told.options][:3] == ["do_nothing", "pump", "dig"]
    assert told.best in {row.id for row in told.options}


def test_every_option_has_the_plume_now_in_a_month_and_in_a_year(
    done: tuple[WaterWork, list[Parcel]],
) -> None:
    _, sent = done
    files = sent[-1].files
    assert sum(map(len, files.values())) < COMPARED_BYTES
    mass = {}
    for option in sent[-1].row.body["options"]:
        assert [row["lead_s"] for row in option["volumes"]] == [0.0, 30 * 86_400.0, 365 * 86_400.0]
        names = [row["url"].removeprefix("file:") for row in option["volumes"]]
        assert names[0] == "now.twv"  # all begin alike
        mass[option["id"]] = float(decode_plume(files[names[2]]).conc_kg_m3.sum())
    assert mass["dig"] < 0.95 * mass["do_nothing"]


def test_plans_say_which_agent_how_much_and_where(done: tuple[WaterWork, list[Parcel]]) -> None:
    _, sent = done
    told = ComparisonOut.model_validate_json(json.dumps(sent[-1].row.payload()))
    plans = [row for row in told.options if row.id.startswith("plan-")]
    assert [row.id for row in plans][0] == "plan-fluoride_lime"
    assert len(plans) == 3
    assert all(row.area for row in plans)
    dosed = [row for row in plans if row.amount is not None]
    assert dosed
    for row in dosed:
        assert row.agent is not None
        assert row.amount is not None
        assert row.amount.unit == "kg"
        assert row.amount.value > 0.0
        assert row.leads[-1].mass_kg.median < told.options[0].leads[-1].mass_kg.median
    assert any("plan-fluoride_lime: made for this substance" in note for note in told.notes)


def test_a_what_if_is_an_exercise_and_a_bad_one_says_why(done: tuple[WaterWork, list[Parcel]]) -> None:
    work, _ = done
    folder = work.settings.data_dir
    leak = {"x_m": 420.0, "y_m": 300.0, "substance": "f", "rate_kg_d": 2.0, "days": 30.0}
    ask(folder, {"name": "drill", "leak": leak, "measures": [], "asked_by": "li"})
    ask(folder, {"name": "", "leak": leak | {"x_m": 5.0, "y_m": 5.0}, "measures": []})
    quiet = WellRows(park=work.park, truth=well_rows(work.park).truth, time_ms=NOW_MS + 600_000)
    assert work.turn(quiet)
    assert work.turn(quiet)
    good, bad = (ComparisonOut.model_validate_json(json.dumps(one.row.payload())) for one in parcels(folder))
    assert good.exercise
    assert good.origin is Origin.EXERCISE
    assert any("drill" in note for note in good.notes)
    assert bad.exercise
    assert bad.options == []
    assert "outside" in bad.why.en


def test_missing_and_doubtful_wells_are_named_and_not_used(tmp_path: Path) -> None:
    park = valley_park()
    rows = well_rows(park)
    rows.silent = ("G5",)
    rows.changed = {
        "G4/water_level": stored("G4/water_level", 999.0, NOW_MS, Quality.DOUBTFUL),
        "G3/water:f": stored("G3/water:f", 1.0, NOW_MS - 50 * 86_400_000),
    }
    work = work_in(tmp_path)
    assert work.turn(rows)
    body = parcels(tmp_path)[0].row.body
    notes = " ".join(body["notes"])
    assert "levels of 5 of 6 wells" in notes
    assert "G4/water_level" in notes
    assert "G3/water:f" in notes
    assert not any(row.startswith(("G4/water_level", "G3/water:f", "G5/")) for row in body["inputs"])
    told = {row["sensor"]: row for row in body["wells"]}
    assert told["G4"]["measured_level"] is None
    assert told["G4"]["quality"] == "doubtful"


def test_nobody_speaks_nothing_is_computed(tmp_path: Path) -> None:
    rows = well_rows(valley_park())
    rows.silent = tuple(well.id for well in rows.park.wells)
    work = work_in(tmp_path)
    assert not work.turn(rows)
    assert waiting(tmp_path) == ()


def test_the_worker_stores_a_parcel_once_and_drops_what_is_broken(
    tmp_path: Path, done: tuple[WaterWork, list[Parcel]]
) -> None:
    _, sent = done
    store = ResultStore(sqlite_url(tmp_path / "results.sqlite"), tmp_path)
    for _ in range(2):  # as after a worker that was killed between storing and removing
        assert send(tmp_path, sent[0])
        assert take_water(store, tmp_path)
    broken = tmp_path / "waterdesk" / "out" / "broken"
    broken.mkdir()
    (broken / "row.json").write_text("{", "utf-8")
    assert take_water(store, tmp_path)
    assert not take_water(store, tmp_path)
    reader = ResultReader(store.url, tmp_path)
    assert len(reader.water_rows(WaterKind.NOW_CAST, 0, 2**53)) == 1
    assert reader.water("water-test", 0).body == sent[0].row.body
    reader.close()
    store.close()


def test_the_queue_is_bounded(tmp_path: Path) -> None:
    for k in range(QUESTIONS_MAX):
        assert ask(tmp_path, {"name": str(k)})[1] == k
    with pytest.raises(TooManyError):
        ask(tmp_path, {"name": "one too many"})
