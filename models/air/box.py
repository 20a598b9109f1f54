"""The box of a plume: a grid that follows the cloud and moves in whole steps."""

from __future__ import annotations

import itertools
import math

import numpy as np

from models.air.streak import Puffs
from twin.core.geometry import Extent, FloatArray
from twin.core.plume import PlumeGrid

CELLS_MAX = 96 * 96  # of one level; a long cloud may have up to SIDE_MAX cells along it
SIDE_MAX = 160
LEVELS_MAX = 24
_STEPS_M = (2.0, 4.0, 5.0, 8.0, 10.0, 12.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0, 60.0, 80.0, 100.0)
_LEVELS_M = (2.0, 4.0, 5.0, 10.0, 20.0, 25.0, 50.0, 100.0)
_REACH = 3.5
_SNAP = 4  # the box moves and grows by four cells, so that it does not tremble
_FLOOR_KG_M3 = 1e-9
_TOP_MAX_M = 600.0


def box_of(puffs: Puffs, mass_kg: FloatArray, keep: Extent) -> PlumeGrid:
    """Grid of at most 96 x 96 x 24 cells (160 along one side) around what is worth drawing, inside ``keep``.

    A puff whose peak is under 1 ug/m3 is not worth it; nothing at all gives a small box in the middle.
    """
    peak = mass_kg / ((2.0 * math.pi) ** 1.5 * puffs.sigma_h_m**2 * puffs.sigma_z_m)
    inside = (puffs.x_m > keep.x_min_m) & (puffs.x_m < keep.x_max_m)
    inside &= (puffs.y_m > keep.y_min_m) & (puffs.y_m < keep.y_max_m)
    rows = np.flatnonzero((peak > _FLOOR_KG_M3) & inside)
    if rows.size == 0:
        return _empty(keep)
    reach = _REACH * puffs.sigma_h_m[rows]
    x_low = max(float((puffs.x_m[rows] - reach).min()), keep.x_min_m)
    x_high = min(float((puffs.x_m[rows] + reach).max()), keep.x_max_m)
    y_low = max(float((puffs.y_m[rows] - reach).min()), keep.y_min_m)
    y_high = min(float((puffs.y_m[rows] + reach).max()), keep.y_max_m)
    top = min(float((puffs.height_m[rows] + 3.0 * puffs.sigma_z_m[rows]).max()), _TOP_MAX_M)
    step, (x_min, nx), (y_min, ny) = _fitted((x_low, x_high), (y_low, y_high))
    level = next((row for row in _LEVELS_M if row * LEVELS_MAX >= top), _LEVELS_M[-1])
    return PlumeGrid(
        x_min_m=x_min,
        y_min_m=y_min,
        dx_m=step,
        dy_m=step,
        dz_m=level,
        nx=nx,
        ny=ny,
        nz=min(LEVELS_MAX, max(4, math.ceil(top / level))),
    )


def _fitted(
    x_m: tuple[float, float], y_m: tuple[float, float]
) -> tuple[float, tuple[float, int], tuple[float, int]]:
    """Finest step that keeps within the number of cells; doubled steps for a cloud larger than any park."""
    steps = itertools.chain(_STEPS_M, (_STEPS_M[-1] * 2.0**k for k in itertools.count(1)))
    for step in steps:
        (x_min, nx), (y_min, ny) = _snapped(*x_m, step), _snapped(*y_m, step)
        if nx * ny <= CELLS_MAX and max(nx, ny) <= SIDE_MAX:
            break
    return step, (x_min, nx), (y_min, ny)


def _snapped(low_m: float, high_m: float, step_m: float) -> tuple[float, int]:
    unit = _SNAP * step_m
    first, last = math.floor(low_m / unit), math.ceil(high_m / unit)
    return first * unit, max(last - first, 1) * _SNAP


def _empty(keep: Extent) -> PlumeGrid:
    x_min, nx = _snapped(keep.x_min_m + 0.5 * keep.width_m, keep.x_min_m + 0.5 * keep.width_m + 40.0, 20.0)
    y_min, ny = _snapped(keep.y_min_m + 0.5 * keep.height_m, keep.y_min_m + 0.5 * keep.height_m + 40.0, 20.0)
    return PlumeGrid(x_min_m=x_min, y_min_m=y_min, dx_m=20.0, dy_m=20.0, dz_m=5.0, nx=nx, ny=ny, nz=4)
