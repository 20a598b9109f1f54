"""A whole park, as a user starts it: one command, child processes, one address."""

from __future__ import annotations

import json
import os
import signal
import socket
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

ROOT = Path(__file__).resolve().parents[2]
START_LIMIT_S = 240.0
STOP_LIMIT_S = 20.0


def free_port() -> int:
    """A loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True, kw_only=True)
class WholePark:
    """A running park: its addresses, data folder, log file and supervisor."""

    url: str
    hj212_port: int
    data_dir: Path
    log: Path
    process: subprocess.Popen[bytes]
    started_in_s: float

    def get(self, path: str) -> Any:
        """JSON of a GET request."""
        with urllib.request.urlopen(self.url + path, timeout=20) as answer:
            return json.load(answer)


@contextmanager
def whole_park(
    folder: Path, *, scene: str = "qingliu", bundles: Path | None = None, **settings: object
) -> Iterator[WholePark]:
    """Run ``park-twin run`` with its data under ``folder`` until the block ends.

    ``bundles``: a folder of scene bundles to share, so that not every park bakes its own.
    """
    web_port, hj212_port = free_port(), free_port()
    folder.mkdir(parents=True, exist_ok=True)
    if bundles is not None:
        (folder / "data").mkdir()
        (folder / "data" / "bundles").symlink_to(bundles)
    # The wind library takes tens of CPU-seconds; journeys that want it say so.
    settings = {"wind_library": "off", "water_twin": "off", **settings}
    values = {"web_port": web_port, "hj212_port": hj212_port, "data_dir": folder / "data", **settings}
    environment = dict(os.environ, OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    for name, value in values.items():
        text = str(value).lower() if isinstance(value, bool) else str(value)
        environment[f"PARK_TWIN_{name.upper()}"] = text
    log = folder / "park.log"
    started = time.monotonic()
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "web.cli", "run", "--scene", scene],
            cwd=ROOT,
            env=environment,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    url = f"http://127.0.0.1:{web_port}"
    try:
        _wait_until_up(url, process, log)
        yield WholePark(
            url=url,
            hj212_port=hj212_port,
            data_dir=folder / "data",
            log=log,
            process=process,
            started_in_s=time.monotonic() - started,
        )
    finally:
        _stop(process)


def _wait_until_up(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    limit = time.monotonic() + START_LIMIT_S
    while time.monotonic() < limit:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url + "/health", timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.25)
    text = log.read_text(errors="replace")[-4000:]
    message = f"the park did not come up (exit status {process.poll()}):\n{text}"
    raise AssertionError(message)


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(5)
        raise
