"""The parts of ingest that work beside the lines: started, watched, started again when they end.

Whatever ends a part, it comes back after a pause that doubles, and the others go on. That it failed is
logged, an act ``part.failed``, and a row of the picture that ``/health`` and ``/metrics`` show.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from twin.core.clock import Clock
from twin.core.errors import ParkTwinError
from twin.live.exchange import Books
from twin.store.acts import Act, ActDeed
from twin.store.snapshots import PARTS, PutSnapshot

_log = logging.getLogger(__name__)
_ACTOR = "system"
_TEXT_CHARS = 300
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
# Who has worked for so long after a failure is well again.
STEADY_S = 20.0

Work = Callable[[], Awaitable[None]]


@dataclass(slots=True)
class _Row:
    """How a part stands; ``in_a_row``: failures since it was well the last time."""

    since_ms: int
    alive: bool = True
    failures: int = 0
    in_a_row: int = 0
    error: str = ""
    failed_ms: int | None = None


class Parts:
    """Supervises the parts of one process. Make it inside a running event loop."""

    def __init__(self, books: Books, clock: Clock, *, steady_s: float = STEADY_S) -> None:
        self._books = books
        self._clock = clock
        self._steady_s = steady_s
        self._rows: dict[str, _Row] = {}
        self._told: set[asyncio.Task[None]] = set()

    def start(
        self,
        name: str,
        work: Work,
        *,
        first_pause_s: float = FIRST_PAUSE_S,
        longest_pause_s: float = LONGEST_PAUSE_S,
    ) -> asyncio.Task[None]:
        """Run a part until it returns by itself or the task is cancelled; whatever else ends it is mended."""
        self._rows[name] = _Row(since_ms=self._clock.now_ms())
        self._tell()
        keeping = self._keep(name, work, first_pause_s, longest_pause_s)
        return asyncio.create_task(keeping, name=f"part {name}")

    def alive(self) -> dict[str, bool]:
        """Whether each part works."""
        return {name: row.alive for name, row in self._rows.items()}

    async def close(self) -> None:
        """Let what is being told be told; the parts themselves are cancelled by who started them."""
        await asyncio.gather(*self._told, return_exceptions=True)

    async def _keep(self, name: str, work: Work, first_pause_s: float, longest_pause_s: float) -> None:
        loop = asyncio.get_running_loop()
        pause_s = first_pause_s
        while True:
            begun_s = loop.time()
            timer = loop.call_later(self._steady_s, self._well, name)
            try:
                await work()
                return
            except Exception as error:  # noqa: BLE001 - whatever ends a part must not end it for ever
                if loop.time() - begun_s > max(self._steady_s, longest_pause_s):
                    pause_s = first_pause_s
                self._failed(name, error)
            finally:
                timer.cancel()
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, longest_pause_s)

    def _failed(self, name: str, error: Exception) -> None:
        """Log and count; an act at the first failure of a row and whenever their number has doubled."""
        row = self._rows[name]
        row.alive, row.failures, row.in_a_row = False, row.failures + 1, row.in_a_row + 1
        row.since_ms = row.failed_ms = self._clock.now_ms()
        row.error = f"{type(error).__name__}: {error}"[:_TEXT_CHARS]
        known = error if not isinstance(error, ParkTwinError) else None
        _log.error("part %s of ingest has failed: %s", name, row.error, exc_info=known)
        act = None
        if row.in_a_row & (row.in_a_row - 1) == 0:
            body = {"part": name, "error": row.error, "failures": row.in_a_row}
            act = Act(kind="part.failed", actor=_ACTOR, time_ms=row.since_ms, body=body)
        self._tell(act)

    def _well(self, name: str) -> None:
        row = self._rows[name]
        row.in_a_row = 0
        if not row.alive:
            row.alive, row.since_ms = True, self._clock.now_ms()
            self._tell()

    def _tell(self, act: Act | None = None) -> None:
        task = asyncio.create_task(self._write(act))
        self._told.add(task)
        task.add_done_callback(self._told.discard)

    async def _write(self, act: Act | None) -> None:
        try:
            if act is not None:
                await self._books.perform(ActDeed(act=act))
            await self._books.perform(
                PutSnapshot(name=PARTS, time_ms=self._clock.now_ms(), body=self._picture())
            )
        except ParkTwinError as error:
            _log.warning("how the parts of ingest are could not be written: %s", error)

    def _picture(self) -> dict[str, object]:
        return {
            name: {
                "alive": row.alive,
                "since_ms": row.since_ms,
                "failures": row.failures,
                "failed_ms": row.failed_ms,
                "error": row.error,
            }
            for name, row in self._rows.items()
        }
