"""First contact (HJ 212-2017, 6.7) and the watch over the stations' clocks.

A station that shows itself is asked for its time; its clock is set when it is off by more than a
minute, then time-outs, intervals and the uploads are set. All of it are commands to instruments: it is
done only for devices that the settings name, and for those of a simulated park that runs beside it.
"""

from __future__ import annotations

import asyncio
import fnmatch
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sensors.hj212.commands import COMMAND_ROWS
from sensors.hj212.exchange import Outcome
from twin.core.clock import Clock
from twin.core.device import Device
from twin.core.errors import ParkTwinError
from twin.core.origin import Origin
from twin.live.exchange import Books, Commander, Order
from twin.store.acts import Act, ActDeed
from twin.store.exchanges import ExchangeReader, ExchangeRow

_log = logging.getLogger(__name__)
_ACTOR = "system"
_HOUR_MS = 3_600_000
# A clock that is further off is set (sensing notes, section 3; HJ 212-2017, 6.7).
SET_FROM_S = 60.0
# ING-39: within 48 h the clock errs by 0.5 % at most.
MOST_IN_48_H_S = 864.0
_LINK_ENDS = frozenset({Outcome.LINK_LOST, Outcome.NO_ANSWER, Outcome.CANCELLED})
_LEAST_INTERVAL_S, _MOST_INTERVAL_S = 30, 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactRules:
    """Who is greeted (MN patterns; ``simulated``: the simulated ones too), how often clocks are read."""

    greeting: tuple[str, ...] = ()
    simulated: bool = False
    clock_every_h: float = 6.0
    again_after_h: float = 24.0
    over_time_s: int = 5
    recount: int = 3
    settle_s: float = 3.0

    def greets(self, device: Device) -> bool:
        """Whether commands may be sent to a device without a person asking."""
        if device.protocol != "hj212":
            return False
        if self.simulated and device.origin is Origin.SIMULATED:
            return True
        return any(fnmatch.fnmatchcase(device.mn, pattern) for pattern in self.greeting)


class Contact:
    """Greets stations and reads their clocks. ``run`` as a task of the writing process."""

    def __init__(
        self,
        commander: Commander,
        books: Books,
        reader: ExchangeReader,
        devices: Sequence[Device],
        clock: Clock,
        rules: ContactRules,
    ) -> None:
        self._commander = commander
        self._books = books
        self._reader = reader
        self._devices = {row.mn: row for row in devices if rules.greets(row)}
        self._clock = clock
        self._rules = rules
        self._arrived: asyncio.Queue[str] = asyncio.Queue(len(devices) + 1)
        self._met: dict[str, int] = {}
        self._waiting: dict[str, int] = {}

    def opened(self, mn: str) -> None:
        """A device has a line."""
        if mn in self._devices and mn not in self._waiting and not self._arrived.full():
            self._waiting[mn] = self._clock.now_ms()
            self._arrived.put_nowait(mn)

    async def run(self) -> None:
        """Greet who comes, read the clocks of who is there, until cancelled."""
        every_s = self._rules.clock_every_h * 3600.0
        while True:
            try:
                async with asyncio.timeout(min(every_s, 60.0)):
                    mn = await self._arrived.get()
            except TimeoutError:
                await self._watch()
                continue
            since_s = (self._clock.now_ms() - self._waiting[mn]) / 1000.0
            await asyncio.sleep(min(self._rules.settle_s, max(0.0, self._rules.settle_s - since_s)))
            del self._waiting[mn]
            await self._tend(mn)

    async def _tend(self, mn: str) -> None:
        now_ms = self._clock.now_ms()
        met_ms = self._met.get(mn)
        if met_ms is not None and now_ms - met_ms < self._rules.again_after_h * _HOUR_MS:
            return
        try:
            if await self.greet(self._devices[mn]):
                self._met[mn] = now_ms
        except ParkTwinError as error:
            _log.info("station %s was not greeted: %s", mn, error)

    async def _watch(self) -> None:
        """Read the clocks that were not read for long."""
        for mn, met_ms in list(self._met.items()):
            due_ms = met_ms + round(self._rules.clock_every_h * _HOUR_MS)
            if self._clock.now_ms() < due_ms or not self._commander.is_connected(mn):
                continue
            self._met[mn] = self._clock.now_ms()
            try:
                await self.check_clock(self._devices[mn], "clock")
            except ParkTwinError as error:
                _log.info("clock of %s was not read: %s", mn, error)

    async def greet(self, device: Device) -> bool:
        """The whole of 6.7; False when the station stopped answering. Refused steps are no reason to stop."""
        if not await self.check_clock(device, "first_contact"):
            return False
        for cn, args in self._settings(device):
            _, outcome = await self._ask(device, cn, args, "first_contact")
            if outcome in _LINK_ENDS:
                return False
        return True

    async def check_clock(self, device: Device, purpose: str) -> bool:
        """Read a clock, set it where it is off, read it again; False when the station does not answer."""
        seq, outcome = await self._ask(device, "1011", {}, purpose)
        if outcome in _LINK_ENDS:
            return False
        drift_s = drift_of(self._commander.answer_of(seq))
        if drift_s is not None and abs(drift_s) > SET_FROM_S:
            _, outcome = await self._ask(device, "1012", {}, purpose)
            if outcome in _LINK_ENDS:
                return False
            await self._ask(device, "1011", {}, purpose)
        await self._judge(device)
        return True

    def _settings(self, device: Device) -> list[tuple[str, Mapping[str, object]]]:
        """What is set at first contact, as far as the edition knows it."""
        rules = self._rules
        steps: list[tuple[str, Mapping[str, object]]] = [
            ("1000", {"over_time_s": rules.over_time_s, "recount": rules.recount})
        ]
        if _LEAST_INTERVAL_S <= device.interval_s <= _MOST_INTERVAL_S:
            steps.append(("1062", {"interval_s": round(device.interval_s)}))
        steps += [("1064", {"interval_min": 1}), ("2011", {}), ("2021", {})]
        return [row for row in steps if _is_known(row[0], device)]

    async def _ask(
        self, device: Device, cn: str, args: Mapping[str, object], purpose: str
    ) -> tuple[int, Outcome]:
        order = Order(mn=device.mn, cn=cn, args=args, actor=_ACTOR, purpose=purpose)
        return await self._commander.ask(order)

    async def _judge(self, device: Device) -> None:
        """Write down a clock that went wrong by more than 864 s within 48 h."""
        rows = await asyncio.to_thread(self._reader.newest, mn=device.mn, limit=200)
        gone_s = drift_48_h_s(rows, self._clock.now_ms())
        if abs(gone_s) <= MOST_IN_48_H_S:
            return
        body = {"mn": device.mn, "origin": device.origin.value, "drift_48_h_s": gone_s}
        now_ms = self._clock.now_ms()
        await self._books.perform(
            ActDeed(act=Act(kind="clock.breach", actor=_ACTOR, time_ms=now_ms, body=body))
        )


def drift_of(answer: Mapping[str, str]) -> float | None:
    """Station's clock minus ours, as the commander wrote it beside the answer; None where none was read."""
    text = answer.get("drift_s")
    return None if text is None else float(text)


def drift_48_h_s(rows: Sequence[ExchangeRow], now_ms: int) -> float:
    """How far a clock has gone wrong in the last 48 h, corrections not counted as cured.

    ``rows``: exchanges of one device, in any order. Between two readings the change counts; over a
    correction (1012) it begins anew with the reading after it.
    """
    total = 0.0
    before: float | None = None
    corrected = False
    for row in sorted(rows, key=lambda one: one.seq):
        if row.outcome != Outcome.DONE.value or row.queued_ms < now_ms - 48 * _HOUR_MS:
            continue
        corrected = corrected or row.cn == "1012"
        drift = drift_of(row.answer) if row.cn == "1011" else None
        if drift is None:
            continue
        if before is not None and not corrected:
            total += drift - before
        before, corrected = drift, False
    return total


def _is_known(cn: str, device: Device) -> bool:
    return device.edition in COMMAND_ROWS[cn].editions
