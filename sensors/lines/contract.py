"""What a driver of a line is: one coroutine that runs until it is told to stop.

A driver never decides about durability: it hands frames to the sink, and acknowledges to the other
side (an answer, an MQTT acknowledgement) only after the sink has said that they are durable. When a
line breaks it raises ``LineBroken``; who started it waits and starts it again.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from sensors.contract import FrameSink, LineEvent, LineEventKind, Registry
from sensors.hj212.session import EventGate
from twin.core.clock import Clock, to_datetime
from twin.core.device import Device
from twin.core.errors import ParkTwinError
from twin.core.line import Line, LineMember
from twin.core.observation import RawFrame

_SAMPLE_LEN = 64
_EVENTS_PER_MINUTE = 20


class LineBroken(ParkTwinError):
    """A line cannot be opened, or is gone; try again after ``Line.retry_s``."""


class Driver(Protocol):
    """Runs one line. See ``sensors.lines.drivers``."""

    async def __call__(
        self, line: Line, devices: tuple[Device, ...], wire: Wire, stop: asyncio.Event
    ) -> None:
        """Run until ``stop``. Raises LineBroken when the line has to be opened again."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """User and password of a line, from the settings; empty where it needs none."""

    user: str = ""
    password: str = ""
    ca_file: str = ""


@dataclass(slots=True, kw_only=True)
class Wire:
    """What a driver has at hand: where frames go, who may speak, what time it is.

    ``present`` are the devices that have shown themselves; they are offline when the line ends.
    ``is_open``: the driver has the port, the connection or the broker.
    """

    line: Line
    sink: FrameSink
    registry: Registry
    clock: Clock
    secret: Secret = field(default_factory=Secret)
    present: set[str] = field(default_factory=set)
    is_open: bool = False
    gate: EventGate = field(default_factory=lambda: EventGate(_EVENTS_PER_MINUTE))

    @property
    def peer(self) -> str:
        """Name of the other side, for the records."""
        line = self.line
        return f"{line.kind.value}:{line.place}" + (f":{line.port}" if line.port else "")

    def heard(self, mn: str) -> None:
        """A device has shown itself."""
        if mn not in self.present:
            self.present.add(mn)
            self.event(LineEventKind.CONNECT, mn=mn)

    def lost(self, mn: str) -> None:
        """A device that was there does not speak any more."""
        if mn in self.present:
            self.present.discard(mn)
            self.event(LineEventKind.DISCONNECT, mn=mn)

    def lost_all(self) -> None:
        """The line is gone, and with it all its devices."""
        self.is_open = False
        for mn in sorted(self.present):
            self.lost(mn)

    def event(self, kind: LineEventKind, detail: str = "", *, mn: str = "", sample: bytes = b"") -> None:
        """Note an event; of each kind only some in a minute, the rest is counted in the next."""
        now_ms = self.clock.now_ms()
        told = kind in (LineEventKind.CONNECT, LineEventKind.DISCONNECT)
        count = 1 if told else self.gate.admit(kind, now_ms)
        if count:
            self.sink.line_event(
                LineEvent(
                    kind=kind,
                    time_ms=now_ms,
                    peer=self.peer,
                    mn=mn,
                    detail=detail,
                    count=count,
                    sample=sample[:_SAMPLE_LEN],
                )
            )


def member_of(line: Line, devices: tuple[Device, ...]) -> Mapping[str, LineMember]:
    """How each device of a line is addressed, by MN."""
    return {row.mn: line.member(row.mn) for row in devices}


def frame_of(
    device: Device, segment: bytes, *, received_ms: int, peer: str, qn: str = "", pno: int = 0
) -> RawFrame:
    """Raw frame of what a device said in a protocol other than HJ 212.

    ``cn`` is the protocol's name; ``qn`` identifies the message: its own id where it has one (so that
    a repeated delivery is known), else the time of receipt, UTC, 17 digits.
    """
    return RawFrame(
        received_ms=received_ms,
        peer=peer,
        segment=segment,
        mn=device.mn,
        st=device.st,
        cn=device.protocol,
        qn=qn or stamp(received_ms),
        pno=pno,
        sha256=hashlib.sha256(segment).hexdigest(),
    )


def stamp(time_ms: int) -> str:
    """Time as 17 digits, UTC.

    >>> stamp(0)
    '19700101000000000'
    """
    return f"{to_datetime(time_ms):%Y%m%d%H%M%S}{time_ms % 1000:03d}"
