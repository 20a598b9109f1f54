"""From State(t) to a plume: wind field, source strengths that explain the beams, concentration.

Pure: the same state gives the same deduction. What cannot be known is said in ``notes``; a deduction
always comes out, if need be one of no plume at all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.air.turbulence import stability_name
from models.air.wind import field_from_samples
from models.contract import AirSolver, Site, WindField
from models.trace.doubt import TurnedWind, doubt_of, turned_winds
from models.trace.ensemble import EnsembleFit, Knobs, Readings, fit_ensemble
from models.trace.rates import RateFit
from twin.core.beam import Receptor
from twin.core.clock import Interval
from twin.core.errors import SolverError
from twin.core.geometry import FloatArray
from twin.core.origin import Origin, of_result
from twin.core.park import Park, ProcessUnit
from twin.core.plume import Plume, PlumeGrid
from twin.core.release import Release
from twin.live.state import BeamWindow, State
from twin.store.rows import SourceRate

BIN_MS = 300_000
BACK_MS = 45 * 60_000  # releases older than this have left the park in all but a dead calm
READ_MS = 25 * 60_000
BLOCK_MS, BLOCK_SAMPLES = 300_000, 2  # readings are compared in means of five minutes
LEAST_NOISE_KG_M3 = 1e-9
_SIGNAL_SD = 6.0
FIRST = "hf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deduction:
    """A plume and the source strengths behind it (newest time bin), with their 95 % intervals."""

    plume: Plume
    sources: tuple[SourceRate, ...]


def substances_due(state: State) -> tuple[str, ...]:
    """Substances to compute: HF whenever it is measured, others when a beam is above detection."""
    due = [name for name, windows in state.beams.items() if name == FIRST or _above_detection(state, windows)]
    return tuple(sorted(due, key=lambda name: (name != FIRST, name)))


def detection_limit_kg_m3(windows: Sequence[BeamWindow]) -> float:
    """Three standard deviations of the minute means, from their own scatter.

    Robust: 1.4826 times the median absolute difference of successive means over the root of two
    (Rousseeuw and Croux 1993), so that a plume over a few beams does not raise it.
    """
    steps = [np.abs(np.diff(row.conc_kg_m3)) for row in windows if row.conc_kg_m3.size > 1]
    scatter = float(np.median(np.concatenate(steps))) * 1.4826 / math.sqrt(2.0) if steps else 0.0
    return 3.0 * max(scatter, LEAST_NOISE_KG_M3)


def deduce(
    park: Park, site: Site, state: State, substance_id: str, solver: AirSolver, knobs: Knobs | None = None
) -> Deduction:
    """Plume of one substance at the state's time. Raises SolverError when the solver fails."""
    windows = state.beams.get(substance_id, ())
    units = tuple(row for row in park.units if substance_id in row.substance_ids)
    start = (state.time_ms - BACK_MS) // BIN_MS * BIN_MS
    window = Interval(start_ms=start, end_ms=state.time_ms)
    inputs = tuple(_input_name(row) for row in windows)
    try:
        wind = field_from_samples(state.winds, site)
    except SolverError:
        return _nothing(site, state, substance_id, solver, inputs, ("no wind",), windows)
    if not units or not windows:
        why = "no candidate units" if not units else "no readings"
        return _nothing(
            site, state, substance_id, solver, (*inputs, *wind.inputs), (why, *wind.notes), windows
        )
    receptors = {beam.id: beam.receptor() for beam in park.beams}
    origin = of_result(wind.origin, *{row.origin for row in windows})
    bins = _bins(window)
    releases = [_release(unit, substance_id, span, origin) for unit in units for span in bins]
    blocks = _blocks(windows, window.end_ms)
    if blocks is None:
        return _nothing(
            site, state, substance_id, solver, (*inputs, *wind.inputs), ("no readings", *wind.notes), windows
        )
    ensemble = _ensemble(state, wind, blocks.readings)
    beams = [receptors[row.sensor_id] for row in windows]
    matrices = _matrices(site, releases, ensemble, window, blocks, beams, solver)
    weights = [row.log_weight for row in ensemble]
    fit = fit_ensemble(matrices, weights, blocks.readings, n_bins=len(bins), knobs=knobs)
    best = ensemble[fit.member]
    return _result(park, site, state, substance_id, solver, best, windows, units, bins, fit, origin)


def _ensemble(state: State, wind: WindField, readings: Readings) -> tuple[TurnedWind, ...]:
    """Winds to fit in; one is enough in clean air, where there is nothing to explain."""
    members = turned_winds(wind, doubt_of(state.winds))
    above = readings.observed_kg_m3 - np.median(readings.observed_kg_m3)
    clean = bool(np.all(above < _SIGNAL_SD * readings.sd_kg_m3))
    return tuple(row for row in members if row.turn_deg == 0.0) if clean else members


def _matrices(
    site: Site,
    releases: Sequence[Release],
    ensemble: Sequence[TurnedWind],
    window: Interval,
    blocks: _Blocks,
    beams: Sequence[Receptor],
    solver: AirSolver,
) -> list[FloatArray]:
    """What every release does to every reading, one (n_obs, n_releases) for each member."""
    step = BLOCK_MS // BLOCK_SAMPLES
    times = [window.end_ms - READ_MS + step // 2 + k * step for k in range(READ_MS // step)]
    rows = []
    for wind in ensemble:
        matrix = solver.beam_matrix(site, releases, wind, window, beams, times)
        mean = matrix.reshape(-1, BLOCK_SAMPLES, *matrix.shape[1:]).mean(axis=1)
        rows.append(mean[blocks.block, blocks.readings.beam])
    return rows


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Blocks:
    """Block means of the readings and the number of the block (0 the oldest) that each is of."""

    readings: Readings
    block: np.ndarray[tuple[int], np.dtype[np.intp]]


def _blocks(windows: Sequence[BeamWindow], end_ms: int) -> _Blocks | None:
    sd = detection_limit_kg_m3(windows) / 3.0
    rows = []
    for beam, window in enumerate(windows):
        number = ((window.times_ms - (end_ms - READ_MS)) // BLOCK_MS).astype(np.intp)
        number = np.minimum(number, READ_MS // BLOCK_MS - 1)
        for block in np.unique(number[number >= 0]):
            values = window.conc_kg_m3[number == block]
            rows.append((int(block), beam, float(values.mean()), sd / math.sqrt(values.size)))
    if not rows:
        return None
    block_of, beam_of, mean, noise = zip(*rows, strict=True)
    return _Blocks(
        readings=Readings(
            observed_kg_m3=np.array(mean), sd_kg_m3=np.array(noise), beam=np.array(beam_of, dtype=np.intp)
        ),
        block=np.array(block_of, dtype=np.intp),
    )


def _result(
    park: Park,
    site: Site,
    state: State,
    substance_id: str,
    solver: AirSolver,
    wind: TurnedWind,
    windows: Sequence[BeamWindow],
    units: Sequence[ProcessUnit],
    bins: Sequence[Interval],
    fit: EnsembleFit,
    origin: Origin,
) -> Deduction:
    rates_kg_s = fit.fit.rates_kg_s
    found = [k for k in range(len(units)) if rates_kg_s[k].max() > 0.0]
    emitting = [
        _release(units[k], substance_id, span, origin, float(rates_kg_s[k, b]))
        for k in found
        for b, span in enumerate(bins)
        if rates_kg_s[k, b] > 0.0
    ]
    inputs = tuple(_input_name(row) for row in windows)
    notes = (*wind.notes, stability_name(wind.air(state.time_ms)), *_fit_notes(fit, units))
    if not emitting:
        return _nothing(site, state, substance_id, solver, (*inputs, *wind.inputs), notes, windows)
    window = Interval(start_ms=bins[0].start_ms, end_ms=state.time_ms)
    receptors = [beam.receptor() for beam in park.beams]
    plume = solver.run(site, emitting, wind, window, receptors=receptors)
    rates = tuple(f"release {row.id}: {row.rate_kg_s:.4g} kg/s" for row in emitting)
    return Deduction(
        plume=Plume(
            substance_id=substance_id,
            time_ms=plume.time_ms,
            grid=plume.grid,
            conc_kg_m3=plume.conc_kg_m3,
            beam_conc_kg_m3=plume.beam_conc_kg_m3,
            solver=plume.solver,
            origin=plume.origin,
            inputs=(*inputs, *wind.inputs, *rates, f"{solver.name}/{solver.version}"),
            notes=tuple(dict.fromkeys((*notes, *plume.notes))),
        ),
        sources=tuple(_source(units[k], fit.fit, k) for k in found),
    )


def _nothing(
    site: Site,
    state: State,
    substance_id: str,
    solver: AirSolver,
    inputs: tuple[str, ...],
    notes: tuple[str, ...],
    windows: Sequence[BeamWindow],
) -> Deduction:
    """Frame that says that there is no plume, so that a viewer can show just that."""
    middle_x = 0.5 * (site.extent.x_min_m + site.extent.x_max_m)
    middle_y = 0.5 * (site.extent.y_min_m + site.extent.y_max_m)
    grid = PlumeGrid(
        x_min_m=middle_x - 40.0, y_min_m=middle_y - 40.0, dx_m=20.0, dy_m=20.0, dz_m=5.0, nx=4, ny=4, nz=4
    )
    winds = {row.origin for row in state.winds}
    plume = Plume(
        substance_id=substance_id,
        time_ms=state.time_ms,
        grid=grid,
        conc_kg_m3=np.zeros((grid.nz, grid.ny, grid.nx)),
        beam_conc_kg_m3={row.sensor_id: 0.0 for row in windows},
        solver=solver.name,
        origin=of_result(*winds, *{row.origin for row in windows}),
        inputs=(*inputs, f"{solver.name}/{solver.version}"),
        notes=("no plume", *notes),
    )
    return Deduction(plume=plume, sources=())


def _bins(window: Interval) -> tuple[Interval, ...]:
    starts = range(window.start_ms, window.end_ms, BIN_MS)
    return tuple(Interval(start_ms=t, end_ms=min(t + BIN_MS, window.end_ms)) for t in starts)


def _release(
    unit: ProcessUnit, substance_id: str, span: Interval, origin: Origin, rate_kg_s: float = 1.0
) -> Release:
    return Release(
        id=f"{unit.id}@{span.start_ms}..{span.end_ms}",
        substance_id=substance_id,
        place=unit.place,
        height_m=unit.height_m,
        rate_kg_s=rate_kg_s,
        interval=span,
        origin=origin,
        unit_id=unit.id,
    )


def _source(unit: ProcessUnit, fit: RateFit, k: int) -> SourceRate:
    return SourceRate(
        unit_id=unit.id,
        rate_kg_s=float(fit.rates_kg_s[k, -1]),
        low_kg_s=float(fit.low_kg_s[k, -1]),
        high_kg_s=float(fit.high_kg_s[k, -1]),
    )


def _fit_notes(result: EnsembleFit, units: Sequence[ProcessUnit]) -> tuple[str, ...]:
    fit = result.fit
    notes = ["unexplained signal"] if fit.unexplained else []
    if result.weak:
        notes.append("weakly observed")
    unseen = [row.id for row, seen in zip(units, result.observable, strict=True) if not seen]
    if unseen:
        notes.append(f"not seen by any beam: {', '.join(unseen)}")
    active = {k for k in range(len(units)) if fit.rates_kg_s[k].max() > 0.0}
    pairs = [f"{units[a].id}={units[b].id}" for a, b in fit.alike if active & {a, b}]
    if pairs:
        notes.append(f"cannot be told apart: {', '.join(pairs)}")
    return tuple(notes)


def _above_detection(state: State, windows: Sequence[BeamWindow]) -> bool:
    limit = detection_limit_kg_m3(windows)
    return any(_recent_max(row, state.time_ms) > limit for row in windows)


def _recent_max(row: BeamWindow, now_ms: int) -> float:
    """Largest mean of three successive minutes: of hundreds of single minutes some pass three sigma."""
    recent: FloatArray = row.conc_kg_m3[row.times_ms >= now_ms - READ_MS]
    if recent.size < 3:
        return float(recent.mean()) if recent.size else 0.0
    return float(np.convolve(recent, np.full(3, 1.0 / 3.0), mode="valid").max())


def _input_name(row: BeamWindow) -> str:
    return f"{row.series_key}@{int(row.times_ms[0])}..{int(row.times_ms[-1])}"
