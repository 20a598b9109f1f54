"""What every unit does to every beam in every wind that could have been: the linear part of the now-cast.

All substances ride on the same air, so this is computed once per moment and shared between them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from models.air.cone import growth_m_s
from models.contract import AirSolver, Site, WindField
from models.trace.doubt import Doubt, TurnedWind, doubt_of
from twin.core.clock import Interval
from twin.core.geometry import FloatArray
from twin.core.origin import Origin
from twin.core.park import Park, ProcessUnit
from twin.core.release import Release
from twin.core.wind import WindSample

BIN_MS = 300_000
BACK_MS = 45 * 60_000  # releases older than this have left the park in all but a dead calm
READ_MS = 25 * 60_000
BLOCK_MS, BLOCK_SAMPLES = 300_000, 2  # readings are compared in means of five minutes
BLOCKS = READ_MS // BLOCK_MS
TURNS = (-2.0, -1.0, 0.0, 1.0, 2.0)  # in standard deviations of the direction
STRAIGHT = TURNS.index(0.0)


@dataclass(slots=True, kw_only=True, eq=False)
class Coupled:
    """Couplings of one moment, made when they are asked for.

    ``winds``: the wind as it is known and turned to either side; ``at(k)`` the coupling in the k-th of
    them, (n_blocks, n_beams, n_units, n_bins) in kg/m3 per kg/s for all units and beams of the park.
    ``growth_m_s``: by how much the wind changes in ten minutes (``models.air.cone``).
    """

    park: Park
    site: Site
    solver: AirSolver
    window: Interval
    bins: tuple[Interval, ...]
    winds: tuple[TurnedWind, ...]
    doubt: Doubt
    growth_m_s: float
    _made: dict[int, FloatArray] = field(default_factory=dict)

    def at(self, wind: int) -> FloatArray:
        """Coupling in one wind; computed at the first question."""
        if wind not in self._made:
            self._made[wind] = self._matrix(self.winds[wind])
        return self._made[wind]

    def _matrix(self, wind: WindField) -> FloatArray:
        releases = [
            release_of(unit, "any", span, Origin.MODELLED) for unit in self.park.units for span in self.bins
        ]
        step = BLOCK_MS // BLOCK_SAMPLES
        times = [self.window.end_ms - READ_MS + step // 2 + k * step for k in range(READ_MS // step)]
        receptors = [beam.receptor() for beam in self.park.beams]
        matrix = self.solver.beam_matrix(self.site, releases, wind, self.window, receptors, times)
        shape = (BLOCKS, BLOCK_SAMPLES, len(receptors), len(self.park.units), len(self.bins))
        return np.asarray(matrix.reshape(shape).mean(axis=1), dtype=np.float64)


def couple(
    park: Park, site: Site, solver: AirSolver, wind: WindField, samples: Sequence[WindSample], time_ms: int
) -> Coupled:
    """Couplings of a moment. ``samples`` say how far the masts agree (``models.trace.doubt``)."""
    start = (time_ms - BACK_MS) // BIN_MS * BIN_MS
    window = Interval(start_ms=start, end_ms=time_ms)
    starts = range(window.start_ms, window.end_ms, BIN_MS)
    doubt = doubt_of(samples)
    return Coupled(
        park=park,
        site=site,
        solver=solver,
        window=window,
        bins=tuple(Interval(start_ms=t, end_ms=min(t + BIN_MS, window.end_ms)) for t in starts),
        winds=tuple(_turned(wind, turn, doubt) for turn in TURNS),
        doubt=doubt,
        growth_m_s=growth_m_s(samples),
    )


def release_of(
    unit: ProcessUnit, substance_id: str, span: Interval, origin: Origin, rate_kg_s: float = 1.0
) -> Release:
    """Release of a unit during a span of time."""
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


def _turned(wind: WindField, turn: float, doubt: Doubt) -> TurnedWind:
    return TurnedWind(
        wind=wind, turn_deg=turn * doubt.direction_deg, widened_m_s=0.0, log_weight=-0.5 * math.pow(turn, 2)
    )
