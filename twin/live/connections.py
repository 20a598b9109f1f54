"""Who is connected now: a bounded picture of the lines, put into the store every few seconds."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from sensors.hj212.line import Line, ServerStats
from sensors.lines.contract import Wire
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
_ERROR_CHARS = 200


class Server(Protocol):
    """The lines."""

    stats: ServerStats

    @property
    def lines(self) -> tuple[Line, ...]:
        """Open lines."""
        ...


WireOf = tuple[Wire, tuple[Device, ...]]


class WaysIn(Protocol):
    """Lines of the scene besides the HJ 212 port."""

    @property
    def wires(self) -> tuple[WireOf, ...]:
        """All lines with the devices that are registered on them."""
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
        self._before: dict[Line | Wire, tuple[int, int, int]] = {}

    async def run(self, server: Server, ways: WaysIn | None = None) -> None:
        """Put a picture into the store again and again."""
        while True:
            await self.put(server, ways)
            await asyncio.sleep(EVERY_S)

    async def put(self, server: Server, ways: WaysIn | None = None) -> None:
        """Take and store one picture."""
        body = self.picture(server, () if ways is None else ways.wires)
        try:
            await self._books.perform(PutSnapshot(name=CONNECTIONS, time_ms=self._clock.now_ms(), body=body))
        except ParkTwinError as error:
            _log.warning("the table of connections could not be written: %s", error)

    def picture(self, server: Server, wires: Sequence[WireOf] = ()) -> dict[str, object]:
        """The scene's own lines first, open or not, then known devices' lines, the longest open first."""
        now_ms = self._clock.now_ms()
        lines = server.lines
        everyone: list[Line | Wire] = [*lines, *(wire for wire, _ in wires)]
        rates = {line: self._rates(line, now_ms) for line in everyone}
        self._before = {line: (now_ms, line.count.frames, line.count.bytes) for line in everyone}
        ours = [line for line in lines if line.is_known]
        others = [line for line in lines if not line.is_known]
        shown = [*ours[:LINES_MAX], *others[:STRANGERS_MAX]]
        known = len(ours)
        open_wires = sum(wire.is_open for wire, _ in wires)
        return {
            "open": len(lines) + open_wires,
            "known": known + open_wires,
            "strangers": len(others),
            "folded": len(lines) - len(shown),
            "refused_total": server.stats.refused,
            "frames_s": round(sum(row[0] for row in rates.values()), 2),
            "bytes_s": round(sum(row[1] for row in rates.values()), 1),
            "lines": [
                *(self._wire(wire, devices, rates[wire][0]) for wire, devices in wires),
                *(self._line(line, rates[line][0]) for line in shown),
            ],
        }

    def _rates(self, line: Line | Wire, now_ms: int) -> tuple[float, float]:
        """Frames and bytes per second since the last picture."""
        since_ms, frames, octets = self._before.get(line, (line.since_ms, 0, 0))
        span_s = max(1.0, (now_ms - since_ms) / 1000.0)
        return (line.count.frames - frames) / span_s, (line.count.bytes - octets) / span_s

    def _line(self, line: Line, frames_s: float) -> dict[str, object]:
        head = {"kind": "tcp", "line": "", "state": "open", "error": "", "held_bytes": line.held}
        return head | _counted(line, frames_s) | {"devices": self._devices(line.count.devices)}

    def _wire(self, wire: Wire, devices: Sequence[Device], frames_s: float) -> dict[str, object]:
        """A line of the scene, with all devices that are registered on it, heard or not."""
        head = {
            "kind": wire.line.kind.value,
            "line": wire.line.id,
            "state": "open" if wire.is_open else "down",
            "error": wire.trouble[:_ERROR_CHARS],
            "held_bytes": 0,
        }
        heard = {row.mn: wire.count.devices.get(row.mn, (0, None)) for row in devices}
        return head | _counted(wire, frames_s) | {"devices": self._devices(heard)}

    def _devices(self, counts: Mapping[str, tuple[int, int | None]]) -> list[dict[str, object]]:
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


def _counted(line: Line | Wire, frames_s: float) -> dict[str, object]:
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
    }
