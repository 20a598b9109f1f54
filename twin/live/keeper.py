"""Small duties beside the lines: leftovers of split messages, diagnoses of devices.

What instruments say is never held up by them, and a writer that cannot write now is asked again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping, Sequence

from sensors.hj212.findings import FindingTally
from sensors.hj212.join import TIMEOUT_MS
from twin.core.clock import Clock
from twin.core.errors import ParkTwinError
from twin.live.gate import Gate
from twin.live.parts import Parts
from twin.live.roster import ROSTER
from twin.live.sink import LedgerSink
from twin.store.facts import SaveFindings
from twin.store.packages import recent_packages
from twin.store.reader import LedgerReader
from twin.store.snapshots import PutSnapshot

_TICK_S = 1.0
_TICKS_PER_SAVE = 5
# A leftover may have been decided before the stop without having been written: twice the time and more.
_REMEMBERED_MS = 3 * TIMEOUT_MS
_log = logging.getLogger(__name__)


def recall(gate: Gate, reader: LedgerReader) -> None:
    """Make known to a gate the packages whose rest may still come after a restart."""
    for frame in recent_packages(reader, _REMEMBERED_MS):
        gate.remember(frame)


class Keeper:
    """Runs the duties once a second. Make it inside a running event loop."""

    def __init__(self, sink: LedgerSink, clock: Clock, tallies: Sequence[FindingTally]) -> None:
        self._sink = sink
        self._clock = clock
        self._tallies = tuple(tallies)
        self._task: asyncio.Task[None] | None = None

    def start(self, parts: Parts) -> None:
        """Begin."""
        self._task = parts.start("keeper", self._run)

    async def close(self) -> None:
        """End; diagnoses that are not written yet are written."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self.save()

    async def show(self, picture: Mapping[str, object]) -> None:
        """Tell those that only read which devices are registered here."""
        now_ms = self._clock.now_ms()
        try:
            await self._sink.perform(PutSnapshot(name=ROSTER, time_ms=now_ms, body=picture))
        except ParkTwinError as error:
            _log.warning("the registry could not be shown: %s", error)

    async def save(self) -> None:
        """Write what was found out since the last time."""
        rows = tuple(row for tally in self._tallies for row in tally.take())
        if not rows:
            return
        try:
            await self._sink.perform(SaveFindings(rows=rows))
        except ParkTwinError as error:
            _log.warning("diagnoses of devices could not be written: %s", error)

    async def _run(self) -> None:
        ticks = 0
        while True:
            await asyncio.sleep(_TICK_S)
            self._sink.settle(self._clock.now_ms())
            ticks += 1
            if ticks % _TICKS_PER_SAVE == 0:
                await self.save()
