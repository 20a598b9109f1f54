"""What the store needs now and then: a backup every week, closed months into the archive.

The work is done by children of low priority, so that ingest stays small and quick; only the short
transactions that empty the ledger afterwards go through its one writer, with pauses between them. What
fails is logged and tried again an hour later; nothing is left half-done that the next turn does not
finish.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
from pathlib import Path

from twin.core.clock import Clock
from twin.core.errors import ParkTwinError, StoreError
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
from twin.store.reader import LedgerReader

_log = logging.getLogger(__name__)
FIRST_LOOK_S = 60.0
LOOK_EVERY_S = 600.0
AFTER_FAILURE_S = 3600.0
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
        self._task: asyncio.Task[None] | None = None
        self._finished = False
        self._child: asyncio.subprocess.Process | None = None

    def start(self, first_look_s: float = FIRST_LOOK_S) -> None:
        """Begin to look after the store."""
        self._task = asyncio.create_task(self._run(first_look_s))

    async def close(self) -> None:
        """End, and the child with it; what it was making is thrown away at its next start."""
        if self._child is not None and self._child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._child.terminate()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def look(self) -> None:
        """Do what is due now. Raises ParkTwinError when something of it fails."""
        await self._finish_moves()
        for month in await asyncio.to_thread(self._closed):
            await self.move(month)
        if self.backup_is_due():
            await self._run_child("store", "backup", "--quiet")

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

    async def _run(self, first_look_s: float) -> None:
        pause_s = first_look_s
        while True:
            await asyncio.sleep(pause_s)
            try:
                await self.look()
                pause_s = LOOK_EVERY_S
            except ParkTwinError as error:
                _log.warning("housekeeping of the store failed, next attempt in an hour: %s", error.message)
                pause_s = AFTER_FAILURE_S

    async def _run_child(self, *arguments: str) -> None:
        environment = {**os.environ, **self._settings.to_environment()}
        self._child = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "web.cli", *arguments),
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            preexec_fn=lambda: os.nice(_NICE),
        )
        _, said = await self._child.communicate()
        if self._child.returncode:
            text = said.decode("utf-8", "replace").strip()[-500:]
            what = " ".join(arguments)
            raise StoreError(
                f"{what} ended with code {self._child.returncode}: {text}",
                message_zh=f"{what} 失败（{self._child.returncode}）：{text}",
                field="command",
                value=what,
            )
