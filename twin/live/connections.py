"""Who is connected now: a bounded picture of the lines, put into the store every few seconds."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Protocol

from sensors.hj212.line import Line, ServerStats
from twin.core.clock import Clock
from twin.core.device import Device
from twin.core.errors import ParkTwinError
from twin.live.exchange import Books
from twin.store.snapshots import CONNECTIONS, PutSnapshot

_log = logging.getLogger(__name__)
EVERY_S = 3.0
LINES_MAX = 500
STRANGERS_MAX = 50
_DEVICES_MAX = 200


class Server(Protocol):
    """The lines."""

    stats: ServerStats

    @property
    def lines(self) -> tuple[Line, ...]:
        """Open lines."""
        ...


class ConnectionBoard:
    """Takes the picture. ``drift_s`` tells how far a device's clock is ahead, where that is known."""

    def __init__(
        self,
        books: Books,
        device: Callable[[str], Device | None],
        drift_s: Callable[[str], float | None],
        clock: Clock,
    ) -> None:
        self._books = books
        self._device = device
        self._drift_s = drift_s
        self._clock = clock
        self._before: dict[Line, tuple[int, int, int]] = {}

    async def run(self, server: Server) -> None:
        """Put a picture into the store again and again; one of an empty house when it is closed."""
        while True:
            await self.put(server)
            await asyncio.sleep(EVERY_S)

    async def put(self, server: Server) -> None:
        """Take and store one picture."""
        body = self.picture(server)
        try:
            await self._books.perform(PutSnapshot(name=CONNECTIONS, time_ms=self._clock.now_ms(), body=body))
        except ParkTwinError as error:
            _log.warning("the table of connections could not be written: %s", error)

    def picture(self, server: Server) -> dict[str, object]:
        """Known devices' lines first, the longest open first."""
        now_ms = self._clock.now_ms()
        lines = server.lines
        rates = {line: self._rates(line, now_ms) for line in lines}
        self._before = {line: (now_ms, line.count.frames, line.count.bytes) for line in lines}
        ours = [line for line in lines if line.is_known]
        others = [line for line in lines if not line.is_known]
        shown = [*ours[:LINES_MAX], *others[:STRANGERS_MAX]]
        known = len(ours)
        return {
            "open": len(lines),
            "known": known,
            "strangers": len(lines) - known,
            "folded": len(lines) - len(shown),
            "refused_total": server.stats.refused,
            "frames_s": round(sum(row[0] for row in rates.values()), 2),
            "bytes_s": round(sum(row[1] for row in rates.values()), 1),
            "lines": [self._line(line, rates[line][0]) for line in shown],
        }

    def _rates(self, line: Line, now_ms: int) -> tuple[float, float]:
        """Frames and bytes per second since the last picture."""
        since_ms, frames, octets = self._before.get(line, (line.since_ms, 0, 0))
        span_s = max(1.0, (now_ms - since_ms) / 1000.0)
        return (line.count.frames - frames) / span_s, (line.count.bytes - octets) / span_s

    def _line(self, line: Line, frames_s: float) -> dict[str, object]:
        count = line.count
        return {
            "peer": line.peer,
            "since_ms": line.since_ms,
            "bytes": count.bytes,
            "frames": count.frames,
            "faults": count.faults,
            "answers": count.answers,
            "last_frame_ms": count.last_frame_ms,
            "frames_s": round(frames_s, 2),
            "held_bytes": line.held,
            "devices": self._devices(count.devices),
        }

    def _devices(self, counts: Mapping[str, tuple[int, int]]) -> list[dict[str, object]]:
        rows: list[dict[str, object]] = []
        for mn, (frames, last_ms) in sorted(counts.items())[:_DEVICES_MAX]:
            device = self._device(mn)
            if device is not None:
                rows.append(
                    {
                        "mn": mn,
                        "sensor": device.sensor_id,
                        "origin": device.origin.value,
                        "frames": frames,
                        "last_frame_ms": last_ms,
                        "clock_drift_s": self._drift_s(mn),
                    }
                )
        return rows
