"""The book of acts: what people and the house itself did, chained and never changed.

Every act carries the SHA-256 of its body and ``hash = SHA-256(previous hash || header || body hash)``,
so that nobody can change, remove, insert or swap one without all later ones telling. The header is,
all numbers big-endian: seq (8 bytes), time_ms (8, signed), then kind and actor as UTF-8, each after
its length (2 bytes). The first act's previous hash is 32 zero bytes.
"""

from __future__ import annotations

import hashlib
import json
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from twin.core.errors import StoreError
from twin.store.ledger_schema import METADATA
from twin.store.schema_parts import sequence_column

ZERO_HASH = bytes(32)
BODY_BYTES_MAX = 256 * 1024
_NUMBERS = struct.Struct(">Qq")
_LENGTH = struct.Struct(">H")
_KIND = re.compile(r"[a-z][a-z0-9_.-]{0,63}", re.ASCII)
_ACTOR_CHARS_MAX = 64

ACT = sa.Table(
    "act",
    METADATA,
    sequence_column(),
    sa.Column("time_ms", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("body_sha256", sa.LargeBinary, nullable=False),
    sa.Column("hash", sa.LargeBinary, nullable=False),
    sa.Index("ix_act_time_ms", "time_ms"),
    sa.Index("ix_act_kind_seq", "kind", "seq"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something that was done. ``actor`` is a person's name, or ``system`` for the house itself.

    ``kind`` is a dotted name (``desk.done``, ``ingest.started``); ``body`` anything that JSON can say.
    """

    kind: str
    actor: str
    time_ms: int
    body: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class ActDeed:
    """An act by itself, as a deed for ``LedgerSink.perform``; its result is the act's ``seq``."""

    act: Act

    def apply(self, connection: sa.Connection, now_ms: int) -> int:
        """Append it. Raises StoreError."""
        return append_act(connection, self.act)


def append_act(connection: sa.Connection, act: Act) -> int:
    """Write an act in the present transaction; its number, counted from 1 without gaps.

    Only the writer of the ledger may call this. Raises StoreError for an act that cannot be kept.
    """
    body = canonical(act.body)
    _check(act, body)
    last = connection.execute(sa.select(ACT.c.seq, ACT.c.hash).order_by(ACT.c.seq.desc()).limit(1)).first()
    seq, previous = (1, ZERO_HASH) if last is None else (last.seq + 1, bytes(last.hash))
    body_sha256 = hashlib.sha256(body.encode()).digest()
    connection.execute(
        ACT.insert().values(
            seq=seq,
            time_ms=act.time_ms,
            kind=act.kind,
            actor=act.actor,
            body=body,
            body_sha256=body_sha256,
            hash=act_hash(
                previous,
                seq=seq,
                time_ms=act.time_ms,
                kind=act.kind,
                actor=act.actor,
                body_sha256=body_sha256,
            ),
        )
    )
    return int(seq)


def act_hash(previous: bytes, *, seq: int, time_ms: int, kind: str, actor: str, body_sha256: bytes) -> bytes:
    """Link of the chain: SHA-256(previous || header || SHA-256 of the body)."""
    names = b"".join(_LENGTH.pack(len(text)) + text for text in (kind.encode(), actor.encode()))
    return hashlib.sha256(previous + _NUMBERS.pack(seq, time_ms) + names + body_sha256).digest()


def canonical(body: Mapping[str, object]) -> str:
    """One text per body: keys sorted, no spaces, no escapes beyond those of JSON.

    Raises StoreError for what JSON cannot say (NaN, infinite numbers, half characters, other types).
    """
    try:
        text = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
        text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise StoreError(
            f"body of an act cannot be written as JSON: {error}",
            message_zh=f"操作记录的内容无法写成 JSON：{error}",
            field="body",
        ) from None
    return text


def _check(act: Act, body: str) -> None:
    size_bytes = len(body.encode())
    rules = (
        ("kind", act.kind, "a dotted name of small letters", _KIND.fullmatch(act.kind) is not None),
        (
            "actor",
            act.actor,
            f"1 to {_ACTOR_CHARS_MAX} printable characters",
            0 < len(act.actor) <= _ACTOR_CHARS_MAX and act.actor.isprintable(),
        ),
        ("body", f"{size_bytes} bytes", f"at most {BODY_BYTES_MAX} bytes", size_bytes <= BODY_BYTES_MAX),
    )
    for field, value, expected, holds in rules:
        if not holds:
            raise StoreError(
                f"act: {field} = {value!r}; expected {expected}",
                message_zh=f"操作记录的 {field} = {value!r} 不可用；应为 {expected}",
                field=field,
                value=value,
            )
