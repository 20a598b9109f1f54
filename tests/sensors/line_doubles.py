"""Stand-ins for the ledger and the registry, and frames to send."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from sensors.contract import LineEvent, LineEventKind, Receipt
from sensors.hj212 import codec
from sensors.hj212.frame import frame
from tests.sensors.tiny_park import GAS_FACTORS, make_device
from twin.core.device import CrcMode, Device
from twin.core.observation import RawFrame


class MemorySink:
    """A sink whose durability can be held back: nothing is durable before ``release``."""

    def __init__(self, *, held: bool = False) -> None:
        self.durable: list[RawFrame] = []
        self.quarantined: list[tuple[RawFrame, LineEventKind]] = []
        self.events: list[LineEvent] = []
        self.in_flight = 0
        self.most_in_flight = 0
        self._gate = asyncio.Event()
        if not held:
            self._gate.set()

    def release(self) -> None:
        self._gate.set()

    async def accept(self, frame: RawFrame) -> Receipt:
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        await self._gate.wait()
        self.in_flight -= 1
        known = any(row.sha256 == frame.sha256 for row in self.durable)
        if not known:
            self.durable.append(frame)
        return Receipt(status="duplicate" if known else "stored", ledger_seq=len(self.durable))

    async def accept_large(self, frame: RawFrame) -> Receipt:
        return await self.accept(frame)

    async def quarantine(self, frame: RawFrame, reason: LineEventKind) -> Receipt:
        self.quarantined.append((frame, reason))
        return Receipt(status="quarantined", ledger_seq=0)

    def line_event(self, event: LineEvent) -> None:
        self.events.append(event)

    def kinds(self) -> set[str]:
        return {event.kind.value for event in self.events}


class OpenRegistry:
    """Every MN, or those listed, with one device record and one password."""

    def __init__(
        self,
        device: Callable[[str], Device] | None = None,
        passwords: dict[str, str] | None = None,
        crc_mode: CrcMode = CrcMode.HJ212,
        sm4_keys: dict[str, tuple[bytes, ...]] | None = None,
    ) -> None:
        self._passwords = passwords
        self._sm4_keys = sm4_keys or {}
        self._make = device or (lambda mn: make_device(mn, "X", "S", GAS_FACTORS, crc_mode=crc_mode))

    def device(self, mn: str) -> Device | None:
        if not mn or (self._passwords is not None and mn not in self._passwords):
            return None
        return self._make(mn)

    def password(self, mn: str) -> str | None:
        return None if self._passwords is None else self._passwords[mn]

    def passwords(self, mn: str) -> tuple[str, ...]:
        word = self.password(mn)
        return () if word is None else (word,)

    def sm4_key(self, mn: str) -> bytes | None:
        return next(iter(self.sm4_keys(mn)), None)

    def sm4_keys(self, mn: str) -> tuple[bytes, ...]:
        return self._sm4_keys.get(mn, ())


def upload(mn: str = "A1", *, qn: int = 0, value: str = "0.031", pw: str = "123456", flag: int = 5) -> bytes:
    """A good frame with one HF value."""
    stamp = f"202611221015{qn // 1000 % 60:02d}{qn % 1000:03d}"
    group = (("a21018-Rtd", value), ("a21018-Flag", "N"))
    groups = ((("DataTime", "20261122101500"),), group)
    segment = codec.build(qn=stamp, st="31", cn="2011", pw=pw, mn=mn, flag=flag, groups=groups)
    return frame(segment)
