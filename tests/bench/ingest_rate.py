"""How many frames a second ingest stores and answers, and how long an answer takes.

``python -m tests.bench.ingest_rate [seconds] [lines] [frames_made_per_s]``: first as fast as it goes, frames
of 12 factors, 16 in flight per line; then ten frames a second for ten seconds. The generator runs on the
same cores; its frames are made before the clock runs. The full measurement is
``python -m tests.bench.ingest_rate 60 200``.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from sensors.hj212.codec import build
from sensors.hj212.frame import frame
from tests.bench.kill9 import ROOT, free_port
from tests.support.logger_line import stamp
from tests.support.small_park import mn_of
from tests.support.storm import StormLine, storm_line
from twin.core.clock import DAY_MS
from twin.core.device import CrcMode
from twin.live.passwords import ensure_passwords
from twin.store.engine import sqlite_url
from twin.store.reader import LedgerReader

FACTORS = 12
LIGHT_LINES, LIGHT_ROUNDS = 10, 10
Frames = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Result of one measurement; waits are from sending a frame to its answer."""

    frames: int
    lines: int
    seconds: float
    frame_bytes: int
    light_p50_ms: float
    light_p99_ms: float
    busy_p50_ms: float
    ingest_cpu_us: float
    generator_cpu_us: float
    commit_mean_ms: float
    fsync_p50_ms: float
    fsync_p99_ms: float
    values: float
    bytes_per_value: float
    ran_out: bool

    def __str__(self) -> str:
        per_s = self.frames / self.seconds
        rows = (
            (
                "frames a second, answered after fsync",
                f"{per_s:,.0f}" + (" (ran out)" if self.ran_out else ""),
            ),
            ("values a second", f"{per_s * FACTORS:,.0f}"),
            (
                "connections, seconds, bytes of a frame",
                f"{self.lines}, {self.seconds:.1f}, {self.frame_bytes}",
            ),
            (
                "CPU per frame: ingest, generator",
                f"{self.ingest_cpu_us:.0f} us, {self.generator_cpu_us:.0f} us",
            ),
            ("commit, mean", f"{self.commit_mean_ms:.1f} ms"),
            ("answer under full load, p50", f"{self.busy_p50_ms:.0f} ms"),
            ("answer at 10 frames/s, p50, p99", f"{self.light_p50_ms:.1f} ms, {self.light_p99_ms:.1f} ms"),
            ("fsync of this disk, p50, p99", f"{self.fsync_p50_ms:.1f} ms, {self.fsync_p99_ms:.1f} ms"),
            ("bytes of ledger per value, all unpacked, raw frames included", f"{self.bytes_per_value:.0f}"),
        )
        return "ingest rate\n" + "\n".join(f"  {name:62}{text}" for name, text in rows)


def segment(number: int, index: int, start_ms: int, password: str) -> bytes:
    time_ms = start_ms + index * 1000
    groups = tuple(
        ((f"a{90001 + i}-Rtd", f"{(index * 7 + i) % 1000 / 1000:.3f}"), (f"a{90001 + i}-Flag", "N"))
        for i in range(FACTORS)
    )
    return build(
        qn=stamp(time_ms, millis=True),
        st="22",
        cn="2011",
        pw=password,
        mn=mn_of(number),
        flag=5,
        groups=((("DataTime", stamp(time_ms, millis=False)),), *groups),
    )


def made(number: int, first: int, count: int, start_ms: int, password: str) -> Frames:
    """Whole frames of one logger with their QN."""
    segments = [segment(number, first + i, start_ms, password) for i in range(count)]
    return [(row[3:20], frame(row, CrcMode.HJ212)) for row in segments]


def fsync_ms(folder: Path, times: int = 100) -> list[float]:
    """How long this disk takes to make 8 KB durable, sorted."""
    found = []
    with (folder / "fsync.probe").open("wb") as file:
        for _ in range(times):
            file.write(bytes(8192))
            file.flush()
            began_s = time.perf_counter()
            os.fdatasync(file.fileno())
            found.append(1000.0 * (time.perf_counter() - began_s))
    return sorted(found)


@contextlib.asynccontextmanager
async def ingesting(folder: Path, port: int, lines: int) -> contextlib.AbstractAsyncContextManager[int]:  # type: ignore[misc]
    """An ingest process; its process id."""
    argv = (sys.executable, "-m", "tests.support.ingest_child", str(folder), str(port), str(lines))
    process = await asyncio.create_subprocess_exec(*argv, str(FACTORS), cwd=ROOT, env=dict(os.environ))
    try:
        await until_open(port)
        yield process.pid
    finally:
        process.terminate()
        await process.wait()


async def until_open(port: int) -> None:
    """Wait until somebody listens."""
    async with asyncio.timeout(60):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
                continue
            writer.close()
            return


async def _measure(folder: Path, seconds: float, lines: int, per_s: float) -> Rate:
    port = free_port()
    passwords = ensure_passwords(folder / "passwords.toml", [mn_of(n) for n in range(lines)])
    start_ms = time.time_ns() // 1_000_000 - 10 * DAY_MS
    rows = [made(n, 0, int(seconds * per_s / lines), start_ms, passwords[mn_of(n)]) for n in range(lines)]
    light = [made(n, 10**6, LIGHT_ROUNDS, start_ms, passwords[mn_of(n)]) for n in range(LIGHT_LINES + 1)]
    async with ingesting(folder, port, lines) as pid:
        cpu_s, own_s, began_s = _cpu_s(pid), time.process_time(), time.perf_counter()
        storm = [await storm_line(port, frames) for frames in rows]
        await asyncio.wait([line.done for line in storm], timeout=seconds)
        took_s = time.perf_counter() - began_s
        cpu_s, own_s = _cpu_s(pid) - cpu_s, time.process_time() - own_s
        ran_out = all(line.done.done() for line in storm)
        for line in storm:
            line.stop()
        await _drained(port, light.pop())
        calm = await _calm(port, light)
    fsync = fsync_ms(folder)
    frames = sum(line.answered for line in storm)
    waits = sorted(wait for line in storm for wait in line.waits_s)
    with contextlib.closing(LedgerReader(sqlite_url(folder / "ledger.sqlite"))) as reader:
        counters = reader.counters()
    size = sum(path.stat().st_size for path in folder.glob("ledger.sqlite*"))
    return Rate(
        frames=frames,
        lines=lines,
        seconds=took_s,
        frame_bytes=len(rows[0][0][1]),
        light_p50_ms=1000 * calm[len(calm) // 2],
        light_p99_ms=1000 * calm[int(0.99 * len(calm))],
        busy_p50_ms=1000 * waits[len(waits) // 2],
        ingest_cpu_us=1e6 * cpu_s / frames,
        generator_cpu_us=1e6 * own_s / frames,
        commit_mean_ms=1000 * counters["commit_seconds_sum"] / counters["commit_seconds_count"],
        fsync_p50_ms=fsync[len(fsync) // 2],
        fsync_p99_ms=fsync[int(0.99 * len(fsync))],
        values=counters["values_stored"],
        bytes_per_value=size / counters["values_stored"],
        ran_out=ran_out,
    )


async def _drained(port: int, frames: Frames) -> None:
    """Wait until what the storm has left behind is written."""
    line = await storm_line(port, frames)
    await asyncio.wait([line.done], timeout=120)
    line.stop()
    await asyncio.sleep(1.0)


async def _calm(port: int, rows: list[Frames]) -> list[float]:
    """Ten frames a second over ten lines; waits, sorted."""
    lines: list[StormLine] = [await storm_line(port, frames, window=0) for frames in rows]
    for _ in range(LIGHT_ROUNDS):
        for line in lines:
            line.send(1)
            await asyncio.sleep(0.1)
    await asyncio.wait([line.done for line in lines], timeout=60)
    for line in lines:
        line.stop()
    return sorted(wait for line in lines for wait in line.waits_s)


def _cpu_s(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def main(seconds: float = 20.0, lines: float = 200, per_s: float = 4000.0) -> Rate:
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measure(Path(folder), seconds, int(lines), per_s))


if __name__ == "__main__":
    sys.stdout.write(f"{main(*(float(word) for word in sys.argv[1:]))}\n")
