"""The hub of the live stream: one ring of encoded events, one bounded queue per client.

An event is encoded once, whatever the number of clients. A client that does not read loses its
oldest events and is told so by a ``reset``; nobody else notices.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from twin.core.errors import BadRequestError, ServiceUnavailableError

HEARTBEAT = b": still here\n\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """Place in the stream: sequence numbers of the two ledgers."""

    ledger: int
    result: int

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """Cursor of ``"<ledger>.<result>"``. Raises BadRequestError.

        >>> Cursor.parse("12.3")
        Cursor(ledger=12, result=3)
        """
        ledger, dot, result = text.partition(".")
        if not (dot and _is_number(ledger) and _is_number(result)):
            raise BadRequestError(
                f"cursor is {text[:60]!r}; expected <ledger>.<result>, for example 120.4",
                message_zh=f"游标为 {text[:60]!r}；应为 <ledger>.<result>，例如 120.4",
                field="cursor",
                value=text[:60],
            )
        return cls(ledger=int(ledger), result=int(result))

    def within(self, other: Cursor) -> bool:
        """Whether neither number is ahead of the other's."""
        return self.ledger <= other.ledger and self.result <= other.result

    def __str__(self) -> str:
        return f"{self.ledger}.{self.result}"


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An event and its bytes on the line."""

    name: str
    cursor: Cursor
    wire: bytes


def encode(name: str, cursor: Cursor, payload: str) -> Event:
    """Event with its bytes. ``payload`` is JSON text without line ends."""
    return Event(name=name, cursor=cursor, wire=f"id: {cursor}\nevent: {name}\ndata: {payload}\n\n".encode())


@dataclass(slots=True, kw_only=True)
class HubCounts:
    """What the hub has done since it began."""

    published: int = 0
    dropped: int = 0
    resets: int = 0
    refused: int = 0


class Client:
    """One open stream. ``take`` waits for events; all other methods belong to the hub.

    ``start`` is the place from which the client receives everything.
    """

    def __init__(self, queue_size: int) -> None:
        self.start = Cursor(ledger=0, result=0)
        self._queue: deque[Event] = deque()
        self._size = queue_size
        self._ready = threading.Condition()
        self._lost = ""
        self._closed = False

    def put(self, event: Event) -> bool:
        """Queue an event; True when the oldest one had to go."""
        with self._ready:
            full = len(self._queue) >= self._size
            if full:
                self._queue.popleft()
                self._lost = "slow"
            self._queue.append(event)
            self._ready.notify()
            return full

    def lose(self, reason: str) -> None:
        """Say at the next ``take`` that events are missing."""
        with self._ready:
            self._lost = reason
            self._ready.notify()

    def close(self) -> None:
        """End the stream."""
        with self._ready:
            self._closed = True
            self._ready.notify()

    def take(self, timeout_s: float) -> tuple[str, list[Event]] | None:
        """Wait for events; None when the stream has ended.

        Returns
        -------
        tuple of str and list of Event
            Reason why earlier events are missing (empty: none are), and the events in order;
            both empty when nothing came within ``timeout_s``.
        """
        with self._ready:
            self._ready.wait_for(lambda: bool(self._queue or self._lost or self._closed), timeout_s)
            if self._closed:
                return None
            taken, lost = list(self._queue), self._lost
            self._queue.clear()
            self._lost = ""
            return lost, taken


class Hub:
    """Publishes to all clients and remembers the newest ``ring_size`` events.

    Parameters
    ----------
    ring_size : int
        Events kept for clients that come back.
    queue_size : int
        Events that may wait for one client.
    clients_max : int
        Streams that may be open; more are refused, so that ordinary requests find a free thread.
    """

    def __init__(self, *, ring_size: int, queue_size: int, clients_max: int) -> None:
        self._ring: deque[Event] = deque(maxlen=ring_size)
        self._queue_size = queue_size
        self._clients_max = clients_max
        self._clients: set[Client] = set()
        self._lock = threading.Lock()
        self._cursor = Cursor(ledger=0, result=0)
        self._floor = self._cursor
        self._closed = False
        self.counts = HubCounts()

    @property
    def cursor(self) -> Cursor:
        """Place of the newest event."""
        return self._cursor

    @property
    def clients(self) -> int:
        """Open streams."""
        return len(self._clients)

    def begin_at(self, cursor: Cursor) -> None:
        """Forget the ring and start here; open clients are told to fetch the state again."""
        with self._lock:
            self._ring.clear()
            self._cursor = self._floor = cursor
            self.counts.resets += len(self._clients)
            for client in self._clients:
                client.lose("restarted")

    def publish(self, event: Event) -> None:
        """Give an event to every client. Never waits for any of them."""
        with self._lock:
            if len(self._ring) == self._ring.maxlen:
                self._floor = self._ring[0].cursor
            self._ring.append(event)
            self._cursor = event.cursor
            self.counts.published += 1
            for client in self._clients:
                if client.put(event):
                    self.counts.dropped += 1

    @contextmanager
    def subscribe(self, last: Cursor | None, horizon: Cursor | None = None) -> Iterator[Client]:
        """Client that first gets what was published after ``last``, then everything new.

        Parameters
        ----------
        last : Cursor or None
            What the client has; None when it starts afresh.
        horizon : Cursor or None
            Where the ledgers stand, when that may be ahead of the newest event.

        Raises
        ------
        ServiceUnavailableError
            Too many streams are open, or the service is stopping.
        """
        client = Client(self._queue_size)
        with self._lock:
            self._admit()
            client.start = last or self._cursor
            if last is not None:
                self._replay(client, last, horizon or self._cursor)
            self._clients.add(client)
        try:
            yield client
        finally:
            with self._lock:
                self._clients.discard(client)

    def _admit(self) -> None:
        if self._closed:
            msg = "the server is stopping"
            raise ServiceUnavailableError(msg, message_zh="服务正在停止")
        if len(self._clients) >= self._clients_max:
            self.counts.refused += 1
            raise ServiceUnavailableError(
                f"{len(self._clients)} live streams are open, the most that are served; see web_threads",
                message_zh=f"已有 {len(self._clients)} 个实时连接，达到上限；见设置 web_threads",
                field="web_threads",
                value=self._clients_max,
            )

    def _replay(self, client: Client, last: Cursor, horizon: Cursor) -> None:
        newest = Cursor(
            ledger=max(horizon.ledger, self._cursor.ledger), result=max(horizon.result, self._cursor.result)
        )
        if not self._floor.within(last) or not last.within(newest):
            self.counts.resets += 1
            client.lose("too_old" if last.within(newest) else "unknown_cursor")
            return
        missed = _after(self._ring, last, has_row=last != self._floor)
        if len(missed) > self._queue_size:
            self.counts.resets += 1
            client.lose("too_old")
            return
        for event in missed:
            client.put(event)

    def close(self) -> None:
        """End all streams and refuse new ones."""
        self._closed = True
        for client in tuple(self._clients):
            client.close()


def _after(ring: deque[Event], last: Cursor, *, has_row: bool) -> list[Event]:
    """Events that a client at ``last`` lacks.

    The first event with exactly this cursor is the row that the client has (``has_row``: it has not
    left the ring). Later ones with the same cursor are device states, which move no ledger: they are
    said again, being idempotent.
    """
    missed = [event for event in ring if not event.cursor.within(last) or event.cursor == last]
    if has_row and missed and missed[0].cursor == last:
        del missed[0]
    return missed
