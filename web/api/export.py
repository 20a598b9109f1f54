"""Values as a file: CSV, Excel, Parquet, NetCDF."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from apiflask import APIBlueprint
from flask import Response

from twin.core.errors import ServiceUnavailableError
from twin.store.export.formats import FORMATS, export
from twin.store.export.gather import About, Plan, file_name
from twin.store.rows import Step
from web.reply import Operation, serve
from web.schemas.export import ExportQuery, ExportStep, ExportUnits
from web.services import Services, services

exports = APIBlueprint("exports", __name__, url_prefix="/api/v1", tag="Live")
# What the program may write on the command line is more; a browser's wait and the disk bound it here.
ROWS_MAX = 2_000_000
_SHEET_ROWS_MAX = 200_000
_CHUNK_BYTES = 1 << 16


def get_export(query: ExportQuery) -> Response:
    """Values of some series as a file for download."""
    own = services()
    plan = Plan(
        series=tuple(query.series.split(",")),
        from_ms=query.from_ms,
        to_ms=query.to_ms,
        step=None if query.step is ExportStep.RAW else Step(query.step.value),
        units="si" if query.units is ExportUnits.SI else "display",
    )
    chosen = FORMATS[query.format.value]
    if not own.exports.acquire(blocking=False):
        msg = "two exports are being made already; try again in a moment"
        raise ServiceUnavailableError(msg, message_zh="已有两个导出正在进行，请稍后再试", field="export")
    try:
        file, size = _made(own, plan, query.format.value, chosen.suffix)
    finally:
        own.exports.release()
    response = Response(_chunks(file), mimetype=chosen.media_type, direct_passthrough=True)
    response.call_on_close(file.close)
    response.headers["Content-Length"] = str(size)
    response.headers["Content-Disposition"] = f'attachment; filename="{file_name(plan, chosen.suffix)}"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _made(own: Services, plan: Plan, format_name: str, suffix: str) -> tuple[BinaryIO, int]:
    """The whole file, open and nameless: an error is told before the first byte is sent."""
    scene = own.bundles.scene()
    about = About(
        park_zh=scene["name"]["zh"],
        park_en=scene["name"]["en"],
        utc_offset_h=float(scene["utc_offset_h"]),
        made_ms=own.clock.now_ms(),
        program=f"Park Twin {own.version}",
    )
    rows_max = _SHEET_ROWS_MAX if format_name == "xlsx" else ROWS_MAX
    with tempfile.TemporaryDirectory(prefix="park-twin-export-") as folder:
        target = Path(folder) / f"export{suffix}"
        export(own.ledger, plan, format_name, about, target, rows_max)
        return target.open("rb"), target.stat().st_size


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk


serve(
    exports,
    "/export",
    get_export,
    Operation(reads=ExportQuery, mimetype="*/*", errors=(404, 503)),
)
