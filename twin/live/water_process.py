"""The groundwater process: a child of the model worker, which alone stores what it computes.

``python -m twin.live.water_process`` with the settings in the environment. It is nice, uses one thread and
at most 4 GiB, and ends when the worker does, half a second later at most.
Killed at any moment it leaves nothing half written; the next one starts from the ledger.
"""

from __future__ import annotations

import fcntl
import logging
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from twin.core.clock import SystemClock, to_datetime
from twin.core.errors import ParkTwinError, ServiceUnavailableError
from twin.core.park import Park
from twin.live.logs import configure_logging
from twin.live.settings import Settings, load_settings
from twin.live.water_box import FOLDER
from twin.store.reader import LedgerReader

if TYPE_CHECKING:  # the worker imports this module and has no use for the models of the water
    from twin.live.water_work import WaterWork

_log = logging.getLogger(__name__)
_NICE = 10
_MEMORY_BYTES = 4 << 30
_POLL_S = 0.5
_PARENT_S = 0.5
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
FIRST_PAUSE_S = 5.0
LONGEST_PAUSE_S = 300.0
HEALTHY_S = 900.0  # a process that lived so long is no one that dies at once


@dataclass(slots=True, kw_only=True)
class WaterChild:
    """Keeps the groundwater process of a park running. ``look`` is cheap and may be called every second."""

    settings: Settings
    park: Park
    _child: subprocess.Popen[bytes] | None = None
    _start_at_s: float = 0.0
    _started_s: float = 0.0
    _pause_s: float = FIRST_PAUSE_S
    _wanted: bool = field(default=True)

    def look(self) -> None:
        """Start the process when there is something to compute and it does not run."""
        if not self._wanted or self.settings.water_twin == "off" or not self._computable:
            return
        if self._child is not None:
            code = self._child.poll()
            if code is None:
                return
            self._child = None
            if time.monotonic() - self._started_s >= HEALTHY_S:
                self._pause_s = FIRST_PAUSE_S
            _log.warning("the groundwater process has ended (%s); again in %g s", code, self._pause_s)
            self._start_at_s = time.monotonic() + self._pause_s
            self._pause_s = min(2.0 * self._pause_s, LONGEST_PAUSE_S)
        if time.monotonic() >= self._start_at_s:
            self._started_s = time.monotonic()
            threads = dict.fromkeys(_ONE_THREAD, "1")
            self._child = subprocess.Popen(
                [sys.executable, "-m", "twin.live.water_process"],
                stdin=subprocess.DEVNULL,
                env={**os.environ, **self.settings.to_environment(), **threads},
            )

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return None if self._child is None or self._child.poll() is not None else self._child.pid

    def close(self) -> None:
        """End the process; what it has not sent yet is computed again another time."""
        self._wanted = False
        if self._child is not None and self._child.poll() is None:
            self._child.terminate()
            try:
                self._child.wait(timeout=1.0)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait(timeout=5.0)

    @property
    def _computable(self) -> bool:
        book = self.park.groundwater
        return book is not None and bool(book.substances) and bool(self.park.wells)


def run_water(settings: Settings) -> None:
    """Compute until SIGTERM, SIGINT, or the end of the parent. One process per data folder."""
    configure_logging(settings.log_level)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os._exit(0))  # nothing is half written at any moment
    parent = os.getppid()
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    folder = settings.data_dir / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        while not _locked(lock.fileno()):
            if stop.wait(_POLL_S):
                return
        work = _work(settings)
        reader = LedgerReader(settings.ledger, settings.archive)
        while not stop.wait(0.0 if _turned(work, reader) else _POLL_S):
            pass


def _work(settings: Settings) -> WaterWork:
    from gis.scene.find import scene_folder
    from gis.scene.load import load_scene
    from twin.live.water_learn import learner_of
    from twin.live.water_said import said_last
    from twin.live.water_work import WaterWork

    scene = load_scene(scene_folder(settings.scene))
    now_ms = SystemClock().now_ms()
    return WaterWork(
        settings=settings,
        park=scene.park,
        terrain=scene.terrain(),
        run=f"water-{to_datetime(now_ms):%Y%m%dT%H%M%S}-{os.getpid():x}",
        said=said_last(settings),
        learner=learner_of(settings),
    )


def _turned(work: WaterWork, reader: LedgerReader) -> bool:
    try:
        return work.turn(reader)
    except ServiceUnavailableError as error:
        _log.debug("ledger is not ready: %s", error.message)
    except ParkTwinError as error:
        _log.warning("groundwater: %s", error.message)
    return False


def _bound() -> None:
    """Bound what the process may take: it is better that it ends and starts again than that others suffer."""
    resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY_BYTES, _MEMORY_BYTES))
    os.nice(_NICE)


def _watch(parent: int) -> None:
    """End with the worker, however it ends."""
    while os.getppid() == parent:
        time.sleep(_PARENT_S)
    os._exit(0)


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


if __name__ == "__main__":
    _bound()
    run_water(load_settings())
