"""Packing loses nothing: pages give back what went in, and no reader's answer changes by it."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.support.arrivals import arrival, value
from tests.support.both_stores import empty_ledger
from twin.core.clock import DAY_MS
from twin.core.errors import StoreError
from twin.core.observation import Check, Mark, Observation
from twin.store import ledger_schema as t
from twin.store.columns import of_rows
from twin.store.corrections import Correct
from twin.store.engine import sqlite_url
from twin.store.ledger import Arrival, Batch, Ledger
from twin.store.packer import ROUND_MS
from twin.store.pages import decode, encode
from twin.store.reader import LedgerReader
from twin.store.rows import Step

KEYS = ("W1/wind_speed", "W1/wind_from")
texts = st.one_of(
    st.decimals(-1000, 1000, places=3, allow_nan=False).map(str),
    st.integers(-(10**15), 10**15).map(str),
    st.sampled_from(
        ["", "-0", "-0.00", "007", "+3.2", "1e-3", ".5", "5.", "NaN", "０.5", "0.1234567890123456"]
    ),
    st.text(max_size=6),
)
rows = st.tuples(
    st.integers(-(10**13), 10**13),
    st.sampled_from([0, 60_000, 3_600_000]),
    st.integers(0, 3),
    st.one_of(st.none(), st.floats(allow_nan=False), st.floats(-400, 400).map(lambda x: round(x, 2))),
    st.sampled_from([mark.value for mark in Mark]),
    st.integers(0, 32767),
    texts,
    st.integers(0, 10**13),
    st.integers(0, 2**40),
    st.sampled_from(["", "corrected", "corrected by hand"]),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(rows, min_size=1, max_size=40), st.integers(-(10**13), 10**13))
def test_a_page_gives_back_what_went_in(said: list[tuple[object, ...]], start_ms: int) -> None:
    body = encode(of_rows(said), start_ms)
    back = decode(body, start_ms)
    columns = (
        back.time_ms.tolist(),
        back.interval_ms.tolist(),
        back.version.tolist(),
        [None if x != x else x.hex() for x in back.value.tolist()],
        back.mark.tolist(),
        back.checks.tolist(),
        list(back.raw_text),
        back.received_ms.tolist(),
        back.frame_seq.tolist(),
        list(back.reason),
    )
    wanted = [
        (*row[:3], None if row[3] is None else float(row[3]).hex(), *row[4:])  # type: ignore[arg-type]
        for row in said
    ]
    assert list(zip(*columns, strict=True)) == wanted


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(-9999, 9999), min_size=4, max_size=50),
    st.sampled_from([(1e-6, 0.0), (1.0, 273.15), (0.01, 0.0), (1 / 3.6, 0.0), (1.0, 0.0)]),
)
def test_values_that_follow_from_their_text_cost_next_to_nothing(
    numbers: list[int], line: tuple[float, float]
) -> None:
    said = [
        (
            i * 60_000,
            0,
            0,
            float(f"{n / 100:.2f}") * line[0] + line[1],
            "N",
            0,
            f"{n / 100:.2f}",
            i * 60_000 + 7,
            i,
            "",
        )
        for i, n in enumerate(numbers)
    ]
    said = [row for row in said if row[6] != "-0.00"]
    back = decode(encode(of_rows(said), 0), 0)
    assert back.value.tolist() == [row[3] for row in said]


def test_a_day_of_minutes_is_small() -> None:
    import random

    dice = random.Random(1)
    said = []
    for i in range(1440):
        text = f"{dice.gauss(5, 1):.3f}"
        received = i * 60_000 + dice.randrange(200, 1200)
        said.append(
            (i * 60_000, 0, 0, float(text) * 1e-6, "N", 0, text, received, i * 200 + dice.randrange(9), "")
        )
    assert len(encode(of_rows(said), 0)) / 1440 < 8.0


def test_a_damaged_page_is_said_to_be_unreadable() -> None:
    body = encode(of_rows([(i, 0, 0, float(i * i), "N", 0, str(i), i, i, "") for i in range(50)]), 0)
    for bad in (b"", b"XX" + body[2:], body[: len(body) // 2], body[:30] + bytes(20) + body[50:]):
        with pytest.raises(StoreError, match="cannot be read"):
            decode(bad, 0)


moments = st.one_of(
    st.integers(0, 9).map(lambda i: i * 20_000),
    st.tuples(st.integers(0, 3), st.integers(0, 5)).map(lambda p: p[0] * DAY_MS + p[1] * 50_000 - 60_000),
)
observations = st.builds(
    value,
    moments,
    st.one_of(st.none(), st.integers(0, 359).map(float)),
    quantity=st.sampled_from(["wind_speed", "wind_from"]),
    interval_ms=st.sampled_from([0, 0, 0, 60_000, 3_600_000, DAY_MS]),
    mark=st.sampled_from([Mark.NORMAL, Mark.NORMAL, Mark.CALIBRATION]),
    checks=st.sampled_from([Check.NONE, Check.NONE, Check.OUT_OF_RANGE, Check.TIME_OUT_OF_WINDOW]),
)
frames = st.builds(
    lambda qn, said: arrival(str(qn), *said, body=repr(said)),
    st.integers(0, 60),
    st.lists(observations, max_size=5),
)
orders = st.builds(
    lambda item, number, decision: Correct(
        series_key=f"W1/{item.quantity}",
        time_ms=item.time_ms,
        interval_ms=item.interval_ms,
        actor="a",
        reason="r",
        value=number,
        decision=decision,
    ),
    observations,
    st.one_of(st.none(), st.integers(0, 9).map(float)),
    st.sampled_from([Check.REJECTED, Check.CONFIRMED, Check.NONE]),
)
work = st.lists(
    st.tuples(st.lists(frames, max_size=5), st.lists(orders, max_size=2), st.booleans(), st.booleans()),
    max_size=6,
)
Turn = tuple[list[Arrival], list[Correct], bool, bool]


def answers(reader: LedgerReader) -> dict[str, object]:
    """Everything that can be asked about values."""
    found: dict[str, object] = {"span": reader.span(), "counters": _stable(reader.counters())}
    for at_ms in (None, 0, 65_000, DAY_MS + 7, 10**10):
        found[f"newest {at_ms}"] = reader.newest(at_ms)
    for key in {row.key for row in reader.series_rows()}:
        for from_ms, to_ms in ((-(10**12), 10**12), (10_000, DAY_MS), (0, 0)):
            found[f"{key} {from_ms}"] = reader.series(key, from_ms, to_ms)
            found[f"{key} {from_ms} hourly"] = reader.series(key, from_ms, to_ms, 3, interval_ms=3_600_000)
            for step in Step:
                rollups = reader.rollup(key, step, from_ms, to_ms)
                found[f"{key} {from_ms} {step}"] = [
                    (
                        row.start_ms,
                        row.count,
                        row.low,
                        row.high,
                        None if row.mean is None else round(row.mean, 9),
                    )
                    for row in rollups
                ]
        for row in reader.series(key, -(10**12), 10**12, 20):
            for interval_ms in (0, 60_000, 3_600_000):
                asked = (row.time_ms, interval_ms)
                found[f"{key} {asked} versions"] = reader.versions(key, *asked)
    return found


def _stable(counters: dict[str, float]) -> dict[str, float]:
    return {name: number for name, number in counters.items() if not name.startswith("commit")}


def write_all(url: str, turns: list[Turn], *, packing: bool) -> dict[str, object]:
    ledger, reader, now_ms = Ledger(url, utc_offset_h=8.0), LedgerReader(url), 10**11
    for arrivals, corrections, pack, restart in turns:
        ledger.write(Batch(arrivals=arrivals, deeds=corrections), 7)
        now_ms += ROUND_MS
        while packing and pack and ledger.tidy(now_ms):
            pass
        if restart and packing:
            ledger.close()
            ledger = Ledger(url, utc_offset_h=8.0)
    found = answers(reader)
    if packing:
        while ledger.tidy(now_ms + ROUND_MS):
            pass
        with reader.snapshot() as connection:
            assert not connection.execute(sa.select(t.OBSERVATION.c.time_ms)).all(), "all has settled"
        assert answers(reader) == found
    reader.close()
    ledger.close()
    return found


# What fails is printed as found: a smaller example would cost minutes of ledgers.
@settings(max_examples=20, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(work)
def test_packing_changes_no_answer(turns: list[Turn]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        plain = write_all(sqlite_url(Path(folder) / "plain.sqlite"), turns, packing=False)
        packed = write_all(sqlite_url(Path(folder) / "packed.sqlite"), turns, packing=True)
    assert packed == plain


def _day(seconds: int, count: int) -> list[Observation]:
    return [value(i * seconds * 1000, float(i % 97)) for i in range(count)]


@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_days_are_packed_and_stay_readable_on_both_stores(tmp_path: Path, store: str) -> None:
    with empty_ledger(store, tmp_path) as url, contextlib.closing(Ledger(url)) as ledger:
        ledger.write(Batch(arrivals=[arrival("1", *_day(30, 5_760))]), 5)
        with contextlib.closing(LedgerReader(url)) as reader:
            before = answers(reader)
            assert ledger.tidy(DAY_MS + 3_600_000)
            assert not ledger.tidy(DAY_MS + 3_600_001), "the second day has not settled"
            with reader.snapshot() as connection:
                starts = connection.execute(sa.select(t.OBSERVATION.c.time_ms)).scalars().all()
                minutes = connection.execute(
                    sa.select(sa.func.count()).where(t.ROLLUP.c.step_ms == Step.MINUTE.code)
                ).scalar_one()
            assert min(starts) == DAY_MS
            assert minutes == 1_440, "minutes of a packed day are counted from its page"
            assert answers(reader) == before


def test_a_fast_series_is_packed_by_the_hour_and_by_pages(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "ledger.sqlite")
    with contextlib.closing(Ledger(url)) as ledger, contextlib.closing(LedgerReader(url)) as reader:
        rows = [value(i * 500, float(i % 50)) for i in range(10_000)]
        ledger.write(Batch(arrivals=[arrival("1", *rows)]), 5)
        before = answers(reader)
        assert ledger.tidy(3 * 3_600_000)
        with reader.snapshot() as connection:
            counts = connection.execute(sa.select(t.PAGE.c.n).order_by(t.PAGE.c.start_ms)).scalars().all()
        assert counts == [4_096, 3_104]
        assert answers(reader) == before


def test_a_late_value_for_an_old_minute_is_counted_and_known_when_it_comes_again(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "ledger.sqlite")
    with contextlib.closing(Ledger(url)) as ledger, contextlib.closing(LedgerReader(url)) as reader:
        ledger.write(Batch(arrivals=[arrival("1", *_day(60, 1_440))]), 5)
        while ledger.tidy(10 * DAY_MS):
            pass
        again = ledger.write(Batch(arrivals=[arrival("2", *_day(60, 1_440), body="again")]), 6)
        assert again.values == ()
        assert len(reader.versions("W1/wind_speed", 60_000)) == 1
        ledger.write(Batch(arrivals=[arrival("3", value(70_000, 11.0), value(60_000, 5.0))]), 6)
        (minute,) = reader.rollup("W1/wind_speed", Step.MINUTE, 60_000, 120_000)
        assert (minute.count, minute.mean) == (2, 8.0)
        assert [row.value.value for row in reader.versions("W1/wind_speed", 60_000)] == [1.0, 5.0]
