"""Forwarding: a durable cursor per target over the raw frames, and what makes a packet exact again.

No frame is copied: a target's queue is the raw store above its cursor.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from twin.core.errors import NotFoundError
from twin.store.acts import Act, append_act
from twin.store.archive_reader import frame_horizon
from twin.store.exchange_schema import FORWARD, PACKET_SUM
from twin.store.ledger_schema import RAW_FRAME
from twin.store.reading import Reader

_F = FORWARD.c
_ASK_SUMS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardRow:
    """One target as it stands. ``fingerprint`` is that of its settings, so that a change is seen."""

    target: str
    fingerprint: str
    cursor_seq: int
    paused: bool = False
    sent: int = 0
    answered: int = 0
    resent: int = 0
    skipped: int = 0
    state: str = "idle"
    note: str = ""
    changed_ms: int = 0
    answered_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenForward:
    """Deed: a target is there; its row comes back. A new one begins at the end of the store, or its start."""

    target: str
    fingerprint: str
    from_start: bool
    settings: dict[str, object]

    def apply(self, connection: sa.Connection, now_ms: int) -> ForwardRow:
        """Read, or make, the row; a change of settings is an act."""
        known = connection.execute(sa.select(FORWARD).where(_F.target == self.target)).first()
        if known is not None and known.fingerprint == self.fingerprint:
            return _row(known)
        if known is None:
            row = ForwardRow(
                target=self.target,
                fingerprint=self.fingerprint,
                cursor_seq=0 if self.from_start else _newest_seq(connection),
                changed_ms=now_ms,
            )
            connection.execute(FORWARD.insert().values(target=self.target, **_values(row)))
        else:
            connection.execute(
                FORWARD.update().where(_F.target == self.target).values(fingerprint=self.fingerprint)
            )
            row = _row(known)
        body = {"target": self.target, "cursor_seq": row.cursor_seq, "settings": self.settings}
        kind = "forward.added" if known is None else "forward.changed"
        append_act(connection, Act(kind=kind, actor="system", time_ms=now_ms, body=body))
        return row


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveForward:
    """Deed: a target's cursor and counters. Never moves a cursor back."""

    row: ForwardRow

    def apply(self, connection: sa.Connection, now_ms: int) -> None:
        """Write everything but ``paused`` and ``fingerprint``, which belong to people and settings."""
        values = _values(self.row) | {"changed_ms": now_ms}
        del values["paused"], values["fingerprint"]
        where = (_F.target == self.row.target) & (_F.cursor_seq <= self.row.cursor_seq)
        connection.execute(FORWARD.update().where(where).values(values))


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseForward:
    """Deed: somebody pauses or resumes a target."""

    target: str
    paused: bool
    actor: str
    comment: str

    def apply(self, connection: sa.Connection, now_ms: int) -> bool:
        """Write it, with an act. Raises NotFoundError."""
        where = _F.target == self.target
        done = connection.execute(FORWARD.update().where(where).values(paused=int(self.paused)))
        if not done.rowcount:
            raise NotFoundError(
                f"no target of forwarding is called {self.target!r}",
                message_zh=f"没有名为 {self.target!r} 的转发目标",
                field="name",
                value=self.target,
            )
        body = {"target": self.target, "comment": self.comment}
        kind = "forward.paused" if self.paused else "forward.resumed"
        append_act(connection, Act(kind=kind, actor=self.actor, time_ms=now_ms, body=body))
        return self.paused


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepSum:
    """Deed: the check sum of a frame as it was received, where it cannot be computed later."""

    sha256: bytes
    crc: str

    def apply(self, connection: sa.Connection, now_ms: int) -> None:
        """Write it once."""
        known = connection.execute(
            sa.select(PACKET_SUM.c.crc).where(PACKET_SUM.c.sha256 == self.sha256)
        ).scalar()
        if known is None:
            connection.execute(PACKET_SUM.insert().values(sha256=self.sha256, crc=self.crc))


class ForwardReader:
    """Questions about forwarding to the ledger behind a reader."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def rows(self) -> tuple[ForwardRow, ...]:
        """All targets by name."""
        with self._reader.snapshot() as connection:
            return tuple(_row(r) for r in connection.execute(sa.select(FORWARD).order_by(_F.target)))

    def newest_seq(self) -> int:
        """Number of the newest raw frame."""
        with self._reader.snapshot() as connection:
            return _newest_seq(connection)

    def received_ms(self, seq: int) -> int | None:
        """When the first frame above a cursor came in."""
        question = (
            sa.select(RAW_FRAME.c.received_ms).where(RAW_FRAME.c.seq > seq).order_by(RAW_FRAME.c.seq).limit(1)
        )
        with self._reader.snapshot() as connection:
            found: int | None = connection.execute(question).scalar()
        return found

    def sums(self, hashes: Iterable[bytes]) -> dict[bytes, str]:
        """Check sums as received, of the frames for which one was kept."""
        wanted: Sequence[bytes] = list(hashes)
        found: dict[bytes, str] = {}
        with self._reader.snapshot() as connection:
            for start in range(0, len(wanted), _ASK_SUMS):
                part = wanted[start : start + _ASK_SUMS]
                question = sa.select(PACKET_SUM).where(PACKET_SUM.c.sha256.in_(part))
                found |= {bytes(r.sha256): r.crc for r in connection.execute(question)}
        return found


def _newest_seq(connection: sa.Connection) -> int:
    """Of a park that was silent for months all frames lie in files."""
    newest = connection.execute(sa.select(sa.func.max(RAW_FRAME.c.seq))).scalar()
    return max(int(newest or 0), frame_horizon(connection))


def _values(row: ForwardRow) -> dict[str, object]:
    return {
        "fingerprint": row.fingerprint,
        "cursor_seq": row.cursor_seq,
        "paused": int(row.paused),
        "sent": row.sent,
        "answered": row.answered,
        "resent": row.resent,
        "skipped": row.skipped,
        "state": row.state,
        "note": row.note[:200],
        "changed_ms": row.changed_ms,
        "answered_ms": row.answered_ms,
    }


def _row(r: sa.Row[Any]) -> ForwardRow:
    fields = dict(r._mapping)
    fields["paused"] = bool(fields["paused"])
    return ForwardRow(**fields)
