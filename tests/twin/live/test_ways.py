"""Lines behind a real ingest: states of devices, values in the ledger, kill -9 between receipt and ack."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.sensors.lines.test_heads import WXT
from tests.support.mosquitto import Broker, free_port, publish
from tests.support.mqtt_ingest_child import DEVICE, TOPIC
from tests.support.pty_line import Cable
from tests.support.running_ingest import running_ingest, until
from tests.support.small_park import device, small_park
from twin.core.clock import SystemClock
from twin.core.errors import SettingsError
from twin.core.line import Line, LineKind, LineMember
from twin.live.settings import load_settings
from twin.live.ways import line_secret
from twin.store.rows import DeviceStatus

ROOT = Path(__file__).resolve().parents[3]
MESSAGES, KILLS = 400, 3


def test_a_head_on_a_serial_line_is_online_then_offline_and_harms_nobody(tmp_path: Path) -> None:
    cable = Cable(tmp_path)
    head = replace(device(0, interval_s=1.0), protocol="vaisala", line="com", factors=WXT)
    lost = replace(device(2), protocol="vaisala", line="gone", factors=WXT)
    lines = (
        Line(id="com", kind=LineKind.SERIAL, place=str(cable.path), retry_s=0.1),
        Line(id="gone", kind=LineKind.SERIAL, place=str(tmp_path / "nothing"), retry_s=0.1),
    )
    park = replace(small_park(0), devices=(head, lost), lines=lines)

    async def play() -> None:
        async with running_ingest(tmp_path / "data", park) as running:

            def state(mn: str) -> DeviceStatus:
                return next(row.status for row in running.reader.devices() if row.mn == mn)

            async with asyncio.timeout(20):
                while state(head.mn) is not DeviceStatus.ONLINE:
                    cable.say(b"0R1,Dm=236D,Sm=1.8M\r\n")
                    await asyncio.sleep(0.1)
            values = {row.series_key: row for row in running.reader.state(None).values}
            assert values["W0/wind_speed"].value == pytest.approx(1.8)
            assert state(lost.mn) is DeviceStatus.NEVER
            cable.pull_out()
            await until(lambda: state(head.mn) is DeviceStatus.OFFLINE, "offline")
            kinds = {row.kind for row in running.reader.line_errors()}
            assert "line_down" in kinds
            cable.plug_in()
            async with asyncio.timeout(20):
                while state(head.mn) is not DeviceStatus.ONLINE:
                    cable.say(b"0R1,Dm=200D,Sm=1.9M\r\n")
                    await asyncio.sleep(0.1)

    asyncio.run(play())
    cable.pull_out()


def start(folder: Path, broker: Broker) -> subprocess.Popen[bytes]:
    arguments = [str(folder), str(free_port()), str(broker.port)]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.support.mqtt_ingest_child", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def stored(folder: Path) -> list[str]:
    """Ids of the frames in the ledger, as another process sees them."""
    with contextlib.closing(sqlite3.connect(folder / "ledger.sqlite", timeout=10)) as ledger:
        try:
            return [qn for (qn,) in ledger.execute("SELECT qn FROM raw_frame")]
        except sqlite3.OperationalError:
            return []


def wait_for(folder: Path, count: int, limit_s: float = 60.0) -> None:
    end_s = time.monotonic() + limit_s
    while not (folder / "ledger.sqlite").exists() or len(stored(folder)) < count:
        assert time.monotonic() < end_s, len(stored(folder))
        time.sleep(0.02)


def test_kill_9_between_receipt_and_acknowledgement_loses_and_doubles_nothing(tmp_path: Path) -> None:
    broker = Broker(tmp_path)
    folder = tmp_path / "data"
    folder.mkdir()
    first_ms = SystemClock().now_ms() - MESSAGES * 1000
    messages = [
        (TOPIC, json.dumps({"time": first_ms + 1000 * k, "values": {"a21018": k * 1e-3}}).encode())
        for k in range(MESSAGES)
    ]
    process = start(folder, broker)
    try:
        publish(broker.port, (TOPIC, b"{}"))  # before the session is there it may be lost; it is no frame
        wait_for(folder, 0)
        async_part = MESSAGES // (KILLS + 1)
        for k in range(KILLS + 1):
            part = messages[k * async_part : (k + 1) * async_part]
            if k == 0:  # the broker keeps messages from when the session was made
                while not stored(folder):
                    publish(broker.port, part[0])
                    time.sleep(0.1)
            publish(broker.port, *part)
            if k < KILLS:
                process.send_signal(signal.SIGKILL)
                process.wait(10)
                process = start(folder, broker)
        wait_for(folder, MESSAGES)
        time.sleep(0.3)
    finally:
        process.terminate()
        process.wait(20)
        broker.stop()
    found = stored(folder)
    assert len(found) == len(set(found)) == MESSAGES
    assert DEVICE.protocol == "json"


def test_the_password_of_a_broker_comes_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("geheim\n", encoding="utf-8")
    settings = load_settings(data_dir=tmp_path, mqtt_user="ingest", mqtt_password_file=str(secret))
    assert line_secret(settings).password == "geheim"
    assert "geheim" not in " ".join(settings.to_environment().values())
    with pytest.raises(SettingsError, match="mqtt_password_file"):
        line_secret(load_settings(data_dir=tmp_path, mqtt_password_file=str(tmp_path / "none")))


def test_a_member_row_is_found_or_made() -> None:
    line = Line(id="a", kind=LineKind.MQTT, place="x", members=(LineMember(mn="M1", topic="t"),))
    assert (line.member("M1").topic, line.member("M2").topic) == ("t", "")
