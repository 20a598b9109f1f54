"""Where frames become durable: one writer thread, group commit, receipts after the commit.

Frames are decoded on the event loop, handed to the writer through one queue, and written in one
transaction per group. Everything that must stay in order (frames, line events) goes through it.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
import time
from dataclasses import dataclass, replace
from typing import Any

from sensors.contract import LineEvent, LineEventKind, Receipt
from twin.core.clock import Clock
from twin.core.errors import ParkTwinError, StoreError, UnitError
from twin.core.observation import RawFrame
from twin.live.gate import Gate, one_error
from twin.live.lines import LineBook
from twin.store.catalog import OriginConflictError
from twin.store.counters import add_counts
from twin.store.deed import Deed
from twin.store.ledger import Arrival, Batch, Ledger, Written
from twin.store.rows import LineErrorCount

_log = logging.getLogger(__name__)
# Under full load: the rows of many series lie apart, so a large group writes fewer pages per frame.
BATCH_FRAMES = 2048
# Short enough that silence and a dropped line are seen within a second of their time.
TICK_S = 0.5
BEAT_MS = 2_000
# Under steady load old values are packed with no longer pauses than this.
TIDY_LATEST_S = 1.0
TIDY_FIRST_S = 60.0
_NOT_ERRORS = frozenset({LineEventKind.CONNECT, LineEventKind.DISCONNECT})


@dataclass(frozen=True, slots=True)
class _Job:
    """A frame that somebody waits for; with a ``reason`` it goes to quarantine."""

    arrival: Arrival
    receipt: asyncio.Future[Receipt]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Act:
    """A deed that somebody waits for."""

    deed: Deed
    result: asyncio.Future[object]


@dataclass(frozen=True, slots=True)
class _Stop:
    """The last thing in the queue."""


_Item = _Job | _Act | LineEvent | LineErrorCount | _Stop
_Answers = list[tuple[asyncio.Future[Any], object]]


class LedgerSink:
    """FrameSink (``sensors.contract``) that writes to a ledger.

    ``start`` inside a running event loop, ``close`` after the server is closed. ``done`` completes
    when the writer ends; with an error it means that the process should be given up.
    """

    def __init__(self, ledger: Ledger, gate: Gate, clock: Clock, *, group_commit_ms: float = 10.0) -> None:
        self._gate = gate
        self._queue: queue.SimpleQueue[_Item] = queue.SimpleQueue()
        self._done: asyncio.Future[None] | None = None
        self._writer = _Writer(ledger, clock, self._queue, group_commit_ms / 1000.0)

    def start(self) -> asyncio.Future[None]:
        """Begin to write; the future completes when the writer ends."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        thread = threading.Thread(target=self._writer.run, args=(loop, done), name="ledger-writer")
        thread.daemon = True
        thread.start()
        self._done = done
        done.add_done_callback(self._abandon)
        return done

    def accept(self, frame: RawFrame) -> asyncio.Future[Receipt]:
        """Store a frame of a registered device; done when it is durable, with StoreError where it is not.

        No coroutine: the frame is decoded at once, and no task is needed to wait for it.
        """
        self.settle(frame.received_ms)
        arrival, notes = self._gate.judge(frame)
        for note in notes:
            self._queue.put(note)
        return self._submit(arrival, "")

    async def accept_large(self, frame: RawFrame) -> Receipt:
        """The same for an uploaded file, which is read in a thread so that the lines do not wait."""
        try:
            said = await asyncio.to_thread(self._gate.read_large, frame)
        except ParkTwinError:
            return await self.accept(frame)  # which keeps it and says what was wrong
        arrival, notes = self._gate.judged(frame, said)
        for note in notes:
            self._queue.put(note)
        return await self._submit(arrival, "")

    def settle(self, now_ms: int) -> None:
        """Write what can be read of split messages whose rest has not come until ``now_ms``."""
        for arrival, notes in self._gate.leftovers(now_ms):
            for note in notes:
                self._queue.put(note)
            receipt: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
            receipt.add_done_callback(_not_waited_for)
            self._queue.put(_Job(arrival, receipt))

    async def quarantine(self, frame: RawFrame, reason: LineEventKind) -> Receipt:
        """Keep a frame apart; returns when it is durable. Raises StoreError."""
        return await self._submit(Arrival(frame=frame), reason.value)

    async def perform(self, deed: Deed) -> object:
        """Write a deed; returns its result when it is durable. Raises the deed's own error."""
        self._require_writer()
        result: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self._queue.put(_Act(deed, result))
        return await result

    def _require_writer(self) -> None:
        """Nobody waits for a writer that has ended."""
        if self._done is not None and self._done.done():
            raise _ended()

    def _abandon(self, _done: asyncio.Future[None]) -> None:
        """What came while the writer was ending by an error is waited for in vain."""
        error = _ended()
        while not self._queue.empty():
            item = self._queue.get()
            if isinstance(item, _Job):
                _set_results([(item.receipt, error)])
            elif isinstance(item, _Act):
                _set_results([(item.result, error)])

    def line_event(self, event: LineEvent) -> None:
        """Note an event of a line."""
        self._queue.put(event)

    def close(self) -> None:
        """Let the writer write what is queued and end."""
        self._queue.put(_Stop())

    def _submit(self, arrival: Arrival, reason: str) -> asyncio.Future[Receipt]:
        receipt: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        if self._done is not None and self._done.done():
            receipt.set_exception(_ended())
        else:
            self._queue.put(_Job(arrival, receipt, reason))
        return receipt


class _Writer:
    """The thread that owns the ledger."""

    def __init__(self, ledger: Ledger, clock: Clock, items: queue.SimpleQueue[_Item], group_s: float) -> None:
        self._ledger = ledger
        self._clock = clock
        self._items = items
        self._group_s = group_s
        self._book = LineBook(ledger.devices())
        self._errors: dict[str, LineErrorCount] = {}
        self._beat_ms = -BEAT_MS
        # Who has just come back catches up first.
        self._tidy_s = time.monotonic() + TIDY_FIRST_S

    def run(self, loop: asyncio.AbstractEventLoop, done: asyncio.Future[None]) -> None:
        """Write until stopped."""
        error: BaseException | None = None
        jobs: list[_Job] = []
        acts: list[_Act] = []
        try:
            running = True
            while running:
                jobs, acts, running = self._collect()
                self._commit(jobs, acts, loop)
                self._tidy()
        except BaseException as caught:  # noqa: BLE001 - handed to the event loop, which ends the process
            error = caught
            _settle(
                loop,
                _all(
                    jobs, acts, StoreError(f"the writer has ended: {caught!r}", message_zh="写入线程已结束")
                ),
            )
        if not loop.is_closed():
            loop.call_soon_threadsafe(_finish, done, error)

    def _collect(self) -> tuple[list[_Job], list[_Act], bool]:
        """Jobs of one group: all that comes within the group time after the first."""
        jobs: list[_Job] = []
        acts: list[_Act] = []
        end_s = time.monotonic() + TICK_S
        while len(jobs) + len(acts) < BATCH_FRAMES:
            try:
                item = self._items.get(timeout=max(0.0, end_s - time.monotonic()))
            except queue.Empty:
                break
            if isinstance(item, _Stop):
                return jobs, acts, False
            if isinstance(item, LineEvent | LineErrorCount):
                self._note(item)
                continue
            if not (jobs or acts):
                end_s = min(end_s, time.monotonic() + self._group_s)
            if isinstance(item, _Job):
                jobs.append(item)
            else:
                acts.append(item)
        return jobs, acts, True

    def _note(self, item: LineEvent | LineErrorCount) -> None:
        if isinstance(item, LineEvent):
            if item.kind is LineEventKind.CONNECT:
                self._book.opened(item.mn, item.peer)
            elif item.kind is LineEventKind.DISCONNECT:
                self._book.closed(item.mn, item.peer)
            if item.kind in _NOT_ERRORS:
                return
            item = _count_of(item)
        known = self._errors.get(item.kind)
        self._errors[item.kind] = item if known is None else add_counts(known, item)

    def _commit(self, jobs: list[_Job], acts: list[_Act], loop: asyncio.AbstractEventLoop) -> None:
        now_ms = self._clock.now_ms()
        try:
            written = self._write(jobs, acts, now_ms)
        except StoreError as error:
            _log.error("nothing could be stored: %s", error)
            _settle(loop, _all(jobs, acts, error))
            return
        if written is None:
            return
        self._book.written()
        self._errors.clear()
        self._beat_ms = now_ms
        done = [(act.result, result) for act, result in zip(acts, written.deeds, strict=True)]
        _settle(loop, [*_receipts(jobs, written), *done])

    def _tidy(self) -> None:
        """Pack a few old values while nobody waits; under load once in a while all the same."""
        now_s = time.monotonic()
        if now_s < self._tidy_s or (not self._items.empty() and now_s < self._tidy_s + TIDY_LATEST_S):
            return
        try:
            more = self._ledger.tidy(self._clock.now_ms())
        except StoreError as error:
            _log.error("old values could not be packed: %s", error)
            more = False
        # As long a pause as the work took: packing never has more than half of the writer's time.
        self._tidy_s = 2 * time.monotonic() - now_s + (0.0 if more else TICK_S)

    def _write(self, jobs: list[_Job], acts: list[_Act], now_ms: int) -> Written | None:
        arrivals = [self._allowed(job.arrival) for job in jobs if not job.reason]
        for arrival in arrivals:
            self._book.heard(arrival.frame.mn, arrival.frame.peer, arrival.frame.received_ms)
        batch = Batch(
            arrivals=arrivals,
            quarantined=[(job.arrival.frame, job.reason) for job in jobs if job.reason],
            line_errors=list(self._errors.values()),
            devices=self._book.changes(now_ms),
            deeds=[act.deed for act in acts],
        )
        # Either way: a clock that was set back must not silence the sign of life.
        if not (jobs or acts or batch.devices or abs(now_ms - self._beat_ms) >= BEAT_MS):
            return None
        return self._ledger.write(batch, now_ms)

    def _allowed(self, arrival: Arrival) -> Arrival:
        """The arrival, without its values when they may not go where they want to."""
        try:
            self._ledger.check(arrival)
        except (OriginConflictError, UnitError) as error:
            kind = type(error).__name__
            self._note(one_error(arrival.frame, kind, error.message))
            return replace(arrival, observations=(), fault=kind)
        return arrival


def _not_waited_for(receipt: asyncio.Future[Receipt]) -> None:
    if not receipt.cancelled() and receipt.exception() is not None:
        _log.error("the rest of a split message was not stored: %s", receipt.exception())


def _ended() -> StoreError:
    why = "the writer has ended"
    return StoreError(why, message_zh="写入线程已结束")


def _all(jobs: list[_Job], acts: list[_Act], error: ParkTwinError) -> _Answers:
    return [*((job.receipt, error) for job in jobs), *((act.result, error) for act in acts)]


def _receipts(jobs: list[_Job], written: Written) -> _Answers:
    stored, apart = iter(written.arrivals), iter(written.quarantined)
    receipts: _Answers = []
    for job in jobs:
        if job.reason:
            receipt = Receipt(status="quarantined", ledger_seq=next(apart).seq)
        else:
            admission = next(stored)
            receipt = Receipt(status="stored" if admission.new else "duplicate", ledger_seq=admission.seq)
        receipts.append((job.receipt, receipt))
    return receipts


def _settle(loop: asyncio.AbstractEventLoop, results: _Answers) -> None:
    if results and not loop.is_closed():
        loop.call_soon_threadsafe(_set_results, results)


def _set_results(results: _Answers) -> None:
    for future, result in results:
        if future.done():
            continue
        if isinstance(result, ParkTwinError):
            future.set_exception(result)
        else:
            future.set_result(result)


def _finish(done: asyncio.Future[None], error: BaseException | None) -> None:
    if done.done():
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)


def _count_of(event: LineEvent) -> LineErrorCount:
    return LineErrorCount(
        kind=event.kind.value,
        count=event.count,
        first_ms=event.time_ms,
        last_ms=event.time_ms,
        last_peer=event.peer,
        last_detail=f"{event.mn}: {event.detail}" if event.mn else event.detail,
    )
