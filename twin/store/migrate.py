"""Bringing a ledger to the newest schema, at the writer's start.

Alembic is loaded only when there is something to do: a start with a ledger that is up to date
costs one query.
"""

from __future__ import annotations

from enum import StrEnum
from importlib.resources import files

import sqlalchemy as sa

from twin.core.errors import StoreError


class Kind(StrEnum):
    """Which of the two ledgers."""

    LEDGER = "ledger"
    RESULTS = "results"


# Revision that this release writes and reads; a test compares it with the migration scripts.
HEAD = {Kind.LEDGER: "ledger_0009", Kind.RESULTS: "results_0003"}
_VERSION = sa.table("alembic_version", sa.column("version_num"))


def revision(connection: sa.Connection) -> str | None:
    """Revision of the schema, None for an empty data base."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(sa.select(_VERSION.c.version_num)).scalar_one_or_none()
    return found


def upgrade(engine: sa.Engine, kind: Kind) -> bool:
    """Bring the ledger to ``HEAD``; False when it was there already.

    Raises StoreError for a ledger that a newer release has written.
    """
    with engine.connect() as connection:
        found = revision(connection)
    if found == HEAD[kind]:
        return False
    _run_scripts(engine, kind, found)
    return True


def _run_scripts(engine: sa.Engine, kind: Kind, found: str | None) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    folder = files("twin.store") / "migrations"
    config = Config()
    config.set_main_option("script_location", str(folder))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", str(folder / kind.value))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise StoreError(
                f"the {kind.value} ledger has schema {found!r}, this release knows {HEAD[kind]!r}: {error}",
                message_zh=f"{kind.value} 台账的结构版本为 {found!r}，本版本只认识 {HEAD[kind]!r}",
                field="schema",
                value=found,
            ) from error
