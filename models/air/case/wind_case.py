"""Cases of wind over terrain: one inflow (linear flow), or stations (the wind library)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from models.air.case.ground import Ground, ground_of
from models.air.case.load import LoadedCase
from models.air.case.met import samples_of, start_ms
from models.air.case.missing import entry
from models.air.case.places import Spot, spots_of
from models.air.case.result import AirField, CaseResult, ResultTable, make_table
from models.air.case.schema import WindCase
from models.air.case.wind_inflow import Reader, Wind, inflow_wind
from twin.core.geometry import FloatArray
from twin.core.origin import Origin
from twin.core.plume import PlumeGrid
from twin.core.wind import WindSample, direction_from_uv, uv_from_direction

_MEANS = 5
VERSION = "1"


def run_wind(loaded: LoadedCase) -> CaseResult:
    """Run a case of kind ``wind``. Raises CaseError and SolverError."""
    case = loaded.case
    assert isinstance(case, WindCase)
    ground = ground_of(case.site, loaded.folder, loaded.source)
    spots = spots_of(case, ground.site, loaded.folder, loaded.source)
    tables: dict[str, ResultTable] = {}
    if case.station:
        wind, left_out = _stations(case, ground, loaded)
        tables |= left_out
    else:
        wind = inflow_wind(case, ground, loaded, _asked_m(case, spots))
    if spots:
        tables["receptors"] = _table(case, ground, wind, spots)
    notes = (*ground.notes, *wind.notes, *ground.beyond([(spot.id, spot.x_m, spot.y_m) for spot in spots]))
    return CaseResult(
        id=loaded.id,
        kind="wind",
        title=case.title,
        solver=wind.solver,
        version=VERSION,
        origin=Origin(case.origin),
        tables=tables,
        inputs=wind.inputs,
        notes=notes,
        fields=_fields(case, ground, wind, loaded),
    )


def _asked_m(case: WindCase, spots: Sequence[Spot]) -> tuple[float, ...]:
    """Heights above ground at which the wind will be read."""
    grid = () if case.grid is None else ((case.grid.nz - 0.5) * case.grid.dz_m,)
    anchor = () if case.reference is None else (case.reference.height_m,)
    return (*(spot.height_m for spot in spots), *anchor, *grid)


def _stations(case: WindCase, ground: Ground, loaded: LoadedCase) -> tuple[Wind, dict[str, ResultTable]]:
    samples = samples_of(case.station, case.run, ground.site, loaded.folder, loaded.source)
    library = entry("models.air.flow.library", "build_library", "the wind library")(ground.site)
    field = _fitted(samples, library, ground, case)
    times = _times(case, samples)
    wind = Wind(
        read=_mean_reader(field, times),
        solver="wind_library",
        inputs=tuple(field.inputs),
        notes=tuple(field.notes),
    )
    left_out = {"left_out": _left_out(case, ground, samples, library)} if case.leave_one_out else {}
    return wind, left_out


def _fitted(samples: Sequence[WindSample], library: Any, ground: Ground, case: WindCase) -> Any:
    fit = entry("models.air.flow.fit", "fit_flow", "the wind library")
    return fit(samples, library, ground.site, cloud=case.air.cloud_fraction)


def _times(case: WindCase, samples: Sequence[WindSample]) -> tuple[int, ...]:
    """Moments over which the wind is averaged: the run, or the span of the samples."""
    zero = start_ms(case.run)
    last = max(row.time_ms for row in samples)
    end = last if case.run.duration_s is None else zero + round(1000.0 * case.run.duration_s)
    first = min(zero, end)
    return tuple(round(first + part * (end - first)) for part in np.linspace(0.0, 1.0, _MEANS))


def _mean_reader(field: Any, times: Sequence[int]) -> Reader:
    def read(x: FloatArray, y: FloatArray, z: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        rows = [field.at(x, y, time, z) for time in times]
        u, v = (np.asarray(np.mean([row[k] for row in rows], axis=0)) for k in (0, 1))
        return u, v, np.full_like(u, np.nan)

    return read


def _table(case: WindCase, ground: Ground, wind: Wind, spots: Sequence[Spot]) -> ResultTable:
    x, y, z = (np.array([getattr(spot, name) for spot in spots]) for name in ("x_m", "y_m", "height_m"))
    outside = ~ground.holds(x, y)
    u, v, w = (np.where(outside, np.nan, part) for part in wind.read(x, y, z))
    speed = np.hypot(u, v)
    turn = ground.site.convergence_deg
    reference = _reference_speed(case, wind)
    columns: list[tuple[str, str, Sequence[object]]] = [
        ("receptor", "", [spot.id for spot in spots]),
        ("x", "m", x.tolist()),
        ("y", "m", y.tolist()),
        ("height", "m", z.tolist()),
        ("ground", "m", np.asarray(ground.site.ground_m(x, y)).tolist()),
        ("speed", "m/s", speed.tolist()),
        ("from", "deg", [direction_from_uv(a, b, turn) for a, b in zip(u, v, strict=True)]),
        ("u", "m/s", u.tolist()),
        ("v", "m/s", v.tolist()),
        ("w", "m/s", w.tolist()),
    ]
    if reference is not None:
        columns.append(("ratio", "1", (speed / reference).tolist()))
    return make_table("receptors", columns)


def _reference_speed(case: WindCase, wind: Wind) -> float | None:
    if case.reference is None:
        return None
    anchor = case.reference
    u, v, _ = wind.read(np.array([anchor.x_m]), np.array([anchor.y_m]), np.array([anchor.height_m]))
    return math.hypot(float(u[0]), float(v[0]))


def _left_out(case: WindCase, ground: Ground, samples: Sequence[WindSample], library: Any) -> ResultTable:
    """Every station predicted from the others: mean vectors over the run and their errors."""
    turn = ground.site.convergence_deg
    rows: list[tuple[object, ...]] = []
    for station in case.station:
        own = [row for row in samples if row.sensor_id == station.id]
        field = _fitted([row for row in samples if row.sensor_id != station.id], library, ground, case)
        vectors = np.array([uv_from_direction(r.wind_speed_m_s, r.wind_from_deg, turn) for r in own])
        place = (np.array([station.x_m]), np.array([station.y_m]))
        height = np.array([station.height_m])
        made = np.array([np.ravel(field.at(*place, row.time_ms, height)) for row in own])
        u, v = vectors.mean(axis=0)
        mu, mv = made.mean(axis=0)
        rows.append(
            (
                station.id,
                math.hypot(u, v),
                math.hypot(mu, mv),
                direction_from_uv(u, v, turn),
                direction_from_uv(mu, mv, turn),
                math.sqrt(float(((vectors - made) ** 2).sum(axis=1).mean())),
            )
        )
    columns = list(zip(*rows, strict=True))
    heads = (
        ("receptor", ""),
        ("observed_speed", "m/s"),
        ("speed", "m/s"),
        ("observed_from", "deg"),
        ("from", "deg"),
        ("vector_rmse", "m/s"),
    )
    return make_table("left_out", [(name, units, columns[k]) for k, (name, units) in enumerate(heads)])


def _fields(case: WindCase, ground: Ground, wind: Wind, loaded: LoadedCase) -> tuple[AirField, ...]:
    asked = case.grid
    if asked is None:
        return ()
    grid = PlumeGrid(
        x_min_m=asked.x_min_m,
        y_min_m=asked.y_min_m,
        dx_m=asked.dx_m,
        dy_m=asked.dy_m,
        dz_m=asked.dz_m,
        nx=asked.nx,
        ny=asked.ny,
        nz=asked.nz,
    )
    x = grid.x_min_m + (np.arange(grid.nx) + 0.5) * grid.dx_m
    y = grid.y_min_m + (np.arange(grid.ny) + 0.5) * grid.dy_m
    z = (np.arange(grid.nz) + 0.5) * grid.dz_m
    zz, yy, xx = np.meshgrid(z, y, x, indexing="ij")
    u, v, _ = wind.read(xx.ravel(), yy.ravel(), zz.ravel())
    quantities = {"wind_speed_m_s": np.hypot(u, v), "u_m_s": u, "v_m_s": v}
    return tuple(
        AirField(
            id=f"{loaded.id}.{name.removesuffix('_m_s')}",
            quantity=name,
            units="m/s",
            substance_id="",
            times_ms=(start_ms(case.run),),
            grid=grid,
            values=np.asarray(values, dtype=np.float64).reshape(1, grid.nz, grid.ny, grid.nx),
            ground_m=ground.site.ground_m(x[None, :], y[:, None]),
            frame=ground.frame,
            solver=wind.solver,
            version=VERSION,
            origin=Origin(case.origin),
            inputs=wind.inputs,
            notes=(*wind.notes, "u and v along the axes of the grid"),
            title=case.title,
        )
        for name, values in quantities.items()
    )
