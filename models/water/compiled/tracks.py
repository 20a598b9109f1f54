"""Pollock's particles through the cells of one field of flow, one after the other."""

from __future__ import annotations

import math

from numba import njit

from models.water.grid import ActiveArray, IntArray
from twin.core.geometry import FloatArray


@njit(cache=True, fastmath=False)
def _exit(low: float, high: float, at: float) -> tuple[float, float]:
    """Time until a coordinate 0..1 leaves its cell, and through which side (0 or 1); inf: never."""
    slope = high - low
    speed = low + slope * at
    if speed > 0.0 and high > 0.0:
        if slope == 0.0:
            return (1.0 - at) / speed, 1.0
        return math.log1p(slope * (1.0 - at) / speed) / slope, 1.0
    if speed < 0.0 and low < 0.0:
        if slope == 0.0:
            return -at / speed, 0.0
        return math.log1p(-slope * at / speed) / slope, 0.0
    return math.inf, 0.0


@njit(cache=True, fastmath=False)
def _moved(low: float, high: float, at: float, time_s: float) -> float:
    """Coordinate after a time inside the cell."""
    slope = high - low
    speed = low + slope * at
    if speed == 0.0:
        return at
    if slope == 0.0:
        return min(max(at + speed * time_s, 0.0), 1.0)
    return min(max(at + speed * math.expm1(slope * time_s) / slope, 0.0), 1.0)


@njit(cache=True, fastmath=False)
def track(
    rates: FloatArray,
    stop: ActiveArray,
    above: IntArray,
    below: IntArray,
    cells: IntArray,
    local: FloatArray,
    time_s: FloatArray,
    status: ActiveArray,
    steps: IntArray,
    end_s: float,
    most: int,
    room: FloatArray,
    filled: int,
    keep: bool,
) -> int:
    """March particles to ``end_s``; returns the number of rows written to ``room``.

    See ``models.water.tracking.march`` for the arrays. Ends early when ``room`` is full.
    """
    nr, nc = rates.shape[2], rates.shape[3]
    for p in range(cells.shape[0]):
        while status[p] == 0 and time_s[p] < end_s:
            if keep and filled >= room.shape[0]:
                return filled
            k, i, j = cells[p, 0], cells[p, 1], cells[p, 2]
            if stop[k, i, j] != 0:
                status[p] = stop[k, i, j]
                break
            if steps[p] >= most:
                status[p] = 6
                break
            steps[p] += 1
            tx, sx = _exit(rates[0, k, i, j], rates[1, k, i, j], local[p, 0])
            ty, sy = _exit(rates[2, k, i, j], rates[3, k, i, j], local[p, 1])
            tz, sz = _exit(rates[4, k, i, j], rates[5, k, i, j], local[p, 2])
            dt = min(tx, min(ty, tz))
            left = end_s - time_s[p]
            if dt == math.inf and left == math.inf:
                status[p] = 3
                break
            stays = dt > left
            if stays:
                dt = left
            local[p, 0] = _moved(rates[0, k, i, j], rates[1, k, i, j], local[p, 0], dt)
            local[p, 1] = _moved(rates[2, k, i, j], rates[3, k, i, j], local[p, 1], dt)
            local[p, 2] = _moved(rates[4, k, i, j], rates[5, k, i, j], local[p, 2], dt)
            time_s[p] = end_s if stays else time_s[p] + dt
            at_k, at_i, at_j = k, i, j
            out_x, out_y, out_z = local[p, 0], local[p, 1], local[p, 2]
            if not stays:
                if tx <= ty and tx <= tz:
                    out_x = sx
                    at_j = j + (1 if sx == 1.0 else -1)
                    local[p, 0] = 1.0 - sx
                    if at_j < 0 or at_j >= nc:
                        status[p] = 2
                elif ty <= tz:
                    out_y = sy
                    at_i = i + (1 if sy == 1.0 else -1)
                    local[p, 1] = 1.0 - sy
                    if at_i < 0 or at_i >= nr:
                        status[p] = 2
                else:
                    out_z = sz
                    at_k = above[k, i, j] if sz == 1.0 else below[k, i, j]
                    local[p, 2] = 1.0 - sz
                    if at_k < 0:
                        status[p] = 2
                if status[p] == 2:
                    local[p, 0], local[p, 1], local[p, 2] = out_x, out_y, out_z
                else:
                    cells[p, 0], cells[p, 1], cells[p, 2] = at_k, at_i, at_j
            if keep:
                room[filled, 0] = p
                room[filled, 1] = time_s[p]
                room[filled, 2] = k
                room[filled, 3] = i
                room[filled, 4] = j
                room[filled, 5] = out_x
                room[filled, 6] = out_y
                room[filled, 7] = out_z
                filled += 1
    return filled
