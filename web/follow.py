"""Follows both ledgers and publishes their events to the hub.

One thread looks every few milliseconds whether another process has committed. That look costs some
microseconds; events are read only when something changed.
"""

from __future__ import annotations

import heapq
import logging
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Protocol

from twin.core.clock import Clock
from twin.core.errors import ParkTwinError, ServiceUnavailableError
from twin.store.rows import StoredEvent
from web.hub import Cursor, Event, Hub, encode

_LOG = logging.getLogger(__name__)
_BATCH = 500
_RETRY_S = 0.5
_STOP_S = 2.0


class Tail(Protocol):
    """What the follower needs of a ledger's reader."""

    def changed(self) -> bool:
        """Whether another process has committed since the last call."""
        ...

    def cursor(self) -> int:
        """Sequence number of the newest event."""
        ...

    def events(self, after: int, limit: int) -> Sequence[StoredEvent]:
        """Events after a sequence number, oldest first."""
        ...


@dataclass(slots=True, kw_only=True)
class FollowerCounts:
    """How the follower is doing."""

    events: int = 0
    failures: int = 0
    lag_s: float = 0.0


@dataclass(slots=True)
class Arm:
    """The follower's hold on one ledger: its reader and what was handed out already."""

    tail: Tail
    optional: bool
    seq: int = 0

    def is_due(self) -> bool:
        """Whether to look for events. A park without a model worker has no results: never due."""
        try:
            return self.tail.changed()
        except ServiceUnavailableError:
            if self.optional:
                return False
            raise

    def fresh(self) -> Sequence[StoredEvent]:
        """Events that were not handed out yet, at most one batch."""
        rows = self.tail.events(self.seq, _BATCH)
        if rows:
            self.seq = rows[-1].seq
        return rows

    def newest(self, count: int) -> list[StoredEvent]:
        """The last ``count`` stored events; from then on only newer ones are handed out."""
        if not self.is_due() and self.optional:
            return []
        self.seq = max(0, self.tail.cursor() - count)
        rows: list[StoredEvent] = []
        while batch := self.fresh():
            rows += batch
        return rows


class Follower:
    """The thread that follows. ``start`` and ``stop`` may each be called once."""

    def __init__(
        self,
        hub: Hub,
        ledger: Tail,
        results: Tail,
        *,
        clock: Clock,
        poll_s: float,
        remember: int,
    ) -> None:
        self._hub = hub
        self._arms = (Arm(ledger, optional=False), Arm(results, optional=True))
        self._clock = clock
        self._poll_s = poll_s
        self._remember = remember
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="follower", daemon=True)
        self._begun = threading.Event()
        self.counts = FollowerCounts()

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def wait_begun(self, timeout_s: float) -> bool:
        """Wait until the ledger has been found and read for the first time."""
        return self._begun.wait(timeout_s)

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def stop(self) -> None:
        """Stop following and wait for the thread."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(_STOP_S)

    def _run(self) -> None:
        pause_s = self._poll_s
        while not self._stopping.wait(pause_s):
            try:
                self.step()
                pause_s = self._poll_s
            except ParkTwinError as error:
                # Before the first start of ingest there is no ledger; after a failure there may be one again.
                self.counts.failures += 1
                level = logging.DEBUG if not self._begun.is_set() else logging.WARNING
                _LOG.log(level, "cannot follow the ledgers: %s", error.message)
                pause_s = _RETRY_S

    def step(self) -> int:
        """Look once at both ledgers and publish what is new; number of events published."""
        if not self._begun.is_set():
            self._begin()
        return sum(self._drain(index) for index, arm in enumerate(self._arms) if arm.is_due())

    def _drain(self, index: int) -> int:
        published = 0
        while rows := self._arms[index].fresh():
            for row in rows:
                self._hub.publish(self._event(row, index))
            published += len(rows)
            if index == 0:  # the time of a result is that of its data, not of its commit
                self.counts.lag_s = max(0.0, (self._clock.now_ms() - rows[-1].time_ms) / 1000.0)
            if len(rows) < _BATCH:
                break
        self.counts.events += published
        return published

    def _event(self, row: StoredEvent, index: int) -> Event:
        at = self._hub.cursor
        numbers = (row.seq, at.result) if index == 0 else (at.ledger, row.seq)
        cursor = Cursor(ledger=numbers[0], result=numbers[1])
        return encode(row.kind, cursor, row.payload)

    def _begin(self) -> None:
        """Fill the ring with the newest stored events, so that screens survive a restart of the server."""
        kept = [arm.newest(self._remember // 2) for arm in self._arms]
        first = [rows[0].seq - 1 if rows else arm.seq for rows, arm in zip(kept, self._arms, strict=True)]
        self._hub.begin_at(Cursor(ledger=first[0], result=first[1]))
        for index, row in _merged(kept):
            self._hub.publish(self._event(row, index))
        self._begun.set()


def _merged(kept: Sequence[Sequence[StoredEvent]]) -> Iterator[tuple[int, StoredEvent]]:
    """Events of both ledgers by time, each ledger's own in their order: cursors only ever grow."""

    def timed(index: int) -> Iterator[tuple[int, int, StoredEvent]]:
        rows = kept[index]
        # The time of a result is that of its data and may go back; its place may not.
        return ((time_ms, index, row) for time_ms, row in zip(_rising(rows), rows, strict=True))

    for _, index, row in heapq.merge(*map(timed, range(len(kept))), key=lambda item: item[:2]):
        yield index, row


def _rising(rows: Sequence[StoredEvent]) -> Iterator[int]:
    return accumulate((row.time_ms for row in rows), max)
