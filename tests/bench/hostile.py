"""Live answers while 1,000 idle and 50 hostile connections are open, side by side with none.

``python -m tests.bench.hostile [seconds] [idle] [hostile]`` prints two lines and the memory of ingest.
The hostile ones: floods of ``##``, of random bytes, of frames of strangers, frames that never end, byte
by byte, and clients that ask for much and read nothing; whoever is thrown out comes back.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from sensors.hj212.codec import build
from sensors.hj212.frame import frame
from tests.support.logger_line import segment_for, stamp
from tests.support.running_ingest import free_port
from tests.support.small_park import mn_of
from twin.live.passwords import ensure_passwords

ROOT = Path(__file__).parents[2]
LIVE_LINES = 10
FRAMES_S = 10.0


@dataclass(frozen=True, kw_only=True)
class Side:
    """One half of the comparison."""

    frames: int
    p50_ms: float
    p99_ms: float
    cpu_pct: float
    rss_mb: float
    open_lines: int


@dataclass(frozen=True, kw_only=True)
class Outcome:
    quiet: Side
    hostile: Side
    attacks: int

    def __str__(self) -> str:
        rows = [("alone", self.quiet), ("under attack", self.hostile)]
        lines = [
            f"{name}: {row.frames} frames, answer p50 {row.p50_ms:.1f} ms, p99 {row.p99_ms:.1f} ms, "
            f"CPU {row.cpu_pct:.0f} %, {row.open_lines} lines, RSS {row.rss_mb:.0f} MB"
            for name, row in rows
        ]
        return "\n".join([*lines, f"{self.attacks} hostile connections were made"])


class Logger:
    """One good device: a frame now and then, on a line of its own."""

    def __init__(self, number: int, port: int, password: str) -> None:
        self._number, self._port, self._password = number, port, password
        self._index = 0

    async def run(self, until_s: float, waits_s: list[float]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        start_ms = time.time_ns() // 1_000_000 - 1000 * self._index
        while time.monotonic() < until_s:
            segment = segment_for(self._number, self._index, start_ms, self._password)
            self._index += 1
            begin = time.perf_counter()
            writer.write(frame(segment))
            await reader.readuntil(b"\r\n")
            waits_s.append(time.perf_counter() - begin)
            await asyncio.sleep(random.uniform(0.5, 1.5) * LIVE_LINES / FRAMES_S)
        writer.close()


class Attacker:
    """One hostile client; its address is not that of the loggers."""

    def __init__(self, kind: int, port: int) -> None:
        self._kind, self._port = kind % 6, port
        self._own = f"127.0.1.{kind % 250 + 1}"
        self.made = 0
        self._load = self._parts()

    async def run(self) -> None:
        while True:
            with contextlib.suppress(OSError, TimeoutError):
                await self._once()
            await asyncio.sleep(0.05)

    async def _once(self) -> None:
        self.made += 1
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port, local_addr=(self._own, 0))
        try:
            async with asyncio.timeout(20):
                for part in self._load:
                    writer.write(part)
                    await writer.drain()
                    await asyncio.sleep(1.0 if len(part) == 1 else 0.0)
                await reader.read()
        finally:
            writer.transport.abort()

    def _parts(self) -> list[bytes]:
        stranger = build(
            qn=stamp(time.time_ns() // 1_000_000, millis=True),
            st="22",
            cn="2011",
            pw="123456",
            mn="999999999999999999999999",
            flag=5,
            groups=((("DataTime", "20261122101500"),), (("a21018-Rtd", "1"), ("a21018-Flag", "N"))),
        )
        return {
            0: [b"##" * 4096] * 64,
            1: [random.randbytes(8192) for _ in range(64)],
            2: [frame(stranger) * 50] * 20,
            3: [b"##4000" + b"QN=1;" * 200],
            4: [b"#", b"#", b"0", b"9", b"9", b"9"],
            5: [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 300] * 20,
        }[self._kind]


async def measure(seconds: float, idle: int, hostile: int) -> Outcome:
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        passwords = ensure_passwords(folder / "passwords.toml", [mn_of(k) for k in range(LIVE_LINES)])
        argv = (sys.executable, "-m", "tests.support.ingest_child", name, str(port), str(LIVE_LINES))
        environment = {**os.environ, "PARK_TWIN_MAX_CONNECTIONS": "2000", "OMP_NUM_THREADS": "1"}
        log = (folder / "log").open("ab")
        child = await asyncio.create_subprocess_exec(*argv, cwd=ROOT, env=environment, stdout=log, stderr=log)
        log.close()
        loggers = [Logger(k, port, passwords[mn_of(k)]) for k in range(LIVE_LINES)]
        try:
            await _listening(port)
            quiet = await _side(child.pid, loggers, seconds)
            idlers = [await asyncio.open_connection("127.0.0.1", port) for _ in range(idle)]
            attack = (sys.executable, "-m", "tests.bench.hostile", "attack", str(port), str(hostile))
            others = await asyncio.create_subprocess_exec(*attack, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
            await asyncio.sleep(2.0)
            attacked = await _side(child.pid, loggers, seconds)
            others.terminate()
            made, _ = await others.communicate()
            for _, writer in idlers:
                writer.transport.abort()
        finally:
            child.terminate()
            await child.wait()
    return Outcome(quiet=quiet, hostile=attacked, attacks=int(made))


async def attack(port: int, count: int) -> int:
    """Attack until SIGTERM; how many connections were made."""
    attackers = [Attacker(k, port) for k in range(count)]
    tasks = [asyncio.create_task(row.run()) for row in attackers]
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return sum(row.made for row in attackers)


async def _listening(port: int) -> None:
    for _ in range(600):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.1)
            continue
        writer.close()
        return
    msg = "ingest did not start"
    raise AssertionError(msg)


async def _side(pid: int, loggers: list[Logger], seconds: float) -> Side:
    process = psutil.Process(pid)
    waits_s: list[float] = []
    before, began = sum(process.cpu_times()[:2]), time.monotonic()
    until_s = began + seconds
    await asyncio.gather(*(row.run(until_s, waits_s) for row in loggers))
    took_s = time.monotonic() - began
    return Side(
        frames=len(waits_s),
        p50_ms=1000 * statistics.median(waits_s),
        p99_ms=1000 * sorted(waits_s)[int(0.99 * len(waits_s))],
        cpu_pct=100 * (sum(process.cpu_times()[:2]) - before) / took_s,
        rss_mb=process.memory_info().rss / 1e6,
        open_lines=len(process.net_connections("tcp")) - 1,
    )


def main(seconds: float = 20.0, idle: float = 1000, hostile: float = 50) -> Outcome:
    return asyncio.run(measure(seconds, int(idle), int(hostile)))


if __name__ == "__main__":
    if sys.argv[1:2] == ["attack"]:
        sys.stdout.write(f"{asyncio.run(attack(int(sys.argv[2]), int(sys.argv[3])))}\n")
        sys.exit(0)
    sys.stdout.write(f"{main(*(float(word) for word in sys.argv[1:]))}\n")
