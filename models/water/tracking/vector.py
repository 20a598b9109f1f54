"""The numpy twin of ``models.water.compiled.tracks``: all particles take their next cell together."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.water.grid import IntArray
from models.water.tracking.field import FlagArray
from twin.core.geometry import FloatArray

_LEFT, _STAGNANT, _TOO_LONG = 2, 3, 6


def track(
    rates: FloatArray,
    stop: FlagArray,
    above: IntArray,
    below: IntArray,
    cells: IntArray,
    local: FloatArray,
    time_s: FloatArray,
    status: FlagArray,
    steps: IntArray,
    end_s: float,
    most: int,
    room: FloatArray,
    filled: int,
    keep: bool,
) -> int:
    """March particles to ``end_s`` in place; returns the rows written to ``room`` (see ``march``)."""
    while True:
        going = np.flatnonzero((status == 0) & (time_s < end_s))
        at = tuple(cells[going].T)
        status[going] = stop[at]
        going = going[stop[at] == 0]
        status[going[steps[going] >= most]] = _TOO_LONG
        going = going[steps[going] < most]
        if not len(going) or (keep and filled + len(going) > len(room)):
            return filled
        steps[going] += 1
        filled = _one_cell(
            rates, above, below, cells, local, time_s, status, going, end_s, room, filled, keep
        )


def _one_cell(
    rates: FloatArray, above: IntArray, below: IntArray, cells: IntArray, local: FloatArray,
    time_s: FloatArray, status: FlagArray, going: npt.NDArray[np.intp], end_s: float, room: FloatArray,
    filled: int, keep: bool,
) -> int:  # fmt: skip
    """Take the particles ``going`` through their cells, or to ``end_s`` inside them."""
    k, i, j = cells[going].T
    low, high = rates[0::2, k, i, j], rates[1::2, k, i, j]
    at = local[going].T
    until, side = _exits(low, high, at)
    dt = until.min(axis=0)
    left = end_s - time_s[going]
    never = np.isinf(dt) & np.isinf(left)
    status[going[never]] = _STAGNANT
    if never.any():
        low, high, at, until, side = (row[:, ~never] for row in (low, high, at, until, side))
        going, dt, left = going[~never], dt[~never], left[~never]
        k, i, j = k[~never], i[~never], j[~never]
    stays = dt > left
    dt = np.where(stays, left, dt)
    moved = _moved(low, high, at, dt)
    time_s[going] = np.where(stays, end_s, time_s[going] + dt)
    # The first of equal axes goes, as in the compiled kernel.
    axis = np.argmin(until, axis=0)
    n = np.arange(len(going))
    face = side[axis, n]
    moved[axis, n] = np.where(stays, moved[axis, n], face)
    step = np.where(face == 1.0, 1, -1)
    to = np.array([k, i, j])
    to[2] += np.where(~stays & (axis == 0), step, 0)
    to[1] += np.where(~stays & (axis == 1), step, 0)
    vertical = np.where(face == 1.0, above[k, i, j], below[k, i, j])
    to[0] = np.where(~stays & (axis == 2), vertical, k)
    nr, nc = rates.shape[2:]
    out = (to[0] < 0) | (to[1] < 0) | (to[1] >= nr) | (to[2] < 0) | (to[2] >= nc)
    status[going[out]] = _LEFT
    entered = moved.copy()
    enters = ~stays & ~out
    entered[axis, n] = np.where(enters, 1.0 - face, moved[axis, n])
    local[going] = entered.T
    cells[going] = np.where(out, [k, i, j], to).T
    if keep:
        rows = slice(filled, filled + len(going))
        room[rows] = np.column_stack([going, time_s[going], k, i, j, moved.T])
        filled += len(going)
    return filled


def _exits(low: FloatArray, high: FloatArray, at: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Time until each coordinate (3, n) leaves through which side (0 or 1); inf: never."""
    slope = high - low
    speed = low + slope * at
    forth, back = (speed > 0.0) & (high > 0.0), (speed < 0.0) & (low < 0.0)
    way = np.where(forth, 1.0 - at, -at)
    going = forth | back
    safe = np.where(going, speed, 1.0)
    flat = slope == 0.0
    curved = np.log1p(np.where(going, slope * way / safe, 0.0)) / np.where(flat, 1.0, slope)
    until = np.where(going, np.where(flat, way / safe, curved), np.inf)
    return until, forth.astype(np.float64)


def _moved(low: FloatArray, high: FloatArray, at: FloatArray, dt: FloatArray) -> FloatArray:
    """Coordinates (3, n) after a time inside the cell."""
    slope = high - low
    speed = low + slope * at
    flat = slope == 0.0
    grown = np.where(speed == 0.0, 0.0, np.where(flat, 0.0, slope) * dt)
    reach = np.where(flat, dt, np.expm1(grown) / np.where(flat, 1.0, slope))
    return np.asarray(np.clip(np.where(speed == 0.0, at, at + speed * reach), 0.0, 1.0))
