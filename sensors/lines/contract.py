"""What a driver of a line is: one coroutine that runs until it is told to stop.

A driver never decides about durability: it hands frames to the sink, and acknowledges to the other
side (an answer, an MQTT acknowledgement) only after the sink has said that they are durable. When a
line breaks it raises ``LineBroken``; who started it waits and starts it again.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from sensors.contract import FrameSink, LineEvent, LineEventKind, Registry
from sensors.hj212.findings import FindingTally
from sensors.hj212.line import LineCount, LineListener
from sensors.hj212.session import Delivery, EventGate
from sensors.hj212.split import SplitTracker
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Hj212House:
    """Diagnoses, split messages and the listener that all lines share on which HJ 212 is spoken."""

    findings: FindingTally | None = None
    splits: SplitTracker | None = None
    listener: LineListener | None = None


@dataclass(slots=True, kw_only=True, eq=False)
class Wire:
    """What a driver has at hand: where frames go, who may speak, what time it is.

    ``present`` are the devices that have shown themselves; they are offline when the line ends.
    ``is_open``: the driver has the port, the connection or the broker, since ``since_ms``; else ``trouble``
    says why not. ``house`` is what lines that speak HJ 212 share with the HJ 212 port. ``speak`` sends to the
    devices of the line, where its driver can; ``homes`` are those that have spoken on it.
    """

    line: Line
    sink: FrameSink
    registry: Registry
    clock: Clock
    secret: Secret = field(default_factory=Secret)
    present: set[str] = field(default_factory=set)
    is_open: bool = False
    since_ms: int = 0
    trouble: str = ""
    count: LineCount = field(default_factory=LineCount)
    house: Hj212House = field(default_factory=Hj212House)
    speak: Callable[[bytes], bool] | None = None
    homes: set[str] = field(default_factory=set)
    gate: EventGate = field(default_factory=lambda: EventGate(_EVENTS_PER_MINUTE))

    @property
    def peer(self) -> str:
        """Name of the other side, for the records."""
        line = self.line
        return f"{line.kind.value}:{line.place}" + (f":{line.port}" if line.port else "")

    def opened(self) -> None:
        """The driver has the line."""
        if not self.is_open:
            self.is_open, self.since_ms, self.trouble = True, self.clock.now_ms(), ""

    def arrived(self, delivery: Delivery, *, at_home: bool) -> None:
        """A good HJ 212 frame is about to be stored; ``at_home``: its device can be reached on this line."""
        listener = self.house.listener
        if at_home and delivery.frame.mn not in self.homes:
            self.homes.add(delivery.frame.mn)
            if listener is not None:
                listener.opened(delivery.frame.mn)
        if listener is not None:
            listener.arrived(delivery)

    def delivered(self, delivery: Delivery) -> None:
        """A good HJ 212 frame is durable; its answer goes out next."""
        self.count.answers += delivery.answer is not None and self.speak is not None
        if self.house.listener is not None:
            self.house.listener.delivered(delivery)

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
        if self.is_open:
            self.is_open, self.since_ms = False, self.clock.now_ms()
        self.speak = None
        for mn in sorted(self.present):
            self.lost(mn)
        homes, self.homes = sorted(self.homes), set()
        for mn in homes:
            if self.house.listener is not None:
                self.house.listener.closed(mn)

    def event(self, kind: LineEventKind, detail: str = "", *, mn: str = "", sample: bytes = b"") -> None:
        """Note an event; of each kind only some in a minute, the rest is counted in the next."""
        now_ms = self.clock.now_ms()
        if kind is LineEventKind.LINE_DOWN:
            self.trouble = detail
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
