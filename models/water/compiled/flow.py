"""The kernels of flow compiled; ``models.water.flow.plain`` says what they do and gives the same numbers.

Loops run over rows of cells, so that a row's layers stay in the cache between the passes of an iteration.
Sums are kept per column of the row (``lanes``), which lets the compiler use wide registers without
changing their order.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

# Those of models.water.flow.cycle and .saturation, which a test compares.
DAMPING, LOOSE_COLUMN = 0.25, 1e-12
DRY, SMOOTHING = 1e-8, 1e-6
SLOPE = 1.0 / (1.0 - SMOOTHING)


@njit(cache=True, fastmath=False, error_model="numpy")
def store_terms(
    head: Any,
    bottom: Any,
    thick: Any,
    convertible: Any,
    fillable: Any,
    elastic: Any,
    drainable: Any,
    sat_old: Any,
    level_old: Any,
    sat: Any,
    steep: Any,
    stored: Any,
    residual: Any,
    diag: Any,
) -> float:
    """See ``models.water.flow.plain.store_terms``."""
    nl, nr, nc = head.shape
    total = 0.0
    for k in range(nl):
        for i in range(nr):
            for j in range(nc):
                h = head[k, i, j]
                if convertible[k]:
                    b = thick[k, i, j]
                    part = min(max((h - bottom[k, i, j]) / b, 0.0), 1.0)
                    s = SLOPE * part + 0.5 * (1.0 - SLOPE)
                    d = SLOPE
                    if part < SMOOTHING:
                        s = 0.5 * SLOPE / SMOOTHING * part**2
                        d = SLOPE / SMOOTHING * part
                    elif part > 1.0 - SMOOTHING:
                        s = 1.0 - 0.5 * SLOPE / SMOOTHING * (1.0 - part) ** 2
                        d = SLOPE / SMOOTHING * (1.0 - part)
                    d /= b
                    sat[k, i, j] = s
                    steep[k, i, j] = d
                    rest = h - bottom[k, i, j] - b * s
                    level = s * (rest + 0.5 * b * s)
                    gain = elastic[k, i, j] * (level_old[k, i, j] - level) + drainable[k, i, j] * (
                        sat_old[k, i, j] - s
                    )
                    diag[k, i, j] += elastic[k, i, j] * max(s + d * rest, 0.0) + drainable[k, i, j] * (
                        1.0 / b if fillable[k, i, j] and s < DRY else d
                    )
                else:
                    gain = elastic[k, i, j] * (level_old[k, i, j] - h)
                    diag[k, i, j] += elastic[k, i, j]
                stored[k, i, j] = gain
                residual[k, i, j] += gain
                total += abs(gain)
    return total


@njit(cache=True, fastmath=False, error_model="numpy")
def face_terms(
    head: Any,
    sat: Any,
    steep: Any,
    convertible: Any,
    cond_east: Any,
    cond_north: Any,
    cond_down: Any,
    free: Any,
    newton: Any,
    residual: Any,
    diag: Any,
    east: Any,
    west: Any,
    north: Any,
    south: Any,
    down: Any,
) -> None:
    """See ``models.water.flow.plain.face_terms``."""
    nl, nr, nc = head.shape
    for k in range(nl):
        for i in range(nr):
            for j in range(nc):
                here = head[k, i, j]
                for way in range(3):
                    if way == 0:
                        kk, ii, jj = k, i, j + 1
                        if jj == nc:
                            continue
                        cond = cond_east[k, i, j]
                    elif way == 1:
                        kk, ii, jj = k, i + 1, j
                        if ii == nr:
                            continue
                        cond = cond_north[k, i, j]
                    else:
                        kk, ii, jj = k + 1, i, j
                        if kk == nl:
                            continue
                        cond = cond_down[k, i, j]
                    drop = here - head[kk, ii, jj]
                    to_own = cond
                    to_other = cond
                    flow = cond * drop
                    if way < 2 and convertible[k]:
                        if drop > 0.0:
                            c = cond * sat[k, i, j]
                            flow = c * drop
                            to_own = c
                            to_other = c
                            if newton:
                                to_own = c + cond * drop * steep[k, i, j]
                        else:
                            c = cond * sat[kk, ii, jj]
                            flow = c * drop
                            to_own = c
                            to_other = c
                            if newton:
                                to_other = c - cond * drop * steep[kk, ii, jj]
                    residual[k, i, j] -= flow
                    residual[kk, ii, jj] += flow
                    diag[k, i, j] += to_own
                    diag[kk, ii, jj] += to_other
                    both = free[k, i, j] and free[kk, ii, jj]
                    own = to_other if both else 0.0
                    other = to_own if both else 0.0
                    if way == 0:
                        west[k, i, j] = other
                        east[k, i, j] = own
                    elif way == 1:
                        south[k, i, j] = other
                        north[k, i, j] = own
                    else:
                        down[k, i, j] = own
    for k in range(nl):
        for i in range(nr):
            for j in range(nc):
                if not free[k, i, j] or diag[k, i, j] <= 0.0:
                    diag[k, i, j] = 1.0


@njit(cache=True, fastmath=False, error_model="numpy")
def coarsen(
    diag: Any,
    east: Any,
    north: Any,
    down: Any,
    mask: Any,
    wide: int,
    deep: int,
    diag_2: Any,
    east_2: Any,
    north_2: Any,
    down_2: Any,
    mask_2: Any,
) -> None:
    """See ``models.water.flow.cycle.coarsen``."""
    nl, nr, nc = diag.shape
    by_x, by_y = wide - 1, deep - 1  # one or two cells: a shift, not a division
    diag_2[:] = 0.0
    east_2[:] = 0.0
    north_2[:] = 0.0
    down_2[:] = 0.0
    mask_2[:] = 0.0
    for k in range(nl):
        for i in range(nr):
            for j in range(nc):
                if mask[k, i, j] == 0.0:
                    continue
                ii, jj = i >> by_y, j >> by_x
                mask_2[k, ii, jj] = 1.0
                over = diag[k, i, j]
                if j + 1 < nc:
                    over -= east[k, i, j]
                    if (j + 1) >> by_x != jj:
                        east_2[k, ii, jj] += east[k, i, j] / wide
                if j > 0:
                    over -= east[k, i, j - 1]
                if i + 1 < nr:
                    over -= north[k, i, j]
                    if (i + 1) >> by_y != ii:
                        north_2[k, ii, jj] += north[k, i, j] / deep
                if i > 0:
                    over -= north[k, i - 1, j]
                if k + 1 < nl:
                    over -= down[k, i, j]
                    down_2[k, ii, jj] += down[k, i, j]
                if k > 0:
                    over -= down[k - 1, i, j]
                diag_2[k, ii, jj] += max(over, 0.0)
    nl, nr, nc = diag_2.shape
    for k in range(nl):
        for i in range(nr):
            for j in range(nc):
                if mask_2[k, i, j] == 0.0:
                    diag_2[k, i, j] = 1.0
                    continue
                links = 0.0
                if j + 1 < nc:
                    links += east_2[k, i, j]
                if j > 0:
                    links += east_2[k, i, j - 1]
                if i + 1 < nr:
                    links += north_2[k, i, j]
                if i > 0:
                    links += north_2[k, i - 1, j]
                if k + 1 < nl:
                    links += down_2[k, i, j]
                if k > 0:
                    links += down_2[k - 1, i, j]
                diag_2[k, i, j] += links


@njit(cache=True, fastmath=False, error_model="numpy")
def factor(diag: Any, east: Any, down: Any, lower: Any, inverse: Any) -> None:
    """See ``models.water.flow.cycle.factor``."""
    nl, nr, nc = diag.shape
    for i in range(nr):
        for k in range(nl):
            for j in range(nc):
                heavy = diag[k, i, j]
                if j + 1 < nc:
                    heavy += DAMPING * east[k, i, j]
                if j > 0:
                    heavy += DAMPING * east[k, i, j - 1]
                if k > 0:
                    lower[k, i, j] = down[k - 1, i, j] * inverse[k - 1, i, j]
                    heavy -= down[k - 1, i, j] * lower[k, i, j]
                if heavy <= LOOSE_COLUMN * diag[k, i, j]:
                    heavy = diag[k, i, j]
                inverse[k, i, j] = 1.0 / heavy if heavy > 0.0 else 0.0


@njit(cache=True, fastmath=False, error_model="numpy")
def _columns(row: Any, i: int, down: Any, lower: Any, inverse: Any) -> None:
    """Solve the columns of cells of one row in place; ``row`` (nl, nc)."""
    nl, nc = row.shape
    for k in range(1, nl):
        for j in range(nc):
            row[k, j] += lower[k, i, j] * row[k - 1, j]
    for j in range(nc):
        row[nl - 1, j] *= inverse[nl - 1, i, j]
    for k in range(nl - 2, -1, -1):
        for j in range(nc):
            row[k, j] = inverse[k, i, j] * (row[k, j] + down[k, i, j] * row[k + 1, j])


@njit(cache=True, fastmath=False, error_model="numpy")
def _left_over(i: int, x: Any, right: Any, diag: Any, east: Any, north: Any, down: Any, row: Any) -> None:
    """Residual of one row of cells, (nl, nc)."""
    nl, nr, nc = x.shape
    for k in range(nl):
        for j in range(nc):
            row[k, j] = right[k, i, j] - diag[k, i, j] * x[k, i, j]
        for j in range(nc - 1):
            row[k, j] += east[k, i, j] * x[k, i, j + 1]
        for j in range(1, nc):
            row[k, j] += east[k, i, j - 1] * x[k, i, j - 1]
        if i + 1 < nr:
            for j in range(nc):
                row[k, j] += north[k, i, j] * x[k, i + 1, j]
        if i > 0:
            for j in range(nc):
                row[k, j] += north[k, i - 1, j] * x[k, i - 1, j]
        if k + 1 < nl:
            for j in range(nc):
                row[k, j] += down[k, i, j] * x[k + 1, i, j]
        if k > 0:
            for j in range(nc):
                row[k, j] += down[k - 1, i, j] * x[k - 1, i, j]


@njit(cache=True, fastmath=False, error_model="numpy")
def down_sweep(
    b: Any,
    y: Any,
    east: Any,
    north: Any,
    down: Any,
    lower: Any,
    inverse: Any,
    wide: int,
    deep: int,
    b_2: Any,
) -> None:
    """See ``models.water.flow.cycle.down_sweep``."""
    nl, nr, nc = b.shape
    by_x, by_y = wide - 1, deep - 1  # one or two cells: a shift, not a division
    last = b_2.size == 0
    b_2[:] = 0.0
    row = np.empty((nl, nc))
    for i in range(nr + 1):  # from the south, beginning at zero
        if i < nr:
            for k in range(nl):
                for j in range(nc):
                    row[k, j] = b[k, i, j]
                if i > 0:
                    for j in range(nc):
                        row[k, j] += north[k, i - 1, j] * y[k, i - 1, j]
            _columns(row, i, down, lower, inverse)
            for k in range(nl):
                for j in range(nc):
                    y[k, i, j] = row[k, j]
        if i == 0 or last:
            continue
        for k in range(nl):  # what is left over after the sweep, by what the sweep did not see
            for j in range(nc):
                row[k, j] = north[k, i - 1, j] * y[k, i, j] if i < nr else 0.0
            for j in range(nc - 1):
                row[k, j] += east[k, i - 1, j] * (DAMPING * y[k, i - 1, j] + y[k, i - 1, j + 1])
            for j in range(1, nc):
                row[k, j] += east[k, i - 1, j - 1] * (DAMPING * y[k, i - 1, j] + y[k, i - 1, j - 1])
            ii = (i - 1) >> by_y
            for j in range(nc):
                b_2[k, ii, j >> by_x] += row[k, j]


@njit(cache=True, fastmath=False, error_model="numpy")
def up_sweep(
    b: Any,
    y: Any,
    diag: Any,
    east: Any,
    north: Any,
    down: Any,
    mask: Any,
    lower: Any,
    inverse: Any,
    wide: int,
    deep: int,
    y_2: Any,
) -> None:
    """See ``models.water.flow.cycle.up_sweep``."""
    nl, nr, nc = b.shape
    by_x, by_y = wide - 1, deep - 1
    row = np.empty((nl, nc))
    for i in range(nr - 1, -2, -1):  # a row's residual needs the corrected row south of it
        if i >= 0:
            for k in range(nl):
                for j in range(nc):
                    y[k, i, j] += mask[k, i, j] * y_2[k, i >> by_y, j >> by_x]
        if i + 1 < nr:
            _left_over(i + 1, y, b, diag, east, north, down, row)
            _columns(row, i + 1, down, lower, inverse)
            for k in range(nl):
                for j in range(nc):
                    y[k, i + 1, j] += row[k, j]


@njit(cache=True, fastmath=False, error_model="numpy")
def _row_product(
    i: int, x: Any, diag: Any, east: Any, west: Any, north: Any, south: Any, down: Any, out: Any
) -> None:
    """Matrix times ``x`` in one row of cells, all layers."""
    nl, nr, nc = x.shape
    for k in range(nl):
        for j in range(nc):
            out[k, i, j] = diag[k, i, j] * x[k, i, j]
        for j in range(nc - 1):
            out[k, i, j] -= east[k, i, j] * x[k, i, j + 1]
        for j in range(1, nc):
            out[k, i, j] -= west[k, i, j - 1] * x[k, i, j - 1]
        if i + 1 < nr:
            for j in range(nc):
                out[k, i, j] -= north[k, i, j] * x[k, i + 1, j]
        if i > 0:
            for j in range(nc):
                out[k, i, j] -= south[k, i - 1, j] * x[k, i - 1, j]
        if k + 1 < nl:
            for j in range(nc):
                out[k, i, j] -= down[k, i, j] * x[k + 1, i, j]
        if k > 0:
            for j in range(nc):
                out[k, i, j] -= down[k - 1, i, j] * x[k - 1, i, j]


@njit(cache=True, fastmath=False, error_model="numpy")
def _row_dot(i: int, a: Any, b: Any, lanes: Any) -> None:
    """Products of one row added to the lanes."""
    nl, _, nc = a.shape
    for k in range(nl):
        for j in range(nc):
            lanes[j] += a[k, i, j] * b[k, i, j]


@njit(cache=True, fastmath=False, error_model="numpy")
def product(x: Any, diag: Any, east: Any, west: Any, north: Any, south: Any, down: Any, out: Any) -> None:
    """See ``models.water.flow.plain.product``."""
    for i in range(x.shape[1]):
        _row_product(i, x, diag, east, west, north, south, down, out)


@njit(cache=True, fastmath=False, error_model="numpy")
def dot(a: Any, b: Any) -> float:
    """See ``models.water.flow.plain.dot``."""
    lanes = np.zeros(a.shape[2])
    for i in range(a.shape[1]):
        _row_dot(i, a, b, lanes)
    return lanes.sum()  # type: ignore[no-any-return]


@njit(cache=True, fastmath=False, error_model="numpy")
def turn(z: Any, ratio: float, p: Any, diag: Any, east: Any, north: Any, down: Any, q: Any) -> float:
    """See ``models.water.flow.plain.turn``."""
    nl, nr, nc = z.shape
    lanes = np.zeros(nc)
    for i in range(nr + 1):  # the product of a row needs the row after it
        if i < nr:
            for k in range(nl):
                for j in range(nc):
                    p[k, i, j] = z[k, i, j] + ratio * p[k, i, j]
        if i > 0:
            _row_product(i - 1, p, diag, east, east, north, north, down, q)
            _row_dot(i - 1, p, q, lanes)
    return lanes.sum()  # type: ignore[no-any-return]


@njit(cache=True, fastmath=False, error_model="numpy")
def advance(step: float, p: Any, q: Any, x: Any, r: Any) -> float:
    """See ``models.water.flow.plain.advance``."""
    nl, nr, nc = p.shape
    lanes = np.zeros(nc)
    for i in range(nr):
        for k in range(nl):
            for j in range(nc):
                x[k, i, j] += step * p[k, i, j]
            for j in range(nc):
                r[k, i, j] -= step * q[k, i, j]
        _row_dot(i, r, r, lanes)
    return lanes.sum()  # type: ignore[no-any-return]
