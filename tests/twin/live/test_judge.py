"""The judge: marks, memory in tables, reviews; the same whatever the batches and restarts."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.arrivals import arrival, value
from tests.support.small_park import device
from twin.core.device import Device, Factor
from twin.core.judging import JudgeBook, Relation, ReviewRules, RunningLink, RunningUnit, SensorPair, UnitKind
from twin.core.observation import Check, Mark
from twin.core.text import Text
from twin.live.judge import StreamJudge
from twin.store.engine import sqlite_url
from twin.store.ledger import Arrival, Batch, Ledger
from twin.store.reader import LedgerReader
from twin.store.review_book import CommentReview, DecideReview

NAME = Text(zh="单元", en="unit")
HF = Factor(
    code="a21018",
    quantity="conc:hf",
    unit="mg/m3",
    low=-0.5,
    high=500.0,
    max_rate_per_min=2.0,
    detection_limit=0.01,
    fixed_after=4,
)
WIND = Factor(code="a01008", quantity="wind_from", unit="deg", max_rate_per_min=40.0)
TABLES = (
    "series_state",
    "relation_state",
    "sensor_hour",
    "series_hour",
    "review",
    "review_step",
    "unit_state",
    "link_state",
    "observation",
)
MINUTE = 60_000
T0 = 1_800_000_000_000


def instrument(sensor: str, *factors: Factor) -> Device:
    return replace(device(1), mn=f"M{sensor}", sensor_id=sensor, factors=factors)


DEVICES = (instrument("B1", HF, WIND), instrument("B2", HF), instrument("P1"), instrument("A1"))
BOOK = JudgeBook(
    review=ReviewRules(clock_min=60.0, quiet_min=30.0),
    pairs=(SensorPair(first="B1/conc:hf", second="B2/conc:hf", within_s=30.0),),
)
LINK = JudgeBook(
    units=(
        RunningUnit(
            id="reactor",
            name=NAME,
            kind=UnitKind.PRODUCTION,
            series_key="P1/current",
            on_above_value=1.0,
            off_below_value=0.5,
            stale_s=600.0,
        ),
        RunningUnit(
            id="scrubber",
            name=NAME,
            kind=UnitKind.TREATMENT,
            series_key="A1/current",
            on_above_value=1.0,
            off_below_value=0.5,
            stale_s=600.0,
        ),
    ),
    links=(
        RunningLink(
            id="line-1", name=NAME, production_ids=("reactor",), treatment_ids=("scrubber",), grace_min=5.0
        ),
    ),
)


def hf(minute: float, mg_m3: float | None, *, sensor: str = "B1", mark: Mark = Mark.NORMAL) -> Arrival:
    time_ms = T0 + round(minute * MINUTE)
    number = None if mg_m3 is None else mg_m3 * 1e-6
    checks = Check.NOT_A_NUMBER if mg_m3 is None else Check.NONE
    row = value(time_ms, number, sensor=sensor, quantity="conc:hf", mark=mark, checks=checks)
    return arrival(f"{sensor}-{minute}-{mg_m3}", row, received_ms=time_ms + 500)


def amps(minute: float, sensor: str, current: float | None) -> Arrival:
    time_ms = T0 + round(minute * MINUTE)
    row = value(time_ms, current, sensor=sensor, quantity="current")
    return arrival(f"{sensor}-{minute}", row, received_ms=time_ms + 500)


def lived(
    folder: Path,
    arrivals: Sequence[Arrival],
    cuts: Sequence[int] = (),
    *,
    book: JudgeBook = BOOK,
    restart: bool = False,
) -> Path:
    """Ledger that has seen these frames in batches that end at ``cuts``."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "ledger.sqlite"
    edges = [0, *sorted(cuts), len(arrivals)]
    ledger = Ledger(sqlite_url(path), judge=StreamJudge(book, DEVICES))
    for start, end in zip(edges, edges[1:], strict=False):
        if restart:
            ledger.close()
            ledger = Ledger(sqlite_url(path), judge=StreamJudge(book, DEVICES))
        ledger.write(Batch(arrivals=arrivals[start:end]), now_ms=T0 + 7 * start)
    ledger.close()
    return path


def rows(path: Path, table: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(path) as connection:
        return connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2, 3").fetchall()


def bits(path: Path, sensor: str = "B1", quantity: str = "conc:hf") -> list[Check]:
    reader = LedgerReader(sqlite_url(path))
    try:
        found = reader.series(f"{sensor}/{quantity}", 0, 2**60)
    finally:
        reader.close()
    return [row.checks for row in found]


def test_a_fast_change_is_marked_and_stays_usable(tmp_path: Path) -> None:
    path = lived(tmp_path, [hf(0, 1.0), hf(1, 2.9), hf(2, 5.0), hf(4, 8.9)])
    assert bits(path) == [Check.NONE, Check.NONE, Check.RATE, Check.NONE]
    reader = LedgerReader(sqlite_url(path))
    assert all(row.quality.value == "good" for row in reader.series("B1/conc:hf", 0, 2**60))
    reader.close()
    ((_, key, rule, *_),) = rows(path, "review")
    assert (key, rule) == ("B1/conc:hf", "RATE")


def test_calibration_takes_no_part(tmp_path: Path) -> None:
    sent = [hf(0, 1.0), hf(1, 400.0, mark=Mark.CALIBRATION), hf(2, 0.0, mark=Mark.MAINTENANCE), hf(3, 1.1)]
    path = lived(tmp_path, sent)
    assert bits(path) == [Check.NONE] * 4
    assert rows(path, "review") == []


def test_a_fixed_value_is_marked_from_its_nth_on_and_gaps_do_not_end_it(tmp_path: Path) -> None:
    sent = [hf(0, 1.0), hf(1, 1.0), hf(90, 1.0), hf(91, None), hf(92, 1.0), hf(93, 1.0), hf(94, 1.1)]
    path = lived(tmp_path, sent)
    fixed, bad = Check.FIXED_VALUE, Check.NOT_A_NUMBER
    assert bits(path) == [Check.NONE, Check.NONE, Check.NONE, bad, fixed, fixed, Check.NONE]
    assert [(r[2], r[9]) for r in rows(path, "review")] == [("NOT_A_NUMBER", 1), ("FIXED_VALUE", 2)]


def test_under_the_detection_limit_nothing_is_fixed(tmp_path: Path) -> None:
    assert set(bits(lived(tmp_path, [hf(k, 0.005) for k in range(9)]))) == {Check.NONE}


def test_directions_turn_the_short_way(tmp_path: Path) -> None:
    def wind(minute: float, degrees: float) -> Arrival:
        time_ms = T0 + round(minute * MINUTE)
        row = value(time_ms, degrees, sensor="B1", quantity="wind_from")
        return arrival(f"w{minute}", row, received_ms=time_ms)

    path = lived(tmp_path, [wind(0, 350.0), wind(1, 20.0), wind(2, 200.0)])
    assert bits(path, quantity="wind_from") == [Check.NONE, Check.NONE, Check.RATE]


def test_two_sensors_of_one_thing(tmp_path: Path) -> None:
    sent = [hf(0, 1.0), hf(0.2, 1.05, sensor="B2"), hf(1, 1.0), hf(1.2, 1.2, sensor="B2"), hf(9, 1.0)]
    path = lived(tmp_path, sent)
    assert bits(path, "B2") == [Check.NONE, Check.DUAL_SENSOR]
    assert bits(path) == [Check.NONE] * 3  # the other one was too long ago at the end


def test_two_sensors_below_the_detection_limit_are_not_compared(tmp_path: Path) -> None:
    path = lived(tmp_path, [hf(0, 0.001), hf(0.2, 0.009, sensor="B2")])
    assert bits(path, "B2") == [Check.NONE]


def test_another_number_for_the_same_moment_is_a_duplicate(tmp_path: Path) -> None:
    path = lived(tmp_path, [hf(0, 1.0), hf(1, 1.1), hf(1, 1.2), hf(2, 1.1)])
    assert bits(path) == [Check.NONE, Check.DUPLICATE, Check.NONE]


def test_late_data_are_judged_on_their_own_time(tmp_path: Path) -> None:
    live = [hf(100 + k, 1.0 + 0.1 * k) for k in range(3)]
    late = [hf(10, 1.0), hf(11, 9.0), hf(12, 9.1)]
    path = lived(tmp_path, [*live, *late, hf(103, 1.4)])
    assert bits(path) == [Check.NONE, Check.RATE, Check.NONE, *[Check.NONE] * 4]


def ahead(minute: float, mg_m3: float, ahead_min: float) -> Arrival:
    """A value that comes at a minute and is stamped so much later."""
    row = value(T0 + round((minute + ahead_min) * MINUTE), mg_m3 * 1e-6, sensor="B1", quantity="conc:hf")
    checked = replace(row, checks=Check.CLOCK_DRIFT)
    return arrival(f"ahead-{minute}-{mg_m3}", checked, received_ms=T0 + round(minute * MINUTE))


def test_a_forged_stamp_does_not_make_back_fill_of_live_data(tmp_path: Path) -> None:
    sent = [hf(0, 1.0), ahead(0.5, 300.0, 59.0), hf(1, 1.5), hf(2, 1.0, sensor="B2"), hf(2, 9.0)]
    path = lived(tmp_path, sent, cuts=[2], restart=True)
    assert bits(path)[:3] == [Check.NONE, Check.NONE, Check.RATE | Check.DUAL_SENSOR]
    lanes = {row[2]: row[3] for row in rows(path, "series_state") if row[0] == 1}
    assert lanes == {0: T0 + 2 * MINUTE, 2: T0 + round(59.5 * MINUTE)}


def test_a_fast_clock_is_judged_on_its_own_times(tmp_path: Path) -> None:
    path = lived(tmp_path, [ahead(k, number, 20.0) for k, number in enumerate((1.0, 1.5, 9.0))])
    assert bits(path) == [Check.CLOCK_DRIFT, Check.CLOCK_DRIFT, Check.CLOCK_DRIFT | Check.RATE]


def test_what_no_longer_goes_together(tmp_path: Path) -> None:
    book = JudgeBook(
        relations=(
            Relation(first="B1/conc:hf", second="B2/conc:hf", least_ratio=0.5, memory=12, within_s=30.0),
        )
    )
    together = [row for k in range(20) for row in (hf(k, 1 + k % 5), hf(k + 0.1, 2 + k % 5, sensor="B2"))]
    against = [row for k in range(20, 60) for row in (hf(k, 1 + k % 5), hf(k + 0.1, 7 - k % 5, sensor="B2"))]
    quiet = [replace(row, factors=(replace(HF, max_rate_per_min=None, fixed_after=0),)) for row in DEVICES]
    path = tmp_path / "ledger.sqlite"
    ledger = Ledger(sqlite_url(path), judge=StreamJudge(book, quiet))
    ledger.write(Batch(arrivals=[*together, *against]), now_ms=T0)
    ledger.close()
    found = bits(path, "B2")
    assert set(found[:20]) == {Check.NONE}
    assert found[-1] == Check.CORRELATION


values = st.lists(
    st.tuples(
        st.integers(0, 40),
        st.sampled_from([0.005, 1.0, 1.0, 1.5, 4.0, None]),
        st.sampled_from(["B1", "B2"]),
        st.sampled_from([Mark.NORMAL, Mark.NORMAL, Mark.NORMAL, Mark.CALIBRATION]),
    ),
    max_size=25,
    unique_by=lambda row: (row[0], row[1], row[2]),
)


@settings(deadline=None, max_examples=8)
@given(sent=values, cuts=st.lists(st.integers(0, 25), max_size=3), restart=st.booleans())
def test_tables_do_not_depend_on_batches_or_restarts(
    tmp_path_factory: pytest.TempPathFactory,
    sent: list[tuple[int, float | None, str, Mark]],
    cuts: list[int],
    restart: bool,
) -> None:
    folder = tmp_path_factory.mktemp("judge")
    arrivals = [hf(minute, number, sensor=sensor, mark=mark) for minute, number, sensor, mark in sent]
    whole = lived(folder / "a", arrivals)
    parts = lived(folder / "b", arrivals, [cut for cut in cuts if cut <= len(sent)], restart=restart)
    for table in TABLES:
        assert rows(whole, table) == rows(parts, table), table
    assert rows(whole, "rollup") == rows(parts, "rollup")


def test_one_open_review_per_series_and_rule_that_grows(tmp_path: Path) -> None:
    path = lived(tmp_path, [hf(k, 1.0 + 10.0 * (k % 2)) for k in range(6)], cuts=[2, 4])
    ((seq, key, rule, _, _, opened, due, first, last, count, worst, *_),) = rows(path, "review")
    assert (seq, key, rule, count) == (1, "B1/conc:hf", "RATE", 5)
    assert due - opened == 60 * MINUTE
    assert (first, last) == (T0 + MINUTE, T0 + 5 * MINUTE)
    assert worst == pytest.approx(11e-6)
    assert [row[4] for row in rows(path, "review_step")] == ["opened"]


def test_a_decided_doubt_rests_and_then_opens_again(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    ledger = Ledger(sqlite_url(path), judge=StreamJudge(BOOK, DEVICES))
    ledger.write(Batch(arrivals=[hf(0, 1.0), hf(1, 9.0)]), now_ms=T0)
    comment = CommentReview(review=1, actor="li", comment="asked the site")
    decide = DecideReview(review=1, actor="li", verdict="confirm", comment="a leak")
    done = ledger.write(Batch(deeds=[comment, decide, decide]), now_ms=T0 + 3 * MINUTE)
    assert done.deeds[:2] == (None, True)
    assert "decided by li" in str(done.deeds[2])
    ledger.write(Batch(arrivals=[hf(2, 1.0), hf(30, 200.0)]), now_ms=T0 + 4 * MINUTE)
    assert len(rows(path, "review")) == 1
    ledger.write(Batch(arrivals=[hf(32, 1.0)]), now_ms=T0 + 5 * MINUTE)
    assert len(rows(path, "review")) == 2
    assert [row[4] for row in rows(path, "review_step")] == ["opened", "comment", "decided", "opened"]
    ledger.close()


def test_a_failed_batch_leaves_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    judge = StreamJudge(BOOK, DEVICES)
    ledger = Ledger(sqlite_url(path), judge=judge)
    ledger.write(Batch(arrivals=[hf(0, 1.0)]), now_ms=T0)

    class Broken:
        def apply(self, connection: object, now_ms: int) -> object:
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        ledger.write(Batch(arrivals=[hf(1, 90.0)], deeds=[Broken()]), now_ms=T0)
    ledger.write(Batch(arrivals=[hf(2, 1.0)]), now_ms=T0)
    assert bits(path) == [Check.NONE, Check.NONE]
    assert rows(path, "sensor_hour")[0][3] == 2
    ledger.close()


def test_treatment_that_stands_while_production_runs(tmp_path: Path) -> None:
    sent = [amps(k, "P1", 3.0) for k in range(12)]
    sent += [amps(k + 0.5, "A1", 2.0 if k < 3 else 0.1) for k in range(12)]
    sent.sort(key=lambda row: row.observations[0].time_ms)
    path = lived(tmp_path, sent, book=LINK)
    ((_, key, rule, _, _, opened, *_),) = rows(path, "review")
    assert (key, rule) == ("condition/line-1", "LINKAGE")
    assert opened == T0 + round(9.0 * MINUTE) + 500  # off since 3.5, more than five minutes at 9
    assert {row[0]: row[1] for row in rows(path, "unit_state")} == {"reactor": "on", "scrubber": "off"}


@pytest.mark.parametrize("cuts", [[], [5, 9]])
def test_a_stamp_ahead_does_not_silence_the_linkage_rule(tmp_path: Path, cuts: list[int]) -> None:
    sent = [amps(k, "P1", 3.0) for k in range(12)]
    sent += [amps(k + 0.5, "A1", 2.0 if k < 3 else 0.1) for k in range(12)]
    late_stamp = value(T0 + 62 * MINUTE, 2.0, sensor="A1", quantity="current")
    forged = replace(late_stamp, checks=Check.CLOCK_DRIFT)
    sent.append(arrival("forged", forged, received_ms=T0 + round(3.2 * MINUTE)))
    sent.sort(key=lambda row: row.frame.received_ms)
    path = lived(tmp_path, sent, cuts, book=LINK, restart=True)
    ((_, key, rule, _, _, opened, *_),) = rows(path, "review")
    assert (key, rule) == ("condition/line-1", "LINKAGE")
    assert opened == T0 + round(9.0 * MINUTE) + 500  # as without the forged stamp
    states = {row[0]: row[3] for row in rows(path, "unit_state")}
    assert states == {"reactor": T0 + 11 * MINUTE, "scrubber": T0 + round(11.5 * MINUTE)}


def test_unknown_treatment_is_no_finding(tmp_path: Path) -> None:
    sent = [amps(0, "A1", 0.1), *(amps(20 + k, "P1", 3.0) for k in range(12))]
    path = lived(tmp_path, sent, book=LINK)
    assert rows(path, "review") == []


def test_hours_are_tallied_by_mark(tmp_path: Path) -> None:
    sent = [hf(k, 1.0) for k in range(3)] + [hf(3 + k, 1.0, mark=Mark.CALIBRATION) for k in range(2)]
    path = lived(tmp_path, sent, cuts=[1, 4])
    (row,) = rows(path, "sensor_hour")
    assert row[0] == "B1"
    assert row[3:] == (5, 0, 0, 2, 0, 0, 0, 0)
