"""Reading the book of acts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from twin.store.acts import ACT
from twin.store.reader import LedgerReader

_AT_ONCE = 5_000
_a = ACT.c


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAct:
    """An act as it was written; ``text`` is its body as canonical JSON."""

    seq: int
    time_ms: int
    kind: str
    actor: str
    text: str
    body_sha256: bytes
    hash: bytes

    @property
    def body(self) -> dict[str, Any]:
        """What the body says."""
        found: dict[str, Any] = json.loads(self.text)
        return found


def acts_before(
    reader: LedgerReader,
    *,
    before_seq: int | None = None,
    kind: str = "",
    actor: str = "",
    limit: int = 100,
) -> tuple[StoredAct, ...]:
    """Newest acts below a number (None: of all), newest first.

    ``kind`` takes one kind or all that begin with it and a dot; ``actor`` one name.
    """
    question = sa.select(ACT).order_by(_a.seq.desc()).limit(limit)
    if before_seq is not None:
        question = question.where(_a.seq < before_seq)
    if kind:
        question = question.where((_a.kind == kind) | _a.kind.startswith(f"{kind}.", autoescape=True))
    if actor:
        question = question.where(_a.actor == actor)
    with reader.snapshot() as connection:
        return tuple(_act(row) for row in connection.execute(question))


def newest_act(connection: sa.Connection, kind: str) -> StoredAct | None:
    """Newest act of one kind."""
    row = connection.execute(sa.select(ACT).where(_a.kind == kind).order_by(_a.seq.desc()).limit(1)).first()
    return None if row is None else _act(row)


def newest_by(connection: sa.Connection, kind: str, field: str) -> dict[str, StoredAct]:
    """Newest act of one kind for each value of a field of its body."""
    rows = connection.execute(sa.select(ACT).where(_a.kind == kind).order_by(_a.seq))
    acts = (_act(row) for row in rows)
    return {str(row.body.get(field)): row for row in acts}


def all_acts(connection: sa.Connection, after_seq: int = 0) -> Iterator[StoredAct]:
    """Acts above a number, in their order, in small helpings."""
    seq = after_seq
    while True:
        rows = connection.execute(sa.select(ACT).where(_a.seq > seq).order_by(_a.seq).limit(_AT_ONCE)).all()
        if not rows:
            return
        for row in rows:
            yield _act(row)
        seq = rows[-1].seq


def _act(row: sa.Row[Any]) -> StoredAct:
    return StoredAct(
        seq=row.seq,
        time_ms=row.time_ms,
        kind=row.kind,
        actor=row.actor,
        text=row.body if isinstance(row.body, str) else repr(row.body),
        body_sha256=_bytes(row.body_sha256),
        hash=_bytes(row.hash),
    )


def _bytes(value: object) -> bytes:
    """Bytes of a column, whatever somebody put into it."""
    return bytes(value) if isinstance(value, bytes | memoryview) else b""
