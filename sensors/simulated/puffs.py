"""Hidden dispersion: puffs that drift with the wind, walk at random and grow.

A puff's centre is carried by the mean wind plus a velocity with memory (large eddies); its size
grows with the small ones, first in proportion to time and later to its root (after Taylor 1922).
The ground reflects. Masses are kept per substance.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from sensors.simulated.air import Air
from sensors.simulated.draws import FloatArray, stream
from sensors.simulated.plan import Ground
from sensors.simulated.sources import Outlet
from twin.core.beam import Beam
from twin.core.geometry import Extent

Float32 = npt.NDArray[np.float32]
_COLUMNS = 9
_X, _Y, _H, _SH, _SV, _AGE, _U, _V, _W = range(_COLUMNS)
_EDDY_S = 60.0
_WALK = 0.6  # share of the turbulence that moves centres; the rest makes puffs grow
_GROW = 0.45
_FIRST_SIZE_M = 2.5
_OLDEST_S = 5400.0
_MARGIN_M = 300.0
_REACH = 3.5  # standard deviations beyond which a puff is not felt
_FINE_M = 5.0
_BROAD_M = 50.0
_ROOT = (2.0 * math.pi) ** 1.5


class BeamPath:
    """A beam as evenly spread points: dense for small puffs, coarse for broad ones."""

    def __init__(self, beam: Beam, ground: Ground) -> None:
        self._start, self._end = beam.receiver.array(), beam.emitter.array()
        self.fine = self._points(beam, ground, _FINE_M)
        self.coarse = self._points(beam, ground, 5 * _FINE_M)

    def _points(self, beam: Beam, ground: Ground, spacing_m: float) -> Float32:
        """Shape (n, 3): x, y, height above ground; midpoints of equal pieces."""
        count = max(8, math.ceil(beam.length_m / spacing_m))
        along = (np.arange(count) + 0.5) / count
        points = self._start + along[:, None] * (self._end - self._start)
        points[:, 2] = np.maximum(points[:, 2] - ground.height(points[:, 0], points[:, 1]), 0.5)
        return points.astype(np.float32)

    def distance2_m2(self, x_m: FloatArray, y_m: FloatArray) -> FloatArray:
        """Squared horizontal distance of places from the path."""
        dx, dy = (self._end - self._start)[:2]
        px, py = x_m - self._start[0], y_m - self._start[1]
        along = np.clip((px * dx + py * dy) / max(dx * dx + dy * dy, 1e-9), 0.0, 1.0)
        out: FloatArray = (px - along * dx) ** 2 + (py - along * dy) ** 2
        return out


class PuffCloud:
    """All puffs in the air of the park."""

    def __init__(self, extent: Extent, substances: int, seed: int) -> None:
        self._extent = extent
        self._draws = stream(seed, "puffs")
        self._rows: FloatArray = np.empty((0, _COLUMNS))
        self._mass_kg: FloatArray = np.empty((0, substances))

    @property
    def count(self) -> int:
        """Number of puffs."""
        return len(self._rows)

    def release(self, outlets: list[Outlet], air: Air, dt_s: float) -> None:
        """One puff per outlet, as long as the air that passes it in ``dt_s``."""
        if not outlets:
            return
        rows = np.zeros((len(outlets), _COLUMNS))
        rows[:, _X] = [row.x_m for row in outlets]
        rows[:, _Y] = [row.y_m for row in outlets]
        rows[:, _H] = [row.above_m for row in outlets]
        u, v = air.at(rows[:, _X], rows[:, _Y], rows[:, _H])
        stretch = 0.6 * dt_s * np.hypot(u, v)
        # Half a step old on average: spread the centres along the air that has passed.
        rows[:, _X] += 0.5 * dt_s * u
        rows[:, _Y] += 0.5 * dt_s * v
        rows[:, _SH] = np.hypot(_FIRST_SIZE_M, stretch)
        rows[:, _SV] = _FIRST_SIZE_M
        rows[:, _U : _W + 1] = self._kick(len(outlets), air)
        self._rows = np.concatenate([self._rows, rows])
        masses = np.stack([row.rate_kg_s for row in outlets]) * dt_s
        self._mass_kg = np.concatenate([self._mass_kg, masses])

    def step(self, air: Air, dt_s: float) -> None:
        """Carry, spread and thin out the puffs."""
        rows = self._rows
        if not len(rows):
            return
        u, v = air.at(rows[:, _X], rows[:, _Y], rows[:, _H])
        keep = math.exp(-dt_s / _EDDY_S)
        walk = rows[:, _U : _W + 1]
        walk *= keep
        walk += math.sqrt(1.0 - keep * keep) * self._kick(len(rows), air)
        rows[:, _X] += (u + rows[:, _U]) * dt_s
        rows[:, _Y] += (v + rows[:, _V]) * dt_s
        rows[:, _H] = np.abs(rows[:, _H] + rows[:, _W] * dt_s)
        self._grow(air, dt_s)
        rows[:, _AGE] += dt_s
        self._forget()

    def path_average(self, path: BeamPath) -> FloatArray:
        """Mean concentration on a path, kg/m3, one entry per substance."""
        rows = self._rows
        reach = _REACH * rows[:, _SH] + 5.0
        near = path.distance2_m2(rows[:, _X], rows[:, _Y]) < reach * reach
        broad = rows[:, _SH] > _BROAD_M
        total: FloatArray = np.zeros(self._mass_kg.shape[1])
        for chosen, points in ((near & ~broad, path.fine), (near & broad, path.coarse)):
            if chosen.any():
                total += _mean_per_kg(rows[chosen], points) @ self._mass_kg[chosen]
        return total

    def _kick(self, count: int, air: Air) -> FloatArray:
        sd = air.turbulence
        scale = _WALK * np.array([sd.sigma_v_m_s, sd.sigma_v_m_s, 0.5 * sd.sigma_w_m_s])
        return np.asarray(scale * self._draws.standard_normal((count, 3)))

    def _grow(self, air: Air, dt_s: float) -> None:
        rows, state = self._rows, air.turbulence
        slow = 1.0 / np.sqrt(1.0 + rows[:, _AGE] / (2.0 * _EDDY_S))
        rows[:, _SH] += _GROW * state.sigma_v_m_s * slow * dt_s
        rows[:, _SV] += 2.0 * _GROW * state.sigma_w_m_s * slow * dt_s
        np.minimum(rows[:, _SV], 0.6 * state.mixed_m, out=rows[:, _SV])
        np.minimum(rows[:, _H], 0.8 * state.mixed_m, out=rows[:, _H])

    def _forget(self) -> None:
        rows, extent = self._rows, self._extent
        inside = (
            (rows[:, _X] > extent.x_min_m - _MARGIN_M)
            & (rows[:, _X] < extent.x_max_m + _MARGIN_M)
            & (rows[:, _Y] > extent.y_min_m - _MARGIN_M)
            & (rows[:, _Y] < extent.y_max_m + _MARGIN_M)
            & (rows[:, _AGE] < _OLDEST_S)
        )
        if not inside.all():
            self._rows, self._mass_kg = rows[inside], self._mass_kg[inside]


def _mean_per_kg(rows: FloatArray, points: Float32) -> FloatArray:
    """Mean over points of what one kilogram in each puff gives, 1/m3, shape (n_puffs,)."""
    puff = rows[:, :_AGE].astype(np.float32)
    across = -0.5 / puff[:, _SH] ** 2
    up = -0.5 / puff[:, _SV] ** 2
    dx = points[:, 0] - puff[:, _X, None]
    dy = points[:, 1] - puff[:, _Y, None]
    flat = np.exp((dx * dx + dy * dy) * across[:, None])
    below = points[:, 2] - puff[:, _H, None]
    above = points[:, 2] + puff[:, _H, None]
    tall = np.exp(below * below * up[:, None]) + np.exp(above * above * up[:, None])
    mean = np.einsum("ij,ij->i", flat, tall) / len(points)
    return np.asarray(mean / (_ROOT * puff[:, _SH] ** 2 * puff[:, _SV]), dtype=np.float64)
