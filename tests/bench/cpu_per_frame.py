"""CPU time of every stage on a frame's way, without sockets: read, decode, judge and store.

``python -m tests.bench.cpu_per_frame [frames] [devices] [batch]`` prints milliseconds of CPU per 1,000
frames of 12 factors, stage by stage. CPU time hides neither gains nor losses on a loaded machine.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sensors.contract import LineLimits
from sensors.hj212.frame import frame
from sensors.hj212.session import Delivery, LineSession
from tests.bench.ingest_rate import FACTORS, segment
from tests.support.small_park import mn_of, small_park
from twin.core.device import CrcMode
from twin.core.observation import RawFrame
from twin.live.gate import Gate
from twin.live.ingest import calm_collector
from twin.live.judge import StreamJudge
from twin.live.registry import SceneRegistry
from twin.store.engine import sqlite_url
from twin.store.judge import Judge
from twin.store.ledger import Arrival, Batch, Ledger

T = TypeVar("T")
START_MS = 1_795_000_000_000


def measure(folder: Path, frames: int, devices: int, batch: int, judge: Judge | None) -> dict[str, float]:
    """Milliseconds of CPU per 1,000 frames, by stage."""
    park = small_park(devices, gases=FACTORS)
    passwords = {mn_of(n): "123456" for n in range(devices)}
    registry = SceneRegistry(park.devices, passwords)
    streams = [
        b"".join(frame(segment(n, i, START_MS, "123456"), CrcMode.HJ212) for i in range(frames // devices))
        for n in range(devices)
    ]
    spent: dict[str, float] = {}
    raw = _timed(spent, "read and answer", lambda: _read(registry, streams))
    raw = [row for rows in zip(*raw, strict=True) for row in rows]  # as lines of equal pace send them
    gate = Gate(registry=registry, utc_offset_h=park.utc_offset_h)
    arrivals = _timed(spent, "decode", lambda: [gate.judge(row)[0] for row in raw])
    ledger = Ledger(sqlite_url(folder / "ledger.sqlite"), judge=judge, utc_offset_h=park.utc_offset_h)
    ledger.register(park.devices)
    _timed(spent, "store", lambda: _store(ledger, arrivals, batch))
    ledger.close()
    return {name: 1e6 * seconds / len(raw) for name, seconds in spent.items()}


def _timed(spent: dict[str, float], name: str, work: Callable[[], T]) -> T:
    began_s = time.process_time()
    result = work()
    spent[name] = time.process_time() - began_s
    return result


def _read(registry: SceneRegistry, streams: list[bytes]) -> list[list[RawFrame]]:
    found = []
    for stream in streams:
        session = LineSession("127.0.0.1:1", registry, LineLimits())
        outcomes = []
        for start in range(0, len(stream), 65_536):
            outcomes += session.read(stream[start : start + 65_536], START_MS)
        found.append([row.frame for row in outcomes if isinstance(row, Delivery)])
    return found


def _store(ledger: Ledger, arrivals: list[Arrival], batch: int) -> None:
    for start in range(0, len(arrivals), batch):
        ledger.write(Batch(arrivals=arrivals[start : start + batch]), START_MS)


def main(frames: int = 10_000, devices: int = 200, batch: int = 512) -> str:
    calm_collector()
    lines = [f"CPU ms per 1,000 frames of {FACTORS} factors, {devices} devices, {batch} frames a commit"]
    for name, judge in (("without rules", None), ("with rules", _rules(devices))):
        with tempfile.TemporaryDirectory() as folder:
            spent = measure(Path(folder), frames, devices, batch, judge)
        parts = ", ".join(f"{stage} {ms:.0f}" for stage, ms in spent.items())
        lines.append(f"  {name}: {parts}, together {sum(spent.values()):.0f}")
    return "\n".join(lines)


def _rules(devices: int) -> Judge:
    park = small_park(devices, gases=FACTORS)
    return StreamJudge(park.book, park.devices)


if __name__ == "__main__":
    sys.stdout.write(f"{main(*(int(word) for word in sys.argv[1:]))}\n")
