"""The cross terms of dispersion, limited, in numpy: the twin of ``compiled.dispersion.across``.

A full tensor on a grid that is not aligned with the flow moves mass against gradients between cells, and
central differences of it make negative concentrations. Here its fluxes are added to what the rest of the
step has made only as far as no cell leaves the range of its neighbours and itself before and after that
rest (Zalesak, 1979, Journal of Computational Physics 31, 335).
"""

from __future__ import annotations

from types import EllipsisType

import numpy as np

from models.water.grid import IntArray
from models.water.transport.isotherm import Isotherm, total_kg
from models.water.transport.limiter import BoolArray
from models.water.transport.neighbours import ByteArray, from_above, from_below
from twin.core.geometry import FloatArray

Cut = tuple[slice | EllipsisType, ...]


def across(
    conc: FloatArray,
    mass: FloatArray,
    trial: FloatArray,
    water: FloatArray,
    solid: FloatArray,
    law: Isotherm,
    cross: FloatArray,
    dx: FloatArray,
    dy: FloatArray,
    thick: FloatArray,
    below: IntArray,
    above: IntArray,
    state: ByteArray,
    h: float,
) -> None:
    """Add to ``mass`` (kg) what the cross terms move in ``h`` seconds; ``trial`` concentrations of ``mass``.

    ``cross`` as ``dispersion.spread`` writes it; ``conc`` before the step, whose slopes drive the fluxes.
    """
    flux = _fluxes(_slopes(conc, dx, dy, thick, below, above, state), cross, below, state)
    inward, outward = _sums(flux, above)
    top, low = _range(conc, trial, below, above, state)
    free = state == 0
    up = total_kg(top, water, solid, law) - mass
    down = mass - total_kg(low, water, solid, law)
    into = _room(up, inward * h, free)
    out = _room(down, outward * h, free)
    move = [f * h for f in flux]
    move[0][..., :-1] *= _share(move[0][..., :-1], out, into, np.s_[..., :-1], np.s_[..., 1:])
    move[1][:, :-1] *= _share(move[1][:, :-1], out, into, np.s_[:, :-1], np.s_[:, 1:])
    ahead = np.minimum(out, _under(into, below)), np.minimum(into, _under(out, below))
    move[2] *= np.where(move[2] > 0.0, *ahead)
    mass[...] += _net(move, above)


def _slopes(
    conc: FloatArray,
    dx: FloatArray,
    dy: FloatArray,
    thick: FloatArray,
    below: IntArray,
    above: IntArray,
    state: ByteArray,
) -> list[FloatArray]:
    """Central differences at the centres; at a wall half of what lies on the other side counts."""
    active = state >= 0
    found = []
    for axis, width in ((2, dx), (1, dy[:, None])):
        wide = np.broadcast_to(width, conc.shape)
        before, b_wide = _moved(conc, axis, -1, active), _moved(wide, axis, -1, active, wide)
        after, a_wide = _moved(conc, axis, 1, active), _moved(wide, axis, 1, active, wide)
        apart = 2.0 * wide + 0.5 * (b_wide - wide) + 0.5 * (a_wide - wide)
        found.append(np.where(active, (after - before) / apart, 0.0))
    one = np.where(above >= 0, from_above(conc, above), conc)
    two = np.where(below >= 0, from_below(conc, below), conc)
    over = np.where(above >= 0, from_above(thick, above), thick)
    under = np.where(below >= 0, from_below(thick, below), thick)
    apart = 2.0 * thick + 0.5 * (over - thick) + 0.5 * (under - thick)
    found.append(np.where(active, (two - one) / np.where(active, apart, 1.0), 0.0))
    return found


def _moved(
    values: FloatArray, axis: int, way: int, active: BoolArray, otherwise: FloatArray | None = None
) -> FloatArray:
    """The neighbour's value one cell back (-1) or on (1); the own one where there is no active neighbour."""
    own = values if otherwise is None else otherwise
    found = own.copy()
    here, there = _pair(axis, way)
    found[here] = np.where(active[there], values[there], own[here])
    return found


def _pair(axis: int, way: int) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    one, two = [slice(None)] * 3, [slice(None)] * 3
    one[axis], two[axis] = slice(0, -1), slice(1, None)
    return (tuple(two), tuple(one)) if way < 0 else (tuple(one), tuple(two))


def _fluxes(
    slope: list[FloatArray], cross: FloatArray, below: IntArray, state: ByteArray
) -> list[FloatArray]:
    sx, sy, sz = slope
    active = state >= 0
    fx, fy = np.zeros_like(sx), np.zeros_like(sx)
    one, two = np.s_[..., :-1], np.s_[..., 1:]
    sum_x = cross[0][one] * (sy[one] + sy[two]) + cross[1][one] * (sz[one] + sz[two])
    fx[one] = np.where(active[one] & active[two], -0.5 * sum_x, 0.0)
    fore, next_ = np.s_[:, :-1], np.s_[:, 1:]
    sum_y = cross[2][fore] * (sx[fore] + sx[next_]) + cross[3][fore] * (sz[fore] + sz[next_])
    fy[fore] = np.where(active[fore] & active[next_], -0.5 * sum_y, 0.0)
    sum_z = cross[4] * (sx + from_below(sx, below)) + cross[5] * (sy + from_below(sy, below))
    return [fx, fy, np.where(below >= 0, -0.5 * sum_z, 0.0)]


def _sums(flux: list[FloatArray], above: IntArray) -> tuple[FloatArray, FloatArray]:
    fx, fy, fz = flux
    inward = np.maximum(-fx, 0.0) + np.maximum(-fy, 0.0) + np.maximum(-fz, 0.0)
    outward = np.maximum(fx, 0.0) + np.maximum(fy, 0.0) + np.maximum(fz, 0.0)
    for axis, f in ((2, fx), (1, fy)):
        here, there = _pair(axis, -1)
        inward[here] += np.maximum(f[there], 0.0)
        outward[here] += np.maximum(-f[there], 0.0)
    over = from_above(fz, above)
    return inward + np.maximum(over, 0.0), outward + np.maximum(-over, 0.0)


def _range(
    conc: FloatArray, trial: FloatArray, below: IntArray, above: IntArray, state: ByteArray
) -> tuple[FloatArray, FloatArray]:
    """Highest and lowest of the cells around, across edges and corners too, before and after the rest."""
    active = state >= 0
    high, low = np.maximum(conc, trial), np.minimum(conc, trial)
    for axis in (2, 1):
        high = np.maximum.reduce([high, *(_moved(high, axis, way, active) for way in (-1, 1))])
        low = np.minimum.reduce([low, *(_moved(low, axis, way, active) for way in (-1, 1))])
    highs, lows = [high], [low]
    for index, move in ((above, from_above), (below, from_below)):
        highs.append(np.where(index >= 0, move(high, index), high))
        lows.append(np.where(index >= 0, move(low, index), low))
    return np.maximum.reduce(highs), np.minimum.reduce(lows)


def _room(room: FloatArray, wanted: FloatArray, free: BoolArray) -> FloatArray:
    short = free & (wanted > 0.0) & (wanted > room)
    return np.where(short, np.maximum(room, 0.0) / np.where(short, wanted, 1.0), 1.0)


def _under(values: FloatArray, below: IntArray) -> FloatArray:
    return np.where(below >= 0, from_below(values, below), 1.0)


def _share(move: FloatArray, out: FloatArray, into: FloatArray, one: Cut, two: Cut) -> FloatArray:
    ahead = np.minimum(out[one], into[two])
    back = np.minimum(into[one], out[two])
    return np.where(move > 0.0, ahead, back)


def _net(move: list[FloatArray], above: IntArray) -> FloatArray:
    net = -(move[0] + move[1] + move[2])
    for axis in (2, 1):
        here, there = _pair(axis, -1)
        net[here] += move[2 - axis][there]
    return net + from_above(move[2], above)
