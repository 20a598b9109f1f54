"""The now-cast beside the plume: beams with bands, map of the ground with bands, spread of the cloud.

What leaves here is the body of a row of the result ledger (docs/api.md, The air) and the bytes of its map.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

import numpy as np
import numpy.typing as npt

from models.air.assimilate import Analysis, clean, quantiles
from models.air.cloud import Cloud
from models.air.ground import MapGrid, level_maps, map_grid
from models.contract import AirSolver, WindField
from twin.core.clock import Interval
from twin.core.geometry import Extent, FloatArray
from twin.core.origin import Origin
from twin.core.park import Park
from twin.core.release import Release
from twin.core.substance import Threshold
from twin.core.wind import direction_from_uv
from twin.live.couple import BLOCK_MS, BLOCKS, release_of
from twin.live.deduce import Deduction, Evidence
from twin.live.state import State
from twin.stage.encode import encode_bands

BREATHING_M = 1.5
FAINT_KG_M3 = 1e-9  # 1 ug/m3: what is less is not drawn
BANDS = ("p50", "p05", "p95")
_SHARES = (0.5, 0.05, 0.95)
_MAP_MEMBERS = 16
OUTSIDE = "outside validity"
UNRESOLVED = "no clear signal on any beam, not in the bands"
_Float32 = npt.NDArray[np.float32]


class Clouds(Protocol):
    """What a row of the table of solvers may offer besides: its puffs, from which maps are made."""

    def clouds(
        self,
        releases: Sequence[Release],
        wind: WindField,
        window: Interval,
        times_ms: Sequence[int],
        keep: Extent,
    ) -> Iterator[Cloud]:
        """Puffs at moments of the window, in parts whose quantities add up."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AirResult:
    """Body of a row and the map that belongs to it (empty: none)."""

    body: dict[str, Any]
    map: bytes = b""


def clouds_of(solver: AirSolver) -> Clouds | None:
    """The solver as one that gives its puffs, None where it does not."""
    return cast(Clouds, solver) if hasattr(solver, "clouds") else None


def levels_of(park: Park, substance_id: str) -> tuple[Threshold, ...]:
    """One threshold for every level of a substance, the first that the scene names."""
    found: dict[int, Threshold] = {}
    for row in park.thresholds:
        if row.substance_id == substance_id:
            found.setdefault(row.level, row)
    return tuple(found[level] for level in sorted(found))


def now_cast(park: Park, state: State, result: Deduction, *, with_map: bool, cells: int = 512) -> AirResult:
    """Now-cast of a deduction. ``cells`` along each side of the map before it is cut to what is seen."""
    plume, evidence = result.plume, result.evidence
    substance = plume.substance_id
    unresolved = _unresolved(park, evidence)
    fields = None if evidence is None else _fields(park, evidence, substance, with_map, cells)
    body: dict[str, Any] = {
        "notes": [*plume.notes, *unresolved],
        "inputs": list(plume.inputs),
        "broken": [note for note in plume.notes if note.startswith(OUTSIDE)],
        "background": _background(evidence),
        "rates": _rates(park, result),
        "beams": _beams(park, state, substance, evidence),
        "spread": _spread(park, result, fields),
        "grid": None,
        "bands": [],
    }
    if fields is None or fields.bands is None:
        return AirResult(body=body)
    body["grid"] = grid_out(fields.bands_grid)
    body["bands"] = list(BANDS)
    return AirResult(
        body=body,
        map=encode_bands(fields.bands, **body["grid"], time_ms=state.time_ms, top=1e-4, decades=5.0),
    )


def _unresolved(park: Park, evidence: Evidence | None) -> tuple[str, ...]:
    """Units that only the members hold while no beam reads a clear signal: a bound, not a finding.

    They are listed and do not enter the bands of the map, which would be a map of the noise.
    """
    if evidence is None or not clean(evidence.readings):
        return ()
    held = np.flatnonzero(evidence.analysis.rates.max(axis=(0, 2)) > 0.0)
    names = [park.units[int(evidence.units[k])].id for k in held]
    return (f"{UNRESOLVED}: {', '.join(names)}",) if names else ()


def band(values: FloatArray) -> dict[str, float]:
    """P05, median and P95 of the members (n,)."""
    low, median, high = quantiles(values, (0.05, 0.5, 0.95))
    return {"low": float(low), "median": float(median), "high": float(high)}


def grid_out(grid: MapGrid) -> dict[str, Any]:
    """A grid as on the wire."""
    return {
        "x_min_m": grid.x_min_m,
        "y_min_m": grid.y_min_m,
        "dx_m": grid.dx_m,
        "dy_m": grid.dy_m,
        "nx": grid.nx,
        "ny": grid.ny,
    }


def cropped(bands: _Float32, grid: MapGrid, least: float) -> tuple[_Float32, MapGrid] | None:
    """Bands (n, ny, nx) cut to the cells where one of them reaches ``least``; None where none does."""
    seen: npt.NDArray[np.bool_] = np.max(bands, axis=0) >= least
    rows, columns = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
    if not rows.size:
        return None
    low, high, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    part = MapGrid(
        x_min_m=grid.x_min_m + float(left) * grid.dx_m,
        y_min_m=grid.y_min_m + float(low) * grid.dy_m,
        dx_m=grid.dx_m,
        dy_m=grid.dy_m,
        nx=int(right - left),
        ny=int(high - low),
    )
    return bands[:, low:high, left:right], part


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Fields:
    """``likely`` (ny, nx): map of the shown plume; ``bands`` (3, ny, nx) of the ensemble, cut, or None."""

    grid: MapGrid
    likely: _Float32
    bands: _Float32 | None
    bands_grid: MapGrid


def _fields(park: Park, evidence: Evidence, substance_id: str, with_map: bool, cells: int) -> _Fields | None:
    analysis, solver = evidence.analysis, clouds_of(evidence.coupled.solver)
    if solver is None or not bool(np.any(analysis.rates > 0.0) or np.any(analysis.rates_kg_s > 0.0)):
        return None
    grid = map_grid(park.extent, cells)
    with_map = with_map and not clean(evidence.readings)
    chosen = (
        np.linspace(0, analysis.members - 1, _MAP_MEMBERS).astype(np.intp) if with_map else np.zeros(0, int)
    )
    likely = np.zeros((grid.ny, grid.nx), dtype=np.float32)
    maps = np.zeros((chosen.size, grid.ny, grid.nx), dtype=np.float32)
    for wind in sorted({analysis.wind, *(int(k) for k in analysis.wind_of[chosen])}):
        own = np.flatnonzero(analysis.wind_of[chosen] == wind)
        sets = np.concatenate(
            [analysis.rates_kg_s[None] * (wind == analysis.wind), analysis.rates[chosen[own]]]
        )
        found = _maps(evidence, solver, substance_id, wind, sets, grid)
        likely += found[0]
        maps[own] += found[1:]
    cut = cropped(maps, grid, FAINT_KG_M3) if with_map else None
    if cut is None:
        return _Fields(grid=grid, likely=likely, bands=None, bands_grid=grid)
    bands = quantiles(cut[0], _SHARES).astype(np.float32)
    return _Fields(grid=grid, likely=likely, bands=bands, bands_grid=cut[1])


def _maps(
    evidence: Evidence,
    solver: Clouds,
    substance_id: str,
    wind: int,
    rates_kg_s: FloatArray,
    grid: MapGrid,
) -> _Float32:
    """Maps of sets of rates (n_sets, n_units, n_bins) in one wind, (n_sets, ny, nx)."""
    coupled = evidence.coupled
    on = [(u, b) for u, b in zip(*np.nonzero(rates_kg_s.max(axis=0) > 0.0), strict=True)]
    if not on:
        return np.zeros((rates_kg_s.shape[0], grid.ny, grid.nx), dtype=np.float32)
    units = coupled.park.units
    releases = [
        release_of(units[evidence.units[u]], substance_id, coupled.bins[b], Origin.MODELLED) for u, b in on
    ]
    columns = np.array([[rates_kg_s[s, u, b] for u, b in on] for s in range(rates_kg_s.shape[0])])
    air = coupled.winds[evidence.winds[wind]]
    now_ms = coupled.window.end_ms
    total = np.zeros((rates_kg_s.shape[0], grid.ny, grid.nx), dtype=np.float32)
    for part in solver.clouds(releases, air, coupled.window, [now_ms], coupled.site.extent):
        total += maps_of_cloud(part, columns, grid)
    return total


def maps_of_cloud(part: Cloud, rates_kg_s: FloatArray, grid: MapGrid) -> _Float32:
    """Maps at breathing height of one moment's cloud for sets of rates (n_sets, n_releases)."""
    puffs = part.cut.puffs
    mass = puffs.emission_s * (part.spans @ rates_kg_s.T).T[:, puffs.cell]
    return level_maps(puffs, mass, grid, float(part.lids_m[0]), height_m=BREATHING_M)


def _background(evidence: Evidence | None) -> dict[str, float]:
    if evidence is None:
        return {"low": 0.0, "median": 0.0, "high": 0.0}
    return band(evidence.analysis.backgrounds.mean(axis=1))


def _rates(park: Park, result: Deduction) -> list[dict[str, Any]]:
    evidence = result.evidence
    share = {} if evidence is None else _probability(park, evidence)
    return [
        {
            "unit": row.unit_id,
            "rate_kg_s": row.rate_kg_s,
            "low_kg_s": row.low_kg_s,
            "high_kg_s": row.high_kg_s if np.isfinite(row.high_kg_s) else None,
            "probability": share.get(row.unit_id, 0.0),
        }
        for row in result.sources
    ]


def _probability(park: Park, evidence: Evidence) -> dict[str, float]:
    """Share of the ensemble in which a unit gives at least a twentieth of what all give together."""
    emitted = evidence.analysis.rates.sum(axis=2)
    total = emitted.sum(axis=1, keepdims=True)
    part = (emitted > 0.05 * total) & (total > 0.0)
    return {park.units[k].id: float(part[:, i].mean()) for i, k in enumerate(evidence.units)}


def predicted_beams(evidence: Evidence, analysis: Analysis, block: int = BLOCKS - 1) -> FloatArray:
    """What the members of an analysis predict for a block, (n_members, n_beams) kg/m3."""
    couplings = [evidence.coupling(k, block) for k in evidence.winds]
    return analysis.predict(couplings, evidence.readings.group)


def _beams(park: Park, state: State, substance_id: str, evidence: Evidence | None) -> list[dict[str, Any]]:
    if evidence is None:
        return []
    now = predicted_beams(evidence, evidence.analysis)
    ahead = (
        None if evidence.ahead is None else _with_noise(evidence, predicted_beams(evidence, evidence.ahead))
    )
    newest = evidence.blocks == BLOCKS - 1
    measured = dict(
        zip(
            evidence.readings.beam[newest].tolist(),
            evidence.readings.observed_kg_m3[newest].tolist(),
            strict=True,
        )
    )
    known = {row.sensor_id: row.series_key for row in state.beams.get(substance_id, ())}
    rows = []
    for k, beam in enumerate(park.beams):
        if beam.id not in known:
            continue
        last = state.values[known[beam.id]]
        rows.append(
            {
                "sensor": beam.id,
                "predicted": band(now[:, k]),
                "ahead": None if ahead is None else band(ahead[:, k]),
                "measured": measured.get(k),
                "measured_t": state.time_ms - BLOCK_MS // 2 if k in measured else None,
                "age_s": last.age_s,
                "quality": last.quality.value,
            }
        )
    return rows


def _with_noise(evidence: Evidence, predicted: FloatArray) -> FloatArray:
    """Predictions as an instrument would read them: with the noise of a mean over a block."""
    sd = float(np.median(evidence.readings.sd_kg_m3))
    rng = np.random.default_rng(int(evidence.coupled.window.end_ms // 1000))
    return np.asarray(predicted + sd * rng.standard_normal(predicted.shape), dtype=np.float64)


def _spread(park: Park, result: Deduction, fields: _Fields | None) -> dict[str, Any]:
    levels = levels_of(park, result.plume.substance_id)
    if fields is None or result.evidence is None or float(fields.likely.max()) < FAINT_KG_M3:
        empty = [_area(row, 0.0, 0.0) for row in levels]
        nowhere = dict.fromkeys(("x_m", "y_m", "towards_deg", "speed_m_s"))
        return {"max_kg_m3": 0.0, "mass_kg_m": 0.0, **nowhere, "areas": empty}
    grid, conc = fields.grid, fields.likely
    cell_m2 = grid.dx_m * grid.dy_m
    x, y = _centroid(conc, grid)
    wind = result.evidence.coupled.winds[result.evidence.winds[result.evidence.analysis.wind]]
    u, v = wind.at(np.array([x]), np.array([y]), result.plume.time_ms, np.array([10.0]))
    return {
        "max_kg_m3": float(conc.max()),
        "mass_kg_m": float(conc.sum(dtype=np.float64)) * cell_m2,
        "x_m": x,
        "y_m": y,
        "towards_deg": (direction_from_uv(float(u[0]), float(v[0]), park.convergence_deg) + 180.0) % 360.0,
        "speed_m_s": float(np.hypot(u[0], v[0])),
        "areas": areas_of(conc, grid, levels, _largest_source(park, result)),
    }


def areas_of(
    conc: _Float32, grid: MapGrid, levels: Sequence[Threshold], source_m: tuple[float, float]
) -> list[dict[str, Any]]:
    """Area above each level, and how far from the source the level is reached."""
    rows = []
    for level in levels:
        j, i = np.nonzero(conc > level.conc_kg_m3)
        x = grid.x_min_m + (i + 0.5) * grid.dx_m - source_m[0]
        y = grid.y_min_m + (j + 0.5) * grid.dy_m - source_m[1]
        reach = float(np.hypot(x, y).max()) if i.size else 0.0
        rows.append(_area(level, i.size * grid.dx_m * grid.dy_m, reach))
    return rows


def _area(level: Threshold, area_m2: float, reach_m: float) -> dict[str, Any]:
    return {
        "level": level.level,
        "name": {"zh": level.name.zh, "en": level.name.en},
        "conc_kg_m3": level.conc_kg_m3,
        "area_m2": area_m2,
        "reach_m": reach_m,
    }


def _centroid(conc: _Float32, grid: MapGrid) -> tuple[float, float]:
    column, row = conc.sum(axis=0, dtype=np.float64), conc.sum(axis=1, dtype=np.float64)
    x = grid.x_min_m + (np.arange(grid.nx) + 0.5) * grid.dx_m
    y = grid.y_min_m + (np.arange(grid.ny) + 0.5) * grid.dy_m
    return float(column @ x / column.sum()), float(row @ y / row.sum())


def _largest_source(park: Park, result: Deduction) -> tuple[float, float]:
    """Place of the unit that has emitted most in the window."""
    assert result.evidence is not None
    k = int(np.argmax(result.evidence.analysis.rates_kg_s.sum(axis=1)))
    place = park.units[int(result.evidence.units[k])].place
    return place.x_m, place.y_m
