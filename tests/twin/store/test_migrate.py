"""Migrations lead to exactly the schema that the code declares; PostgreSQL can have it too."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from twin.core.errors import ServiceUnavailableError, StoreError
from twin.store import all_tables, migrate, result_schema
from twin.store.engine import sqlite_url, writer_engine
from twin.store.ledger import Ledger
from twin.store.migrate import HEAD, Kind, upgrade
from twin.store.reader import LedgerReader

SCHEMAS = {Kind.LEDGER: all_tables.METADATA, Kind.RESULTS: result_schema.METADATA}
SCRIPTS = Path(migrate.__file__).parent / "migrations"


def shape(engine: sa.Engine) -> dict[str, object]:
    """Everything a table consists of, without the order of its clauses."""
    look = sa.inspect(engine)
    shapes = {}
    for name in look.get_table_names():
        if name == "alembic_version":
            continue
        with engine.connect() as connection:
            sql = connection.exec_driver_sql(
                f"SELECT sql FROM sqlite_master WHERE name = '{name}'"
            ).scalar_one()
        shapes[name] = (
            [(c["name"], str(c["type"]), c["nullable"]) for c in look.get_columns(name)],
            look.get_pk_constraint(name)["constrained_columns"],
            sorted((i["name"], tuple(i["column_names"])) for i in look.get_indexes(name)),
            sorted(tuple(u["column_names"]) for u in look.get_unique_constraints(name)),
            sorted(tuple(f["constrained_columns"]) for f in look.get_foreign_keys(name)),
            "WITHOUT ROWID" in sql,
        )
    return shapes


@pytest.mark.parametrize("kind", Kind)
def test_a_migrated_data_base_is_a_fresh_one(tmp_path: Path, kind: Kind) -> None:
    fresh = writer_engine(sqlite_url(tmp_path / "fresh.sqlite"))
    SCHEMAS[kind].create_all(fresh)
    migrated = writer_engine(sqlite_url(tmp_path / "migrated.sqlite"))
    assert upgrade(migrated, kind)
    assert shape(migrated) == shape(fresh)
    assert set(shape(fresh)) == set(SCHEMAS[kind].tables)


@pytest.mark.parametrize("kind", Kind)
def test_head_is_the_last_script(kind: Kind) -> None:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", str(SCRIPTS / kind.value))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD[kind]]


def test_a_ledger_that_is_up_to_date_loads_no_alembic(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "ledger.sqlite")
    Ledger(url).close()
    program = (
        "import sys; from twin.store.ledger import Ledger; "
        f"Ledger({url!r}).close(); sys.exit('alembic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False, cwd=SCRIPTS.parents[2])
    assert done.returncode == 0


def test_a_ledger_of_a_newer_release_is_refused_by_name(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "ledger.sqlite")
    Ledger(url).close()
    engine = writer_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'ledger_9999'")
    engine.dispose()
    with pytest.raises(StoreError, match="ledger_9999"):
        Ledger(url)
    with pytest.raises(StoreError, match="ledger_9999"):
        LedgerReader(url).cursor()


def test_a_reader_that_comes_first_is_told_to_come_again(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "ledger.sqlite")
    reader = LedgerReader(url)
    with pytest.raises(ServiceUnavailableError):
        reader.changed()
    (tmp_path / "ledger.sqlite").touch()
    with pytest.raises(ServiceUnavailableError):
        reader.cursor()
    Ledger(url).close()
    assert reader.cursor() == 0
    reader.close()


@pytest.mark.parametrize("kind", Kind)
def test_the_schema_compiles_for_postgresql(kind: Kind) -> None:
    dialect = postgresql.dialect()
    for table in SCHEMAS[kind].sorted_tables:
        ddl = str(CreateTable(table).compile(dialect=dialect))
        assert "ROWID" not in ddl
        assert "SERIAL" not in ddl, f"{table.name}: the writer counts, not the data base"
        for index in table.indexes:
            assert str(CreateIndex(index).compile(dialect=dialect))


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "not a url"])
def test_a_ledger_without_a_file_is_refused(url: str) -> None:
    with pytest.raises(StoreError, match="expected sqlite:///<path>"):
        Ledger(url)
