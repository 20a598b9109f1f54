"""Everything that goes from the platform to stations and other platforms, in the writing process."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from functools import partial

from sensors.hj212.decode import stamp_ms
from sensors.hj212.door import AddressLists, homes_of, networks_of
from sensors.hj212.exchange import Patience
from sensors.hj212.server import Hj212Server
from sensors.hj212.session import Delivery
from twin.core.clock import Clock
from twin.core.park import Park
from twin.live.clocks import ClockBoard
from twin.live.connections import ConnectionBoard
from twin.live.contact import Contact, ContactRules
from twin.live.exchange import Books, Commander
from twin.live.forward import Forwarding
from twin.live.forward_targets import read_targets
from twin.live.gaps import GapKeeper, GapRules
from twin.live.parts import Parts
from twin.live.reach import Reach
from twin.live.registry import SceneRegistry
from twin.live.secret_changes import SecretChanges
from twin.live.settings import Settings
from twin.live.sums import SumPruner
from twin.live.ways import Ways
from twin.store.exchanges import ExchangeReader
from twin.store.forwards import ForwardReader, KeepSum
from twin.store.gaps import GapReader
from twin.store.reader import LedgerReader
from twin.store.snapshots import EDITIONS, TARGETS, PutSnapshot

_log = logging.getLogger(__name__)
_MOST_SUMS = 1_000
_RETRY_S = 5.0


class Outward:
    """Commander, first contact, gap keeper, forwarding and table of connections of one process.

    It hears what happens on the lines (``LineListener``); ``start`` once the server listens.
    """

    def __init__(
        self,
        settings: Settings,
        park: Park,
        books: Books,
        registry: SceneRegistry,
        reader: LedgerReader,
        clock: Clock,
        *,
        greet_simulated: bool = False,
        parts: Parts | None = None,
    ) -> None:
        self._settings = settings
        self._devices = park.devices
        self._registry = registry
        self._clock = clock
        self._parts = parts or Parts(books, clock)
        self._books = books
        self._utc_offset_h = park.utc_offset_h
        self._reach: Reach | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._sums: set[asyncio.Task[object]] = set()
        self.changes = SecretChanges(settings.passwords_file, registry, books, clock)
        self.commander = Commander(
            books,
            registry,
            clock,
            utc_offset_h=park.utc_offset_h,
            patience=Patience(
                over_time_ms=round(1000 * settings.command_over_time_s),
                recount=settings.command_recount,
                result_ms=round(1000 * settings.command_result_s),
            ),
            changes=self.changes,
        )
        self.contact = Contact(
            self.commander,
            books,
            ExchangeReader(reader),
            park.devices,
            clock,
            ContactRules(greeting=patterns(settings.first_contact), simulated=greet_simulated),
        )
        self.gaps = GapKeeper(
            self.commander,
            books,
            GapReader(reader),
            reader,
            park.devices,
            clock,
            GapRules(
                asking=patterns(settings.gap_asking),
                scan_s=settings.gap_scan_s,
                quiet_s=settings.gap_quiet_s,
                lookback_h=settings.gap_lookback_h,
            ),
        )
        self.forwarding = Forwarding(
            read_targets(settings.forward_targets), books, reader, ForwardReader(reader), registry, clock
        )
        self._pruner = SumPruner(books, reader, ForwardReader(reader), self.forwarding.forwarders)
        self._clocks = ClockBoard(books, reader, registry.device, clock, park.utc_offset_h)
        self._board = ConnectionBoard(books, registry.device, self._clocks.drift_s, clock)

    async def prepare(self) -> None:
        """What has to be known before the first frame comes."""
        await self.forwarding.open()
        await asyncio.to_thread(self._clocks.recall)

    async def start(self, server: Hj212Server, ways: Ways | None = None) -> None:
        """Begin to speak: on the HJ 212 port and on the lines of ``ways``."""
        self._reach = Reach(server) if ways is None else Reach(server, ways)
        await self.commander.start(self._reach)
        editions = {row.mn: row.edition.value for row in self._devices if row.protocol == "hj212"}
        await self._put(EDITIONS, editions)
        await self._put(TARGETS, self._targets())
        works = {"contact": self.contact.run, "gaps": self.gaps.run, **self.forwarding.works()}
        if self.forwarding.forwarders:
            works["sums"] = self._pruner.run
        for name, work in works.items():
            self._tasks.append(self._parts.start(name, work))
        self._tasks.append(self._parts.start("clocks", self._clocks.run))
        self._tasks.append(self._parts.start("connections", partial(self._board.run, server, ways)))

    async def close(self) -> None:
        """End all of it."""
        tasks = [*self._tasks, *self._sums]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.commander.close()
        await self.changes.close()

    def _targets(self) -> dict[str, object]:
        """Settings of the targets, and whether their packets carry a password that is checked here."""
        told: dict[str, object] = {}
        for name, forwarder in self.forwarding.forwarders.items():
            target = forwarder.target
            carries = any(
                target.takes_from(row) and self._registry.password(row.mn) is not None
                for row in self._devices
            )
            told[name] = {**target.model_dump(mode="json"), "carries_passwords": carries}
        return told

    async def _put(self, name: str, body: Mapping[str, object]) -> None:
        await self._books.perform(PutSnapshot(name=name, time_ms=self._clock.now_ms(), body=body))

    def parts(self) -> Sequence[object]:
        """What verbs of the desk may reach."""
        return self.commander, self.forwarding

    def arrived(self, delivery: Delivery) -> None:
        """A frame is about to be stored; a sum that cannot be computed later is queued before it."""
        if delivery.odd_crc and self.forwarding.forwarders and len(self._sums) < _MOST_SUMS:
            deed = KeepSum(sha256=bytes.fromhex(delivery.frame.sha256), crc=delivery.odd_crc.decode("ascii"))
            task = asyncio.ensure_future(self._books.perform(deed))
            self._sums.add(task)
            task.add_done_callback(self._summed)

    def delivered(self, delivery: Delivery) -> None:
        """A frame is durable."""
        message, frame = delivery.message, delivery.frame
        if frame.cn in ("2011", "2051"):
            told_ms = stamp_ms(message.data_time or "", self._utc_offset_h)
            if told_ms is not None:
                self.gaps.told(frame.mn, told_ms)
        self._clocks.delivered(delivery)
        self.changes.delivered(delivery)
        self.commander.hear(message)

    def opened(self, mn: str) -> None:
        """A device has a line."""
        self.gaps.opened(mn)
        self.contact.opened(mn)

    def closed(self, mn: str) -> None:
        """A device has no line any more, unless it has another one."""
        if self._reach is not None and self._reach.has_line(mn):
            return
        self.gaps.closed(mn)
        self.commander.lose(mn)

    def _summed(self, task: asyncio.Future[object]) -> None:
        self._sums.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _log.warning("a check sum could not be kept: %s", task.exception())


def lists_of(settings: Settings) -> AddressLists:
    """Address lists of the settings. Raises SettingsError."""
    return AddressLists(
        allow=networks_of(settings.hj212_allow, field_name="hj212_allow"),
        block=networks_of(settings.hj212_block, field_name="hj212_block"),
        homes=homes_of(settings.hj212_homes, field_name="hj212_homes"),
    )


def patterns(text: str) -> tuple[str, ...]:
    """Patterns of a list such as ``A1*, B2*``."""
    return tuple(part.strip() for part in text.split(",") if part.strip())
