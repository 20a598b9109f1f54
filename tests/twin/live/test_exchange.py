"""Commands from a person to a station and back, every step durable; nobody commands what he does not mean."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.running_ingest import Running, running_ingest, until
from tests.support.small_park import device, mn_of, small_park
from tests.support.station import KnowingLogger
from twin.core.device import CrcMode, Device, Edition
from twin.core.errors import BadRequestError, ConflictError, NotAllowedError, NotFoundError
from twin.core.origin import Origin
from twin.core.park import Park
from twin.live.passwords import read_passwords, set_sm4_key
from twin.store.exchanges import ExchangeReader, ExchangeRow

FAST = {"command_over_time_s": 0.3, "command_recount": 2, "command_result_s": 1.0, "gap_asking": ""}


def park_of(*devices: Device) -> Park:
    return replace(small_park(1), devices=devices)


REAL = device(1, origin=Origin.MEASURED)


async def spoken(logger: KnowingLogger) -> None:
    """The station has shown itself."""
    logger.upload(time.time_ns() // 1_000_000)
    await logger.client.drained()


async def ended(run: Running, seq: int) -> ExchangeRow:
    reader = ExchangeReader(run.reader)
    await until(lambda: reader.one(seq)[0].ended_ms is not None, f"end of exchange {seq}")
    return reader.one(seq)[0]


def test_a_command_and_everything_that_becomes_of_it(tmp_path: Path) -> None:
    async def story() -> None:
        async with (
            running_ingest(tmp_path, park_of(REAL), **FAST) as run,
            KnowingLogger.of(REAL, run.port, tmp_path) as logger,
        ):
            await spoken(logger)
            told = await run.desk(
                "engineer", "command.send", mn=REAL.mn, cn="1064", args={"interval_min": 10}
            )
            row = await ended(run, told["seq"])
            assert (row.outcome, row.actor, row.sends) == ("done", "the-engineer", 1)
            assert (row.qn_return, row.exe_return, row.origin) == (1, 1, Origin.MEASURED)
            assert logger.site.state.interval_min == 10
            _, steps = ExchangeReader(run.reader).one(row.seq)
            assert [one.kind for one in steps] == ["queued", "sent", "ready", "result"]
            assert {frame.cn for frame in run.reader.frames(limit=10)} == {"2011", "9011", "9012"}
            told = await run.desk("operator", "command.send", mn=REAL.mn, cn="1063")
            row = await ended(run, told["seq"])
            assert row.answer == {"MinInterval": "10"}
            assert row.data_frames == 1
            kinds = [row[0] for row in acts(tmp_path) if row[0].startswith("command.")]
            assert kinds == ["command.setting", "command.ended", "command.read", "command.ended"]

    asyncio.run(story())


def acts(folder: Path) -> list[tuple[str, str, str]]:
    with sqlite3.connect(folder / "ledger.sqlite") as store:
        return store.execute("select kind, actor, body from act order by seq").fetchall()


def test_history_comes_as_ordinary_late_data(tmp_path: Path) -> None:
    async def story() -> None:
        async with (
            running_ingest(tmp_path, park_of(REAL), **FAST) as run,
            KnowingLogger.of(REAL, run.port, tmp_path) as logger,
        ):
            await spoken(logger)
            start = time.time_ns() // 60_000_000_000 * 60_000 - 3_600_000
            logger.station.minutes = {start + k * 60_000: float(k) for k in range(30)}
            span = {"from_ms": start, "to_ms": start + 1_800_000}
            told = await run.desk("operator", "command.send", mn=REAL.mn, cn="2051", args=span)
            row = await ended(run, told["seq"])
            assert (row.outcome, row.data_frames) == ("done", 30)
            values = run.reader.series("B1/conc:hf", start, start + 1_800_000)
            assert [value.value for value in values] == [pytest.approx(k * 1e-6) for k in range(30)]
            assert all(value.checks & 16 for value in values), "late, and marked so"
            assert all(value.received_ms > value.time_ms + 1_800_000 for value in values)
            empty = {"from_ms": start - 86_400_000, "to_ms": start - 86_000_000}
            told = await run.desk("operator", "command.send", mn=REAL.mn, cn="2051", args=empty)
            assert (await ended(run, told["seq"])).outcome == "no_data"

    asyncio.run(story())


def test_a_deaf_station_is_asked_again_and_given_up_and_its_late_answer_is_noted(tmp_path: Path) -> None:
    async def story() -> None:
        async with (
            running_ingest(tmp_path, park_of(REAL), **FAST) as run,
            KnowingLogger.of(REAL, run.port, tmp_path) as logger,
        ):
            logger.deaf = {"1063"}
            await spoken(logger)
            told = await run.desk("operator", "command.send", mn=REAL.mn, cn="1063")
            row = await ended(run, told["seq"])
            assert (row.outcome, row.sends) == ("no_answer", 3)
            qns = {one.qn for one in logger.said("1063")}
            assert qns == {row.qn}, "the same number each time"
            logger.client._writer.write(logger.site._answer(logger.heard[-1], "9012", "ExeRtn=1"))
            reader = ExchangeReader(run.reader)
            await until(lambda: reader.one(row.seq)[1][-1].kind == "late", "the late answer")
            assert reader.one(row.seq)[0].outcome == "no_answer", "history is not written anew"
            logger.deaf, logger.muted = set(), {"9012"}
            told = await run.desk("operator", "command.send", mn=REAL.mn, cn="1063")
            assert (await ended(run, told["seq"])).outcome == "no_result"

    asyncio.run(story())


def test_one_in_flight_the_others_wait_and_can_be_cancelled(tmp_path: Path) -> None:
    async def story() -> None:
        async with (
            running_ingest(tmp_path, park_of(REAL), **FAST) as run,
            KnowingLogger.of(REAL, run.port, tmp_path) as logger,
        ):
            logger.deaf = {"1011"}
            await spoken(logger)
            seqs = [
                (await run.desk("operator", "command.send", mn=REAL.mn, cn=cn))["seq"]
                for cn in ("1011", "1061", "1063")
            ]
            await run.desk("operator", "command.cancel", seq=seqs[1])
            assert {row.cn for row in logger.heard} <= {"1011"}
            rows = [await ended(run, seq) for seq in seqs]
            assert [row.outcome for row in rows] == ["no_answer", "cancelled", "done"]
            assert not logger.said("1061")
            with pytest.raises(ConflictError):
                await run.desk("operator", "command.cancel", seq=seqs[0])
            logger.deaf = {"1063"}
            full = False
            for _ in range(20):
                try:
                    await run.desk("operator", "command.send", mn=REAL.mn, cn="1063")
                except ConflictError:
                    full = True
                    break
            assert full, "the queue is bounded"

    asyncio.run(story())


def test_who_may_and_what_is_meant(tmp_path: Path) -> None:
    async def story() -> None:
        simulated = device(3)
        async with running_ingest(tmp_path, park_of(REAL, simulated), **FAST) as run:
            with pytest.raises(ConflictError, match="no line"):
                await run.desk("operator", "command.send", mn=REAL.mn, cn="1011")
            async with (
                KnowingLogger.of(REAL, run.port, tmp_path) as logger,
                KnowingLogger.of(simulated, run.port, tmp_path) as other,
            ):
                await spoken(logger)
                await spoken(other)
                for role in ("viewer", "reviewer"):
                    with pytest.raises(NotAllowedError):
                        await run.desk(role, "command.send", mn=REAL.mn, cn="1011")
                with pytest.raises(NotAllowedError, match="engineer"):
                    await run.desk("operator", "command.send", mn=REAL.mn, cn="1062", args={"interval_s": 60})
                with pytest.raises(NotFoundError):
                    await run.desk("operator", "command.send", mn=mn_of(99), cn="1011")
                with pytest.raises(BadRequestError, match="simulated"):
                    await run.desk("operator", "command.send", mn=simulated.mn, cn="1011")
                with pytest.raises(BadRequestError, match="measured"):
                    await run.desk("operator", "command.send", mn=REAL.mn, cn="1011", origin="simulated")
                assert not logger.heard
                assert not other.heard
                told = await run.desk(
                    "operator", "command.send", mn=simulated.mn, cn="1011", origin="simulated"
                )
                row = await ended(run, told["seq"])
                assert (row.outcome, row.origin) == ("done", Origin.SIMULATED)
                assert abs(float(row.answer["drift_s"])) < 5

    asyncio.run(story())


def test_the_clock_is_set_to_the_moment_of_sending(tmp_path: Path) -> None:
    async def story() -> None:
        async with (
            running_ingest(tmp_path, park_of(REAL), **FAST) as run,
            KnowingLogger.of(REAL, run.port, tmp_path) as logger,
        ):
            logger.site.state.clock_ms = -3_600_000
            await spoken(logger)
            seqs = [
                (await run.desk("operator", "command.send", mn=REAL.mn, cn=cn))["seq"]
                for cn in ("1011", "1012", "1011")
            ]
            rows = [await ended(run, seq) for seq in seqs]
            assert float(rows[0].answer["drift_s"]) == pytest.approx(-3600, abs=5)
            assert float(rows[2].answer["drift_s"]) == pytest.approx(0, abs=5)

    asyncio.run(story())


def test_a_new_password_counts_from_then_on_and_is_written_nowhere_else(tmp_path: Path) -> None:
    async def story() -> None:
        async with (
            running_ingest(tmp_path, park_of(REAL), **FAST) as run,
            KnowingLogger.of(REAL, run.port, tmp_path) as logger,
        ):
            await spoken(logger)
            told = await run.desk(
                "engineer", "command.send", mn=REAL.mn, cn="1072", args={"password": "hushAB"}
            )
            row = await ended(run, told["seq"])
            assert row.outcome == "done"
            assert row.args == {"password": "******"}
            assert logger.site.password == "hushAB"
            assert read_passwords(tmp_path / "passwords.toml")[REAL.mn] == "hushAB"
            told = await run.desk("operator", "command.send", mn=REAL.mn, cn="1063")
            assert (await ended(run, told["seq"])).outcome == "done"
        with sqlite3.connect(tmp_path / "ledger.sqlite") as store:
            tables = [row[0] for row in store.execute("select name from sqlite_master where type='table'")]
            for table in tables:
                if table != "raw_frame":  # what the station sends holds its password in clear text
                    assert "hushAB" not in str(store.execute(f"select * from {table}").fetchall()), table

    asyncio.run(story())


def test_a_lost_line_ends_what_was_asked_and_a_restart_interrupts_it(tmp_path: Path) -> None:
    async def story() -> None:
        slow = {**FAST, "command_over_time_s": 30.0}
        async with running_ingest(tmp_path, park_of(REAL), **slow) as run:
            async with KnowingLogger.of(REAL, run.port, tmp_path) as logger:
                logger.deaf = {"1011"}
                await spoken(logger)
                told = await run.desk("operator", "command.send", mn=REAL.mn, cn="1011")
                await until(lambda: bool(logger.said("1011")), "the request")
            assert (await ended(run, told["seq"])).outcome == "link_lost"
            async with KnowingLogger.of(REAL, run.port, tmp_path) as logger:
                logger.deaf = {"1011"}
                await spoken(logger)
                told = await run.desk("operator", "command.send", mn=REAL.mn, cn="1011")
                await until(lambda: bool(logger.said("1011")), "the request")
                reader = ExchangeReader(run.reader)
                assert reader.newest(state="open")[0].seq == told["seq"]
                await until(lambda: reader.one(told["seq"])[0].outcome == "running", "on its way")
                run_seq = told["seq"]
                with sqlite3.connect(tmp_path / "ledger.sqlite") as store:
                    copy = store.execute("select outcome from exchange where seq=?", (run_seq,)).fetchone()
                assert copy == ("running",)
        async with running_ingest(tmp_path, park_of(REAL), **FAST) as run:
            row, steps = ExchangeReader(run.reader).one(run_seq)
            assert row.outcome in ("interrupted", "link_lost")
            assert row.ended_ms is not None
            assert steps[-1].kind == row.outcome

    asyncio.run(story())


def test_edition_2025_gets_its_commands_encrypted(tmp_path: Path) -> None:
    async def story() -> None:
        latest = replace(REAL, edition=Edition.HJ2025)
        set_sm4_key(tmp_path / "passwords.toml", latest.mn, b"0" * 16)
        async with running_ingest(tmp_path, park_of(latest), **FAST) as run:
            reader, writer = await asyncio.open_connection("127.0.0.1", run.port)
            password = read_passwords(tmp_path / "passwords.toml")[latest.mn]
            helper = KnowingLogger(latest, run.port, password)
            helper.upload(time.time_ns() // 1_000_000)
            writer.write(helper.client._queue[0].frame)
            assert b"CN=9014" in await reader.readuntil(b"\r\n")
            span = {"from_ms": 1_795_000_000_000, "to_ms": 1_795_003_600_000}
            await run.desk("operator", "command.send", mn=latest.mn, cn="2051", args=span)
            data = await reader.readuntil(b"\r\n")
            assert b"CN=2051" in data
            assert b"BeginTime" not in data
            from sensors.hj212.frame import Framer, Segment

            (piece,) = Framer(keys_of=lambda _mn: (b"0" * 16,)).feed(data, 0)
            assert isinstance(piece, Segment)
            assert b"BeginTime=2026" in piece.plain
            writer.close()

    asyncio.run(story())


def test_a_device_with_another_sum_is_spoken_to_in_its_own_way(tmp_path: Path) -> None:
    async def story() -> None:
        odd = replace(REAL, crc_mode=CrcMode.MODBUS, edition=Edition.HJ2005)
        async with (
            running_ingest(tmp_path, park_of(odd), **FAST) as run,
            KnowingLogger.of(odd, run.port, tmp_path) as logger,
        ):
            await spoken(logger)
            told = await run.desk("operator", "command.send", mn=odd.mn, cn="1011")
            assert (await ended(run, told["seq"])).outcome == "done"
            assert logger.said("1011")[0].flag == 1

    asyncio.run(story())


def test_first_contact_sets_up_a_station_that_the_settings_name(tmp_path: Path) -> None:
    async def story() -> None:
        named, other = replace(REAL, interval_s=60.0), device(3, origin=Origin.MEASURED)
        told = {**FAST, "first_contact": f"{named.mn}, nobody*"}
        async with (
            running_ingest(tmp_path, park_of(named, other), **told) as run,
            KnowingLogger.of(named, run.port, tmp_path) as logger,
            KnowingLogger.of(other, run.port, tmp_path) as silent,
        ):
            logger.site.state.clock_ms = 120_000
            await spoken(silent)
            await spoken(logger)
            await until(lambda: bool(logger.said("2021")), "the last step")
            assert [row.cn for row in logger.heard] == [
                *("1011", "1012", "1011", "1000", "1062", "1064", "2011", "2021")
            ]
            assert abs(logger.site.state.clock_ms) < 5_000
            assert not silent.heard, "nobody asked for that"
            reader = ExchangeReader(run.reader)
            await until(lambda: not reader.newest(state="open"), "all is written")
            rows = reader.newest(mn=named.mn)
            assert {row.purpose for row in rows} == {"first_contact"}
            assert {row.actor for row in rows} == {"system"}
            bodies = [json.loads(row[2]) for row in acts(tmp_path) if row[0] == "command.setting"]
            assert {body["cn"] for body in bodies} == {"1012", "1000", "1062", "1064", "2011", "2021"}

    asyncio.run(story())
