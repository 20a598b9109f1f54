"""Chromium without a test driver: a driver keeps every answer of the network in the page's memory."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from hatch_build import node_paths
from tests.support.chromium import ARGUMENTS
from tests.support.whole_park import free_port

ASK = """
const socket = new WebSocket(process.argv[1]);
socket.onopen = () => socket.send(JSON.stringify({ id: 1, method: 'Runtime.evaluate',
  params: { expression: process.argv[2], returnByValue: true, awaitPromise: true } }));
socket.onmessage = (event) => { console.log(event.data); socket.close(); };
"""


@dataclass(frozen=True, kw_only=True)
class BarePage:
    """One page of a browser that nobody watches."""

    debugger: str
    process: subprocess.Popen[bytes]

    def evaluate(self, expression: str) -> object:
        """Value of a JavaScript expression in the page."""
        node, _ = node_paths()
        done = subprocess.run(
            [node, "-e", ASK, self.debugger, expression],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return json.loads(done.stdout)["result"]["result"].get("value")


@contextmanager
def bare_page(url: str, folder: Path, *, width: int = 1280, height: int = 720) -> Iterator[BarePage]:
    """Open one address; the browser ends with the block."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("Chromium is not installed (make system)")
    port = free_port()
    command = [
        path,
        "--headless=new",
        *ARGUMENTS,
        f"--remote-debugging-port={port}",
        f"--user-data-dir={folder}",
        f"--window-size={width},{height}",
        url,
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield BarePage(debugger=_debugger(port), process=process)
    finally:
        process.terminate()
        process.wait(20)


def _debugger(port: int) -> str:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/json", timeout=5) as answer:
                pages = [row for row in json.load(answer) if row["type"] == "page"]
        except OSError:
            pages = []
        if pages:
            return str(pages[0]["webSocketDebuggerUrl"])
        time.sleep(0.2)
    message = "the browser did not open a page"
    raise AssertionError(message)
