"""Holes in what a device has sent: how they are found, kept and closed.

A hole is a span in which no value of any series of a device lies, longer than the device's interval
allows. It is asked for (``asked``), found closed by the values themselves (``filled``), or given up
when the station has nothing there (``given_up``). Nothing here writes a value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from twin.store.exchange_schema import GAP, GAP_SCAN
from twin.store.reading import Reader

_G = GAP.c


class GapState(StrEnum):
    """What has become of a hole."""

    OPEN = "open"
    ASKED = "asked"
    FILLED = "filled"
    GIVEN_UP = "given_up"


LIVING = (GapState.OPEN.value, GapState.ASKED.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """One hole ``[from_ms, to_ms)``; ``next_ms``: not asked for before."""

    mn: str
    from_ms: int
    to_ms: int
    state: GapState
    cn: str
    tries: int
    next_ms: int
    found_ms: int
    changed_ms: int
    exchange_seq: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveGaps:
    """Deed: these holes as they stand now, and up to where a device was looked at."""

    gaps: Sequence[Gap] = ()
    dropped: Sequence[tuple[str, int]] = ()
    scanned: Sequence[tuple[str, int]] = ()

    def apply(self, connection: sa.Connection, now_ms: int) -> None:
        """Insert or replace."""
        for mn, from_ms in self.dropped:
            connection.execute(GAP.delete().where(_G.mn == mn, _G.from_ms == from_ms))
        for gap in self.gaps:
            values = _values(gap)
            key = (_G.mn == gap.mn) & (_G.from_ms == gap.from_ms)
            if not connection.execute(GAP.update().where(key).values(values)).rowcount:
                connection.execute(GAP.insert().values(mn=gap.mn, from_ms=gap.from_ms, **values))
        for mn, scanned_ms in self.scanned:
            where = GAP_SCAN.c.mn == mn
            if not connection.execute(GAP_SCAN.update().where(where).values(scanned_ms=scanned_ms)).rowcount:
                connection.execute(GAP_SCAN.insert().values(mn=mn, scanned_ms=scanned_ms))


class GapReader:
    """Questions about holes to the ledger behind a reader."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def gaps(
        self,
        *,
        mn: str | None = None,
        states: Sequence[str] = (),
        from_ms: int | None = None,
        to_ms: int | None = None,
        limit: int = 200,
    ) -> tuple[Gap, ...]:
        """Newest first."""
        question = sa.select(GAP).order_by(_G.from_ms.desc(), _G.mn).limit(limit)
        if mn is not None:
            question = question.where(_G.mn == mn)
        if states:
            question = question.where(_G.state.in_(states))
        if from_ms is not None:
            question = question.where(_G.to_ms > from_ms)
        if to_ms is not None:
            question = question.where(_G.from_ms < to_ms)
        with self._reader.snapshot() as connection:
            return tuple(_gap(r) for r in connection.execute(question))

    def scanned(self) -> dict[str, int]:
        """Up to where each device was looked at."""
        with self._reader.snapshot() as connection:
            return {r.mn: int(r.scanned_ms) for r in connection.execute(sa.select(GAP_SCAN))}


def _values(gap: Gap) -> dict[str, object]:
    return {
        "to_ms": gap.to_ms,
        "state": gap.state.value,
        "cn": gap.cn,
        "tries": gap.tries,
        "next_ms": gap.next_ms,
        "found_ms": gap.found_ms,
        "changed_ms": gap.changed_ms,
        "exchange_seq": gap.exchange_seq,
        "note": gap.note[:200],
    }


def _gap(r: sa.Row[Any]) -> Gap:
    fields = dict(r._mapping)
    fields["state"] = GapState(fields["state"])
    return Gap(**fields)
