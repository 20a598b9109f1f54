"""One command runs the park: starts the processes, keeps them running, stops them together.

A child that dies comes back after a pause that doubles with every early death. No child outlives
the supervisor, however that ends: Linux sends SIGTERM to a child whose parent has died.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import errno
import logging
import os
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from twin.core.errors import SettingsError
from twin.live.settings import Settings

_log = logging.getLogger(__name__)
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 15.0
# A child that ran for so long was well: its next death starts with the shortest pause again.
WELL_AFTER_S = 30.0
STOP_S = 8.0
# A plume may take longer than a person waits, and nothing is lost with it: the worker writes results
# whole or not at all, and computes at its next start what is missing.
_STOP_WORKER_S = 2.0
_HEALTH_EVERY_S = 0.1
_POLL_S = 0.05
_PR_SET_PDEATHSIG = 1
_LINE_LIMIT = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A process to be kept running. ``stop_s``: how long it may take to end by itself."""

    name: str
    argv: tuple[str, ...]
    stop_s: float = STOP_S


def children(*, simulate: bool) -> tuple[Child, ...]:
    """Processes of a park, in the order of their start."""
    names = ("ingest", "worker", "serve") + (("simulate",) if simulate else ())
    return tuple(
        Child(
            name=name,
            argv=(sys.executable, "-m", "web.cli", name),
            stop_s=_STOP_WORKER_S if name == "worker" else STOP_S,
        )
        for name in names
    )


def run_all(
    settings: Settings,
    *,
    simulate: bool,
    on_ready: Callable[[str], None],
    on_line: Callable[[str, str], None],
) -> None:
    """Run a park until SIGINT or SIGTERM.

    Parameters
    ----------
    settings
        Handed to the children by environment variables.
    simulate
        Whether to start the simulator too.
    on_ready
        Called once with the web address when it answers.
    on_line
        Called with (process, line) for every line that a child writes.

    Raises
    ------
    SettingsError
        A port is in use; names the setting.
    """
    for field in ("web", "hj212"):
        check_port(getattr(settings, f"{field}_host"), getattr(settings, f"{field}_port"), f"{field}_port")
    environment = {**os.environ, **settings.to_environment(), "PYTHONUNBUFFERED": "1"}
    supervisor = Supervisor(children(simulate=simulate), environment, on_line)
    address = f"http://{_to_dial(settings.web_host)}:{settings.web_port}/"
    asyncio.run(_run(supervisor, address, on_ready))


def check_port(host: str, port: int, field: str) -> None:
    """Raise SettingsError that names ``field`` when the port cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            why = "is in use by another program" if taken else f"cannot be had: {error.strerror}"
            why_zh = "已被其他程序占用" if taken else f"无法使用：{error.strerror}"
            name = f"PARK_TWIN_{field.upper()}"
            raise SettingsError(
                f"port {port} on {host} ({field}) {why}; stop that program or set {name} to another port",
                message_zh=f"{host} 的端口 {port}（{field}）{why_zh}；请停止该程序或将 {name} 设为其他端口",
                field=field,
                value=port,
            ) from None


class Supervisor:
    """Keeps children running until ``stop``."""

    def __init__(
        self, rows: Sequence[Child], environment: Mapping[str, str], on_line: Callable[[str, str], None]
    ) -> None:
        self._rows = tuple(rows)
        self._environment = dict(environment)
        self._on_line = on_line
        self._stopping = asyncio.Event()
        self._running: dict[str, asyncio.subprocess.Process] = {}
        self._die_with_us = _death_signal()

    @property
    def pids(self) -> dict[str, int]:
        """Process ids of the children that run now."""
        return {name: process.pid for name, process in self._running.items()}

    @property
    def stopping(self) -> bool:
        """Whether the end has begun."""
        return self._stopping.is_set()

    def stop(self) -> None:
        """Begin the end: no child is started any more, all are told to end."""
        self._stopping.set()

    async def run(self) -> None:
        """Start all children and keep them; returns when all have ended after ``stop``."""
        keepers = [asyncio.create_task(self._keep(row)) for row in self._rows]
        await self._stopping.wait()
        await asyncio.gather(*(self._end(row) for row in self._rows))
        await asyncio.gather(*keepers)

    async def _keep(self, row: Child) -> None:
        pause_s = FIRST_PAUSE_S
        while not self.stopping:
            started_s = time.monotonic()
            code = await self._once(row)
            if self.stopping:
                return
            if time.monotonic() - started_s >= WELL_AFTER_S:
                pause_s = FIRST_PAUSE_S
            self._on_line("run", f"{row.name} has ended ({_ending(code)}); starts again in {pause_s:g} s")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    async def _once(self, row: Child) -> int:
        process = await asyncio.create_subprocess_exec(
            *row.argv,
            env=self._environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=_LINE_LIMIT,
            # Ctrl-C goes to the supervisor only, which ends the children in order.
            start_new_session=True,
            preexec_fn=self._die_with_us,
        )
        self._running[row.name] = process
        try:
            if self.stopping:
                process.terminate()
            return await self._until_ended(row.name, process)
        finally:
            del self._running[row.name]

    async def _until_ended(self, name: str, process: asyncio.subprocess.Process) -> int:
        lines = asyncio.create_task(self._copy_lines(name, process))
        code = await _ended(process)
        # What the child itself has started (a web server's workers) must not hold its port.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(lines, STOP_S)
        return code

    async def _copy_lines(self, name: str, process: asyncio.subprocess.Process) -> None:
        stream = process.stdout
        while stream is not None:
            try:
                line = await stream.readline()
            except ValueError:
                self._on_line(name, "(a line that is too long was left out)")
                continue
            if not line:
                return
            self._on_line(name, line.decode("utf-8", "replace").rstrip())

    async def _end(self, row: Child) -> None:
        process = self._running.get(row.name)
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(_ended(process), row.stop_s)
        except TimeoutError:
            self._on_line("run", f"{row.name} did not end within {row.stop_s:g} s and is killed")
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


async def _ended(process: asyncio.subprocess.Process) -> int:
    """Exit code. asyncio's own ``wait`` may wait for grandchildren that hold the child's output."""
    while process.returncode is None:
        await asyncio.sleep(_POLL_S)
    return process.returncode


async def _run(supervisor: Supervisor, address: str, on_ready: Callable[[str], None]) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, supervisor.stop)
    watching = asyncio.create_task(_announce(supervisor, address, on_ready))
    try:
        await supervisor.run()
    finally:
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching


async def _announce(supervisor: Supervisor, address: str, on_ready: Callable[[str], None]) -> None:
    while not supervisor.stopping:
        if await asyncio.to_thread(is_healthy, f"{address}health"):
            on_ready(address)
            return
        await asyncio.sleep(_HEALTH_EVERY_S)


def is_healthy(url: str) -> bool:
    """Whether a GET of this address answers 200 within two seconds."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=2.0) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError, ValueError):
        return False


def _death_signal() -> Callable[[], None] | None:
    """What a child does before it becomes its program: ask for SIGTERM when its parent dies."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:  # it died between the fork and the line above
            os._exit(1)

    return ask


def _ending(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"


def _to_dial(host: str) -> str:
    """Address to open in a browser on this machine for an address that is listened on."""
    if host in ("0.0.0.0", "::", ""):  # noqa: S104 - compared, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
