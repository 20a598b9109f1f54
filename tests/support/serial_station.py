"""A station that obeys, at the instrument's end of a serial cable."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from sensors.hj212.codec import Message, parse
from sensors.hj212.commands import stamp
from sensors.hj212.frame import Framer, Segment, frame
from sensors.hj212.site import Site
from tests.support.pty_line import Cable
from tests.support.station import OFFSET_H, MemoryStation
from twin.core.device import Device
from twin.live.passwords import read_passwords


class SerialStation:
    """``heard``: requests in their order; ``answers`` of the platform; ``spoken_into``: bytes that came
    while a frame of ours was under way."""

    def __init__(self, device: Device, cable: Cable, data_dir: Path) -> None:
        self.device = device
        self.station = MemoryStation()
        self.site = Site(
            device, read_passwords(data_dir / "passwords.toml")[device.mn], self.station, OFFSET_H
        )
        self.heard: list[Message] = []
        self.answers: list[str] = []
        self.spoken_into = b""
        self.busy = False
        self._cable = cable
        self._number = 0
        self._framer = Framer(mode_of=lambda _mn: device.crc_mode)

    def upload(self, time_ms: int | None = None, *, cn: str = "2011", value: float = 1.0) -> bytes:
        """A frame of data, ready to be said."""
        self._number += 1
        when = time.time_ns() // 1_000_000 if time_ms is None else time_ms
        field = "Rtd" if cn == "2011" else "Avg"
        items = ";".join(f"{row.code}-{field}={value:.3f},{row.code}-Flag=N" for row in self.device.factors)
        qn = f"{stamp(when, OFFSET_H)}{self._number % 1000:03d}"
        head = f"QN={qn};ST={self.device.st};CN={cn};PW={self.site.password};MN={self.device.mn};Flag=5"
        body = f"{head};CP=&&DataTime={stamp(when, OFFSET_H)};{items}&&"
        return frame(body.encode(), self.device.crc_mode)

    async def say_slowly(self, data: bytes) -> None:
        """Say a frame byte by byte, and notice who speaks into it."""
        self.busy = True
        for k in range(0, len(data), 8):
            self._cable.say(data[k : k + 8])
            self.spoken_into += self._cable.heard()
            await asyncio.sleep(0.004)
        self.busy = False

    async def run(self) -> None:
        """Listen and answer until cancelled."""
        while True:
            await asyncio.sleep(0.005)
            data = b"" if self.busy else self._cable.heard()
            for piece in self._framer.feed(data, time.time_ns() // 1_000_000):
                if isinstance(piece, Segment):
                    self._take(parse(piece.plain))

    def _take(self, message: Message) -> None:
        if (message.cn or "").startswith("90"):
            self.answers.append(message.cn or "")
            return
        self.heard.append(message)
        for reply in self.site.replies(message, time.time_ns() // 1_000_000):
            self._cable.say(reply)
