"""From State(t) to a plume: wind field, source strengths that explain the beams, concentration.

Pure: the same state gives the same deduction. What cannot be known is said in ``notes``; a deduction
always comes out, if need be one of no plume at all.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.air.turbulence import stability_name
from models.air.wind import field_from_samples
from models.contract import AirSolver, Site, WindField
from models.trace.rates import RateFit, fit_rates
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
LEAST_NOISE_KG_M3 = 1e-9
MODEL_SHARE = 0.5  # of a reading or prediction: about the scatter of a good dispersion model
FIRST = "hf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deduction:
    """A plume and the source strengths behind it (newest time bin), with their 90 % intervals."""

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


def deduce(park: Park, site: Site, state: State, substance_id: str, solver: AirSolver) -> Deduction:
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
    fit = _fit(site, releases, wind, window, windows, receptors, solver, len(bins))
    return _result(park, site, state, substance_id, solver, wind, windows, units, bins, fit, origin)


def _fit(
    site: Site,
    releases: Sequence[Release],
    wind: WindField,
    window: Interval,
    windows: Sequence[BeamWindow],
    receptors: Mapping[str, Receptor],
    solver: AirSolver,
    n_bins: int,
) -> RateFit:
    """Fit rates to the readings of the last 25 minutes."""
    since = window.end_ms - READ_MS
    times = sorted({int(t) for row in windows for t in row.times_ms if t >= since})
    place = {time: k for k, time in enumerate(times)}
    beams = [receptors[row.sensor_id] for row in windows]
    matrix = solver.beam_matrix(site, releases, wind, window, beams, times)
    rows = [
        (place[int(t)], b, value)
        for b, row in enumerate(windows)
        for t, value in zip(row.times_ms, row.conc_kg_m3, strict=True)
        if t >= since
    ]
    index = np.array([(k, b) for k, b, _ in rows], dtype=np.intp).reshape(-1, 2)
    observed = np.array([value for _, _, value in rows], dtype=np.float64)
    noise = np.full(observed.shape, detection_limit_kg_m3(windows) / 3.0)
    rows_of = matrix[index[:, 0], index[:, 1]]
    return fit_rates(rows_of, observed, noise, n_bins=n_bins, model_share=MODEL_SHARE)


def _result(
    park: Park,
    site: Site,
    state: State,
    substance_id: str,
    solver: AirSolver,
    wind: WindField,
    windows: Sequence[BeamWindow],
    units: Sequence[ProcessUnit],
    bins: Sequence[Interval],
    fit: RateFit,
    origin: Origin,
) -> Deduction:
    found = [k for k in range(len(units)) if fit.rates_kg_s[k].max() > 0.0]
    emitting = [
        _release(units[k], substance_id, span, origin, float(fit.rates_kg_s[k, b]))
        for k in found
        for b, span in enumerate(bins)
        if fit.rates_kg_s[k, b] > 0.0
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
        sources=tuple(_source(units[k], fit, k) for k in found),
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


def _fit_notes(fit: RateFit, units: Sequence[ProcessUnit]) -> tuple[str, ...]:
    notes = ["unexplained signal"] if fit.unexplained else []
    unseen = [row.id for k, row in enumerate(units) if not math.isfinite(fit.detectable_kg_s[k])]
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
