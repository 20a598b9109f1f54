"""Devices, lines and a running driver for tests of the ways in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

from sensors.lines.contract import Secret
from tests.sensors.line_doubles import MemorySink, OpenRegistry
from tests.support.small_park import small_park
from twin.core.clock import FixedClock
from twin.core.device import Device, Factor
from twin.core.line import Line
from twin.core.park import Park
from twin.live.ways import Ways

NOW_MS = 1_795_312_000_000


def way_device(
    number: int, protocol: str, codes: tuple[Factor, ...], *, line: str = "L1", interval_s: float = 5.0
) -> Device:
    device = small_park(number + 1).devices[number]
    return replace(device, protocol=protocol, line=line, factors=codes, interval_s=interval_s)


def park_with(line: Line, *devices: Device) -> Park:
    return replace(small_park(0), lines=(line,), devices=devices)


@asynccontextmanager
async def driven(
    line: Line,
    *devices: Device,
    sink: MemorySink | None = None,
    there: bool = True,
    secret: Secret | None = None,
) -> AsyncIterator[MemorySink]:
    """The line's driver at work; ``there``: wait until it has the port (opening one drops what it held)."""
    sink = sink or MemorySink()
    known = {row.mn: row for row in devices}
    registry = OpenRegistry(device=lambda mn: known[mn], passwords={mn: "123456" for mn in known})
    ways = Ways(park_with(line, *devices), sink, registry, FixedClock(NOW_MS), secret)
    ways.start()
    try:
        await until(lambda: ways.open == (line.id,) or not there)
        yield sink
    finally:
        await ways.close()


async def until(true: Callable[[], bool], timeout_s: float = 15.0) -> None:
    async with asyncio.timeout(timeout_s):
        while not true():
            await asyncio.sleep(0.005)
