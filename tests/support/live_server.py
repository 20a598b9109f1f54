"""A real web server on a free loopback port, as ``park-twin serve`` starts it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.whole_park import ROOT, free_port

START_LIMIT_S = 60.0


@dataclass(frozen=True, kw_only=True)
class LiveServer:
    """A running server."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def url(self) -> str:
        """Address without a slash at its end."""
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str) -> Any:
        """JSON of a GET request."""
        with urllib.request.urlopen(self.url + path, timeout=20) as answer:
            return json.load(answer)

    def stop(self, number: int = signal.SIGTERM, limit_s: float = 20.0) -> float:
        """Tell it to end; the seconds that took."""
        started_s = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(limit_s)
        return time.monotonic() - started_s


@contextmanager
def live_server(data_dir: Path, *arguments: str, **settings: object) -> Iterator[LiveServer]:
    """Serve a data folder until the block ends."""
    port = free_port()
    environment = {key: text for key, text in os.environ.items() if not key.startswith("PARK_TWIN_")}
    environment |= {
        "OMP_NUM_THREADS": "1",
        "PARK_TWIN_DATA_DIR": str(data_dir),
        "PARK_TWIN_WEB_PORT": str(port),
    }
    environment |= {f"PARK_TWIN_{name.upper()}": str(value) for name, value in settings.items()}
    log = data_dir / f"serve-{port}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "web.cli", "serve", *arguments],
            cwd=ROOT,
            env=environment,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    server = LiveServer(port=port, process=process, log=log)
    try:
        _wait_until_up(server)
        yield server
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(5)


def _wait_until_up(server: LiveServer) -> None:
    limit_s = time.monotonic() + START_LIMIT_S
    while time.monotonic() < limit_s and server.process.poll() is None:
        try:
            urllib.request.urlopen(server.url + "/docs", timeout=5).close()
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
        else:
            return
    raise AssertionError(server.log.read_text(errors="replace")[-4000:])
