"""Odd check sums are kept while a platform still needs them, and not one longer."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.platform import OtherPlatform
from tests.support.running_ingest import running_ingest, until
from tests.support.small_park import device, small_park
from tests.support.station import KnowingLogger
from twin.core.device import CrcMode
from twin.core.origin import Origin
from twin.live import sums

ODD = replace(device(1, origin=Origin.MEASURED), crc_mode=CrcMode.MODBUS)
PARK = replace(small_park(0), devices=(ODD,))


def kept(folder: Path) -> int:
    with sqlite3.connect(folder / "ledger.sqlite", timeout=10) as ledger:
        return int(ledger.execute("SELECT count(*) FROM packet_sum").fetchone()[0])


@pytest.mark.parametrize("targets", [0, 2])
def test_sums_are_kept_for_targets_only_and_go_when_all_have_them(
    tmp_path: Path, monkeypatch, targets: int
) -> None:
    monkeypatch.setattr(sums, "EVERY_S", 0.1)

    async def story() -> None:
        async with OtherPlatform(mode=CrcMode.MODBUS) as quick, OtherPlatform(mode=CrcMode.MODBUS) as slow:
            slow.deaf = True
            rows = [
                f'[[targets]]\nname = "{name}"\nhost = "127.0.0.1"\nport = {far.port}\nover_time_s = 0.2\n'
                for name, far in (("quick", quick), ("slow", slow))
            ]
            (tmp_path / "forward.toml").write_text("".join(rows[:targets]), encoding="utf-8")
            async with (
                running_ingest(tmp_path, PARK, gap_asking="") as run,
                KnowingLogger.of(ODD, run.port, tmp_path) as logger,
            ):
                now_ms = time.time_ns() // 1_000_000
                for k in range(20):
                    logger.upload(now_ms - k * 1000)
                await logger.client.drained()
                assert len(run.reader.frames()) == 20
                if not targets:
                    assert kept(tmp_path) == 0
                    return
                await until(lambda: len(quick.qns) >= 20, "the quick one has them")
                await asyncio.sleep(0.5)
                assert kept(tmp_path) == 20, "the slow one still needs them"
                slow.deaf = False
                await until(lambda: kept(tmp_path) == 0, "all have them", tries=1500)

    asyncio.run(story())
