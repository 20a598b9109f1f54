"""A station logger that understands commands and keeps what it has measured."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from pathlib import Path

from sensors.hj212.client import LinkSettings, LoggerClient
from sensors.hj212.codec import Message
from sensors.hj212.commands import stamp
from sensors.hj212.frame import frame
from sensors.hj212.site import DONE, NO_DATA, Site
from twin.core.device import Device
from twin.live.passwords import read_passwords

OFFSET_H = 8.0


class MemoryStation:
    """What stands behind the logger: minute data by their start, and what it was told to do."""

    def __init__(self) -> None:
        self.minutes: dict[int, float] = {}
        self.acts: list[tuple[str, str]] = []
        self.streams: list[bool] = []
        self.keeps = True

    def history(self, device: Device, cn: str, from_ms: int, to_ms: int) -> Iterable[str]:
        if not self.keeps or cn != "2051":
            return []
        return [
            minute_body(device, start, value)
            for start, value in sorted(self.minutes.items())
            if from_ms <= start <= to_ms
        ]

    def act(self, device: Device, cn: str, factor: str) -> int:
        self.acts.append((cn, factor))
        return DONE if device.factor(factor) or not factor else NO_DATA

    def set_interval(self, device: Device, interval_s: float) -> bool:
        return interval_s >= 1

    def stream(self, device: Device, on: bool) -> None:
        self.streams.append(on)


def minute_body(device: Device, start_ms: int, value: float) -> str:
    """Inside of CP of minute data."""
    items = ";".join(f"{row.code}-Avg={value:.3f},{row.code}-Flag=N" for row in device.factors)
    return f"DataTime={stamp(start_ms, OFFSET_H)};{items}"


class KnowingLogger:
    """One device on one line. ``heard``: requests of the platform; ``deaf``: commands it does not answer."""

    def __init__(
        self, device: Device, port: int, password: str, station: MemoryStation | None = None
    ) -> None:
        self.device = device
        self.station = station or MemoryStation()
        self.site = Site(device, password, self.station, OFFSET_H)
        self.heard: list[Message] = []
        self.deaf: set[str] = set()
        self.muted: set[str] = set()
        settings = LinkSettings(back_off_s=0.05, crc_mode=device.crc_mode)
        self.client = LoggerClient("127.0.0.1", port, settings, self._answers)
        self._number = 0

    @classmethod
    def of(cls, device: Device, port: int, data_dir: Path) -> KnowingLogger:
        """Logger of a device of a running ingest, with the password of its file."""
        return cls(device, port, read_passwords(data_dir / "passwords.toml")[device.mn])

    def _answers(self, message: Message) -> list[bytes]:
        self.heard.append(message)
        if message.cn in self.deaf:
            return []
        replies = self.site.replies(message, time.time_ns() // 1_000_000)
        return [row for row in replies if not any(f";CN={cn};".encode() in row for cn in self.muted)]

    def said(self, cn: str) -> list[Message]:
        """Requests of one kind that came."""
        return [row for row in self.heard if row.cn == cn]

    def upload(self, time_ms: int, *, cn: str = "2011", value: float = 1.0) -> None:
        """Offer a frame of this time."""
        self._number += 1
        field = "Rtd" if cn == "2011" else "Avg"
        items = ";".join(f"{row.code}-{field}={value:.3f},{row.code}-Flag=N" for row in self.device.factors)
        qn = f"{stamp(time_ms, OFFSET_H)}{self._number % 1000:03d}"
        head = f"QN={qn};ST={self.device.st};CN={cn};PW={self.site.password};MN={self.device.mn};Flag=5"
        body = f"{head};CP=&&DataTime={stamp(time_ms, OFFSET_H)};{items}&&"
        self.client.offer(frame(body.encode(), self.device.crc_mode))

    async def __aenter__(self) -> KnowingLogger:
        self._task = asyncio.create_task(self.client.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.client.close()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
