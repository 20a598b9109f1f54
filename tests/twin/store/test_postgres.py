"""What is PostgreSQL's own: one writer even after a restart of the server, texts with NUL, equal schemas."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from tests.support import postgres
from tests.support.arrivals import arrival, frame, value
from tests.support.both_stores import empty_ledger
from twin.core.errors import ServiceUnavailableError, StoreError
from twin.store import all_tables
from twin.store.engine import shown, writer_engine
from twin.store.ledger import Arrival, Batch, Ledger
from twin.store.migrate import Kind, upgrade
from twin.store.postgres import escaped, unescaped
from twin.store.reader import LedgerReader

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def url() -> Iterator[str]:
    with empty_ledger("postgresql") as made:
        yield made


def shape(engine: sa.Engine) -> dict[str, object]:
    look = sa.inspect(engine)
    return {
        name: (
            [(c["name"], str(c["type"]), c["nullable"]) for c in look.get_columns(name)],
            look.get_pk_constraint(name)["constrained_columns"],
            sorted((str(i["name"]), tuple(i["column_names"])) for i in look.get_indexes(name)),
            sorted(tuple(f["constrained_columns"]) for f in look.get_foreign_keys(name)),
        )
        for name in look.get_table_names()
        if name != "alembic_version"
    }


def test_the_migrations_make_the_declared_schema(url: str) -> None:
    migrated = writer_engine(url)
    assert upgrade(migrated, Kind.LEDGER)
    with empty_ledger("postgresql") as other:
        fresh = writer_engine(other)
        all_tables.METADATA.create_all(fresh)
        assert shape(migrated) == shape(fresh)
        fresh.dispose()
    migrated.dispose()


def test_a_dead_writer_s_lock_dies_with_it(url: str) -> None:
    program = f"import os; from twin.store.ledger import Ledger; Ledger({url!r}); os._exit(9)"
    assert subprocess.run([sys.executable, "-c", program], check=False, cwd=ROOT).returncode == 9
    Ledger(url).close()


def test_a_writer_that_lost_its_connection_takes_the_lock_again_or_stops(url: str) -> None:
    ledger = Ledger(url)
    ledger.write(Batch(arrivals=[arrival("1", value(0, 1.0))]), 5)
    _cut_all_connections(url)
    other = Ledger(url)
    with pytest.raises(StoreError):
        ledger.write(Batch(arrivals=[arrival("2", value(1, 1.0))]), 6)
    with pytest.raises(StoreError, match="another process"):
        ledger.write(Batch(arrivals=[arrival("2", value(1, 1.0))]), 6)
    other.close()
    assert ledger.write(Batch(arrivals=[arrival("2", value(1, 1.0))]), 7).arrivals[0].seq == 2
    ledger.close()


def test_a_reader_comes_back_after_the_connection_was_cut(url: str) -> None:
    ledger, reader = Ledger(url), LedgerReader(url)
    ledger.write(Batch(arrivals=[arrival("1", value(0, 1.0))]), 5)
    assert reader.changed()
    _cut_all_connections(url)
    with pytest.raises(ServiceUnavailableError):
        reader.newest()
    assert len(reader.newest()) == 1
    reader.changed()
    reader.close()
    ledger.close()


def test_nul_in_a_header_neither_loses_the_frame_nor_its_neighbours(url: str) -> None:
    odd = Arrival(frame=replace(frame("1"), qn="1\x00\ue0002"))
    ledger, reader = Ledger(url), LedgerReader(url)
    for _ in range(2):
        written = ledger.write(Batch(arrivals=[odd, *(arrival(str(i), value(i, 1.0)) for i in range(20))]), 5)
    assert not any(row.new for row in written.arrivals)
    assert reader.frames_after(0)[0].qn == odd.frame.qn
    reader.close()
    ledger.close()


@given(st.text(alphabet="a\x00\ue000\ue001\n"))
def test_the_escape_of_nul_can_be_undone(text: str) -> None:
    assert "\x00" not in escaped(text)
    assert unescaped(escaped(text)) == text


def test_no_message_tells_the_password() -> None:
    url = "postgresql+psycopg://u:secret@127.0.0.1:1/none"
    assert "secret" not in shown(url)
    with pytest.raises(Exception, match=r"\*\*\*|refused|failed") as caught:
        Ledger(url)
    assert "secret" not in str(caught.value)


def test_the_server_runs_as_an_ordinary_user(url: str) -> None:
    process = postgres.server().process
    if os.geteuid() == 0:
        owner = Path(f"/proc/{process.pid}").stat().st_uid
        assert owner != 0


def _cut_all_connections(url: str) -> None:
    name = url.rsplit("/", 1)[1]
    with postgres.server().connect() as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
        )
