"""The server on loopback: no answer before durability, order, identity, limits, clean close."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from sensors.contract import LineEventKind, LineLimits, Receipt
from sensors.hj212 import codec
from sensors.hj212.client import LinkSettings, LoggerClient, segment_of
from sensors.hj212.server import Hj212Server, Pace, serve
from tests.sensors.line_doubles import MemorySink, OpenRegistry, upload
from twin.core.clock import FixedClock, SystemClock
from twin.core.errors import StoreError
from twin.core.observation import RawFrame

LOOPBACK = "127.0.0.1"


def run(work: Coroutine[Any, Any, None]) -> None:
    async def limited() -> None:
        async with asyncio.timeout(20):
            await work
            await asyncio.sleep(0.02)  # the tests' own sockets close on the next turns of the loop

    asyncio.run(limited())


@asynccontextmanager
async def serving(
    sink: MemorySink, registry: OpenRegistry | None = None, **limits: Any
) -> AsyncIterator[Hj212Server]:
    server = await serve(LOOPBACK, 0, sink, registry or OpenRegistry(), SystemClock(), LineLimits(**limits))
    try:
        yield server
    finally:
        await server.close()


async def answer_qns(reader: asyncio.StreamReader, count: int) -> list[str]:
    lines = [await reader.readuntil(b"\r\n") for _ in range(count)]
    messages = [codec.parse(segment_of(line)) for line in lines]
    assert all(message.cn == "9014" for message in messages)
    return [message.qn or "" for message in messages]


def test_no_answer_before_the_frame_is_durable():
    async def work() -> None:
        sink = MemorySink(held=True)
        async with serving(sink) as server:
            reader, writer = await asyncio.open_connection(LOOPBACK, server.port)
            frames = [upload(qn=k) for k in range(20)]
            writer.write(b"".join(frames))
            while sink.in_flight < 20:
                await asyncio.sleep(0.005)
            reading = asyncio.create_task(answer_qns(reader, 20))
            await asyncio.sleep(0.1)
            assert not reading.done()
            assert sink.durable == []
            sink.release()
            wanted = [codec.parse(segment_of(row)).qn for row in frames]
            assert await reading == wanted
            assert [row.qn for row in sink.durable] == wanted
            assert sink.most_in_flight == 20
            writer.close()

    run(work())


def test_every_answer_finds_its_frame_durable():
    """At each single answer the frame that it names is already in the sink."""

    async def work() -> None:
        sink = MemorySink()
        async with serving(sink) as server:
            reader, writer = await asyncio.open_connection(LOOPBACK, server.port)
            writer.write(b"".join(upload(qn=k) for k in range(200)))
            for _ in range(200):
                (qn,) = await answer_qns(reader, 1)
                assert qn in {row.qn for row in sink.durable}
            writer.close()

    run(work())


def test_frame_that_cannot_be_stored_is_not_answered():
    class FailingOnce(MemorySink):
        async def accept(self, frame: RawFrame) -> Receipt:
            if frame.qn.endswith("001"):
                message = "disk is full"
                raise StoreError(message)
            return await super().accept(frame)

    async def work() -> None:
        sink = FailingOnce()
        async with serving(sink) as server:
            reader, writer = await asyncio.open_connection(LOOPBACK, server.port)
            writer.write(upload(qn=1) + upload(qn=2))
            assert (await answer_qns(reader, 1))[0].endswith("002")
            assert LineEventKind.STORE_FAILED.value in sink.kinds()
            writer.close()

    run(work())


def test_strangers_and_wrong_passwords_are_quarantined_without_an_answer():
    async def work() -> None:
        sink = MemorySink()
        async with serving(sink, OpenRegistry(passwords={"A1": "secret"})) as server:
            reader, writer = await asyncio.open_connection(LOOPBACK, server.port)
            writer.write(upload("B2", qn=1) + upload(qn=2, pw="guess") + upload(qn=3, pw="secret"))
            assert (await answer_qns(reader, 1))[0].endswith("003")
            reasons = [reason.value for _, reason in sink.quarantined]
            assert reasons == ["unknown_device", "wrong_password"]
            assert [row.mn for row in sink.durable] == ["A1"]
            assert list(server.stats.devices) == ["A1"]
            writer.close()

    run(work())


def test_too_many_connections_are_refused_and_the_others_live():
    async def work() -> None:
        sink = MemorySink()
        async with serving(sink, max_connections=2) as server:
            lines = [await asyncio.open_connection(LOOPBACK, server.port) for _ in range(2)]
            for k, (reader, writer) in enumerate(lines):
                writer.write(upload(qn=10 + k))
                await answer_qns(reader, 1)
            late_reader, late_writer = await asyncio.open_connection(LOOPBACK, server.port)
            with contextlib.suppress(ConnectionError):
                assert await late_reader.read() == b""
            assert LineEventKind.REFUSED.value in sink.kinds()
            lines[0][1].write(upload(qn=1))
            await answer_qns(lines[0][0], 1)
            for _, writer in [*lines, (late_reader, late_writer)]:
                writer.close()

    run(work())


def test_a_line_on_which_nobody_known_speaks_gives_way():
    """Whoever opens all lines and says nothing keeps no instrument out; a known device keeps its line."""

    async def work() -> None:
        sink = MemorySink()
        async with serving(sink, max_connections=3) as server:
            known = await asyncio.open_connection(LOOPBACK, server.port)
            known[1].write(upload(qn=1))
            await answer_qns(known[0], 1)
            strangers = [await asyncio.open_connection(LOOPBACK, server.port) for _ in range(2)]
            while server.stats.connections < 3:
                await asyncio.sleep(0.005)
            late = await asyncio.open_connection(LOOPBACK, server.port)
            late[1].write(upload(qn=2))
            await answer_qns(late[0], 1)
            assert await strangers[0][0].read() == b"", "the oldest stranger has gone"
            known[1].write(upload(qn=3))
            await answer_qns(known[0], 1)
            for _, writer in (known, late, *strangers):
                writer.close()

    run(work())


def test_noise_ends_a_line_and_is_folded_into_few_events():
    async def work() -> None:
        sink = MemorySink()
        async with serving(sink, max_bad_bytes=20_000, max_events_per_minute=5) as server:
            reader, writer = await asyncio.open_connection(LOOPBACK, server.port)
            with contextlib.suppress(ConnectionError):
                for _ in range(40):
                    writer.write(b"GET / HTTP/1.1 " * 100)
                    await writer.drain()
                assert await reader.read() == b""
            garbage = [row for row in sink.events if row.kind is LineEventKind.GARBAGE]
            assert 1 <= len(garbage) <= 10
            writer.close()

    run(work())


def test_idle_lines_are_closed():
    async def work() -> None:
        sink = MemorySink()
        async with serving(sink, idle_timeout_s=0.2) as server:
            reader, writer = await asyncio.open_connection(LOOPBACK, server.port)
            assert await reader.read() == b""
            writer.close()

    run(work())


def test_close_stores_and_answers_what_was_read():
    async def work() -> None:
        sink = MemorySink(held=True)
        server = await serve(LOOPBACK, 0, sink, OpenRegistry(), FixedClock(0))
        reader, writer = await asyncio.open_connection(LOOPBACK, server.port)
        writer.write(upload(qn=7))
        while not sink.in_flight:
            await asyncio.sleep(0.005)
        closing = asyncio.create_task(server.close())
        await asyncio.sleep(0.05)
        sink.release()
        await answer_qns(reader, 1)
        await closing
        assert [row.qn[-3:] for row in sink.durable] == ["007"]
        assert server.stats.connections == 0
        writer.close()

    run(work())


def test_rate_limit_lets_a_second_through_and_then_holds():
    pace = Pace(50.0, now_s=0.0)
    assert pace.wait_s(50, 0.0) == 0.0
    assert pace.wait_s(25, 0.0) == 0.5
    assert pace.wait_s(0, 1.0) == 0.0


def test_logger_sends_again_until_answered_and_loses_nothing():
    """A platform that ignores first tries, then hangs up, still gets each frame and answers it."""

    async def work() -> None:
        sink = MemorySink()
        seen: dict[str, int] = {}

        class Forgetful(MemorySink):
            async def accept(self, frame: RawFrame) -> Receipt:
                seen[frame.qn] = seen.get(frame.qn, 0) + 1
                if seen[frame.qn] < 2:
                    message = "not now"
                    raise StoreError(message)
                return await sink.accept(frame)

        async with serving(Forgetful()) as server:
            client = LoggerClient(LOOPBACK, server.port, LinkSettings(over_time_s=0.2, back_off_s=0.05))
            running = asyncio.create_task(client.run())
            for k in range(50):
                client.offer(upload(qn=k))
            await asyncio.sleep(0.05)
            client.hang_up(0.1)
            await client.drained()
            assert sorted(row.qn[-3:] for row in sink.durable) == [f"{k:03d}" for k in range(50)]
            assert client.stats.answered == 50
            client.close()
            await running

    run(work())


def test_logger_keeps_frames_while_there_is_no_platform():
    async def work() -> None:
        sink = MemorySink()
        server = await serve(LOOPBACK, 0, sink, OpenRegistry(), SystemClock())
        port = server.port
        await server.close()
        client = LoggerClient(LOOPBACK, port, LinkSettings(back_off_s=0.05, max_kept=5))
        running = asyncio.create_task(client.run())
        for k in range(8):
            client.offer(upload(qn=k))
        await asyncio.sleep(0.1)
        assert client.open_frames == 5
        assert client.stats.dropped == 3
        server = await serve(LOOPBACK, port, sink, OpenRegistry(), SystemClock())
        await client.drained()
        assert [row.qn[-3:] for row in sink.durable] == ["003", "004", "005", "006", "007"]
        client.close()
        await running
        await server.close()

    run(work())
