"""Time of the rates of a month and of ninety days on end, over roll-ups written by hand; printed."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.small_park import device, many_factors, small_park
from twin.live.figures import rules_in_the_ledger
from twin.live.inforce import rules_in_force
from twin.live.rate_figures import ninety_days, rates
from twin.store.bucket import FULL_HOUR
from twin.store.engine import insert_many, sqlite_url, writer_engine
from twin.store.ledger import Batch, Ledger
from twin.store.ledger_schema import ROLLUP
from twin.store.reader import LedgerReader
from twin.store.review_schema import SENSOR_HOUR, SERIES_HOUR
from twin.store.review_state import KeepRuleBook

pytestmark = pytest.mark.bench
POINTS, FACTORS, DAYS, HOUR = 48, 5, 180, 3_600_000
T0 = 1_780_000_000_000 // (24 * HOUR) * (24 * HOUR) - 8 * HOUR


def test_time_of_rates(tmp_path: Path) -> None:
    devices = [
        replace(device(1), mn=f"M{n}", sensor_id=f"B{n}", interval_s=60.0, factors=many_factors(FACTORS))
        for n in range(POINTS)
    ]
    url = sqlite_url(tmp_path / "ledger.sqlite")
    ledger = Ledger(url)
    ledger.register(devices)
    park = replace(small_park(), devices=tuple(devices))
    ledger.write(Batch(deeds=[KeepRuleBook(body=rules_in_force(park))]), T0)
    ledger.close()
    starts = [T0 + k * HOUR for k in range(24 * DAYS)]
    engine = writer_engine(url)
    with engine.begin() as connection:
        for series in range(1, POINTS * FACTORS + 1):
            rows = [(series, HOUR, t, 0, 60, 60.0, 1.0, 1.0, None, None, FULL_HOUR) for t in starts]
            insert_many(connection, ROLLUP, rows)
            insert_many(connection, SERIES_HOUR, [(series, t, FULL_HOUR) for t in starts])
        for n in range(POINTS):
            insert_many(connection, SENSOR_HOUR, [(f"B{n}", 0, t, 300, 0, 0, 0, 0, 0, 0, 0) for t in starts])
    engine.dispose()
    reader = LedgerReader(url)
    rules = rules_in_the_ledger(reader)
    end_ms = T0 + DAYS * 24 * HOUR
    started = time.process_time()
    found = rates(reader, rules, "point", end_ms - 30 * 24 * HOUR, end_ms)
    print(f"rates of {POINTS} points over 30 days: {time.process_time() - started:.2f} s of CPU")
    assert all(row.meets for row in found)
    started = time.process_time()
    worst = ninety_days(reader, rules, end_ms)
    print(f"ninety days on end within {DAYS}: {time.process_time() - started:.2f} s of CPU")
    assert len(worst) == POINTS
    reader.close()
