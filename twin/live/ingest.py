"""The ingest process: HJ 212 server in front, ledger behind. The only writer of the ledger."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
from collections.abc import Callable

from sensors.contract import LineLimits
from sensors.hj212.factor_codes import NO_LETTERS, Letters, read_letters
from sensors.hj212.server import Hj212Server, serve
from sensors.lines.contract import Hj212House
from twin.core.clock import Clock, SystemClock
from twin.core.errors import SettingsError
from twin.core.park import Park
from twin.live.desk import Office
from twin.live.desk_server import DeskServer
from twin.live.evidence_room import evidence_room
from twin.live.gate import Gate
from twin.live.housekeeper import Housekeeper
from twin.live.inforce import rules_in_force
from twin.live.judge import StreamJudge
from twin.live.keeper import Keeper, recall
from twin.live.logs import configure_logging
from twin.live.outward import Outward, lists_of
from twin.live.parts import Parts
from twin.live.passwords import ensure_passwords, read_sm4_keys
from twin.live.registry import SceneRegistry
from twin.live.roster import roster
from twin.live.settings import Settings, simulates
from twin.live.sink import LedgerSink
from twin.live.upload_verbs import upload_picture
from twin.live.verbs import VERBS
from twin.live.ways import Ways, line_secret
from twin.store.ledger import Batch, Ledger
from twin.store.reader import LedgerReader
from twin.store.review_state import KeepRuleBook

_log = logging.getLogger(__name__)
# Frames of one line that may wait for a commit: with this many per group a line is never slowed
# down, and the worst case of all lines together stays within memory.
_IN_FLIGHT = 64
_NEW_LINES = 100


def run_ingest(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT.

    Raises SceneError, SettingsError (a port that is taken, unreadable passwords) and StoreError
    (another process writes the ledger).
    """
    # Loading a scene brings the raster and vector libraries; who has a park already needs none of them.
    from gis.scene.find import scene_folder
    from gis.scene.load import load_scene

    configure_logging(settings.log_level)
    park = load_scene(scene_folder(settings.scene)).park
    calm_collector()
    asyncio.run(ingest(settings, park, greet_simulated=simulates(settings, park)))


def calm_collector() -> None:
    """Let the garbage collector of this process look less often: a sixth of the time per frame.

    Frames and observations are trees without cycles; reference counting frees them.
    """
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)


async def ingest(
    settings: Settings,
    park: Park,
    *,
    clock: Clock | None = None,
    stop: asyncio.Event | None = None,
    on_ready: Callable[[int], None] | None = None,
    greet_simulated: bool = False,
) -> None:
    """Serve the instruments of a park until ``stop`` is set or a signal comes.

    ``on_ready`` is called with the port once it is open. ``greet_simulated``: a simulator that obeys
    runs beside this process, so its stations are set up at first contact. An error of the writer
    thread ends the process by being raised here; the supervisor starts it again.
    """
    clock = clock or SystemClock()
    stop = stop or _stop_on_signals()
    registry = SceneRegistry(
        park.devices,
        ensure_passwords(settings.passwords_file, [row.mn for row in park.devices]),
        read_sm4_keys(settings.passwords_file),
    )
    ledger = Ledger(
        settings.ledger,
        event_ring=settings.event_ring,
        judge=StreamJudge(park.book, park.devices),
        utc_offset_h=park.utc_offset_h,
        archive=settings.archive,
    )
    try:
        ledger.register(park.devices)
        ledger.write(Batch(deeds=[KeepRuleBook(body=rules_in_force(park))]), clock.now_ms())
        gate = Gate(registry=registry, utc_offset_h=park.utc_offset_h)
        recall(gate, LedgerReader(settings.ledger, settings.archive))
        sink = LedgerSink(ledger, gate, clock, group_commit_ms=settings.group_commit_ms)
        done = sink.start()
        try:
            async with contextlib.AsyncExitStack() as stack:
                reader = LedgerReader(settings.ledger, settings.archive)
                # The last to close: its last checkpoint covers what the lines still brought.
                parts = Parts(sink, clock)
                stack.push_async_callback(parts.close)
                notary = await stack.enter_async_context(
                    evidence_room(settings, park, sink, reader, clock, parts)
                )
                outward = Outward(
                    settings,
                    park,
                    sink,
                    registry,
                    reader,
                    clock,
                    greet_simulated=greet_simulated,
                    parts=parts,
                )
                await outward.prepare()
                server = await _listen(settings, sink, registry, clock, outward)
                keeper = Keeper(sink, clock, (gate.findings, server.findings))
                keeper.start(parts)
                await keeper.show(roster(park.devices, registry, _letters(settings), park.utc_offset_h))
                await sink.perform(upload_picture(park, clock.now_ms()))
                stack.push_async_callback(keeper.close)
                stack.push_async_callback(server.close)
                house212 = Hj212House(findings=server.findings, splits=server.splits, listener=outward)
                ways = Ways(park, sink, registry, clock, line_secret(settings), parts, house212)
                await outward.start(server, ways)
                stack.push_async_callback(outward.close)
                office = Office(
                    settings=settings,
                    park=park,
                    sink=sink,
                    reader=reader,
                    registry=registry,
                    clock=clock,
                    server=server,
                    parts=(notary, *outward.parts()),
                )
                desk = DeskServer(office, VERBS)
                await desk.start()
                stack.push_async_callback(desk.close)
                ways.start()
                stack.push_async_callback(ways.close)
                _log.info("instruments may connect to %s:%d", settings.hj212_host, server.port)
                house = Housekeeper(settings, sink, reader, clock)
                house.start(parts)
                stack.push_async_callback(house.close)
                if on_ready is not None:
                    on_ready(server.port)
                await _first(stop, done)
        finally:
            sink.close()
            await done
    finally:
        ledger.close()
    _log.info("ingest has ended; all that was answered is stored")


def _letters(settings: Settings) -> Letters:
    """Letter tables of factor codes. Raises SettingsError."""
    return NO_LETTERS if settings.factor_letters is None else read_letters(settings.factor_letters)


async def _listen(
    settings: Settings, sink: LedgerSink, registry: SceneRegistry, clock: Clock, outward: Outward
) -> Hj212Server:
    limits = LineLimits(
        max_connections=settings.max_connections,
        max_connections_per_address=settings.max_connections,
        idle_timeout_s=settings.idle_timeout_s,
        max_in_flight=_IN_FLIGHT,
        max_new_burst=max(_NEW_LINES, settings.max_connections),
    )
    lists = lists_of(settings)
    try:
        return await serve(
            settings.hj212_host,
            settings.hj212_port,
            sink,
            registry,
            clock,
            limits,
            lists=lists,
            listener=outward,
        )
    except OSError as error:
        raise SettingsError(
            f"cannot listen on {settings.hj212_host}:{settings.hj212_port} (hj212_port): {error.strerror}; "
            "stop the other program or set PARK_TWIN_HJ212_PORT",
            message_zh=f"无法监听 {settings.hj212_host}:{settings.hj212_port}（hj212_port）：{error.strerror}"
            "；请停止占用端口的程序或设置 PARK_TWIN_HJ212_PORT",
            field="hj212_port",
            value=settings.hj212_port,
        ) from error


async def _first(stop: asyncio.Event, done: asyncio.Future[None]) -> None:
    """Wait until the process is told to stop or the writer has ended."""
    stopping = asyncio.ensure_future(stop.wait())
    done.add_done_callback(lambda _: stop.set())
    await stopping


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop
