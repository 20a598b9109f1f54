"""Commands to stations over their live lines: one in flight per device, every step durable.

A request goes out only after its row is durable, so that nobody can command an instrument without a
trace. Answers come in as frames like all others (stored first, then heard here).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from sensors.hj212.codec import Message
from sensors.hj212.commands import ExchangeNumbers, Request, make_request, segment_of_request
from sensors.hj212.decode import stamp_ms
from sensors.hj212.exchange import Exchange, Outcome, Patience, Progress, Step, StepKind, answered_qn
from sensors.hj212.frame import frame
from sensors.hj212.sm4 import encrypt, should_encrypt
from twin.core.clock import Clock
from twin.core.device import Device, Edition
from twin.core.errors import BadRequestError, ConflictError, NotFoundError, ParkTwinError
from twin.core.origin import Origin
from twin.store.deed import Deed
from twin.store.exchanges import InterruptExchanges, MoveExchange, NoteStep, QueueExchange

_log = logging.getLogger(__name__)
QUEUE_MAX = 16
_REMEMBERED = 256
_NAP_MS = 200


class Lines(Protocol):
    """Where devices are reached."""

    def has_line(self, mn: str) -> bool:
        """Whether a device is connected now."""
        ...

    def send(self, mn: str, data: bytes) -> bool:
        """Send to a device; False when no line takes it."""
        ...


class Books(Protocol):
    """Where deeds become durable."""

    async def perform(self, deed: Deed) -> object:
        """Write a deed; returns its result when it is durable."""
        ...


class Changes(Protocol):
    """Who keeps the new passwords and keys that commands carry."""

    def check(self, device: Device, request: Request) -> None:
        """Whether such a command may be queued. Raises ConflictError."""
        ...

    def propose(self, device: Device, request: Request) -> None:
        """It goes out next: what it sets counts beside what was there. Raises ParkTwinError."""
        ...

    def ended(self, device: Device, request: Request, progress: Progress) -> None:
        """What came of it. Must not raise."""
        ...


class Secrets(Protocol):
    """Devices with what they must be told to be believed."""

    def device(self, mn: str) -> Device | None:
        """Registered device, or None."""
        ...

    def password(self, mn: str) -> str | None:
        """Password of a device; None where any is taken."""
        ...

    def sm4_key(self, mn: str) -> bytes | None:
        """SM4 key of a device, or None."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What somebody wants: a command to a device. ``origin`` must be that of the device.

    ``purpose`` is ``person``, ``first_contact``, ``clock`` or ``gap``.
    """

    mn: str
    cn: str
    args: Mapping[str, object]
    actor: str
    purpose: str = "person"
    origin: Origin | None = None


@dataclass(slots=True)
class _Job:
    """An order on its way."""

    seq: int
    order: Order
    device: Device
    exchange: Exchange
    done: asyncio.Future[Outcome]


class Commander:
    """Sends commands, hears their answers, writes down what becomes of them.

    ``changes`` hears of every command before it is sent and at its end (new passwords and keys).
    """

    def __init__(
        self,
        books: Books,
        registry: Secrets,
        clock: Clock,
        *,
        utc_offset_h: float,
        patience: Patience | None = None,
        changes: Changes | None = None,
    ) -> None:
        self._books = books
        self._registry = registry
        self._clock = clock
        self._utc_offset_h = utc_offset_h
        self._patience = patience or Patience()
        self._changes = changes
        self._numbers = ExchangeNumbers(utc_offset_h)
        self._lines: Lines | None = None
        self._queues: dict[str, deque[_Job]] = {}
        self._wake: dict[str, asyncio.Event] = {}
        self._workers: dict[str, asyncio.Task[None]] = {}
        self._jobs: dict[int, _Job] = {}
        self._ended: OrderedDict[str, int] = OrderedDict()
        self._notes: set[asyncio.Task[object]] = set()

    async def start(self, lines: Lines) -> None:
        """Begin; exchanges that an earlier process left open are marked as interrupted."""
        self._lines = lines
        await self._books.perform(InterruptExchanges())

    async def close(self) -> None:
        """End all; what is open stays open in the store and is marked at the next start."""
        tasks = [*self._workers.values(), *self._notes]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for job in self._jobs.values():
            if not job.done.done():
                job.done.cancel()

    def is_busy(self, mn: str) -> bool:
        """Whether a device has a command in flight or waiting."""
        return mn in self._queues

    def under_way(self) -> list[tuple[int, str, str, str]]:
        """Number, MN, command and state of all that is not over."""
        jobs = [job for queue in self._queues.values() for job in queue]
        return [(job.seq, job.order.mn, job.order.cn, job.exchange.progress.outcome.value) for job in jobs]

    def is_connected(self, mn: str) -> bool:
        """Whether a device can be reached now."""
        return self._lines is not None and self._lines.has_line(mn)

    def check(self, order: Order) -> tuple[Device, Request]:
        """Device and request of an order.

        Raises NotFoundError (no such device), BadRequestError (command, argument, origin) and
        ConflictError (device without a line, queue full).
        """
        device = self._device(order)
        request = make_request(device, order.cn, order.args, self._utc_offset_h)
        if self._changes is not None:
            self._changes.check(device, request)
        if not self.is_connected(order.mn):
            raise ConflictError(
                f"device {order.mn} has no line just now; a command needs one",
                message_zh=f"设备 {order.mn} 当前不在线，无法下发命令",
                field="mn",
                value=order.mn,
            )
        if len(self._queues.get(order.mn, ())) >= QUEUE_MAX:
            raise ConflictError(
                f"{QUEUE_MAX} commands are waiting for device {order.mn}; wait or cancel some",
                message_zh=f"设备 {order.mn} 已有 {QUEUE_MAX} 条命令在等待；请稍后或取消部分命令",
                field="mn",
                value=order.mn,
            )
        return device, request

    async def send(self, order: Order) -> int:
        """Queue a command; its number once that is durable. Raises what ``check`` raises."""
        device, request = self.check(order)
        qn = self._numbers.next(self._clock.now_ms())
        queued = QueueExchange(
            mn=order.mn,
            origin=device.origin,
            cn=order.cn,
            nature=request.row.nature.value,
            args=request.told(),
            actor=order.actor,
            purpose=order.purpose,
            qn=qn,
        )
        seq = int(str(await self._books.perform(queued)))
        done: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        job = _Job(seq, order, device, Exchange(request, qn, self._patience), done)
        self._jobs[seq] = job
        self._queues.setdefault(order.mn, deque()).append(job)
        if order.mn not in self._workers:
            self._wake[order.mn] = asyncio.Event()
            self._workers[order.mn] = asyncio.create_task(self._work(order.mn))
            self._workers[order.mn].add_done_callback(_ended)
        return seq

    async def wait(self, seq: int) -> Outcome:
        """How an exchange of this process ends. Raises NotFoundError for another one."""
        return await asyncio.shield(self._job(seq).done)

    async def ask(self, order: Order) -> tuple[int, Outcome]:
        """Queue a command and wait for its end."""
        seq = await self.send(order)
        return seq, await self.wait(seq)

    def answer_of(self, seq: int) -> Mapping[str, str]:
        """Pairs of the last data frame of an exchange that this process still remembers."""
        job = self._jobs.get(seq)
        return {} if job is None else dict(job.exchange.progress.answer)

    def cancel(self, seq: int, by: str) -> Outcome:
        """Give up an exchange. Raises NotFoundError for one that is not open in this process."""
        job = self._job(seq)
        if job.exchange.is_over:
            raise ConflictError(
                f"exchange {seq} has ended already ({job.exchange.progress.outcome.value})",
                message_zh=f"命令交互 {seq} 已结束",
                field="seq",
                value=seq,
            )
        job.exchange.cancel(self._clock.now_ms(), by)
        self._stir(job.order.mn)
        return job.exchange.progress.outcome

    def hear(self, message: Message) -> None:
        """A message of a known device, durable by now."""
        mn = message.mn or ""
        queue = self._queues.get(mn)
        current = queue[0].exchange if queue else None
        if current is not None and current.is_running and current.hear(message, self._clock.now_ms()):
            self._stir(mn)
        elif message.cn in ("9011", "9012"):
            self._hear_late(message)

    def lose(self, mn: str) -> None:
        """The last line of a device is gone."""
        for job in self._queues.get(mn, ()):
            job.exchange.lose_link(self._clock.now_ms())
        self._stir(mn)

    def _device(self, order: Order) -> Device:
        device = self._registry.device(order.mn)
        if device is None:
            raise NotFoundError(
                f"device {order.mn!r} is not registered",
                message_zh=f"设备 {order.mn!r} 未登记",
                field="mn",
                value=order.mn,
            )
        meant = order.origin or Origin.MEASURED
        if order.purpose == "person" and device.origin is not meant:
            raise BadRequestError(
                f"device {order.mn} is {device.origin.value}, the command says {meant.value}; "
                "say in origin which kind of device is meant",
                message_zh=f"设备 {order.mn} 的来源为 {device.origin.value}，命令写的是 {meant.value}；"
                "请在 origin 中写明",
                field="origin",
                value=meant.value,
            )
        return device

    def _job(self, seq: int) -> _Job:
        job = self._jobs.get(seq)
        if job is None:
            raise NotFoundError(
                f"exchange {seq} is not open",
                message_zh=f"命令交互 {seq} 不在进行中",
                field="seq",
                value=seq,
            )
        return job

    async def _work(self, mn: str) -> None:
        """One job of a device after the other."""
        queue = self._queues[mn]
        try:
            while queue:
                job = queue[0]
                await self._serve(job)
                queue.popleft()
        finally:
            for job in queue:  # by a fault of ours: nobody waits for ever, what is open is marked at a start
                if not job.done.done():
                    job.done.set_result(Outcome.CANCELLED)
            del self._queues[mn], self._workers[mn], self._wake[mn]

    async def _serve(self, job: _Job) -> None:
        try:
            await self._converse(job)
        except ParkTwinError as error:  # the store refuses: nothing is known to be written
            _log.error("exchange %d of %s: %s", job.seq, job.order.mn, error)
            job.exchange.cancel(self._clock.now_ms(), "the store failed")
        outcome = job.exchange.progress.outcome
        if not job.done.done():
            job.done.set_result(outcome)
        self._ended[job.exchange.qn] = job.seq
        while len(self._ended) > _REMEMBERED:
            self._jobs.pop(self._ended.popitem(last=False)[1], None)

    async def _converse(self, job: _Job) -> None:
        exchange, wake = job.exchange, self._wake[job.order.mn]
        if not exchange.is_over and self._is_kept(job):
            exchange.start(self._clock.now_ms())
            await self._write(job)
            self._transmit(job)
        while not exchange.is_over:
            wake.clear()
            await self._pause(exchange, wake)
            if exchange.tick(self._clock.now_ms()):
                self._transmit(job)
            if not exchange.is_over:
                await self._write(job)
        self._conclude(job)
        await self._write(job)

    def _is_kept(self, job: _Job) -> bool:
        """Keep a new password or key before the station gets it; without that it does not get it."""
        if self._changes is None:
            return True
        try:
            self._changes.propose(job.device, job.exchange.request)
        except ParkTwinError as error:
            _log.error("exchange %d of %s: %s", job.seq, job.order.mn, error)
            job.exchange.cancel(self._clock.now_ms(), "the new secret could not be kept; nothing was sent")
            return False
        return True

    def _conclude(self, job: _Job) -> None:
        """What the end means: how far a clock is off, which password or key is used from now on."""
        progress = job.exchange.progress
        if self._changes is not None:
            self._changes.ended(job.device, job.exchange.request, progress)
        if progress.outcome is not Outcome.DONE:
            return
        if job.order.cn == "1011" and progress.heard_ms is not None:
            drift = drift_at(progress.answer, progress.heard_ms, self._utc_offset_h)
            if drift is not None:
                progress.answer["drift_s"] = f"{drift:.1f}"

    async def _pause(self, exchange: Exchange, wake: asyncio.Event) -> None:
        """Until something is heard or due; a clock that is not the machine's is looked at now and then."""
        left_ms = exchange.due_ms - self._clock.now_ms()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(1, min(left_ms, _NAP_MS)) / 1000.0):
                await wake.wait()

    def _transmit(self, job: _Job) -> None:
        """Word the request now (a clock is set to the moment of sending) and put it on the line."""
        if job.exchange.is_over:
            return
        data = self._worded(job)
        sent = self._lines is not None and self._lines.send(job.order.mn, data)
        if not sent and not self.is_connected(job.order.mn):
            job.exchange.lose_link(self._clock.now_ms())

    def _worded(self, job: _Job) -> bytes:
        device, request = job.device, job.exchange.request
        if request.row.cn == "1012" and "time_ms" not in request.arguments:
            args = {**request.arguments, "time_ms": self._clock.now_ms()}
            request = make_request(device, "1012", args, self._utc_offset_h)
        password = self._registry.password(device.mn) or "123456"
        segment = segment_of_request(request, device, qn=job.exchange.qn, password=password)
        plain_frame = frame(segment, device.crc_mode)
        key = self._registry.sm4_key(device.mn)
        if device.edition is not Edition.HJ2025 or key is None or not should_encrypt(request.row.cn):
            return plain_frame
        # The sum is that of the plain segment (HJ 212-2025, A.2); the length stays.
        return plain_frame[:6] + encrypt(segment, key) + plain_frame[-6:]

    async def _write(self, job: _Job) -> None:
        steps = job.exchange.taken_steps()
        if not steps:
            return
        progress = job.exchange.progress
        await self._books.perform(
            MoveExchange(
                seq=job.seq,
                steps=[_plain(row) for row in steps],
                outcome=progress.outcome.value,
                over=progress.outcome.is_over,
                sends=progress.sends,
                data_frames=progress.data_frames,
                started_ms=progress.started_ms,
                ended_ms=progress.ended_ms,
                qn_return=progress.qn_return,
                exe_return=progress.exe_return,
                answer=dict(progress.answer),
                actor=job.order.actor,
            )
        )

    def _hear_late(self, message: Message) -> None:
        """An answer to something that has ended: noted where that is known; the raw store has it anyway."""
        seq = self._ended.get(answered_qn(message))
        if seq is None or len(self._notes) >= _REMEMBERED:
            return
        detail = f"CN {message.cn} after the end"
        deed = NoteStep(seq=seq, time_ms=self._clock.now_ms(), kind=StepKind.LATE.value, detail=detail)
        task = asyncio.ensure_future(self._books.perform(deed))
        self._notes.add(task)
        task.add_done_callback(self._noted)

    def _noted(self, task: asyncio.Future[object]) -> None:
        self._notes.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _log.warning("a late answer could not be written: %s", task.exception())

    def _stir(self, mn: str) -> None:
        wake = self._wake.get(mn)
        if wake is not None:
            wake.set()


def _ended(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        _log.error("commands of a device ended by a fault", exc_info=task.exception())


def drift_at(answer: Mapping[str, str], heard_ms: int, utc_offset_h: float) -> float | None:
    """Station's clock minus ours, s, when it said SystemTime at ``heard_ms``; whole seconds are cut off."""
    time_ms = stamp_ms(answer.get("SystemTime", ""), utc_offset_h)
    return None if time_ms is None else (time_ms + 500 - heard_ms) / 1000.0


def _plain(step: Step) -> tuple[int, str, str]:
    return step.time_ms, step.kind.value, step.detail
