"""Hostile clients: lists, floods, strangers, noise; the others do not notice."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensors.contract import LineEventKind, LineLimits
from sensors.hj212.door import AddressLists, Door, Pace, homes_of, networks_of
from sensors.hj212.server import Hj212Server, serve
from tests.sensors.line_doubles import MemorySink, OpenRegistry, upload
from twin.core.clock import SystemClock
from twin.core.errors import SettingsError

LOOPBACK = "127.0.0.1"


def run(work: Coroutine[Any, Any, None]) -> None:
    async def limited() -> None:
        async with asyncio.timeout(60):
            await work
            await asyncio.sleep(0.02)

    asyncio.run(limited())


@asynccontextmanager
async def serving(
    sink: MemorySink,
    registry: OpenRegistry | None = None,
    lists: AddressLists | None = None,
    **limits: Any,
) -> AsyncIterator[Hj212Server]:
    made = LineLimits(**limits)
    server = await serve(LOOPBACK, 0, sink, registry or OpenRegistry(), SystemClock(), made, lists=lists)
    try:
        yield server
    finally:
        await server.close()


async def call(server: Hj212Server, data: bytes, *, own: str = LOOPBACK) -> bytes:
    """Send and read the answer; empty where the line was closed."""
    reader, writer = await asyncio.open_connection(LOOPBACK, server.port, local_addr=(own, 0))
    try:
        writer.write(data)
        return await asyncio.wait_for(reader.read(4096), 20)
    except ConnectionError:
        return b""
    finally:
        writer.close()


def test_lists_of_addresses():
    lists = AddressLists(
        allow=networks_of("10.0.0.0/8, 192.168.1.7", field_name="hj212_allow"),
        block=networks_of("10.9.0.0/16", field_name="hj212_block"),
        homes=homes_of("A1=10.0.0.7, A1=10.1.0.0/16, B2=::1", field_name="hj212_homes"),
    )
    admitted = [host for host in ("10.0.0.1", "10.9.1.1", "192.168.1.7", "8.8.8.8") if lists.admits(host)]
    assert admitted == ["10.0.0.1", "192.168.1.7"]
    assert lists.admits("::ffff:10.0.0.1"), "an IPv4 address in an IPv6 coat"
    assert not lists.admits("no address")
    assert lists.is_home("A1", "10.1.2.3")
    assert not lists.is_home("A1", "10.2.2.3")
    assert lists.is_home("C3", "8.8.8.8"), "who has no home is at home everywhere"
    assert AddressLists().admits("anything")


@pytest.mark.parametrize("text", ["10.0.0.0/33", "nonsense", "1.2.3"])
def test_a_bad_entry_is_named(text: str):
    with pytest.raises(SettingsError, match="hj212_allow"):
        networks_of(f"10.0.0.0/8, {text}", field_name="hj212_allow")
    with pytest.raises(SettingsError, match="hj212_homes"):
        homes_of(text, field_name="hj212_homes")


def test_only_listed_addresses_get_a_line_and_devices_speak_from_home():
    async def work() -> None:
        sink = MemorySink()
        lists = AddressLists(
            allow=networks_of("127.0.0.0/30", field_name="x"),
            block=networks_of("127.0.0.3", field_name="x"),
            homes=homes_of("A1=127.0.0.1", field_name="x"),
        )
        async with serving(sink, lists=lists) as server:
            assert b"9014" in await call(server, upload(qn=1))
            assert await call(server, upload(qn=2), own="127.0.0.3") == b""
            assert await call(server, upload(qn=3), own="127.0.0.9") == b""
            assert server.stats.refused == 2
            away = asyncio.create_task(call(server, upload(qn=4) + upload("B2", qn=5), own="127.0.0.2"))
            assert b"MN=B2" in await away, "B2 may, A1 may not"
            assert [row.mn for row in sink.durable] == ["A1", "B2"]
            assert [row.mn for row, _ in sink.quarantined] == ["A1"]

    run(work())


@pytest.mark.parametrize(
    "noise", [b"##", b"#", b"##1", b"##0010", b"##0004Q", b"\x00\xff", b"##9999" + b"A" * 40]
)
def test_a_flood_of_noise_is_ended_soon_and_cheaply(noise: bytes):
    """A connection that brings nothing else is closed after little of it was looked at."""

    async def work() -> None:
        sink = MemorySink()
        async with serving(sink) as server:
            reader, writer = await asyncio.open_connection(LOOPBACK, server.port)
            with contextlib.suppress(ConnectionError):
                for _ in range(64):
                    writer.write(noise * (8192 // len(noise)))
                    await writer.drain()
                await reader.read()
            writer.close()
            (line,) = server.lines or (None,)
            while server.stats.connections:
                await asyncio.sleep(0.005)
            assert line is None or line.count.bytes <= 80_000
            assert LineEventKind.REFUSED.value in sink.kinds()
            assert len(sink.events) < 100

    run(work())


def test_an_address_of_noise_is_kept_out_and_one_with_instruments_is_not():
    async def work() -> None:
        async with serving(MemorySink()) as server:
            known_reader, known = await asyncio.open_connection(LOOPBACK, server.port)
            known.write(upload(qn=1))
            assert b"9014" in await known_reader.read(4096)
            for own in ("127.0.0.1", "127.0.0.5"):
                for _ in range(25):
                    await call(server, b"##" * 4000, own=own)
            assert await call(server, upload(qn=2), own="127.0.0.5") == b""
            assert b"9014" in await call(server, upload(qn=3))
            known.close()

    run(work())


def test_strangers_frames_are_kept_in_samples_only():
    async def work() -> None:
        sink = MemorySink()
        registry = OpenRegistry(passwords={"A1": "123456"})
        async with serving(sink, registry, max_strange_per_min=10) as server:
            _, writer = await asyncio.open_connection(LOOPBACK, server.port)
            writer.write(b"".join(upload("B2", qn=k) for k in range(300)))
            assert b"MN=A1" in await call(server, upload(qn=1))
            while server.stats.events[LineEventKind.UNKNOWN_DEVICE] < 20:
                await asyncio.sleep(0.005)
            assert 10 <= len(sink.quarantined) <= 12
            assert [row.mn for row in sink.durable] == ["A1"]
            writer.close()

    run(work())


def test_new_lines_of_one_address_come_at_a_bounded_rate():
    async def work() -> None:
        async with serving(MemorySink(), max_new_burst=5, max_new_per_s=0.001) as server:
            answers = [await call(server, upload(qn=k)) for k in range(8)]
            assert [bool(row) for row in answers] == [True] * 5 + [False] * 3
            assert await call(server, upload(qn=9), own="127.0.0.7"), "another address"

    run(work())


def test_a_line_is_read_no_faster_than_its_allowance():
    async def work() -> None:
        sink = MemorySink()
        async with serving(sink, max_bytes_per_s=5_000.0) as server:
            begin = time.monotonic()
            reader, writer = await asyncio.open_connection(LOOPBACK, server.port)
            data = b"".join(upload(qn=k) for k in range(100))
            writer.write(data)
            while len(sink.durable) < 100:
                await asyncio.sleep(0.01)
            assert time.monotonic() - begin > (len(data) - 5_000 - 8_192) / 5_000.0
            writer.close()

    run(work())


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.floats(0, 5), st.integers(0, 30)), max_size=40))
def test_a_pace_lets_through_what_was_agreed_and_no_more(steps: list[tuple[float, int]]):
    pace, now_s, taken = Pace(10.0, 0.0), 0.0, 0
    for pause_s, frames in steps:
        now_s += pause_s
        now_s += pace.wait_s(frames, now_s)
        taken += frames
        assert taken <= 10 + 10 * now_s + 1e-6


def test_the_book_of_addresses_is_bounded():
    door = Door(LineLimits())
    for k in range(10_000):
        door.address(f"10.{k >> 16}.{k >> 8 & 255}.{k & 255}", float(k))
    assert len(door._addresses) <= 4096


def test_a_device_with_several_lines_is_spoken_to_where_it_spoke_last():
    async def work() -> None:
        async with serving(MemorySink()) as server:
            assert not server.send("A1", b"x")
            first = await asyncio.open_connection(LOOPBACK, server.port)
            second = await asyncio.open_connection(LOOPBACK, server.port)
            for k, (reader, writer) in enumerate((first, second, first)):
                writer.write(upload(qn=k))
                await reader.readuntil(b"\r\n")
            assert server.has_line("A1")
            assert server.send("A1", b"hello")
            assert await first[0].read(5) == b"hello"
            first[1].close()
            while len(server.lines) > 1:
                await asyncio.sleep(0.005)
            assert server.send("A1", b"world")
            assert await second[0].read(5) == b"world"
            second[1].close()
            while server.has_line("A1"):
                await asyncio.sleep(0.005)

    run(work())
