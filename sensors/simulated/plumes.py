"""Hidden plumes: what leaks under the park have become, by implicit upwind steps in the hidden flow.

The flow is the steady one. A leak begins in a cycle of four years on a day of its own, runs for two and a
half and is repaired, so that at any moment of the calendar there is a plume of some age; by superposition its
concentrations are step responses. Nothing here is shared with ``models``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy.sparse.linalg import splu

from sensors.simulated.aquifer import CELL_M, DAY_S, Aquifer
from sensors.simulated.draws import stream
from twin.core.geometry import FloatArray
from twin.core.groundwater import GroundwaterSource
from twin.core.park import Park

CYCLE_D = 1461.0
LASTS_D = 900.0
_CYCLE_FROM_D = 20_454.0  # 2026-01-01 in days since 1970
_FIRST_D, _LAST_D = 15.0, 90.0  # when in its cycle a leak begins
_RATE_KG_D = 0.6
_TRANSVERSE_M = 1.5
_REACH_M = 900.0
_STEPS_D = (*((5.0,) * 60), *((15.0,) * 40), *((60.0,) * 14))
_SEEN_KG_M3 = 2e-4  # what one kg/d must make of a well within the times above, to be a leak worth hiding
_LEAKS = 2

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Leak:
    """A hidden leak: where, what, how much, since which day of its cycle; the concentrations it makes.

    ``cells`` (n,) unknowns of the aquifer near it, ``steps_kg_m3`` (times, n) after ``times_d`` of a leak of
    ``rate_kg_s`` that has not stopped.
    """

    source_id: str
    substance_id: str
    x_m: float
    y_m: float
    rate_kg_s: float
    begins_d: float
    cells: IntArray
    times_d: FloatArray
    steps_kg_m3: FloatArray

    def conc_kg_m3(self, time_ms: int, at: IntArray | None = None) -> FloatArray:
        """Concentrations (n,) at a moment; ``at`` picks some of ``cells``."""
        picked = self.steps_kg_m3 if at is None else self.steps_kg_m3[:, at]
        since = (time_ms / 8.64e7 - _CYCLE_FROM_D - self.begins_d) % CYCLE_D
        total = self._after(picked, since) - self._after(picked, since - LASTS_D)
        total += self._after(picked, since + CYCLE_D) - self._after(picked, since + CYCLE_D - LASTS_D)
        return np.maximum(total, 0.0)

    def age_d(self, time_ms: int) -> float:
        """Days since it began, in its present cycle."""
        return float((time_ms / 8.64e7 - _CYCLE_FROM_D - self.begins_d) % CYCLE_D)

    def _after(self, picked: FloatArray, age_d: float) -> FloatArray:
        if age_d <= 0.0:
            return np.zeros(picked.shape[1])
        k = min(int(np.searchsorted(self.times_d, age_d, side="right")) - 1, len(self.times_d) - 2)
        share = min((age_d - self.times_d[k]) / (self.times_d[k + 1] - self.times_d[k]), 1.0)
        return np.asarray((1.0 - share) * picked[k] + share * picked[k + 1])


@dataclass(frozen=True, kw_only=True, eq=False)
class Plumes:
    """All hidden leaks of a park."""

    aquifer: Aquifer
    leaks: tuple[Leak, ...]

    def at(self, unknown: int, substance_id: str, time_ms: int) -> float:
        """Concentration of one unknown of the aquifer above the background."""
        total = 0.0
        for leak, where in zip(self.leaks, self._where, strict=True):
            if leak.substance_id == substance_id and (k := where.get(unknown)) is not None:
                total += float(leak.conc_kg_m3(time_ms, np.array([k]))[0])
        return total

    def field_kg_m3(self, substance_id: str, time_ms: int) -> FloatArray:
        """Concentration (ns, nr, nc) above the background, NaN outside the aquifer."""
        values = np.zeros(self.aquifer.matrix.shape[0])
        for leak in self.leaks:
            if leak.substance_id == substance_id:
                values[leak.cells] += leak.conc_kg_m3(time_ms)
        return self.aquifer.sheets.spread(values)

    @cached_property
    def _where(self) -> tuple[dict[int, int], ...]:
        return tuple({int(cell): k for k, cell in enumerate(leak.cells)} for leak in self.leaks)


def plumes_of(park: Park, aquifer: Aquifer, well_cells: Sequence[int], seed: int) -> Plumes:
    """Leaks at two of the scene's candidate sources, by the seed, among those that wells can see."""
    assert park.groundwater is not None
    draws = stream(seed, "leaks")
    sources = list(park.groundwater.sources)
    leaks: list[Leak] = []
    for k in draws.permutation(len(sources)):
        if len(leaks) == _LEAKS:
            break
        kd = {row.id: row.kd_m3_kg for row in park.groundwater.substances}[sources[k].substance_id]
        bulk = park.groundwater.model.bulk_density_kg_m3 * kd
        leak = _leak(sources[k], aquifer, bulk, draws)
        if leak is not None and _seen(leak, well_cells):
            leaks.append(leak)
    return Plumes(aquifer=aquifer, leaks=tuple(leaks))


def _leak(
    source: GroundwaterSource, aquifer: Aquifer, sorbed_ratio: float, draws: np.random.Generator
) -> Leak | None:
    rate = _RATE_KG_D / DAY_S * float(np.exp(0.4 * draws.standard_normal()))
    begins = float(draws.uniform(_FIRST_D, _LAST_D))
    place = aquifer.sheets.cell(source.x_m, source.y_m)
    if place is None:
        return None
    start = int(aquifer.sheets.number[0][place])
    cells = _near(aquifer, place)
    times, steps = _step_response(aquifer, cells, start, rate, sorbed_ratio)
    return Leak(
        source_id=source.id,
        substance_id=source.substance_id,
        x_m=float(aquifer.sheets.x_m[place[1]]),
        y_m=float(aquifer.sheets.y_m[place[0]]),
        rate_kg_s=rate,
        begins_d=begins,
        cells=cells,
        times_d=times,
        steps_kg_m3=steps,
    )


def _seen(leak: Leak, well_cells: Sequence[int]) -> bool:
    at = np.flatnonzero(np.isin(leak.cells, np.asarray(well_cells)))
    per_kg_d = DAY_S * leak.rate_kg_s
    return bool(at.size) and float(leak.steps_kg_m3[:, at].max()) / per_kg_d >= _SEEN_KG_M3


def _near(aquifer: Aquifer, place: tuple[int, int]) -> IntArray:
    """Unknowns of all sheets within reach of a place."""
    sheets = aquifer.sheets
    dx = sheets.x_m[None, :] - sheets.x_m[place[1]]
    dy = sheets.y_m[:, None] - sheets.y_m[place[0]]
    close = (np.hypot(dx, dy) <= _REACH_M) & sheets.active
    return np.concatenate([row[close] for row in sheets.number])


def _step_response(
    aquifer: Aquifer, cells: IntArray, start: int, rate_kg_s: float, sorbed_ratio: float
) -> tuple[FloatArray, FloatArray]:
    """Times in days and concentrations (times, cells) of a leak that goes on; implicit upwind."""
    loss, capacity = _transport(aquifer, cells, sorbed_ratio)
    source = np.zeros(len(cells))
    source[int(np.flatnonzero(cells == start)[0])] = rate_kg_s
    conc, rows = np.zeros(len(cells)), [np.zeros(len(cells))]
    factor, last = None, 0.0
    for step in _STEPS_D:
        if factor is None or step != last:
            factor, last = splu(sp.csc_matrix(loss + sp.diags(capacity / (step * DAY_S)))), step
        conc = factor.solve(capacity / (step * DAY_S) * conc + source)
        rows.append(conc)
    return np.concatenate([[0.0], np.cumsum(_STEPS_D)]), np.asarray(rows)


def _transport(aquifer: Aquifer, cells: IntArray, sorbed_ratio: float) -> tuple[sp.csr_matrix, FloatArray]:
    """What leaves every cell per unit concentration (m3/s; beside it what comes in), and its capacity."""
    sheets, size = aquifer.sheets, aquifer.matrix.shape[0]
    head = np.zeros(size)
    head[sheets.number[sheets.number >= 0]] = aquifer.steady_m[sheets.number >= 0]
    a, b, c = aquifer.faces
    flow = c * (head[a] - head[b])
    # Mixing across the flow: a velocity of a share of the mean speed through every face.
    mixing = _TRANSVERSE_M / CELL_M * _speed(size, a, b, flow)
    out_ab, out_ba = np.maximum(flow, 0.0) + mixing, np.maximum(-flow, 0.0) + mixing
    diagonal = np.bincount(a, out_ab, size) + np.bincount(b, out_ba, size)
    diagonal += np.maximum(aquifer.sinks_m3_s, 0.0)
    moved = sp.coo_matrix(
        (-np.concatenate([out_ab, out_ba]), (np.concatenate([b, a]), np.concatenate([a, b]))),
        shape=(size, size),
    )
    whole = sp.csr_matrix(moved + sp.diags(diagonal))
    wet = np.clip(aquifer.steady_m - sheets.bottom_m, 0.3, sheets.top_m - sheets.bottom_m)
    held = (sheets.porosity[:, None, None] + sorbed_ratio) * wet * CELL_M**2
    capacity = np.zeros(size)
    capacity[sheets.number[sheets.number >= 0]] = held[sheets.number >= 0]
    return whole[cells][:, cells], capacity[cells]


def _speed(size: int, a: IntArray, b: IntArray, flow: FloatArray) -> FloatArray:
    """Mean of the water that passes the two cells of each face, m3/s."""
    through = 0.25 * (np.bincount(a, np.abs(flow), size) + np.bincount(b, np.abs(flow), size))
    return np.asarray(0.5 * (through[a] + through[b]))
