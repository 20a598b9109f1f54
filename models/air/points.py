"""Puffs seen by points: dense blocks in single precision, because a point needs no closed form.

Points that lie together share a block; the puffs that reach the block are evaluated for all its points
at once and summed by group without ever listing the pairs.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from models.air.kernel import REACH, images
from models.air.streak import IntArray, Puffs
from twin.core.geometry import FloatArray

_BLOCK = 64
_ROWS = 2048  # puffs at a time, so that a block stays in the cache
_NORM = (2.0 * math.pi) ** -1.5


def point_sums(
    puffs: Puffs,
    points_m: FloatArray,
    lid_m: FloatArray | float,
    weights: FloatArray,
    group: IntArray,
    n_groups: int,
) -> FloatArray:
    """Concentration at points, summed over the puffs of every group.

    Parameters
    ----------
    puffs
        n puffs of unit mass.
    points_m
        (n_points, 3): x, y, height above ground.
    lid_m
        Mixing height, one number or (n,).
    weights
        (n_weights, n): masses, one row per substance or loss.
    group
        (n,) group of every puff, rising.
    n_groups
        Number of groups.

    Returns
    -------
    (n_weights, n_groups, n_points), kg/m3 for weights in kg; 1e-6 of the largest term.
    """
    total = np.zeros((weights.shape[0], n_groups, points_m.shape[0]))
    lid = np.broadcast_to(np.asarray(lid_m, dtype=np.float64), puffs.x_m.shape)
    for block in _blocks(points_m):
        points = points_m[block]
        low, high = points.min(axis=0), points.max(axis=0)
        reach = REACH * puffs.sigma_h_m
        near = (puffs.x_m > low[0] - reach) & (puffs.x_m < high[0] + reach)
        near &= (puffs.y_m > low[1] - reach) & (puffs.y_m < high[1] + reach)
        rows = np.flatnonzero(near)
        for start in range(0, rows.size, _ROWS):
            part = rows[start : start + _ROWS]
            level, up = _factors(puffs, part, points, lid[part])
            first = np.flatnonzero(np.diff(group[part], prepend=-1))
            for k, weight in enumerate(weights):
                value = level * (up * weight[part, None]).astype(np.float32)
                sums = np.add.reduceat(value, first, axis=0, dtype=np.float64)
                total[k, group[part[first, None]], block] += sums
    return total


def _factors(
    puffs: Puffs, rows: IntArray, points_m: FloatArray, lid_m: FloatArray
) -> tuple[npt.NDArray[np.float32], FloatArray]:
    """Horizontal and vertical factor of the concentration of unit masses, (n_rows, n_points).

    The vertical one is (n_rows, 1) where all points have one height.
    """
    origin = points_m[0]
    sigma_h, sigma_z, height = puffs.sigma_h_m[rows], puffs.sigma_z_m[rows], puffs.height_m[rows]
    over = (math.sqrt(0.5) / sigma_h).astype(np.float32)[:, None]
    x = (puffs.x_m[rows] - origin[0]).astype(np.float32)[:, None]
    y = (puffs.y_m[rows] - origin[1]).astype(np.float32)[:, None]
    dx = ((points_m[:, 0] - origin[0]).astype(np.float32) - x) * over
    dy = ((points_m[:, 1] - origin[1]).astype(np.float32) - y) * over
    level = np.exp(-np.minimum(dx * dx + dy * dy, np.float32(40.0)))
    level[level < np.float32(math.exp(-0.5 * REACH**2))] = 0.0
    same = bool(np.ptp(points_m[:, 2]) == 0.0)
    heights = points_m[:1, 2] if same else points_m[:, 2]
    up = np.zeros((rows.size, heights.size))
    for centre, some in images(height, sigma_z, lid_m):
        away = (heights - centre[:, None]) / sigma_z[some][:, None]
        up[some] += np.exp(-0.5 * away * away)
    up *= (_NORM / (sigma_h**2 * sigma_z))[:, None]
    return level, up


def _blocks(points_m: FloatArray) -> list[npt.NDArray[np.intp]]:
    """Indices of points that lie together: strips of x, cut along y."""
    strips = max(1, round(math.sqrt(points_m.shape[0] / _BLOCK)))
    found = []
    for strip in np.array_split(np.argsort(points_m[:, 0], kind="stable"), strips):
        along = strip[np.argsort(points_m[strip, 1], kind="stable")]
        found += np.array_split(along, max(1, math.ceil(along.size / _BLOCK)))
    return [row for row in found if row.size]
