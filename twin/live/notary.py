"""The notary: signs what the chains are, every minute with news and at the end of each day.

It reads and hashes in a thread of its own; the writer only appends the finished checkpoint.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import asdict, astuple, dataclass
from itertools import islice
from pathlib import Path

from twin.core.clock import DAY_MS, Clock
from twin.live.evidence_copy import append_copies, newest_copy
from twin.live.evidence_key import EvidenceKey
from twin.live.operators import SYSTEM
from twin.live.sink import LedgerSink
from twin.store.acts import Act, ActDeed
from twin.store.checkpoints import (
    Checkpoint,
    CheckpointDeed,
    RecordCounts,
    checkpoint_of,
    read_heads,
    record_counts,
    stored_texts,
)
from twin.store.reader import LedgerReader

_log = logging.getLogger(__name__)
MINUTE_S = 60.0
_COPIES_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Days:
    utc_offset_h: float

    def day(self, time_ms: int) -> int:
        """Number of the park's day."""
        return int(time_ms + self.utc_offset_h * 3_600_000) // DAY_MS


class Notary:
    """Makes checkpoints of one ledger, and nobody else does. ``run`` it as a task."""

    def __init__(
        self,
        *,
        sink: LedgerSink,
        reader: LedgerReader,
        clock: Clock,
        key: EvidenceKey,
        copy_dir: Path,
        utc_offset_h: float,
        every_s: float = MINUTE_S,
    ) -> None:
        self._sink = sink
        self._reader = reader
        self._clock = clock
        self._key = key
        self._copy_dir = copy_dir
        self._days = _Days(utc_offset_h=utc_offset_h)
        self._every_s = every_s
        self._one_at_a_time = asyncio.Lock()
        # Held by who verifies; that reads everything, and once at a time is enough.
        self.verifying = asyncio.Lock()
        self._copied_seq: int | None = None
        self._copy_failed = False

    @property
    def public_key(self) -> bytes:
        """Public key of the signatures, 32 bytes."""
        return self._key.public

    async def run(self) -> None:
        """A checkpoint every minute in which something came, and one for every day.

        Raises what ``checkpoint`` raises; who begins anew covers what one minute could not.
        """
        while True:
            await asyncio.sleep(self._every_s)
            await self.checkpoint()

    async def checkpoint(self) -> Checkpoint | None:
        """Sign what is there; None when there is nothing new and the day is the same.

        Raises StoreError and ServiceUnavailableError. A copy that cannot be written is made good later.
        """
        async with self._one_at_a_time:
            made = await self._sign()
            await asyncio.to_thread(self._copy)
        return made

    async def compare_with_copy(self) -> None:
        """At the start: an act ``evidence.doubt`` when the ledger is shorter or other than its copy says."""
        doubt = await asyncio.to_thread(self._doubt)
        if doubt is not None:
            _log.error("the ledger does not agree with the copy of its checkpoints: %s", doubt)
            act = Act(kind="evidence.doubt", actor=SYSTEM, time_ms=self._clock.now_ms(), body=doubt)
            await self._sink.perform(ActDeed(act=act))

    async def _sign(self) -> Checkpoint | None:
        now_ms = self._clock.now_ms()
        heads = await asyncio.to_thread(read_heads, self._reader)
        new_day = heads.last is not None and self._days.day(heads.last.time_ms) != self._days.day(now_ms)
        if not (heads.has_news() or new_day):
            return None
        text = heads.text(time_ms=now_ms, key=self._key.public)
        made = await self._sink.perform(
            CheckpointDeed(heads=heads, text=text, signature=self._key.sign(text))
        )
        return made if isinstance(made, Checkpoint) else None

    def _copy(self) -> None:
        """Append what the copy lacks; what fails is tried again at the next checkpoint."""
        try:
            if self._copied_seq is None:
                newest = newest_copy(self._copy_dir)
                self._copied_seq = 0 if newest is None else newest.seq
            missing = self._missing(self._copied_seq)
            if missing:
                append_copies(self._copy_dir, missing)
                self._copied_seq = missing[-1].seq
            self._copy_failed = False
        except OSError as error:
            if not self._copy_failed:
                _log.error("checkpoints cannot be copied to %s: %s", self._copy_dir, error)
            self._copy_failed = True

    def _missing(self, copied_seq: int) -> list[Checkpoint]:
        with self._reader.snapshot() as connection:
            rows = islice(stored_texts(connection, copied_seq), _COPIES_AT_ONCE)
            return [checkpoint_of(text, signature) for _, text, signature in rows]

    def _doubt(self) -> dict[str, object] | None:
        try:
            copied = newest_copy(self._copy_dir)
        except OSError as error:
            _log.error("the copy of the checkpoints cannot be read: %s", error)
            return None
        if copied is None:
            return None
        with self._reader.snapshot() as connection:
            found = record_counts(connection)
        told = RecordCounts(frames=copied.frames.size, acts=copied.acts.size, checkpoints=copied.seq)
        if all(have >= want for have, want in zip(astuple(found), astuple(told), strict=True)):
            return None
        return {"ledger": asdict(found), "copy": asdict(told)}
