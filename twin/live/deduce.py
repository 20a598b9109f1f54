"""From State(t) to a plume: wind field, source strengths that explain the beams, concentration.

Pure: the same state gives the same deduction. What cannot be known is said in ``notes``; a deduction
always comes out, if need be one of no plume at all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.air.assimilate import (
    Analysis,
    Knobs,
    Observed,
    assimilate,
    background_only,
    clean,
    quantiles,
)
from models.air.onward import Doubts, onward
from models.air.turbulence import stability_name
from models.air.wind import field_from_samples
from models.contract import AirSolver, Site, WindField
from models.limits import outside
from twin.core.errors import SolverError
from twin.core.geometry import FloatArray
from twin.core.origin import Origin, of_result
from twin.core.park import Park
from twin.core.plume import Plume, PlumeGrid
from twin.core.wind import CALM_M_S
from twin.live.couple import BLOCK_MS, BLOCKS, READ_MS, STRAIGHT, Coupled, couple, release_of
from twin.live.dense import dense_notes, release_richardson
from twin.live.state import BeamWindow, State
from twin.store.rows import SourceRate

LEAST_NOISE_KG_M3 = 1e-9
FIRST = "hf"
NO_SOLUTION = "no solution"
_LATER_BINS = 2  # of the rates, that overlap the newest block
_MOST_SPEED = 0.7
_IntArray = np.ndarray[tuple[int], np.dtype[np.intp]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evidence:
    """What the readings said, for whoever wants more than the plume.

    ``units`` (indices into the park's units) may hold the substance. ``blocks`` (n_obs,) numbers the block of
    each reading, 0 the oldest. ``ahead``: analysis of all blocks but the newest, carried into it
    (``models.air.onward``), None where there are none. ``winds``: which of the coupling's winds the
    analyses count through.
    """

    coupled: Coupled
    units: _IntArray
    winds: tuple[int, ...]
    readings: Observed
    blocks: _IntArray
    analysis: Analysis
    ahead: Analysis | None

    def coupling(self, wind: int, block: int) -> FloatArray:
        """Coupling of the candidates in a block, (n_beams, n_units, n_bins)."""
        return np.asarray(self.coupled.at(wind)[block][:, self.units], dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deduction:
    """A plume and the source strengths behind it (newest time bin), with their 95 % intervals.

    ``failed``: why nothing could be computed; the plume then is empty and its notes say ``no solution``.
    """

    plume: Plume
    sources: tuple[SourceRate, ...]
    evidence: Evidence | None = None
    failed: str = ""


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
    park: Park,
    site: Site,
    state: State,
    substance_id: str,
    solver: AirSolver,
    knobs: Knobs | None = None,
    *,
    coupled: Coupled | None = None,
) -> Deduction:
    """Plume of one substance at the state's time; an empty one with a reason where there can be none.

    ``coupled``: couplings of the same park, state and solver, when there are some already
    (``coupled_of``).
    """
    windows = state.beams.get(substance_id, ())
    case = _Case(park=park, site=site, state=state, substance_id=substance_id, solver=solver, windows=windows)
    units = np.flatnonzero([substance_id in row.substance_ids for row in park.units])
    try:
        coupled = coupled or coupled_of(park, site, state, solver)
    except SolverError:
        return _nothing(case, (), ("no wind",))
    wind = coupled.winds[STRAIGHT]
    if not units.size or not windows:
        why = "no candidate units" if not units.size else "no readings"
        return _nothing(case, wind.inputs, (why, *wind.notes))
    found = _readings(park, windows, state.time_ms)
    if found is None:
        return _nothing(case, wind.inputs, ("no readings", *wind.notes))
    try:
        return _result(case, _evidence(coupled, units, *found, knobs or Knobs()), knobs or Knobs())
    except SolverError as error:
        return _no_solution(case, coupled, units, *found, error.message)


def coupled_of(
    park: Park, site: Site, state: State, solver: AirSolver, wind: WindField | None = None
) -> Coupled:
    """Couplings of a state, for all its substances. Raises SolverError without any usable wind.

    ``wind`` None: interpolated from the stations.
    """
    field = wind or field_from_samples(state.winds, site)
    return couple(park, site, solver, field, state.winds, state.time_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """What was asked."""

    park: Park
    site: Site
    state: State
    substance_id: str
    solver: AirSolver
    windows: Sequence[BeamWindow]

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the series behind the result."""
        return tuple(_input_name(row) for row in self.windows)


def _evidence(
    coupled: Coupled, units: _IntArray, readings: Observed, blocks: _IntArray, knobs: Knobs
) -> Evidence:
    """Analysis of all readings, and of all but the newest block; in clean air one wind is enough."""
    winds = (STRAIGHT,) if clean(readings) else tuple(range(len(coupled.winds)))
    older = blocks < BLOCKS - 1
    earlier = _analysis(coupled, units, winds, readings, blocks, older, knobs) if older.any() else None
    return Evidence(
        coupled=coupled,
        units=units,
        winds=winds,
        readings=readings,
        blocks=blocks,
        analysis=_analysis(coupled, units, winds, readings, blocks, np.ones(blocks.size, dtype=bool), knobs),
        ahead=None if earlier is None else onward(earlier, len(winds), _LATER_BINS, _doubts(coupled)),
    )


def _doubts(coupled: Coupled) -> Doubts:
    """What the wind may do within a block, by the record of the masts."""
    change = coupled.growth_m_s * math.sqrt(BLOCK_MS / 600_000.0)
    part = change / max(coupled.doubt.wind_speed_m_s, CALM_M_S)
    turn = math.degrees(math.atan(part)) / coupled.doubt.direction_deg
    return Doubts(turn_steps=turn, speed=min(part, _MOST_SPEED))


def _analysis(
    coupled: Coupled,
    units: _IntArray,
    winds: tuple[int, ...],
    readings: Observed,
    blocks: _IntArray,
    used: np.ndarray[tuple[int], np.dtype[np.bool_]],
    knobs: Knobs,
) -> Analysis:
    rows = (blocks[used], readings.beam[used])
    some = replace(
        readings,
        observed_kg_m3=readings.observed_kg_m3[used],
        sd_kg_m3=readings.sd_kg_m3[used],
        beam=readings.beam[used],
    )
    couplings = [coupled.at(k)[rows][:, units] for k in winds]
    return assimilate(couplings, [coupled.winds[k].log_weight for k in winds], some, knobs=knobs)


def _readings(park: Park, windows: Sequence[BeamWindow], end_ms: int) -> tuple[Observed, _IntArray] | None:
    """Means over blocks of five minutes, and the number of the block (0 the oldest) of each."""
    sd = detection_limit_kg_m3(windows) / 3.0
    index = {beam.id: k for k, beam in enumerate(park.beams)}
    rows = []
    for window in windows:
        number = ((window.times_ms - (end_ms - READ_MS)) // BLOCK_MS).astype(np.intp)
        number = np.minimum(number, BLOCKS - 1)
        for block in np.unique(number[number >= 0]):
            values = window.conc_kg_m3[number == block]
            rows.append(
                (int(block), index[window.sensor_id], float(values.mean()), sd / math.sqrt(values.size))
            )
    if not rows:
        return None
    block_of, beam_of, mean, noise = zip(*rows, strict=True)
    stations = sorted({beam.station_id for beam in park.beams})
    readings = Observed(
        observed_kg_m3=np.array(mean),
        sd_kg_m3=np.array(noise),
        beam=np.array(beam_of, dtype=np.intp),
        group=np.array([stations.index(beam.station_id) for beam in park.beams], dtype=np.intp),
    )
    return readings, np.array(block_of, dtype=np.intp)


def _result(case: _Case, evidence: Evidence, knobs: Knobs) -> Deduction:
    analysis, coupled = evidence.analysis, evidence.coupled
    units = [case.park.units[k] for k in evidence.units]
    wind = coupled.winds[evidence.winds[analysis.wind]]
    origin = of_result(wind.origin, *{row.origin for row in case.windows})
    rates = analysis.rates_kg_s
    emitting = [
        release_of(unit, case.substance_id, span, origin, float(rates[k, b]))
        for k, unit in enumerate(units)
        for b, span in enumerate(coupled.bins)
        if rates[k, b] > 0.0
    ]
    notes = (
        *_dense_notes(case, evidence, wind),
        *wind.notes,
        stability_name(wind.air(case.state.time_ms)),
        *_notes(evidence, [u.id for u in units]),
    )
    if not emitting:
        return _nothing(case, wind.inputs, (*notes, *_wind_notes(case, evidence, wind)), evidence)
    receptors = [beam.receptor() for beam in case.park.beams]
    plume = case.solver.run(case.site, emitting, wind, coupled.window, receptors=receptors)
    released = tuple(f"release {row.id}: {row.rate_kg_s:.4g} kg/s" for row in emitting)
    solver = f"{case.solver.name}/{case.solver.version}"
    return Deduction(
        plume=replace(
            plume,
            inputs=(*case.inputs, *wind.inputs, *released, solver),
            notes=tuple(dict.fromkeys((*notes, *plume.notes))),
        ),
        sources=source_rates(analysis, [unit.id for unit in units], knobs),
        evidence=evidence,
    )


def _wind_notes(case: _Case, evidence: Evidence, wind: WindField) -> tuple[str, ...]:
    """Whether the wind at the units lies outside the row's limits: without a plume the row is not asked."""
    places = [case.park.units[int(k)].place for k in evidence.units]
    x, y = np.array([row.x_m for row in places]), np.array([row.y_m for row in places])
    u, v = wind.at(x, y, case.state.time_ms, np.full(x.shape, 10.0))
    values = {"wind_speed_m_s": float(np.hypot(u, v).min())}
    return tuple(row.note for row in outside(case.solver.limits, values))


def _dense_notes(case: _Case, evidence: Evidence, wind: WindField) -> tuple[str, ...]:
    """Of the release whose newest rate makes the densest cloud."""
    masses = {row.id: row.molar_mass_kg_mol for row in case.park.substances}
    mass = masses.get(case.substance_id, 0.0)
    worst = 0.0
    for k, rate in zip(evidence.units, evidence.analysis.rates_kg_s[:, -1], strict=True):
        place = case.park.units[int(k)].place
        x, y, height = (np.array([part]) for part in (place.x_m, place.y_m, 10.0))
        u, v = wind.at(x, y, case.state.time_ms, height)
        speed = math.hypot(float(u[0]), float(v[0]))
        worst = max(worst, release_richardson(case.substance_id, mass, float(rate), speed))
    return dense_notes(worst)


def source_rates(analysis: Analysis, unit_ids: Sequence[str], knobs: Knobs) -> tuple[SourceRate, ...]:
    """Rates of the newest bin of every unit that emits or may well do so, with 95 % intervals.

    From the ensemble, and never narrower than a factor to either side of the rate that is shown: a dispersion
    model is no better than that.
    """
    low, high = quantiles(analysis.rates[:, :, -1], (0.025, 0.975))
    now = analysis.rates_kg_s[:, -1]
    found = np.flatnonzero(analysis.rates_kg_s.max(axis=1) > 0.0)
    return tuple(
        SourceRate(
            unit_id=unit_ids[int(k)],
            rate_kg_s=float(now[k]),
            low_kg_s=float(min(low[k], now[k] / knobs.least_factor)),
            high_kg_s=float(max(high[k], now[k] * knobs.least_factor)),
        )
        for k in found
    )


def _no_solution(
    case: _Case, coupled: Coupled, units: _IntArray, readings: Observed, blocks: _IntArray, why: str
) -> Deduction:
    """Frame that says that nothing could be computed: no plume, no rates, and the beams' background."""
    analysis = background_only(readings, units.size, len(coupled.bins))
    evidence = Evidence(
        coupled=coupled,
        units=units,
        winds=(STRAIGHT,),
        readings=readings,
        blocks=blocks,
        analysis=analysis,
        ahead=None,
    )
    wind = coupled.winds[STRAIGHT]
    notes = (NO_SOLUTION, *(("unexplained signal",) if analysis.unexplained else ()), *wind.notes)
    return replace(_empty(case, wind.inputs, notes, evidence), failed=why)


def _nothing(
    case: _Case, wind_inputs: Sequence[str], notes: Sequence[str], evidence: Evidence | None = None
) -> Deduction:
    """Frame that says that there is no plume, so that a viewer can show just that."""
    return _empty(case, wind_inputs, ("no plume", *notes), evidence)


def _empty(
    case: _Case, wind_inputs: Sequence[str], notes: Sequence[str], evidence: Evidence | None
) -> Deduction:
    """Frame without any gas."""
    extent = case.site.extent
    middle_x = 0.5 * (extent.x_min_m + extent.x_max_m)
    middle_y = 0.5 * (extent.y_min_m + extent.y_max_m)
    grid = PlumeGrid(
        x_min_m=middle_x - 40.0, y_min_m=middle_y - 40.0, dx_m=20.0, dy_m=20.0, dz_m=5.0, nx=4, ny=4, nz=4
    )
    winds: set[Origin] = {row.origin for row in case.state.winds}
    plume = Plume(
        substance_id=case.substance_id,
        time_ms=case.state.time_ms,
        grid=grid,
        conc_kg_m3=np.zeros((grid.nz, grid.ny, grid.nx)),
        beam_conc_kg_m3={row.sensor_id: 0.0 for row in case.windows},
        solver=case.solver.name,
        origin=of_result(*winds, *{row.origin for row in case.windows}),
        inputs=(*case.inputs, *wind_inputs, f"{case.solver.name}/{case.solver.version}"),
        notes=tuple(notes),
    )
    return Deduction(plume=plume, sources=(), evidence=evidence)


def _notes(evidence: Evidence, unit_ids: Sequence[str]) -> tuple[str, ...]:
    analysis = evidence.analysis
    notes = ["unexplained signal"] if analysis.unexplained else []
    if analysis.weak:
        notes.append("weakly observed")
    unseen = [name for name, seen in zip(unit_ids, analysis.usable, strict=True) if not seen]
    if unseen:
        notes.append(f"not seen by any beam: {', '.join(unseen)}")
    active = {k for k in range(len(unit_ids)) if analysis.rates_kg_s[k].max() > 0.0}
    pairs = [f"{unit_ids[a]}={unit_ids[b]}" for a, b in analysis.alike if active & {a, b}]
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
