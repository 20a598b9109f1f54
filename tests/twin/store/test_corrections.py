"""A person's version: kept with who and why, above all that was there, and everything follows it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.arrivals import arrival, value
from twin.core.errors import BadRequestError, NotFoundError, ParkTwinError
from twin.core.observation import Check, Mark, Quality
from twin.store.corrections import Correct, Corrected, corrections_of
from twin.store.engine import sqlite_url
from twin.store.ledger import Batch, Ledger, Written
from twin.store.reader import LedgerReader
from twin.store.rows import Step

KEY = "W1/wind_speed"


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    made = Ledger(sqlite_url(tmp_path / "ledger.sqlite"))
    yield made
    made.close()


@pytest.fixture
def reader(ledger: Ledger) -> Iterator[LedgerReader]:
    made = LedgerReader(ledger.url)
    yield made
    made.close()


def corrected(ledger: Ledger, time_ms: int = 0, **more: object) -> object:
    order = Correct(series_key=KEY, time_ms=time_ms, actor="li", reason="zero drift", **more)  # type: ignore[arg-type]
    (result,) = ledger.write(Batch(deeds=[order]), 9_000).deeds
    return result


def send(ledger: Ledger, qn: str, *values: object, body: str = "") -> Written:
    return ledger.write(Batch(arrivals=[arrival(qn, *values, body=body)]), 5)  # type: ignore[arg-type]


def test_a_value_by_hand_is_a_version_with_who_when_and_why(ledger: Ledger, reader: LedgerReader) -> None:
    send(ledger, "1", value(0, 1.0), value(10_000, 3.0))
    result = corrected(ledger, 10_000, value=5.0)
    assert isinstance(result, Corrected)
    versions = reader.versions(KEY, 10_000)
    assert [(row.value.value, row.value.mark) for row in versions] == [
        (3.0, Mark.NORMAL),
        (5.0, Mark.BY_HAND),
    ]
    with reader.snapshot() as connection:
        assert corrections_of(connection, KEY, 10_000) == {1: ("li", "zero drift", 9_000)}
    for step in Step:
        (row,) = reader.rollup(KEY, step, -(10**9), 10**9)
        assert (row.count, row.mean, row.high) == (2, 3.0, 5.0), step
    assert [(row.value, row.version) for row in reader.newest()] == [(5.0, 1)]
    assert [row["v"] for row in reader.events(0)[-1].data()["values"]] == [5.0], "screens are told"


def test_a_rejected_value_leaves_the_means_and_comes_back_when_confirmed(
    ledger: Ledger, reader: LedgerReader
) -> None:
    send(ledger, "1", value(0, 1.0), value(10_000, 90.0, checks=Check.RATE))
    corrected(ledger, 10_000, decision=Check.REJECTED)
    assert [row.mean for row in reader.rollup(KEY, Step.HOUR, 0, 10**9)] == [1.0]
    assert reader.series(KEY, 0, 10**9)[-1].quality is Quality.DOUBTFUL
    corrected(ledger, 10_000, decision=Check.CONFIRMED)
    last = reader.series(KEY, 0, 10**9)[-1]
    assert (last.version, last.checks, last.quality) == (2, Check.RATE | Check.CONFIRMED, Quality.GOOD)
    assert [row.mean for row in reader.rollup(KEY, Step.DAY, 0, 10**9)] == [45.5]


def test_what_the_instrument_repeats_does_not_undo_a_person(ledger: Ledger, reader: LedgerReader) -> None:
    send(ledger, "1", value(0, 1.0))
    corrected(ledger, 0, value=2.0)
    send(ledger, "2", value(0, 1.0))
    assert [row.value for row in reader.series(KEY, 0, 1)] == [2.0]
    send(ledger, "3", value(0, 1.5))
    assert [row.value.value for row in reader.versions(KEY, 0)] == [1.0, 2.0, 1.5], "something new is news"


def test_live_data_go_on_after_a_correction(ledger: Ledger, reader: LedgerReader) -> None:
    send(ledger, "1", value(0, 1.0))
    corrected(ledger, 0, value=2.0)
    send(ledger, "2", value(1_000, 3.0))
    assert [row.value for row in reader.newest()] == [3.0]
    (minute,) = reader.rollup(KEY, Step.MINUTE, 0, 10**9)
    assert (minute.count, minute.mean) == (2, 2.5)


@pytest.mark.parametrize(
    ("order", "error"),
    [
        (Correct(series_key="W9/x", time_ms=0, actor="a", reason="r", value=1.0), NotFoundError),
        (Correct(series_key=KEY, time_ms=7, actor="a", reason="r", value=1.0), NotFoundError),
        (Correct(series_key=KEY, time_ms=0, actor=" ", reason="r", value=1.0), BadRequestError),
        (Correct(series_key=KEY, time_ms=0, actor="a", reason="", value=1.0), BadRequestError),
        (Correct(series_key=KEY, time_ms=0, actor="a", reason="r"), BadRequestError),
        (Correct(series_key=KEY, time_ms=0, actor="a", reason="r", decision=Check.RATE), BadRequestError),
    ],
)
def test_an_order_that_cannot_be_done_changes_nothing(
    ledger: Ledger, reader: LedgerReader, order: Correct, error: type[ParkTwinError]
) -> None:
    send(ledger, "1", value(0, 1.0))
    (result,) = ledger.write(Batch(deeds=[order]), 6).deeds
    assert isinstance(result, error)
    assert len(reader.versions(KEY, 0)) == 1
