"""Packets go on byte for byte, from a durable cursor; an outage of a target costs nobody anything."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensors.hj212.crc import ALGORITHMS
from sensors.hj212.frame import Framer, Segment, frame
from tests.support.platform import OtherPlatform
from tests.support.running_ingest import Running, free_port, running_ingest, until
from tests.support.small_park import device, small_park
from tests.support.station import KnowingLogger
from twin.core.device import CrcMode, Device
from twin.core.errors import BadRequestError, NotAllowedError, NotFoundError, SettingsError
from twin.core.origin import Origin
from twin.core.park import Park
from twin.live.forward import packet
from twin.live.forward_targets import read_targets
from twin.store.forwards import ForwardReader, ForwardRow
from twin.store.snapshots import TARGETS, snapshot_of

REAL = device(1, origin=Origin.MEASURED)
QUIET = {"gap_asking": ""}


def park_of(*devices: Device) -> Park:
    return replace(small_park(1), devices=devices)


def targets(folder: Path, *rows: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "forward.toml").write_text("\n".join(f"[[targets]]\n{row}\n" for row in rows), "utf-8")


def target(name: str, port: int, more: str = "") -> str:
    return f'name = "{name}"\nhost = "127.0.0.1"\nport = {port}\nmax_back_off_s = 0.2\n{more}'


def row_of(run: Running, name: str) -> ForwardRow:
    return next(row for row in ForwardReader(run.reader).rows() if row.target == name)


async def send(run: Running, folder: Path, asked: Device, frames: list[bytes]) -> None:
    """Frames as they are, each answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", run.port)
    for one in frames:
        writer.write(one)
        assert b"CN=9014" in await asyncio.wait_for(reader.readuntil(b"\r\n"), 10)
    writer.close()


def uploads(asked: Device, folder: Path, count: int, *, first: int = 0) -> list[bytes]:
    logger = KnowingLogger.of(asked, 1, folder)
    start = time.time_ns() // 1_000_000 - 100_000
    for k in range(first, first + count):
        logger.upload(start + k * 1000, value=k / 10)
    return [row.frame for row in logger.client._queue]


async def arrived(run: Running, name: str, answered: int) -> None:
    await until(lambda: row_of(run, name).answered >= answered, f"{answered} packets at {name}")


@settings(deadline=None, max_examples=60)
@given(
    st.binary(min_size=1, max_size=200).map(lambda row: b"QN=1;CN=2011;CP=&&" + row.hex().encode() + b"&&")
)
def test_a_rebuilt_packet_is_the_one_that_came(segment: bytes) -> None:
    assert packet(segment, None) == frame(segment)
    for mode in CrcMode:
        for text in ("%04X", "%04x"):
            crc = text % ALGORITHMS[mode](segment)
            (piece,) = Framer(mode_of=lambda _mn, mode=mode: mode).feed(packet(segment, crc), 0)
            assert isinstance(piece, Segment)
            assert piece.crc.decode() == crc


def test_byte_for_byte_to_two_targets_with_filters(tmp_path: Path) -> None:
    async def story() -> None:
        odd = replace(device(3, origin=Origin.MEASURED), crc_mode=CrcMode.MODBUS)
        invented = device(5)
        async with OtherPlatform() as all_of, OtherPlatform(mode=CrcMode.MODBUS) as some:
            targets(
                tmp_path,
                target("all", all_of.port, 'origins = ["measured"]\nover_time_s = 0.5'),
                target("some", some.port, f'mns = ["{odd.mn}"]'),
            )
            async with running_ingest(tmp_path, park_of(REAL, odd, invented), **QUIET) as run:
                mine, theirs = uploads(REAL, tmp_path, 30), uploads(odd, tmp_path, 10)
                theirs = [row[:-6] + row[-6:-2].lower() + row[-2:] for row in theirs]
                await send(run, tmp_path, REAL, mine)
                await send(run, tmp_path, odd, theirs)
                await send(run, tmp_path, invented, uploads(invented, tmp_path, 5))
                await until(lambda: len(some.qns) >= 10, "the second target")
                assert some.received == b"".join(theirs)
                await until(lambda: len(all_of.received) >= sum(map(len, mine + theirs)), "the first target")
                assert all_of.received.startswith(b"".join(mine) + b"".join(theirs))
                assert invented.mn.encode() not in all_of.received
                await until(lambda: row_of(run, "some").cursor_seq == 45, "read to the end")
                assert row_of(run, "some").skipped == 0
                found = snapshot_of(run.reader, TARGETS)
                assert found is not None
                assert {name: row["carries_passwords"] for name, row in found[1].items()} == {
                    "all": True,
                    "some": True,
                }

    asyncio.run(story())


def test_simulated_frames_go_only_where_a_target_takes_them(tmp_path: Path) -> None:
    async def story() -> None:
        invented, drilled = device(1), device(3, origin=Origin.EXERCISE)
        async with OtherPlatform() as outside, OtherPlatform() as trainer:
            targets(
                tmp_path,
                target("outside", outside.port),
                target("trainer", trainer.port, 'origins = ["exercise", "simulated"]'),
            )
            async with running_ingest(tmp_path, park_of(invented, drilled), **QUIET) as run:
                await send(run, tmp_path, invented, uploads(invented, tmp_path, 5))
                await send(run, tmp_path, drilled, uploads(drilled, tmp_path, 5))
                await arrived(run, "trainer", 10)
                await until(lambda: row_of(run, "outside").cursor_seq == 10, "all were looked at")
                assert outside.received == b""
                assert outside.connections == 0

    asyncio.run(story())


def test_an_outage_and_a_restart_lose_nothing_and_hold_nobody_up(tmp_path: Path) -> None:
    async def story() -> None:
        port = free_port()
        targets(tmp_path, target("far", port, "over_time_s = 0.5"))
        async with running_ingest(tmp_path, park_of(REAL), **QUIET) as run:
            first = uploads(REAL, tmp_path, 40)
            await send(run, tmp_path, REAL, first)
            await until(lambda: row_of(run, "far").state == "down", "the target is not there")
            assert row_of(run, "far").cursor_seq == 0
            async with OtherPlatform(port) as far:
                await arrived(run, "far", 40)
                assert far.received == b"".join(first)
        async with running_ingest(tmp_path, park_of(REAL), **QUIET) as run:
            second = uploads(REAL, tmp_path, 20, first=40)
            await send(run, tmp_path, REAL, second)
        async with OtherPlatform(port) as far, running_ingest(tmp_path, park_of(REAL), **QUIET) as run:
            await arrived(run, "far", 60)
            assert far.received == b"".join(second), "goes on where it was"

    asyncio.run(story())


def test_what_is_not_answered_is_sent_again_and_poison_is_passed_over(tmp_path: Path) -> None:
    async def story() -> None:
        async with OtherPlatform() as picky:
            more = "over_time_s = 0.1\nrecount = 1\nskip_after = 2"
            targets(tmp_path, target("picky", picky.port, more))
            async with running_ingest(tmp_path, park_of(REAL), **QUIET) as run:
                frames = uploads(REAL, tmp_path, 12)
                poison = frames[5][frames[5].index(b"QN=") + 3 :][:17].decode()
                picky.silent_for = {poison}
                await send(run, tmp_path, REAL, frames)
                reader = ForwardReader(run.reader)
                await until(lambda: bool(reader.rows()), "the row")
                later = uploads(REAL, tmp_path, 200, first=12)
                for k in range(0, 200, 10):
                    await send(run, tmp_path, REAL, later[k : k + 10])
                    if row_of(run, "picky").skipped:
                        break
                    await asyncio.sleep(0.1)
                await until(lambda: row_of(run, "picky").skipped == 1, "the poison is passed over")
                assert picky.qns.count(poison) >= 4
                assert row_of(run, "picky").resent >= 1

    asyncio.run(story())


def test_a_deaf_target_is_never_skipped(tmp_path: Path) -> None:
    async def story() -> None:
        async with OtherPlatform() as deaf:
            deaf.deaf = True
            targets(tmp_path, target("deaf", deaf.port, "over_time_s = 0.1\nrecount = 1\nskip_after = 1"))
            async with running_ingest(tmp_path, park_of(REAL), **QUIET) as run:
                await send(run, tmp_path, REAL, uploads(REAL, tmp_path, 3))
                await until(lambda: deaf.connections >= 4, "several tries")
                row = row_of(run, "deaf")
                assert (row.skipped, row.cursor_seq, row.answered) == (0, 0, 0)
                deaf.deaf = False
                await arrived(run, "deaf", 3)

    asyncio.run(story())


def test_pausing_is_for_engineers_and_leaves_an_act(tmp_path: Path) -> None:
    async def story() -> None:
        async with OtherPlatform() as far:
            targets(tmp_path, target("far", far.port))
            async with running_ingest(tmp_path, park_of(REAL), **QUIET) as run:
                await until(lambda: bool(ForwardReader(run.reader).rows()), "the row")
                with pytest.raises(NotAllowedError):
                    await run.desk("operator", "forward.pause", name="far", comment="x")
                with pytest.raises(NotFoundError):
                    await run.desk("engineer", "forward.pause", name="nobody", comment="x")
                with pytest.raises(BadRequestError):
                    await run.desk("engineer", "forward.pause", name="far")
                await run.desk("engineer", "forward.pause", name="far", comment="works on their side")
                await send(run, tmp_path, REAL, uploads(REAL, tmp_path, 3))
                await asyncio.sleep(0.8)
                assert far.received == b""
                assert row_of(run, "far").paused
            async with running_ingest(tmp_path, park_of(REAL), **QUIET) as run:
                await asyncio.sleep(0.3)
                assert far.received == b"", "also after a restart"
                await run.desk("engineer", "forward.resume", name="far", comment="done")
                await arrived(run, "far", 3)

    asyncio.run(story())


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('[[targets]]\nname = "a"\nhost = "h"\nport = 0', "port"),
        ('[[targets]]\nname = "a"\nhost = "h"\nport = 1\norigins = ["modelled"]', "origins"),
        ('[[targets]]\nname = "a"\nhost = "h"\nport = 1\nsurprise = 1', "surprise"),
        ('[[targets]]\nname = "a"\nhost = "h"\nport = 1\n' * 2, "two targets"),
        ("[[targets", "cannot be used"),
    ],
)
def test_a_bad_file_is_named(tmp_path: Path, text: str, named: str) -> None:
    path = tmp_path / "forward.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(SettingsError, match=named):
        read_targets(path)
    assert read_targets(tmp_path / "none.toml") == ()
