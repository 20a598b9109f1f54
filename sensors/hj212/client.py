"""A station logger: sends frames, waits for answers, sends again, reconnects, keeps what is open.

Follows HJ 212-2017, 6.6: no answer within OverTime means to send again, up to ReCount times, and
then the link counts as down. A frame is forgotten only when its answer has come (or, without the
answer bit, when it was written).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sensors.hj212.codec import Message, parse
from sensors.hj212.frame import CRC_LEN, HEADER_LEN, Framer, Segment
from twin.core.device import CrcMode

_READ_SIZE = 8192
_ANSWERS = frozenset({"9013", "9014"})
_NO_REQUESTS = frozenset({"9011", "9012", *_ANSWERS})
_log = logging.getLogger(__name__)
Key = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkSettings:
    """How a logger treats its link.

    ``over_time_s`` and ``recount`` are those of command 1000 (5 s and 3 on a wire). ``window``:
    frames that may wait for their answers at once. ``max_kept``: frames kept while the link is
    down; then the oldest go, as in a real logger's memory.
    """

    over_time_s: float = 5.0
    recount: int = 3
    window: int = 64
    max_kept: int = 50_000
    connect_timeout_s: float = 5.0
    back_off_s: float = 0.5
    max_back_off_s: float = 15.0
    crc_mode: CrcMode = CrcMode.HJ212


@dataclass(slots=True)
class LinkStats:
    """Counters of a link."""

    sent: int = 0
    answered: int = 0
    resent: int = 0
    dropped: int = 0
    connects: int = 0


@dataclass(slots=True)
class _Item:
    """A frame on its way."""

    frame: bytes
    key: Key | None
    tries: int = 0
    due_s: float = 0.0


def answer_key(message: Message) -> Key:
    """What an answer and its frame have in common: MN and QN."""
    return message.mn or "", message.qn or ""


def segment_of(frame: bytes) -> bytes:
    """Data segment of a whole frame, cut by its length field; empty where there is none."""
    head = frame[2:HEADER_LEN]
    if not head.isdigit() or len(head) < HEADER_LEN - 2:
        return b""
    return frame[HEADER_LEN : HEADER_LEN + int(head)]


class LoggerClient:
    """One link to a platform. Start ``run`` as a task, then ``send`` or ``offer`` frames.

    ``on_request`` is asked what to send to a request of the platform; without it requests are ignored.
    """

    def __init__(
        self,
        host: str,
        port: int,
        settings: LinkSettings | None = None,
        on_request: Callable[[Message], Iterable[bytes]] | None = None,
    ) -> None:
        self._on_request = on_request
        self._host = host
        self._port = port
        self._settings = settings or LinkSettings()
        self._queue: deque[_Item] = deque()
        self._flight: dict[Key, deque[_Item]] = {}
        self._in_flight = 0
        self._wake = asyncio.Event()
        self._moved = asyncio.Event()
        self._writer: asyncio.StreamWriter | None = None
        self._down_until_s = 0.0
        self._closing = False
        self.stats = LinkStats()

    @property
    def open_frames(self) -> int:
        """Frames that are not answered yet, sent or not."""
        return len(self._queue) + self._in_flight

    def offer(self, frame: bytes, *, key: Key | None = None) -> None:
        """Take a frame without waiting; when too many are kept the oldest unsent one is dropped.

        ``key`` (MN, QN) saves reading the frame where the caller knows that it wants an answer.
        """
        while len(self._queue) >= self._settings.max_kept:
            self._queue.popleft()
            self.stats.dropped += 1
        if key is None:
            message = parse(segment_of(frame))
            key = answer_key(message) if message.wants_answer else None
        self._queue.append(_Item(frame=frame, key=key))
        self._wake.set()

    async def send(self, frame: bytes, *, most_open: int = 1000) -> None:
        """Take a frame, after waiting until fewer than ``most_open`` are unanswered."""
        await self.wait_below(most_open)
        self.offer(frame)

    async def wait_below(self, count: int) -> None:
        """Wait until fewer than ``count`` frames are unanswered."""
        while self.open_frames >= count:
            self._moved.clear()
            await self._moved.wait()

    async def drained(self) -> None:
        """Wait until every frame is answered."""
        await self.wait_below(1)

    def hang_up(self, for_s: float) -> None:
        """Drop the line and stay away for a while; frames go on being kept."""
        self._down_until_s = asyncio.get_running_loop().time() + for_s
        if self._writer is not None:
            self._writer.transport.abort()

    def close(self) -> None:
        """End ``run`` soon; unanswered frames stay in memory only."""
        self._closing = True
        self._wake.set()
        if self._writer is not None:
            self._writer.close()

    async def run(self) -> None:
        """Keep the link up until ``close`` or cancellation."""
        back_off_s = self._settings.back_off_s
        try:
            while not self._closing:
                await self._wait_out_hang_up()
                if await self._connect():
                    back_off_s = self._settings.back_off_s
                    await self._talk()
                if not self._closing:
                    await asyncio.sleep(back_off_s)
                    back_off_s = min(2 * back_off_s, self._settings.max_back_off_s)
        finally:
            self._drop_line()

    async def _wait_out_hang_up(self) -> None:
        loop = asyncio.get_running_loop()
        while not self._closing and loop.time() < self._down_until_s:
            await asyncio.sleep(min(0.2, self._down_until_s - loop.time()))

    async def _connect(self) -> bool:
        opening = asyncio.open_connection(self._host, self._port)
        try:
            self._reader, self._writer = await asyncio.wait_for(opening, self._settings.connect_timeout_s)
        except (OSError, TimeoutError) as error:
            _log.debug("no link to %s:%d: %s", self._host, self._port, error)
            return False
        self.stats.connects += 1
        return True

    async def _talk(self) -> None:
        listening = asyncio.create_task(self._listen())
        try:
            while not self._closing and not listening.done():
                self._wake.clear()
                if not self._resend_overdue():
                    break
                self._send_window()
                await self._flush()
                await self._pause(listening)
        except (OSError, TimeoutError) as error:
            _log.debug("link broke: %s", error)
        finally:
            listening.cancel()
            await asyncio.wait({listening})
            self._drop_line()

    async def _flush(self) -> None:
        if self._writer is not None:
            await asyncio.wait_for(self._writer.drain(), self._settings.over_time_s)

    async def _pause(self, listening: asyncio.Task[None]) -> None:
        """Wait for an answer, a new frame, the end of the line, or the next time-out."""
        now_s = asyncio.get_running_loop().time()
        first = min((row[0].due_s for row in self._flight.values()), default=now_s + 1.0)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), max(0.01, min(1.0, first - now_s)))

    def _send_window(self) -> None:
        while self._queue and self._in_flight < self._settings.window:
            item = self._queue.popleft()
            if item.key is not None:
                self._flight.setdefault(item.key, deque()).append(item)
                self._in_flight += 1
            self._write(item)
            self._moved.set()

    def _resend_overdue(self) -> bool:
        """Send overdue frames again; False when one has used up its tries and the link is down."""
        now_s = asyncio.get_running_loop().time()
        for row in self._flight.values():
            for item in row:
                if item.due_s > now_s:
                    continue
                if item.tries > self._settings.recount:
                    return False
                self.stats.resent += 1
                self._write(item)
        return True

    def _write(self, item: _Item) -> None:
        if self._writer is None:
            return
        self._writer.write(item.frame)
        item.tries += 1
        item.due_s = asyncio.get_running_loop().time() + self._settings.over_time_s
        self.stats.sent += item.tries == 1

    async def _listen(self) -> None:
        framer = Framer(mode_of=lambda _mn: self._settings.crc_mode)
        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError):
            while data := await self._reader.read(_READ_SIZE):
                for piece in framer.feed(data, round(loop.time() * 1000)):
                    if isinstance(piece, Segment):
                        self._heard(parse(piece.data))
                self._wake.set()
        self._wake.set()

    def _heard(self, message: Message) -> None:
        row = self._flight.get(answer_key(message))
        if message.cn not in _ANSWERS or not row:
            self._obey(message)
            return
        row.popleft()
        if not row:
            del self._flight[answer_key(message)]
        self._in_flight -= 1
        self.stats.answered += 1
        self._moved.set()

    def _obey(self, message: Message) -> None:
        """Answer a request at once; what cannot be sent now is lost, as on a real line."""
        if self._on_request is None or message.cn in _NO_REQUESTS or self._writer is None:
            return
        for reply in self._on_request(message):
            self._writer.write(reply)

    def _drop_line(self) -> None:
        """Close the socket; what was not answered goes back to the head of the queue, in order."""
        if self._writer is not None:
            self._writer.transport.abort()
            self._writer = None
        open_items = [item for row in self._flight.values() for item in row]
        for item in open_items:
            item.tries = 0
        self._queue.extendleft(reversed(open_items))
        self._flight.clear()
        self._in_flight = 0


def whole(frame: bytes) -> bool:
    """Whether bytes are exactly one frame by their length field (line end may be missing)."""
    segment = segment_of(frame)
    return bool(segment) and len(frame) >= HEADER_LEN + len(segment) + CRC_LEN
