"""What the store needs now and then: a backup every week, closed months into the archive.

The work is done by children of low priority, so that ingest stays small and quick; only the short
transactions that empty the ledger afterwards go through its one writer, with pauses between them. The
backup and the archive are parts of their own: a month that cannot be moved keeps no backup from being
made. What fails is told and tried again, at the latest an hour later; nothing is left half-done that the
next turn does not finish.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from twin.core.clock import Clock
from twin.core.errors import StoreError
from twin.live.keep_times import keep_times
from twin.live.parts import Parts
from twin.live.settings import Settings
from twin.live.sink import LedgerSink
from twin.store.archiver import (
    DropFrames,
    RecordMonth,
    check_month,
    closed_months,
    page_deeds,
    recorded_months,
)
from twin.store.backup import newest_backup
from twin.store.pruning import Prune
from twin.store.reader import LedgerReader

_log = logging.getLogger(__name__)
FIRST_LOOK_S = 60.0
LOOK_EVERY_S = 600.0
FIRST_PAUSE_S = 60.0
LONGEST_PAUSE_S = 3600.0
# Between two transactions of a move, so that frames that arrive find the writer free.
_BREATH_S = 0.05
_NICE = 10
_HOUR_MS = 3_600_000


class Housekeeper:
    """Runs beside ingest until it is closed."""

    def __init__(self, settings: Settings, sink: LedgerSink, reader: LedgerReader, clock: Clock) -> None:
        self._settings = settings
        self._sink = sink
        self._reader = reader
        self._clock = clock
        self._tasks: list[asyncio.Task[None]] = []
        self._finished = False

    def start(self, parts: Parts, first_look_s: float = FIRST_LOOK_S) -> None:
        """Begin to look after the store."""
        duties = (("backup", self.back_up), ("archive", self.archive), ("prune", self.prune))
        for name, duty in duties:
            task = parts.start(
                name,
                partial(_again_and_again, duty, first_look_s),
                first_pause_s=FIRST_PAUSE_S,
                longest_pause_s=LONGEST_PAUSE_S,
            )
            self._tasks.append(task)

    async def close(self) -> None:
        """End, and the children with it; what they were making is thrown away at the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def look(self) -> None:
        """Do what is due now, the backup first. Raises what ``back_up`` and ``archive`` raise."""
        await self.back_up()
        await self.archive()

    async def back_up(self) -> None:
        """Make a backup when one is due. Raises StoreError and OSError."""
        if await asyncio.to_thread(self.backup_is_due):
            await self._run_child("store", "backup", "--quiet")

    async def archive(self) -> None:
        """Move the months that are closed. Raises ParkTwinError and OSError."""
        await self._finish_moves()
        for month in await asyncio.to_thread(self._closed):
            await self.move(month)

    async def prune(self) -> None:
        """Take out what is older than its keep time and said by evidence that stays. Raises ParkTwinError."""
        deed = Prune(keep=keep_times(self._settings), now_ms=self._clock.now_ms())
        while await self._sink.perform(deed):
            await asyncio.sleep(_BREATH_S)

    def backup_is_due(self) -> bool:
        """Whether the newest backup is older than ``backup_interval_h``."""
        newest = newest_backup(self._settings.backups)
        interval_ms = self._settings.backup_interval_h * _HOUR_MS
        return newest is None or self._clock.now_ms() - newest.made_ms >= interval_ms

    async def move(self, month: str) -> None:
        """Move a closed month into the archive."""
        await self._run_child("store", "write-month", month)
        manifest = await asyncio.to_thread(check_month, self._archive / month)
        await self._sink.perform(RecordMonth(manifest=manifest))
        await self._empty(month)
        _log.info("month %s lies in the archive: %d values", month, manifest.about["observations"])

    @property
    def _archive(self) -> Path:
        return self._settings.archive

    def _closed(self) -> tuple[str, ...]:
        return closed_months(self._reader, self._clock.now_ms(), self._settings.live_months)

    async def _finish_moves(self) -> None:
        """A death may have come between the record of the last month and the end of its move."""
        if not self._finished:
            for month in (await asyncio.to_thread(recorded_months, self._reader))[-1:]:
                await self._empty(month)
            self._finished = True

    async def _empty(self, month: str) -> None:
        for deed in page_deeds(self._archive, month):
            await self._sink.perform(deed)
            await asyncio.sleep(_BREATH_S)
        while await self._sink.perform(DropFrames()):
            await asyncio.sleep(_BREATH_S)

    async def _run_child(self, *arguments: str) -> None:
        environment = {**os.environ, **self._settings.to_environment()}
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "web.cli", *arguments),
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            preexec_fn=lambda: os.nice(_NICE),
        )
        talking = asyncio.create_task(child.communicate())
        try:
            _, said = await asyncio.shield(talking)
        except asyncio.CancelledError:
            with contextlib.suppress(ProcessLookupError):
                child.terminate()
            await talking
            raise
        if child.returncode:
            text = said.decode("utf-8", "replace").strip()[-500:]
            what = " ".join(arguments)
            raise StoreError(
                f"{what} ended with code {child.returncode}: {text}",
                message_zh=f"{what} 失败（{child.returncode}）：{text}",
                field="command",
                value=what,
            )


async def _again_and_again(duty: Callable[[], Awaitable[None]], first_look_s: float) -> None:
    """A duty every ten minutes; what it raises ends this, and the supervisor begins it anew."""
    pause_s = first_look_s
    while True:
        await asyncio.sleep(pause_s)
        await duty()
        pause_s = LOOK_EVERY_S
