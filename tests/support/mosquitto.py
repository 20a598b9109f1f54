"""A real MQTT broker (mosquitto) on loopback, started and ended by the test."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

PROGRAMS = ("mosquitto", "/usr/sbin/mosquitto")
START_S = 15.0


def program() -> str:
    found = next((path for name in PROGRAMS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("mosquitto is not installed (Debian package mosquitto): MQTT is NOT tested")
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Broker:
    """A broker that keeps its sessions on disk; ``settings`` are more lines of its configuration."""

    def __init__(self, folder: Path, *settings: str) -> None:
        self._program = program()
        self.port = free_port()
        self._conf = folder / "mosquitto.conf"
        # allow_anonymous first: lines of the test may say otherwise
        anonymous = [] if any("allow_anonymous" in row for row in settings) else ["allow_anonymous true"]
        lines = (
            f"listener {self.port} 127.0.0.1",
            "persistence true",
            f"persistence_location {folder}/",
            "autosave_interval 1",
            "autosave_on_changes true",
            "log_dest none",
            f"user {_user()}",
            *anonymous,
            *settings,
        )
        self._conf.write_text("\n".join(lines) + "\n", encoding="utf-8")
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(
            [self._program, "-c", str(self._conf)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        end_s = time.monotonic() + START_S
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            if self._process.poll() is not None or time.monotonic() > end_s:
                pytest.fail(f"mosquitto did not start: {self._conf.read_text(encoding='utf-8')}")
            time.sleep(0.02)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None


def _user() -> str:
    import getpass

    return getpass.getuser()


def publish(port: int, *messages: tuple[str, bytes], **more: object) -> None:
    """Publish with QoS 1; returns when the broker has all of them."""
    from paho.mqtt.publish import multiple

    rows = [{"topic": topic, "payload": payload, "qos": 1} for topic, payload in messages]
    multiple(rows, hostname="127.0.0.1", port=port, client_id="tester", **more)  # type: ignore[arg-type]
