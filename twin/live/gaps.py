"""The gap keeper: finds holes, asks the stations for them when their link is quiet, writes down what came.

Back-filled frames go the ordinary way: they are stored, answered and decoded like all others, and
their values carry ``Check.LATE`` and the time of receipt. Nothing here writes a value.
"""

from __future__ import annotations

import asyncio
import fnmatch
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sensors.hj212.exchange import Outcome
from twin.core.clock import DAY_MS, Clock, Interval
from twin.core.device import Device, series_key
from twin.core.errors import ParkTwinError
from twin.live.exchange import Books, Commander, Order
from twin.live.holes import Curves, device_holes, series_holes, silences, slot_ms
from twin.store.gaps import LIVING, Gap, GapReader, GapState, SaveGaps

_log = logging.getLogger(__name__)
_HOUR_MS = 3_600_000
_MINUTE_MS = 60_000
_ACTOR = "system"
_LIVING_MAX = 2_000
_NOT_COUNTED = frozenset({Outcome.LINK_LOST, Outcome.CANCELLED, Outcome.INTERRUPTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class GapRules:
    """How the keeper works. ``asking``: MN patterns of the devices that are asked.

    ``quiet_s``: how long a link must have been up. ``span_h``: longest span of one request.
    ``back_off_s``: pause after the first vain request, five times as long after each further one.
    """

    asking: tuple[str, ...] = ("*",)
    scan_s: float = 60.0
    quiet_s: float = 60.0
    pace_s: float = 2.0
    lookback_h: float = 72.0
    span_h: float = 6.0
    tries: int = 4
    back_off_s: float = 60.0
    at_once: int = 4

    def asks(self, mn: str) -> bool:
        """Whether a device may be asked."""
        return any(fnmatch.fnmatchcase(mn, pattern) for pattern in self.asking)


class GapKeeper:
    """Keeps the holes of the devices of a park. ``run`` as a task of the writing process."""

    def __init__(
        self,
        commander: Commander,
        books: Books,
        reader: GapReader,
        curves: Curves,
        devices: Sequence[Device],
        clock: Clock,
        rules: GapRules,
    ) -> None:
        self._commander = commander
        self._books = books
        self._reader = reader
        self._curves = curves
        self._devices = {row.mn: row for row in devices if row.protocol == "hj212"}
        self._clock = clock
        self._rules = rules
        self._living: dict[str, dict[int, Gap]] = {}
        self._scanned: dict[str, int] = {}
        self._since_ms: dict[str, int] = {}
        self._live_ms: dict[str, int] = {}
        self._asking: dict[str, asyncio.Task[None]] = {}
        self._dirty: set[str] = set()
        # Quantities that a station was asked for in vain while it sent others: until they come again.
        self._mute: dict[str, set[str]] = {}
        self._closed: dict[str, Gap] = {}

    def opened(self, mn: str) -> None:
        """A device has a line again."""
        self._since_ms[mn] = self._clock.now_ms()

    def closed(self, mn: str) -> None:
        """A device has no line any more."""
        self._since_ms.pop(mn, None)

    def told(self, mn: str, data_ms: int) -> None:
        """A device has sent data of this time."""
        self._live_ms[mn] = max(data_ms, self._live_ms.get(mn, data_ms))

    async def run(self) -> None:
        """Look and ask until cancelled."""
        await asyncio.to_thread(self._remember)
        try:
            while True:
                await self._turn()
                await asyncio.sleep(self._rules.scan_s)
        finally:
            tasks = list(self._asking.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def look(self) -> None:
        """Look at all devices once and write down what is found; not at those that are being asked."""
        for mn in self._devices:
            if mn in self._asking:
                continue
            try:
                deed = await asyncio.to_thread(self._looked_at, mn, self._clock.now_ms())
                if deed is not None:
                    await self._books.perform(deed)
            except ParkTwinError as error:
                _log.warning("holes of %s could not be looked for: %s", mn, error)

    async def _turn(self) -> None:
        await self.look()
        for mn, gaps in list(self._living.items()):
            if gaps and mn not in self._asking and self._may_ask(mn):
                if len(self._asking) >= self._rules.at_once:
                    return
                self._asking[mn] = asyncio.create_task(self._ask(mn))
                self._asking[mn].add_done_callback(_ended)

    def _remember(self) -> None:
        """What an earlier process knew; what it had asked for is open again."""
        try:
            for gap in self._reader.gaps(states=LIVING, limit=_LIVING_MAX):
                self._living.setdefault(gap.mn, {})[gap.from_ms] = replace(gap, state=GapState.OPEN)
            self._scanned = self._reader.scanned()
        except ParkTwinError as error:
            _log.warning("known holes could not be read: %s", error)

    def _may_ask(self, mn: str) -> bool:
        """Whether the link is quiet: up for a while, live data flowing, nothing else under way."""
        now_ms, since_ms = self._clock.now_ms(), self._since_ms.get(mn)
        if since_ms is None or now_ms - since_ms < self._rules.quiet_s * 1000:
            return False
        fresh_ms = max(180_000, 3 * slot_ms(self._devices[mn]))
        if now_ms - self._live_ms.get(mn, 0) > fresh_ms:
            return False
        return self._rules.asks(mn) and self._commander.is_connected(mn) and not self._commander.is_busy(mn)

    def _looked_at(self, mn: str, now_ms: int) -> SaveGaps | None:
        """Holes since the last look, and what has become of those that are known."""
        device = self._devices[mn]
        slot = slot_ms(device)
        to_ms = (now_ms - max(2 * _MINUTE_MS, round(2.5 * slot))) // _MINUTE_MS * _MINUTE_MS
        from_ms = self._from_ms(device, to_ms)
        changed: dict[int, Gap] = {}
        dropped: list[tuple[str, int]] = []
        known = self._living.setdefault(mn, {})
        for gap in list(known.values()):
            if gap.state is GapState.OPEN:
                rows = self._again(device, gap, now_ms)
                joined = self._joined(gap, rows)
                if joined is not rows:
                    known.pop(gap.from_ms, None)
                    dropped.append((mn, gap.from_ms))
                changed.update({row.from_ms: row for row in joined})
        fresh = () if from_ms is None or from_ms >= to_ms else self._fresh(device, from_ms, to_ms)
        for hole in fresh:
            if len(known) + len(changed) < _LIVING_MAX:
                gap = self._grown(known, changed, mn, hole, now_ms)
                changed[gap.from_ms] = gap
        self._keep(mn, changed)
        if from_ms is None:
            return SaveGaps(gaps=tuple(changed.values())) if changed else None
        self._scanned[mn] = to_ms
        if not changed and not dropped and now_ms % (10 * _MINUTE_MS) > self._rules.scan_s * 1000:
            return None  # the mark need not be written at every look; a look too many does no harm
        return SaveGaps(gaps=tuple(changed.values()), dropped=dropped, scanned=((mn, to_ms),))

    def _from_ms(self, device: Device, to_ms: int) -> int | None:
        """Where to begin to look; None while the device has never said anything."""
        scanned = self._scanned.get(device.mn)
        if scanned is not None:
            return max(scanned - 2 * slot_ms(device), to_ms - round(self._rules.lookback_h * _HOUR_MS))
        start = to_ms - round(self._rules.lookback_h * _HOUR_MS)
        holes = silences(self._curves, device, Interval(start_ms=start, end_ms=to_ms))
        if holes and holes[0].start_ms == start:  # it came later, or was never there
            return holes[0].end_ms if holes[0].end_ms < to_ms else None
        return start

    def _fresh(self, device: Device, from_ms: int, to_ms: int) -> tuple[Interval, ...]:
        span = Interval(start_ms=from_ms, end_ms=to_ms)
        mute = self._mute.get(device.mn)
        if mute:
            self._mute[device.mn] = mute & self._absent(device, span)
        return device_holes(self._curves, self._heard(device), span)

    def _absent(self, device: Device, span: Interval) -> set[str]:
        """Quantities of which nothing lies in a span."""
        slot = slot_ms(device)
        return {
            row.quantity
            for row in device.factors
            if series_holes(self._curves, series_key(device.sensor_id, row.quantity), slot, span) == (span,)
        }

    def _heard(self, device: Device) -> Device:
        """The device with those factors that it is asked for."""
        mute = self._mute.get(device.mn, set())
        return replace(device, factors=tuple(row for row in device.factors if row.quantity not in mute))

    def _give_up_on(self, device: Device, span: Interval) -> None:
        """Ask no more for single factors that are not there where others are."""
        absent = self._absent(device, span)
        if len(absent) < len(device.factors):
            self._mute.setdefault(device.mn, set()).update(absent)

    def _grown(
        self, known: dict[int, Gap], changed: dict[int, Gap], mn: str, hole: Interval, now_ms: int
    ) -> Gap:
        """A new hole, or a known one that has become longer."""
        slot = slot_ms(self._devices[mn])
        for gap in (*known.values(), *changed.values()):
            living = gap.state in (GapState.OPEN, GapState.ASKED)
            if living and gap.from_ms <= hole.start_ms + slot and hole.start_ms <= gap.to_ms + 2 * slot:
                return replace(gap, to_ms=max(gap.to_ms, hole.end_ms), changed_ms=now_ms)
        return Gap(
            mn=mn,
            from_ms=hole.start_ms,
            to_ms=hole.end_ms,
            state=GapState.OPEN,
            cn=history_cn(self._devices[mn]),
            tries=0,
            next_ms=0,
            found_ms=now_ms,
            changed_ms=now_ms,
        )

    def _again(self, device: Device, gap: Gap, now_ms: int) -> list[Gap]:
        """What has become of a known hole: the same, closed, or in parts."""
        span = Interval(start_ms=gap.from_ms, end_ms=gap.to_ms)
        left = device_holes(self._curves, self._heard(device), span)
        if not left:
            return [replace(gap, state=GapState.FILLED, changed_ms=now_ms)]
        if left[0].start_ms == gap.from_ms and left[0].end_ms == gap.to_ms:
            return []
        parts = [replace(gap, from_ms=row.start_ms, to_ms=row.end_ms, changed_ms=now_ms) for row in left]
        if left[0].start_ms == gap.from_ms:
            return parts
        filled = replace(gap, to_ms=left[0].start_ms, state=GapState.FILLED, changed_ms=now_ms)
        return [filled, *parts]

    def _joined(self, gap: Gap, rows: list[Gap]) -> list[Gap]:
        """A station that catches up closes a hole bit by bit: one row for all that it has closed."""
        if not rows or rows[0].state is not GapState.FILLED:
            return rows
        closed, before = rows[0], self._closed.get(gap.mn)
        self._closed[gap.mn] = closed
        if before is None or before.to_ms != closed.from_ms or before.tries != closed.tries:
            return rows
        longer = replace(before, to_ms=closed.to_ms, changed_ms=closed.changed_ms)
        self._closed[gap.mn] = longer
        return [longer, *rows[1:]]

    def _keep(self, mn: str, changed: dict[int, Gap]) -> None:
        known = self._living.setdefault(mn, {})
        for from_ms, gap in changed.items():
            if gap.state in (GapState.OPEN, GapState.ASKED):
                known[from_ms] = gap
            else:
                known.pop(from_ms, None)

    async def _ask(self, mn: str) -> None:
        """Ask for the holes of a device, one after the other, the newest first."""
        try:
            while self._may_ask(mn):
                gap = self._next(mn)
                if gap is None:
                    return
                await self._ask_for(self._cut(gap))
                await asyncio.sleep(self._rules.pace_s)
        except ParkTwinError as error:
            _log.info("station %s was not asked for its holes: %s", mn, error)
        finally:
            self._asking.pop(mn, None)

    def _next(self, mn: str) -> Gap | None:
        now_ms = self._clock.now_ms()
        due = [row for row in self._living.get(mn, {}).values() if row.next_ms <= now_ms]
        return max(due, key=lambda row: row.from_ms, default=None)

    def _cut(self, gap: Gap) -> Gap:
        """The last part of a hole that one request may ask for; the rest stays a hole of its own."""
        span_ms = round(self._rules.span_h * _HOUR_MS)
        if gap.to_ms - gap.from_ms <= span_ms:
            return gap
        cut_ms = gap.to_ms - span_ms
        rest = replace(gap, to_ms=cut_ms)
        part = replace(gap, from_ms=cut_ms)
        self._keep(gap.mn, {rest.from_ms: rest, part.from_ms: part})
        self._dirty.add(gap.mn)
        return part

    async def _ask_for(self, gap: Gap) -> None:
        args = {"from_ms": gap.from_ms // _MINUTE_MS * _MINUTE_MS, "to_ms": -(-gap.to_ms // 1000) * 1000}
        order = Order(mn=gap.mn, cn=gap.cn, args=args, actor=_ACTOR, purpose="gap")
        seq = await self._commander.send(order)
        asked = replace(
            gap,
            state=GapState.ASKED,
            tries=gap.tries + 1,
            exchange_seq=seq,
            changed_ms=self._clock.now_ms(),
        )
        await self._save(gap.mn, asked)
        outcome = await self._commander.wait(seq)
        device, now_ms = self._devices[gap.mn], self._clock.now_ms()
        # While it was asked for, a look may have found it longer than it was.
        latest = self._living[gap.mn].get(gap.from_ms, asked)
        asked = replace(asked, to_ms=max(asked.to_ms, latest.to_ms))
        opened = replace(asked, state=GapState.OPEN)
        rows = await asyncio.to_thread(self._again, device, opened, now_ms)
        after = rows or [opened]
        judged = [
            row if row.state is GapState.FILLED else self._judged(row, outcome, now_ms) for row in after
        ]
        for row in judged:
            if row.state is GapState.GIVEN_UP:
                lost = Interval(start_ms=row.from_ms, end_ms=row.to_ms)
                await asyncio.to_thread(self._give_up_on, device, lost)
        self._living[gap.mn].pop(gap.from_ms, None)
        await self._save(gap.mn, *judged)

    def _judged(self, gap: Gap, outcome: Outcome, now_ms: int) -> Gap:
        """A hole that is still there after it was asked for."""
        note = outcome.value
        if outcome in _NOT_COUNTED:
            return replace(gap, tries=gap.tries - 1, next_ms=now_ms, note=note, changed_ms=now_ms)
        most = min(2, self._rules.tries) if outcome is Outcome.DONE else self._rules.tries
        if outcome is Outcome.NO_DATA or gap.tries >= most:
            return replace(gap, state=GapState.GIVEN_UP, note=note, changed_ms=now_ms)
        pause_ms = min(DAY_MS, round(1000 * self._rules.back_off_s * 5 ** (gap.tries - 1)))
        return replace(gap, next_ms=now_ms + pause_ms, note=note, changed_ms=now_ms)

    async def _save(self, mn: str, *gaps: Gap) -> None:
        rows = {row.from_ms: row for row in gaps}
        if mn in self._dirty:
            self._dirty.discard(mn)
            rows = {**self._living.get(mn, {}), **rows}
        self._keep(mn, {row.from_ms: row for row in gaps})
        await self._books.perform(SaveGaps(gaps=tuple(rows.values())))


def _ended(task: asyncio.Task[None]) -> None:
    """Asking that ended by a fault is told; the hole is still open, and the next turn asks again."""
    if not task.cancelled() and task.exception() is not None:
        _log.error("asking for holes ended by a fault", exc_info=task.exception())


def history_cn(device: Device) -> str:
    """Which history answers a hole of a device: minutes, hours or days."""
    if device.interval_s < 3600:
        return "2051"
    return "2061" if device.interval_s < 86_400 else "2031"
