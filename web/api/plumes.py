"""Stored plume frames."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response

from twin.store.results import ResultReader
from web import files
from web.ranges import window
from web.reply import BINARY_FILE, Operation, serve
from web.schemas.convert import plume_out
from web.schemas.plume import PlumesOut, PlumesQuery
from web.services import services

plumes = APIBlueprint("plumes", __name__, url_prefix="/api/v1", tag="Models")
PLUMES_MAX = 2000


def get_plumes(query: PlumesQuery) -> PlumesOut:
    """List of stored plume frames, oldest first; by default of the last hour."""
    results = services().results
    asked = window(query.from_ms, query.to_ms, newest_ms=_newest_ms(results))
    found = results.plumes(query.substance, asked.from_ms, asked.to_ms, PLUMES_MAX + 1)
    return PlumesOut(
        plumes=[plume_out(row) for row in found[-PLUMES_MAX:]], truncated=len(found) > PLUMES_MAX
    )


def _newest_ms(results: ResultReader) -> int | None:
    return max((row.time_ms for row in results.newest_plumes()), default=None)


def get_plume(run: str, k: int) -> Response:
    """One plume frame: a volume, see docs/wire.md."""
    return files.send_file(services().results.plume_file(run, k), cache=files.IMMUTABLE)


serve(plumes, "/plumes", get_plumes, Operation(gives=PlumesOut, reads=PlumesQuery, errors=(503,)))
serve(plumes, "/plumes/<run>/<int:k>.twv", get_plume, BINARY_FILE)
