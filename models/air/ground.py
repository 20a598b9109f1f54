"""Maps of a level above the ground, of what lies on it and of what was breathed there.

A puff is a product of one factor in x, one in y and one in z, so a map is a product of two matrices,
(rows x puffs) times (puffs x columns), taken tile by tile with the puffs that reach the tile. Cells hold
means, so a plume narrower than a cell keeps its mass. Single precision: 1e-6 of the largest value.
All substances that ride on the same puffs share the factors; only the matrix product is theirs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.air.kernel import REACH, images, shares
from models.air.streak import IntArray, Puffs
from twin.core.errors import BadRequestError
from twin.core.geometry import Extent, FloatArray

Float32Array = npt.NDArray[np.float32]

_TILE = 64
_CHUNK = 4096  # puffs whose factors are held at a time
_FAINT = 1e-7  # shares below it are left out, so that single precision never underflows


@dataclass(frozen=True, slots=True, kw_only=True)
class MapGrid:
    """Cells of a map in the local frame; row 0 is the southernmost, column 0 the westernmost."""

    x_min_m: float
    y_min_m: float
    dx_m: float
    dy_m: float
    nx: int
    ny: int


def map_grid(extent: Extent, cells: int = 512) -> MapGrid:
    """``cells`` x ``cells`` that cover an extent exactly."""
    return MapGrid(
        x_min_m=extent.x_min_m,
        y_min_m=extent.y_min_m,
        dx_m=extent.width_m / cells,
        dy_m=extent.height_m / cells,
        nx=cells,
        ny=cells,
    )


def level_maps(
    puffs: Puffs, mass_kg: FloatArray, grid: MapGrid, lid_m: float, *, height_m: float = 1.5
) -> Float32Array:
    """Concentration at ``height_m`` above ground, kg/m3.

    Parameters
    ----------
    puffs
        Puffs of one moment, n of them.
    mass_kg
        (n,) or (n_maps, n): what every puff carries, one row per substance or scenario.
    grid
        Cells of the map; values are means over a cell.
    lid_m
        Mixing height above ground, infinite where there is none; above it the map is zero.
    height_m
        Height above ground; 1.5 m is where people breathe.

    Returns
    -------
    (n_maps, ny, nx) float32; without the first axis when ``mass_kg`` has one.
    """
    if height_m > lid_m:
        return np.zeros((*mass_kg.shape[:-1], grid.ny, grid.nx), dtype=np.float32)
    return _maps(puffs, mass_kg * level_factor(puffs, lid_m, height_m), grid)


def column_maps(puffs: Puffs, mass_kg: FloatArray, grid: MapGrid) -> Float32Array:
    """Mass above a square metre of ground, kg/m2; shapes as in ``level_maps``."""
    return _maps(puffs, mass_kg, grid)


def deposition_maps(
    puffs: Puffs,
    mass_kg: FloatArray,
    grid: MapGrid,
    lid_m: float,
    *,
    speed_m_s: FloatArray | float = 0.0,
    washout_1_s: FloatArray | float = 0.0,
    height_m: float = 1.5,
) -> Float32Array:
    """What falls on the ground, kg/(m2 s): deposition velocity times concentration, plus wash-out.

    ``speed_m_s`` (dry deposition velocity that belongs to ``height_m``) and ``washout_1_s`` broadcast with
    ``mass_kg``, so each may differ by substance (n_maps, 1) and by puff (n,). Shapes as in ``level_maps``.
    """
    dry = np.asarray(speed_m_s) * level_factor(puffs, lid_m, height_m)
    return _maps(puffs, mass_kg * (dry + np.asarray(washout_1_s)), grid)


def level_factor(puffs: Puffs, lid_m: float, height_m: float) -> FloatArray:
    """Share of every puff per metre of height at a level, 1/m, with its images: (n,)."""
    total = np.zeros(puffs.height_m.size)
    for centre, rows in images(puffs.height_m, puffs.sigma_z_m, lid_m):
        sigma = puffs.sigma_z_m[rows]
        total[rows] += np.exp(-0.5 * ((height_m - centre) / sigma) ** 2) / sigma
    return np.asarray(total / math.sqrt(2.0 * math.pi), dtype=np.float64)


class DoseMap:
    """Integral over time of maps that come one after the other: dose, toxic load, or deposited mass.

    Between two maps the value runs linearly, and its power is integrated exactly:
    ``exponent`` 1 gives kg s/m3 (or kg/m2 from a deposition rate), n gives the toxic load (ten Berge et
    al. 1986) in (kg/m3)^n s. Not kept across gaps: a map more than ``gap_s`` after the last one starts a
    new piece, and the gap is counted in ``missed_s``, not invented.
    """

    def __init__(self, shape: tuple[int, ...], *, exponent: float = 1.0, gap_s: float = 600.0) -> None:
        if exponent < 1.0:
            msg = f"exponent {exponent}; expected at least 1"
            raise BadRequestError(
                msg, message_zh=f"指数 {exponent} 应不小于 1", field="exponent", value=exponent
            )
        self.total = np.zeros(shape)
        self.missed_s = 0.0
        self._exponent, self._gap_s = exponent, gap_s
        self._last: tuple[int, FloatArray] | None = None

    def add(self, time_ms: int, value: npt.ArrayLike) -> None:
        """One more map, later than the last; raises BadRequestError when it is not."""
        now = np.asarray(value, dtype=np.float64)
        if self._last is not None:
            seconds = (time_ms - self._last[0]) / 1000.0
            if seconds <= 0.0:
                msg = f"map of {time_ms} after one of {self._last[0]}; expected rising times"
                raise BadRequestError(msg, message_zh="时间应递增", field="time_ms", value=time_ms)
            if seconds <= self._gap_s:
                self.total += seconds * mean_power(self._last[1], now, self._exponent)
            else:
                self.missed_s += seconds
        self._last = (time_ms, now)


def mean_power(start: FloatArray, end: FloatArray, exponent: float) -> FloatArray:
    """Mean of ``c^n`` while c runs linearly from ``start`` to ``end`` (both not negative)."""
    if exponent == 1.0:
        return 0.5 * (start + end)
    low, high = np.minimum(start, end), np.maximum(start, end)
    near = high - low <= 1e-4 * high  # the quotient loses its figures; the middle is exact to 1e-8
    rise = np.where(near, 1.0, high - low)
    wide = (high ** (exponent + 1.0) - low ** (exponent + 1.0)) / ((exponent + 1.0) * rise)
    return np.asarray(np.where(near, (0.5 * (low + high)) ** exponent, wide), dtype=np.float64)


def _maps(puffs: Puffs, weight: FloatArray, grid: MapGrid) -> Float32Array:
    """Sum of weight times the shares of the cells, per cell area: (n_maps, ny, nx)."""
    rows = np.atleast_2d(weight)
    out = np.zeros((rows.shape[0], grid.ny, grid.nx), dtype=np.float32)
    area = grid.dx_m * grid.dy_m
    seen = np.flatnonzero(_over_map(puffs, grid) & np.any(rows != 0.0, axis=0))
    for start in range(0, seen.size, _CHUNK):
        part = seen[start : start + _CHUNK]
        sigma = puffs.sigma_h_m[part]
        across = _Tiles.of(grid.x_min_m, grid.dx_m, grid.nx, puffs.x_m[part], sigma)
        along = _Tiles.of(grid.y_min_m, grid.dy_m, grid.ny, puffs.y_m[part], sigma)
        _add(out, across, along, (rows[:, part] / area).astype(np.float32))
    return out[0] if weight.ndim == 1 else out


def _over_map(puffs: Puffs, grid: MapGrid) -> npt.NDArray[np.bool_]:
    reach = REACH * puffs.sigma_h_m
    over = (puffs.x_m > grid.x_min_m - reach) & (puffs.x_m < grid.x_min_m + grid.nx * grid.dx_m + reach)
    over &= puffs.y_m > grid.y_min_m - reach
    return np.asarray(over & (puffs.y_m < grid.y_min_m + grid.ny * grid.dy_m + reach), dtype=np.bool_)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Tiles:
    """Along one axis: for every tile its cells, the puffs that reach it, and their shares (n, cells)."""

    cells: list[slice]
    puffs: list[IntArray]
    shares: list[Float32Array]

    @staticmethod
    def of(start_m: float, step_m: float, count: int, centre_m: FloatArray, sigma_m: FloatArray) -> _Tiles:
        edge = np.asarray(start_m + step_m * np.arange(count + 1), dtype=np.float64)
        cells = [slice(low, min(low + _TILE, count)) for low in range(0, count, _TILE)]
        reach = REACH * sigma_m
        puffs, parts = [], []
        for row in cells:
            rows = np.flatnonzero((centre_m > edge[row.start] - reach) & (centre_m < edge[row.stop] + reach))
            part = shares(edge[row.start : row.stop + 1], centre_m[rows], sigma_m[rows])
            part[part < _FAINT] = 0.0
            puffs.append(rows)
            parts.append(part.astype(np.float32))
        return _Tiles(cells=cells, puffs=puffs, shares=parts)


def _add(out: Float32Array, across: _Tiles, along: _Tiles, weight: Float32Array) -> None:
    """Add the puffs of two axes' tiles; the maps lie one under the other in one matrix product."""
    for j, column in enumerate(across.cells):
        if not across.puffs[j].size:
            continue
        for i, row in enumerate(along.cells):
            both, at_x, at_y = np.intersect1d(
                across.puffs[j], along.puffs[i], assume_unique=True, return_indices=True
            )
            if not both.size:
                continue
            high = row.stop - row.start
            left = weight[:, both, None] * along.shares[i][None, at_y]
            stacked = left.transpose(0, 2, 1).reshape(-1, both.size) @ across.shares[j][at_x]
            out[:, row, column] += stacked.reshape(weight.shape[0], high, -1)
