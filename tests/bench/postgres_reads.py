"""The same ledger in SQLite and in PostgreSQL, side by side: writing, reading, size.

    python -m tests.bench.postgres_reads [series] [days] [--url URL]

One frame a minute with a value of every series; PostgreSQL is started with fsync unless --url names one.
"""

from __future__ import annotations

import argparse
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np

from tests.support import postgres
from tests.support.arrivals import arrival, value
from twin.core.clock import DAY_MS
from twin.store import postgres as seam
from twin.store.engine import sqlite_path, sqlite_url, writer_engine
from twin.store.ledger import Arrival, Batch, Ledger
from twin.store.packer import Packer
from twin.store.reader import LedgerReader
from twin.store.rows import Step
from twin.store.tape import Tape

T0_MS = 1_790_000_000_000 // DAY_MS * DAY_MS


def frame_of(minute: int, series: int, numbers: np.ndarray) -> Arrival:
    time_ms = T0_MS + 60_000 * minute
    rows = [value(time_ms, float(numbers[i]), sensor=f"S{i}") for i in range(series)]
    return arrival(str(minute), *rows, body=str(minute), received_ms=time_ms + 700)


def p(times_ms: list[float], share: float) -> float:
    return float(np.percentile(times_ms, 100 * share))


def live(ledger: Ledger, series: int, minutes: range, rng: np.random.Generator) -> list[float]:
    """One commit per frame; milliseconds of each."""
    took = []
    for minute in minutes:
        batch = Batch(arrivals=[frame_of(minute, series, rng.random(series).round(3))])
        started = time.perf_counter()
        ledger.write(batch, T0_MS)
        took.append(1000 * (time.perf_counter() - started))
    return took


def bulk(ledger: Ledger, series: int, minutes: range, rng: np.random.Generator) -> float:
    """Twenty frames a commit; values a second."""
    spent = 0.0
    for first in range(minutes.start, minutes.stop, 20):
        frames = [frame_of(m, series, rng.random(series).round(3)) for m in range(first, first + 20)]
        started = time.perf_counter()
        ledger.write(Batch(arrivals=frames), T0_MS)
        spent += time.perf_counter() - started
    return len(minutes) * series / spent


def ask(question: Callable[[], object], times: int = 9) -> float:
    """Median milliseconds of a question that was asked once before."""
    question()
    took = []
    for _ in range(times):
        started = time.perf_counter()
        question()
        took.append(1000 * (time.perf_counter() - started))
    return statistics.median(took)


def pack_all(url: str, now_ms: int) -> float:
    engine = writer_engine(url)
    started = time.perf_counter()
    with engine.begin() as connection:
        packer = Packer(Tape(connection))
    while True:
        with engine.begin() as connection:
            if not packer.step(connection, now_ms):
                break
    took = time.perf_counter() - started
    engine.dispose()
    return took


def size_bytes(url: str) -> int:
    path = sqlite_path(url)
    if path is not None:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("VACUUM")
        return path.stat().st_size
    engine = writer_engine(url)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM FULL")
        found = connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar()
    engine.dispose()
    return int(found or 0)


def run(name: str, url: str, series: int, days: int) -> None:
    rng = np.random.default_rng(1)
    minutes = days * 1440
    with closing(Ledger(url)) as ledger:
        rate = bulk(ledger, series, range(0, minutes - 200), rng)
        took = live(ledger, series, range(minutes - 200, minutes), rng)
    print(f"{name}: {minutes * series} values")
    print(f"  written {rate:,.0f} values/s in batches of {20 * series}; ", end="")
    print(f"one frame of {series} a commit: p50 {p(took, 0.5):.1f} ms, p99 {p(took, 0.99):.1f} ms")
    if name == "PostgreSQL":
        plain, seam._COPY_FROM_ROWS = seam._COPY_FROM_ROWS, 2**31
        with closing(Ledger(url)) as ledger:
            print(f"  without COPY {bulk(ledger, series, range(minutes, minutes + 200), rng):,.0f} values/s")
        seam._COPY_FROM_ROWS = plain
    print(f"  packed in {pack_all(url, T0_MS + 10**10):.1f} s")
    end_ms = T0_MS + minutes * 60_000
    started = time.perf_counter()
    Ledger(url).close()
    print(f"  start of the writer {1000 * (time.perf_counter() - started):.0f} ms")
    with closing(LedgerReader(url)) as reader:
        key = "S3/wind_speed"
        questions: dict[str, Callable[[], object]] = {
            "newest of all": reader.newest,
            "state": reader.state,
            "newest at a past moment": lambda: reader.newest(end_ms - DAY_MS // 2),
            f"raw curve of {days} d": lambda: reader.curve(key, T0_MS, end_ms, 10**6),
            f"hours of {days} d": lambda: reader.rollup(key, Step.HOUR, T0_MS, end_ms),
            f"days of all over {days} d": lambda: [
                reader.rollup(f"S{i}/wind_speed", Step.DAY, T0_MS, end_ms) for i in range(series)
            ],
            "changed()": reader.changed,
        }
        for what, question in questions.items():
            print(f"  {what}: {ask(question):.2f} ms")
    total = size_bytes(url)
    print(f"  {total / 1e6:.1f} MB in all, {total / (minutes * series):.1f} B/value (raw frames included)")


def main() -> None:
    reading = argparse.ArgumentParser()
    reading.add_argument("series", type=int, nargs="?", default=200)
    reading.add_argument("days", type=int, nargs="?", default=1)
    reading.add_argument("--url", default="")
    told = reading.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run("SQLite", sqlite_url(Path(folder) / "ledger.sqlite"), told.series, told.days)
    if told.url:
        run("PostgreSQL", told.url, told.series, told.days)
        return
    server = postgres.start(fsync=True)
    try:
        run("PostgreSQL", server.fresh_url(), told.series, told.days)
    finally:
        server.stop()


if __name__ == "__main__":
    main()
