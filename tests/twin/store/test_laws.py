"""Laws of the ledger, for any sequence of batches, repetitions, corrections and restarts."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.arrivals import arrival, value
from tests.support.both_stores import empty_ledger
from twin.core.observation import Check, Mark, Observation
from twin.store.engine import sqlite_url
from twin.store.ledger import Arrival, Batch, Ledger
from twin.store.reader import LedgerReader
from twin.store.rows import Step, StoredValue

QUANTITIES = ("wind_speed", "wind_from")
numbers = st.one_of(st.none(), st.integers(0, 359).map(float))
observations = st.builds(
    value,
    st.integers(0, 9).map(lambda i: i * 20_000),
    numbers,
    quantity=st.sampled_from(QUANTITIES),
    interval_ms=st.sampled_from([0, 0, 0, 60_000, 3_600_000]),
    mark=st.sampled_from([Mark.NORMAL, Mark.NORMAL, Mark.CALIBRATION]),
    checks=st.sampled_from(
        [Check.NONE, Check.NONE, Check.LATE, Check.OUT_OF_RANGE, Check.TIME_OUT_OF_WINDOW]
    ),
)
frames = st.builds(
    lambda qn, rows: arrival(str(qn), *rows, body=repr(rows)),
    st.integers(0, 30),
    st.lists(observations, max_size=4),
)
batches = st.lists(st.lists(frames, max_size=6), max_size=5)


def newest_of(model: dict[tuple[str, int, int], list[Observation]], quantity: str) -> Observation | None:
    """By the documented rule: latest possible time, then moments before means, then versions."""
    rows = [
        (row.time_ms, -row.interval_ms, version, row)
        for (name, _, _), versions in model.items()
        for version, row in enumerate(versions)
        if name == quantity and not row.checks & Check.TIME_OUT_OF_WINDOW
    ]
    return max(rows, key=lambda item: item[:3])[3] if rows else None


def said(model: dict[tuple[str, int, int], list[Observation]], rows: list[Arrival], known: set[str]) -> None:
    """Take a batch into the model: frames once, a value that differs from the last is a version."""
    for row in rows:
        if row.frame.sha256 in known:
            continue
        known.add(row.frame.sha256)
        for item in row.observations:
            versions = model.setdefault((item.quantity, item.time_ms, item.interval_ms), [])
            if not versions or (versions[-1].value, versions[-1].mark) != (item.value, item.mark):
                versions.append(item)


def mean_of(model: dict[tuple[str, int, int], list[Observation]], quantity: str, start_ms: int, step: Step):
    """Count and mean of a bucket, straight from the rule.

    A minute: usable last versions of the shortest interval. Longer: moments, minute means of minutes
    without moments, each part weighed with its minutes, and means of an hour where there is nothing else.
    """
    usable = sorted(
        (interval_ms, time_ms, versions[-1].value)
        for (name, time_ms, interval_ms), versions in model.items()
        if name == quantity
        and start_ms <= time_ms < start_ms + step.length_ms
        and interval_ms <= step.length_ms
        and versions[-1].usable
        and versions[-1].value is not None
    )
    if step is Step.MINUTE:
        usable = [row for row in usable if row[0] == usable[0][0]]
    moments = [row for row in usable if row[0] == 0]
    taken = {time_ms // 60_000 for _, time_ms, _ in moments}
    weights = [(max(1, len(taken)) / len(moments), number) for *_, number in moments]
    for interval_ms, time_ms, number in usable:
        minute, is_hour = time_ms // 60_000, interval_ms == 3_600_000
        if interval_ms and (step is Step.MINUTE or (not taken if is_hour else minute not in taken)):
            taken.add(minute)
            weights.append((1.0, number))
    if not weights:
        return 0, None
    total = sum(weight for weight, _ in weights)
    if quantity != "wind_from":
        return len(weights), sum(weight * number for weight, number in weights) / total
    east = sum(weight * math.sin(math.radians(number)) for weight, number in weights)
    north = sum(weight * math.cos(math.radians(number)) for weight, number in weights)
    if math.hypot(east, north) / total < 1e-9:
        return len(weights), None
    return len(weights), math.degrees(math.atan2(east, north)) % 360.0


@settings(max_examples=30, deadline=None)
@given(batches, st.booleans())
def test_the_ledger_agrees_with_a_model_of_it(work: list[list[Arrival]], restart: bool) -> None:
    _check_against_the_model("sqlite", work, restart=restart)


@settings(max_examples=12, deadline=None)
@given(batches, st.booleans())
def test_a_ledger_in_postgresql_agrees_with_the_same_model(work: list[list[Arrival]], restart: bool) -> None:
    _check_against_the_model("postgresql", work, restart=restart)


def _check_against_the_model(back_end: str, work: list[list[Arrival]], *, restart: bool) -> None:
    model: dict[tuple[str, int, int], list[Observation]] = {}
    known: set[str] = set()
    with empty_ledger(back_end) as url:
        ledger, reader = Ledger(url), LedgerReader(url)
        for rows in work:
            ledger.write(Batch(arrivals=rows), 5)
            said(model, rows, known)
            if restart:
                ledger.close()
                ledger = Ledger(url)
        again = ledger.write(Batch(arrivals=[row for rows in work for row in rows]), 6)
        assert not any(row.new for row in again.arrivals), "everything sent again is known"
        assert again.values == ()
        assert {row.sha256 for row in reader.frames_after(0)} == known
        _compare(reader, model)
        reader.close()
        ledger.close()


def _compare(reader: LedgerReader, model: dict[tuple[str, int, int], list[Observation]]) -> None:
    for (quantity, time_ms, interval_ms), versions in model.items():
        found = reader.versions(f"W1/{quantity}", time_ms, interval_ms)
        assert [(row.value.value, row.value.mark) for row in found] == [(v.value, v.mark) for v in versions]
    for at_ms in (None, 0, 65_000, 10**9):
        newest = {row.series_key: row for row in reader.newest(at_ms)}
        for quantity in QUANTITIES:
            limit = 10**12 if at_ms is None else at_ms
            part = {key: rows for key, rows in model.items() if key[1] <= limit}
            _same(newest.get(f"W1/{quantity}"), newest_of(part, quantity))
    for quantity in {key[0] for key in model}:
        for step in Step:
            found = {row.start_ms: row for row in reader.rollup(f"W1/{quantity}", step, 0, 10**9)}
            for start_ms in range(0, 200_000, step.length_ms):
                count, mean = mean_of(model, quantity, start_ms, step)
                row = found.pop(start_ms, None)
                assert (0 if row is None else row.count) == count
                if row is not None and mean is not None and row.mean is not None:
                    turned = abs(row.mean - mean) % 360.0
                    assert min(turned, 360.0 - turned) < 1e-6
            assert not found


def _same(found: StoredValue | None, wanted: Observation | None) -> None:
    if wanted is None:
        assert found is None
        return
    assert found is not None
    assert (found.time_ms, found.interval_ms, found.value, found.mark) == (
        wanted.time_ms,
        wanted.interval_ms,
        wanted.value,
        wanted.mark,
    )


@settings(max_examples=12, deadline=None)
@given(st.permutations([(i * 7_000, float(i * 31 % 360)) for i in range(10)]), st.sampled_from(QUANTITIES))
def test_roll_ups_do_not_depend_on_the_order_of_arrival(rows: list[tuple[int, float]], quantity: str) -> None:
    def means(order: list[tuple[int, float]]) -> list[tuple[int, int, float | None, float | None]]:
        with tempfile.TemporaryDirectory() as folder:
            url = sqlite_url(Path(folder) / "ledger.sqlite")
            ledger, reader = Ledger(url), LedgerReader(url)
            for time_ms, number in order:
                row = arrival(str(time_ms), value(time_ms, number, quantity=quantity))
                ledger.write(Batch(arrivals=[row]), 5)
            found = reader.rollup(f"W1/{quantity}", Step.MINUTE, 0, 10**9)
            ledger.close()
            reader.close()
        return [(row.start_ms, row.count, row.mean, row.low) for row in found]

    for one, other in zip(means(rows), means(sorted(rows)), strict=True):
        assert one == pytest.approx(other)


def test_directions_are_averaged_as_vectors(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "ledger.sqlite")
    ledger, reader = Ledger(url), LedgerReader(url)
    cases = {0: (350.0, 10.0, 0.0), 60_000: (80.0, 100.0, 90.0), 120_000: (0.0, 180.0, None)}
    for start_ms, (one, other, _) in cases.items():
        values = [value(start_ms + i, number, quantity="wind_from") for i, number in enumerate((one, other))]
        ledger.write(Batch(arrivals=[arrival(str(start_ms), *values)]), 5)
    for row in reader.rollup("W1/wind_from", Step.MINUTE, 0, 10**9):
        wanted = cases[row.start_ms][2]
        assert (row.low, row.high) == (None, None)
        if wanted is None:
            assert row.mean is None
        else:
            assert row.mean is not None
            assert math.cos(math.radians(row.mean - wanted)) == pytest.approx(1.0)
    ledger.close()
    reader.close()
