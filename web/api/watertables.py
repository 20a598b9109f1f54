"""Stored water tables."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response

from web import files
from web.ranges import window
from web.reply import BINARY_FILE, Operation, serve
from web.schemas.convert import watertable_out
from web.schemas.watertable import WaterTablesOut, WaterTablesQuery
from web.services import services

watertables = APIBlueprint("watertables", __name__, url_prefix="/api/v1", tag="Models")
TABLES_MAX = 2000


def get_watertables(query: WaterTablesQuery) -> WaterTablesOut:
    """List of stored water tables, oldest first; by default of the last hour."""
    results = services().results
    newest = results.newest_water_table()
    asked = window(query.from_ms, query.to_ms, newest_ms=newest.time_ms if newest else None)
    found = results.water_tables(asked.from_ms, asked.to_ms, TABLES_MAX + 1)
    kept = [watertable_out(row) for row in found[-TABLES_MAX:]]
    return WaterTablesOut(watertables=kept, truncated=len(found) > TABLES_MAX)


def get_watertable(run: str, k: int) -> Response:
    """One water table: a grid, see docs/wire.md."""
    return files.send_file(services().results.water_table_file(run, k), cache=files.IMMUTABLE)


LISTED = Operation(gives=WaterTablesOut, reads=WaterTablesQuery, errors=(503,))
serve(watertables, "/watertables", get_watertables, LISTED)
serve(watertables, "/watertables/<run>/<int:k>.twg", get_watertable, BINARY_FILE)
