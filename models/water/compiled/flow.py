"""The kernels of flow compiled; ``models.water.flow.plain`` says what they do and gives the same numbers.

Loops run over rows of cells, so that a row's layers stay in the cache between the passes of an iteration. Sums
are kept per column of the row (``lanes``), which lets the compiler use wide registers without reordering sums.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

SMOOTHING = 1e-6
SLOPE = 1.0 / (1.0 - SMOOTHING)


@njit(cache=True, fastmath=False)
def store_terms(
    head: Any,
    bottom: Any,
    thick: Any,
    convertible: Any,
    elastic: Any,
    drainable: Any,
    sat_old: Any,
    level_old: Any,
    sat: Any,
    steep: Any,
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
                    stored = elastic[k, i, j] * (level_old[k, i, j] - level) + drainable[k, i, j] * (
                        sat_old[k, i, j] - s
                    )
                    diag[k, i, j] += elastic[k, i, j] * max(s + d * rest, 0.0) + drainable[k, i, j] * d
                else:
                    stored = elastic[k, i, j] * (level_old[k, i, j] - h)
                    diag[k, i, j] += elastic[k, i, j]
                residual[k, i, j] += stored
                total += abs(stored)
    return total


@njit(cache=True, fastmath=False)
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
                if not free[k, i, j]:
                    diag[k, i, j] = 1.0


@njit(cache=True, fastmath=False)
def line_factor(diag: Any, down: Any, lower: Any, inverse: Any) -> None:
    """See ``models.water.flow.plain.line_factor``."""
    nl, nr, nc = diag.shape
    for i in range(nr):
        for j in range(nc):
            inverse[0, i, j] = 1.0 / diag[0, i, j]
        for k in range(1, nl):
            for j in range(nc):
                lower[k, i, j] = down[k - 1, i, j] * inverse[k - 1, i, j]
                inverse[k, i, j] = 1.0 / (diag[k, i, j] - down[k - 1, i, j] * lower[k, i, j])


@njit(cache=True, fastmath=False)
def _row_solve(i: int, values: Any, down: Any, lower: Any, inverse: Any, out: Any) -> None:
    """Solve the columns of cells of one row."""
    nl, _, nc = values.shape
    for j in range(nc):
        out[0, i, j] = values[0, i, j]
    for k in range(1, nl):
        for j in range(nc):
            out[k, i, j] = values[k, i, j] + lower[k, i, j] * out[k - 1, i, j]
    for j in range(nc):
        out[nl - 1, i, j] *= inverse[nl - 1, i, j]
    for k in range(nl - 2, -1, -1):
        for j in range(nc):
            out[k, i, j] = inverse[k, i, j] * (out[k, i, j] + down[k, i, j] * out[k + 1, i, j])


@njit(cache=True, fastmath=False)
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


@njit(cache=True, fastmath=False)
def _row_dot(i: int, a: Any, b: Any, lanes: Any) -> None:
    """Products of one row added to the lanes."""
    nl, _, nc = a.shape
    for k in range(nl):
        for j in range(nc):
            lanes[j] += a[k, i, j] * b[k, i, j]


@njit(cache=True, fastmath=False)
def conjugate_gradients(
    diag: Any, east: Any, north: Any, down: Any, right: Any, target: float, most: int, x: Any
) -> tuple[int, float]:
    """See ``models.water.flow.plain.conjugate_gradients``."""
    nl, nr, nc = diag.shape
    lower, inverse = np.zeros_like(diag), np.zeros_like(diag)
    line_factor(diag, down, lower, inverse)
    r = right.copy()
    z, q, p = np.zeros_like(r), np.zeros_like(r), np.zeros_like(r)
    x[:] = 0.0
    square, rz = np.zeros(nc), np.zeros(nc)
    for i in range(nr):
        _row_dot(i, r, r, square)
        _row_solve(i, r, down, lower, inverse, z)
        _row_dot(i, r, z, rz)
    norm = np.sqrt(square.sum())
    now = rz.sum()
    ratio = 0.0
    count = 0
    pq = np.zeros(nc)
    while norm > target and count < most:
        pq[:] = 0.0
        for i in range(nr + 1):  # the product of a row needs the row after it
            if i < nr:
                for k in range(nl):
                    for j in range(nc):
                        p[k, i, j] = z[k, i, j] + ratio * p[k, i, j]
            if i > 0:
                _row_product(i - 1, p, diag, east, east, north, north, down, q)
                _row_dot(i - 1, p, q, pq)
        step = now / pq.sum()
        square[:] = 0.0
        rz[:] = 0.0
        for i in range(nr):
            for k in range(nl):
                for j in range(nc):
                    x[k, i, j] += step * p[k, i, j]
                    r[k, i, j] -= step * q[k, i, j]
            _row_dot(i, r, r, square)
            _row_solve(i, r, down, lower, inverse, z)
            _row_dot(i, r, z, rz)
        norm = np.sqrt(square.sum())
        ratio = rz.sum() / now
        now = rz.sum()
        count += 1
    return count, norm


@njit(cache=True, fastmath=False)
def stabilised_gradients(
    diag: Any,
    east: Any,
    west: Any,
    north: Any,
    south: Any,
    down: Any,
    right: Any,
    target: float,
    most: int,
    x: Any,
) -> tuple[int, float]:
    """See ``models.water.flow.plain.stabilised_gradients``."""
    nl, nr, nc = diag.shape
    lower, inverse = np.zeros_like(diag), np.zeros_like(diag)
    line_factor(diag, down, lower, inverse)
    x[:] = 0.0
    r = right.copy()
    shadow = right.copy()
    p, v, y = np.zeros_like(r), np.zeros_like(r), np.zeros_like(r)
    z, t = np.zeros_like(r), np.zeros_like(r)
    one, two, three = np.zeros(nc), np.zeros(nc), np.zeros(nc)
    for i in range(nr):
        _row_dot(i, r, r, one)
    now = one.sum()
    norm = np.sqrt(now)
    rho, alpha, omega, count = 1.0, 1.0, 1.0, 0
    while norm > target and count < most:
        if now == 0.0 or omega == 0.0:
            break
        beta = now / rho * (alpha / omega)
        one[:] = 0.0
        for i in range(nr + 1):
            if i < nr:
                for k in range(nl):
                    for j in range(nc):
                        p[k, i, j] = r[k, i, j] + beta * (p[k, i, j] - omega * v[k, i, j])
                _row_solve(i, p, down, lower, inverse, y)
            if i > 0:  # overwrites the row of v that p has used already
                _row_product(i - 1, y, diag, east, west, north, south, down, v)
                _row_dot(i - 1, shadow, v, one)
        alpha = now / one.sum()
        two[:] = 0.0
        three[:] = 0.0
        for i in range(nr + 1):
            if i < nr:
                for k in range(nl):
                    for j in range(nc):
                        r[k, i, j] -= alpha * v[k, i, j]
                        x[k, i, j] += alpha * y[k, i, j]
                _row_solve(i, r, down, lower, inverse, z)
            if i > 0:
                _row_product(i - 1, z, diag, east, west, north, south, down, t)
                _row_dot(i - 1, t, t, two)
                _row_dot(i - 1, t, r, three)
        under = two.sum()
        omega = three.sum() / under if under > 0.0 else 0.0
        one[:] = 0.0
        two[:] = 0.0
        for i in range(nr):
            for k in range(nl):
                for j in range(nc):
                    x[k, i, j] += omega * z[k, i, j]
                    r[k, i, j] -= omega * t[k, i, j]
            _row_dot(i, r, r, one)
            _row_dot(i, shadow, r, two)
        rho = now
        now = two.sum()
        norm = np.sqrt(one.sum())
        count += 1
    return count, norm
