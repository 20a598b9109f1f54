"""Forwarding: the packets as they came, to other platforms, from a durable cursor over the raw store.

A target's queue is the raw store itself, so an outage of any length costs neither memory nor disk, and
nothing here can hold up the ingest: frames are read when a target has room for them. A packet counts as
passed on when the target has answered it (where it wants an answer), so after a restart the few that
were under way go out again; the target knows them by QN.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from sensors.hj212.codec import parse
from sensors.hj212.crc import ALGORITHMS
from sensors.hj212.door import Pace
from sensors.hj212.frame import Framer, Segment
from twin.core.clock import Clock
from twin.core.device import CrcMode, Device
from twin.core.errors import ParkTwinError
from twin.live.exchange import Books
from twin.live.forward_targets import Target
from twin.live.parts import Work
from twin.store.forwards import ForwardReader, ForwardRow, OpenForward, SaveForward
from twin.store.rows import StoredFrame

_log = logging.getLogger(__name__)
_PAGE = 128
_POLL_S = 0.5
_SAVE_S = 1.0
_CONNECT_S = 10.0
_READ_SIZE = 8192
_FIRST_BACK_OFF_S = 0.5
_ANSWERS = frozenset({"9013", "9014"})


class Frames(Protocol):
    """Where stored frames are read."""

    def frames_after(self, seq: int, limit: int = ..., mn: str | None = None) -> tuple[StoredFrame, ...]:
        """Frames above a number, in order."""
        ...


class DeviceList(Protocol):
    """Registered devices."""

    def device(self, mn: str) -> Device | None:
        """Registered device, or None."""
        ...


def packet(segment: bytes, crc: str | None) -> bytes:
    """The bytes that came: mark, length, segment, sum as received (None: the standard's), CR LF."""
    text = f"{ALGORITHMS[CrcMode.HJ212](segment):04X}" if crc is None else crc
    return b"##%04d%b%b\r\n" % (len(segment), segment, text.encode("ascii"))


@dataclass(slots=True)
class _Parcel:
    """A packet on its way; ``key`` (MN, QN) of the answer that it wants, None where it wants none."""

    seq: int
    data: bytes
    key: tuple[str, str] | None
    due_s: float = 0.0
    tries: int = 0
    vain: int = 0


@dataclass(slots=True)
class _Flight:
    """What is under way to a target, in the order of the store."""

    parcels: deque[_Parcel] = field(default_factory=deque)
    done: set[int] = field(default_factory=set)

    def finish(self, parcel: _Parcel) -> None:
        """A parcel has arrived or was passed over."""
        self.done.add(parcel.seq)

    def settled(self) -> int | None:
        """Highest number below which everything is done; takes what is done off the front."""
        last = None
        while self.parcels and self.parcels[0].seq in self.done:
            last = self.parcels.popleft().seq
            self.done.discard(last)
        return last


class Forwarder:
    """One target. ``run`` as a task of the writing process."""

    def __init__(
        self,
        target: Target,
        books: Books,
        frames: Frames,
        reader: ForwardReader,
        registry: DeviceList,
        clock: Clock,
    ) -> None:
        self.target = target
        self._books = books
        self._frames = frames
        self._reader = reader
        self._registry = registry
        self._clock = clock
        self._row = ForwardRow(target=target.name, fingerprint="", cursor_seq=0)
        self._flight = _Flight()
        self._ready: deque[_Parcel] = deque()
        self._read_to = 0
        self._wake = asyncio.Event()
        self._answered_here = 0
        self._saved_s = 0.0
        self._unsaved = False

    @property
    def row(self) -> ForwardRow:
        """How it stands."""
        return self._row

    def pause(self, paused: bool) -> None:
        """Stop or go on; the store was told already."""
        self._row = replace(self._row, paused=paused)
        self._wake.set()

    async def open(self) -> None:
        """Read, or make, the durable row; a new target begins with what comes after this."""
        target = self.target
        opening = OpenForward(
            target=target.name,
            fingerprint=target.fingerprint(),
            from_start=target.start == "beginning",
            settings=target.model_dump(mode="json"),
        )
        row = await self._books.perform(opening)
        assert isinstance(row, ForwardRow)  # noqa: S101 - tells the type checker
        self._row = row

    async def run(self) -> None:
        """Pass on until cancelled; after ``open``. Whatever ended it before, it begins at its cursor."""
        target = self.target
        self._ready.clear()
        self._flight = _Flight()
        self._read_to = self._row.cursor_seq
        back_off_s = _FIRST_BACK_OFF_S
        while True:
            if self._row.paused:
                await self._rest("paused")
                continue
            self._begin_again()
            if not await self._has_work():
                await self._rest("idle")
                continue
            before = self._row.answered
            note = await self._session()
            if self._row.answered > before:
                back_off_s = _FIRST_BACK_OFF_S
            if note and not self._row.paused:
                self._move(state="down", note=note)
                await self._save(now=True)
                await asyncio.sleep(back_off_s)
                back_off_s = min(2 * back_off_s, target.max_back_off_s)

    async def _rest(self, state: str) -> None:
        self._move(state=state, note="")
        await self._save()
        self._wake.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_POLL_S):
                await self._wake.wait()

    def _begin_again(self) -> None:
        """On a new line everything that was not answered goes out once more, in order."""
        open_parcels = [row for row in self._flight.parcels if row.seq not in self._flight.done]
        for row in open_parcels:
            row.tries = 0
        self._ready.extendleft(reversed(open_parcels))
        self._flight = _Flight()
        self._read_to = max(self._read_to, self._row.cursor_seq)

    async def _has_work(self) -> bool:
        return bool(self._ready) or await self._fetch()

    async def _fetch(self) -> bool:
        """Read one page of the store; whether there is something to send, or more to read."""
        try:
            page = await asyncio.to_thread(self._frames.frames_after, self._read_to, _PAGE)
            wanted = [row for row in page if self.target.wants(row, self._registry.device(row.mn))]
            sums = await asyncio.to_thread(self._reader.sums, [_digest(row) for row in wanted])
        except ParkTwinError as error:
            _log.warning("frames for %s could not be read: %s", self.target.name, error)
            return False
        if page:
            self._read_to = page[-1].seq
        for row in wanted:
            self._ready.append(_parcel(row, sums.get(_digest(row))))
        if not self._ready and not self._flight.parcels and page:
            self._move(cursor_seq=self._read_to)
            await self._save()
        return bool(self._ready) or len(page) == _PAGE

    async def _session(self) -> str:
        """One connection; why it ended, empty when there is nothing left to do."""
        target = self.target
        self._move(state="connecting")
        try:
            async with asyncio.timeout(_CONNECT_S):
                reader, writer = await asyncio.open_connection(target.host, target.port)
        except (OSError, TimeoutError) as error:
            return str(error) or type(error).__name__
        listening = asyncio.create_task(self._listen(reader))
        self._answered_here = 0
        try:
            return await self._talk(writer, listening)
        except (OSError, TimeoutError) as error:
            return str(error) or type(error).__name__
        finally:
            listening.cancel()
            writer.transport.abort()
            await self._save(now=True)

    async def _talk(self, writer: asyncio.StreamWriter, listening: asyncio.Task[None]) -> str:
        loop = asyncio.get_running_loop()
        pace = Pace(self.target.max_frames_per_s, loop.time())
        while not self._row.paused:
            self._wake.clear()
            if listening.done():
                return "the target has hung up"
            if len(self._ready) < self.target.window:
                await self._fetch()
            sent = self._send_window(writer, loop.time())
            overdue = self._resend(writer, loop.time())
            if overdue:
                return overdue
            async with asyncio.timeout(self.target.over_time_s):
                await writer.drain()
            self._settle()
            await self._save()
            self._move(state="sending" if sent else "waiting" if self._flight.parcels else "idle", note="")
            pause_s = pace.wait_s(sent, loop.time()) or (0.0 if self._can_send() else _POLL_S)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.001, pause_s)):
                    await self._wake.wait()
        return ""

    def _can_send(self) -> bool:
        return bool(self._ready) and len(self._flight.parcels) < self.target.window

    def _send_window(self, writer: asyncio.StreamWriter, now_s: float) -> int:
        sent = 0
        while self._can_send():
            parcel = self._ready.popleft()
            self._flight.parcels.append(parcel)
            if 0 < self.target.skip_after <= parcel.vain:
                self._flight.finish(parcel)
                self._move(skipped=self._row.skipped + 1, note=f"frame {parcel.seq} was never answered")
                continue
            self._write(writer, parcel, now_s)
            sent += 1
            self._move(sent=self._row.sent + 1)
            if parcel.key is None:
                self._flight.finish(parcel)
        return sent

    def _resend(self, writer: asyncio.StreamWriter, now_s: float) -> str:
        """Send overdue packets again; what ends the line when one was sent often enough."""
        for parcel in self._flight.parcels:
            if parcel.seq in self._flight.done or parcel.due_s > now_s:
                continue
            if parcel.tries > self.target.recount:
                parcel.vain += self._answered_here > 0  # others were answered: it is this packet
                return f"frame {parcel.seq} was not answered {parcel.tries} times"
            self._write(writer, parcel, now_s)
            self._move(resent=self._row.resent + 1)
        return ""

    def _write(self, writer: asyncio.StreamWriter, parcel: _Parcel, now_s: float) -> None:
        writer.write(parcel.data)
        parcel.tries += 1
        parcel.due_s = now_s + self.target.over_time_s

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        framer = Framer()
        with contextlib.suppress(OSError):
            while data := await reader.read(_READ_SIZE):
                for piece in framer.feed(data, self._clock.now_ms()):
                    if isinstance(piece, Segment):
                        self._heard(piece.plain)
                self._wake.set()
        self._wake.set()

    def _heard(self, segment: bytes) -> None:
        message = parse(segment)
        if message.cn not in _ANSWERS:
            return  # a target's own commands go to nobody: only this platform speaks to the stations
        key = (message.mn or "", message.qn or "")
        for parcel in self._flight.parcels:
            if parcel.key == key and parcel.seq not in self._flight.done:
                self._flight.finish(parcel)
                self._answered_here += 1
                self._move(answered=self._row.answered + 1, answered_ms=self._clock.now_ms())
                return

    def _settle(self) -> None:
        """Move the cursor behind all that is done."""
        last = self._flight.settled()
        if not self._flight.parcels and not self._ready:
            last = max(self._read_to, last or 0)
        if last is not None and last > self._row.cursor_seq:
            self._move(cursor_seq=last)

    def _move(self, **changes: object) -> None:
        row = replace(self._row, **changes)  # type: ignore[arg-type]
        self._unsaved = self._unsaved or row != self._row
        self._row = row

    async def _save(self, *, now: bool = False) -> None:
        now_s = asyncio.get_running_loop().time()
        if not self._unsaved or (not now and now_s - self._saved_s < _SAVE_S):
            return
        self._saved_s, self._unsaved = now_s, False
        try:
            await self._books.perform(SaveForward(row=self._row))
        except ParkTwinError as error:
            self._unsaved = True
            _log.warning("cursor of %s could not be written: %s", self.target.name, error)


class Forwarding:
    """All targets of a park."""

    def __init__(
        self,
        targets: Sequence[Target],
        books: Books,
        frames: Frames,
        reader: ForwardReader,
        registry: DeviceList,
        clock: Clock,
    ) -> None:
        self.forwarders = {
            row.name: Forwarder(row, books, frames, reader, registry, clock) for row in targets
        }

    async def open(self) -> None:
        """Make the rows of all targets, before the first frame comes."""
        for row in self.forwarders.values():
            await row.open()

    def works(self) -> dict[str, Work]:
        """What passes on to each target; none can harm another."""
        return {f"forward:{name}": row.run for name, row in self.forwarders.items()}


def _digest(frame: StoredFrame) -> bytes:
    digest: bytes | str = frame.sha256
    return bytes.fromhex(digest) if isinstance(digest, str) else bytes(digest)


def _parcel(frame: StoredFrame, crc: str | None) -> _Parcel:
    message = parse(frame.segment)
    key = (frame.mn, frame.qn) if message.wants_answer else None
    return _Parcel(seq=frame.seq, data=packet(frame.segment, crc), key=key)
