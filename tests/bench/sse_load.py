"""Live screens against a real server: one event and one plume frame a second, one screen that stops reading.

``python -m tests.bench.sse_load [clients] [seconds]`` prints one line; exit code 1 when a client missed
something or the 95th percentile of events is over 250 ms. Times run from before the commit in the
writing process to the arrival at a client; all processes share this machine.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import socket
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from typing import Any

import numpy as np
import psutil

from tests.support.live_server import live_server
from tests.support.sse import parse
from tests.support.synthetic import BEAM, Writer, open_writer, write_bundle
from twin.live.settings import load_settings

EVENT_P95_MS = 250.0
PLUME_BYTES = 90_000  # compresses to about 37 kB, as a real frame does
FLOOD_EVENTS, FLOOD_NOTE = 450, "x" * 30_000
SETTLE_S = 2.0
Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class Screen:
    """What one client has received: times in milliseconds from before the commit."""

    event_ms: list[float] = field(default_factory=list)
    plume_ms: list[float] = field(default_factory=list)
    resets: int = 0


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Figures of a run."""

    clients: int
    seconds: int
    events: tuple[int, int]
    plumes: tuple[int, int]
    resets: int
    event_ms: tuple[float, float]
    plume_ms: tuple[float, float]
    dropped_by_stopped: int
    server_cpu_s: float

    def clean(self) -> bool:
        """Whether all was delivered to all in time."""
        complete = self.events[0] == self.events[1] and self.plumes[0] == self.plumes[1] and not self.resets
        return complete and self.event_ms[1] <= EVENT_P95_MS

    def __str__(self) -> str:
        share = 100.0 * (self.events[0] + self.plumes[0]) / (self.events[1] + self.plumes[1])
        return (
            f"{self.clients} clients, {self.seconds} s: {share:.2f} % delivered "
            f"(events {self.events[0]}/{self.events[1]}, plumes {self.plumes[0]}/{self.plumes[1]}, "
            f"{self.resets} resets), event p50/p95 {self.event_ms[0]:.0f}/{self.event_ms[1]:.0f} ms, "
            f"plume fetched p50/p95 {self.plume_ms[0]:.0f}/{self.plume_ms[1]:.0f} ms, "
            f"{self.dropped_by_stopped} events dropped for the client that stopped reading, "
            f"server {self.server_cpu_s:.1f} CPU-s"
        )


def now_ms() -> int:
    """The machine's clock."""
    return time.time_ns() // 1_000_000


def write(data_dir: str, seconds: int, flood: bool) -> None:
    """Play ingest and worker (in a process of its own)."""
    writer = open_writer(load_settings(data_dir=Path(data_dir)))
    rng = np.random.default_rng(1)
    body = rng.integers(0, 12, PLUME_BYTES, dtype=np.uint8).tobytes()
    try:
        for k in range(FLOOD_EVENTS if flood else 0):
            writer.plume(10_000 + k, now_ms(), body=b"TWV1", notes=(FLOOD_NOTE,))
        if flood:
            return
        started_s = time.monotonic()
        for k in range(seconds):
            say(writer, k, body)
            time.sleep(max(0.0, started_s + k + 1 - time.monotonic()))
    finally:
        writer.close()


def say(writer: Writer, k: int, body: bytes) -> None:
    """One values event and one plume frame."""
    time_ms = now_ms()
    writer.say(BEAM, k * 1e-9, time_ms)
    writer.plume(k, now_ms(), body=body)


async def read(port: int, screen: Screen) -> None:
    """One client: a stream, and a kept line for plume frames."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
    writer.write(b"GET /api/v1/stream HTTP/1.1\r\nHost: x\r\n\r\n")
    frames = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
    fetching: set[asyncio.Task[None]] = set()
    lock = asyncio.Lock()
    await reader.readuntil(b"\r\n\r\n")
    rest = ""
    try:
        while True:
            size = int(await reader.readline(), 16)
            *blocks, rest = (rest + (await reader.readexactly(size)).decode()).split("\n\n")
            await reader.readexactly(2)
            for event in map(parse, blocks):
                if event is not None and event.name == "values":
                    screen.event_ms.append(now_ms() - event.data["received_ms"])
                elif event is not None and event.name == "plume" and event.data["k"] < 10_000:
                    task = asyncio.create_task(fetch(frames, lock, event.data, screen))
                    fetching.add(task)
                    task.add_done_callback(fetching.discard)
                elif event is not None and event.name == "reset":
                    screen.resets += 1
    finally:
        for end in (writer, frames[1]):
            end.close()


async def fetch(line: Line, lock: asyncio.Lock, plume: dict[str, Any], screen: Screen) -> None:
    """One plume frame by GET, over a line that is kept open as a browser does."""
    async with lock:
        reader, writer = line
        writer.write(f"GET {plume['url']} HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        size = int(head.split("content-length: ")[1].split("\r\n")[0])
        await reader.readexactly(size)
    if " 200 " in head.split("\r\n")[0]:
        screen.plume_ms.append(now_ms() - plume["t"])


def stop_reading(port: int) -> socket.socket:
    """A client that asks for the stream and then takes nothing."""
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.connect(("127.0.0.1", port))
    line.sendall(b"GET /api/v1/stream HTTP/1.1\r\nHost: x\r\n\r\n")
    return line


async def watch(port: int, data_dir: Path, clients: int, seconds: int) -> list[Screen]:
    """Open all screens, write for so many seconds, and give the last events time to arrive."""
    screens = [Screen() for _ in range(clients)]
    tasks = [asyncio.create_task(read(port, screen)) for screen in screens]
    await asyncio.sleep(SETTLE_S)
    process = multiprocessing.get_context("spawn").Process(target=write, args=(str(data_dir), seconds, False))
    process.start()
    while process.is_alive():
        await asyncio.sleep(0.1)
    await asyncio.sleep(SETTLE_S)
    for task in tasks:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    broken = [row for row in results if not isinstance(row, asyncio.CancelledError)]
    if broken:
        raise AssertionError(f"a stream ended: {broken[0]!r}")
    return screens


def metric(port: int, name: str) -> float:
    """One number of ``/metrics``."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as answer:
        rows = answer.read().decode().splitlines()
    return float(next(row for row in rows if row.startswith(f"park_twin_{name} ")).split()[1])


def spread(values: list[float]) -> tuple[float, float]:
    """50th and 95th percentile."""
    cuts = quantiles(values, n=20, method="inclusive")
    return cuts[9], cuts[18]


def cpu_s(pid: int) -> float:
    """CPU-seconds of a process and its children."""
    root = psutil.Process(pid)
    return sum(sum(row.cpu_times()[:2]) for row in (root, *root.children(recursive=True)))


def measure(clients: int = 40, seconds: int = 30) -> Outcome:
    """Run it all in a folder that is thrown away."""
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder) / "data"
        open_writer(load_settings(data_dir=data_dir)).close()
        write_bundle(data_dir)
        with live_server(data_dir, web_threads=max(128, 2 * (clients + 1))) as server:
            stopped = stop_reading(server.port)
            context = multiprocessing.get_context("spawn")
            flood = context.Process(target=write, args=(str(data_dir), 0, True))
            flood.start()
            flood.join()
            before_s = cpu_s(server.process.pid)
            screens = asyncio.run(watch(server.port, data_dir, clients, seconds))
            spent_s = cpu_s(server.process.pid) - before_s
            dropped = metric(server.port, "stream_dropped_total")
            stopped.close()
    return Outcome(
        clients=clients,
        seconds=seconds,
        events=(sum(len(row.event_ms) for row in screens), clients * seconds),
        plumes=(sum(len(row.plume_ms) for row in screens), clients * seconds),
        resets=sum(row.resets for row in screens),
        event_ms=spread([value for row in screens for value in row.event_ms]),
        plume_ms=spread([value for row in screens for value in row.plume_ms]),
        dropped_by_stopped=int(dropped),
        server_cpu_s=spent_s,
    )


def main() -> int:
    """Measure and print."""
    numbers = [int(text) for text in sys.argv[1:]]
    outcome = measure(*numbers)
    sys.stdout.write(f"{outcome}\n")
    return 0 if outcome.clean() else 1


if __name__ == "__main__":
    sys.exit(main())
