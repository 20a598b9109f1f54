"""A logger for tests that remembers exactly which frames were answered, and sends the others again."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from datetime import UTC, datetime, timedelta

from sensors.hj212.codec import build, parse
from sensors.hj212.frame import Framer, Segment, frame
from tests.support.small_park import mn_of
from twin.core.device import CrcMode

BEIJING_S = 8 * 3600


def stamp(time_ms: int, *, millis: bool) -> str:
    """Beijing time as HJ 212 writes it."""
    when = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=time_ms, seconds=BEIJING_S)
    return f"{when:%Y%m%d%H%M%S}" + (f"{time_ms % 1000:03d}" if millis else "")


def segment_for(number: int, index: int, start_ms: int, password: str, *, cn: str = "2011") -> bytes:
    """Data segment ``index`` of device ``number``: one second of data time after the other."""
    time_ms = start_ms + index * 1000
    if number % 2 == 0:
        values = (("a01007-Rtd", f"{1 + index % 50 / 10:.1f}"), ("a01007-Flag", "N"))
        more = (("a01008-Rtd", f"{index % 360:d}"), ("a01008-Flag", "N"))
        factors = (values, more)
    else:
        factors = ((("a21018-Rtd", f"{index % 1000 / 1000:.3f}"), ("a21018-Flag", "N")),)
    return build(
        qn=stamp(time_ms, millis=True),
        st="22",
        cn=cn,
        pw=password,
        mn=mn_of(number),
        flag=5,
        groups=((("DataTime", stamp(time_ms, millis=False)),), *factors),
    )


class Line:
    """One connection at a time; ``pending`` frames are sent again after every break."""

    def __init__(self, port: int, segments: dict[str, bytes], *, window: int = 32) -> None:
        self._port = port
        self._window = window
        self.pending: dict[str, bytes] = dict(segments)
        self.answered: set[str] = set()
        self.answered_twice = 0
        self.sent = 0
        self.waits_s: list[float] = []

    async def run(self) -> None:
        """Until every frame is answered."""
        while self.pending:
            with contextlib.suppress(OSError):
                await self._connection()
            await asyncio.sleep(0.05)

    async def _connection(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        framer, queue, flight = Framer(), deque(self.pending.items()), dict[str, float]()
        try:
            while self.pending:
                while queue and len(flight) < self._window:
                    qn, segment = queue.popleft()
                    writer.write(frame(segment, CrcMode.HJ212))
                    flight[qn] = time.perf_counter()
                    self.sent += 1
                await writer.drain()
                data = await reader.read(65536)
                if not data:
                    return
                for piece in framer.feed(data, 0):
                    if isinstance(piece, Segment):
                        self._heard(parse(piece.data).qn or "", flight)
        finally:
            writer.transport.abort()

    def _heard(self, qn: str, flight: dict[str, float]) -> None:
        since = flight.pop(qn, None)
        if since is not None:
            self.waits_s.append(time.perf_counter() - since)
        self.answered_twice += qn in self.answered
        self.answered.add(qn)
        self.pending.pop(qn, None)
