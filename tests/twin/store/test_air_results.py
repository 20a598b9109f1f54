"""Now-casts and forecasts: rows with and without a map, newest by time, thinned by kind and substance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from twin.core.errors import NotFoundError, StoreError
from twin.core.origin import Origin
from twin.store.engine import sqlite_url
from twin.store.results import ResultReader, ResultStore, Thinning
from twin.store.rows import AirKind, AirRow

MAP = b"TWV1" + bytes(500)
ROW = AirRow(
    run="r",
    k=0,
    kind=AirKind.NOW_CAST,
    substance_id="hf",
    time_ms=1_000,
    size_bytes=0,
    origin=Origin.SIMULATED,
    solver="gaussian_puff",
    body={"notes": ["calm"], "beams": []},
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


def test_a_row_comes_back_whole_and_is_an_event(store: ResultStore, reader: ResultReader) -> None:
    stored = store.add_air(ROW, MAP)
    assert stored == replace(ROW, size_bytes=len(MAP))
    assert reader.air_rows(AirKind.NOW_CAST, "hf", 0, 2_000) == (stored,)
    assert reader.air_rows(AirKind.FORECAST, None, 0, 2_000) == ()
    assert reader.air_file("r", 0).read_bytes() == MAP
    (event,) = reader.events(0)
    assert (event.kind, event.data()) == ("nowcast", stored.payload())
    assert event.data()["url"] == "/api/v1/airmaps/r/0.twv"
    assert event.data()["notes"] == ["calm"]


def test_a_row_without_a_map_has_no_file_and_no_address(store: ResultStore, reader: ResultReader) -> None:
    assert store.add_air(ROW).url == ""
    with pytest.raises(NotFoundError):
        reader.air_file("r", 0)


def test_newest_is_by_time_of_each_substance_and_may_ask_for_a_map(
    store: ResultStore, reader: ResultReader
) -> None:
    store.add_air(replace(ROW, k=1, time_ms=5_000), MAP)
    store.add_air(replace(ROW, k=2, time_ms=9_000))
    store.add_air(replace(ROW, k=3, time_ms=7_000, substance_id="nh3"))
    store.add_air(replace(ROW, k=4, time_ms=9_500, kind=AirKind.FORECAST), MAP)
    newest = reader.newest_air(AirKind.NOW_CAST)
    assert [(row.substance_id, row.time_ms) for row in newest] == [("hf", 9_000), ("nh3", 7_000)]
    assert [row.time_ms for row in reader.newest_air(AirKind.NOW_CAST, with_map=True)] == [5_000]
    assert [row.time_ms for row in reader.newest_air(AirKind.NOW_CAST, 8_000)] == [5_000, 7_000]
    assert [row.k for row in reader.newest_air(AirKind.FORECAST)] == [4]


def test_nothing_is_overwritten(store: ResultStore) -> None:
    store.add_air(ROW)
    with pytest.raises(StoreError, match="stored already"):
        store.add_air(ROW, MAP)


def test_thinning_keeps_the_newest_of_every_kind_and_removes_maps_with_their_rows(
    store: ResultStore, reader: ResultReader
) -> None:
    for k in range(10):
        store.add_air(replace(ROW, k=k, time_ms=k * 60_000), MAP)
    store.add_air(replace(ROW, k=10, kind=AirKind.FORECAST, time_ms=0), MAP)
    rule = Thinning(full_ms=0, step_ms=300_000, keep_ms=10**9)
    store.thin(600_000, rule)
    kept = [row.time_ms for row in reader.air_rows(AirKind.NOW_CAST, None, 0, 10**9)]
    assert kept == [0, 300_000, 540_000]
    assert len(reader.air_rows(AirKind.FORECAST, None, 0, 10**9)) == 1
    assert len(list((store.folder / "airmaps").rglob("*.twv"))) == 4
