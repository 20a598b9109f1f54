"""Conductances of dispersion at the faces, in numpy: the twin of ``compiled.dispersion.spread``.

The tensor is that of Burnett and Frind (1987, Water Resources Research 23, 683, eq. 4): theta D_ij from the
specific discharge q with a longitudinal, a transverse horizontal and a transverse vertical dispersivity,
and the molecular diffusion in the pores times the porosity. The two halves of a connection stand in series,
each with the discharge through the face and its own along it: nothing is dispersed far into ground in which
nothing flows.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import EllipsisType

import numpy as np

from models.water.grid import IntArray
from models.water.transport.neighbours import ByteArray, from_above, from_below
from twin.core.geometry import FloatArray

Cut = tuple[slice | EllipsisType, ...]


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
    wet = (state >= 0) & (deep > 0.0)
    wide = np.broadcast_to(dx, right.shape)
    long = np.broadcast_to(dy[:, None], right.shape)
    _centres(right, front, lower, deep, (wide, long), below, above, state, q)
    gx[...] = gy[...] = gz[...] = cross[...] = 0.0
    pores = porosity * dm
    one: Cut = np.s_[..., :-1]
    two: Cut = np.s_[..., 1:]
    sides = (
        _Half(slope=(q[1][one], q[2][one]), width=wide[one], pores=pores[one]),
        _Half(slope=(q[1][two], q[2][two]), width=wide[two], pores=pores[two]),
    )
    area = np.where(wet[one] & wet[two], long[one] * 0.5 * (deep[one] + deep[two]), 0.0)
    _place(gx[one], cross[:2, ..., :-1], area, right[one], sides, (al, ath, atv))
    fore: Cut = np.s_[:, :-1]
    next_: Cut = np.s_[:, 1:]
    sides = (
        _Half(slope=(q[0][fore], q[2][fore]), width=long[fore], pores=pores[fore]),
        _Half(slope=(q[0][next_], q[2][next_]), width=long[next_], pores=pores[next_]),
    )
    area = np.where(wet[fore] & wet[next_], wide[fore] * 0.5 * (deep[fore] + deep[next_]), 0.0)
    _place(gy[fore], cross[2:4, :, :-1], area, front[fore], sides, (al, ath, atv))
    under = _Half(
        slope=(from_below(q[0], below), from_below(q[1], below)),
        width=from_below(thick, below),
        pores=from_below(pores, below),
    )
    open_ = wet & (from_below(np.where(wet, 1.0, 0.0), below) > 0.0)
    area = np.where(open_, wide * long, 0.0)
    sides = (_Half(slope=(q[0], q[1]), width=thick, pores=pores), under)
    _place(gz, cross[4:6], area, lower, sides, (al, atv, atv))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Half:
    """A side of the faces: discharges along the face (m/s), width of the cell (m), diffusion (m2/s)."""

    slope: tuple[FloatArray, FloatArray]
    width: FloatArray
    pores: FloatArray


def _centres(
    right: FloatArray,
    front: FloatArray,
    lower: FloatArray,
    deep: FloatArray,
    widths: tuple[FloatArray, FloatArray],
    below: IntArray,
    above: IntArray,
    state: ByteArray,
    q: FloatArray,
) -> None:
    """Specific discharge at the centres: the mean of the faces that there are."""
    wide, long = widths
    active = state >= 0
    wet = active & (deep > 0.0)
    b = np.where(wet, deep, 1.0)
    for n, (flow, axis, area) in enumerate(((right, 2, long * b), (front, 1, wide * b))):
        one, two = [slice(None)] * 3, [slice(None)] * 3
        one[axis], two[axis] = slice(0, -1), slice(1, None)
        here, there = tuple(one), tuple(two)
        open_ = active[here] & active[there]
        total, count = np.zeros(flow.shape), np.zeros(flow.shape)
        for side in (here, there):
            total[side] += np.where(open_, flow[here], 0.0)
            count[side] += open_
        q[n] = np.where(wet, total / (np.maximum(count, 1.0) * area), 0.0)
    total = np.where(below >= 0, lower, 0.0) + from_above(lower, above)
    count = np.maximum((below >= 0) * 1.0 + (above >= 0), 1.0)
    q[2] = np.where(wet, total / (count * (wide * long)), 0.0)


def _place(
    conductance: FloatArray,
    cross: FloatArray,
    area: FloatArray,
    flow: FloatArray,
    sides: tuple[_Half, _Half],
    alphas: tuple[float, float, float],
) -> None:
    """``alphas`` along the flow, and across for each of the two directions in the face."""
    al, first, second = alphas
    qn = np.where(area > 0.0, flow / np.where(area > 0.0, area, 1.0), 0.0)
    rows = [_side(qn, side, alphas) for side in sides]
    passes = (area > 0.0) & (rows[0][0] > 0.0) & (rows[1][0] > 0.0)
    r1, r2 = (
        np.where(passes, 0.5 * s.width / np.where(passes, d, 1.0), 1.0)
        for s, (d, _) in zip(sides, rows, strict=True)
    )
    w = np.where(passes, area / (r1 + r2), 0.0)
    conductance[...] = w
    if len(cross):
        for n, reach in enumerate((al - first, al - second)):
            mixed = r1 * rows[0][1] * sides[0].slope[n] + r2 * rows[1][1] * sides[1].slope[n]
            cross[n] = w * reach * mixed


def _side(qn: FloatArray, side: _Half, alphas: tuple[float, float, float]) -> tuple[FloatArray, FloatArray]:
    """Theta D along the normal (m2/s) and the discharge along it over the size of all of it."""
    al, first, second = alphas
    qs, qt = side.slope
    size = np.sqrt(qn * qn + qs * qs + qt * qt)
    safe = np.where(size > 0.0, size, 1.0)
    spreads = (al * qn * qn + (first * (qs * qs) + second * (qt * qt))) / safe
    turned = np.where(size > 0.0, qn / safe, 0.0)
    return np.where(size > 0.0, spreads, 0.0) + side.pores, turned
