"""One connection of an instrument: read, hand to the sink, answer what is durable, send commands.

Frames of one line are handed to the sink without waiting for each other, so that the sink can
store many of them in one transaction; the answers go out in the order of the frames.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from sensors.contract import FrameSink, LineEvent, LineEventKind, LineLimits, Receipt
from sensors.hj212.door import Address, Pace
from sensors.hj212.session import Delivery, LineSession, Outcome
from twin.core.clock import Clock

READ_SIZE = 8192
_CAREFUL_SIZE = 512  # of a line that nobody known has spoken on: noise costs up to 20 us a byte
_POLL_S = 1.0
_LONG_POLL_S = 15.0
_FINISH_S = 10.0
_IDLE_INTERVALS = 10.0
_UNSENT_MAX = 65_536
_log = logging.getLogger(__name__)

Waiting = tuple["asyncio.Future[Receipt]", Delivery]


class LineListener(Protocol):
    """Who wants to know what happens on the lines. Must neither block nor raise."""

    def arrived(self, delivery: Delivery) -> None:
        """A good frame of a known device is about to be handed to the sink."""
        ...

    def delivered(self, delivery: Delivery) -> None:
        """It is durable; its answer, if any, goes out next."""
        ...

    def opened(self, mn: str) -> None:
        """A device that had no line has one."""
        ...

    def closed(self, mn: str) -> None:
        """A device has no line any more."""
        ...


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
    refused: int = 0
    devices: dict[str, DeviceCount] = field(default_factory=dict)
    events: Counter[LineEventKind] = field(default_factory=Counter)


@dataclass(slots=True)
class LineCount:
    """What came over one line. ``devices``: frames and time of the last one, by MN."""

    bytes: int = 0
    frames: int = 0
    faults: int = 0
    answers: int = 0
    last_frame_ms: int | None = None
    devices: dict[str, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What the lines of one server share. ``spoke`` is called when a device spoke on a line."""

    sink: FrameSink
    clock: Clock
    limits: LineLimits
    stats: ServerStats
    note: Callable[[LineEvent], None]
    spoke: Callable[[str, Line], None]
    interval_s: Callable[[str], float]
    listener: LineListener | None = None


class Line:
    """One connection. ``run`` lives as long as it does."""

    def __init__(
        self,
        peer: str,
        host: str,
        session: LineSession,
        house: House,
        address: Address,
        streams: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        self.peer = peer
        self.host = host
        self.since_ms = house.clock.now_ms()
        self.count = LineCount()
        self.was_noise = False
        self.was_known = False  # the server has counted it among the lines of known devices
        self._session = session
        self._house = house
        self._limits = house.limits
        self._address = address
        self._reader, self._writer = streams
        self._waiting: asyncio.Queue[Waiting | None] = asyncio.Queue(house.limits.max_in_flight)
        self._idle_s = house.limits.idle_timeout_s

    @property
    def held(self) -> int:
        """Bytes of an unfinished frame."""
        return self._session.held

    @property
    def is_known(self) -> bool:
        """Whether a known device has spoken."""
        return bool(self.count.devices)

    def send(self, data: bytes) -> bool:
        """Send something to the other side; False when the line is closing or does not take it."""
        transport = self._writer.transport
        if transport.is_closing() or transport.get_write_buffer_size() > _UNSENT_MAX:
            return False
        self._writer.write(data)
        return True

    async def run(self, reading_of: Callable[[asyncio.Task[None]], None]) -> None:
        """Live until the other side goes, is silent for too long, or makes nothing but noise."""
        answers = asyncio.create_task(self._answer())
        reading = asyncio.create_task(self._read())
        reading_of(reading)
        try:
            await asyncio.wait({reading})
            self._explain_end(reading)
            await self._finish(answers)
        finally:
            reading.cancel()
            answers.cancel()
            self._writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(_POLL_S):
                await self._writer.wait_closed()
        self._writer.transport.abort()

    def _explain_end(self, reading: asyncio.Task[None]) -> None:
        if self._is_noise():
            self.was_noise = True
            self._note(LineEventKind.REFUSED, "nothing but noise on this line")
        error = None if reading.cancelled() else reading.exception()
        if isinstance(error, OSError):
            _log.info("line %s broke: %s", self.peer, error)
        elif error is not None:
            _log.error("line %s ended by a fault of ours", self.peer, exc_info=error)

    async def _finish(self, answers: asyncio.Task[None]) -> None:
        """Read what is still held; wait until everything taken is stored and answered."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FINISH_S):
                await self._dispatch(self._session.close(self._house.clock.now_ms()))
                await self._waiting.put(None)
                await asyncio.shield(answers)

    async def _read(self) -> None:
        loop = asyncio.get_running_loop()
        heard_s = loop.time()
        frames_pace = Pace(self._limits.max_frames_per_s, heard_s)
        bytes_pace = Pace(self._limits.max_bytes_per_s, heard_s)
        while not self._is_noise():
            data = await self._some(heard_s)
            now_s = loop.time()
            if data is None:
                if now_s - heard_s >= self._idle_s:
                    return
                await self._dispatch(self._session.tick(self._house.clock.now_ms()))
                continue
            if not data:
                return
            heard_s = now_s
            self.count.bytes += len(data)
            frames = await self._take(data)
            now_s, own = loop.time(), self._address
            pause_s = max(frames_pace.wait_s(frames, now_s), bytes_pace.wait_s(len(data), now_s))
            shared_s = max(own.frames.wait_s(frames, now_s), own.bytes.wait_s(len(data), now_s))
            await asyncio.sleep(max(pause_s, shared_s))

    async def _some(self, heard_s: float) -> bytes | None:
        """Bytes, empty at the end of the stream, None when nothing came for a while."""
        left_s = heard_s + self._idle_s - asyncio.get_running_loop().time()
        wait_s = min(_POLL_S if self._session.held else _LONG_POLL_S, max(0.01, left_s))
        try:
            async with asyncio.timeout(wait_s):
                return await self._reader.read(READ_SIZE)
        except TimeoutError:
            return None

    async def _take(self, data: bytes) -> int:
        """Read bytes, in small pieces while nobody known has spoken; how many frames there were."""
        frames = 0
        session = self._session
        step = READ_SIZE if self.is_known and not session.bad_pieces else _CAREFUL_SIZE
        for start in range(0, len(data), step):
            piece = data[start : start + step]
            frames += await self._dispatch(self._session.read(piece, self._house.clock.now_ms()))
            if self._is_noise():
                return frames
            if step == _CAREFUL_SIZE and session.bad_pieces:
                await asyncio.sleep(0)  # let the others speak
        return frames

    def _is_noise(self) -> bool:
        session, limits = self._session, self._limits
        return session.bad_bytes > limits.max_bad_bytes or session.bad_pieces > limits.max_faults

    async def _dispatch(self, outcomes: list[Outcome]) -> int:
        """Hand frames to the sink, events to the counters; how many frames there were."""
        frames = 0
        for outcome in outcomes:
            if isinstance(outcome, LineEvent):
                self._event(outcome)
                continue
            frames += 1
            if outcome.reason is None:
                self._heard(outcome)
                work: Awaitable[Receipt] = self._house.sink.accept(outcome.frame)
            elif self._address.strange.take(asyncio.get_running_loop().time()):
                work = self._house.sink.quarantine(outcome.frame, outcome.reason)
            else:
                continue  # the event of it was counted; there are enough samples of this address
            await self._waiting.put((asyncio.ensure_future(work), outcome))
        return frames

    def _event(self, event: LineEvent) -> None:
        if event.kind not in (LineEventKind.CONNECT, LineEventKind.DISCONNECT):
            self.count.faults += event.count
        self._house.note(event)

    def _heard(self, delivery: Delivery) -> None:
        mn, now_ms = delivery.frame.mn, delivery.frame.received_ms
        self.count.frames += 1
        self.count.last_frame_ms = now_ms
        known = self.count.devices.get(mn)
        self.count.devices[mn] = (1 if known is None else known[0] + 1, now_ms)
        if known is None:
            self._idle_s = max(self._idle_s, _IDLE_INTERVALS * self._house.interval_s(mn))
        self._house.spoke(mn, self)
        if self._house.listener is not None:
            self._house.listener.arrived(delivery)

    async def _answer(self) -> None:
        """Send answers in the order of the frames, each after its receipt; those of a commit together."""
        ready: list[bytes] = []
        while (item := await self._waiting.get()) is not None:
            task, delivery = item
            if not task.done():
                await self._send(ready)
                await asyncio.wait({task})
            error = task.exception()
            if error is not None:
                _log.error("frame of %s was not stored: %r", delivery.frame.mn, error)
                self._note(LineEventKind.STORE_FAILED, str(error), mn=delivery.frame.mn)
            elif delivery.reason is None:
                self._counted(delivery, task.result())
                if delivery.answer is not None:
                    ready.append(delivery.answer)
            if self._waiting.empty():
                await self._send(ready)
        await self._send(ready)

    def _counted(self, delivery: Delivery, receipt: Receipt) -> None:
        row = self._house.stats.devices.setdefault(delivery.frame.mn, DeviceCount())
        row.frames += 1
        row.duplicates += receipt.status == "duplicate"
        row.answered += delivery.answer is not None
        row.last_seen_ms = delivery.frame.received_ms
        self.count.answers += delivery.answer is not None
        if self._house.listener is not None:
            self._house.listener.delivered(delivery)

    async def _send(self, ready: list[bytes]) -> None:
        """Send answers and forget them."""
        if not ready:
            return
        if not self._writer.is_closing():
            self._writer.write(b"".join(ready))
        ready.clear()
        try:
            async with asyncio.timeout(self._limits.write_timeout_s):
                await self._writer.drain()
        except (OSError, TimeoutError):
            self._writer.transport.abort()  # the peer does not read; its frames are stored all the same

    def _note(self, kind: LineEventKind, detail: str = "", mn: str = "") -> None:
        now_ms = self._house.clock.now_ms()
        self._house.note(LineEvent(kind=kind, time_ms=now_ms, peer=self.peer, mn=mn, detail=detail))
