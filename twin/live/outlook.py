"""The forecast of the next two hours: where the gas that is emitted now may go, with which probability.

Every member of the assimilation goes on with its own rates and its own wind: the present wind with growing
doubt, or a wind forecast from the file ``wind-forecast.csv`` of the data folder (``models.air.cone``). A
forecast is marked as such and is never newer than what it was made from.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from models.air.cloud import Cloud
from models.air.cone import LEADS_S, WindForecast, cone_winds, exceedance
from models.air.ground import Float32Array, MapGrid
from models.air.paths import Pieces, pieces_of
from models.air.streak import IntArray
from twin.core.clock import Interval
from twin.core.errors import BadRequestError
from twin.core.geometry import FloatArray
from twin.core.origin import Origin
from twin.core.park import Park
from twin.core.release import Release
from twin.live.couple import release_of
from twin.live.deduce import Deduction, Evidence
from twin.live.nowcast import (
    AirResult,
    Clouds,
    areas_of,
    band,
    clouds_of,
    cropped,
    grid_out,
    levels_of,
    maps_of_cloud,
)
from twin.live.state import State
from twin.stage.encode import encode_bands

FILE = "wind-forecast.csv"
MEMBERS = 16
PERSISTENCE = "persistence, growing spread"
RATES = "as now in every member, lognormal walk of 0.5 per root hour"
_CELL_M = 40.0
_RATE_WALK = 0.5
_LEAST_SHARE = 0.01
_COLUMNS = ("time_ms", "wind_speed_m_s", "wind_from_deg", "sd_m_s")
_FENCE_STEP_M = 100.0
_LIKELY = 0.5
_HOUR_S = 3600.0


def read_wind_forecast(folder: Path) -> tuple[WindForecast, ...]:
    """Rows of ``wind-forecast.csv``; none without the file.

    Columns ``time_ms`` (UTC), ``wind_speed_m_s``, ``wind_from_deg`` (where from, true north), ``sd_m_s``
    (of each component; may be empty), at 10 m above ground. Raises BadRequestError that names file and line.
    """
    path = folder / FILE
    if not path.is_file():
        return ()
    rows = []
    with path.open(newline="", encoding="utf-8") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            try:
                sd = (row.get("sd_m_s") or "").strip()
                rows.append(
                    WindForecast(
                        time_ms=int(row["time_ms"]),
                        wind_speed_m_s=float(row["wind_speed_m_s"]),
                        wind_from_deg=float(row["wind_from_deg"]),
                        sd_m_s=float(sd) if sd else None,
                    )
                )
            except (KeyError, TypeError, ValueError) as error:
                raise BadRequestError(
                    f"{path}, line {number}: {error}; expected columns {', '.join(_COLUMNS)}",
                    message_zh=f"{path} 第 {number} 行：{error}；应有列 {', '.join(_COLUMNS)}",
                    field=FILE,
                    value=str(row),
                    source=str(path),
                ) from None
    return tuple(rows)


def outlook(
    park: Park, state: State, result: Deduction, forecast: Sequence[WindForecast] = ()
) -> AirResult | None:
    """Forecast from a deduction; None where nothing is emitted or the solver gives no puffs."""
    evidence = result.evidence
    solver = None if evidence is None else clouds_of(evidence.coupled.solver)
    if evidence is None or solver is None or not bool(np.any(evidence.analysis.rates > 0.0)):
        return None
    useful = [row for row in forecast if row.time_ms >= state.time_ms - 3_600_000]
    cone = _cone(park, state, result, evidence, solver, useful)
    levels = levels_of(park, result.plume.substance_id)
    shares = np.array([exceedance(row, [lv.conc_kg_m3 for lv in levels]) for row in cone.maps])
    body: dict[str, Any] = {
        "forecast": True,
        "notes": ["forecast", *result.plume.notes],
        "inputs": list(result.plume.inputs),
        "wind": f"wind forecast of {FILE}" if useful else PERSISTENCE,
        "rates": RATES,
        "members": MEMBERS,
        "leads": [
            {
                "lead_s": lead,
                "max_kg_m3": float(median.max()),
                "areas": areas_of(median, cone.grid, levels, cone.source_m),
            }
            for lead, median in zip(LEADS_S, (np.median(row, axis=0) for row in cone.maps), strict=True)
        ],
        "beams": [
            {"sensor": beam.id, "lead_s": lead, "value": band(cone.beams[j, :, k])}
            for j, lead in enumerate(LEADS_S)
            for k, beam in enumerate(park.beams)
        ],
        "arrivals": _arrivals(park, cone, shares, [lv.level for lv in levels]),
        "grid": None,
        "bands": [],
    }
    flat = shares.reshape(-1, cone.grid.ny, cone.grid.nx).astype(np.float32)
    cut = cropped(flat, cone.grid, _LEAST_SHARE) if flat.size else None
    if cut is None:
        return AirResult(body=body)
    body["grid"] = grid_out(cut[1])
    body["bands"] = [f"{lead}:{lv.level}" for lead in LEADS_S for lv in levels]
    return AirResult(
        body=body, map=encode_bands(cut[0], **body["grid"], time_ms=state.time_ms, top=1.0, decades=2.0)
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Cone:
    """``maps`` (n_leads, n_members, ny, nx) and ``beams`` (n_leads, n_members, n_beams), kg/m3."""

    grid: MapGrid
    maps: Float32Array
    beams: FloatArray
    source_m: tuple[float, float]


def _cone(
    park: Park,
    state: State,
    result: Deduction,
    evidence: Evidence,
    solver: Clouds,
    forecast: Sequence[WindForecast],
) -> _Cone:
    analysis, coupled = evidence.analysis, evidence.coupled
    chosen = np.linspace(0, analysis.members - 1, MEMBERS).astype(np.intp)
    place = park.units[int(evidence.units[int(np.argmax(analysis.rates.sum(axis=(0, 2))))])].place
    winds = cone_winds(
        [coupled.winds[evidence.winds[int(analysis.wind_of[m])]] for m in chosen],
        state.winds,
        state.time_ms,
        roughness_m=coupled.site.roughness_m,
        place_m=(place.x_m, place.y_m),
        forecast=forecast,
        convergence_deg=park.convergence_deg,
    )
    grid = _grid(park)
    maps = np.zeros((len(LEADS_S), MEMBERS, grid.ny, grid.nx), dtype=np.float32)
    beams = np.zeros((len(LEADS_S), MEMBERS, len(park.beams)))
    pieces = pieces_of([beam.receptor() for beam in park.beams], coupled.site)
    window = Interval(start_ms=coupled.window.start_ms, end_ms=state.time_ms + 1000 * LEADS_S[-1])
    times = [state.time_ms + 1000 * lead for lead in LEADS_S]
    walk = np.exp(_RATE_WALK * np.random.default_rng(7).standard_normal(MEMBERS))
    for k, (member, wind) in enumerate(zip(chosen, winds, strict=True)):
        releases = _releases(result, evidence, int(member), window, float(walk[k]))
        background = analysis.backgrounds[member]
        beams[:, k] = background[evidence.readings.group]
        if releases:
            factors = _factors(evidence, int(member), releases)
            parts = solver.clouds(releases, wind, window, times, park.extent)
            _add(parts, releases, factors, grid, pieces, maps[:, k], beams[:, k])
    return _Cone(grid=grid, maps=maps, beams=beams, source_m=(place.x_m, place.y_m))


def _add(
    parts: Iterator[Cloud],
    releases: Sequence[Release],
    factors: FloatArray,
    grid: MapGrid,
    pieces: Pieces,
    maps: Float32Array,
    beams: FloatArray,
) -> None:
    """Add a member's clouds to its maps (n_leads, ny, nx) and beams (n_leads, n_beams)."""
    rates = np.array([row.rate_kg_s for row in releases])
    for part in parts:
        beams[part.moments] += (part.means(pieces, beams.shape[1])[0] * factors) @ rates
        for at, moment in enumerate(part.moments):
            maps[moment] += _at_moment(part, at, rates, grid)


def _factors(evidence: Evidence, member: int, releases: Sequence[Release]) -> FloatArray:
    """Factor of the member's model error of every release on every beam, (n_beams, n_releases)."""
    place = {evidence.coupled.park.units[int(k)].id: i for i, k in enumerate(evidence.units)}
    units = [place[row.unit_id] for row in releases]
    return np.asarray(evidence.analysis.factors[member][:, units], dtype=np.float64)


def _at_moment(part: Cloud, at: int, rates: FloatArray, grid: MapGrid) -> Float32Array:
    """Map of one of a cloud's moments."""
    own = part.cut.moment == at
    puffs = part.cut.puffs
    columns = {
        name: getattr(puffs, name)[own]
        for name in ("x_m", "y_m", "height_m", "sigma_h_m", "sigma_z_m", "emission_s", "cell")
    }
    some = replace(puffs, **columns, share=puffs.share[:, own] if puffs.share.size else puffs.share)
    cut = replace(part.cut, puffs=some, moment=part.cut.moment[own])
    one = replace(part, cut=cut, lids_m=part.lids_m[at : at + 1])
    return np.asarray(maps_of_cloud(one, rates[None], grid)[0], dtype=np.float32)


def _releases(
    result: Deduction, evidence: Evidence, member: int, window: Interval, walk: float
) -> list[Release]:
    """What a member has emitted, and what it goes on to emit: the newest rate, with a walk."""
    coupled, rates = evidence.coupled, evidence.analysis.rates[member]
    substance, found = result.plume.substance_id, []
    now_ms = coupled.window.end_ms
    for i, k in enumerate(evidence.units):
        unit = coupled.park.units[int(k)]
        for b, span in enumerate(coupled.bins):
            if rates[i, b] > 0.0:
                found.append(release_of(unit, substance, span, Origin.MODELLED, float(rates[i, b])))
        if rates[i, -1] > 0.0:
            for start, end in zip((0, *LEADS_S[:-1]), LEADS_S, strict=True):
                grown = walk ** float(np.sqrt(0.5 * (start + end) / _HOUR_S))
                span = Interval(start_ms=now_ms + 1000 * start, end_ms=now_ms + 1000 * end)
                later = release_of(unit, substance, span, Origin.MODELLED, float(rates[i, -1]) * grown)
                found.append(later)
    return [row for row in found if row.interval.end_ms <= window.end_ms]


def _grid(park: Park) -> MapGrid:
    extent = park.extent
    nx, ny = round(extent.width_m / _CELL_M), round(extent.height_m / _CELL_M)
    return MapGrid(
        x_min_m=extent.x_min_m,
        y_min_m=extent.y_min_m,
        dx_m=extent.width_m / nx,
        dy_m=extent.height_m / ny,
        nx=nx,
        ny=ny,
    )


def _arrivals(park: Park, cone: _Cone, shares: FloatArray, levels: Sequence[int]) -> list[dict[str, Any]]:
    """When settlements and the fence are reached; ``shares`` (n_leads, n_levels, ny, nx)."""
    places = [
        (row.id, {"zh": row.name.zh, "en": row.name.en}, "settlement", [(row.place.x_m, row.place.y_m)])
        for row in park.settlements
    ]
    for area in park.areas:
        count = max(4, int(area.outline.length / _FENCE_STEP_M))
        along = [area.outline.exterior.interpolate(k / count, normalized=True) for k in range(count)]
        name = {"zh": area.name.zh, "en": area.name.en}
        places.append((area.id, name, "fence", [(point.x, point.y) for point in along]))
    found = []
    for place, name, kind, points in places:
        rows, columns = _cells(cone.grid, points)
        if not rows.size:
            continue
        reached = shares[:, :, rows, columns].max(axis=2)
        for k, level in enumerate(levels):
            likely = np.flatnonzero(reached[:, k] >= _LIKELY)
            found.append(
                {
                    "place": place,
                    "name": name,
                    "kind": kind,
                    "level": level,
                    "lead_s": LEADS_S[int(likely[0])] if likely.size else None,
                    "probability": float(reached[:, k].max()),
                }
            )
    return found


def _cells(grid: MapGrid, points: Sequence[tuple[float, float]]) -> tuple[IntArray, IntArray]:
    x, y = np.array(points).T
    column = np.floor((x - grid.x_min_m) / grid.dx_m).astype(np.intp)
    row = np.floor((y - grid.y_min_m) / grid.dy_m).astype(np.intp)
    inside = (column >= 0) & (column < grid.nx) & (row >= 0) & (row < grid.ny)
    return row[inside], column[inside]
