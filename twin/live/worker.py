"""The model worker: reads the ledger, writes plumes and water tables. The only writer of results.

It lives on the time of the data, not of the clock, so that replay, back-filling and a fast simulated
park go through the same code as live data (``twin.live.pace``).
"""

from __future__ import annotations

import itertools
import logging
import signal
import threading
import time
from dataclasses import dataclass, field

from gis.scene.find import scene_folder
from gis.scene.load import load_scene
from models.contract import AirSolver, solver
from twin.core.clock import Clock, SystemClock
from twin.core.errors import ParkTwinError, SceneError, ServiceUnavailableError
from twin.live.air_frames import AirFrames
from twin.live.ground import Ground, ground_of
from twin.live.heads import water_table
from twin.live.logs import configure_logging
from twin.live.pace import FILL_MS, fill_time_ms, missed_ms, next_time_ms
from twin.live.settings import Settings
from twin.live.state import Rows, data_time_ms, read_state
from twin.live.water_process import WaterChild
from twin.live.water_take import take_water
from twin.live.windbook import WindBook
from twin.stage.encode import encode_grid
from twin.store.reader import LedgerReader
from twin.store.results import ResultReader, ResultStore, Thinning
from twin.store.rows import WaterTableRow

_log = logging.getLogger(__name__)
_POLL_S = 0.2
_RETRY_S = 2.0
_BEAT_S = 2.0
_THIN_S = 600.0
_HOUR_MS = 3_600_000


def run_worker(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT.

    Waits for a scene and a ledger that are not there yet. Raises UnknownSolverError for a solver that
    no row of the table names, and StoreError when another process writes the same results.
    """
    configure_logging(settings.log_level)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    air = solver(settings.plume_solver)
    ground = wait_for_ground(settings, stop)
    if ground is not None:
        work(settings, ground, air, stop)
    _log.info("worker has ended")


def wait_for_ground(settings: Settings, stop: threading.Event) -> Ground | None:
    """Load the scene; while it cannot be loaded, say why and try again. None when stopped."""
    said = ""
    while not stop.is_set():
        try:
            scene = load_scene(scene_folder(settings.scene))
            return ground_of(scene.park, scene.terrain())
        except SceneError as error:
            if error.message != said:
                _log.warning("waiting for the scene: %s", error.message)
            said = error.message
            stop.wait(_RETRY_S)
    return None


def work(
    settings: Settings, ground: Ground, air: AirSolver, stop: threading.Event, clock: Clock | None = None
) -> None:
    """Follow the ledger and write results until ``stop`` is set."""
    reader = LedgerReader(settings.ledger, settings.archive)
    store = ResultStore(settings.results, settings.data_dir)
    book = WindBook(
        site=ground.site,
        data_dir=settings.data_dir,
        scene=settings.scene,
        build=settings.wind_library == "build",
    )
    water = WaterChild(settings=settings, park=ground.park)
    try:
        worker = Worker(
            settings=settings,
            ground=ground,
            air=air,
            store=store,
            clock=clock or SystemClock(),
            book=book,
            water=water,
        )
        worker.resume(ResultReader(settings.results, settings.data_dir))
        while not stop.is_set():
            stop.wait(0.0 if worker.turn(reader) else _POLL_S)
    finally:
        water.close()
        book.close()
        store.close()
        reader.close()


@dataclass(slots=True, kw_only=True)
class Worker:
    """Progress of the worker: which times are done, when it last beat and thinned."""

    settings: Settings
    ground: Ground
    air: AirSolver
    store: ResultStore
    clock: Clock
    run: str = ""
    k: int = 0
    plume_ms: int | None = None
    water_ms: int | None = None
    missed_ms: set[int] = field(default_factory=set)
    book: WindBook | None = None
    water: WaterChild | None = None
    frames: AirFrames = field(init=False)
    _due_wall_s: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.frames = AirFrames(
            ground=self.ground,
            air=self.air,
            store=self.store,
            data_dir=self.settings.data_dir,
            now_cast_ms=round(1000 * self.settings.now_cast_interval_s),
            forecast_ms=round(1000 * self.settings.forecast_interval_s),
            next_k=self._next_k,
            book=self.book,
        )

    def _next_k(self) -> int:
        self.k += 1
        return self.k - 1

    def resume(self, results: ResultReader) -> None:
        """Start a new run where the last one left off."""
        self.run = self.store.new_run(self.clock.now_ms())
        self.plume_ms = max((row.time_ms for row in results.newest_plumes()), default=None)
        if self.plume_ms is not None:
            self.missed_ms.update(_holes(results, self.plume_ms))
        table = results.newest_water_table()
        self.water_ms = None if table is None else table.time_ms
        results.close()

    def turn(self, rows: Rows) -> bool:
        """Do what is due; whether a frame was made (then look again at once)."""
        if self._due("beat", _BEAT_S):
            self.store.beat(self.clock.now_ms())
            if self.book is not None:
                self.book.look()
            if self.water is not None:
                self.water.look()
        take_water(self.store, self.settings.data_dir)
        try:
            data_ms = data_time_ms(rows)
            if data_ms is None:
                return False
            if self._due("thin", _THIN_S):
                self.store.thin(
                    data_ms, Thinning(keep_ms=round(self.settings.results_retention_h * _HOUR_MS))
                )
            self._water(rows, data_ms)
            return self._plumes(rows, data_ms)
        except ServiceUnavailableError as error:
            _log.debug("ledger is not ready: %s", error.message)
            return False

    def _plumes(self, rows: Rows, data_ms: int) -> bool:
        """The present if it is due, otherwise a moment that was missed; whether there was either."""
        waited_s = time.monotonic() - self._due_wall_s.get("plume", -1e9)
        at_ms = next_time_ms(self.plume_ms, data_ms, round(1000 * self.settings.plume_interval_s), waited_s)
        if at_ms is None:
            return self._fill(rows, data_ms)
        self._frames(rows, at_ms, present=True)
        self.missed_ms.update(missed_ms(self.plume_ms, at_ms))
        self.plume_ms = at_ms
        self._due_wall_s["plume"] = time.monotonic()
        return True

    def _fill(self, rows: Rows, data_ms: int) -> bool:
        at_ms = fill_time_ms(self.missed_ms, data_ms)
        if at_ms is None:
            self.missed_ms.clear()
            return False
        self._frames(rows, at_ms, present=False)
        self.missed_ms.discard(at_ms)
        return True

    def _frames(self, rows: Rows, at_ms: int, *, present: bool) -> None:
        started = time.process_time()
        state = read_state(rows, self.ground.park, at_ms)
        self.frames.make(self.run, state, present=present)
        _log.debug("plumes of %d took %.2f CPU-s", at_ms, time.process_time() - started)

    def _water(self, rows: Rows, data_ms: int) -> None:
        step_ms = round(1000 * self.settings.water_table_interval_s)
        first = self.water_ms is None or self.water_ms > data_ms + step_ms
        at_ms = data_ms if first else data_ms // step_ms * step_ms
        if not self.ground.park.wells or (self.water_ms is not None and not first and at_ms <= self.water_ms):
            return
        state = read_state(rows, self.ground.park, at_ms, window_ms=0)
        try:
            result = water_table(self.ground.park, self.ground.grid, state)
        except ParkTwinError as error:
            _log.warning("no water table at %d: %s", at_ms, error.message)
            self.water_ms = at_ms
            return
        if result is None:  # no well has spoken yet; look again at the next turn
            return
        self.water_ms = at_ms
        table = result.table
        body = encode_grid(
            table.head_m[None],
            x0_m=float(table.x_m[0]),
            y0_m=float(table.y_m[0]),
            dx_m=float(table.x_m[1] - table.x_m[0]),
            dy_m=float(table.y_m[1] - table.y_m[0]),
            time_ms=at_ms,
        )
        row = WaterTableRow(
            run=self.run,
            k=self._next_k(),
            time_ms=at_ms,
            size_bytes=len(body),
            origin=result.origin,
            loo_rmse_m=table.loo_rmse_m,
            inputs=result.inputs,
        )
        self.store.add_water_table(row, body)

    def _due(self, what: str, every_s: float) -> bool:
        now = time.monotonic()
        if now - self._due_wall_s.get(what, -1e9) < every_s:
            return False
        self._due_wall_s[what] = now
        return True


def _holes(results: ResultReader, newest_ms: int) -> list[int]:
    """Whole five minutes without a frame between the frames of the last hours."""
    times = sorted({row.time_ms for row in results.plumes(None, newest_ms - FILL_MS, newest_ms + 1)})
    return [hole for last, at in itertools.pairwise(times) for hole in missed_ms(last, at)]
