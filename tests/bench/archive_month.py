"""A month of 200 series at one value a minute, moved to Parquet: size, time, and how fast it answers.

    python -m tests.bench.archive_month [series] [days]

Values wander like those of instruments (three decimals of mg/m3, two of m/s), frames arrive 0.3-3 s late,
one value in a thousand has a mark, one in two thousand a second version.
"""

from __future__ import annotations

import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import numpy as np

from twin.core.clock import DAY_MS
from twin.store import ledger_schema as t
from twin.store.archive_reader import OBSERVATION_FILE, Archive
from twin.store.archiver import MovePages, RecordMonth, month_start, page_deeds, write_month
from twin.store.columns import Columns
from twin.store.engine import sqlite_url, writer_engine
from twin.store.ledger import Batch, Ledger
from twin.store.pages import encode
from twin.store.reader import LedgerReader

MONTH = "2026-08"
T0_MS = month_start(MONTH)
NOW_MS = month_start("2026-11")


def month_of_values(series: int, days: int, rng: np.random.Generator) -> Columns:
    n = days * 1440
    time_ms = T0_MS + 60_000 * np.arange(n, dtype=np.int64)
    wander = np.empty(n)
    wander[0] = 0.0
    steps = rng.normal(0.0, 0.02, n)
    for i in range(1, n):
        wander[i] = 0.995 * wander[i - 1] + steps[i]
    if series % 4:
        shown, decimals, factor = 0.2 * np.exp(wander), 3, 1e-6
    else:
        shown, decimals, factor = np.abs(3.0 + 5.0 * wander), 2, 1.0
    texts = [f"{x:.{decimals}f}" for x in shown]
    version = np.zeros(n, dtype=np.int64)
    again = np.flatnonzero(rng.random(n) < 0.0005)
    mark = np.full(n, "N", dtype="<U1")
    mark[rng.random(n) < 0.001] = "C"
    rows = Columns(
        time_ms=time_ms,
        interval_ms=np.full(n, 60_000, dtype=np.int64),
        version=version,
        value=np.array([float(text) for text in texts]) * factor,
        mark=mark,
        checks=np.where(rng.random(n) < 0.001, 64, 0).astype(np.int64),
        received_ms=time_ms + 60_000 + rng.integers(300, 3000, n),
        frame_seq=1 + np.arange(n, dtype=np.int64) * 17 + rng.integers(0, 5, n),
        raw_text=texts,
        reason=[""] * n,
    )
    order = np.sort(np.concatenate([np.arange(n), again]))
    rows = rows.take(order)
    rows.version[np.flatnonzero(np.diff(order) == 0) + 1] = 1
    return rows


def main() -> None:
    count, days = (int(part) for part in (*sys.argv[1:], *("200", "31")[len(sys.argv) - 1 :]))
    rng, clock = np.random.default_rng(1), time.perf_counter
    with tempfile.TemporaryDirectory() as place:
        url = sqlite_url(Path(place) / "ledger.sqlite")
        archive = Path(place) / "archive"
        Ledger(url).close()
        engine = writer_engine(url)
        values = page_bytes = 0
        with engine.begin() as connection:
            for i in range(1, count + 1):
                quantity = "conc:hf" if i % 4 else "wind_speed"
                connection.execute(
                    t.SERIES.insert().values(
                        id=i,
                        key=f"S{i}/{quantity}",
                        sensor_id=f"S{i}",
                        quantity=quantity,
                        si_unit="kg/m3" if i % 4 else "m/s",
                        origin="simulated",
                    )
                )
                rows = month_of_values(i, days, rng)
                for day in range(days):
                    part = rows.between(T0_MS + day * DAY_MS, T0_MS + (day + 1) * DAY_MS)
                    start_ms, end_ms = int(part.time_ms[0]), int(part.time_ms[-1])
                    body = encode(part, start_ms)
                    connection.execute(
                        t.PAGE.insert().values(
                            series_id=i,
                            start_ms=start_ms,
                            end_ms=end_ms,
                            first_ms=start_ms,
                            last_ms=end_ms,
                            n=len(part),
                            body=body,
                        )
                    )
                    values += len(part)
                    page_bytes += len(body)
        engine.dispose()
        print(f"{values} values of {count} series; in pages {page_bytes / values:.2f} B/value")
        started = time.perf_counter()
        manifest = write_month(url, archive, MONTH, NOW_MS)
        print(f"written, read back and sealed in {time.perf_counter() - started:.1f} s")
        size = (archive / MONTH / OBSERVATION_FILE).stat().st_size
        print(f"Parquet {size / 1e6:.1f} MB, {size / values:.2f} B/value")
        _by_column(archive / MONTH / OBSERVATION_FILE, values)
        with closing(Ledger(url)) as ledger:
            started = time.perf_counter()
            ledger.write(Batch(deeds=[RecordMonth(manifest=manifest)]), NOW_MS)
            longest = 0.0
            for deed in page_deeds(archive, MONTH):
                assert isinstance(deed, MovePages)
                one = time.perf_counter()
                ledger.write(Batch(deeds=[deed]), NOW_MS)
                longest = max(longest, time.perf_counter() - one)
            took = time.perf_counter() - started
            print(f"pages emptied in {took:.1f} s, longest transaction {1000 * longest:.0f} ms")
        with closing(LedgerReader(url)) as reader:
            reader.span()
            for name, end_ms in (
                ("first", T0_MS + 31 * DAY_MS),
                ("month", T0_MS + 31 * DAY_MS),
                ("day", T0_MS + DAY_MS),
            ):
                started = time.perf_counter()
                found = reader.curve("S7/conc:hf", T0_MS, end_ms, 100_000)
                took_ms = 1000 * (clock() - started)
                print(f"one series, {name}: {len(found.time_ms)} values, {took_ms:.0f} ms")
            started = time.perf_counter()
            found_all = reader.newest(T0_MS + 5 * DAY_MS)
            print(f"newest of all at a past moment: {len(found_all)}, {1000 * (clock() - started):.0f} ms")
        for turn in ("first", "again"):
            started = time.perf_counter()
            days_of_all = Archive(archive).daily([MONTH])
            took_ms = 1000 * (clock() - started)
            print(f"daily of all series, {turn}: {len(days_of_all)} rows, {took_ms:.0f} ms")


def _by_column(path: Path, values: int) -> None:
    import pyarrow.parquet as pq

    found = pq.ParquetFile(path).metadata
    sizes: dict[str, int] = {}
    for group in range(found.num_row_groups):
        for column in range(found.num_columns):
            part = found.row_group(group).column(column)
            sizes[part.path_in_schema] = sizes.get(part.path_in_schema, 0) + part.total_compressed_size
    print("  " + ", ".join(f"{name} {size / values:.2f}" for name, size in sizes.items()))


if __name__ == "__main__":
    main()
