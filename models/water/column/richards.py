"""Richards' equation in a column: mixed form, backward Euler, Newton with a line search.

The mixed form of Celia, Bouloutas and Zarba (1990, Water Resources Research 26(7), 1483-1496, eqs 11 and
16) stores what flowed in. Their modified Picard iteration leaves the slope of the conductivity out; it
stalls at the edge of saturation in sand, so the slope is kept here (docs/decisions). Cells hold heads at
their middles, faces the mean conductivity of both sides; flow is positive DOWN.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve_banded

from models.water.column.problem import Bottom, ColumnProblem, Top
from models.water.column.soils import Soil
from twin.core.geometry import FloatArray

# What a saturated soil stores per metre of pressure; without it the smallest excess has nowhere to go.
# The stiff end of dense sand and gravel (Domenico and Mifflin, 1965).
ELASTIC_1_M = 5e-5
_DRIEST_SURFACE_M = -150.0  # suction beyond which the air takes no more water out (pF 4.2: wilting point)


_SHARES = (1.0, 0.5, 0.25, 0.125, 0.0625)  # of a change that are tried until less water is left over
_SLOPE_STEP = 1e-4  # of the head


_Curve = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Soils:
    """The soil of every cell: ``kinds`` and, for each, the cells (n,) that are of it."""

    kinds: tuple[Soil, ...]
    where: tuple[npt.NDArray[np.bool_], ...]

    def water_content(self, head_m: FloatArray) -> FloatArray:
        """Of every cell, with the little more that a saturated soil takes under pressure."""
        inside = self._spread([soil.water_content for soil in self.kinds], head_m)
        return np.asarray(inside + ELASTIC_1_M * np.maximum(head_m, 0.0))

    def capacity_1_m(self, head_m: FloatArray) -> FloatArray:
        """Of every cell."""
        inside = self._spread([soil.capacity_1_m for soil in self.kinds], head_m)
        return np.asarray(inside + np.where(head_m >= 0.0, ELASTIC_1_M, 0.0))

    def conductivity_m_s(self, head_m: FloatArray) -> FloatArray:
        """Of every cell."""
        return self._spread([soil.conductivity_m_s for soil in self.kinds], head_m)

    def head_m(self, water_content: FloatArray) -> FloatArray:
        """Of every cell."""
        return self._spread([soil.head_m for soil in self.kinds], water_content)

    @property
    def saturated(self) -> FloatArray:
        """Water content of every cell when it is full."""
        full = np.zeros(len(self.where[0]))
        for soil, cells in zip(self.kinds, self.where, strict=True):
            full[cells] = soil.saturated_fraction
        return full

    def _spread(self, curves: Sequence[_Curve], values: FloatArray) -> FloatArray:
        if len(curves) == 1:
            return curves[0](values)
        out = np.empty_like(values)
        for curve, cells in zip(curves, self.where, strict=True):
            out[cells] = curve(values[cells])
        return out


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WaterStep:
    """One step of water. ``flux_m_s`` (n + 1,) through faces from the ground to the bottom, positive down."""

    head_m: FloatArray
    water_content: FloatArray
    flux_m_s: FloatArray
    iterations: int
    converged: bool


def soils_of(problem: ColumnProblem) -> Soils:
    """The soil of each cell, by where its middle lies."""
    bottoms = np.array([row.bottom_m for row in problem.layers])
    index = np.minimum(np.searchsorted(bottoms, problem.below_ground_m), len(bottoms) - 1)
    used = sorted(set(index.tolist()))
    return Soils(kinds=tuple(problem.layers[k].soil for k in used), where=tuple(index == k for k in used))


def water_step(
    soils: Soils,
    dz_m: float,
    head_m: FloatArray,
    water_content: FloatArray,
    dt_s: float,
    top: Top,
    bottom: Bottom,
    *,
    most: int = 30,
    tolerance_m: float = 1e-11,
) -> WaterStep:
    """Heads after ``dt_s`` from ``head_m`` and the ``water_content`` that goes with it.

    ``tolerance_m`` is the water per cell that the curves and the fluxes may disagree on.
    ``converged`` False: the last iterate after ``most`` iterations; take a shorter step.
    """
    before = water_content
    head = head_m.copy()
    look = _look(soils, dz_m, head, before, dt_s, top, bottom)
    for iteration in range(1, most + 1):
        if not np.isfinite(look.worst_m):
            break
        close = look.worst_m <= tolerance_m
        last_head, last = head, look
        head, look = _improved(soils, dz_m, head, look, before, dt_s, top, bottom)
        if close:
            # One more than needed: what is left over would have no room in a saturated cell.
            if not look.worst_m < last.worst_m:
                head, look = last_head, last
            # What the fluxes say is kept, not what the curve says: the rest is taken up by the next step.
            kept = before - np.diff(look.flux) * dt_s / dz_m
            return WaterStep(
                head_m=head, water_content=kept, flux_m_s=look.flux, iterations=iteration, converged=True
            )
    return WaterStep(
        head_m=head, water_content=look.content, flux_m_s=look.flux, iterations=most, converged=False
    )


def _improved(
    soils: Soils,
    dz_m: float,
    head: FloatArray,
    look: _Look,
    before: FloatArray,
    dt_s: float,
    top: Top,
    bottom: Bottom,
) -> tuple[FloatArray, _Look]:
    """The next iterate: as much of Newton's change as leaves less water over."""
    change = _change(soils, dz_m, head, look, dt_s)
    tried, found = head, look
    for share in _SHARES:
        tried = head - share * change
        found = _look(soils, dz_m, tried, before, dt_s, top, bottom)
        if found.worst_m <= (1.0 - 0.1 * share) * look.worst_m:
            break
    return tried, found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Look:
    """An iterate: water content, conductivities, fluxes and their slopes, and what is left over."""

    content: FloatArray
    flux: FloatArray
    above: FloatArray
    below: FloatArray
    lacks: FloatArray
    worst_m: float


def _look(
    soils: Soils, dz_m: float, head: FloatArray, before: FloatArray, dt_s: float, top: Top, bottom: Bottom
) -> _Look:
    content = soils.water_content(head)
    flux, above, below = _fluxes(soils, dz_m, head, top, bottom)
    lacks = (content - before) * dz_m / dt_s + np.diff(flux)
    worst = float(np.abs(lacks).max()) * dt_s
    return _Look(content=content, flux=flux, above=above, below=below, lacks=lacks, worst_m=worst)


def _change(soils: Soils, dz_m: float, head: FloatArray, look: _Look, dt_s: float) -> FloatArray:
    """Heads to take back: tridiagonal system of the slopes of storage and fluxes."""
    storage = soils.capacity_1_m(head) * dz_m / dt_s
    bands = np.zeros((3, len(head)))
    bands[0, 1:] = look.below[1:-1]
    bands[1] = storage + look.above[1:] - look.below[:-1]
    bands[2, :-1] = -look.above[1:-1]
    floor = 1e-12 * max(float(np.abs(bands).max()), 1e-300)
    bands[1] = np.where(np.abs(bands[1]) < floor, floor, bands[1])
    return np.asarray(solve_banded((1, 1), bands, look.lacks, check_finite=False))


def _fluxes(
    soils: Soils, dz_m: float, head: FloatArray, top: Top, bottom: Bottom
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Fluxes (n + 1,) through faces, and their slopes by the head of the cell above and the one below."""
    k = soils.conductivity_m_s(head)
    rises = _rises(soils, head)
    faces = 0.5 * (k[:-1] + k[1:])
    flux, above, below = (np.zeros(len(head) + 1) for _ in range(3))
    drive = (head[:-1] - head[1:]) / dz_m + 1.0
    flux[1:-1] = faces * drive
    above[1:-1] = faces / dz_m + 0.5 * rises[:-1] * drive
    below[1:-1] = -faces / dz_m + 0.5 * rises[1:] * drive
    flux[0], below[0] = _top_flux(soils, dz_m, head, k, rises, top)
    if bottom.kind == "free":
        flux[-1], above[-1] = k[-1], rises[-1]
    else:
        face = 0.5 * (k[-1] + _end_conductivity(soils, -1, bottom.head_m))
        pull = (head[-1] - bottom.head_m) / (0.5 * dz_m) + 1.0
        flux[-1] = face * pull
        above[-1] = face / (0.5 * dz_m) + 0.5 * rises[-1] * pull
    return flux, above, below


def _rises(soils: Soils, head: FloatArray) -> FloatArray:
    """Slope of the conductivity (n,), over a finite step: it has no bound at the edge of saturation."""
    step = _SLOPE_STEP * np.maximum(np.abs(head), 0.01)
    low, high = soils.conductivity_m_s(head - step), soils.conductivity_m_s(head + step)
    return np.asarray((high - low) / (2.0 * step))


def _top_flux(
    soils: Soils, dz_m: float, head: FloatArray, k: FloatArray, rises: FloatArray, top: Top
) -> tuple[float, float]:
    """Flux through the ground and its slope by the head of the first cell."""

    def under(surface_m: float) -> tuple[float, float]:
        face = 0.5 * (float(k[0]) + _end_conductivity(soils, 0, surface_m))
        drive = (surface_m - float(head[0])) / (0.5 * dz_m) + 1.0
        return face * drive, -face / (0.5 * dz_m) + 0.5 * float(rises[0]) * drive

    if top.pond_m is not None:
        return under(top.pond_m)
    if top.flux_m_s > 0.0:
        most, slope = under(0.0)
        return (most, slope) if top.flux_m_s > most else (top.flux_m_s, 0.0)
    if top.flux_m_s < 0.0:
        least, slope = under(_DRIEST_SURFACE_M)
        return (least, slope) if top.flux_m_s < least else (top.flux_m_s, 0.0)
    return 0.0, 0.0


def _end_conductivity(soils: Soils, cell: int, head_m: float) -> float:
    kind = next(soil for soil, cells in zip(soils.kinds, soils.where, strict=True) if cells[cell])
    return float(kind.conductivity_m_s(np.array([head_m]))[0])
