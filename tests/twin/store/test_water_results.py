"""Rows of the groundwater: files by name, addresses, newest by kind, exercises apart, thinning, backup."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from twin.core.errors import BadRequestError, NotFoundError, StoreError
from twin.core.origin import Origin
from twin.store.engine import sqlite_url
from twin.store.results import ResultReader, ResultStore, Thinning
from twin.store.rows import WaterKind, WaterRow

HOUR_MS = 3_600_000
FILES = {"f-0-median.twv": b"TWV1" + bytes(300), "heads.twg": b"TWG1" + bytes(200)}
ROW = WaterRow(
    run="r",
    k=0,
    kind=WaterKind.NOW_CAST,
    time_ms=1_000,
    origin=Origin.SIMULATED,
    solver="water",
    body={"heads_url": "file:heads.twg", "volumes": [{"url": "file:f-0-median.twv", "bytes": 304}]},
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


def test_a_row_comes_back_whole_with_its_files(store: ResultStore, reader: ResultReader) -> None:
    stored = store.add_water(ROW, FILES)
    assert stored.size_bytes == sum(map(len, FILES.values()))
    assert reader.water("r", 0) == stored
    for name, body in FILES.items():
        assert reader.water_file("r", 0, name).read_bytes() == body
    told = stored.payload()
    assert told["heads_url"] == "/api/v1/water/files/r/0/heads.twg"
    assert told["volumes"][0]["url"] == "/api/v1/water/files/r/0/f-0-median.twv"
    (event,) = reader.events(0)
    assert (event.kind, event.data()) == (
        "water",
        {"kind": "nowcast", "run": "r", "k": 0, "t": 1_000, "origin": "simulated"},
    )


def test_an_address_of_a_file_that_did_not_come_is_empty(store: ResultStore) -> None:
    assert store.add_water(ROW).payload()["heads_url"] == ""


@pytest.mark.parametrize("name", ["../heads.twg", "heads", "a/b.twg", "HEADS.twg", "heads.sh", ""])
def test_no_other_file_is_reached(store: ResultStore, reader: ResultReader, name: str) -> None:
    with pytest.raises(BadRequestError):
        store.add_water(ROW, {name: b""})
    with pytest.raises(BadRequestError):
        reader.water_file("r", 0, name)


def test_newest_is_by_time_and_an_exercise_is_none(store: ResultStore, reader: ResultReader) -> None:
    store.add_water(replace(ROW, k=1, time_ms=5_000))
    store.add_water(replace(ROW, k=2, time_ms=9_000, kind=WaterKind.COMPARISON))
    store.add_water(replace(ROW, k=3, time_ms=9_500, kind=WaterKind.COMPARISON, exercise=True))
    newest = reader.newest_water(WaterKind.NOW_CAST)
    assert newest is not None
    assert newest.k == 1
    compared = reader.newest_water(WaterKind.COMPARISON)
    assert compared is not None
    assert compared.k == 2
    rows = reader.water_rows(WaterKind.COMPARISON, 0, 10_000)
    assert [(row.k, row.payload()["exercise"]) for row in rows] == [(2, False), (3, True)]
    assert reader.newest_water(WaterKind.EVENT) is None
    assert reader.newest_water(WaterKind.NOW_CAST, 4_999) is None
    with pytest.raises(NotFoundError):
        reader.water("r", 9)


def test_nothing_is_overwritten(store: ResultStore, reader: ResultReader) -> None:
    store.add_water(ROW, FILES)
    with pytest.raises(StoreError, match="stored already"):
        store.add_water(ROW, {"heads.twg": b"other"})
    assert reader.water_file("r", 0, "heads.twg").read_bytes() == FILES["heads.twg"]


def test_thinning_keeps_one_an_hour_and_every_warning(store: ResultStore, reader: ResultReader) -> None:
    for k in range(8):
        store.add_water(replace(ROW, k=k, time_ms=k * HOUR_MS // 4), FILES)
    for k in range(8, 12):
        store.add_water(replace(ROW, k=k, time_ms=k * 1_000, kind=WaterKind.EVENT, body={}))
    store.thin(200 * HOUR_MS, Thinning(full_ms=0, step_ms=1, keep_ms=100 * HOUR_MS))
    kept = [row.k for row in reader.water_rows(WaterKind.NOW_CAST, 0, 10**9)]
    assert kept == [0, 4, 7]
    assert len(reader.water_rows(WaterKind.EVENT, 0, 10**9)) == 4
    assert len(list((store.folder / "water").rglob("*.twv"))) == 3
    store.thin(2_000 * HOUR_MS, Thinning(full_ms=0, step_ms=1, keep_ms=100 * HOUR_MS))
    assert [row.k for row in reader.water_rows(WaterKind.NOW_CAST, 0, 10**9)] == [7]
    assert [row.k for row in reader.water_rows(WaterKind.EVENT, 0, 10**9)] == [11]
