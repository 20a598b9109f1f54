"""Reading and size of a ledger of some 200 series at one value a minute, and its restart.

``python -m tests.bench.store_reads [days]`` (default 30; 365 for the restart with a year). The days but the
last are written as the packer writes them, the last one by the writer; raw frames are not in it (see
``ingest_rate`` for theirs). Times are the medians of seven calls inside this process.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

from sensors.hj212.frame import frame
from tests.bench.ingest_rate import FACTORS, free_port, ingesting, segment
from tests.support.arrivals import arrival, value
from tests.support.small_park import mn_of, small_park
from tests.support.storm import storm_line
from twin.core.clock import DAY_MS
from twin.core.device import CrcMode
from twin.live.passwords import ensure_passwords
from twin.store import ledger_schema as t
from twin.store.bucket import FULL_HOUR, Bucket
from twin.store.columns import Columns, of_rows
from twin.store.engine import insert_many, sqlite_url, writer_engine
from twin.store.ledger import Batch, Ledger
from twin.store.pages import encode
from twin.store.reader import LedgerReader
from twin.store.rollups import bucket_start
from twin.store.rows import Step

DEVICES = 17  # of twelve factors: 204 series
MINUTES = 1440
_PATTERNS = 40


def fill(folder: Path, days: int) -> int:
    """Make the ledger; number of values."""
    url = sqlite_url(folder / "ledger.sqlite")
    park = small_park(DEVICES, gases=FACTORS)
    ledger = Ledger(url)
    ledger.register(park.devices)
    ledger.close()
    last_ms = (time.time_ns() // 1_000_000 // DAY_MS) * DAY_MS
    patterns = [_pattern(random.Random(i)) for i in range(_PATTERNS)]
    engine = writer_engine(url)
    with engine.begin() as connection:
        ids = connection.execute(sa.select(t.SERIES.c.id).order_by(t.SERIES.c.id)).scalars().all()
        for series_id in ids:
            starts = [last_ms - day * DAY_MS for day in range(days - 1, 0, -1)]
            rows = [
                _page(series_id, start_ms, patterns[(series_id + i) % _PATTERNS])
                for i, start_ms in enumerate(starts)
            ]
            insert_many(connection, t.PAGE, rows)
            insert_many(connection, t.ROLLUP, _rollups(series_id, starts, patterns))
    engine.dispose()
    _today(url, park.devices, last_ms)
    return len(ids) * days * MINUTES


def _pattern(dice: random.Random) -> tuple[bytes, list[float]]:
    """A day of noise around a level, packed, and its hour sums."""
    level = dice.uniform(0.05, 5.0)
    numbers = [f"{max(0.0, dice.gauss(level, 0.1 * level)):.3f}" for _ in range(MINUTES)]
    rows = [
        (
            i * 60_000,
            0,
            0,
            float(text) * 1e-6,
            "N",
            0,
            text,
            i * 60_000 + dice.randrange(200, 1500),
            i * 17 + dice.randrange(17),
            "",
        )
        for i, text in enumerate(numbers)
    ]
    columns: Columns = of_rows(rows)
    return encode(columns, 0), columns.value.reshape(24, 60).sum(axis=1).tolist()


def _page(series_id: int, start_ms: int, pattern: tuple[bytes, list[float]]) -> tuple[object, ...]:
    end_ms = start_ms + DAY_MS - 60_000
    return series_id, start_ms, end_ms, start_ms, end_ms, MINUTES, pattern[0]


def _rollups(
    series_id: int, starts: list[int], patterns: list[tuple[bytes, list[float]]]
) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    months: dict[int, Bucket] = {}
    for i, start_ms in enumerate(starts):
        sums = patterns[(series_id + i) % _PATTERNS][1]
        rows += [
            (
                series_id,
                Step.HOUR.code,
                start_ms + hour * 3_600_000,
                0,
                60,
                total,
                0.0,
                total / 30,
                None,
                None,
                FULL_HOUR,
            )
            for hour, total in enumerate(sums)
        ]
        rows.append(
            (series_id, Step.DAY.code, start_ms, 0, MINUTES, sum(sums), 0.0, 1.0, None, None, MINUTES)
        )
        month = months.setdefault(bucket_start(Step.MONTH, start_ms), Bucket(0, 0, 0.0, 0.0, 1.0, covered=0))
        month.count, month.total = month.count + MINUTES, month.total + sum(sums)
        month.covered = month.count
    rows += [(series_id, Step.MONTH.code, start_ms, *bucket.values()) for start_ms, bucket in months.items()]
    return rows


def _today(url: str, devices: object, last_ms: int) -> None:
    """A day of young rows through the writer."""
    ledger = Ledger(url)
    dice = random.Random(0)
    for minute in range(0, MINUTES, 20):
        arrivals = []
        for device in devices:  # type: ignore[attr-defined]
            rows = [
                value(
                    last_ms + i * 60_000,
                    dice.randrange(5000) * 1e-9,
                    sensor=device.sensor_id,
                    quantity=factor.quantity,
                )
                for i in range(minute, minute + 20)
                for factor in device.factors
            ]
            arrivals.append(arrival(f"{device.mn}{minute}", *rows, received_ms=last_ms + minute * 60_000))
        ledger.write(Batch(arrivals=arrivals), last_ms)
    ledger.close()


def _median_ms(work: Callable[[], object]) -> float:
    found = []
    for _ in range(7):
        began_s = time.perf_counter()
        work()
        found.append(1000.0 * (time.perf_counter() - began_s))
    return sorted(found)[3]


def _reads(folder: Path, days: int) -> list[tuple[str, str]]:
    now_ms = time.time_ns() // 1_000_000
    from_ms, key = now_ms - min(days, 30) * DAY_MS, "W0/conc:g3"
    with contextlib.closing(LedgerReader(sqlite_url(folder / "ledger.sqlite"))) as reader:
        points = len(reader.curve(key, from_ms, now_ms, 100_000).time_ms)
        return [
            (
                f"raw chart of one series, {points:,} values",
                f"{_median_ms(lambda: reader.curve(key, from_ms, now_ms, 100_000)):.1f} ms",
            ),
            (
                "the same by minutes",
                f"{_median_ms(lambda: reader.rollup(key, Step.MINUTE, from_ms, now_ms)):.1f} ms",
            ),
            (
                "the same by hours",
                f"{_median_ms(lambda: reader.rollup(key, Step.HOUR, from_ms, now_ms)):.1f} ms",
            ),
            (
                "the same by days",
                f"{_median_ms(lambda: reader.rollup(key, Step.DAY, from_ms, now_ms)):.1f} ms",
            ),
            ("newest of all series", f"{_median_ms(reader.newest):.1f} ms"),
            (
                "newest of all series ten days ago",
                f"{_median_ms(lambda: reader.newest(now_ms - 10 * DAY_MS)):.1f} ms",
            ),
            ("state for a screen", f"{_median_ms(reader.state):.1f} ms"),
        ]


def _sizes(folder: Path, values: int) -> list[tuple[str, str]]:
    engine = writer_engine(sqlite_url(folder / "ledger.sqlite"))
    with engine.begin() as connection:
        pages = connection.execute(sa.select(sa.func.sum(sa.func.length(t.PAGE.c.body)))).scalar_one() or 0
        packed = connection.execute(sa.select(sa.func.sum(t.PAGE.c.n))).scalar_one() or 0
    engine.dispose()
    total = sum(path.stat().st_size for path in folder.glob("ledger.sqlite*"))
    return [
        ("values", f"{values:,}, of which packed {packed:,}"),
        ("bytes per packed value, in pages", f"{pages / max(1, packed):.1f}"),
        ("bytes per value: pages, young rows, newest, roll-ups, indexes", f"{total / values:.1f}"),
    ]


async def _restart(folder: Path) -> float:
    """Seconds from starting the process to the first answer."""
    port = free_port()
    passwords = ensure_passwords(folder / "passwords.toml", [mn_of(n) for n in range(DEVICES)])
    row = segment(0, 0, time.time_ns() // 1_000_000, passwords[mn_of(0)])
    began_s = time.perf_counter()
    async with ingesting(folder, port, DEVICES):
        line = await storm_line(port, [(row[3:20], frame(row, CrcMode.HJ212))])
        await asyncio.wait([line.done], timeout=60)
        seconds = time.perf_counter() - began_s
        line.stop()
    return seconds


def main(days: int = 30) -> str:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        values = fill(folder, days)
        rows = [*_sizes(folder, values), *_reads(folder, days)]
        rows.append(("restart of ingest to the first answer", f"{asyncio.run(_restart(folder)):.2f} s"))
    return f"store, {days} days of {DEVICES * FACTORS} series at 1/min\n" + "\n".join(
        f"  {name:64}{text}" for name, text in rows
    )


if __name__ == "__main__":
    sys.stdout.write(f"{main(*(int(word) for word in sys.argv[1:]))}\n")
