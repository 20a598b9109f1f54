"""Rates count minutes of each factor: twice is once, never is never, and what is filled in counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.arrivals import arrival, value
from tests.support.small_park import device, small_park
from twin.core.device import Factor
from twin.core.observation import Observation
from twin.live.figures import rules_in_the_ledger
from twin.live.inforce import rules_in_force
from twin.live.judge import StreamJudge
from twin.live.rate_figures import RateRow, ninety_days, rates
from twin.store.engine import sqlite_url
from twin.store.ledger import Batch, Ledger
from twin.store.reader import LedgerReader
from twin.store.review_state import KeepRuleBook

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
T0 = 1_795_276_800_000
HF = Factor(code="a21018", quantity="conc:hf", unit="mg/m3")
WIND = Factor(code="a01007", quantity="wind_speed", unit="m/s")
B1 = replace(device(1), mn="MB1", sensor_id="B1", interval_s=60.0, factors=(HF, WIND))


def hf(minute: int, number: float = 1e-6, *, interval_ms: int = 0) -> Observation:
    return value(T0 + minute * MINUTE, number, sensor="B1", quantity="conc:hf", interval_ms=interval_ms)


def wind(minute: int) -> Observation:
    return value(T0 + minute * MINUTE, 2.0, sensor="B1")


def ledger_of(folder: Path, *batches: Iterable[Observation]) -> LedgerReader:
    url = sqlite_url(folder / "ledger.sqlite")
    park = replace(small_park(), devices=(B1,))
    ledger = Ledger(url, judge=StreamJudge(park.book, park.devices))
    ledger.register(park.devices)
    ledger.write(Batch(deeds=[KeepRuleBook(body=rules_in_force(park))]), T0)
    for n, rows in enumerate(batches):
        frames = [arrival(f"{n}-{k}", row, body=str(n)) for k, row in enumerate(rows)]
        ledger.write(Batch(arrivals=frames), T0 + n)
    ledger.close()
    return LedgerReader(url)


def point(reader: LedgerReader) -> RateRow:
    (row,) = rates(reader, rules_in_the_ledger(reader), "point", T0, T0 + HOUR)
    reader.close()
    return row


def test_what_is_sent_again_under_another_number_counts_once(tmp_path: Path) -> None:
    said = [row for k in range(24) for row in (hf(k), wind(k))]
    row = point(ledger_of(tmp_path, said, said))
    assert (row.received_h, row.transmission_pct, row.valid_pct) == (0.0, 0.0, 0.0)
    assert row.completeness_pct == pytest.approx(40.0)


def test_a_factor_that_is_never_sent_has_not_been_received(tmp_path: Path) -> None:
    row = point(ledger_of(tmp_path, [hf(k) for k in range(60)]))
    assert (row.transmission_pct, row.valid_pct, row.effective_pct) == (50.0, 50.0, 25.0)
    assert row.completeness_pct == pytest.approx(50.0)
    assert row.online_pct == 100.0


def test_back_filled_minutes_repair_all_rates(tmp_path: Path) -> None:
    live = [row for k in range(10) for row in (hf(k), wind(k))]
    filled = [hf(k, interval_ms=MINUTE) for k in range(10, 60)]
    winds = [replace(wind(k), interval_ms=MINUTE) for k in range(10, 60)]
    row = point(ledger_of(tmp_path, live, filled, winds))
    assert (row.transmission_pct, row.valid_pct, row.effective_pct) == (100.0, 100.0, 100.0)


def test_a_mean_of_an_hour_is_no_forty_five_minutes(tmp_path: Path) -> None:
    rows = [hf(0, interval_ms=HOUR), replace(wind(0), interval_ms=HOUR)]
    assert point(ledger_of(tmp_path, rows)).transmission_pct == 0.0


def test_ninety_days_follow_the_back_filled_minutes(tmp_path: Path) -> None:
    start = -90 * 24 * 60
    hours = [
        [row for k in (0, 1, 2) for row in (hf(minute + k), wind(minute + k))]
        + [replace(f(minute + 3), interval_ms=57 * MINUTE) for f in (hf, wind)]
        for minute in range(start, 0, 60)
    ]
    reader = ledger_of(tmp_path, [row for hour in hours for row in hour])
    (worst,) = ninety_days(reader, rules_in_the_ledger(reader), T0, days=90)
    reader.close()
    assert worst.effective_pct == 100.0
