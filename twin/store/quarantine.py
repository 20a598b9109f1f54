"""Frames held apart: those of strangers in one ring, those of registered devices in bounds of their own.

Anybody may knock, so what strangers send must not push out what a device of ours sent under a wrong
password or with a key that we do not have: such frames may be wanted when it is put right.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import sqlalchemy as sa

from twin.core.observation import RawFrame
from twin.store.engine import insert_many, seek
from twin.store.ledger_schema import QUARANTINE
from twin.store.rawlog import Admission

# Enough to see what knocks at the door, bounded because anybody may knock.
QUARANTINE_SIZE = 10_000
# Of registered devices: a day and a half of a device that reports every ten minutes, hours of a fast one.
DEVICE_SIZE = 200
DEVICES_SIZE = 10_000
HELD_MAX = QUARANTINE_SIZE + DEVICES_SIZE
_STRANGE = "unknown_device"
_Q = QUARANTINE.c


class Quarantine:
    """Writes frames that are held apart, each body once, and lets the oldest go. Part of the one writer.

    Of a device with more than ``DEVICE_SIZE`` frames (of all with more than ``DEVICES_SIZE``: of the one
    with most) the oldest goes of the address that sent most of them: who sends in its name from
    elsewhere takes the room of nobody but himself.
    """

    def __init__(self, connection: sa.Connection) -> None:
        question = sa.select(_Q.seq, _Q.mn, _Q.reason, _Q.peer).order_by(_Q.seq)
        self._next = 1
        self._strange: deque[int] = deque()
        self._known = _Shares()
        for seq, mn, reason, peer in connection.execute(question):
            self._next = seq + 1
            self._keep(seq, mn, reason, peer)

    def admit(self, connection: sa.Connection, frames: Sequence[tuple[RawFrame, str]]) -> list[Admission]:
        """Store frames, each with the reason; one admission per frame, in order."""
        hashes = {(frame.sha256,) for frame, _ in frames}
        known: dict[str, int] = dict(seek(connection, (_Q.sha256, _Q.seq), (_Q.sha256,), hashes))
        rows: list[tuple[object, ...]] = []
        admissions: list[Admission] = []
        for frame, reason in frames:
            new = frame.sha256 not in known
            if new:
                rows.append(_row(frame, reason, seq=self._next))
                self._keep(self._next, frame.mn, reason, frame.peer)
                known[frame.sha256] = self._next
                self._next += 1
            admissions.append(Admission(known[frame.sha256], new))
        if rows:
            insert_many(connection, QUARANTINE, rows)
            gone = self._gone()
            if gone:
                connection.execute(QUARANTINE.delete().where(_Q.seq.in_(gone)))
        return admissions

    def _keep(self, seq: int, mn: str, reason: str, peer: str) -> None:
        if reason == _STRANGE or not mn:
            self._strange.append(seq)
        else:
            self._known.add(seq, mn, peer)

    def _gone(self) -> list[int]:
        """Numbers of those that have to go."""
        most = max(0, len(self._strange) - QUARANTINE_SIZE)
        return [*(self._strange.popleft() for _ in range(most)), *self._known.overflow()]


class _Shares:
    """Numbers of held frames, by device and by the address that they came from, oldest first."""

    def __init__(self) -> None:
        self._by_mn: dict[str, dict[str, deque[int]]] = {}
        self._counts: dict[str, int] = {}
        self._total = 0

    def add(self, seq: int, mn: str, peer: str) -> None:
        """One more."""
        host = peer.rpartition(":")[0] or peer
        self._by_mn.setdefault(mn, {}).setdefault(host, deque()).append(seq)
        self._counts[mn] = self._counts.get(mn, 0) + 1
        self._total += 1

    def overflow(self) -> list[int]:
        """Take out what is too much; its numbers."""
        gone = []
        for mn, count in list(self._counts.items()):
            gone += [self._take(mn) for _ in range(count - DEVICE_SIZE)]
        while self._total > DEVICES_SIZE:
            gone.append(self._take(max(self._counts, key=self._counts.__getitem__)))
        return gone

    def _take(self, mn: str) -> int:
        hosts = self._by_mn[mn]
        host = max(hosts, key=lambda name: (len(hosts[name]), -hosts[name][0]))
        seq = hosts[host].popleft()
        self._counts[mn] -= 1
        self._total -= 1
        if not hosts[host]:
            del hosts[host]
        if not hosts:
            del self._by_mn[mn], self._counts[mn]
        return seq


def _row(frame: RawFrame, reason: str, *, seq: int) -> tuple[object, ...]:
    """In the order of the table's columns."""
    return seq, frame.received_ms, frame.peer, frame.mn, reason, frame.sha256, frame.segment
