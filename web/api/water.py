"""The groundwater: now-casts, comparisons of remedies, warnings, their files; what-if; contaminants."""

from __future__ import annotations

import json
from typing import Any, TypeVar

from apiflask import APIBlueprint
from flask import Response

from twin.core.errors import ServiceUnavailableError
from twin.store.rows import WaterKind, WaterRow
from web import files
from web.desk import forward_as, receive
from web.ranges import window
from web.reply import BINARY_FILE, Operation, serve
from web.schemas import water as shapes
from web.schemas.base import Out, Query, TextOut
from web.services import services

water = APIBlueprint("water", __name__, url_prefix="/api/v1", tag="Models")
# A now-cast holds wells, fronts and flow lines: some hundred kilobytes.
NOWS_MAX = 100
ROWS_MAX = 500
STANDING_ROWS = 2_000  # what stands is said again every day, so these hold every subject
_DAY_MS = 86_400_000
_MONTH_MS = 31 * _DAY_MS
Given = TypeVar("Given", bound=Out)


def get_nowcasts(query: shapes.WaterQuery) -> shapes.WaterNowsOut:
    """Now-casts of the groundwater: the newest, or those of a span."""
    rows, truncated = _asked(WaterKind.NOW_CAST, query, NOWS_MAX)
    return shapes.WaterNowsOut(nowcasts=[_read(shapes.WaterNowOut, row) for row in rows], truncated=truncated)


def get_nowcast(run: str, k: int) -> shapes.WaterNowOut:
    """One now-cast of the groundwater."""
    return _read(shapes.WaterNowOut, _one(WaterKind.NOW_CAST, run, k))


def get_comparisons(query: shapes.WaterQuery) -> shapes.ComparisonsOut:
    """Remedies compared: of the last month, exercises included, or of a span."""
    rows, truncated = _spanned(WaterKind.COMPARISON, query, ROWS_MAX)
    return shapes.ComparisonsOut(
        comparisons=[_read(shapes.ComparisonOut, row) for row in rows], truncated=truncated
    )


def get_warnings(query: shapes.WaterQuery) -> shapes.WarningsOut:
    """Warnings that forecasts gave: of the last month, or of a span."""
    rows, truncated = _spanned(WaterKind.EVENT, query, ROWS_MAX)
    return shapes.WarningsOut(
        warnings=[_read(shapes.WarningOut, row) for row in rows],
        truncated=truncated,
        standing=[_read(shapes.WarningOut, row) for row in _standing()],
    )


def get_file(run: str, k: int, name: str) -> Response:
    """A volume or grid of a row, see docs/wire.md."""
    return files.send_file(services().results.water_file(run, k, name), cache=files.IMMUTABLE)


def get_contaminants(query: shapes.ContaminantsQuery) -> shapes.ContaminantsOut:
    """The library of contaminants, or what of it holds a text."""
    from models.contaminants.library import search
    from models.contaminants.standard import limits_kg_m3

    found = search(query.q or "")
    named = {source for row in found for number in row.all_numbers for source in number.sources}
    return shapes.ContaminantsOut(
        contaminants=[
            shapes.ContaminantOut(
                id=row.id,
                cas=row.cas,
                kind=row.kind.value,
                name=TextOut(zh=row.name.zh, en=row.name.en),
                formula=row.formula,
                indicator=row.indicator,
                limits_kg_m3=limits_kg_m3(row),
                numbers=[
                    shapes.ContaminantNumberOut(
                        name=name,
                        value=number.value,
                        units=number.units,
                        verified=number.verified,
                        sources=[source.id for source in number.sources],
                        note=number.note,
                    )
                    for name, number in row.numbers.items()
                ],
                kd_by_ph=[
                    shapes.KdAtPhOut(
                        ph=ph, kd_m3_kg=number.value, sources=[source.id for source in number.sources]
                    )
                    for ph, number in row.kd_by_ph
                ],
                unknown=list(row.unknown),
                note=None if row.note is None else TextOut(zh=row.note.zh, en=row.note.en),
            )
            for row in found
        ],
        sources={source.id: source.citation for source in named},
        numbers_count=sum(len(row.all_numbers) for row in found),
        unverified_count=sum(not number.verified for row in found for number in row.all_numbers),
    )


def post_what_if(body: shapes.WhatIfBody) -> shapes.WhatIfOut:
    """Ask for a comparison of remedies under what is assumed; it comes as an exercise."""
    return forward_as(shapes.WhatIfOut, "water.whatif", body.model_dump(mode="json"))


def _asked(kind: WaterKind, query: shapes.WaterQuery, most: int) -> tuple[list[WaterRow], bool]:
    if query.from_ms is None and query.to_ms is None:
        try:
            row = services().results.newest_water(kind)
        except ServiceUnavailableError:  # the model worker has not made its ledger
            row = None
        return ([] if row is None else [row]), False
    return _spanned(kind, query, most)


def _spanned(kind: WaterKind, query: shapes.WaterQuery, most: int) -> tuple[list[WaterRow], bool]:
    try:
        results = services().results
        newest = results.water_rows(kind, 0, 2**53, 1)
        newest_ms = newest[0].time_ms if newest else None
        asked = window(query.from_ms, query.to_ms, newest_ms=newest_ms, default_ms=_MONTH_MS)
        rows = list(results.water_rows(kind, asked.from_ms, asked.to_ms, most + 1))
    except ServiceUnavailableError:
        return [], False
    return rows[-most:], len(rows) > most


def _standing() -> list[WaterRow]:
    """The newest warning of every subject that is not over, the most severe first."""
    try:
        rows = services().results.water_rows(WaterKind.EVENT, 0, 2**53, STANDING_ROWS)
    except ServiceUnavailableError:
        return []
    newest = {(row.body["subject"], row.body["substance"]): row for row in rows if not row.exercise}
    found = [row for row in newest.values() if row.body["response"] is not None]
    return sorted(found, key=lambda row: (str(row.body["response"]), row.time_ms))


def _one(kind: WaterKind, run: str, k: int) -> WaterRow:
    row = services().results.water(run, k)
    if row.kind is not kind:
        services().results.water(run, -1)  # says that there is none
    return row


def _read(shape: type[Given], row: WaterRow) -> Given:
    """What the result ledger holds is JSON; read as JSON, whole numbers may stand for others."""
    payload: dict[str, Any] = row.payload()
    return shape.model_validate_json(json.dumps(payload))


def _gives(body: type[Out], query: type[Query] | None) -> Operation:
    return Operation(gives=body, reads=query, errors=(503,) if query else (404, 503))


serve(water, "/water/nowcasts", get_nowcasts, _gives(shapes.WaterNowsOut, shapes.WaterQuery))
serve(water, "/water/nowcasts/<run>/<int:k>", get_nowcast, _gives(shapes.WaterNowOut, None))
serve(water, "/water/comparisons", get_comparisons, _gives(shapes.ComparisonsOut, shapes.WaterQuery))
serve(water, "/water/warnings", get_warnings, _gives(shapes.WarningsOut, shapes.WaterQuery))
serve(water, "/water/files/<run>/<int:k>/<name>", get_file, BINARY_FILE)
serve(
    water,
    "/water/contaminants",
    get_contaminants,
    Operation(gives=shapes.ContaminantsOut, reads=shapes.ContaminantsQuery),
)
receive(water, "/water/what-if", post_what_if, Operation(gives=shapes.WhatIfOut), shapes.WhatIfBody)
