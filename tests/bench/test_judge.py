"""Cost of the judge per value, with a rule on every factor and without; printed, not asserted."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.arrivals import value
from tests.support.small_park import device
from twin.core.device import Factor
from twin.core.judging import JudgeBook
from twin.core.origin import Origin
from twin.live.judge import StreamJudge
from twin.store.catalog import Series
from twin.store.engine import sqlite_url, writer_engine
from twin.store.migrate import Kind, upgrade
from twin.store.values import Incoming

pytestmark = pytest.mark.bench
DEVICES, FACTORS, ROUNDS = 200, 12, 10


def test_microseconds_per_value(tmp_path: Path) -> None:
    for ruled in (True, False):
        rate, fixed = (5.0, 60) if ruled else (None, 0)
        factors = tuple(
            Factor(
                code=f"c{k}", quantity=f"conc:g{k}", unit="mg/m3", max_rate_per_min=rate, fixed_after=fixed
            )
            for k in range(FACTORS)
        )
        devices = [replace(device(1), mn=f"M{n}", sensor_id=f"B{n}", factors=factors) for n in range(DEVICES)]
        judge = StreamJudge(JudgeBook(), devices)
        engine = writer_engine(sqlite_url(tmp_path / f"{ruled}.sqlite"))
        upgrade(engine, Kind.LEDGER)
        spent, count = 0.0, 0
        for turn in range(ROUNDS):
            incoming = [
                Incoming(
                    Series(id=n * FACTORS + k + 1, key=f"B{n}/conc:g{k}", origin=Origin.SIMULATED),
                    value(60_000 * turn, 1e-6 + 1e-9 * turn, sensor=f"B{n}", quantity=f"conc:g{k}"),
                    60_000 * turn,
                    turn,
                )
                for n in range(DEVICES)
                for k in range(FACTORS)
            ]
            with engine.begin() as connection:
                connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
                connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
                for item in incoming if turn == 0 else ():
                    connection.exec_driver_sql(
                        "INSERT INTO series VALUES (?, ?, '', '', '', 'simulated')",
                        (item.series.id, item.series.key),
                    )
                started = time.process_time()
                judge.judge(connection, incoming, 0)
                spent += time.process_time() - started
            count += len(incoming)
        print(
            f"judge, rules {'on every' if ruled else 'on no'} factor: {1e6 * spent / count:.2f} us per value"
        )
        engine.dispose()
