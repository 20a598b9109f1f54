"""Results: rows with their files, never one without the other; thinning."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from twin.core.errors import BadRequestError, NotFoundError, StoreError
from twin.core.origin import Origin
from twin.store.blobs import blob_path, compressed
from twin.store.engine import sqlite_url
from twin.store.results import ResultReader, ResultStore, Thinning
from twin.store.rows import PlumeRow, SourceRate, WaterTableRow

BODY = b"TWV1" + bytes(5_000)
PLUME = PlumeRow(
    run="20261122T101500-ab12",
    k=0,
    substance_id="hf",
    time_ms=1_000,
    size_bytes=0,
    max_kg_m3=2e-6,
    origin=Origin.SIMULATED,
    solver="gaussian_puff 1",
    notes=("calm",),
    inputs=("FB1-MET/wind_from@1000",),
    sources=(SourceRate(unit_id="U1", rate_kg_s=0.1, low_kg_s=0.05, high_kg_s=0.2),),
    beams_kg_m3={"FB1-B03": 1e-6},
)
TABLE = WaterTableRow(
    run="r", k=3, time_ms=5, size_bytes=0, origin=Origin.MODELLED, loo_rmse_m=None, inputs=("a",)
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ResultStore]:
    made = ResultStore(sqlite_url(tmp_path / "results.sqlite"), tmp_path)
    yield made
    made.close()


@pytest.fixture
def reader(store: ResultStore) -> Iterator[ResultReader]:
    made = ResultReader(store.url, store.folder)
    yield made
    made.close()


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*.tw*")}


def test_a_plume_comes_back_whole(store: ResultStore, reader: ResultReader) -> None:
    stored = store.add_plume(PLUME, BODY)
    assert stored == replace(PLUME, size_bytes=len(BODY))
    assert reader.plume(PLUME.run, 0) == stored
    assert reader.plumes("hf", 0, 2_000) == reader.plumes(None, 1_000, 1_001) == (stored,)
    assert reader.plumes("hf", 0, 1_000) == reader.plumes("nh3", 0, 2_000) == ()
    path = reader.plume_file(PLUME.run, 0)
    assert path.read_bytes() == gzip.decompress(compressed(path).read_bytes()) == BODY
    (event,) = reader.events(0)
    assert (event.kind, event.data()) == ("plume", stored.payload())


def test_the_payload_is_the_wire_s() -> None:
    assert PLUME.payload() == {
        "run": "20261122T101500-ab12",
        "k": 0,
        "substance": "hf",
        "t": 1_000,
        "url": "/api/v1/plumes/20261122T101500-ab12/0.twv",
        "bytes": 0,
        "max_kg_m3": 2e-6,
        "origin": "simulated",
        "solver": "gaussian_puff 1",
        "notes": ["calm"],
        "inputs": ["FB1-MET/wind_from@1000"],
        "sources": [{"unit": "U1", "rate_kg_s": 0.1, "low_kg_s": 0.05, "high_kg_s": 0.2}],
        "beams": {"FB1-B03": 1e-6},
    }
    assert TABLE.payload() == {
        "run": "r",
        "k": 3,
        "t": 5,
        "url": "/api/v1/watertables/r/3.twg",
        "origin": "modelled",
        "loo_rmse_m": None,
    }


def test_a_water_table_comes_back_whole(store: ResultStore, reader: ResultReader) -> None:
    stored = store.add_water_table(TABLE, b"TWG1")
    later = store.add_water_table(replace(TABLE, k=4, time_ms=9, loo_rmse_m=0.2), b"TWG1")
    assert reader.water_tables(0, 100) == (stored, later)
    assert reader.newest_water_table() == later
    assert reader.newest_water_table(8) == stored
    assert reader.newest_water_table(4) is None
    assert reader.water_table_file("r", 3).read_bytes() == b"TWG1"
    assert [row.kind for row in reader.events(0)] == ["watertable", "watertable"]


def test_results_are_never_overwritten(store: ResultStore, reader: ResultReader) -> None:
    store.add_plume(PLUME, BODY)
    with pytest.raises(StoreError, match="never overwritten"):
        store.add_plume(replace(PLUME, max_kg_m3=9.0), b"other")
    assert reader.plume_file(PLUME.run, 0).read_bytes() == BODY
    assert reader.plume(PLUME.run, 0).max_kg_m3 == PLUME.max_kg_m3
    store.add_plume(replace(PLUME, k=1), BODY)
    assert [row.seq for row in reader.events(0)] == [1, 2], "a refused row takes no number"


def test_newest_plume_of_each_substance_at_any_moment(store: ResultStore, reader: ResultReader) -> None:
    for k, (substance, time_ms) in enumerate((("hf", 10), ("nh3", 10), ("hf", 20), ("nh3", 30))):
        store.add_plume(replace(PLUME, k=k, substance_id=substance, time_ms=time_ms), BODY)
    assert {row.substance_id: row.time_ms for row in reader.newest_plumes()} == {"hf": 20, "nh3": 30}
    assert {row.substance_id: row.time_ms for row in reader.newest_plumes(25)} == {"hf": 20, "nh3": 10}
    assert reader.newest_plumes(5) == ()


def test_thinning_keeps_the_newest_and_one_per_step(store: ResultStore, reader: ResultReader) -> None:
    for k in range(100):
        store.add_plume(replace(PLUME, k=k, time_ms=k * 10), BODY)
    rule = Thinning(full_ms=200, step_ms=100, keep_ms=600)
    removed = store.thin(1_000, rule)
    times = [row.time_ms for row in reader.plumes("hf", 0, 10_000)]
    assert times == [400, 500, 600, 700, *range(800, 1_000, 10)]
    assert removed == 100 - len(times)
    kept = {f"frames/{PLUME.run}/{time_ms // 10}.twv" for time_ms in times}
    assert files(store.folder) == kept | {f"{name}.gz" for name in kept}
    assert store.thin(1_000, rule) == 0, "thinning what is thin removes nothing"
    assert store.thin(10**9, rule) == len(times) - 1
    assert [row.time_ms for row in reader.newest_plumes()] == [990], "the last picture stays"


def test_numbers_go_on_after_a_restart(store: ResultStore, reader: ResultReader) -> None:
    store.add_plume(PLUME, BODY)
    store.close()
    again = ResultStore(store.url, store.folder)
    again.add_plume(replace(PLUME, k=1), BODY)
    again.beat(77)
    again.close()
    beat = reader.beat()
    assert reader.cursor() == 2
    assert beat is not None
    assert (beat.process, beat.beat_ms) == ("worker", 77)


@pytest.mark.parametrize("run", ["", "..", "../x", "a/b", "run 1", "/etc", "r\x00", "r" * 300])
def test_a_run_cannot_leave_the_folder(tmp_path: Path, run: str) -> None:
    with pytest.raises(BadRequestError, match="run"):
        blob_path(tmp_path, run, 0, ".twv")


@pytest.mark.parametrize("k", [-1, 10**18, 10**400])
def test_a_number_that_no_frame_has_is_refused(tmp_path: Path, k: int) -> None:
    with pytest.raises(BadRequestError, match="k is"):
        blob_path(tmp_path, "r", k, ".twv")


def test_what_is_not_there_is_named(reader: ResultReader) -> None:
    with pytest.raises(NotFoundError, match="r/7.twv"):
        reader.plume_file("r", 7)
    with pytest.raises(NotFoundError, match="r/7.twv"):
        reader.plume("r", 7)


def test_a_new_run_has_a_name_that_sorts_by_time(store: ResultStore) -> None:
    one, other = store.new_run(1_795_325_199_727), store.new_run(1_795_325_200_727)
    assert one < other
    assert blob_path(store.folder, one, 0, ".twv").parent.name == one
