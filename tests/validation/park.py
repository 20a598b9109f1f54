"""The now-cast against a hidden truth: the simulated park, lived through as fast as it goes.

``python -m tests.validation.park --hours 24 --seed 1`` prints the figures; ``report()`` is the section of
``make validate``. The simulator shares no code with the models. Every twenty minutes the now-cast
is made from what the ledger held by then and compared with what was true.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gis.scene.find import scene_folder
from gis.scene.load import load_scene
from models.air.assimilate import clean, quantiles
from models.air.flow.fit import fit_flow
from models.air.flow.library import FlowLibrary, build_library
from models.contract import solver
from tests.support.lived_park import Lived, live_hours
from tests.validation.section import Check, Picture, Section, table
from twin.core.errors import SolverError
from twin.core.park import Park
from twin.live.couple import BLOCK_MS, BLOCKS, Coupled
from twin.live.deduce import Deduction, Evidence, coupled_of, deduce
from twin.live.ground import Ground, ground_of
from twin.live.nowcast import predicted_beams
from twin.live.state import read_state

if TYPE_CHECKING:
    from matplotlib.figure import Figure

START_MS = 1_795_000_000_000
EVERY_MS = 1_200_000
FIRST_MS = 3_600_000
# A release that an instrument of the park should show; a tenth of what the simulator calls an event.
EVENT_KG_S = {"hf": 3e-3, "nh3": 6e-2, "so2": 3e-3, "hcl": 6e-3}
CLEAR_SD = 10.0
_LOOKS_BETWEEN_FIGURES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class BeamPair:
    """A beam in the newest five minutes: truth and what was said of it, kg/m3.

    ``now``: readings of those minutes used; ``ahead``: only those before. Each is (P05, median, P95).
    ``loud``: the truth is clearly above the background.
    """

    gas: str
    true: float
    now: tuple[float, float, float]
    ahead: tuple[float, float, float]
    loud: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RatePair:
    """Sum of the rates of all units, kg/s: true, shown, and the 95 % interval.

    Of the newest five minutes, and (``_25``) of the mean over 25 minutes. ``found``: the largest true
    source is the largest found one; ``near_m`` how far apart the two are.
    """

    gas: str
    true: float
    shown: float
    low: float
    high: float
    true_25: float
    shown_25: float
    low_25: float
    high_25: float
    found: bool
    near_m: float
    event: bool
    event_25: bool
    seen: bool
    ghost: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """All pairs of a study; ``moments`` looked at."""

    hours: float
    seed: int
    moments: int
    beams: tuple[BeamPair, ...]
    rates: tuple[RatePair, ...]


def study(
    hours: float,
    seed: int,
    *,
    over_terrain: bool = False,
    progress: Callable[[Study], None] | None = None,
) -> Study:
    """Live some hours, look every twenty minutes.

    ``over_terrain``: wind from the library of the terrain. ``progress`` is given what is known so far
    after every look, so that a long study is worth something when it is stopped.
    """
    scene = load_scene(scene_folder("qingliu"))
    park, terrain = scene.park, scene.terrain()
    ground = ground_of(park, terrain)
    library = build_library(ground.site) if over_terrain else None
    lived = live_hours(park, terrain, start_ms=START_MS, hours=hours, seed=seed)
    beams: list[BeamPair] = []
    rates: list[RatePair] = []
    moments = range(START_MS + FIRST_MS, START_MS + round(hours * 3_600_000), EVERY_MS)
    found = Study(hours=hours, seed=seed, moments=0, beams=(), rates=())
    for k, at_ms in enumerate(moments, start=1):
        _look(park, ground, lived, at_ms // 60_000 * 60_000, library, beams, rates)
        found = Study(hours=hours, seed=seed, moments=k, beams=tuple(beams), rates=tuple(rates))
        if progress is not None:
            progress(found)
    return found


def _look(
    park: Park,
    ground: Ground,
    lived: Lived,
    at_ms: int,
    library: FlowLibrary | None,
    beams: list[BeamPair],
    rates: list[RatePair],
) -> None:
    state = read_state(lived.rows, park, at_ms)
    air = solver("gaussian_puff")
    try:
        wind = None if library is None else fit_flow(state.winds, library, ground.site)
        coupled: Coupled = coupled_of(park, ground.site, state, air, wind)
    except SolverError:
        return
    for gas in state.beams:
        result = deduce(park, ground.site, state, gas, air, coupled=coupled)
        if result.evidence is not None:
            beams += _beam_pairs(park, lived, gas, at_ms, result.evidence)
            rates.append(_rate_pair(park, lived, gas, at_ms, result, result.evidence))


def _beam_pairs(park: Park, lived: Lived, gas: str, at_ms: int, evidence: Evidence) -> list[BeamPair]:
    assert evidence.ahead is not None
    bands = [
        quantiles(predicted_beams(evidence, analysis), (0.05, 0.5, 0.95))
        for analysis in (evidence.analysis, evidence.ahead)
    ]
    quiet = float(np.quantile(evidence.readings.observed_kg_m3, 0.25))
    limit = quiet + CLEAR_SD * float(np.median(evidence.readings.sd_kg_m3))
    found = []
    for k, beam in enumerate(park.beams):
        times, values = lived.beams[beam.id, gas]
        own = (times > at_ms - BLOCK_MS) & (times <= at_ms)
        if own.any():
            true = float(values[own].mean())
            now, ahead = ((float(row[0, k]), float(row[1, k]), float(row[2, k])) for row in bands)
            found.append(BeamPair(gas=gas, true=true, now=now, ahead=ahead, loud=true > limit))
    return found


def _rate_pair(
    park: Park, lived: Lived, gas: str, at_ms: int, result: Deduction, evidence: Evidence
) -> RatePair:
    analysis = evidence.analysis
    newest, long = _true_rates(lived, gas, at_ms, 5), _true_rates(lived, gas, at_ms, 25)
    shown = analysis.rates_kg_s[:, -1].sum()
    shown_25 = float(analysis.rates_kg_s[:, -BLOCKS:].mean(axis=1).sum())
    low_25, high_25 = quantiles(analysis.rates[:, :, -BLOCKS:].mean(axis=2).sum(axis=1), (0.025, 0.975))
    largest = max(long, key=long.__getitem__, default="")
    guess = park.units[int(evidence.units[int(np.argmax(analysis.rates_kg_s[:, -BLOCKS:].sum(axis=1)))])]
    places = {row.id: (row.place.x_m, row.place.y_m) for row in park.units}
    event, event_25 = (
        max(rates.values(), default=0.0) > EVENT_KG_S.get(gas, math.inf) for rates in (newest, long)
    )
    sums = quantiles(analysis.rates[:, :, -1].sum(axis=1), (0.025, 0.975))
    return RatePair(
        gas=gas,
        true=sum(newest.values()),
        shown=float(shown),
        low=min(float(sums[0]), sum(row.low_kg_s for row in result.sources)),
        high=max(float(sums[1]), sum(row.high_kg_s for row in result.sources)),
        true_25=sum(long.values()),
        shown_25=shown_25,
        low_25=float(low_25),
        high_25=float(high_25),
        found=bool(largest) and guess.id == largest,
        near_m=math.dist(places[guess.id], places[largest]) if largest else math.inf,
        event=event,
        event_25=event_25,
        seen=not clean(evidence.readings),
        ghost=not event_25 and not event and float(analysis.rates_kg_s[:, -1].max()) > EVENT_KG_S[gas] / 3.0,
    )


def _true_rates(lived: Lived, gas: str, at_ms: int, minutes: int) -> dict[str, float]:
    """Mean rates by unit over the minutes before a moment."""
    total: dict[str, float] = {}
    for minute in range(minutes):
        for unit, rate in lived.rates.get(at_ms - 60_000 * minute, {}).get(gas, {}).items():
            total[unit] = total.get(unit, 0.0) + rate / minutes
    return total


def _beam_row(name: str, pairs: Sequence[BeamPair], ahead: bool) -> list[object]:
    """FAC2, bias and coverage of one set of pairs."""
    if not pairs:
        return [name, 0, math.nan, math.nan, math.nan]
    true = np.array([row.true for row in pairs])
    low, median, high = np.array([row.ahead if ahead else row.now for row in pairs]).T
    fac2 = float(((median < 2.0 * true) & (median > 0.5 * true)).mean())
    bias = float((median - true).sum() / true.sum())
    return [name, len(pairs), fac2, bias, float(((true >= low) & (true <= high)).mean())]


def _within(pairs: Sequence[tuple[float, float]], factor: float = 3.0) -> float:
    good = [1.0 / factor < shown / true < factor for shown, true in pairs if true > 0.0]
    return float(np.mean(good)) if good else math.nan


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a study shows; ``beam_rows`` and ``rate_rows`` are the cells of the tables."""

    beam_rows: tuple[list[object], ...]
    rate_rows: tuple[list[object], ...]

    def beam(self, name: str) -> list[object]:
        """Row of the beams by its name."""
        return next(row for row in self.beam_rows if row[0] == name)


def figures(found: Study) -> Figures:
    """Tables of a study."""
    loud = [row for row in found.beams if row.loud]
    events = [row for row in found.rates if row.event and row.seen]
    longer = [row for row in found.rates if row.event_25 and row.seen]
    quiet = [row for row in found.rates if not row.event and not row.event_25]
    return Figures(
        beam_rows=(
            _beam_row("all, readings used", found.beams, ahead=False),
            _beam_row("all, ahead of the readings", found.beams, ahead=True),
            _beam_row("with a clear signal, readings used", loud, ahead=False),
            _beam_row("with a clear signal, ahead of the readings", loud, ahead=True),
        ),
        rate_rows=(
            ["large releases seen by a beam, now", len(events)],
            ["sum of rates within a factor 3", _within([(row.shown, row.true) for row in events])],
            ["95 % interval holds the sum", _mean([row.low <= row.true <= row.high for row in events])],
            ["large releases seen, mean of 25 minutes", len(longer)],
            ["mass of 25 minutes within a factor 3", _within([(r.shown_25, r.true_25) for r in longer])],
            ["95 % interval holds it", _mean([r.low_25 <= r.true_25 <= r.high_25 for r in longer])],
            ["largest unit exact", _mean([row.found for row in longer])],
            ["largest unit within 350 m", _mean([row.near_m < 350.0 for row in longer])],
            ["quiet looks", len(quiet)],
            ["large ghosts in them", sum(row.ghost for row in quiet)],
        ),
    )


def _mean(flags: Sequence[bool]) -> float:
    return float(np.mean(flags)) if flags else math.nan


def report(hours: float = 24.0, seed: int = 23) -> Section:
    """Section of the validation: a day of the demonstration park, in the wind between its stations."""
    found = study(hours, seed)
    got = figures(found)
    loud = got.beam("with a clear signal, readings used")
    everything = got.beam("all, readings used")
    return Section(
        title="The now-cast on the demonstration park, against its hidden truth",
        text=(
            f"{found.hours:g} simulated hours (seed {found.seed}) with faults, small leaks and an event "
            f"about every two hours, looked at every twenty minutes ({found.moments} moments, four gases, 20 "
            "beams). The simulator shares no code with the models; its wind is interpolated between its "
            "stations and knows no terrain, so the now-cast runs here without the wind library. Bands are "
            "90 %. `Ahead`: the newest five minutes predicted from the readings before them."
        ),
        tables=(
            table(
                "Beams against the true path means", ["beams", "n", "FAC2", "bias", "in band"], got.beam_rows
            ),
            table("Rates against the truth", ["what", "value"], got.rate_rows),
        ),
        checks=(
            Check(what="beams within a factor of two", value=_number(everything[2]), low=0.8),
            Check(what="coverage of the 90 % bands", value=_number(everything[4]), low=0.8, high=0.98),
            Check(what="beams with a clear signal within a factor of two", value=_number(loud[2]), low=0.6),
        ),
        pictures=(
            Picture(
                name="park_beams",
                caption="Beams of the demonstration park, predicted against true; 90 % bands where clear",
                figure=_scatter(found),
                pixels=True,
            ),
        ),
    )


def _number(value: object) -> float:
    assert isinstance(value, float)
    return value


def _scatter(found: Study) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 4.5), layout="constrained")
    for axes, ahead in zip(figure.subplots(1, 2), (False, True), strict=True):
        rows = np.array([(row.true, *(row.ahead if ahead else row.now), row.loud) for row in found.beams])
        true, low, median, high = 1e6 * np.maximum(rows[:, :4].T, 1e-11)
        loud = rows[:, 4] > 0.0
        axes.loglog(true[~loud], median[~loud], ".", ms=2, color="0.7")
        axes.vlines(true[loud], low[loud], high[loud], color="tab:blue", lw=0.5, alpha=0.5)
        axes.loglog(true[loud], median[loud], "o", ms=3, color="tab:blue")
        ends = np.array([true.min(), true.max()])
        for factor in (0.5, 1.0, 2.0):
            axes.loglog(ends, factor * ends, color="black", lw=0.8, ls="-" if factor == 1.0 else ":")
        axes.set_xlabel("true path mean, mg/m3")
        axes.set_ylabel("predicted, mg/m3")
        axes.set_title("ahead of the readings" if ahead else "readings used")
    return figure


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the figures of a study."""
    parser = argparse.ArgumentParser(prog="python -m tests.validation.park", description=__doc__)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--seed", type=int, default=23)
    parser.add_argument("--over-terrain", action="store_true", help="wind from the library of the terrain")
    asked = parser.parse_args(arguments)
    _print(study(asked.hours, asked.seed, over_terrain=asked.over_terrain, progress=_progress))


def _progress(found: Study) -> None:
    """A line for every look; every ten looks the figures so far."""
    if found.moments % _LOOKS_BETWEEN_FIGURES == 0:
        _print(found)
    else:
        sys.stdout.write(f"look {found.moments}\n")
    sys.stdout.flush()


def _print(found: Study) -> None:
    got = figures(found)
    sys.stdout.write(f"of {found.hours:g} h, seed {found.seed}: {found.moments} moments\n")
    sys.stdout.write("beams: n, FAC2, bias, coverage of the 90 % band\n")
    for row in (*got.beam_rows, *got.rate_rows):
        cells = (f"{cell:.3f}" if isinstance(cell, float) else str(cell) for cell in row)
        sys.stdout.write("  " + "  ".join(cells) + "\n")


if __name__ == "__main__":
    main()
