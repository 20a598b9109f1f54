"""What leaves the live tables when its time is over, and what never does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.support.arrivals import arrival, value
from tests.support.both_stores import BACK_ENDS, empty_ledger
from twin.core.clock import DAY_MS
from twin.core.origin import Origin
from twin.store.exchange_schema import EXCHANGE, EXCHANGE_STEP, GAP, PACKET_SUM
from twin.store.exchanges import MoveExchange, QueueExchange
from twin.store.forwards import KeepSum
from twin.store.gaps import Gap, GapState, SaveGaps
from twin.store.instrument_schema import DEVICE_FACT
from twin.store.ledger import Batch, Ledger
from twin.store.ledger_schema import METADATA
from twin.store.pruning import DropSums, Prune, any_sums
from twin.store.reader import LedgerReader
from twin.store.retention import KeepTimes
from twin.store.review_schema import SENSOR_HOUR

NOW_MS = 4000 * DAY_MS
# Below the least times of the seeds on purpose: those count all the same.
NOTHING_KEPT = KeepTimes(minute_d=1, condition_d=1, maintenance_d=1, calibration_d=1, operation_d=1)
MINE = {"device_fact", "sensor_hour", "gap", "exchange_step"}
DAYS = (1, 182, 184, 729, 731, 1094, 1096)


@pytest.fixture(params=BACK_ENDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Ledger, LedgerReader]]:
    folder = tmp_path if request.param == "sqlite" else None
    with (
        empty_ledger(request.param, folder) as url,
        closing(Ledger(url)) as ledger,
        closing(LedgerReader(url)) as reader,
    ):
        fill(ledger)
        yield ledger, reader


class Rows:
    """Deed: one row of every kind for each age."""

    def apply(self, connection: sa.Connection, now_ms: int) -> None:
        for n, days in enumerate(sorted(DAYS, reverse=True), 1):
            then = NOW_MS - days * DAY_MS
            texts = dict.fromkeys(("mn", "cn", "kind", "code", "field", "text", "mark"), "x")
            fact = {"frame_seq": n, "n": 0, "time_ms": then, "received_ms": then, **texts}
            connection.execute(DEVICE_FACT.insert().values(fact))
            counts = {c.name: 1 for c in SENSOR_HOUR.columns} | {"sensor_id": "B1", "start_ms": then}
            connection.execute(SENSOR_HOUR.insert().values(counts))


def fill(ledger: Ledger) -> None:
    deeds: list[object] = [Rows()]
    for n, days in enumerate(DAYS):
        then = NOW_MS - days * DAY_MS
        for state in GapState:
            gap = Gap(
                mn=state.value, from_ms=then - 1, to_ms=then, state=state, cn="2051", tries=0, next_ms=0,
                found_ms=then, changed_ms=then,
            )  # fmt: skip
            deeds.append(SaveGaps(gaps=(gap,)))
        queued = QueueExchange(
            mn="M", origin=Origin.MEASURED, cn="1011", nature="command.read", args={}, actor="li",
            purpose="person", qn=str(n),
        )  # fmt: skip
        ledger.write(Batch(deeds=[queued]), then)
        moved = MoveExchange(
            seq=n + 1, steps=[(then, "sent", "")], outcome="done", over=True, sends=1, data_frames=0,
            started_ms=then, ended_ms=then, qn_return=1, exe_return=1, answer={}, actor="li",
        )  # fmt: skip
        ledger.write(Batch(deeds=[moved]), then)
    ledger.write(Batch(arrivals=[arrival("1", value(1000, 1.0), received_ms=1000)], deeds=deeds), 1000)


def perform(ledger: Ledger, deed: object) -> object:
    result = ledger.write(Batch(deeds=[deed]), NOW_MS).deeds[0]
    if isinstance(result, Exception):
        raise result
    return result


def ages(
    reader: LedgerReader, column: sa.Column[int], where: sa.ColumnElement[bool] | None = None
) -> list[int]:
    question = sa.select(column).distinct()
    with reader.snapshot() as connection:
        rows = connection.execute(question if where is None else question.where(where)).scalars()
        return sorted((NOW_MS - row) // DAY_MS for row in rows)


def everything_else(reader: LedgerReader) -> dict[str, list[tuple[object, ...]]]:
    with reader.snapshot() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(sa.select(table)).all()), key=repr)
            for table in METADATA.sorted_tables
            if table.name not in MINE and table.name not in {"counter", "beat"}
        }


@pytest.mark.parametrize("limit", [20, 2_000])
def test_what_is_due_goes_and_nothing_sooner_than_the_seeds_say(place, limit: int) -> None:
    ledger, reader = place
    before = everything_else(reader)
    while perform(ledger, Prune(keep=NOTHING_KEPT, now_ms=NOW_MS, limit=limit)):
        pass
    assert ages(reader, DEVICE_FACT.c.received_ms) == [1, 182, 184, 729, 731, 1094]
    assert ages(reader, SENSOR_HOUR.c.start_ms) == [1, 182, 184, 729, 731, 1094]
    ended = GAP.c.state.in_(("filled", "given_up"))
    assert ages(reader, GAP.c.to_ms, ended) == [1, 182]
    assert ages(reader, GAP.c.to_ms, ~ended) == sorted(DAYS), "what is still asked for stays"
    with reader.snapshot() as connection:
        kept = set(connection.execute(sa.select(EXCHANGE_STEP.c.exchange_seq)).scalars())
        assert connection.execute(sa.select(sa.func.count()).select_from(EXCHANGE)).scalar() == len(DAYS)
    assert kept == {1, 2, 3, 4}
    assert everything_else(reader) == before, "raw frames, values, acts, exchanges: nothing else has changed"


def test_a_longer_keep_time_counts(place) -> None:
    ledger, reader = place
    long = KeepTimes(minute_d=30, condition_d=365, maintenance_d=5000, calibration_d=5000, operation_d=5000)
    assert perform(ledger, Prune(keep=long, now_ms=NOW_MS)) == 0
    assert len(ages(reader, DEVICE_FACT.c.received_ms)) == len(DAYS)


def test_sums_that_were_passed_on_go(place) -> None:
    ledger, reader = place
    for n in range(3):
        perform(ledger, KeepSum(sha256=bytes([n]) * 32, crc="AB12"))
    assert perform(ledger, DropSums(hashes=(b"\x00" * 32, b"\x02" * 32, b"\x07" * 32), read_to=9)) == 2
    with reader.snapshot() as connection:
        assert [bytes(row) for row in connection.execute(sa.select(PACKET_SUM.c.sha256)).scalars()] == [
            b"\x01" * 32
        ]
        assert any_sums(connection)
