"""A ledger built again from raw frames has equal tables, however the first one was written."""

from __future__ import annotations

import contextlib
import hashlib
import random
from pathlib import Path

import pytest
import sqlalchemy as sa

from sensors.hj212.codec import build, parse
from sensors.hj212.session import raw_frame
from tests.support.logger_line import segment_for, stamp
from tests.support.small_park import mn_of, small_park
from twin.core.clock import DAY_MS
from twin.core.errors import ConflictError
from twin.core.observation import RawFrame
from twin.core.park import Park
from twin.live.gate import Gate
from twin.live.judge import StreamJudge
from twin.live.rebuild import rebuild
from twin.live.registry import SceneRegistry
from twin.store import all_tables
from twin.store.engine import reader_engine, sqlite_url
from twin.store.ledger import Batch, Ledger
from twin.store.reader import LedgerReader

# What does not follow from frames: screens' events, signs of life, lines, clocks of the writer.
BESIDES = {"event", "beat", "counter", "device_state", "line_error"}
START_MS = 1_795_000_000_000
PARK = small_park(4)


def frames(seed: int, count: int) -> list[RawFrame]:
    """Live, late, doubled, corrected, unreadable and out-of-time frames of four devices."""
    dice, sent, found = random.Random(seed), [], []
    for i in range(count):
        number, kind = i % 4, dice.random()
        received_ms = START_MS + i * 1_500 + dice.randrange(900)
        index = i if kind < 0.7 else dice.randrange(max(1, i))
        segment = segment_for(number, index, START_MS, "123456", cn="2011" if kind < 0.9 else "2051")
        if kind > 0.97 and sent:
            segment = dice.choice(sent)
        elif kind > 0.94:
            segment = _odd(number, START_MS + i * 1000, dice)
        sent.append(segment)
        found.append(raw_frame(segment, parse(segment), received_ms=received_ms, peer="127.0.0.1:1"))
    return found


def _odd(number: int, time_ms: int, dice: random.Random) -> bytes:
    """Values out of range, out of time, no numbers, other marks."""
    values = dice.choice(["NaN", "9999", "-1", "3.25", ""])
    when = dice.choice([time_ms, time_ms - 500 * DAY_MS, time_ms + DAY_MS])
    code = "a01007" if number % 2 == 0 else "a21018"
    return build(
        qn=stamp(time_ms, millis=True),
        st="22",
        cn="2011",
        pw="123456",
        mn=mn_of(number),
        flag=5,
        groups=(
            (("DataTime", stamp(when, millis=False)),),
            ((f"{code}-Rtd", values), (f"{code}-Flag", dice.choice("NDCXM"))),
        ),
    )


def gate(park: Park) -> Gate:
    registry = SceneRegistry(park.devices, {row.mn: "123456" for row in park.devices})
    return Gate(registry=registry, utc_offset_h=park.utc_offset_h)


def opened(url: str) -> Ledger:
    ledger = Ledger(url, judge=StreamJudge(PARK.book, PARK.devices), utc_offset_h=PARK.utc_offset_h)
    ledger.register(PARK.devices)
    return ledger


def write_live(url: str, rows: list[RawFrame], seed: int) -> None:
    """As ingest does: groups of any size, packing in between."""
    dice, way, ledger = random.Random(seed), gate(PARK), opened(url)
    start = 0
    while start < len(rows):
        end = start + dice.randrange(1, 40)
        ledger.write(Batch(arrivals=[way.judge(row)[0] for row in rows[start:end]]), rows[start].received_ms)
        start = end
        if dice.random() < 0.2:
            ledger.tidy(START_MS + 400 * DAY_MS)
    ledger.close()


def tables(url: str) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables that follow from frames, values unpacked."""
    with contextlib.closing(LedgerReader(url)) as reader:
        values = {
            row.key: [
                version
                for value in reader.series(row.key, 0, 2**50)
                for version in reader.versions(row.key, value.time_ms, value.interval_ms)
            ]
            for row in reader.series_rows()
        }
    found: dict[str, list[tuple[object, ...]]] = {"values": sorted(values.items())}  # type: ignore[dict-item]
    engine = reader_engine(url)
    with engine.begin() as connection:
        for table in all_tables.METADATA.sorted_tables:
            if table.name not in BESIDES | {"observation", "page"}:
                rows = connection.execute(sa.select(table)).all()
                found[table.name] = sorted((tuple(map(_plain, row)) for row in rows), key=repr)
    engine.dispose()
    return found


def _plain(value: object) -> object:
    """Sums of doubles differ in the last digits with the size of the groups."""
    return float(f"{value:.12g}") if isinstance(value, float) else value


@pytest.mark.parametrize("seed", [1, 2])
def test_a_ledger_built_again_has_equal_tables(tmp_path: Path, seed: int) -> None:
    first, second = (sqlite_url(tmp_path / f"{name}.sqlite") for name in ("first", "second"))
    write_live(first, frames(seed, 900), seed)
    with contextlib.closing(LedgerReader(first)) as source:
        for limit in (137, 400, None):  # killed twice: each time a new gate and a new writer go on
            target = opened(second)
            rebuild(source, target, gate(PARK), at_once=100, limit=limit)
            target.close()
    wanted, got = tables(first), tables(second)
    assert len(wanted["raw_frame"]) > 800
    assert any(len(rows) for name, rows in wanted.items() if name == "review"), "rules had something to say"
    rollups = [wanted.pop("rollup"), got.pop("rollup")]
    for name, rows in wanted.items():
        assert got[name] == rows, name
    # Minutes of packed values are counted from their pages; all longer steps are stored.
    assert [row for row in rollups[0] if row[1] != 60_000] == [row for row in rollups[1] if row[1] != 60_000]


def test_a_target_with_other_frames_is_refused(tmp_path: Path) -> None:
    first, second = (sqlite_url(tmp_path / f"{name}.sqlite") for name in ("first", "second"))
    write_live(first, frames(1, 20), 1)
    write_live(second, frames(2, 20), 2)
    target = opened(second)
    with (
        contextlib.closing(LedgerReader(first)) as source,
        pytest.raises(ConflictError, match="not the source's"),
    ):
        rebuild(source, target, gate(PARK))
    target.close()


def test_the_chain_is_built_again_too(tmp_path: Path) -> None:
    first, second = (sqlite_url(tmp_path / f"{name}.sqlite") for name in ("first", "second"))
    write_live(first, frames(3, 60), 3)
    target = opened(second)
    with contextlib.closing(LedgerReader(first)) as source:
        done = rebuild(source, target, gate(PARK))
        last = source.frames(limit=1)[0]
    target.close()
    with contextlib.closing(LedgerReader(second)) as again:
        (mine,) = again.frames(limit=1)
    assert done.last_seq == last.seq
    assert (mine.chain, mine.sha256) == (last.chain, hashlib.sha256(last.segment).hexdigest())
