"""Conductances of dispersion at the faces, in numpy: the twin of ``compiled.transport.spread``.

The tensor is that of Burnett and Frind (1987, Water Resources Research 23, 683, eq. 4): theta D_ij from the
specific discharge q with a longitudinal, a transverse horizontal and a transverse vertical dispersivity,
and the molecular diffusion in the pores times the porosity.
"""

from __future__ import annotations

from types import EllipsisType

import numpy as np

from models.water.grid import IntArray
from models.water.transport.neighbours import ByteArray, from_above, from_below
from twin.core.geometry import FloatArray

Cut = tuple[slice | EllipsisType, ...]
Triple = tuple[FloatArray, FloatArray, FloatArray]


def spread(
    right: FloatArray,
    front: FloatArray,
    lower: FloatArray,
    deep: FloatArray,
    porosity: FloatArray,
    dx: FloatArray,
    dy: FloatArray,
    thick: FloatArray,
    below: IntArray,
    above: IntArray,
    state: ByteArray,
    al: float,
    ath: float,
    atv: float,
    dm: float,
    q: FloatArray,
    gx: FloatArray,
    gy: FloatArray,
    gz: FloatArray,
    cross: FloatArray,
) -> None:
    """Write conductances (m3/s) into ``gx``, ``gy``, ``gz`` and cross coefficients into ``cross``.

    ``deep`` saturated thickness (m), ``q`` (3, nl, nr, nc) specific discharge at the centres (written),
    ``cross`` (6, ...) area times theta D of the pairs xy, xz, yx, yz, zx, zy (m4/s; z downwards), or (0, ...)
    for none.
    """
    _centres(right, front, lower, deep, dx, dy, above, state, q)
    active = (state >= 0) & (deep > 0.0)
    wide = np.broadcast_to(dx, right.shape)
    long = np.broadcast_to(dy[:, None], right.shape)
    gx[...] = gy[...] = gz[...] = cross[...] = 0.0
    one: Cut = np.s_[..., :-1]
    two: Cut = np.s_[..., 1:]
    open_x = active[one] & active[two]
    area = np.where(open_x, long[one] * 0.5 * (deep[one] + deep[two]), 0.0)
    flow = _per(right[one], area), _mean(q[1], one, two), _mean(q[2], one, two)
    pore = _harmonic(porosity, wide, one, two)
    _place(gx[one], cross[:2, ..., :-1], area, flow, pore * dm, 0.5 * (wide[one] + wide[two]), (al, ath, atv))
    one, two = np.s_[:, :-1], np.s_[:, 1:]
    open_y = active[one] & active[two]
    area = np.where(open_y, wide[one] * 0.5 * (deep[one] + deep[two]), 0.0)
    flow = _per(front[one], area), _mean(q[0], one, two), _mean(q[2], one, two)
    pore = _harmonic(porosity, long, one, two)
    _place(gy[one], cross[2:4, :, :-1], area, flow, pore * dm, 0.5 * (long[one] + long[two]), (al, ath, atv))
    _down(lower, deep, porosity, thick, wide * long, below, q, (al, ath, atv), dm, gz, cross)


def _centres(
    right: FloatArray,
    front: FloatArray,
    lower: FloatArray,
    deep: FloatArray,
    dx: FloatArray,
    dy: FloatArray,
    above: IntArray,
    state: ByteArray,
    q: FloatArray,
) -> None:
    q[0], q[1], q[2] = right, front, lower
    q[0][..., 1:] += right[..., :-1]
    q[1][:, 1:] += front[:, :-1]
    q[2] += from_above(lower, above)
    wet = (state >= 0) & (deep > 0.0)
    b = np.where(wet, deep, 1.0)
    q[0] = np.where(wet, 0.5 * q[0] / (dy[:, None] * b), 0.0)
    q[1] = np.where(wet, 0.5 * q[1] / (dx * b), 0.0)
    q[2] = np.where(wet, 0.5 * q[2] / (dx * dy[:, None]), 0.0)


def _down(
    lower: FloatArray,
    deep: FloatArray,
    porosity: FloatArray,
    thick: FloatArray,
    plan: FloatArray,
    below: IntArray,
    q: FloatArray,
    alphas: tuple[float, float, float],
    dm: float,
    gz: FloatArray,
    cross: FloatArray,
) -> None:
    al, _, atv = alphas
    under = from_below(deep, below)
    area = np.where((below >= 0) & (deep > 0.0) & (under > 0.0), plan, 0.0)
    flow = _per(lower, area), 0.5 * (q[0] + from_below(q[0], below)), 0.5 * (q[1] + from_below(q[1], below))
    b2 = np.where(below >= 0, from_below(thick, below), 1.0)
    t2 = np.where(below >= 0, from_below(porosity, below), 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        pore = np.where(area > 0.0, (thick + b2) / (thick / porosity + b2 / t2), 0.0)
        apart = np.where(area > 0.0, 0.5 * (thick + b2), 1.0)
    _place(gz, cross[4:6], area, flow, pore * dm, apart, (al, atv, atv))


def _place(
    conductance: FloatArray,
    cross: FloatArray,
    area: FloatArray,
    flow: Triple,
    diffusion: FloatArray,
    apart: FloatArray,
    alphas: tuple[float, float, float],
) -> None:
    """``alphas`` along the flow, and across for each of the two directions in the face."""
    al, first, second = alphas
    qn, qs, qt = flow
    size = np.sqrt(qn * qn + qs * qs + qt * qt)
    safe = np.where(size > 0.0, size, 1.0)
    across = first * (qs * qs) + second * (qt * qt)
    d = np.where(size > 0.0, (al * qn * qn + across) / safe, 0.0) + diffusion
    conductance[...] = area * d / apart
    if len(cross):
        cross[0] = np.where(size > 0.0, area * (al - first) * qn * qs / safe, 0.0)
        cross[1] = np.where(size > 0.0, area * (al - second) * qn * qt / safe, 0.0)


def _per(flow: FloatArray, area: FloatArray) -> FloatArray:
    return np.where(area > 0.0, flow / np.where(area > 0.0, area, 1.0), 0.0)


def _mean(values: FloatArray, one: Cut, two: Cut) -> FloatArray:
    return np.asarray(0.5 * (values[one] + values[two]), dtype=np.float64)


def _harmonic(porosity: FloatArray, width: FloatArray, one: Cut, two: Cut) -> FloatArray:
    a, b = width[one], width[two]
    return np.asarray((a + b) / (a / porosity[one] + b / porosity[two]), dtype=np.float64)
