"""The poller against a real Modbus server: over TCP on loopback, and RTU over two joined pseudo-terminals."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sensors.table import sensor_row
from tests.sensors.lines.way_doubles import driven, until, way_device
from tests.support.modbus_server import rtu_server, sim_device, tcp_server
from tests.support.pty_line import Cable
from twin.core.device import Device, Factor
from twin.core.line import Line, LineKind, LineMember
from twin.core.observation import Mark, Observation, RawFrame

FIVE = (
    Factor(code="3:0:u16", quantity="wind_speed", unit="m/s", scale=0.01, low=0.0, high=60.0),
    Factor(code="3:1:u16", quantity="wind_from", unit="deg", low=0.0, high=360.0),
    Factor(code="3:2:s16", quantity="air_temperature", unit="degC", scale=0.1, low=-40.0, high=80.0),
    Factor(code="3:3:u16", quantity="relative_humidity", unit="%", scale=0.1, low=0.0, high=100.0),
    Factor(code="3:4:u16", quantity="air_pressure", unit="hPa", scale=0.1, low=300.0, high=1100.0),
)
ABSENT = 99
WORDS = [345, 270, 0x10000 - 35, 473, 10101]


def values(frame: RawFrame, device: Device) -> dict[str, Observation]:
    return {row.quantity: row for row in sensor_row("modbus").decode(frame, device, 8.0).observations}


def tcp_line(port: int, *members: LineMember, **more: object) -> Line:
    told = {"id": "L1", "kind": LineKind.MODBUS_TCP, "place": "127.0.0.1", "port": port, "members": members}
    return Line(**(told | {"poll_s": 0.05, "timeout_s": 0.3, "retry_s": 0.05} | more))  # type: ignore[arg-type]


def test_five_parameters_over_tcp_are_one_question() -> None:
    device = way_device(0, "modbus", FIVE)

    async def play() -> None:
        async with tcp_server(sim_device(1, {0: WORDS})) as port, driven(tcp_line(port), device) as sink:
            await until(lambda: len(sink.durable) >= 1)
            frame = sink.durable[0]
            assert frame.segment.endswith(b";3:0:5=0159010EFFDD01D92775")
            rows = values(frame, device)
            assert round(rows["wind_speed"].value or 0.0, 9) == 3.45
            assert rows["wind_from"].value == 270.0
            assert round(rows["air_temperature"].value or 0.0, 6) == 269.65
            assert round(rows["air_pressure"].value or 0.0, 6) == 101_010.0

    asyncio.run(play())


def test_a_register_that_is_not_there_costs_only_its_own_value() -> None:
    device = way_device(0, "modbus", (*FIVE[:2], Factor(code="3:6:u16", quantity="ph", unit="pH")))

    async def play() -> None:
        async with tcp_server(sim_device(1, {0: WORDS[:2]})) as port, driven(tcp_line(port), device) as sink:
            await until(lambda: len(sink.durable) >= 1)
            rows = values(sink.durable[0], device)
            assert rows["wind_from"].value == 270.0
            assert (rows["ph"].value, rows["ph"].mark, rows["ph"].raw_text) == (None, Mark.FAULT, "!2")
            assert "exception_answer" in sink.kinds()

    asyncio.run(play())


async def _silent_after(count: int) -> tuple[asyncio.Server, int]:
    """A server that answers so many questions for registers 0 to 4 and then says nothing."""
    left = [count]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(64):
                if left[0] > 0:
                    left[0] -= 1
                    body = b"\x01\x03\x0a" + b"".join(word.to_bytes(2, "big") for word in WORDS)
                    writer.write(data[:4] + len(body).to_bytes(2, "big") + body)
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    return server, int(server.sockets[0].getsockname()[1])


def test_silence_is_a_missing_value_and_not_the_old_one() -> None:
    device = way_device(0, "modbus", FIVE)

    async def play() -> None:
        server, port = await _silent_after(1)
        async with driven(tcp_line(port), device) as sink:
            await until(lambda: "disconnect" in sink.kinds())
            good, gone = sink.durable[:2]
            assert values(good, device)["wind_from"].value == 270.0
            assert {(row.value, row.mark) for row in values(gone, device).values()} == {(None, Mark.NO_LINK)}
            assert "no_answer" in sink.kinds()
            await until(lambda: "line_down" in sink.kinds())
            assert len(sink.durable) == 2  # the outage is told once
        server.close()
        await asyncio.sleep(0.05)

    asyncio.run(play())


@asynccontextmanager
async def joined(folder: Path) -> AsyncIterator[tuple[Path, Path]]:
    """Two serial ports with a cable between them."""
    ends = []
    for name in ("a", "b"):
        (folder / name).mkdir()
        ends.append(Cable(folder / name))

    async def pump(source: Cable, sink: Cable) -> None:
        while True:
            data = source.heard()
            if data and data[0] != ABSENT:  # nobody on the bus hears what is for that unit
                sink.say(data)
            await asyncio.sleep(0.001)

    tasks = [asyncio.create_task(pump(*ends)), asyncio.create_task(pump(ends[1], ends[0]))]
    try:
        yield ends[0].path, ends[1].path
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for end in ends:
            end.pull_out()


def test_two_units_on_a_serial_bus_and_one_that_is_missing(tmp_path: Path) -> None:
    first, second, gone = (way_device(number, "modbus", FIVE) for number in (0, 2, 4))
    members = tuple(
        LineMember(mn=row.mn, address=unit)
        for row, unit in ((first, "1"), (second, "17"), (gone, str(ABSENT)))
    )

    async def play() -> None:
        async with joined(tmp_path) as (ours, theirs):
            units = [sim_device(1, {0: WORDS}), sim_device(17, {0: [100, 90, 0, 500, 10000]})]
            async with rtu_server(str(theirs), *units):
                line = Line(
                    id="L1",
                    kind=LineKind.MODBUS_RTU,
                    place=str(ours),
                    baud=115_200,
                    poll_s=0.05,
                    timeout_s=0.5,
                    members=members,
                )
                async with driven(line, first, second, gone) as sink:
                    await until(lambda: {row.mn for row in sink.durable} == {first.mn, second.mn})
                    await until(lambda: "no_answer" in sink.kinds())
                    by_mn = {row.mn: row for row in sink.durable}
                    assert values(by_mn[first.mn], first)["wind_from"].value == 270.0
                    assert values(by_mn[second.mn], second)["wind_from"].value == 90.0
                    assert b";3:0:5=" in by_mn[second.mn].segment
                    assert by_mn[second.mn].segment.startswith(b"MODBUS/1;unit=17;")

    asyncio.run(play())
