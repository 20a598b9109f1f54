"""The supervisor: children come back, end together, and never outlive it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from twin.core.errors import SettingsError
from twin.live import supervise
from twin.live.settings import Settings
from twin.live.supervise import Child, Supervisor, check_port, children, is_healthy, run_all

ROOT = Path(__file__).parents[3]
SLEEPER = "import time\nprint('up', flush=True)\ntime.sleep(60)"
STUBBORN = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + SLEEPER
WITH_CHILD = (
    "import subprocess, sys, time\n"
    "row = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
    "print(row.pid, flush=True)\ntime.sleep(60)"
)


def child(name: str, program: str, stop_s: float = supervise.STOP_S) -> Child:
    return Child(name=name, argv=(sys.executable, "-c", program), stop_s=stop_s)


class Watched:
    """A supervisor with what its children said."""

    def __init__(self, *rows: Child) -> None:
        self.lines: list[tuple[str, str]] = []
        self.supervisor = Supervisor(rows, os.environ, lambda name, line: self.lines.append((name, line)))

    async def until(self, truth: Callable[[], bool], what: str) -> None:
        for _ in range(1000):
            if truth():
                return
            await asyncio.sleep(0.02)
        pytest.fail(f"never came: {what}; lines: {self.lines}")

    def said(self, name: str, text: str) -> int:
        return sum(text in line for who, line in self.lines if who == name)


def gone(pid: int) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    return True


def test_a_killed_child_comes_back_and_the_others_do_not_notice() -> None:
    async def story() -> None:
        watched = Watched(child("one", SLEEPER), child("two", SLEEPER))
        task = asyncio.create_task(watched.supervisor.run())
        await watched.until(lambda: watched.said("one", "up") == watched.said("two", "up") == 1, "both up")
        before = watched.supervisor.pids
        os.kill(before["one"], signal.SIGKILL)
        await watched.until(lambda: watched.said("one", "up") == 2, "one is back")
        after = watched.supervisor.pids
        assert after["two"] == before["two"]
        assert after["one"] != before["one"]
        assert watched.said("run", "one has ended (signal SIGKILL); starts again in 0.5 s") == 1
        watched.supervisor.stop()
        await asyncio.wait_for(task, 10)
        assert all(gone(pid) for pid in (*before.values(), *after.values()))
        assert watched.supervisor.pids == {}

    asyncio.run(story())


def test_the_pause_grows_with_every_early_death(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervise, "FIRST_PAUSE_S", 0.01)

    async def story() -> None:
        watched = Watched(child("ill", "raise SystemExit(3)"))
        task = asyncio.create_task(watched.supervisor.run())
        await watched.until(lambda: watched.said("run", "exit code 3") >= 4, "four deaths")
        watched.supervisor.stop()
        await asyncio.wait_for(task, 10)
        pauses = [line.rsplit("in ", 1)[1] for who, line in watched.lines if who == "run"]
        assert pauses[:4] == ["0.01 s", "0.02 s", "0.04 s", "0.08 s"]

    asyncio.run(story())


def test_a_child_that_will_not_end_is_killed() -> None:
    async def story() -> None:
        watched = Watched(child("mule", STUBBORN, stop_s=0.5))
        task = asyncio.create_task(watched.supervisor.run())
        await watched.until(lambda: watched.said("mule", "up") == 1, "up")
        pid = watched.supervisor.pids["mule"]
        watched.supervisor.stop()
        await asyncio.wait_for(task, 10)
        assert gone(pid)
        assert watched.said("run", "is killed") == 1

    asyncio.run(story())


def test_what_a_killed_child_had_started_ends_too() -> None:
    async def story() -> None:
        watched = Watched(child("web", WITH_CHILD))
        task = asyncio.create_task(watched.supervisor.run())
        await watched.until(lambda: watched.said("web", "") >= 1, "the grandchild")
        grandchild = int(watched.lines[0][1])
        os.kill(watched.supervisor.pids["web"], signal.SIGKILL)
        await watched.until(lambda: gone(grandchild), "the grandchild's end")
        watched.supervisor.stop()
        await asyncio.wait_for(task, 10)

    asyncio.run(story())


def test_no_child_outlives_a_killed_supervisor() -> None:
    speaker = "import os; print(os.getpid(), flush=True); " + SLEEPER
    program = (
        "import asyncio, os, sys\n"
        "from twin.live.supervise import Child, Supervisor\n"
        f"row = Child(name='c', argv=(sys.executable, '-c', {speaker!r}))\n"
        "asyncio.run(Supervisor([row], os.environ, lambda n, l: print(l, flush=True)).run())"
    )
    process = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    pid = int(process.stdout.readline())
    assert not gone(pid)
    process.kill()
    process.wait()
    process.stdout.close()
    for _ in range(500):
        if gone(pid):
            return
        time.sleep(0.02)
    pytest.fail("the child lives on")


def test_a_child_s_odd_lines_are_passed_on() -> None:
    async def story() -> None:
        talk = (
            "import sys\nsys.stdout.buffer.write(b'\\xff caf\\xc3\\xa9\\n' + b'x' * 3000000 + b'\\nend')\n"
            + SLEEPER
        )
        watched = Watched(child("c", talk))
        task = asyncio.create_task(watched.supervisor.run())
        await watched.until(lambda: watched.said("c", "endup") == 1, "the last line")
        assert watched.lines[0] == ("c", "\ufffd café")
        assert watched.said("c", "too long was left out") >= 1
        watched.supervisor.stop()
        await asyncio.wait_for(task, 10)

    asyncio.run(story())


def test_a_park_announces_its_address_once_and_stops_on_a_signal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (
        "import http.server, os\n"
        "class Page(http.server.BaseHTTPRequestHandler):\n"
        "    def do_GET(self):\n"
        "        self.send_response(200 if self.path == '/health' else 404); self.end_headers()\n"
        "    def log_message(self, *_): pass\n"
        "http.server.HTTPServer(('127.0.0.1', int(os.environ['PARK_TWIN_WEB_PORT'])), Page).serve_forever()"
    )
    monkeypatch.setattr(supervise, "children", lambda *, simulate: (child("serve", page),))
    settings = Settings(data_dir=tmp_path, web_port=free_port(), hj212_port=free_port())
    addresses: list[str] = []

    def ready(address: str) -> None:
        addresses.append(address)
        os.kill(os.getpid(), signal.SIGTERM)

    run_all(settings, simulate=False, on_ready=ready, on_line=lambda _name, _line: None)
    assert addresses == [f"http://127.0.0.1:{settings.web_port}/"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("field", ["web_port", "hj212_port"])
def test_a_port_that_is_taken_is_named_before_anything_starts(tmp_path: Path, field: str) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        ports = {"web_port": free_port(), "hj212_port": free_port(), field: other.getsockname()[1]}
        settings = Settings(data_dir=tmp_path, **ports)
        with pytest.raises(SettingsError, match=f"PARK_TWIN_{field.upper()}") as caught:
            run_all(settings, simulate=False, on_ready=pytest.fail, on_line=lambda _n, _l: None)
    assert (caught.value.field, caught.value.value) == (field, ports[field])
    check_port("127.0.0.1", ports[field], field)


def test_the_processes_of_a_park() -> None:
    rows = children(simulate=True)
    assert [row.name for row in rows] == ["ingest", "worker", "serve", "simulate"]
    assert all(row.argv == (sys.executable, "-m", "web.cli", row.name) for row in rows)
    patience_s = {row.name: row.stop_s for row in rows}
    assert patience_s["worker"] < patience_s["ingest"], "nobody waits for a plume to be finished"
    assert [row.name for row in children(simulate=False)] == ["ingest", "worker", "serve"]


def test_nobody_at_home_is_not_healthy() -> None:
    assert not is_healthy(f"http://127.0.0.1:{free_port()}/health")
    assert not is_healthy("nonsense")
