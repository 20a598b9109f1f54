"""The other ways in: drivers of the scene's lines, started with ingest and started again when they end.

One line that breaks harms no other: each has its own task, its own pause, its own events.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from pathlib import Path

from sensors.contract import FrameSink, LineEventKind, Registry
from sensors.hj212.line import LineCount
from sensors.lines.contract import Driver, Hj212House, LineBroken, Secret, Wire
from sensors.lines.counted import CountedSink
from sensors.lines.drivers import driver_of
from twin.core.clock import Clock
from twin.core.device import Device
from twin.core.errors import ParkTwinError, SettingsError
from twin.core.line import Line
from twin.core.park import Park
from twin.live.parts import Parts
from twin.live.settings import Settings

_log = logging.getLogger(__name__)
_CLOSE_S = 12.0
# A driver that fails for a reason of ours is tried again too, but not in a hurry.
_FAULT_PAUSE_S = 30.0


def line_secret(settings: Settings) -> Secret:
    """User, password and authority for brokers. Raises SettingsError for a file that cannot be read."""
    password = ""
    if settings.mqtt_password_file:
        try:
            password = Path(settings.mqtt_password_file).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(
                f"mqtt_password_file {settings.mqtt_password_file} cannot be read: {error}",
                message_zh=f"mqtt_password_file {settings.mqtt_password_file} 无法读取：{error}",
                field="mqtt_password_file",
                value=settings.mqtt_password_file,
            ) from None
    return Secret(user=settings.mqtt_user, password=password, ca_file=settings.mqtt_ca_file)


class Ways:
    """All lines of a park. ``start`` inside a running event loop, ``close`` before the sink ends."""

    def __init__(
        self,
        park: Park,
        sink: FrameSink,
        registry: Registry,
        clock: Clock,
        secret: Secret | None = None,
        parts: Parts | None = None,
        house: Hj212House | None = None,
    ) -> None:
        self._park = park
        self._sink = sink
        self._registry = registry
        self._clock = clock
        self._secret = secret or Secret()
        self._parts = parts
        self._house = house or Hj212House()
        self._stop = asyncio.Event()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._wires: dict[str, Wire] = {}

    def start(self) -> None:
        """Start a task for every line that has devices."""
        for line in self._park.lines:
            devices = tuple(row for row in self._park.devices if row.line == line.id)
            if devices:
                self._tasks[line.id] = self._begin(line, devices)

    @property
    def open(self) -> tuple[str, ...]:
        """Lines that are there: the port, the connection or the broker was had."""
        return tuple(name for name, wire in self._wires.items() if wire.is_open)

    @property
    def wires(self) -> tuple[tuple[Wire, tuple[Device, ...]], ...]:
        """All lines with the devices that are registered on them."""
        devices = self._park.devices
        return tuple(
            (wire, tuple(row for row in devices if row.line == name)) for name, wire in self._wires.items()
        )

    def has_line(self, mn: str) -> bool:
        """Whether a device has spoken on an open line on which it can be told something."""
        return any(mn in wire.homes and wire.speak is not None for wire in self._wires.values())

    def send(self, mn: str, data: bytes) -> bool:
        """Send to a device on its line; False when none takes it."""
        return any(
            wire.speak(data) for wire in self._wires.values() if mn in wire.homes and wire.speak is not None
        )

    async def close(self) -> None:
        """Let the drivers finish what they hold, and end."""
        self._stop.set()
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks.values(), timeout=_CLOSE_S)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    def _begin(self, line: Line, devices: tuple[Device, ...]) -> asyncio.Task[None]:
        if self._parts is None:
            return asyncio.create_task(self._keep(line, devices), name=f"line {line.id}")
        return self._parts.start(f"line:{line.id}", partial(self._keep, line, devices))

    async def _keep(self, line: Line, devices: tuple[Device, ...]) -> None:
        """Run a line's driver again and again until told to stop."""
        count = LineCount()
        wire = Wire(
            line=line,
            sink=CountedSink(self._sink, count),
            count=count,
            house=self._house,
            since_ms=self._clock.now_ms(),
            registry=self._registry,
            clock=self._clock,
            secret=self._secret,
        )
        self._wires[line.id] = wire
        drive = driver_of(line, devices)
        while not self._stop.is_set():
            pause_s = await self._once(drive, line, devices, wire)
            if pause_s > 0:
                try:
                    await asyncio.wait_for(self._stop.wait(), pause_s)
                except TimeoutError:
                    continue

    async def _once(self, drive: Driver, line: Line, devices: tuple[Device, ...], wire: Wire) -> float:
        """One life of a driver; how long to wait before the next."""
        try:
            await drive(line, devices, wire, self._stop)
        except LineBroken as error:
            _log.info("%s", error.message)
            wire.event(LineEventKind.LINE_DOWN, error.message)
            return line.retry_s
        except (ParkTwinError, ArithmeticError, LookupError, OSError, TypeError, ValueError) as error:
            _log.error("line %s ended by a fault", line.id, exc_info=error)
            wire.event(LineEventKind.LINE_DOWN, repr(error))
            return max(line.retry_s, _FAULT_PAUSE_S)
        finally:
            wire.lost_all()
        return 0.0
