"""Dispersion at the faces of cells, compiled: conductances, and cross terms with a limiter.

``models.water.transport.dispersion`` and ``cross`` are the twins in numpy. Arrays are (layer, row, column);
``state`` is negative where no transport is computed, positive where the concentration is held.
"""

from __future__ import annotations

import math
from typing import Any

from numba import njit

from models.water.compiled.transport import one_sorbed


@njit(cache=True, fastmath=False)
def tensor(qn: Any, qs: Any, qt: Any, along: Any, beside: Any, upright: Any) -> Any:
    """Mechanical part of theta D (m2/s) along the normal of a face; qn along it, qs and qt in the face."""
    size = math.sqrt(qn * qn + qs * qs + qt * qt)
    if size == 0.0:
        return 0.0
    return (along * qn * qn + (beside * (qs * qs) + upright * (qt * qt))) / size


@njit(cache=True, fastmath=False)
def turn(qn: Any, qs: Any, qt: Any) -> Any:
    """The discharge along the normal over the size of all of it."""
    size = math.sqrt(qn * qn + qs * qs + qt * qt)
    return qn / size if size > 0.0 else 0.0


@njit(cache=True, fastmath=False)
def discharges(
    right: Any,
    front: Any,
    lower: Any,
    deep: Any,
    dx: Any,
    dy: Any,
    below: Any,
    above: Any,
    state: Any,
    q: Any,
) -> None:
    """Specific discharge at the centres of cells, ``q`` (3, nl, nr, nc) in m/s: the mean of its faces."""
    nl, nr, nc = right.shape
    for k in range(nl):
        for i in range(nr):
            for j in range(nc):
                q[0, k, i, j] = 0.0
                q[1, k, i, j] = 0.0
                q[2, k, i, j] = 0.0
                b = deep[k, i, j]
                if state[k, i, j] < 0 or b <= 0.0:
                    continue
                total = 0.0
                count = 0
                if j + 1 < nc and state[k, i, j + 1] >= 0:
                    total += right[k, i, j]
                    count += 1
                if j > 0 and state[k, i, j - 1] >= 0:
                    total += right[k, i, j - 1]
                    count += 1
                q[0, k, i, j] = total / (max(count, 1) * (dy[i] * b))
                total = 0.0
                count = 0
                if i + 1 < nr and state[k, i + 1, j] >= 0:
                    total += front[k, i, j]
                    count += 1
                if i > 0 and state[k, i - 1, j] >= 0:
                    total += front[k, i - 1, j]
                    count += 1
                q[1, k, i, j] = total / (max(count, 1) * (dx[j] * b))
                total = 0.0
                count = 0
                if below[k, i, j] >= 0:
                    total += lower[k, i, j]
                    count += 1
                n = above[k, i, j]
                if n >= 0:
                    total += lower[n, i, j]
                    count += 1
                q[2, k, i, j] = total / (max(count, 1) * (dx[j] * dy[i]))


@njit(cache=True, fastmath=False)
def spread(
    right: Any,
    front: Any,
    lower: Any,
    deep: Any,
    porosity: Any,
    dx: Any,
    dy: Any,
    thick: Any,
    below: Any,
    above: Any,
    state: Any,
    al: Any,
    ath: Any,
    atv: Any,
    dm: Any,
    q: Any,
    gx: Any,
    gy: Any,
    gz: Any,
    cross: Any,
) -> None:
    """Conductances of dispersion (m3/s) at the faces and, where ``cross`` has room, its cross coefficients.

    ``deep`` saturated thickness; ``q`` (3, nl, nr, nc) room for specific discharges at the centres.
    """
    nl, nr, nc = right.shape
    with_cross = cross.shape[0] == 6
    discharges(right, front, lower, deep, dx, dy, below, above, state, q)
    for k in range(nl):
        for i in range(nr):
            for j in range(nc):
                gx[k, i, j] = 0.0
                gy[k, i, j] = 0.0
                gz[k, i, j] = 0.0
                if with_cross:
                    for n in range(6):
                        cross[n, k, i, j] = 0.0
                if state[k, i, j] < 0:
                    continue
                if deep[k, i, j] <= 0.0:
                    continue
                p1 = porosity[k, i, j] * dm
                if j + 1 < nc and state[k, i, j + 1] >= 0 and deep[k, i, j + 1] > 0.0:
                    area = dy[i] * 0.5 * (deep[k, i, j] + deep[k, i, j + 1])
                    qn = right[k, i, j] / area
                    p2 = porosity[k, i, j + 1] * dm
                    d1 = tensor(qn, q[1, k, i, j], q[2, k, i, j], al, ath, atv) + p1
                    d2 = tensor(qn, q[1, k, i, j + 1], q[2, k, i, j + 1], al, ath, atv) + p2
                    if d1 > 0.0 and d2 > 0.0:
                        r1 = 0.5 * dx[j] / d1
                        r2 = 0.5 * dx[j + 1] / d2
                        gx[k, i, j] = area / (r1 + r2)
                        if with_cross:
                            s1 = turn(qn, q[1, k, i, j], q[2, k, i, j])
                            s2 = turn(qn, q[1, k, i, j + 1], q[2, k, i, j + 1])
                            w = area / (r1 + r2)
                            c = r1 * s1 * q[1, k, i, j] + r2 * s2 * q[1, k, i, j + 1]
                            cross[0, k, i, j] = w * (al - ath) * c
                            c = r1 * s1 * q[2, k, i, j] + r2 * s2 * q[2, k, i, j + 1]
                            cross[1, k, i, j] = w * (al - atv) * c
                if i + 1 < nr and state[k, i + 1, j] >= 0 and deep[k, i + 1, j] > 0.0:
                    area = dx[j] * 0.5 * (deep[k, i, j] + deep[k, i + 1, j])
                    qn = front[k, i, j] / area
                    p2 = porosity[k, i + 1, j] * dm
                    d1 = tensor(qn, q[0, k, i, j], q[2, k, i, j], al, ath, atv) + p1
                    d2 = tensor(qn, q[0, k, i + 1, j], q[2, k, i + 1, j], al, ath, atv) + p2
                    if d1 > 0.0 and d2 > 0.0:
                        r1 = 0.5 * dy[i] / d1
                        r2 = 0.5 * dy[i + 1] / d2
                        gy[k, i, j] = area / (r1 + r2)
                        if with_cross:
                            s1 = turn(qn, q[0, k, i, j], q[2, k, i, j])
                            s2 = turn(qn, q[0, k, i + 1, j], q[2, k, i + 1, j])
                            w = area / (r1 + r2)
                            c = r1 * s1 * q[0, k, i, j] + r2 * s2 * q[0, k, i + 1, j]
                            cross[2, k, i, j] = w * (al - ath) * c
                            c = r1 * s1 * q[2, k, i, j] + r2 * s2 * q[2, k, i + 1, j]
                            cross[3, k, i, j] = w * (al - atv) * c
                m = below[k, i, j]
                if m >= 0 and deep[m, i, j] > 0.0:
                    area = dx[j] * dy[i]
                    qn = lower[k, i, j] / area
                    p2 = porosity[m, i, j] * dm
                    d1 = tensor(qn, q[0, k, i, j], q[1, k, i, j], al, atv, atv) + p1
                    d2 = tensor(qn, q[0, m, i, j], q[1, m, i, j], al, atv, atv) + p2
                    if d1 > 0.0 and d2 > 0.0:
                        r1 = 0.5 * thick[k, i, j] / d1
                        r2 = 0.5 * thick[m, i, j] / d2
                        gz[k, i, j] = area / (r1 + r2)
                        if with_cross:
                            s1 = turn(qn, q[0, k, i, j], q[1, k, i, j])
                            s2 = turn(qn, q[0, m, i, j], q[1, m, i, j])
                            w = area / (r1 + r2)
                            c = r1 * s1 * q[0, k, i, j] + r2 * s2 * q[0, m, i, j]
                            cross[4, k, i, j] = w * (al - atv) * c
                            c = r1 * s1 * q[1, k, i, j] + r2 * s2 * q[1, m, i, j]
                            cross[5, k, i, j] = w * (al - atv) * c


@njit(cache=True, fastmath=False)
def slopes(
    conc: Any,
    dx: Any,
    dy: Any,
    thick: Any,
    below: Any,
    above: Any,
    state: Any,
    slope: Any,
    flux: Any,
) -> None:
    """Slopes of the concentration at the centres (kg/m4) into ``slope``; ``flux`` is cleared."""
    nl, nr, nc = conc.shape
    for k in range(nl):
        for i in range(nr):
            for j in range(nc):
                slope[0, k, i, j] = 0.0
                slope[1, k, i, j] = 0.0
                slope[2, k, i, j] = 0.0
                flux[0, k, i, j] = 0.0
                flux[1, k, i, j] = 0.0
                flux[2, k, i, j] = 0.0
                if state[k, i, j] < 0:
                    continue
                c = conc[k, i, j]
                one = c
                apart = 2.0 * dx[j]
                if j > 0 and state[k, i, j - 1] >= 0:
                    one = conc[k, i, j - 1]
                    apart += 0.5 * (dx[j - 1] - dx[j])
                two = c
                if j + 1 < nc and state[k, i, j + 1] >= 0:
                    two = conc[k, i, j + 1]
                    apart += 0.5 * (dx[j + 1] - dx[j])
                slope[0, k, i, j] = (two - one) / apart
                one = c
                apart = 2.0 * dy[i]
                if i > 0 and state[k, i - 1, j] >= 0:
                    one = conc[k, i - 1, j]
                    apart += 0.5 * (dy[i - 1] - dy[i])
                two = c
                if i + 1 < nr and state[k, i + 1, j] >= 0:
                    two = conc[k, i + 1, j]
                    apart += 0.5 * (dy[i + 1] - dy[i])
                slope[1, k, i, j] = (two - one) / apart
                one = c
                apart = 2.0 * thick[k, i, j]
                n = above[k, i, j]
                if n >= 0:
                    one = conc[n, i, j]
                    apart += 0.5 * (thick[n, i, j] - thick[k, i, j])
                two = c
                m = below[k, i, j]
                if m >= 0:
                    two = conc[m, i, j]
                    apart += 0.5 * (thick[m, i, j] - thick[k, i, j])
                slope[2, k, i, j] = (two - one) / apart


@njit(cache=True, fastmath=False)
def cross_fluxes(
    cross: Any,
    slope: Any,
    below: Any,
    state: Any,
    flux: Any,
) -> None:
    """What the cross terms would move through every face, kg/s, without a limit."""
    nl, nr, nc = state.shape
    for k in range(nl):
        for i in range(nr):
            for j in range(nc):
                if state[k, i, j] < 0:
                    continue
                if j + 1 < nc and state[k, i, j + 1] >= 0:
                    flux[0, k, i, j] = -0.5 * (
                        cross[0, k, i, j] * (slope[1, k, i, j] + slope[1, k, i, j + 1])
                        + cross[1, k, i, j] * (slope[2, k, i, j] + slope[2, k, i, j + 1])
                    )
                if i + 1 < nr and state[k, i + 1, j] >= 0:
                    flux[1, k, i, j] = -0.5 * (
                        cross[2, k, i, j] * (slope[0, k, i, j] + slope[0, k, i + 1, j])
                        + cross[3, k, i, j] * (slope[2, k, i, j] + slope[2, k, i + 1, j])
                    )
                m = below[k, i, j]
                if m >= 0:
                    flux[2, k, i, j] = -0.5 * (
                        cross[4, k, i, j] * (slope[0, k, i, j] + slope[0, m, i, j])
                        + cross[5, k, i, j] * (slope[1, k, i, j] + slope[1, m, i, j])
                    )


@njit(cache=True, fastmath=False)
def extremes(
    conc: Any,
    trial: Any,
    state: Any,
    slope: Any,
    room: Any,
) -> None:
    """Largest and smallest concentration around a cell in its layer, corners too, into ``room``."""
    nl, nr, nc = conc.shape
    for k in range(nl):
        for i in range(nr):
            for j in range(nc):
                top = max(conc[k, i, j], trial[k, i, j])
                low = min(conc[k, i, j], trial[k, i, j])
                if j > 0 and state[k, i, j - 1] >= 0:
                    top = max(top, max(conc[k, i, j - 1], trial[k, i, j - 1]))
                    low = min(low, min(conc[k, i, j - 1], trial[k, i, j - 1]))
                if j + 1 < nc and state[k, i, j + 1] >= 0:
                    top = max(top, max(conc[k, i, j + 1], trial[k, i, j + 1]))
                    low = min(low, min(conc[k, i, j + 1], trial[k, i, j + 1]))
                slope[0, k, i, j] = top
                slope[1, k, i, j] = low
    for k in range(nl):
        for i in range(nr):
            for j in range(nc):
                top = slope[0, k, i, j]
                low = slope[1, k, i, j]
                if i > 0 and state[k, i - 1, j] >= 0:
                    top = max(top, slope[0, k, i - 1, j])
                    low = min(low, slope[1, k, i - 1, j])
                if i + 1 < nr and state[k, i + 1, j] >= 0:
                    top = max(top, slope[0, k, i + 1, j])
                    low = min(low, slope[1, k, i + 1, j])
                room[0, k, i, j] = top
                room[1, k, i, j] = low


@njit(cache=True, fastmath=False)
def shares(
    mass: Any,
    water: Any,
    solid: Any,
    kind: Any,
    p: Any,
    q: Any,
    below: Any,
    above: Any,
    state: Any,
    h: Any,
    slope: Any,
    flux: Any,
    room: Any,
) -> None:
    """Share of what comes in and goes out that keeps a cell inside its bounds, into ``slope``."""
    nl, nr, nc = state.shape
    for k in range(nl):
        for i in range(nr):
            for j in range(nc):
                slope[0, k, i, j] = 1.0
                slope[1, k, i, j] = 1.0
                if state[k, i, j] != 0:
                    continue
                inward = (
                    max(-flux[0, k, i, j], 0.0) + max(-flux[1, k, i, j], 0.0) + max(-flux[2, k, i, j], 0.0)
                )
                outward = max(flux[0, k, i, j], 0.0) + max(flux[1, k, i, j], 0.0) + max(flux[2, k, i, j], 0.0)
                if j > 0 and state[k, i, j - 1] >= 0:
                    inward += max(flux[0, k, i, j - 1], 0.0)
                    outward += max(-flux[0, k, i, j - 1], 0.0)
                if i > 0 and state[k, i - 1, j] >= 0:
                    inward += max(flux[1, k, i - 1, j], 0.0)
                    outward += max(-flux[1, k, i - 1, j], 0.0)
                top = room[0, k, i, j]
                low = room[1, k, i, j]
                n = above[k, i, j]
                if n >= 0:
                    inward += max(flux[2, n, i, j], 0.0)
                    outward += max(-flux[2, n, i, j], 0.0)
                    top = max(top, room[0, n, i, j])
                    low = min(low, room[1, n, i, j])
                n = below[k, i, j]
                if n >= 0:
                    top = max(top, room[0, n, i, j])
                    low = min(low, room[1, n, i, j])
                w = water[k, i, j]
                s = solid[k, i, j]
                up = w * top + s * one_sorbed(top, kind, p, q) - mass[k, i, j]
                down = mass[k, i, j] - w * low - s * one_sorbed(low, kind, p, q)
                if inward > 0.0 and inward * h > up:
                    slope[0, k, i, j] = max(up, 0.0) / (inward * h)
                if outward > 0.0 and outward * h > down:
                    slope[1, k, i, j] = max(down, 0.0) / (outward * h)


@njit(cache=True, fastmath=False)
def moved(
    mass: Any,
    below: Any,
    state: Any,
    h: Any,
    slope: Any,
    flux: Any,
) -> None:
    """Move what the shares allow."""
    nl, nr, nc = state.shape
    for k in range(nl):
        for i in range(nr):
            for j in range(nc):
                if state[k, i, j] < 0:
                    continue
                for way in range(3):
                    f = flux[way, k, i, j] * h
                    if f == 0.0:
                        continue
                    kk = below[k, i, j] if way == 2 else k
                    ii = i + 1 if way == 1 else i
                    jj = j + 1 if way == 0 else j
                    if f > 0.0:
                        f *= min(slope[1, k, i, j], slope[0, kk, ii, jj])
                    else:
                        f *= min(slope[0, k, i, j], slope[1, kk, ii, jj])
                    mass[k, i, j] -= f
                    mass[kk, ii, jj] += f


@njit(cache=True, fastmath=False)
def across(
    conc: Any,
    mass: Any,
    trial: Any,
    water: Any,
    solid: Any,
    kind: Any,
    p: Any,
    q: Any,
    cross: Any,
    dx: Any,
    dy: Any,
    thick: Any,
    below: Any,
    above: Any,
    state: Any,
    h: Any,
    slope: Any,
    flux: Any,
    room: Any,
) -> None:
    """Add to ``mass`` (kg) what the cross terms move in ``h`` seconds, limited (Zalesak, 1979).

    ``trial`` concentrations of ``mass``; ``slope`` (3, ...), ``flux`` (3, ...), ``room`` (2, ...) to work in.
    """
    slopes(conc, dx, dy, thick, below, above, state, slope, flux)
    cross_fluxes(cross, slope, below, state, flux)
    extremes(conc, trial, state, slope, room)
    shares(mass, water, solid, kind, p, q, below, above, state, h, slope, flux, room)
    moved(mass, below, state, h, slope, flux)
