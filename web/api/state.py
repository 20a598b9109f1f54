"""The state of the twin, now or at a moment of the stored past."""

from __future__ import annotations

from dataclasses import dataclass

from apiflask import APIBlueprint

from twin.core.errors import ServiceUnavailableError
from twin.store.results import ResultReader
from twin.store.rows import PlumeRow, WaterTableRow
from web.hub import Cursor
from web.reply import Operation, serve
from web.schemas.convert import device_out, plume_out, value_out, watertable_out
from web.schemas.state import SpanOut, StateOut, StateQuery
from web.services import services

state = APIBlueprint("state", __name__, url_prefix="/api/v1", tag="Live")


def get_state(query: StateQuery) -> StateOut:
    """Newest value of every series, devices, newest plume of every substance, water table.

    With ``at`` all of these as they were at that moment of the stored past.
    """
    own = services()
    results = newest_results(own.results, query.at)
    ledger = own.ledger.state(query.at)
    table = results.water_table
    return StateOut(
        cursor=str(Cursor(ledger=ledger.cursor, result=results.cursor)),
        at=query.at,
        now_ms=own.clock.now_ms(),
        data_ms=max((row.time_ms for row in ledger.values), default=None),
        values=[value_out(row) for row in ledger.values],
        devices=[device_out(row) for row in ledger.devices],
        plumes=[plume_out(row) for row in results.plumes],
        watertable=None if table is None else watertable_out(table),
        span=SpanOut(
            from_ms=ledger.span.from_ms if ledger.span else None,
            to_ms=ledger.span.to_ms if ledger.span else None,
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NewestResults:
    """Newest results and the place in the result ledger from which newer ones follow."""

    cursor: int = 0
    plumes: tuple[PlumeRow, ...] = ()
    water_table: WaterTableRow | None = None


def newest_results(reader: ResultReader, at_ms: int | None) -> NewestResults:
    """Newest results; none while the model worker has not made its ledger."""
    try:
        # The cursor first: a row that comes between is then given twice, never missed.
        return NewestResults(
            cursor=reader.cursor(),
            plumes=reader.newest_plumes(at_ms),
            water_table=reader.newest_water_table(at_ms),
        )
    except ServiceUnavailableError:
        return NewestResults()


serve(state, "/state", get_state, Operation(gives=StateOut, reads=StateQuery, errors=(503,)))
