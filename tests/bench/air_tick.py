"""What a tick of the now-cast costs: wind, 20 beams, assimilation, map of 512 x 512 cells, 10 sources.

``python -m tests.bench.air_tick`` prints CPU-seconds and wall time of each part for one gas and for six, and
how the tick grows with the number of sources. Target: 1.0 s for one gas, 3 s for six, on two cores.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from gis.scene.find import scene_folder
from gis.scene.load import load_scene
from models.air.puff import GaussianPuff
from models.air.wind import field_from_samples
from tests.support.lived_park import LivedRows
from twin.core.clock import Interval
from twin.core.origin import Origin
from twin.core.park import Park
from twin.live.couple import release_of
from twin.live.deduce import coupled_of, deduce
from twin.live.ground import Ground, ground_of
from twin.live.nowcast import now_cast
from twin.live.outlook import outlook
from twin.live.state import State, read_state

NOW = 1_795_000_200_000
HOUR = range(NOW - 3_600_000, NOW + 1, 15_000)
GASES = ("hf", "nh3", "so2", "hcl", "co", "no2")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Of one piece of work."""

    cpu_s: float
    wall_s: float


def timed(work: Callable[[], Result]) -> tuple[Result, Cost]:
    """Result of some work and what it took."""
    cpu, wall = time.process_time(), time.perf_counter()
    result = work()
    return result, Cost(cpu_s=time.process_time() - cpu, wall_s=time.perf_counter() - wall)


def park_of(sources: int, gases: int) -> tuple[Park, Ground]:
    """The demonstration park with so many units, each of which may give off every gas."""
    scene = load_scene(scene_folder("qingliu"))
    units = tuple(replace(row, substance_ids=GASES[:gases]) for row in scene.park.units[:sources])
    park = replace(scene.park, units=units)
    return park, ground_of(park, scene.terrain())


def state_of(park: Park, ground: Ground, gases: int) -> State:
    """An hour in which one unit leaks each gas, as the solver itself would have it read, with noise."""
    rows, rng = LivedRows(), np.random.default_rng(0)
    for station in park.stations:
        for t in HOUR:
            rows.add(f"{station.weather.id}/wind_speed", t, abs(2.5 + 0.3 * rng.standard_normal()))
            rows.add(f"{station.weather.id}/wind_from", t, (60.0 + 8.0 * rng.standard_normal()) % 360.0)
    wind = field_from_samples(read_state(rows, park, NOW).winds, ground.site)
    window = Interval(start_ms=HOUR.start, end_ms=NOW)
    times = list(range(HOUR.start, NOW + 1, 60_000))
    receptors = [beam.receptor() for beam in park.beams]
    for k in range(gases):
        unit = park.units[k % len(park.units)]
        leak = release_of(unit, GASES[k], window, Origin.SIMULATED, 5e-3)
        truth = GaussianPuff().beam_matrix(ground.site, [leak], wind, window, receptors, times)[:, :, 0]
        for b, beam in enumerate(park.beams):
            for t in HOUR:
                read = float(np.interp(t, times, truth[:, b])) + 3e-9 * rng.standard_normal() + 1e-9
                rows.add(f"{beam.id}/conc:{GASES[k]}", t, read)
    return read_state(rows, park, NOW)


def tick(park: Park, ground: Ground, state: State) -> list[tuple[str, Cost]]:
    """One tick of all gases of a state, part by part."""
    solver = GaussianPuff()
    wind, cost = timed(lambda: field_from_samples(state.winds, ground.site))
    parts = [("wind", cost)]
    coupled, cost = timed(lambda: coupled_of(park, ground.site, state, solver, wind))
    parts.append(("couplings set up", cost))
    _, cost = timed(lambda: [coupled.at(k) for k in range(len(coupled.winds))])
    parts.append((f"couplings of {len(coupled.winds)} winds", cost))
    for gas in state.beams:
        result, cost = timed(lambda g=gas: deduce(park, ground.site, state, g, solver, coupled=coupled))
        parts.append((f"{gas}: assimilation and plume", cost))
        _, cost = timed(lambda r=result: now_cast(park, state, r, with_map=True))
        parts.append((f"{gas}: beams, bands, map", cost))
    return parts


def total(parts: list[tuple[str, Cost]]) -> Cost:
    """Sum of the parts."""
    return Cost(cpu_s=sum(cost.cpu_s for _, cost in parts), wall_s=sum(cost.wall_s for _, cost in parts))


def main() -> None:
    """Print all figures."""
    out = sys.stdout
    for gases in (1, 6):
        park, ground = park_of(10, gases)
        state = state_of(park, ground, gases)
        tick(park, ground, state)
        runs = [tick(park, ground, state) for _ in range(3)]
        best = min(runs, key=lambda parts: total(parts).cpu_s)
        for name, cost in best:
            out.write(f"  {name}: {cost.cpu_s:.3f} CPU-s, {cost.wall_s:.3f} s\n")
        whole = total(best)
        out.write(f"{gases} gas(es), 10 sources: {whole.cpu_s:.2f} CPU-s, {whole.wall_s:.2f} s wall\n")
    park, ground = park_of(10, 1)
    state = state_of(park, ground, 1)
    result = deduce(park, ground.site, state, GASES[0], GaussianPuff())
    _, cost = timed(lambda: outlook(park, state, result))
    out.write(f"forecast of one gas: {cost.cpu_s:.2f} CPU-s\n")
    for sources in (5, 10, 20, 38):
        park, ground = park_of(sources, 1)
        state = state_of(park, ground, 1)
        whole = total(tick(park, ground, state))
        out.write(f"{sources} sources: {whole.cpu_s:.2f} CPU-s\n")


if __name__ == "__main__":
    main()
