"""Roll-ups of what came by moments and, for their holes, by minute means: any order, any batches."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.arrivals import arrival, value
from tests.support.both_stores import empty_ledger
from twin.core.observation import Observation
from twin.store.bucket import valid_minutes
from twin.store.corrections import Correct
from twin.store.engine import sqlite_url
from twin.store.ledger import Batch, Ledger
from twin.store.reader import LedgerReader
from twin.store.rows import Step
from twin.store.statistics import hour_means, valid_hours_by_day

T0, MINUTE, HOUR, DAY = 1_795_276_800_000, 60_000, 3_600_000, 86_400_000
KEY = "W1/wind_speed"


def live(minute: float, number: float | None) -> Observation:
    return value(T0 + round(minute * MINUTE), number)


def mean(minute: int, number: float | None, length_min: int = 1) -> Observation:
    return value(T0 + minute * MINUTE, number, interval_ms=length_min * MINUTE)


def written(url: str, batches: Sequence[Sequence[Observation]], *, restart: bool = False) -> None:
    ledger, n = Ledger(url), 0
    for rows in batches:
        frames = [arrival(str(n := n + 1), row) for row in rows]
        ledger.write(Batch(arrivals=frames), T0)
        if restart:
            ledger.close()
            ledger = Ledger(url)
    ledger.close()


@pytest.mark.parametrize("back_end", ["sqlite", "postgresql"])
@pytest.mark.parametrize("live_again", [False, True])
def test_back_filled_minutes_make_an_hour_whole(back_end: str, live_again: bool) -> None:
    first = [live(k, 10.0) for k in range(10)]
    filled = [mean(k, 40.0) for k in range(10, 60)]
    if live_again:  # while the hole is filled, moments go on
        after = [live(k, 40.0) for k in range(40, 60)]
        filled = [row for pair in zip(after, filled[:20], strict=False) for row in pair] + filled[20:30]
    with empty_ledger(back_end) as url:
        written(url, [first, *([row] for row in filled)])
        reader = LedgerReader(url)
        try:
            for step in (Step.HOUR, Step.DAY, Step.MONTH):
                (row,) = reader.rollup(KEY, step, T0 - 40 * DAY, T0 + HOUR)
                assert (row.count, row.mean, row.low, row.high) == (60, pytest.approx(35.0), 10.0, 40.0)
            (hour,) = hour_means(reader, KEY, T0, T0 + HOUR)
            assert (hour.minutes(MINUTE), hour.mean) == (60.0, pytest.approx(35.0))
            assert valid_hours_by_day(reader, [(KEY, MINUTE)], T0, T0 + HOUR, 0)[KEY] == {T0 // DAY: 1}
        finally:
            reader.close()


def test_a_mean_weighs_as_its_minute_whatever_the_number_of_moments(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "ledger.sqlite")
    written(url, [[live(k / 12, 10.0) for k in range(12 * 30)], [mean(k, 20.0) for k in range(0, 60)]])
    reader = LedgerReader(url)
    (row,) = reader.rollup(KEY, Step.HOUR, T0, T0 + HOUR)
    assert (row.count, row.mean) == (390, pytest.approx(15.0))
    (minute, *_) = reader.rollup(KEY, Step.MINUTE, T0, T0 + HOUR)
    assert (minute.count, minute.mean) == (12, 10.0)
    reader.close()


def test_values_in_one_minute_do_not_make_an_hour(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "ledger.sqlite")
    written(url, [[live(k / 60, 10.0) for k in range(60)]])
    reader = LedgerReader(url)
    assert valid_hours_by_day(reader, [(KEY, MINUTE)], T0, T0 + HOUR, 0)[KEY] == {}
    (hour,) = hour_means(reader, KEY, T0, T0 + HOUR)
    assert hour.minutes(MINUTE) == 1.0
    reader.close()


def test_one_moment_a_minute_is_too_few_for_one_that_speaks_every_five_seconds(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "ledger.sqlite")
    written(url, [[live(k, 10.0) for k in range(60)]])
    reader = LedgerReader(url)
    (hour,) = hour_means(reader, KEY, T0, T0 + HOUR)
    assert (hour.minutes(5_000), hour.minutes(MINUTE)) == (5.0, 60.0)
    reader.close()


def test_a_moment_that_is_taken_back_leaves_its_minute_to_the_mean(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "ledger.sqlite")
    written(url, [[live(0, 10.0), mean(0, 30.0), live(1, 10.0)], [live(0, None)]])
    reader = LedgerReader(url)
    (row,) = reader.rollup(KEY, Step.HOUR, T0, T0 + HOUR)
    assert (row.count, row.mean) == (2, 20.0)
    reader.close()


def test_a_late_moment_outdoes_the_mean_of_its_minute(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "ledger.sqlite")
    written(url, [[mean(0, 30.0), mean(1, 30.0)], [live(0, 10.0)], [mean(2, 80.0, 10)]])
    reader = LedgerReader(url)
    for step in (Step.HOUR, Step.DAY, Step.MONTH):
        (row,) = reader.rollup(KEY, step, T0 - 40 * DAY, T0 + HOUR)
        assert (row.count, row.mean) == (3, pytest.approx((10.0 + 30.0 + 10 * 80.0) / 12))
    reader.close()


def test_a_correction_of_a_back_filled_minute_is_counted(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "ledger.sqlite")
    written(url, [[live(0, 10.0), mean(1, 30.0)]])
    ledger = Ledger(url)
    ledger.write(
        Batch(
            deeds=[
                Correct(
                    series_key=KEY,
                    time_ms=T0 + MINUTE,
                    interval_ms=MINUTE,
                    actor="zhang",
                    reason="hand",
                    value=50.0,
                )
            ]
        ),
        T0,
    )
    ledger.close()
    reader = LedgerReader(url)
    for step in (Step.HOUR, Step.DAY, Step.MONTH):
        assert [row.mean for row in reader.rollup(KEY, step, T0 - 40 * DAY, T0 + HOUR)] == [30.0]
    reader.close()


def test_an_hour_of_an_earlier_release_is_counted_again_when_it_is_touched(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    url = sqlite_url(path)
    written(url, [[live(k, 10.0) for k in range(10)]])
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE rollup SET covered = NULL")
    written(url, [[], [mean(k, 40.0) for k in range(60)]])
    reader = LedgerReader(url)
    for step in (Step.HOUR, Step.DAY, Step.MONTH):
        (row,) = reader.rollup(KEY, step, T0 - 40 * DAY, T0 + HOUR)
        assert (row.count, row.mean) == (60, pytest.approx(35.0))
    reader.close()


minutes = st.integers(0, 6)
numbers = st.sampled_from([1.0, 2.0, 4.0, None])
said = st.one_of(
    st.builds(live, minutes, numbers),
    st.builds(live, minutes.map(lambda k: k + 0.5), numbers),
    st.builds(mean, minutes, numbers),
    st.builds(mean, st.sampled_from([0, 5]), numbers, st.just(5)),
    st.builds(mean, st.just(0), numbers, st.just(60)),
    st.builds(mean, st.just(0), numbers, st.just(24 * 60)),
    st.builds(live, st.sampled_from([70, 1500]), numbers),
)


def tables(batches: Sequence[Sequence[Observation]], *, restart: bool = False) -> list[tuple[object, ...]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.sqlite"
        written(sqlite_url(path), batches, restart=restart)
        with sqlite3.connect(path) as connection:
            return connection.execute("SELECT * FROM rollup ORDER BY 1, 2, 3").fetchall()


@settings(max_examples=20, deadline=None)
@given(st.lists(said, max_size=12), st.data())
@example([live(0, 1.0), live(0, None), mean(5, 2.0)], None)
@example([mean(0, 1.0), mean(0, None)], None)
def test_the_rows_do_not_depend_on_the_batches(rows: list[Observation], data: st.DataObject | None) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(rows)), max_size=4))) if data else range(len(rows))
    edges = [0, *cuts, len(rows)]
    parts = [rows[a:b] for a, b in zip(edges, edges[1:], strict=False)]
    whole = tables([rows])
    assert tables(parts) == whole
    assert tables(parts, restart=True) == whole


@settings(max_examples=15, deadline=None)
@given(st.lists(said, max_size=10, unique_by=lambda row: (row.time_ms, row.interval_ms)), st.randoms())
def test_the_rows_do_not_depend_on_the_order_of_arrival(rows: list[Observation], random: object) -> None:
    mixed = list(rows)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert tables([[row] for row in mixed]) == tables([rows])


def test_minutes_of_slow_instruments_stand_for_their_part_of_the_hour() -> None:
    assert valid_minutes((1 << 60) - 1, 1) == 60
    assert valid_minutes(sum(1 << k for k in range(3, 60, 5)), 5) == 60
    assert valid_minutes(0b1, 60) == 60
    assert valid_minutes(0b1, 90) == 60
    assert valid_minutes(0b11 << 4, 5) == 10


@pytest.mark.parametrize("later", [live(0, 10.0), mean(0, 10.0)])
def test_a_mean_of_an_hour_gives_way_also_to_what_came_before_it_began(
    tmp_path: Path, later: Observation
) -> None:
    url = sqlite_url(tmp_path / "ledger.sqlite")
    written(url, [[mean(3, 40.0, 60), later]])
    reader = LedgerReader(url)
    (row,) = reader.rollup(KEY, Step.HOUR, T0, T0 + HOUR)
    assert (row.count, row.mean) == (1, 10.0)
    reader.close()
