"""Weather heads on serial ports and behind serial device servers."""

from __future__ import annotations

import asyncio
import struct
from contextlib import closing, suppress
from pathlib import Path

import pytest

from sensors.table import sensor_row
from sensors.weather import umb
from sensors.weather.vaisala import crc_text
from tests.sensors.lines.way_doubles import driven, until, way_device
from tests.support.pty_line import Cable
from twin.core.device import Factor
from twin.core.line import Line, LineKind, LineMember
from twin.core.observation import Check, Mark

WXT = (
    Factor(code="Dm", quantity="wind_from", unit="deg", low=0.0, high=360.0),
    Factor(code="Sm", quantity="wind_speed", unit="m/s", low=0.0, high=60.0),
    Factor(code="Ta", quantity="air_temperature", unit="degC", low=-40.0, high=80.0),
    Factor(code="Pa", quantity="air_pressure", unit="hPa", low=300.0, high=1100.0),
)
LUFFT = (
    Factor(code="100", quantity="air_temperature", unit="degC", low=-40.0, high=80.0),
    Factor(code="400", quantity="wind_speed", unit="m/s", low=0.0, high=60.0),
)


def serial(cable: Cable, *members: LineMember, **more: object) -> Line:
    told = {"id": "L1", "kind": LineKind.SERIAL, "place": str(cable.path), "retry_s": 0.05, "timeout_s": 0.2}
    return Line(**(told | {"members": members, "poll_s": 0.05} | more))  # type: ignore[arg-type]


@pytest.fixture
def cable(tmp_path: Path) -> Cable:
    return Cable(tmp_path)


def test_a_head_that_speaks_by_itself(cable: Cable) -> None:
    device = way_device(0, "vaisala", WXT)

    async def play() -> None:
        async with driven(serial(cable), device) as sink:
            cable.say(b"dud line\r\n0R1,Dm=236D,S")
            await asyncio.sleep(0.02)
            cable.say(b"m=1.8N,Sx=9.9M\r\n0R2,Ta=23.6C,Pa=12345.0H\r\n")
            await until(lambda: len(sink.durable) == 2)
            assert "garbage" in sink.kinds()
            wind, air = [sensor_row("vaisala").decode(frame, device, 8.0) for frame in sink.durable]
            assert wind.unknown_codes == ()
            values = {row.quantity: row for row in wind.observations + air.observations}
            assert values["wind_from"].value == 236.0
            assert values["wind_speed"].value == pytest.approx(0.926, abs=1e-3)
            assert values["air_temperature"].value == pytest.approx(296.75)
            assert values["air_pressure"].checks & Check.OUT_OF_RANGE
            assert values["air_pressure"].value == pytest.approx(1_234_500.0)  # kept, and marked

    asyncio.run(play())


def test_two_polled_heads_share_a_wire_and_each_check_is_tested(cable: Cable) -> None:
    first, second = way_device(0, "vaisala", WXT), way_device(2, "vaisala", WXT)
    members = (
        LineMember(mn=first.mn, address="0", ask="0r1xxx"),
        LineMember(mn=second.mn, address="1", ask="1r1xxx"),
    )

    async def answer_for_ever() -> None:
        held = b""
        while True:
            held += cable.heard()
            while b"\r\n" in held:
                asked, held = held.split(b"\r\n", 1)
                body = f"{chr(asked[0])}r1,Dm=10{chr(asked[0])}D,Sm=2.0M"
                cable.say(f"{body}{crc_text(body.encode())}\r\n".encode())
            await asyncio.sleep(0.003)

    async def play() -> None:
        async with driven(serial(cable, *members), first, second) as sink:
            heads = asyncio.create_task(answer_for_ever())
            await until(lambda: {row.mn for row in sink.durable} == {first.mn, second.mn})
            heads.cancel()
            for frame in sink.durable:
                device = first if frame.mn == first.mn else second
                rows = sensor_row("vaisala").decode(frame, device, 8.0).observations
                assert rows[0].value == (100.0 if device is first else 101.0)
            await until(lambda: [e.kind.value for e in sink.events].count("disconnect") == 2)
            assert "no_answer" in sink.kinds()

    asyncio.run(play())


def test_a_wrong_check_sum_stores_nothing(cable: Cable) -> None:
    device = way_device(0, "nmea", (Factor(code="MWV:speed", quantity="wind_speed", unit="m/s"),))

    async def play() -> None:
        async with driven(serial(cable), device) as sink:
            cable.say(b"$WIMWV,292,R,0.1,M,A*37\r\n$WIMWV,282,R,0.1,M,A*37\r\n")
            await until(lambda: len(sink.durable) == 1)
            assert sink.durable[0].segment == b"$WIMWV,282,R,0.1,M,A*37"
            assert "bad_checksum" in sink.kinds()

    asyncio.run(play())


def test_umb_behind_a_serial_device_server() -> None:
    device = way_device(0, "umb", LUFFT)
    asked: list[bytes] = []

    async def station(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError), closing(writer):
            while True:
                head = await reader.readexactly(8)
                question = head + await reader.readexactly(head[6] + 4)
                asked.append(question)
                rows = b"".join(
                    struct.pack("<BBHBf", 8, 0, channel, 0x16, value) for channel, value in ((100, -3.5),)
                ) + bytes.fromhex("0455900116")
                body = bytes([umb.CHANNELS, umb.VERSION, 0, 2]) + rows
                answer = umb.framed(umb.MASTER, 0x7001, body)
                writer.write(b"\xff\xff" + answer[:9])
                await writer.drain()
                await asyncio.sleep(0.005)
                writer.write(answer[9:])

    async def play() -> None:
        server = await asyncio.start_server(station, "127.0.0.1", 0)
        line = Line(
            id="L1",
            kind=LineKind.TCP_CLIENT,
            place="127.0.0.1",
            port=server.sockets[0].getsockname()[1],
            poll_s=0.05,
            members=(LineMember(mn=device.mn, address="7001"),),
        )
        async with driven(line, device) as sink:
            await until(lambda: len(sink.durable) >= 1)
            assert asked[0] == umb.question(0x7001, [100, 400])
            rows = sensor_row("umb").decode(sink.durable[0], device, 8.0).observations
            assert [row.value for row in rows] == [pytest.approx(269.65), None]
            assert [row.mark for row in rows] == [Mark.NORMAL, Mark.FAULT]
        server.close()
        await server.wait_closed()
        await asyncio.sleep(0.05)  # the handlers of its connections end

    asyncio.run(play())


def test_a_server_that_is_not_there_is_tried_again() -> None:
    device = way_device(0, "vaisala", WXT)

    async def speak(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"0R1,Dm=236D,Sm=1.8M\r\n")
        with suppress(ConnectionError), closing(writer):
            await writer.drain()

    async def play() -> None:
        server = await asyncio.start_server(speak, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        server.close()
        await server.wait_closed()
        line = Line(id="L1", kind=LineKind.TCP_CLIENT, place="127.0.0.1", port=port, retry_s=0.05)
        async with driven(line, device, there=False) as sink:
            await until(lambda: "line_down" in sink.kinds())
            server = await asyncio.start_server(speak, "127.0.0.1", port)
            await until(lambda: len(sink.durable) >= 1)
            server.close()
        await server.wait_closed()
        await asyncio.sleep(0.05)  # the handlers of its connections end

    asyncio.run(play())
