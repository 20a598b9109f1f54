"""Raw frames, acts and checkpoints: what was written stays as it was, whichever way it is tried."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.support.arrivals import arrival
from tests.support.both_stores import BACK_ENDS, empty_ledger
from twin.core.errors import ParkTwinError, StoreError
from twin.store.acts import ACT, Act, ActDeed
from twin.store.archive_schema import ARCHIVED_MONTH
from twin.store.checkpoint_schema import CHECKPOINT
from twin.store.deed import Deed
from twin.store.engine import writer_engine
from twin.store.ledger import Batch, Ledger
from twin.store.ledger_schema import RAW_FRAME

GUARDED = (RAW_FRAME, ACT, CHECKPOINT)
COLUMNS = [(table, column) for table in GUARDED for column in table.columns]


def act(number: int) -> Act:
    return Act(kind="t.done", actor="li", time_ms=number, body={"number": number})


@pytest.fixture(scope="module", params=BACK_ENDS)
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with empty_ledger(request.param, tmp_path_factory.mktemp("guarded")) as found:
        ledger = Ledger(found)
        deeds: list[Deed] = [ActDeed(act=act(number)) for number in range(5)]
        ledger.write(Batch(arrivals=[arrival(str(number)) for number in range(5)], deeds=deeds), 1)
        ledger.close()
        engine = writer_engine(found)
        with engine.begin() as connection:
            row = {"seq": 1, "time_ms": 1, "body": "{}", "signature": bytes(64)}
            connection.execute(CHECKPOINT.insert(), row)
        engine.dispose()
        yield found


@pytest.fixture
def connection(url: str) -> Iterator[sa.Connection]:
    engine = writer_engine(url)
    with engine.connect() as found:
        yield found
    engine.dispose()


def refused(connection: sa.Connection, statement: Any) -> None:
    before = rows(connection)
    with pytest.raises(sa.exc.DBAPIError, match="append-only"):
        connection.execute(statement)
    connection.rollback()
    assert rows(connection) == before


def rows(connection: sa.Connection) -> list[list[Any]]:
    found = [[tuple(row) for row in connection.execute(sa.select(table))] for table in GUARDED]
    connection.rollback()
    return found


@pytest.mark.parametrize(("table", "column"), COLUMNS, ids=[f"{t.name}.{c.name}" for t, c in COLUMNS])
def test_no_column_can_be_changed(connection: sa.Connection, table: sa.Table, column: Any) -> None:
    refused(connection, table.update().where(table.c.seq == 1).values({column.name: column}))


@pytest.mark.parametrize("table", GUARDED, ids=lambda table: table.name)
def test_no_row_can_be_removed(connection: sa.Connection, table: sa.Table) -> None:
    refused(connection, table.delete())
    refused(connection, table.delete().where(table.c.seq == 1))


@pytest.mark.parametrize("table", GUARDED, ids=lambda table: table.name)
def test_no_row_can_be_replaced(connection: sa.Connection, table: sa.Table) -> None:
    names = ", ".join(column.name for column in table.columns)
    other = names.replace("seq", "1", 1)
    if connection.dialect.name == "sqlite":
        for verb in ("INSERT OR REPLACE", "REPLACE", "UPDATE OR REPLACE"):
            if verb.startswith("UPDATE"):
                refused(connection, sa.text(f"{verb} {table.name} SET seq = 1"))
            else:
                refused(
                    connection,
                    sa.text(f"{verb} INTO {table.name} ({names}) SELECT {other} FROM {table.name}"),
                )
    else:
        refused(connection, sa.text(f"TRUNCATE {table.name}"))
        refused(
            connection,
            sa.text(
                f"INSERT INTO {table.name} ({names}) SELECT {other} FROM {table.name} WHERE seq = 1 "
                "ON CONFLICT (seq) DO UPDATE SET seq = 1"
            ),
        )


def test_numbers_of_acts_have_no_gaps_on_sqlite(connection: sa.Connection) -> None:
    if connection.dialect.name != "sqlite":
        pytest.skip("PostgreSQL needs no such guard: it has no INSERT OR REPLACE")
    names = ", ".join(column.name for column in ACT.columns)
    for seq in (0, -1, 5, 7, 2**40):
        refused(
            connection,
            sa.text(
                f"INSERT INTO act ({names}) SELECT {names.replace('seq', str(seq), 1)} FROM act WHERE seq = 1"
            ),
        )


@pytest.mark.parametrize("back_end", BACK_ENDS)
def test_frames_leave_only_through_an_archived_month(back_end: str, tmp_path: Path) -> None:
    with empty_ledger(back_end, tmp_path) as url:
        ledger = Ledger(url)
        ledger.write(Batch(arrivals=[arrival(str(number)) for number in range(5)]), 1)
        ledger.close()
        engine = writer_engine(url)
        with engine.begin() as connection:
            month = {
                "month": "1970-01", "first_seq": 1, "last_seq": 3, "frames": 3, "observations": 0,
                "manifest_sha256": "", "chain_last": b"", "made_ms": 0,
            }  # fmt: skip
            connection.execute(ARCHIVED_MONTH.insert(), month)
            assert connection.execute(RAW_FRAME.delete().where(RAW_FRAME.c.seq <= 3)).rowcount == 3
        with engine.connect() as connection:
            refused(connection, RAW_FRAME.delete().where(RAW_FRAME.c.seq == 4))
            refused(connection, ARCHIVED_MONTH.delete())
            refused(connection, ARCHIVED_MONTH.update().values(last_seq=5))
        engine.dispose()


class Tamper:
    """A deed that tries it through the writer itself."""

    def apply(self, connection: sa.Connection, now_ms: int) -> object:
        connection.execute(RAW_FRAME.update().values(segment=b"x"))
        return None


def test_not_even_the_writer_can(tmp_path: Path) -> None:
    with empty_ledger("sqlite", tmp_path) as url:
        ledger = Ledger(url)
        ledger.write(Batch(arrivals=[arrival("1")]), 1)
        with pytest.raises(StoreError, match="append-only"):
            ledger.write(Batch(deeds=[Tamper()]), 2)
        ledger.write(Batch(deeds=[ActDeed(act=act(1))]), 3)
        ledger.close()


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        (Act(kind="Bad Kind", actor="li", time_ms=1, body={}), "kind"),
        (Act(kind="t", actor="", time_ms=1, body={}), "actor"),
        (Act(kind="t", actor="a\nb", time_ms=1, body={}), "actor"),
        (Act(kind="t", actor="li", time_ms=1, body={"x": float("nan")}), "body"),
        (Act(kind="t", actor="li", time_ms=1, body={"x": "\ud800"}), "body"),
        (Act(kind="t", actor="li", time_ms=1, body={"x": object()}), "body"),
        (Act(kind="t", actor="li", time_ms=1, body={"x": "y" * 300_000}), "body"),
    ],
)
def test_an_act_that_cannot_be_kept_harms_nothing_else(tmp_path: Path, bad: Act, field: str) -> None:
    with empty_ledger("sqlite", tmp_path) as url:
        ledger = Ledger(url)
        good, wrong = ledger.write(Batch(deeds=[ActDeed(act=act(1)), ActDeed(act=bad)]), 1).deeds
        assert good == 1
        assert isinstance(wrong, ParkTwinError)
        assert wrong.field == field
        assert ledger.write(Batch(deeds=[ActDeed(act=act(2))]), 2).deeds == (2,)
        ledger.close()
