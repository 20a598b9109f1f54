"""A station logger whose every value a test decides: real HJ 212 frames over a real socket."""

from __future__ import annotations

import asyncio
import itertools
import socket
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from sensors.hj212.client import LoggerClient
from sensors.hj212.frame import frame
from twin.core.clock import to_datetime
from twin.core.device import Device
from twin.core.park import Park
from twin.core.units import from_si
from twin.live.passwords import ensure_passwords

ANSWER_LIMIT_S = 20.0
_NUMBERS = itertools.count()


@dataclass(frozen=True, kw_only=True)
class Said:
    """What one sensor says at one time: SI values by quantity key."""

    sensor_id: str
    time_ms: int
    values: Mapping[str, float]


class ScriptedLogger:
    """Speaks for the devices of a park with the passwords of a running one."""

    def __init__(self, park: Park, data_dir: Path, port: int) -> None:
        self._devices = {device.sensor_id: device for device in park.devices}
        self._passwords = ensure_passwords(data_dir / "passwords.toml", [row.mn for row in park.devices])
        self._offset_h = park.utc_offset_h
        self._port = port

    def frame_of(self, said: Said) -> bytes:
        """The CN 2011 frame of one utterance, answer wanted."""
        device = self._devices[said.sensor_id]
        stamp = to_datetime(said.time_ms, self._offset_h).strftime("%Y%m%d%H%M%S")
        number = f"{stamp}{next(_NUMBERS) % 1000:03d}"
        parts = ";".join([f"DataTime={stamp}", *self._items(device, said.values)])
        head = f"QN={number};ST={device.st};CN=2011;PW={self._passwords[device.mn]};MN={device.mn}"
        return frame(f"{head};Flag=5;CP=&&{parts}&&".encode())

    def say(self, utterances: Iterable[Said]) -> None:
        """Send everything and wait until the last frame is answered."""
        frames = [self.frame_of(said) for said in utterances]
        with ThreadPoolExecutor(1) as other:  # the browser's driver holds this thread's event loop
            other.submit(self._run, frames).result()

    def _run(self, frames: list[bytes]) -> None:
        asyncio.run(asyncio.wait_for(self._send(frames), ANSWER_LIMIT_S + 40.0))

    async def _send(self, frames: list[bytes]) -> None:
        client = LoggerClient("127.0.0.1", self._port)
        line = asyncio.create_task(client.run())
        for one in frames:
            await client.send(one)
        await client.drained()
        client.close()
        await line

    @staticmethod
    def _items(device: Device, values: Mapping[str, float]) -> list[str]:
        items = []
        for factor in device.factors:
            if factor.quantity in values:
                number = from_si(values[factor.quantity], factor.unit)
                items.append(f"{factor.code}-Rtd={number:.4f},{factor.code}-Flag=N")
        return items


class OpenLine:
    """One socket that stays open; ``send`` returns when the answer has come."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=ANSWER_LIMIT_S)

    def send(self, data: bytes) -> float:
        """Epoch seconds just before the frame went out."""
        sent = time.time()
        self._socket.sendall(data)
        self._socket.recv(4096)
        return sent

    def close(self) -> None:
        """Hang up."""
        self._socket.close()
