"""How many frames a second ingest stores and answers, and how long an answer takes.

``python -m tests.bench.ingest_rate [seconds] [lines]``: first as fast as it goes, frames of 12 factors,
64 in flight per line; then ten frames a second. The generator runs on the same cores.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from sensors.hj212.codec import build
from tests.bench.kill9 import ROOT, free_port
from tests.support.logger_line import Line, stamp
from tests.support.small_park import mn_of
from twin.live.passwords import ensure_passwords
from twin.store.engine import sqlite_url
from twin.store.reader import LedgerReader

FACTORS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Result of one measurement; waits are from sending a frame to its answer."""

    frames: int
    seconds: float
    frame_bytes: int
    light_p50_ms: float
    light_p99_ms: float
    cpu_us_per_frame: float
    commit_mean_ms: float
    values: float
    bytes_per_value: float

    def __str__(self) -> str:
        per_s = self.frames / self.seconds
        return (
            f"ingest: {per_s:.0f} frames/s of {self.frame_bytes} bytes = {per_s * FACTORS:.0f} values/s for "
            f"{self.seconds:.1f} s, answered after fsync; "
            f"ingest uses {self.cpu_us_per_frame:.0f} us of CPU per frame; "
            f"commit mean {self.commit_mean_ms:.1f} ms; "
            f"at 10 frames/s answer p50 {self.light_p50_ms:.1f} ms, p99 {self.light_p99_ms:.1f} ms; "
            f"{self.bytes_per_value:.0f} bytes of ledger per value, raw frames included"
        )


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


async def _measure(folder: Path, seconds: float, lines: int) -> Rate:
    port = free_port()
    passwords = ensure_passwords(folder / "passwords.toml", [mn_of(n) for n in range(lines)])
    argv = (sys.executable, "-m", "tests.support.ingest_child", str(folder), str(port), str(lines))
    process = await asyncio.create_subprocess_exec(*argv, str(FACTORS), cwd=ROOT, env=dict(os.environ))
    try:
        start_ms = time.time_ns() // 1_000_000 - 10 * 86_400_000
        per_line = int(seconds * 4000 / lines)
        rows = [[segment(n, i, start_ms, passwords[mn_of(n)]) for i in range(per_line)] for n in range(lines)]
        clients = [Line(port, {row[3:20].decode(): row for row in segments}, window=64) for segments in rows]
        await _first_answer(port, segment(0, 10**6, start_ms, passwords[mn_of(0)]))
        cpu_s, began_s = _cpu_s(process.pid), time.perf_counter()
        tasks = [asyncio.create_task(client.run()) for client in clients]
        await asyncio.wait(tasks, timeout=seconds)
        took_s, cpu_s = time.perf_counter() - began_s, _cpu_s(process.pid) - cpu_s
        frames = sum(len(client.answered) for client in clients)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        light = [
            await _first_answer(port, segment(0, 2 * 10**6 + i, start_ms, passwords[mn_of(0)]), pause_s=0.1)
            for i in range(100)
        ]
    finally:
        process.terminate()
        await process.wait()
    return _rate(folder, frames, took_s, cpu_s, sorted(light), len(rows[0][0]) + 12)


def _cpu_s(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


async def _first_answer(port: int, segment: bytes, pause_s: float = 0.0) -> float:
    await asyncio.sleep(pause_s)
    line = Line(port, {segment[3:20].decode(): segment})
    await line.run()
    return line.waits_s[0]


def _rate(
    folder: Path, frames: int, took_s: float, cpu_s: float, light_s: list[float], frame_bytes: int
) -> Rate:
    with contextlib.closing(LedgerReader(sqlite_url(folder / "ledger.sqlite"))) as reader:
        counters = reader.counters()
    size = sum(path.stat().st_size for path in folder.glob("ledger.sqlite*"))
    return Rate(
        frames=frames,
        seconds=took_s,
        frame_bytes=frame_bytes,
        light_p50_ms=1000 * statistics.median(light_s),
        light_p99_ms=1000 * light_s[int(0.99 * len(light_s))],
        cpu_us_per_frame=1e6 * cpu_s / frames,
        commit_mean_ms=1000 * counters["commit_seconds_sum"] / counters["commit_seconds_count"],
        values=counters["values_stored"],
        bytes_per_value=size / counters["values_stored"],
    )


def main(seconds: float = 20.0, lines: float = 20) -> Rate:
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measure(Path(folder), seconds, int(lines)))


if __name__ == "__main__":
    sys.stdout.write(f"{main(*(float(word) for word in sys.argv[1:]))}\n")
