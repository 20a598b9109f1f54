"""Reading and writing what the judge remembers. Only its tables; no rules."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from twin.store.engine import seek, upsert_many
from twin.store.ledger_schema import SERIES
from twin.store.review_schema import (
    LINK_STATE,
    RELATION_STATE,
    REVIEW_EDITION,
    RULE_BOOK,
    SENSOR_HOUR,
    SERIES_HOUR,
    SERIES_STATE,
    UNIT_STATE,
)

# The judge hands its connection on without knowing what it is.
Connection = sa.Connection
DECISIONS = "decisions"
Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeState:
    """All rows, each a tuple in the order of its table."""

    series: tuple[Row, ...]
    relations: tuple[Row, ...]
    units: tuple[Row, ...]
    links: tuple[Row, ...]


def load_state(connection: sa.Connection) -> JudgeState:
    """What was remembered at the last commit."""
    tables = (SERIES_STATE, RELATION_STATE, UNIT_STATE, LINK_STATE)
    found = [tuple(tuple(row) for row in connection.execute(sa.select(table))) for table in tables]
    return JudgeState(series=found[0], relations=found[1], units=found[2], links=found[3])


def series_keys(connection: sa.Connection) -> dict[int, str]:
    """Key of every series by its number."""
    return {row.id: row.key for row in connection.execute(sa.select(SERIES.c.id, SERIES.c.key))}


def save_state(connection: sa.Connection, state: JudgeState) -> None:
    """Write rows that have changed."""
    upsert_many(connection, SERIES_STATE, state.series)
    upsert_many(connection, RELATION_STATE, state.relations)
    upsert_many(connection, UNIT_STATE, state.units)
    upsert_many(connection, LINK_STATE, state.links)


def load_hours(
    connection: sa.Connection, keys: Iterable[tuple[str, int, int]]
) -> dict[tuple[str, int, int], Row]:
    """Tallies of (sensor, interval, start), as far as there are any."""
    columns = tuple(SENSOR_HOUR.columns)
    rows = seek(connection, columns, columns[:3], keys)
    return {(row[0], row[1], row[2]): row[3:] for row in rows}


def save_hours(connection: sa.Connection, rows: Iterable[Row]) -> None:
    """Write tallies, in the order of the table."""
    upsert_many(connection, SENSOR_HOUR, list(rows))


def load_minutes(connection: sa.Connection, keys: Iterable[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """Minutes of (series, start of the hour) for which something came, as far as there are any."""
    columns = tuple(SERIES_HOUR.columns)
    return {(row[0], row[1]): row[2] for row in seek(connection, columns, columns[:2], keys)}


def save_minutes(connection: sa.Connection, rows: Iterable[Row]) -> None:
    """Write minutes, in the order of the table."""
    upsert_many(connection, SERIES_HOUR, list(rows))


def edition(connection: sa.Connection) -> int:
    """How many decisions were made on the review queue."""
    question = sa.select(REVIEW_EDITION.c.n).where(REVIEW_EDITION.c.name == DECISIONS)
    return int(connection.execute(question).scalar() or 0)


def next_edition(connection: sa.Connection) -> None:
    """One more decision."""
    upsert_many(connection, REVIEW_EDITION, [(DECISIONS, edition(connection) + 1)])


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepRuleBook:
    """Deed: the rules that are in force from now on; the same again is no news."""

    body: Mapping[str, object]

    def apply(self, connection: sa.Connection, now_ms: int) -> int:
        """Write them; the number of the edition."""
        text = json.dumps(
            self.body, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
        )
        digest = hashlib.sha256(text.encode()).hexdigest()
        last = connection.execute(sa.select(RULE_BOOK).order_by(RULE_BOOK.c.seq.desc()).limit(1)).first()
        if last is not None and last.sha256 == digest:
            return int(last.seq)
        seq = 1 if last is None else last.seq + 1
        connection.execute(RULE_BOOK.insert().values(seq=seq, set_ms=now_ms, sha256=digest, body=text))
        return int(seq)


def rule_book(connection: sa.Connection) -> dict[str, Any]:
    """Rules in force; empty before the first."""
    question = sa.select(RULE_BOOK.c.body).order_by(RULE_BOOK.c.seq.desc()).limit(1)
    text = connection.execute(question).scalar()
    found: dict[str, Any] = {} if text is None else json.loads(text)
    return found
