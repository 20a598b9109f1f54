"""Frames through gate and ledger: split messages, facts, statistics, findings; replay gives equal tables."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import sqlalchemy as sa

from sensors.hj212 import sm4
from sensors.hj212.codec import parse
from sensors.hj212.findings import FindingCount
from sensors.hj212.join import TIMEOUT_MS
from tests.support.small_park import device, mn_of
from twin.core.device import Edition
from twin.core.fact import FactKind
from twin.core.observation import Mark, RawFrame
from twin.live.gate import Gate
from twin.live.keeper import recall
from twin.live.registry import SceneRegistry
from twin.store.engine import sqlite_url
from twin.store.facts import SaveFindings, read_facts, read_findings
from twin.store.instrument_schema import DEVICE_FACT
from twin.store.ledger import Batch, Ledger
from twin.store.ledger_schema import NEWEST, OBSERVATION, ROLLUP, SERIES
from twin.store.reader import LedgerReader

DEVICE = replace(device(1), edition=Edition.HJ2025)
MN = mn_of(1)
KEY = b"k" * 16
NOW_MS = 1_795_316_400_000  # 2026-11-22 11:00 in Beijing
TABLES = (SERIES, OBSERVATION, NEWEST, ROLLUP, DEVICE_FACT)


def raw(cn: str, cp: str, *, n: int, at_ms: int = NOW_MS, split: str = "", sealed: bool = False) -> RawFrame:
    flag = 11 if split else 9
    segment = f"QN=20261122110000{n:03d};ST=22;CN={cn};PW=1;MN={MN};Flag={flag};{split}CP=&&{cp}&&".encode()
    message = parse(segment)
    data = sm4.encrypt(segment, KEY) if sealed else segment
    return RawFrame(
        received_ms=at_ms,
        peer="p",
        segment=data,
        mn=MN,
        st="22",
        cn=cn,
        qn=message.qn or "",
        pno=message.pno or 0,
        sha256=hashlib.sha256(data).hexdigest(),
    )


def package(no: int, total: int, body: str, *, at_ms: int = NOW_MS, time: str = "100000") -> RawFrame:
    split = f"PNUM={total};PNO={no};"
    return raw("2061", f"DataTime=20261122{time};{body}", n=int(time) // 1000 + no, at_ms=at_ms, split=split)


def gate() -> Gate:
    return Gate(registry=SceneRegistry((DEVICE,), {}, {MN: (KEY,)}), utc_offset_h=8.0)


class House:
    """A ledger with a gate in front of it."""

    def __init__(self, path: Path) -> None:
        self.url = sqlite_url(path)
        self.ledger = Ledger(self.url)
        self.ledger.register((DEVICE,))
        self.gate = gate()
        self.reader = LedgerReader(self.url)

    def take(self, *frames: RawFrame) -> None:
        for frame in frames:
            self.settle(frame.received_ms)
            arrival, _ = self.gate.judge(frame)
            self.ledger.write(Batch(arrivals=[arrival]), frame.received_ms)

    def settle(self, now_ms: int) -> None:
        left = [arrival for arrival, _ in self.gate.leftovers(now_ms)]
        if left:
            self.ledger.write(Batch(arrivals=left), now_ms)

    def restart(self) -> None:
        self.ledger.close()
        self.ledger = Ledger(self.url)
        self.gate = gate()
        recall(self.gate, self.reader)

    def tables(self) -> list[list[tuple[object, ...]]]:
        with self.reader.snapshot() as connection:
            return [
                sorted(map(tuple, connection.execute(sa.select(*_said(table)))), key=repr) for table in TABLES
            ]

    def close(self) -> None:
        self.ledger.close()
        self.reader.close()


def _said(table: sa.Table) -> list[sa.Column[object]]:
    """All columns; a frame's number differs where frames were left out of a replay, which none are."""
    return list(table.columns)


def hf(house: House) -> list[tuple[float | None, Mark]]:
    return [(row.value, row.mark) for row in house.reader.series(f"{DEVICE.sensor_id}/conc:hf", 0, 2**50)]


def test_a_message_in_packages_is_decoded_once_and_whole(tmp_path: Path) -> None:
    house = House(tmp_path / "l.sqlite")
    house.take(package(2, 2, "a21018-Flag=D"))
    assert house.reader.series_rows()[0].key.endswith("conc:hf")
    assert hf(house) == []
    house.restart()
    house.take(package(1, 2, "a21018-Avg=2"))
    assert hf(house) == [(2e-6, Mark.FAULT)]
    house.close()


def test_what_never_becomes_whole_is_written_and_says_so(tmp_path: Path) -> None:
    house = House(tmp_path / "l.sqlite")
    house.take(package(1, 3, "a21018-Avg=2,a21018-Flag=N"))
    house.restart()
    house.settle(NOW_MS + TIMEOUT_MS + 1)
    assert hf(house) == [(2e-6, Mark.NORMAL)]
    (row,) = read_facts(house.reader, kind=FactKind.INCOMPLETE)
    assert (row.fact.code, row.fact.value, row.mn) == ("2061", 1.0, MN)
    house.restart()
    house.settle(NOW_MS + TIMEOUT_MS + 1)
    assert len(read_facts(house.reader)) == 1
    house.close()


def frames() -> list[RawFrame]:
    late = NOW_MS + 2 * TIMEOUT_MS
    return [
        raw("2011", "DataTime=20261122105900;a21018-Rtd=1,a21018-Flag=N", n=1, sealed=True),
        package(2, 2, "a21018-Flag=D"),
        raw("2021", "DataTime=20261122105900;SB1-RS=1", n=2),
        package(1, 3, "a21018-Avg=3,a21018-Flag=N", time="090000"),
        package(1, 2, "a21018-Avg=2,a21018-Min=1,a21018-Max=4", at_ms=NOW_MS + 9),
        raw("3020", "DataTime=20261122105900;PolId=a21018;i11001-Info=//更换//", n=3, at_ms=late),
        raw("2051", "DataTime=20261122105800;a21018-Avg=5,a21018-Flag=N;RF=1", n=4, at_ms=late),
        package(3, 3, "a21018-Max=9", at_ms=late + 5, time="090000"),
    ]


def test_the_raw_store_read_again_gives_equal_tables(tmp_path: Path) -> None:
    """Live with duplicates and restarts, and once more from the raw frames in their order."""
    live = House(tmp_path / "live.sqlite")
    for k, frame in enumerate(frames()):
        live.take(frame, frame)
        if k in (2, 4):
            live.restart()
    live.settle(2**50)
    again = House(tmp_path / "again.sqlite")
    stored = live.reader.frames_after(0)
    assert len(stored) == len(frames())
    for row in stored:
        again.take(
            RawFrame(
                received_ms=row.received_ms,
                peer=row.peer,
                segment=row.segment,
                mn=row.mn,
                st=row.st,
                cn=row.cn,
                qn=row.qn,
                pno=row.pno,
                sha256=row.sha256,
            )
        )
    again.settle(2**50)
    assert again.tables() == live.tables()
    live.close()
    again.close()


def test_statistics_have_no_newest_no_rollup_and_no_event(tmp_path: Path) -> None:
    house = House(tmp_path / "l.sqlite")
    house.take(*frames())
    keys = {row.key for row in house.reader.series_rows()}
    assert f"{DEVICE.sensor_id}/conc:hf@max" in keys
    for values in (house.reader.newest(), house.reader.newest(NOW_MS)):
        assert [row.series_key for row in values] == [f"{DEVICE.sensor_id}/conc:hf"]
    assert len(house.reader.series(f"{DEVICE.sensor_id}/conc:hf@max", 0, 2**50)) == 2
    house.close()


def test_findings_add_up_over_restarts(tmp_path: Path) -> None:
    house = House(tmp_path / "l.sqlite")
    row = FindingCount(mn=MN, kind="crc_wrong", what="modbus", count=2, first_ms=5, last_ms=9, detail="d")
    house.ledger.write(Batch(deeds=[SaveFindings(rows=(row,))]), NOW_MS)
    house.restart()
    house.ledger.write(Batch(deeds=[SaveFindings(rows=(replace(row, last_ms=20), row))]), NOW_MS)
    assert read_findings(house.reader) == (replace(row, count=6, last_ms=20),)
    house.close()
