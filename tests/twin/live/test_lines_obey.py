"""A device on a serial line is commanded, asked for its holes, greeted, diagnosed and passed on like any."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from sensors.hj212.findings import FindingKind
from tests.support.mosquitto import Broker, publish
from tests.support.platform import OtherPlatform
from tests.support.pty_line import Cable
from tests.support.running_ingest import Running, running_ingest, until
from tests.support.serial_station import SerialStation
from tests.support.small_park import device, small_park
from twin.core.device import CrcMode, Device
from twin.core.errors import ConflictError
from twin.core.line import Line, LineKind, LineMember
from twin.core.origin import Origin
from twin.live import connections
from twin.store.exchanges import ExchangeReader, ExchangeRow
from twin.store.facts import read_findings
from twin.store.gaps import GapReader
from web.app import create_app

REAL = replace(device(1, origin=Origin.MEASURED), line="com")
FAST = {"command_over_time_s": 1.0, "command_recount": 2, "command_result_s": 3.0}
QUIET = {"gap_asking": "", **FAST}


@asynccontextmanager
async def serial_park(
    folder: Path, here: Device = REAL, **told: object
) -> AsyncIterator[tuple[Running, SerialStation, Cable]]:
    """Ingest with one device on a serial line, and the station at its other end."""
    cable = Cable(folder)
    line = Line(id="com", kind=LineKind.SERIAL, place=str(cable.path), baud=115_200, retry_s=0.05)
    park = replace(small_park(0), devices=(here,), lines=(line,))
    async with running_ingest(folder, park, **told) as run:
        station = SerialStation(here, cable, folder)
        task = asyncio.create_task(station.run())
        try:
            yield run, station, cable
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    with contextlib.suppress(OSError):
        cable.pull_out()


async def shown(run: Running, station: SerialStation, cable: Cable) -> None:
    """Say something until the platform has answered: opening a port drops what it held."""
    for _ in range(100):
        if station.answers:
            return
        cable.say(station.upload())
        await asyncio.sleep(0.2)
    raise AssertionError


async def ended(run: Running, seq: int) -> ExchangeRow:
    reader = ExchangeReader(run.reader)
    await until(lambda: reader.one(seq)[0].ended_ms is not None, f"end of exchange {seq}")
    return reader.one(seq)[0]


def test_a_command_to_a_device_on_a_serial_line_is_carried_out(tmp_path: Path) -> None:
    async def story() -> None:
        async with serial_park(tmp_path, **QUIET) as (run, station, cable):
            await shown(run, station, cable)
            told = await run.desk(
                "engineer", "command.send", mn=REAL.mn, cn="1064", args={"interval_min": 10}
            )
            row = await ended(run, told["seq"])
            assert (row.outcome, row.sends, row.qn_return, row.exe_return) == ("done", 1, 1, 1)
            assert station.site.state.interval_min == 10
            start = time.time_ns() // 60_000_000_000 * 60_000 - 3_600_000
            station.station.minutes = {start + k * 60_000: float(k) for k in range(10)}
            span = {"from_ms": start, "to_ms": start + 600_000}
            told = await run.desk("operator", "command.send", mn=REAL.mn, cn="2051", args=span)
            row = await ended(run, told["seq"])
            assert (row.outcome, row.data_frames) == ("done", 10)
            cable.pull_out()
            await until(lambda: run.reader.devices()[0].status.value == "offline", "the line is down")
            with pytest.raises(ConflictError):
                await run.desk("operator", "command.send", mn=REAL.mn, cn="1063")

    asyncio.run(story())


def test_nobody_is_commanded_while_he_speaks_and_one_after_the_other(tmp_path: Path) -> None:
    async def story() -> None:
        async with serial_park(tmp_path, **QUIET) as (run, station, cable):
            await shown(run, station, cable)
            await asyncio.sleep(0.3)  # what is still to be answered
            speaking = asyncio.create_task(station.say_slowly(station.upload()))
            await asyncio.sleep(0.01)
            rows = [await run.desk("operator", "command.send", mn=REAL.mn, cn="1063") for _ in range(2)]
            await speaking
            assert station.spoken_into == b""
            for told in rows:
                assert (await ended(run, told["seq"])).outcome == "done"
            assert [row.cn for row in station.heard] == ["1063", "1063"]

    asyncio.run(story())


def test_a_hole_of_a_device_on_a_serial_line_is_asked_for(tmp_path: Path) -> None:
    async def story() -> None:
        keeper = {"gap_scan_s": 0.2, "gap_quiet_s": 0.0, "gap_asking": "*"}
        here = replace(REAL, interval_s=60.0)
        async with serial_park(tmp_path, here, **keeper, **FAST) as (run, station, cable):
            await shown(run, station, cable)
            now = time.time_ns() // 60_000_000_000 * 60_000
            station.station.minutes = {now - k * 60_000: 1.0 for k in range(2, 30)}
            for k in (30, 29, 28, 10, 9, 8, 7, 6, 5, 4, 3, 2):  # a hole of 17 minutes
                cable.say(station.upload(now - k * 60_000, cn="2051"))
                await asyncio.sleep(0.05)
            await until(lambda: any(row.cn == "2051" for row in station.heard), "asked for the hole")
            await until(lambda: any(row.state == "filled" for row in GapReader(run.reader).gaps()), "filled")

    asyncio.run(story())


def test_first_contact_diagnoses_and_kept_sums_of_a_serial_line(tmp_path: Path) -> None:
    """A device whose sums are Modbus's is passed on byte for byte, one with other sums is diagnosed."""

    async def story() -> None:
        odd = replace(REAL, crc_mode=CrcMode.MODBUS)
        async with OtherPlatform(mode=CrcMode.MODBUS) as far:
            target = f'[[targets]]\nname = "far"\nhost = "127.0.0.1"\nport = {far.port}\n'
            (tmp_path / "forward.toml").write_text(target, encoding="utf-8")
            async with serial_park(tmp_path, odd, first_contact="*", **QUIET) as (run, station, cable):
                await shown(run, station, cable)
                await until(lambda: any(row.cn == "1011" for row in station.heard), "greeted", tries=1500)
                packet = station.upload()
                packet = packet[:-6] + packet[-6:-2].lower() + packet[-2:]
                cable.say(packet)
                await until(lambda: packet in far.received, "passed on as it came")
                wrong = bytearray(station.upload())
                wrong[-6:-2] = b"0000"
                cable.say(bytes(wrong))
                kinds = {FindingKind.CRC_WRONG}
                await until(lambda: kinds <= {row.kind for row in read_findings(run.reader)}, "diagnosed")

    asyncio.run(story())


def test_lines_of_the_scene_stand_in_the_table_open_or_down(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(connections, "EVERY_S", 0.1)

    async def story() -> None:
        async with serial_park(tmp_path, **QUIET) as (run, station, cable):
            client = create_app(run.settings).test_client()

            def line() -> dict[str, object]:
                return client.get("/api/v1/connections").json["lines"][0]

            await shown(run, station, cable)
            cable.say(b"##0010 nonsense\r\n" * 3)
            await until(lambda: line()["frames"] > 0 and line()["faults"] > 0, "frame and fault")
            found = line()
            assert (found["kind"], found["line"], found["state"]) == ("serial", "com", "open")
            assert found["error"] == ""
            assert found["peer"] == f"serial:{cable.path}"
            assert found["bytes"] > 100
            assert found["answers"] >= 1
            (row,) = found["devices"]
            assert (row["mn"], row["origin"], row["frames"]) == (REAL.mn, "measured", found["frames"])
            assert abs(row["clock_drift_s"]) < 30
            table = client.get("/api/v1/connections").json
            assert (table["open"], table["known"], table["strangers"]) == (1, 1, 0)
            cable.pull_out()
            await until(lambda: line()["state"] == "down" and line()["error"] != "", "the cable is out")
            assert client.get("/api/v1/connections").json["open"] == 0
            assert line()["devices"][0]["mn"] == REAL.mn

    asyncio.run(story())


def test_hj212_over_a_broker_is_diagnosed_and_its_sums_are_kept(tmp_path: Path) -> None:
    broker = Broker(tmp_path)
    odd = replace(REAL, crc_mode=CrcMode.MODBUS, line="mq")
    line = Line(
        id="mq",
        kind=LineKind.MQTT,
        place="127.0.0.1",
        port=broker.port,
        retry_s=0.2,
        members=(LineMember(mn=odd.mn, topic="park/1"),),
    )
    park = replace(small_park(0), devices=(odd,), lines=(line,))

    async def story() -> None:
        async with OtherPlatform(mode=CrcMode.MODBUS) as far:
            target = f'[[targets]]\nname = "far"\nhost = "127.0.0.1"\nport = {far.port}\n'
            (tmp_path / "forward.toml").write_text(target, encoding="utf-8")
            async with running_ingest(tmp_path, park, **QUIET) as run:
                station = SerialStation(odd, Cable(tmp_path), tmp_path)
                packets = [station.upload() for _ in range(3)]
                for _ in range(100):
                    await asyncio.to_thread(publish, broker.port, *(("park/1", row) for row in packets))
                    await asyncio.sleep(0.1)
                    if len(run.reader.frames()) == 3:
                        break

                def passed_on() -> bool:
                    # The subscription may begin in the middle of a round: then they come in another order.
                    whole = len(far.received) == sum(len(row) for row in packets)
                    return whole and all(row in far.received for row in packets)

                await until(passed_on, "passed on as they came")
                with pytest.raises(ConflictError):  # a broker brings, it does not take to the device
                    await run.desk("operator", "command.send", mn=odd.mn, cn="1063")

    try:
        asyncio.run(story())
    finally:
        broker.stop()
