"""TCP server for instruments. An answer goes out only after the sink has made the frame durable.

Frames of one line are handed to the sink without waiting for each other, so that the sink can
store many of them in one transaction; the answers go out in the order of the frames.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from dataclasses import dataclass, field

from sensors.contract import FrameSink, LineEvent, LineEventKind, LineLimits, Receipt, Registry
from sensors.hj212.findings import FindingTally
from sensors.hj212.session import Delivery, LineSession, Outcome
from sensors.hj212.split import SplitTracker
from twin.core.clock import Clock

_READ_SIZE = 8192
_POLL_S = 1.0
_FINISH_S = 10.0
_MOST_LEAVING = 64
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class DeviceCount:
    """What came from one device since the server started."""

    frames: int = 0
    duplicates: int = 0
    answered: int = 0
    last_seen_ms: int = 0


@dataclass(slots=True)
class ServerStats:
    """Counters of a server; ``events`` by kind."""

    connections: int = 0
    devices: dict[str, DeviceCount] = field(default_factory=dict)
    events: Counter[LineEventKind] = field(default_factory=Counter)


_Waiting = tuple[asyncio.Task[Receipt], Delivery]


class Hj212Server:
    """A listening server; made by ``serve``."""

    def __init__(self, sink: FrameSink, registry: Registry, clock: Clock, limits: LineLimits) -> None:
        self._sink = sink
        self._registry = registry
        self._clock = clock
        self._limits = limits
        self._splits = SplitTracker(round(limits.split_timeout_s * 1000))
        self._lines: dict[asyncio.Task[None], str] = {}
        self._reading: set[asyncio.Task[None]] = set()
        # Lines on which no known device has spoken, oldest first: they give way when there is no room.
        self._strangers: dict[str, asyncio.Task[None]] = {}
        self._listener: asyncio.Server | None = None
        self.findings = FindingTally()
        self.stats = ServerStats()

    @property
    def port(self) -> int:
        """Port that is listened on (useful when 0 was asked for)."""
        if self._listener is None or not self._listener.sockets:
            return 0
        return int(self._listener.sockets[0].getsockname()[1])

    async def listen(self, host: str, port: int) -> None:
        """Start to listen. Raises OSError when the address cannot be had."""
        self._listener = await asyncio.start_server(self._greet, host, port, limit=_READ_SIZE)

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
        self._sink.line_event(event)

    async def _greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address = writer.get_extra_info("peername") or ("?", 0)
        host, peer = str(address[0]), f"{address[0]}:{address[1]}"
        task = asyncio.current_task()
        if task is None or not self._has_room(host):
            self.note(self._event(LineEventKind.REFUSED, peer, "too many connections"))
            writer.transport.abort()
            return
        self._lines[task] = host
        self.stats.connections = len(self._lines)
        try:
            await self._line(reader, writer, peer)
        finally:
            del self._lines[task]
            self.stats.connections = len(self._lines)

    def _has_room(self, host: str) -> bool:
        """Whether one more line may come, for which a stranger's may have to go."""
        most, of_one = self._limits.max_connections, self._limits.max_connections_per_address
        of_host = sum(1 for other in self._lines.values() if other == host)
        if len(self._lines) < most and of_host < of_one:
            return True
        if (
            not self._strangers
            or len(self._lines) >= most + _MOST_LEAVING
            or of_host >= of_one + _MOST_LEAVING
        ):
            return False
        oldest = next(iter(self._strangers))
        self._strangers.pop(oldest).cancel()
        self.note(self._event(LineEventKind.REFUSED, oldest, "no known device spoke on this line"))
        return True

    async def _line(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, peer: str) -> None:
        session = LineSession(peer, self._registry, self._limits, self._splits, self.findings)
        waiting: asyncio.Queue[_Waiting | None] = asyncio.Queue(self._limits.max_in_flight)
        answers = asyncio.create_task(self._answer(waiting, writer, peer))
        reading = asyncio.create_task(self._read(session, reader, waiting))
        self._reading.add(reading)
        self._strangers[peer] = reading
        self.note(self._event(LineEventKind.CONNECT, peer))
        try:
            await asyncio.wait({reading})
            self._explain_end(reading, session, peer)
            await self._finish(session, waiting, answers)
        finally:
            self._reading.discard(reading)
            self._strangers.pop(peer, None)
            reading.cancel()
            answers.cancel()
            writer.close()
            self.note(self._event(LineEventKind.DISCONNECT, peer))
        with contextlib.suppress(OSError, TimeoutError):
            await asyncio.wait_for(writer.wait_closed(), _POLL_S)
        writer.transport.abort()

    def _explain_end(self, reading: asyncio.Task[None], session: LineSession, peer: str) -> None:
        if session.bad_bytes > self._limits.max_bad_bytes:
            self.note(self._event(LineEventKind.REFUSED, peer, "nothing but noise on this line"))
        error = None if reading.cancelled() else reading.exception()
        if isinstance(error, OSError):
            _log.info("line %s broke: %s", peer, error)
        elif error is not None:
            _log.error("line %s ended by a fault of ours", peer, exc_info=error)

    async def _finish(
        self, session: LineSession, waiting: asyncio.Queue[_Waiting | None], answers: asyncio.Task[None]
    ) -> None:
        """Read what is still held; wait until everything taken is stored and answered."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FINISH_S):
                await self._dispatch(session.close(self._clock.now_ms()), waiting)
                await waiting.put(None)
                await asyncio.shield(answers)

    async def _read(
        self,
        session: LineSession,
        reader: asyncio.StreamReader,
        waiting: asyncio.Queue[_Waiting | None],
    ) -> None:
        loop = asyncio.get_running_loop()
        heard = loop.time()
        pace = Pace(self._limits.max_frames_per_s, loop.time())
        while session.bad_bytes <= self._limits.max_bad_bytes:
            data = await _read_some(reader)
            now_ms = self._clock.now_ms()
            if data is None:
                if loop.time() - heard > self._limits.idle_timeout_s:
                    return
                await self._dispatch(session.tick(now_ms), waiting)
                continue
            if not data:
                return
            heard = loop.time()
            frames = await self._dispatch(session.read(data, now_ms), waiting)
            await asyncio.sleep(pace.wait_s(frames, loop.time()))

    async def _dispatch(self, outcomes: list[Outcome], waiting: asyncio.Queue[_Waiting | None]) -> int:
        """Hand frames to the sink, events to the counters; how many frames there were."""
        frames = 0
        for outcome in outcomes:
            if isinstance(outcome, LineEvent):
                self.note(outcome)
                continue
            frames += 1
            if outcome.reason is None:
                self._strangers.pop(outcome.frame.peer, None)
                work = self._sink.accept(outcome.frame)
            else:
                work = self._sink.quarantine(outcome.frame, outcome.reason)
            await waiting.put((asyncio.create_task(work), outcome))
        return frames

    async def _answer(
        self, waiting: asyncio.Queue[_Waiting | None], writer: asyncio.StreamWriter, peer: str
    ) -> None:
        """Send answers in the order of the frames, each after its receipt."""
        while (item := await waiting.get()) is not None:
            task, delivery = item
            await asyncio.wait({task})
            error = task.exception()
            if error is not None:
                self._store_failed(error, delivery, peer)
            elif delivery.reason is None:
                self._count(delivery, task.result())
                await self._send(delivery.answer, writer, flush=waiting.empty())

    def _store_failed(self, error: BaseException, delivery: Delivery, peer: str) -> None:
        _log.error("frame of %s was not stored: %r", delivery.frame.mn, error)
        self.note(self._event(LineEventKind.STORE_FAILED, peer, str(error), mn=delivery.frame.mn))

    async def _send(self, answer: bytes | None, writer: asyncio.StreamWriter, *, flush: bool) -> None:
        if answer is not None and not writer.is_closing():
            writer.write(answer)
        if not flush:
            return
        try:
            await asyncio.wait_for(writer.drain(), self._limits.write_timeout_s)
        except (OSError, TimeoutError):
            writer.transport.abort()  # the peer does not read; its frames are stored all the same

    def _count(self, delivery: Delivery, receipt: Receipt) -> None:
        row = self.stats.devices.setdefault(delivery.frame.mn, DeviceCount())
        row.frames += 1
        row.duplicates += receipt.status == "duplicate"
        row.answered += delivery.answer is not None
        row.last_seen_ms = delivery.frame.received_ms

    def _event(self, kind: LineEventKind, peer: str, detail: str = "", mn: str = "") -> LineEvent:
        return LineEvent(kind=kind, time_ms=self._clock.now_ms(), peer=peer, mn=mn, detail=detail)


class Pace:
    """Token bucket: one second's worth of frames may come at once."""

    def __init__(self, per_s: float, now_s: float) -> None:
        self._per_s = per_s
        self._tokens = per_s
        self._at_s = now_s

    def wait_s(self, frames: int, now_s: float) -> float:
        """How long to stop reading after this many frames."""
        self._tokens = min(self._per_s, self._tokens + (now_s - self._at_s) * self._per_s) - frames
        self._at_s = now_s
        return max(0.0, -self._tokens / self._per_s)


async def _read_some(reader: asyncio.StreamReader) -> bytes | None:
    """Bytes, empty at the end of the stream, None when nothing came for a while."""
    try:
        return await asyncio.wait_for(reader.read(_READ_SIZE), _POLL_S)
    except TimeoutError:
        return None


async def serve(
    host: str,
    port: int,
    sink: FrameSink,
    registry: Registry,
    clock: Clock,
    limits: LineLimits | None = None,
) -> Hj212Server:
    """Listen for instruments; returns the server once the port is open.

    Close it with ``await server.close()``. Raises OSError when the address cannot be had.
    """
    server = Hj212Server(sink, registry, clock, limits or LineLimits())
    await server.listen(host, port)
    return server
