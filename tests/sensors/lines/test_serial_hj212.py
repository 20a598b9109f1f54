"""HJ 212 over a serial port: cuts, noise, a cable that is pulled, answers only after durability."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensors.hj212.frame import Framer, Segment
from tests.sensors.line_doubles import MemorySink, upload
from tests.sensors.lines.way_doubles import driven, until, way_device
from tests.support.pty_line import Cable
from tests.support.small_park import HF
from twin.core.line import Line, LineKind

DEVICE = way_device(1, "hj212", HF)
ANSWER_END = b"\r\n"


def line(cable: Cable, **more: object) -> Line:
    told = {"id": "L1", "kind": LineKind.SERIAL, "place": str(cable.path), "baud": 115_200, "retry_s": 0.05}
    return Line(**(told | more))  # type: ignore[arg-type]


def answers(data: bytes) -> list[bytes]:
    framer = Framer(max_data_len=4096, frame_timeout_ms=10_000)
    return [piece.data for piece in framer.feed(data, 0) if isinstance(piece, Segment)]


@pytest.fixture
def cable(tmp_path: Path) -> Cable:
    return Cable(tmp_path)


def test_a_frame_in_pieces_with_noise_around_is_stored_and_answered(cable: Cable) -> None:
    async def play() -> None:
        async with driven(line(cable), DEVICE) as sink:
            frame = upload(DEVICE.mn, qn=1000)
            for part in (b"\x00\xff#noise#", frame[:7], frame[7:60], frame[60:], b"more noise"):
                cable.say(part)
                await asyncio.sleep(0.01)
            said = answers(await cable.wait_heard(ANSWER_END))
            assert len(said) == 1
            assert b"CN=9014" in said[0]
            assert b"QN=20261122101501000" in said[0]
            assert len(sink.durable) == 1
            assert sink.durable[0].peer == f"serial:{cable.path}"
            assert {"connect", "garbage"} <= sink.kinds()

    asyncio.run(play())


def test_no_answer_before_the_frame_is_durable(cable: Cable) -> None:
    async def play() -> None:
        sink = MemorySink(held=True)
        async with driven(line(cable), DEVICE, sink=sink):
            cable.say(upload(DEVICE.mn))
            await until(lambda: sink.in_flight == 1)
            await asyncio.sleep(0.3)
            assert cable.heard() == b""
            sink.release()
            assert b"CN=9014" in await cable.wait_heard(ANSWER_END)

    asyncio.run(play())


def test_on_a_half_duplex_wire_we_speak_only_in_a_pause(cable: Cable) -> None:
    async def play() -> None:
        async with driven(line(cable), DEVICE) as sink:
            second = upload(DEVICE.mn, qn=2000)
            cable.say(upload(DEVICE.mn, qn=1000) + second[:20])
            await until(lambda: len(sink.durable) == 1)
            for k in range(20, len(second), 8):  # the instrument goes on speaking
                cable.say(second[k : k + 8])
                assert cable.heard() == b""
                await asyncio.sleep(0.002)
            heard = b""
            async with asyncio.timeout(10):
                while heard.count(b"CN=9014") < 2:
                    heard += cable.heard()
                    await asyncio.sleep(0.005)
            assert [part.split(b";")[0] for part in answers(heard)] == [
                b"QN=20261122101501000",
                b"QN=20261122101502000",
            ]

    asyncio.run(play())


def test_a_pulled_cable_comes_back(cable: Cable) -> None:
    async def play() -> None:
        async with driven(line(cable), DEVICE) as sink:
            cable.say(upload(DEVICE.mn, qn=1000))
            await cable.wait_heard(ANSWER_END)
            cable.pull_out()
            await until(lambda: "line_down" in sink.kinds())
            assert "disconnect" in sink.kinds()
            cable.plug_in()
            async with asyncio.timeout(10):
                while len(sink.durable) < 2:  # opening a port drops what it held: loggers send again
                    cable.say(upload(DEVICE.mn, qn=2000))
                    await asyncio.sleep(0.2)
            assert [event.kind.value for event in sink.events].count("connect") == 2

    asyncio.run(play())


def test_an_own_echo_is_not_read_as_noise(cable: Cable) -> None:
    async def play() -> None:
        async with driven(line(cable, echo=True), DEVICE) as sink:
            cable.say(upload(DEVICE.mn, qn=1000))
            answer = await cable.wait_heard(ANSWER_END)
            cable.say(answer + upload(DEVICE.mn, qn=2000))
            assert len(await cable.wait_heard(ANSWER_END)) == len(answer)
            assert "garbage" not in sink.kinds()
            assert sink.quarantined == []

    asyncio.run(play())


def test_a_device_of_another_line_is_a_stranger_here(cable: Cable) -> None:
    async def play() -> None:
        async with driven(line(cable), DEVICE) as sink:
            cable.say(upload("510000000000000000000007"))
            await until(lambda: len(sink.quarantined) == 1)
            assert sink.durable == []
            await asyncio.sleep(0.3)
            assert cable.heard() == b""

    asyncio.run(play())


@settings(max_examples=8, deadline=None)
@given(cuts=st.lists(st.integers(1, 40), min_size=1, max_size=12), noise=st.binary(max_size=30))
def test_what_is_stored_does_not_depend_on_the_cuts(tmp_path_factory, cuts: list[int], noise: bytes) -> None:  # type: ignore[no-untyped-def]
    cable = Cable(tmp_path_factory.mktemp("cable"))
    stream = noise + upload(DEVICE.mn, qn=1000) + upload(DEVICE.mn, qn=2000)

    async def play() -> None:
        async with driven(line(cable), DEVICE) as sink:
            rest = stream
            for cut in cuts:
                cable.say(rest[:cut]) if rest else None
                rest = rest[cut:]
                await asyncio.sleep(0.001)
            cable.say(rest) if rest else None
            await until(lambda: len(sink.durable) == 2)

    asyncio.run(play())
    cable.pull_out()
