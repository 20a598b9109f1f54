"""The kernels of flow in numpy; ``models.water.compiled.flow`` holds the same in numba, same numbers.

Arrays are (nl, nr, nc) and written in place. A matrix of seven points is kept as ``diag`` and, for links to
the east, north and below, minus the entry of the cell's own row (``east``, ``north``, ``down``) and minus
the entry of the neighbour's row (``west``, ``south``; vertical links are symmetric). Where a cell is not
``free`` its row is one on the diagonal and no link reaches it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.water.flow.cycle import coarsen, down_sweep, factor, up_sweep
from models.water.flow.saturation import DRY, saturation
from twin.core.geometry import FloatArray

BoolArray = npt.NDArray[np.bool_]
__all__ = [
    "advance",
    "coarsen",
    "dot",
    "down_sweep",
    "face_terms",
    "factor",
    "product",
    "store_terms",
    "turn",
    "up_sweep",
]


def store_terms(
    head: FloatArray,
    bottom: FloatArray,
    thick: FloatArray,
    convertible: BoolArray,
    fillable: BoolArray,
    elastic: FloatArray,
    drainable: FloatArray,
    sat_old: FloatArray,
    level_old: FloatArray,
    sat: FloatArray,
    steep: FloatArray,
    stored: FloatArray,
    residual: FloatArray,
    diag: FloatArray,
) -> float:
    """Saturation with its slope; storage, also added to ``residual`` and ``diag``; returns its sum of sizes.

    ``elastic`` (m2/s per m of head) and ``drainable`` (m3/s) over the step, both zero in steady state;
    ``level_old`` is what ``elastic_level`` gave for the head before.
    """
    total = 0.0
    for k in range(len(head)):
        if convertible[k]:
            sat[k], steep[k] = saturation(head[k], bottom[k], thick[k])
            rest = head[k] - bottom[k] - thick[k] * sat[k]
            level = sat[k] * (rest + 0.5 * thick[k] * sat[k])
            stored[k] = elastic[k] * (level_old[k] - level) + drainable[k] * (sat_old[k] - sat[k])
            # A dry cell answers to water as a wet one would, or its row could be empty.
            fills = np.where(fillable[k] & (sat[k] < DRY), 1.0 / thick[k], steep[k])
            diag[k] += elastic[k] * np.maximum(sat[k] + steep[k] * rest, 0.0) + drainable[k] * fills
        else:
            stored[k] = elastic[k] * (level_old[k] - head[k])
            diag[k] += elastic[k]
        residual[k] += stored[k]
        total += float(np.abs(stored[k]).sum())
    return total


def face_terms(
    head: FloatArray,
    sat: FloatArray,
    steep: FloatArray,
    convertible: BoolArray,
    cond_east: FloatArray,
    cond_north: FloatArray,
    cond_down: FloatArray,
    free: BoolArray,
    newton: bool,
    residual: FloatArray,
    diag: FloatArray,
    east: FloatArray,
    west: FloatArray,
    north: FloatArray,
    south: FloatArray,
    down: FloatArray,
) -> None:
    """Flow through faces added to ``residual``, and the matrix of seven points.

    ``newton`` counts how the saturation upstream changes with the head; without it the matrix is symmetric.
    """
    for axis, cond, own, other in ((2, cond_east, east, west), (1, cond_north, north, south)):
        a, b = _pair(axis)
        up = head[a] > head[b]
        part = np.where(convertible[:, None, None], np.where(up, sat[a], sat[b]), 1.0)
        c = cond[a] * part
        drop = head[a] - head[b]
        flow = c * drop
        more_own = np.zeros_like(flow)
        more_other = np.zeros_like(flow)
        if newton:
            bends = np.where(convertible[:, None, None], cond[a] * np.abs(drop), 0.0)
            more_other = np.where(up, bends * steep[a], 0.0)
            more_own = np.where(up, 0.0, bends * steep[b])
        _link(a, b, flow, c + more_own, c + more_other, free, residual, diag, own, other)
    a, b = _pair(0)
    flow = cond_down[a] * (head[a] - head[b])
    _link(a, b, flow, cond_down[a], cond_down[a], free, residual, diag, down, down)
    diag[~free | (diag <= 0.0)] = 1.0  # a dry cell among dry cells


def _pair(axis: int) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    first = [slice(None)] * 3
    second = [slice(None)] * 3
    first[axis], second[axis] = slice(None, -1), slice(1, None)
    return tuple(first), tuple(second)


def _link(
    a: tuple[slice, ...],
    b: tuple[slice, ...],
    flow: FloatArray,
    to_other: FloatArray,
    to_own: FloatArray,
    free: BoolArray,
    residual: FloatArray,
    diag: FloatArray,
    own: FloatArray,
    other: FloatArray,
) -> None:
    residual[a] -= flow
    residual[b] += flow
    diag[a] += to_own
    diag[b] += to_other
    both = free[a] & free[b]
    other[a] = np.where(both, to_own, 0.0)
    own[a] = np.where(both, to_other, 0.0)


def product(
    x: FloatArray,
    diag: FloatArray,
    east: FloatArray,
    west: FloatArray,
    north: FloatArray,
    south: FloatArray,
    down: FloatArray,
    out: FloatArray,
) -> None:
    """Matrix times ``x``."""
    np.multiply(diag, x, out=out)
    out[:, :, :-1] -= east[:, :, :-1] * x[:, :, 1:]
    out[:, :, 1:] -= west[:, :, :-1] * x[:, :, :-1]
    out[:, :-1] -= north[:, :-1] * x[:, 1:]
    out[:, 1:] -= south[:, :-1] * x[:, :-1]
    out[:-1] -= down[:-1] * x[1:]
    out[1:] -= down[:-1] * x[:-1]


def dot(a: FloatArray, b: FloatArray) -> float:
    """Sum of products; not by BLAS, which would take a second thread."""
    return float(np.sum(a * b))


def turn(
    z: FloatArray,
    ratio: float,
    p: FloatArray,
    diag: FloatArray,
    east: FloatArray,
    north: FloatArray,
    down: FloatArray,
    q: FloatArray,
) -> float:
    """The next direction ``p = z + ratio p``, its product ``q`` with the symmetric matrix; returns p q."""
    p *= ratio
    p += z
    product(p, diag, east, east, north, north, down, q)
    return dot(p, q)


def advance(step: float, p: FloatArray, q: FloatArray, x: FloatArray, r: FloatArray) -> float:
    """Go along ``p``: ``x += step p``, ``r -= step q``; returns the square of r's 2-norm."""
    x += step * p
    r -= step * q
    return dot(r, r)
