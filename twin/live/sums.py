"""Lets go of the kept check sums of packets that every target of forwarding has."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from twin.live.exchange import Books
from twin.store.forwards import ForwardReader
from twin.store.pruning import SUMS_MARK, DropSums, any_sums
from twin.store.reader import LedgerReader
from twin.store.snapshots import snapshot_of

EVERY_S = 60.0
_AT_ONCE = 500
_BREATH_S = 0.05


class SumPruner:
    """``run`` as a part of the writing process. ``targets``: names of those that are passed on to."""

    def __init__(
        self, books: Books, reader: LedgerReader, forwards: ForwardReader, targets: Collection[str]
    ) -> None:
        self._books = books
        self._reader = reader
        self._forwards = forwards
        self._targets = frozenset(targets)

    async def run(self) -> None:
        """Look again and again until cancelled. Raises ParkTwinError."""
        while True:
            await asyncio.sleep(EVERY_S)
            while await self.look():
                await asyncio.sleep(_BREATH_S)

    async def look(self) -> bool:
        """Take one step; whether there is more. Cursors count as they are stored."""
        deed = await asyncio.to_thread(self._step)
        if deed is None:
            return False
        await self._books.perform(deed)
        return True

    def _step(self) -> DropSums | None:
        cursors = [row.cursor_seq for row in self._forwards.rows() if row.target in self._targets]
        found = snapshot_of(self._reader, SUMS_MARK)
        mark = 0 if found is None else int(found[1]["seq"])
        if not cursors or mark >= min(cursors):
            return None
        with self._reader.snapshot() as connection:
            if not any_sums(connection):
                return DropSums(hashes=(), read_to=min(cursors))
        rows = [row for row in self._reader.frames_after(mark, _AT_ONCE) if row.seq <= min(cursors)]
        hashes = [bytes.fromhex(row.sha256) for row in rows]
        return DropSums(hashes=hashes, read_to=rows[-1].seq if rows else min(cursors))
