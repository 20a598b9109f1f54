"""TCP server for instruments: listens, lets lines in, knows on which line a device is.

What happens on one line stands in ``sensors.hj212.line``; who may have one in ``sensors.hj212.door``.
"""

from __future__ import annotations

import asyncio

from sensors.contract import FrameSink, LineEvent, LineEventKind, LineLimits, Registry
from sensors.hj212.door import AddressLists, Door, HomeRegistry, Pace
from sensors.hj212.findings import FindingTally
from sensors.hj212.line import READ_SIZE, DeviceCount, House, Line, LineListener, ServerStats
from sensors.hj212.session import LineSession
from sensors.hj212.split import SplitTracker
from twin.core.clock import Clock

__all__ = ["DeviceCount", "Hj212Server", "Pace", "ServerStats", "serve"]

_MOST_LEAVING = 64


class Hj212Server:
    """A listening server; made by ``serve``."""

    def __init__(
        self,
        sink: FrameSink,
        registry: Registry,
        clock: Clock,
        limits: LineLimits,
        *,
        lists: AddressLists | None = None,
        listener: LineListener | None = None,
    ) -> None:
        self._registry = registry
        self._clock = clock
        self._limits = limits
        self.splits = SplitTracker(round(limits.split_timeout_s * 1000))
        self._door = Door(limits, lists)
        self.findings = FindingTally()
        self.stats = ServerStats()
        self._house = House(
            sink=sink,
            clock=clock,
            limits=limits,
            stats=self.stats,
            note=self.note,
            spoke=self._spoke,
            interval_s=self._interval_s,
            listener=listener,
        )
        self._lines: dict[asyncio.Task[None], Line] = {}
        self._reading: set[asyncio.Task[None]] = set()
        # Lines on which no known device has spoken, oldest first: they give way when there is no room.
        self._strangers: dict[Line, asyncio.Task[None]] = {}
        # Lines of every device, the one it spoke on last at the end.
        self._homes: dict[str, list[Line]] = {}
        self._listener: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """Port that is listened on (useful when 0 was asked for)."""
        if self._listener is None or not self._listener.sockets:
            return 0
        return int(self._listener.sockets[0].getsockname()[1])

    @property
    def lines(self) -> tuple[Line, ...]:
        """Open lines, oldest first."""
        return tuple(self._lines.values())

    def has_line(self, mn: str) -> bool:
        """Whether a device is connected now."""
        return mn in self._homes

    def send(self, mn: str, data: bytes) -> bool:
        """Send to a device on the line it spoke on last; False when it has none that takes it."""
        homes = self._homes.get(mn, ())
        return any(line.send(data) for line in reversed(homes))

    async def listen(self, host: str, port: int) -> None:
        """Start to listen. Raises OSError when the address cannot be had."""
        self._listener = await asyncio.start_server(self._greet, host, port, limit=READ_SIZE, backlog=512)

    async def close(self) -> None:
        """Stop listening, let frames already read be stored and answered, hang up."""
        if self._listener is not None:
            self._listener.close()
        for task in self._reading:
            task.cancel()
        if self._lines:
            await asyncio.wait(set(self._lines))
        if self._listener is not None:
            await self._listener.wait_closed()

    async def wait_closed(self) -> None:
        """Wait until ``close`` was called."""
        if self._listener is not None:
            await self._listener.wait_closed()

    def note(self, event: LineEvent) -> None:
        """Count an event and hand it on."""
        self.stats.events[event.kind] += event.count
        self._house.sink.line_event(event)

    async def _greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address = writer.get_extra_info("peername") or ("?", 0)
        host, peer = str(address[0]), f"{address[0]}:{address[1]}"
        task, now_s = asyncio.current_task(), asyncio.get_running_loop().time()
        refusal = self._door.refusal(host, now_s) or self._no_room(host, now_s)
        if task is None or refusal:
            self.stats.refused += 1
            self.note(self._event(LineEventKind.REFUSED, peer, refusal))
            writer.transport.abort()
            return
        registry = self._registry
        if self._door.lists.homes:
            registry = HomeRegistry(registry, self._door.lists, host)
        session = LineSession(peer, registry, self._limits, self.splits, self.findings)
        allowance = self._door.address(host, now_s)
        line = Line(peer, host, session, self._house, allowance, (reader, writer))
        self._lines[task] = line
        self.stats.connections = len(self._lines)
        allowance.lines += 1
        try:
            await self._live(line)
        finally:
            del self._lines[task]
            self.stats.connections = len(self._lines)
            allowance.lines -= 1
            allowance.known -= line.was_known
            if line.was_noise:
                self._door.strike(host, asyncio.get_running_loop().time())

    async def _live(self, line: Line) -> None:
        mine: list[asyncio.Task[None]] = []

        def begun(reading: asyncio.Task[None]) -> None:
            mine.append(reading)
            self._reading.add(reading)
            self._strangers[line] = reading

        self.note(self._event(LineEventKind.CONNECT, line.peer))
        try:
            await line.run(begun)
        finally:
            self._reading.difference_update(mine)
            self._strangers.pop(line, None)
            self._leave(line)
            self.note(self._event(LineEventKind.DISCONNECT, line.peer))

    def _no_room(self, host: str, now_s: float) -> str:
        """Why there is no room for one more line, for which a stranger's may have to go."""
        most, of_one = self._limits.max_connections, self._limits.max_connections_per_address
        of_host = self._door.address(host, now_s).lines
        if len(self._lines) < most and of_host < of_one:
            return ""
        full = len(self._lines) >= most + _MOST_LEAVING or of_host >= of_one + _MOST_LEAVING
        if full or not self._strangers:
            return "too many connections"
        oldest = next(iter(self._strangers))
        self._strangers.pop(oldest).cancel()
        self.note(self._event(LineEventKind.REFUSED, oldest.peer, "no known device spoke on this line"))
        return ""

    def _spoke(self, mn: str, line: Line) -> None:
        self._strangers.pop(line, None)
        if not line.was_known:
            line.was_known = True
            self._door.address(line.host, asyncio.get_running_loop().time()).known += 1
        homes = self._homes.get(mn)
        if homes is None:
            self._homes[mn] = [line]
            if self._house.listener is not None:
                self._house.listener.opened(mn)
        elif homes[-1] is not line:
            if line in homes:
                homes.remove(line)
            homes.append(line)

    def _leave(self, line: Line) -> None:
        for mn in line.count.devices:
            homes = self._homes.get(mn, [])
            if line in homes:
                homes.remove(line)
            if not homes and self._homes.pop(mn, None) is not None and self._house.listener is not None:
                self._house.listener.closed(mn)

    def _interval_s(self, mn: str) -> float:
        device = self._registry.device(mn)
        return 0.0 if device is None else device.interval_s

    def _event(self, kind: LineEventKind, peer: str, detail: str = "") -> LineEvent:
        return LineEvent(kind=kind, time_ms=self._clock.now_ms(), peer=peer, detail=detail)


async def serve(
    host: str,
    port: int,
    sink: FrameSink,
    registry: Registry,
    clock: Clock,
    limits: LineLimits | None = None,
    *,
    lists: AddressLists | None = None,
    listener: LineListener | None = None,
) -> Hj212Server:
    """Listen for instruments; returns the server once the port is open.

    ``lists`` says which addresses may connect, ``listener`` hears what is delivered. Close the server
    with ``await server.close()``. Raises OSError when the address cannot be had.
    """
    server = Hj212Server(sink, registry, clock, limits or LineLimits(), lists=lists, listener=listener)
    await server.listen(host, port)
    return server
