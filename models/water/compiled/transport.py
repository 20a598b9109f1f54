"""Compiled kernels of transport; ``models.water.transport`` holds twins of them in numpy.

All arrays are those of one window of cells (nl, nr, nc); inactive cells hold zero concentration.
``state`` of a cell: -1 not active, 0 free, 1 held (fixed concentration).
"""

from __future__ import annotations

import math
from typing import Any

from numba import njit

TINY = 1e-300


@njit(cache=True, fastmath=False)
def reconstruct(
    before: Any,
    up: Any,
    down: Any,
    a: Any,
    b: Any,
    c: Any,
    scheme: Any,
) -> Any:
    """Step from the mean of the upwind cell to its face, limited (see models.water.transport.limiter)."""
    d1 = up - before
    d2 = down - up
    if scheme == 0 or d1 * d2 <= 0.0:
        return 0.0
    if scheme == 1:
        w = 1.0 / ((a + b) * (b + c) * (a + b + c))
        step = b * (a + b) * (a + b) * w * d2 + b * c * (b + c) * w * d1
    else:
        e1 = d1 * b / (a + b)
        e2 = d2 * b / (b + c)
        if scheme == 2:
            if d2 > 0.0:
                step = max(min(2.0 * e1, e2), min(e1, 2.0 * e2))
            else:
                step = min(max(2.0 * e1, e2), max(e1, 2.0 * e2))
        else:
            step = 2.0 * e1 * e2 / (e1 + e2)
    if d2 > 0.0:
        return min(step, min(d1, d2))
    return max(step, max(d1, d2))


@njit(cache=True, fastmath=False)
def at_inlet(
    entering: Any,
    up: Any,
    down: Any,
    b: Any,
    c: Any,
) -> Any:
    """The same where the water of the upwind cell enters from outside with a known concentration."""
    d1 = up - entering
    d2 = down - up
    if d1 * d2 <= 0.0:
        return 0.0
    step = d1 / 3.0 + 2.0 / 3.0 * b / (b + c) * d2
    if d2 > 0.0:
        return min(step, min(d1, d2))
    return max(step, max(d1, d2))


@njit(cache=True, fastmath=False)
def face_value(
    known: Any,
    before: Any,
    up: Any,
    down: Any,
    a: Any,
    b: Any,
    c: Any,
    state: Any,
    inflow: Any,
    entering: Any,
    flow: Any,
    scheme: Any,
) -> Any:
    """Concentration of the water that crosses a face; ``known``: there is a cell before the upwind one."""
    if scheme == 0:
        return up
    if state == 1:
        return up + b / (b + c) * (down - up)
    if known:
        return up + reconstruct(before, up, down, a, b, c, scheme)
    if inflow >= 0.5 * flow:
        return up + at_inlet(entering, up, down, b, c)
    return up


@njit(cache=True, fastmath=False)
def faces(
    conc: Any,
    right: Any,
    front: Any,
    lower: Any,
    gx: Any,
    gy: Any,
    gz: Any,
    dx: Any,
    dy: Any,
    thick: Any,
    below: Any,
    above: Any,
    state: Any,
    inflow: Any,
    entering: Any,
    scheme: Any,
    change: Any,
) -> None:
    """Rate of change of mass (kg/s) of every cell by advection and dispersion along the axes."""
    nl, nr, nc = conc.shape
    for k in range(nl):
        for i in range(nr):
            for j in range(nc):
                change[k, i, j] = 0.0
    for k in range(nl):
        for i in range(nr):
            for j in range(nc):
                if state[k, i, j] < 0:
                    continue
                here = conc[k, i, j]
                if j + 1 < nc and state[k, i, j + 1] >= 0:
                    there = conc[k, i, j + 1]
                    if here != 0.0 or there != 0.0:
                        q = right[k, i, j]
                        flux = gx[k, i, j] * (here - there)
                        if q > 0.0:
                            known = j > 0 and state[k, i, j - 1] >= 0
                            n = max(j - 1, 0)
                            flux += q * face_value(
                                known, conc[k, i, n], here, there, dx[n], dx[j], dx[j + 1],
                                state[k, i, j], inflow[k, i, j], entering[k, i, j], q, scheme,
                            )  # fmt: skip
                        elif q < 0.0:
                            known = j + 2 < nc and state[k, i, min(j + 2, nc - 1)] >= 0
                            n = min(j + 2, nc - 1)
                            flux += q * face_value(
                                known, conc[k, i, n], there, here, dx[n], dx[j + 1], dx[j],
                                state[k, i, j + 1], inflow[k, i, j + 1], entering[k, i, j + 1], -q, scheme,
                            )  # fmt: skip
                        change[k, i, j] -= flux
                        change[k, i, j + 1] += flux
                if i + 1 < nr and state[k, i + 1, j] >= 0:
                    there = conc[k, i + 1, j]
                    if here != 0.0 or there != 0.0:
                        q = front[k, i, j]
                        flux = gy[k, i, j] * (here - there)
                        if q > 0.0:
                            known = i > 0 and state[k, i - 1, j] >= 0
                            n = max(i - 1, 0)
                            flux += q * face_value(
                                known, conc[k, n, j], here, there, dy[n], dy[i], dy[i + 1],
                                state[k, i, j], inflow[k, i, j], entering[k, i, j], q, scheme,
                            )  # fmt: skip
                        elif q < 0.0:
                            known = i + 2 < nr and state[k, min(i + 2, nr - 1), j] >= 0
                            n = min(i + 2, nr - 1)
                            flux += q * face_value(
                                known, conc[k, n, j], there, here, dy[n], dy[i + 1], dy[i],
                                state[k, i + 1, j], inflow[k, i + 1, j], entering[k, i + 1, j], -q, scheme,
                            )  # fmt: skip
                        change[k, i, j] -= flux
                        change[k, i + 1, j] += flux
                m = below[k, i, j]
                if m >= 0:
                    there = conc[m, i, j]
                    if here != 0.0 or there != 0.0:
                        q = lower[k, i, j]
                        flux = gz[k, i, j] * (here - there)
                        if q > 0.0:
                            n = above[k, i, j]
                            known = n >= 0
                            n = max(n, 0)
                            flux += q * face_value(
                                known, conc[n, i, j], here, there,
                                thick[n, i, j], thick[k, i, j], thick[m, i, j],
                                state[k, i, j], inflow[k, i, j], entering[k, i, j], q, scheme,
                            )  # fmt: skip
                        elif q < 0.0:
                            n = below[m, i, j]
                            known = n >= 0
                            n = max(n, 0)
                            flux += q * face_value(
                                known, conc[n, i, j], there, here,
                                thick[n, i, j], thick[m, i, j], thick[k, i, j],
                                state[m, i, j], inflow[m, i, j], entering[m, i, j], -q, scheme,
                            )  # fmt: skip
                        change[k, i, j] -= flux
                        change[m, i, j] += flux


@njit(cache=True, fastmath=False)
def one_conc(
    mass: Any,
    water: Any,
    solid: Any,
    kind: Any,
    p: Any,
    q: Any,
) -> Any:
    """Concentration that makes ``mass`` (kg) in ``water`` (m3) and on ``solid`` (kg)."""
    if mass <= 0.0:
        return mass / water
    if kind == 0:
        return mass / water
    if kind == 1:
        return mass / (water + solid * p)
    if kind == 3:
        room = solid * p
        b = water + room * q - mass * q
        root = math.sqrt(b * b + 4.0 * water * q * mass)
        if b > 0.0:
            return 2.0 * mass / (b + root)
        return (root - b) / (2.0 * water * q)
    a = solid * p
    if a <= 0.0:
        return mass / water
    if q <= 1.0:
        c = min(0.5 * mass / water, (0.5 * mass / a) ** (1.0 / q))
    else:
        c = min(mass / water, (mass / a) ** (1.0 / q))
    for _ in range(60):
        if c <= TINY:
            break
        s = a * c**q
        step = (water * c + s - mass) / (water + q * s / c)
        c = c - step
        if abs(step) <= 4e-16 * abs(c):
            break
    return max(c, 0.0)


@njit(cache=True, fastmath=False)
def invert(
    mass: Any,
    water: Any,
    solid: Any,
    kind: Any,
    p: Any,
    q: Any,
    conc: Any,
) -> None:
    """Concentrations of all cells from their masses; ``solid`` (nl, nr, nc) kg."""
    nl, nr, nc = mass.shape
    for k in range(nl):
        for i in range(nr):
            for j in range(nc):
                m = mass[k, i, j]
                conc[k, i, j] = 0.0 if m == 0.0 else one_conc(m, water[k, i, j], solid[k, i, j], kind, p, q)


@njit(cache=True, fastmath=False)
def one_sorbed(
    conc: Any,
    kind: Any,
    p: Any,
    q: Any,
) -> Any:
    """Sorbed mass per mass of solid in equilibrium."""
    if kind == 0 or conc <= 0.0:
        return 0.0
    if kind == 1:
        return p * conc
    if kind == 2:
        return p * conc**q
    return p * q * conc / (1.0 + q * conc)


@njit(cache=True, fastmath=False)
def slope_at(
    conc: Any,
    solid: Any,
    kind: Any,
    p: Any,
    q: Any,
) -> Any:
    """Sorbed mass in equilibrium over concentration, m3."""
    c = max(conc, TINY)
    return solid * one_sorbed(c, kind, p, q) / c


@njit(cache=True, fastmath=False)
def relax(
    dissolved: Any,
    held: Any,
    water: Any,
    solid: Any,
    kind: Any,
    p: Any,
    q: Any,
    x0: Any,
) -> Any:
    """Sorbed mass after the exchange at a rate; ``x0`` rate times time."""
    total = dissolved + held
    c0 = dissolved / water
    c = c0 if c0 > 0.0 else 1e-3 * total / water
    new = held
    for _ in range(60):
        k = slope_at(c, solid, kind, p, q)
        fade = math.exp(-x0 * (1.0 + k / water))
        even = total * k / (water + k)
        new = even + (held - even) * fade
        if kind == 1:
            break
        ahead = c0 + (1.0 - 0.5 * fade) * ((total - new) / water - c0)
        if kind == 2 and q > 1.0:
            ahead = 0.5 * (ahead + c)
        if abs(ahead - c) <= 1e-15 * abs(c):
            break
        c = ahead
    return new


@njit(cache=True, fastmath=False)
def react(
    mass: Any,
    kinetic: Any,
    immobile: Any,
    water: Any,
    solid: Any,
    still: Any,
    swap: Any,
    state: Any,
    gain: Any,
    made: Any,
    h: Any,
    kind: Any,
    p: Any,
    q: Any,
    k_kind: Any,
    k_p: Any,
    k_q: Any,
    rate: Any,
    decay: Any,
    decay_sorbed: Any,
) -> None:
    """Exchange for h/2, decay and production for h, exchange for h/2; mass decayed in ``made`` (kg)."""
    nl, nr, nc = mass.shape
    with_kinetic = kinetic.shape[0] == nl
    with_immobile = immobile.shape[0] == nl
    for k in range(nl):
        for i in range(nr):
            for j in range(nc):
                made[k, i, j] = 0.0
                if state[k, i, j] < 0:
                    continue
                m = mass[k, i, j]
                g = gain[k, i, j]
                s = kinetic[k, i, j] if with_kinetic else 0.0
                r = immobile[k, i, j] if with_immobile else 0.0
                if m == 0.0 and g == 0.0 and s == 0.0 and r == 0.0:
                    continue
                w = water[k, i, j]
                a = solid[k, i, j]
                lost = 0.0
                for turn in range(2):
                    if with_kinetic and rate > 0.0 and a > 0.0 and m + s > 0.0:
                        new = relax(m, s, w, a, k_kind, k_p, k_q, 0.5 * h * rate)
                        m += s - new
                        s = new
                    if with_immobile and swap[k, i, j] > 0.0 and m + r > 0.0:
                        base = m if m > 0.0 else r
                        cap = base / one_conc(base, w, a, kind, p, q)
                        b = still[k, i, j]
                        even = (m + r) * b / (cap + b)
                        new = even + (r - even) * math.exp(-0.5 * h * swap[k, i, j] * (1.0 / cap + 1.0 / b))
                        m += r - new
                        r = new
                    if turn == 1:
                        break
                    base = m if m > 0.0 else g
                    if base > 0.0:
                        water_part = min(w * one_conc(base, w, a, kind, p, q) / base, 1.0)
                        lam = decay * water_part + decay_sorbed * (1.0 - water_part)
                        gone = -math.expm1(-lam * h)
                        stays = gone / (lam * h) if lam * h > 0.0 else 1.0
                        lost += m * gone + g * (1.0 - stays)
                        m += g * stays - m * gone
                    if with_kinetic:
                        gone = -math.expm1(-decay_sorbed * h) * s
                        lost += gone
                        s -= gone
                    if with_immobile:
                        gone = -math.expm1(-decay * h) * r
                        lost += gone
                        r -= gone
                mass[k, i, j] = m
                if with_kinetic:
                    kinetic[k, i, j] = s
                if with_immobile:
                    immobile[k, i, j] = r
                made[k, i, j] = lost
