"""Back-fill of a day while live data flow: 60 loggers send 24 hours of minutes each, others go on as ever.

``python -m tests.bench.backfill [loggers] [minutes]``; the full measurement is the default, 60 x 1440 frames
of 12 factors (1,036,800 values). Live frames of ten more loggers come ten a second meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from sensors.hj212.frame import frame
from tests.bench.ingest_rate import Frames, free_port, ingesting, made, segment
from tests.support.small_park import mn_of
from tests.support.storm import storm_line
from twin.core.clock import DAY_MS
from twin.core.device import CrcMode
from twin.live.passwords import ensure_passwords
from twin.store.engine import sqlite_url
from twin.store.reader import LedgerReader

LIVE_LINES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfill:
    """Result; live waits are those of frames sent while the back-fill ran."""

    frames: int
    seconds: float
    live: int
    live_p50_ms: float
    live_p99_ms: float
    values: float

    def __str__(self) -> str:
        rows = (
            ("frames back-filled and answered", f"{self.frames:,} in {self.seconds:.1f} s"),
            ("values", f"{self.values:,.0f}"),
            (
                "live frames meanwhile, p50, p99",
                f"{self.live}, {self.live_p50_ms:.0f}, {self.live_p99_ms:.0f} ms",
            ),
        )
        return "back-fill\n" + "\n".join(f"  {name:40}{text}" for name, text in rows)


def _day(number: int, minutes: int, password: str) -> Frames:
    start_ms = (time.time_ns() // 1_000_000 - DAY_MS) // 60_000 * 60_000
    rows = [segment(number, 60 * i, start_ms, password) for i in range(minutes)]
    return [(row[3:20], frame(row, CrcMode.HJ212)) for row in rows]


async def _measure(folder: Path, loggers: int, minutes: int) -> Backfill:
    port, devices = free_port(), loggers + LIVE_LINES
    passwords = ensure_passwords(folder / "passwords.toml", [mn_of(n) for n in range(devices)])
    days = [_day(n, minutes, passwords[mn_of(n)]) for n in range(loggers)]
    now_ms = time.time_ns() // 1_000_000
    live = [made(loggers + n, 0, 600, now_ms, passwords[mn_of(loggers + n)]) for n in range(LIVE_LINES)]
    async with ingesting(folder, port, devices):
        calm = [await storm_line(port, rows, window=0) for rows in live]
        began_s = time.perf_counter()
        storm = [await storm_line(port, rows) for rows in days]
        everything = asyncio.gather(*(line.done for line in storm))
        while not everything.done():
            for line in calm:
                line.send(1)
                await asyncio.wait([everything], timeout=1.0 / LIVE_LINES)
        seconds = time.perf_counter() - began_s
        await asyncio.sleep(2.0)
        for line in calm:
            line.stop()
    waits = sorted(wait for line in calm for wait in line.waits_s)
    with contextlib.closing(LedgerReader(sqlite_url(folder / "ledger.sqlite"))) as reader:
        counters = reader.counters()
    return Backfill(
        frames=sum(line.answered for line in storm),
        seconds=seconds,
        live=len(waits),
        live_p50_ms=1000 * waits[len(waits) // 2],
        live_p99_ms=1000 * waits[int(0.99 * len(waits))],
        values=counters["values_stored"],
    )


def main(loggers: int = 60, minutes: int = 1440) -> Backfill:
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measure(Path(folder), loggers, minutes))


if __name__ == "__main__":
    sys.stdout.write(f"{main(*(int(word) for word in sys.argv[1:]))}\n")
