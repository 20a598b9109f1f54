"""Signed checkpoints: what the chains of frames and acts were at a moment.

The signed text is canonical JSON (``twin.store.acts.canonical``)::

    {"acts": {"head", "root", "size"}, "format": "park-twin-checkpoint/1",
     "frames": {"head", "root", "size"}, "key", "previous", "seq", "time_ms"}

``size`` counts records from the first; ``root`` is the Merkle root (RFC 6962) over their links, ``head`` the
newest link, ``key`` the public key (Ed25519, RFC 8032), ``previous`` the SHA-256 of the text before, all
in hexadecimal digits.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from twin.core.errors import StoreError
from twin.store.acts import ACT, ZERO_HASH, canonical
from twin.store.archive_reader import frame_horizon
from twin.store.checkpoint_schema import CHECKPOINT, MERKLE_FRONTIER
from twin.store.frame_source import links
from twin.store.ledger_schema import RAW_FRAME
from twin.store.merkle import HASH_BYTES, Frontier
from twin.store.reader import LedgerReader

FORMAT = "park-twin-checkpoint/1"
FRAMES, ACTS = "frames", "acts"
_AT_ONCE = 5_000
_c = CHECKPOINT.c


@dataclass(frozen=True, slots=True, kw_only=True)
class LogHead:
    """One log at a moment: how many records, their Merkle root, the newest link."""

    size: int
    root: bytes
    head: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A signed checkpoint as it is stored; ``text`` is what was signed."""

    seq: int
    time_ms: int
    frames: LogHead
    acts: LogHead
    previous: bytes
    key: bytes
    text: str
    signature: bytes

    @property
    def sha256(self) -> bytes:
        """What the next checkpoint names as ``previous``."""
        return hashlib.sha256(self.text.encode()).digest()

    def log(self, name: str) -> LogHead:
        """Head of one of the two logs."""
        return self.frames if name == FRAMES else self.acts


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordCounts:
    """Highest number of each kind of record; numbers begin at 1 and have no gaps."""

    frames: int
    acts: int
    checkpoints: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Heads:
    """Both logs as they stand now, and what the next checkpoint has to continue."""

    frames: Frontier
    acts: Frontier
    frames_head: bytes
    acts_head: bytes
    last: Checkpoint | None

    def has_news(self) -> bool:
        """Whether there are records that no checkpoint covers."""
        if self.last is None:
            return bool(self.frames.size or self.acts.size)
        return (self.frames.size, self.acts.size) != (self.last.frames.size, self.last.acts.size)

    def text(self, *, time_ms: int, key: bytes) -> str:
        """What is to be signed."""
        body: dict[str, object] = {
            "format": FORMAT,
            "seq": 1 if self.last is None else self.last.seq + 1,
            "time_ms": time_ms,
            "previous": (ZERO_HASH if self.last is None else self.last.sha256).hex(),
            "key": key.hex(),
            FRAMES: _log(self.frames, self.frames_head),
            ACTS: _log(self.acts, self.acts_head),
        }
        return canonical(body)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointDeed:
    """A signed checkpoint, as a deed; its result is the Checkpoint."""

    heads: Heads
    text: str
    signature: bytes

    def apply(self, connection: sa.Connection, now_ms: int) -> Checkpoint:
        """Append it and note the frontiers. Raises StoreError when it does not follow the newest one."""
        made = checkpoint_of(self.text, self.signature)
        last = newest_checkpoint(connection)
        if (0 if last is None else last.seq) + 1 != made.seq:
            raise StoreError(
                f"checkpoint {made.seq} does not follow the newest one",
                message_zh=f"检查点 {made.seq} 与最新检查点不连续",
                field="seq",
                value=made.seq,
            )
        connection.execute(
            CHECKPOINT.insert().values(
                seq=made.seq, time_ms=made.time_ms, body=self.text, signature=self.signature
            )
        )
        connection.execute(MERKLE_FRONTIER.delete())
        rows = [
            {"log": name, "size": grown.size, "nodes": b"".join(grown.peaks)}
            for name, grown in ((FRAMES, self.heads.frames), (ACTS, self.heads.acts))
        ]
        connection.execute(MERKLE_FRONTIER.insert(), rows)
        return made


def record_counts(connection: sa.Connection) -> RecordCounts:
    """What is there."""
    found = [
        int(connection.execute(sa.select(sa.func.coalesce(sa.func.max(table.c.seq), 0))).scalar_one())
        for table in (RAW_FRAME, ACT, CHECKPOINT)
    ]
    # In a park that was silent for months all frames lie in files: they are still there.
    frames = max(found[0], frame_horizon(connection))
    return RecordCounts(frames=frames, acts=found[1], checkpoints=found[2])


def read_heads(reader: LedgerReader) -> Heads:
    """Both logs as they stand, grown from the frontiers of the newest checkpoint where these agree with it.

    Costs some 2 us per record since then; it reads from one snapshot and blocks.
    """
    with reader.snapshot() as connection:
        last = newest_checkpoint(connection)
        counts = record_counts(connection)
        grown = {
            name: _frontier(connection, name, last, most)
            for name, most in ((FRAMES, counts.frames), (ACTS, counts.acts))
        }
        heads = {name: b"" for name in grown}
        for name, links_of in ((FRAMES, links(reader, connection)), (ACTS, act_links(connection))):
            frontier = grown[name]
            # A frontier above nothing is that of the newest checkpoint.
            heads[name] = last.log(name).head if last is not None and frontier.size else ZERO_HASH
            for found in links_of(frontier.size, -1):
                frontier.add(found)
                heads[name] = found
    return Heads(
        frames=grown[FRAMES],
        acts=grown[ACTS],
        frames_head=heads[FRAMES],
        acts_head=heads[ACTS],
        last=last,
    )


def newest_checkpoint(connection: sa.Connection) -> Checkpoint | None:
    """The newest checkpoint."""
    found = newest_checkpoints(connection, 1)
    return found[0] if found else None


def newest_checkpoints(connection: sa.Connection, limit: int) -> tuple[Checkpoint, ...]:
    """Newest checkpoints, newest first."""
    rows = connection.execute(sa.select(CHECKPOINT).order_by(_c.seq.desc()).limit(limit))
    return tuple(checkpoint_of(row.body, bytes(row.signature)) for row in rows)


def stored_texts(connection: sa.Connection, after_seq: int = 0) -> Iterator[tuple[int, str, bytes]]:
    """Number, text and signature of all checkpoints above a number, in their order, as they lie there."""
    seq = after_seq
    while True:
        rows = connection.execute(
            sa.select(CHECKPOINT).where(_c.seq > seq).order_by(_c.seq).limit(_AT_ONCE)
        ).all()
        if not rows:
            return
        for row in rows:
            # SQLite keeps whatever somebody puts into a column.
            text = row.body if isinstance(row.body, str) else repr(row.body)
            yield row.seq, text, row.signature if isinstance(row.signature, bytes) else b""
        seq = rows[-1].seq


def checkpoint_of(text: str, signature: bytes) -> Checkpoint:
    """A text as a checkpoint. Raises StoreError for one that is none."""
    try:
        row = json.loads(text)
        if row["format"] != FORMAT:
            raise ValueError(row["format"])
        return Checkpoint(
            seq=int(row["seq"]),
            time_ms=int(row["time_ms"]),
            frames=_head(row[FRAMES]),
            acts=_head(row[ACTS]),
            previous=bytes.fromhex(row["previous"]),
            key=bytes.fromhex(row["key"]),
            text=text,
            signature=signature,
        )
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"a checkpoint cannot be read: {error!r}",
            message_zh=f"检查点无法解析：{error!r}",
            field="checkpoint",
            value=text[:80],
        ) from None


def act_links(connection: sa.Connection) -> Any:
    """Links of the acts ``first`` to ``last`` (counted from 0, the last one excluded, -1: to the end)."""

    def leaves(first: int, last: int) -> Iterator[bytes]:
        seq = first
        while last < 0 or seq < last:
            question = sa.select(ACT.c.seq, ACT.c.hash).where(ACT.c.seq > seq).order_by(ACT.c.seq)
            if last >= 0:
                question = question.where(ACT.c.seq <= last)
            rows = connection.execute(question.limit(_AT_ONCE)).all()
            if not rows:
                return
            yield from (bytes(row.hash) for row in rows)
            seq = rows[-1].seq

    return leaves


def _frontier(connection: sa.Connection, name: str, last: Checkpoint | None, most: int) -> Frontier:
    """Frontier kept with the newest checkpoint; an empty one where it does not fit it or what is there."""
    row = connection.execute(sa.select(MERKLE_FRONTIER).where(MERKLE_FRONTIER.c.log == name)).first()
    if row is None or last is None or row.size > most:
        return Frontier()
    nodes = bytes(row.nodes)
    peaks = [nodes[start : start + HASH_BYTES] for start in range(0, len(nodes), HASH_BYTES)]
    if len(peaks) != int(row.size).bit_count():
        return Frontier()
    kept = Frontier(row.size, peaks)
    head = last.log(name)
    return kept if (kept.size, kept.root()) == (head.size, head.root) else Frontier()


def _log(grown: Frontier, head: bytes) -> dict[str, object]:
    return {"size": grown.size, "root": grown.root().hex(), "head": head.hex()}


def _head(row: Mapping[str, Any]) -> LogHead:
    return LogHead(size=int(row["size"]), root=bytes.fromhex(row["root"]), head=bytes.fromhex(row["head"]))
