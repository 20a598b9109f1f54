"""Clocks of all devices, watched without a command: findings, and a small picture that outlives a restart.

Nothing here goes into tables that are built again from frames.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from sensors.hj212.decode import stamp_ms
from sensors.hj212.findings import FindingKind, FindingTally
from sensors.hj212.session import Delivery
from sensors.quality.agreement import MARK_DRIFT_S
from sensors.quality.clocks import ClockWatch, reading_s
from twin.core.clock import Clock
from twin.core.device import Device
from twin.core.errors import ParkTwinError
from twin.live.exchange import Books
from twin.store.facts import SaveFindings
from twin.store.reading import Reader
from twin.store.snapshots import PutSnapshot, snapshot_of

CLOCKS = "clocks"
EVERY_S = 60.0
_log = logging.getLogger(__name__)


class ClockBoard:
    """Takes readings from real-time data (2011) and writes down, once a minute, which clocks are off."""

    def __init__(
        self,
        books: Books,
        reader: Reader,
        device: Callable[[str], Device | None],
        clock: Clock,
        utc_offset_h: float,
    ) -> None:
        self._books = books
        self._reader = reader
        self._device = device
        self._clock = clock
        self._utc_offset_h = utc_offset_h
        self._watches: dict[str, ClockWatch] = {}
        self._fresh: set[str] = set()

    def recall(self) -> None:
        """What was known before a restart."""
        taken = snapshot_of(self._reader, CLOCKS)
        for mn, points in ({} if taken is None else taken[1]).items():
            self._watches[mn] = ClockWatch(points)

    def delivered(self, delivery: Delivery) -> None:
        """A frame is durable."""
        frame = delivery.frame
        device = self._device(frame.mn)
        if frame.cn != "2011" or device is None:
            return
        told_ms = stamp_ms(delivery.message.data_time or "", self._utc_offset_h)
        sent_ms = stamp_ms(frame.qn, self._utc_offset_h)
        off_s = reading_s(told_ms, sent_ms, frame.received_ms, device.interval_s)
        if off_s is not None:
            self._watches.setdefault(frame.mn, ClockWatch()).add(frame.received_ms, off_s)
            self._fresh.add(frame.mn)

    def drift_s(self, mn: str) -> float | None:
        """How far a device's clock is ahead (minus: behind), None where nothing is known."""
        watch = self._watches.get(mn)
        off_s = None if watch is None else watch.off_s()
        return None if off_s is None else round(off_s, 1)

    async def run(self) -> None:
        """Write down what was seen, again and again."""
        while True:
            await asyncio.sleep(EVERY_S)
            try:
                await self.save()
            except ParkTwinError as error:
                _log.warning("the clocks could not be written down: %s", error)

    async def save(self) -> None:
        """Count a finding for every clock that is off now, and keep the points."""
        if not self._fresh:
            return
        tally, now_ms = FindingTally(), self._clock.now_ms()
        for mn in sorted(self._fresh):
            self._judge(mn, self._watches[mn], tally, now_ms)
        self._fresh.clear()
        points = {mn: watch.points for mn, watch in sorted(self._watches.items()) if watch.points}
        rows = tally.take()
        if rows:
            await self._books.perform(SaveFindings(rows=rows))
        await self._books.perform(PutSnapshot(name=CLOCKS, time_ms=now_ms, body=points))

    def _judge(self, mn: str, watch: ClockWatch, tally: FindingTally, now_ms: int) -> None:
        sure_s = watch.sure_s()
        if sure_s is not None and abs(sure_s) > MARK_DRIFT_S:
            what = "ahead" if sure_s > 0 else "behind"
            tally.add(mn, FindingKind.CLOCK_DRIFT, what, now_ms, f"{sure_s:+.0f} s")
        if watch.is_broken():
            tally.add(mn, FindingKind.CLOCK_BREACH, "", now_ms, f"{watch.gone_s():+.0f} s / 48 h")
