"""The now-cast beside its plumes: predicted beams, maps of the ground, forecasts, trends, rose, curves."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
from apiflask import APIBlueprint
from flask import Response

from twin.core.errors import ServiceUnavailableError
from twin.core.observation import Quality
from twin.core.quantity import CONC_PREFIX
from twin.live.curves import gas_curve
from twin.live.residuals import residuals_of
from twin.live.rose import SPEEDS_M_S, origin_of, rose_from
from twin.live.state import WIND
from twin.store.rows import AirKind, AirRow, Step
from web import files
from web.ranges import Window, window
from web.reply import BINARY_FILE, Operation, serve
from web.schemas import air as shapes
from web.schemas.base import Out, Query
from web.services import services

air = APIBlueprint("air", __name__, url_prefix="/api/v1", tag="Models")
ROWS_MAX = 2000
_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS
_CURVE_HOURS_MAX = 62 * 24
_FLOOR_KG_M3 = 2e-8  # about the detection limit of the open-path instruments
Body = TypeVar("Body", bound=Out)


def get_nowcasts(query: shapes.AirQuery) -> shapes.NowCastsOut:
    """Now-casts: the newest of every substance, or all of a span."""
    rows, truncated = _asked(AirKind.NOW_CAST, query)
    return shapes.NowCastsOut(nowcasts=[_body(shapes.NowCastOut, row) for row in rows], truncated=truncated)


def get_forecasts(query: shapes.AirQuery) -> shapes.ForecastsOut:
    """Forecasts: the newest of every substance, or all of a span."""
    rows, truncated = _asked(AirKind.FORECAST, query)
    return shapes.ForecastsOut(
        forecasts=[_body(shapes.ForecastOut, row) for row in rows], truncated=truncated
    )


def get_predicted(query: shapes.PredictedQuery) -> shapes.PredictedOut:
    """Predicted beams beside what was measured; by default of the last hour."""
    rows, truncated = _span(AirKind.NOW_CAST, query)
    columns: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        for beam in row.body["beams"]:
            if query.sensor in (None, beam["sensor"]):
                columns[beam["sensor"]].append({"t": row.time_ms, **beam})
    beams = [_predicted_beam(sensor, found) for sensor, found in sorted(columns.items())]
    everything = [row for found in columns.values() for row in found]
    return shapes.PredictedOut(
        substance=query.substance,
        origin=rows[-1].origin if rows else None,
        beams=beams,
        residuals=_residuals(everything),
        truncated=truncated,
    )


def _predicted_beam(sensor: str, found: Sequence[dict[str, Any]]) -> shapes.PredictedBeamOut:
    return shapes.PredictedBeamOut(
        sensor=sensor,
        t=[row["t"] for row in found],
        median=[row["predicted"]["median"] for row in found],
        low=[row["predicted"]["low"] for row in found],
        high=[row["predicted"]["high"] for row in found],
        measured=[row["measured"] for row in found],
        quality=[Quality(row["quality"]) for row in found],
        residuals=_residuals(found),
    )


def _residuals(found: Sequence[dict[str, Any]]) -> shapes.ResidualsOut:
    """Of the predictions made ahead of the readings; a row that had none does not count."""
    pairs = [row for row in found if row["ahead"] is not None]
    measured = [np.nan if row["measured"] is None else row["measured"] for row in pairs]
    bands = np.array([[row["ahead"][name] for name in ("median", "low", "high")] for row in pairs])
    median, low, high = bands.reshape(-1, 3).T
    got = residuals_of(median, low, high, np.array(measured, dtype=np.float64), _FLOOR_KG_M3)
    return shapes.ResidualsOut(
        n=got.n, bias_kg_m3=got.bias_kg_m3, fac2=got.fac2, coverage=got.coverage, floor_kg_m3=got.floor_kg_m3
    )


def get_maps(query: shapes.AirQuery) -> shapes.MapsOut:
    """Maps of the ground, measured gas by gas: the newest of every substance, or all of a span."""
    if query.from_ms is None and query.to_ms is None:
        rows = _results(lambda: _newest(AirKind.NOW_CAST, query.substance, with_map=True))
        rows += _results(lambda: _newest(AirKind.FORECAST, query.substance, with_map=True))
        truncated = False
    else:
        now, cut = _span(AirKind.NOW_CAST, query)
        later, cut_later = _span(AirKind.FORECAST, query)
        rows, truncated = [*now, *later], cut or cut_later
    found = sorted((row for row in rows if row.size_bytes), key=lambda row: (row.time_ms, row.kind, row.k))
    return shapes.MapsOut(maps=[_map(row) for row in found], truncated=truncated)


def get_map(run: str, k: int) -> Response:
    """One map of the ground: layers of cells, see docs/wire.md."""
    return files.send_file(services().results.air_file(run, k), cache=files.IMMUTABLE)


def get_trend(query: shapes.TrendQuery) -> shapes.TrendOut:
    """How the cloud of a gas spreads; by default of the last hour."""
    rows, truncated = _span(AirKind.NOW_CAST, query)
    spreads = [row.body["spread"] for row in rows]
    forecasts = _results(lambda: _newest(AirKind.FORECAST, query.substance))
    levels = spreads[-1]["areas"] if spreads else []
    count = len(levels)
    arrivals = forecasts[-1].body["arrivals"] if forecasts else []
    return shapes.TrendOut(
        substance=query.substance,
        t=[row.time_ms for row in rows],
        max_kg_m3=[row["max_kg_m3"] for row in spreads],
        x_m=[row["x_m"] for row in spreads],
        y_m=[row["y_m"] for row in spreads],
        towards_deg=[row["towards_deg"] for row in spreads],
        speed_m_s=[row["speed_m_s"] for row in spreads],
        levels=[_strict(shapes.AreaOut, area) for area in levels],
        area_m2=[[area["area_m2"] for area in row["areas"][:count]] for row in spreads],
        reach_m=[[area["reach_m"] for area in row["areas"][:count]] for row in spreads],
        arrivals=[_strict(shapes.ArrivalOut, row) for row in arrivals],
        truncated=truncated,
    )


def get_rose(query: shapes.RoseQuery) -> shapes.RoseOut:
    """Wind rose of the park or of one weather set; by default of the last day."""
    ledger = services().ledger
    found = {
        row.key.partition("/")[0]: row.origin
        for row in ledger.series_rows()
        if row.key.endswith(f"/{WIND}") and query.station in (None, row.key.partition("/")[0])
    }
    span = ledger.span()
    asked = window(query.from_ms, query.to_ms, newest_ms=span.to_ms if span else None, default_ms=_DAY_MS)
    rose = rose_from(ledger, sorted(found), asked.from_ms, asked.to_ms, query.sectors)
    return shapes.RoseOut(
        stations=sorted(found),
        from_ms=asked.from_ms,
        to_ms=asked.to_ms,
        n=rose.n,
        sectors=query.sectors,
        speeds_m_s=list(SPEEDS_M_S),
        share=rose.share.tolist(),
        mean_m_s=[float(mean) if np.isfinite(mean) else None for mean in rose.mean_m_s],
        calm=rose.calm,
        origin=origin_of([row for row in found.values() if row is not None]),
    )


def get_curves(query: shapes.CurvesQuery) -> shapes.CurvesOut:
    """One gas over the park: mean and largest of all beams; by default of the last hour."""
    ledger = services().ledger
    keys = {
        row.key: row.origin
        for row in ledger.series_rows()
        if row.key.endswith(f"/{CONC_PREFIX}{query.substance}")
    }
    span = ledger.span()
    asked = window(query.from_ms, query.to_ms, newest_ms=span.to_ms if span else None)
    step = Step(query.step.value)
    most = Window(from_ms=max(asked.from_ms, asked.to_ms - _longest_ms(step)), to_ms=asked.to_ms)
    curve = gas_curve(ledger, sorted(keys), step, most.from_ms, most.to_ms)
    return shapes.CurvesOut(
        substance=query.substance,
        step=query.step,
        t=list(curve.time_ms),
        mean=list(curve.mean_kg_m3),
        largest=list(curve.largest_kg_m3),
        sensor=list(curve.sensor),
        n=list(curve.n),
        origin=origin_of([row for row in keys.values() if row is not None]),
    )


def _longest_ms(step: Step) -> int:
    """A curve has at most 1,440 minutes or 62 days of hours."""
    return _DAY_MS if step is Step.MINUTE else _CURVE_HOURS_MAX * _HOUR_MS


def _asked(kind: AirKind, query: shapes.AirQuery) -> tuple[list[AirRow], bool]:
    if query.from_ms is None and query.to_ms is None:
        return _results(lambda: _newest(kind, query.substance)), False
    return _span(kind, query)


def _newest(kind: AirKind, substance: str | None, *, with_map: bool = False) -> list[AirRow]:
    rows = services().results.newest_air(kind, with_map=with_map)
    return [row for row in rows if substance in (None, row.substance_id)]


def _span(kind: AirKind, query: shapes.AirQuery) -> tuple[list[AirRow], bool]:
    newest = max((row.time_ms for row in _results(lambda: _newest(kind, query.substance))), default=None)
    asked = window(query.from_ms, query.to_ms, newest_ms=newest)
    rows = _results(
        lambda: list(
            services().results.air_rows(kind, query.substance, asked.from_ms, asked.to_ms, ROWS_MAX + 1)
        )
    )
    return rows[-ROWS_MAX:], len(rows) > ROWS_MAX


def _results(ask: Callable[[], list[AirRow]]) -> list[AirRow]:
    """Rows of the result ledger; none while the model worker has not made it."""
    try:
        return ask()
    except ServiceUnavailableError:
        return []


def _map(row: AirRow) -> shapes.MapOut:
    return shapes.MapOut(
        run=row.run,
        k=row.k,
        kind=row.kind.value,
        substance=row.substance_id,
        t=row.time_ms,
        url=row.url,
        bytes=row.size_bytes,
        origin=row.origin,
        grid=_strict(shapes.GridOut, row.body["grid"]),
        bands=row.body["bands"],
    )


def _body(shape: type[Body], row: AirRow) -> Body:
    return _strict(shape, row.payload())


def _strict(shape: type[Body], payload: dict[str, Any]) -> Body:
    """What the result ledger holds is JSON; read as JSON, whole numbers may stand for others."""
    return shape.model_validate_json(json.dumps(payload))


def _gives(body: type[Out], query: type[Query]) -> Operation:
    return Operation(gives=body, reads=query, errors=(503,))


serve(air, "/nowcasts", get_nowcasts, _gives(shapes.NowCastsOut, shapes.AirQuery))
serve(air, "/forecasts", get_forecasts, _gives(shapes.ForecastsOut, shapes.AirQuery))
serve(air, "/beams/predicted", get_predicted, _gives(shapes.PredictedOut, shapes.PredictedQuery))
serve(air, "/airmaps", get_maps, _gives(shapes.MapsOut, shapes.AirQuery))
serve(air, "/airmaps/<run>/<int:k>.twv", get_map, BINARY_FILE)
serve(air, "/air/spread", get_trend, _gives(shapes.TrendOut, shapes.TrendQuery))
serve(air, "/air/rose", get_rose, _gives(shapes.RoseOut, shapes.RoseQuery))
serve(air, "/air/curves", get_curves, _gives(shapes.CurvesOut, shapes.CurvesQuery))
