"""Readings of the trial park while some of its units leak, as the solver itself has them, with noise."""

from __future__ import annotations

import numpy as np

from models.air.puff import GaussianPuff
from models.air.wind import field_from_samples
from tests.support.air_park import MemoryRows, air_park, air_site
from twin.core.clock import Interval
from twin.core.origin import Origin
from twin.core.release import Release
from twin.live.state import State, read_state

NOW = 1_795_000_200_000
HOUR = range(NOW - 3_600_000, NOW + 1, 10_000)
NOISE = 2e-9


def memory_of(
    rates: dict[str, float], *, origin: Origin = Origin.SIMULATED, substance: str = "hf"
) -> MemoryRows:
    """Readings that a park with these rates gives in a steady wind, with noise."""
    memory, park, site = MemoryRows(), air_park(), air_site()
    memory.blow(HOUR, origin=origin)
    wind = field_from_samples(read_state(memory, park, NOW, 3_600_000).winds, site)
    window = Interval(start_ms=HOUR.start, end_ms=NOW)
    releases = [
        Release(
            id=unit.id,
            substance_id=substance,
            place=unit.place,
            height_m=unit.height_m,
            rate_kg_s=rates.get(unit.id, 0.0),
            interval=window,
            origin=origin,
        )
        for unit in park.units
    ]
    times = list(range(HOUR.start, NOW + 1, 60_000))
    solver = GaussianPuff(step_s=15.0)
    matrix = solver.beam_matrix(site, releases, wind, window, [b.receptor() for b in park.beams], times).sum(
        axis=2
    )
    column = {beam.id: matrix[:, k] for k, beam in enumerate(park.beams)}
    rng = np.random.default_rng(3)
    memory.read(
        HOUR,
        lambda beam, t: max(0.0, float(np.interp(t, times, column[beam]) + NOISE * rng.standard_normal())),
        substance=substance,
        origin=origin,
    )
    return memory


def state_of(memory: MemoryRows) -> State:
    """State of the trial park now."""
    return read_state(memory, air_park(), NOW)
