"""Replay: recorded bytes arrive untouched, bad lines are skipped, gaps follow the speed."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sensors.hj212.server import serve
from sensors.replay import Recorded, _gap_s, from_store, read_log, replay
from tests.sensors.line_doubles import MemorySink, OpenRegistry, upload
from twin.core.clock import SystemClock


def log_file(folder: Path, frames: list[bytes]) -> Path:
    path = folder / "line.log"
    lines = [b"2026-11-22 10:15:00 [rx] " + row for row in frames]
    path.write_bytes(b"started\r\n" + lines[0] + b"##0171QN=cut\r\n" + b"".join(lines[1:]))
    return path


def test_log_is_read_and_sent_byte_for_byte(tmp_path: Path):
    frames = [upload(qn=k) for k in (5, 1200, 2400)]
    recorded = list(read_log(log_file(tmp_path, frames)))
    assert [row.frame for row in recorded] == frames
    assert recorded[1].time_ms is not None
    assert recorded[0].time_ms is not None
    assert recorded[1].time_ms - recorded[0].time_ms == 1195

    async def work() -> list[bytes]:
        sink = MemorySink()
        server = await serve("127.0.0.1", 0, sink, OpenRegistry(), SystemClock())
        stats = await replay(recorded, "127.0.0.1", server.port)
        assert stats.answered == 3
        again = [row.frame for row in from_store(sink.durable)]
        await server.close()
        await asyncio.sleep(0.02)
        return again

    assert asyncio.run(work()) == frames


def test_gaps_shrink_with_the_speed_and_are_bounded():
    assert _gap_s(0, 60_000, 60.0) == 1.0
    assert _gap_s(0, 86_400_000, 1.0) == 10.0
    assert _gap_s(1000, 0, 1.0) == 0.0
    assert _gap_s(None, 0, 1.0) == 0.0
    assert _gap_s(0, 60_000, 0.0) == 0.0
    assert Recorded(time_ms=None, frame=b"").time_ms is None


def test_rounds_repeat_every_frame_and_restamping_is_asked_at_sending(tmp_path: Path):
    frames = [Recorded(time_ms=k, frame=upload(qn=k)) for k in (5, 1200)]
    asked: list[bytes] = []

    def restamp(frame: bytes) -> bytes:
        asked.append(frame)
        return upload(qn=len(asked) + 5000)

    async def work() -> tuple[int, list[bytes]]:
        sink = MemorySink()
        server = await serve("127.0.0.1", 0, sink, OpenRegistry(), SystemClock())
        stats = await replay(frames, "127.0.0.1", server.port, rounds=3, longest_wait_s=0.01, restamp=restamp)
        again = [row.frame for row in from_store(sink.durable)]
        await server.close()
        await asyncio.sleep(0.02)
        return stats.answered, again

    assert asyncio.run(work()) == (6, [upload(qn=5000 + k) for k in range(1, 7)])
    assert asked == [row.frame for row in frames] * 3
