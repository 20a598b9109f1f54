"""Many lean loggers at once: frames are made before the clock runs, answers are only looked at for QN."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Sequence

_QN = re.compile(rb"QN=([0-9]{17});ST=91;CN=9014")


class StormLine(asyncio.Protocol):
    """One connection with a window of unanswered frames; ``frames`` are (QN, whole frame)."""

    def __init__(self, frames: Sequence[tuple[bytes, bytes]], *, window: int = 16) -> None:
        self._frames = frames
        self._window = window
        self._next = 0
        self._rest = b""
        self._flight: dict[bytes, float] = {}
        self._transport: asyncio.Transport | None = None
        self.waits_s: list[float] = []
        self.done = asyncio.get_running_loop().create_future()

    @property
    def answered(self) -> int:
        return len(self.waits_s)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._fill()

    def data_received(self, data: bytes) -> None:
        now_s = time.perf_counter()
        data = self._rest + data
        end = 0
        for found in _QN.finditer(data):
            end = found.end()
            since = self._flight.pop(found[1], None)
            if since is not None:
                self.waits_s.append(now_s - since)
        self._rest = data[max(end, len(data) - 64) :]
        self._fill()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)

    def stop(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.abort()

    def send(self, count: int) -> None:
        """Send so many frames now, whatever the window."""
        self._send(self._frames[self._next : self._next + count])

    def _fill(self) -> None:
        if self._window and len(self._flight) <= self._window // 2:
            self.send(self._window - len(self._flight))
        if self._next == len(self._frames) and not self._flight and not self.done.done():
            self.done.set_result(None)

    def _send(self, frames: Sequence[tuple[bytes, bytes]]) -> None:
        if not frames or self._transport is None:
            return
        now_s = time.perf_counter()
        for qn, _ in frames:
            self._flight[qn] = now_s
        self._next += len(frames)
        self._transport.write(b"".join(whole for _, whole in frames))


async def storm_line(port: int, frames: Sequence[tuple[bytes, bytes]], *, window: int = 16) -> StormLine:
    """A line that is connected and has begun to send; with ``window`` 0 it waits for ``send``."""
    loop = asyncio.get_running_loop()
    _, line = await loop.create_connection(lambda: StormLine(frames, window=window), "127.0.0.1", port)
    return line
