"""A desk over a ledger, without instruments: in a thread of its own, so that blocking clients can ask."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from sensors.contract import LineLimits
from sensors.hj212.factor_codes import NO_LETTERS
from sensors.hj212.server import Hj212Server
from tests.support.small_park import small_park
from twin.core.actor import Role
from twin.core.clock import Clock, SystemClock
from twin.core.park import Park
from twin.live.desk import DeskVerb, Office
from twin.live.desk_client import ask
from twin.live.desk_server import DeskServer
from twin.live.evidence_key import ensure_key
from twin.live.gate import Gate
from twin.live.inforce import rules_in_force
from twin.live.keeper import Keeper
from twin.live.notary import Notary
from twin.live.operators import OPERATORS_FILE, add_operator
from twin.live.outward import Outward
from twin.live.registry import SceneRegistry
from twin.live.roster import roster
from twin.live.settings import Settings
from twin.live.sink import LedgerSink
from twin.live.upload_verbs import upload_picture
from twin.live.verbs import VERBS
from twin.store.ledger import Ledger
from twin.store.reader import LedgerReader
from twin.store.review_state import KeepRuleBook

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class LiveDesk:
    """A running desk with one person per role; ``tokens`` by the name of the role."""

    settings: Settings
    office: Office
    server: DeskServer
    loop: asyncio.AbstractEventLoop
    tokens: dict[str, str]

    def ask(self, verb: str, args: dict[str, object] | None = None, *, role: str = "engineer") -> Any:
        """Ask as the person of a role."""
        return ask(self.settings, verb, args or {}, self.tokens[role], limit_s=30)

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something in the desk's loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)


@contextmanager
def live_desk(
    settings: Settings,
    ledger: Ledger,
    *,
    park: Park | None = None,
    clock: Clock | None = None,
    verbs: Iterable[DeskVerb] = VERBS,
    parts: tuple[object, ...] = (),
    idle_s: float = 30.0,
) -> Iterator[LiveDesk]:
    """A desk over an open ledger until the block ends; nobody else may write it meanwhile."""
    park, clock = park or small_park(), clock or SystemClock()
    people = settings.data_dir / OPERATORS_FILE
    tokens = {str(role): add_operator(people, f"the-{role}", role) for role in Role}
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def open_up() -> tuple[DeskServer, Office, Outward, asyncio.Future[None]]:
        registry = SceneRegistry(park.devices, {})
        sink = LedgerSink(ledger, Gate(registry=registry, utc_offset_h=8.0), clock)
        done = sink.start()
        reader = LedgerReader(settings.ledger, settings.archive)
        notary = Notary(
            sink=sink,
            reader=reader,
            clock=clock,
            key=ensure_key(settings.data_dir),
            copy_dir=settings.evidence_copy,
            utc_offset_h=park.utc_offset_h,
        )
        outward = Outward(settings, park, sink, registry, reader, clock)
        lines = Hj212Server(sink, registry, clock, LineLimits(), listener=outward)
        await outward.prepare()
        await outward.start(lines)
        # What ingest tells those that only read.
        await sink.perform(KeepRuleBook(body=rules_in_force(park)))
        await Keeper(sink, clock, ()).show(roster(park.devices, registry, NO_LETTERS, park.utc_offset_h))
        await sink.perform(upload_picture(park, clock.now_ms()))
        office = Office(
            settings=settings,
            park=park,
            sink=sink,
            reader=reader,
            registry=registry,
            clock=clock,
            server=lines,
            parts=(*parts, notary, *outward.parts()),
        )
        server = DeskServer(office, verbs, idle_s=idle_s)
        await server.start()
        return server, office, outward, done

    async def shut() -> None:
        await server.close()
        await outward.close()
        office.sink.close()
        await done

    try:
        server, office, outward, done = asyncio.run_coroutine_threadsafe(open_up(), loop).result(30)
        try:
            yield LiveDesk(settings=settings, office=office, server=server, loop=loop, tokens=tokens)
        finally:
            asyncio.run_coroutine_threadsafe(shut(), loop).result(30)
            office.reader.close()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)
        loop.close()
