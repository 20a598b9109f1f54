"""Coupling of sources to beams in steady plumes: the instant answer for thousands of candidate sources.

A Gaussian plume whose spreads grow linearly, ``sigma_h = h0 + a x`` and ``sigma_v = v0 + b x`` (x downwind),
reflected at the ground, averaged along straight beams. Along a beam the crosswind distance y and
sigma_h run linearly, so ``s = y / sigma_h`` and ``q = 1 / sigma_h`` are linear functions of one another, and
with lambda as their common parameter

    d t / (sigma_h sigma_v) = (t1 - t0) / (sigma_h0 sigma_h1) * sigma_h / sigma_v d lambda:

the Gaussian across the wind is an exact Gaussian in lambda however obliquely the beam cuts the plume,
and the vertical one nearly is. So Gauss-Legendre nodes in lambda, spread over the part that matters
around the crossing, need no more than ten nodes where uniform knots need hundreds. Pairs (source, beam)
that the plume misses by ``reach`` standard deviations are never evaluated.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from twin.core.errors import BadRequestError
from twin.core.geometry import FloatArray

Real = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.intp]

_REACH = 6.5  # standard deviations beyond which a plume is not seen at all: exp(-18) = 1.5e-8
_NEAR = 5.0  # of the part of a beam that is averaged, from its best place
_NODES = 10
_LEAST_X_M = 0.01
_TINY = 1e-20


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearSpread:
    """Spreads ``start + ratio * x`` of a steady plume; a ratio is the tangent of a turbulence angle."""

    horizontal_ratio: float
    vertical_ratio: float
    start_h_m: float = 1.0
    start_v_m: float = 0.0


def spread_of_angles(
    horizontal_deg: float, vertical_deg: float, *, half_width_m: float = 1.0
) -> LinearSpread:
    """Spread of two turbulence angles and the half width of a source, as pyELQ states them."""
    return LinearSpread(
        horizontal_ratio=math.tan(math.radians(horizontal_deg)),
        vertical_ratio=math.tan(math.radians(vertical_deg)),
        start_h_m=half_width_m,
    )


def coupling_matrix(
    sources_m: FloatArray,
    segments_m: FloatArray,
    u_m_s: FloatArray,
    v_m_s: FloatArray,
    spread: LinearSpread,
    *,
    nodes: int = _NODES,
) -> Real:
    """Beam averages at unit rates.

    Parameters
    ----------
    sources_m
        (n_sources, 3): x, y and height above ground.
    segments_m
        (n_beams, 2, 3): both ends of every beam, x, y and height above ground.
    u_m_s, v_m_s
        (n_times,): where the wind blows TO, east and north.
    spread
        How the plumes grow.
    nodes
        Gauss-Legendre nodes of a pair that the plume crosses.

    Returns
    -------
    (n_times, n_beams, n_sources) float32 in s/m3: kg/m3 for every kg/s.

    Raises
    ------
    BadRequestError
        Calm (no plume without wind), ratios that are not positive, or arrays of another shape.
    """
    speed = np.hypot(u_m_s, v_m_s)
    _check(sources_m, segments_m, speed, spread)
    out = np.zeros((speed.size, segments_m.shape[0], sources_m.shape[0]), dtype=np.float32)
    east, north = u_m_s / speed, v_m_s / speed
    rule = np.polynomial.legendre.leggauss(nodes)
    for k in range(speed.size):
        frame = _Frame.of(sources_m, segments_m, float(east[k]), float(north[k]))
        pairs = _crossed(frame, spread)
        flat = out[k].reshape(-1)
        flat[pairs.index] = _averages(pairs, spread, rule) / (2.0 * math.pi * speed[k])
    return out


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Frame:
    """Beams (n_beams, 1) and sources (1, n_sources) in axes along and across the wind."""

    x_m: Real
    y_m: Real
    dx_m: Real
    dy_m: Real
    z_m: Real
    dz_m: Real
    source_x_m: Real
    source_y_m: Real
    source_z_m: Real

    @staticmethod
    def of(sources_m: FloatArray, segments_m: FloatArray, east: float, north: float) -> _Frame:
        start, along = segments_m[:, :1, :], np.diff(segments_m, axis=1)

        def turned(places: FloatArray) -> tuple[Real, Real]:
            x, y = places[..., 0], places[..., 1]
            return (east * x + north * y).astype(np.float32), (east * y - north * x).astype(np.float32)

        x, y = turned(start)
        dx, dy = turned(along)
        source_x, source_y = turned(sources_m[None])
        return _Frame(
            x_m=x,
            y_m=y,
            dx_m=dx,
            dy_m=dy,
            z_m=start[..., 2].astype(np.float32),
            dz_m=along[..., 2].astype(np.float32),
            source_x_m=source_x,
            source_y_m=source_y,
            source_z_m=sources_m[None, :, 2].astype(np.float32),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Pairs:
    """Pairs that meet, arrays (n,): place in the matrix, and what holds at both ends of the part that counts.

    ``share`` is the length of that part over that of the beam; ``s`` the crosswind distance over the
    spread; ``z_m`` the height of the beam; ``height_m`` that of the source.
    """

    index: IntArray
    share: Real
    sigma: tuple[Real, Real]
    s: tuple[Real, Real]
    z_m: tuple[Real, Real]
    height_m: Real


def _crossed(frame: _Frame, spread: LinearSpread) -> _Pairs:
    """Clip every beam to the part inside the plume: three linear inequalities in the share of the beam."""
    x = frame.x_m - frame.source_x_m
    y = frame.y_m - frame.source_y_m
    sigma = np.float32(spread.horizontal_ratio) * x + np.float32(spread.start_h_m)
    d_sigma = np.float32(spread.horizontal_ratio) * frame.dx_m
    wide, d_wide = np.float32(_REACH) * sigma, np.float32(_REACH) * d_sigma
    least = _first_x(frame, spread)
    low, high = np.zeros_like(x), np.ones_like(x)
    for value, change in (
        (x - least, frame.dx_m),
        (wide - y, d_wide - frame.dy_m),
        (wide + y, d_wide + frame.dy_m),
    ):
        safe = np.where(np.abs(change) < _TINY, np.float32(_TINY), change)
        bound = value / -safe
        rising = safe[:, 0] > 0.0
        np.maximum(low, np.where(rising[:, None], bound, np.float32(0.0)), out=low)
        np.minimum(high, np.where(rising[:, None], np.float32(1.0), bound), out=high)
    index = np.flatnonzero(high > low)
    beam, source = np.divmod(index, x.shape[1])
    start, end = low.ravel()[index], high.ravel()[index]
    d_sigma, dy, dz = d_sigma[beam, 0], frame.dy_m[beam, 0], frame.dz_m[beam, 0]
    x, y, sigma = x.ravel()[index], y.ravel()[index], sigma.ravel()[index]
    z = frame.z_m[beam, 0]
    ends = [(sigma + part * d_sigma, y + part * dy, z + part * dz) for part in (start, end)]
    return _Pairs(
        index=index,
        share=end - start,
        sigma=(ends[0][0], ends[1][0]),
        s=(ends[0][1] / ends[0][0], ends[1][1] / ends[1][0]),
        z_m=(ends[0][2], ends[1][2]),
        height_m=frame.source_z_m[0][source],
    )


def _first_x(frame: _Frame, spread: LinearSpread) -> Real:
    """Downwind distance before which the plume has not yet come up or down to the beam."""
    low = np.minimum(frame.z_m, frame.z_m + frame.dz_m)
    high = np.maximum(frame.z_m, frame.z_m + frame.dz_m)
    gap = np.maximum(np.maximum(low - frame.source_z_m, frame.source_z_m - high), 0.0)
    first = (gap / _REACH - spread.start_v_m) / spread.vertical_ratio
    return np.asarray(np.maximum(first, _LEAST_X_M), dtype=np.float32)


def _averages(pairs: _Pairs, spread: LinearSpread, rule: tuple[FloatArray, FloatArray]) -> Real:
    """Integral over the beam of exp(..) / (sigma_h sigma_v), ground included."""
    root = np.float32(math.sqrt(0.5))
    q = (1.0 / pairs.sigma[0], 1.0 / pairs.sigma[1])
    s = (root * pairs.s[0], root * pairs.s[1])
    slope = np.float32(spread.vertical_ratio / spread.horizontal_ratio)
    base = np.float32(spread.start_v_m) - slope * np.float32(spread.start_h_m)
    r = tuple(root / (slope * sigma + base) for sigma in pairs.sigma)
    up = (pairs.z_m[0] - pairs.height_m, pairs.z_m[1] - pairs.height_m)
    first, width = _part(s, (r[0] * up[0], r[1] * up[1]))
    dq, ds = (q[1] - q[0]), (s[1] - s[0])
    q0, s0 = q[0] + first * dq, s[0] + first * ds
    dq, ds = dq * width, ds * width
    total = np.zeros_like(q0)
    flat = not np.any(pairs.z_m[0] != pairs.z_m[1])
    z, dz = pairs.z_m[0], pairs.z_m[1] - pairs.z_m[0]
    above, mirror = (z - pairs.height_m) ** 2, 4.0 * z * pairs.height_m
    for node, weight in zip(*rule, strict=True):
        part = np.float32(0.5 + 0.5 * node)
        sigma = 1.0 / (q0 + part * dq)
        r1 = root / (slope * sigma + base)
        r2 = r1 * r1
        if not flat:
            here = z + dz * ((first + part * width) * sigma * q[1])
            above, mirror = (here - pairs.height_m) ** 2, 4.0 * here * pairs.height_m
        s1 = s0 + part * ds
        inside = np.exp(-(s1 * s1 + above * r2))
        inside *= 1.0 + np.exp(-mirror * r2)
        total += (np.float32(0.5 * weight / root) * sigma * r1) * inside
    return np.asarray(total * (pairs.share * width * q[0] * q[1]), dtype=np.float32)


def _part(s: tuple[Real, Real], r: tuple[Real, Real]) -> tuple[Real, Real]:
    """Start and width, in lambda, of the part where the exponent is within reach of its least."""
    ds, dr = s[1] - s[0], r[1] - r[0]
    bend = np.maximum(ds * ds + dr * dr, _TINY)
    centre = -(s[0] * ds + r[0] * dr) / bend
    away = centre - np.clip(centre, 0.0, 1.0)
    half = np.sqrt(away * away + np.float32(0.5 * _NEAR**2) / bend)
    first, last = np.maximum(centre - half, 0.0), np.minimum(centre + half, 1.0)
    return first, np.maximum(last - first, 0.0)


def _check(
    sources_m: FloatArray, segments_m: FloatArray, speed_m_s: FloatArray, spread: LinearSpread
) -> None:
    rows = (
        ("sources_m", sources_m.shape, sources_m.ndim == 2 and sources_m.shape[1] == 3, "(n_sources, 3)"),
        ("segments_m", segments_m.shape, segments_m.shape[1:] == (2, 3), "(n_beams, 2, 3)"),
        ("speed_m_s", speed_m_s.min(initial=math.inf), bool(np.all(speed_m_s > 0.0)), "more than 0"),
        ("horizontal_ratio", spread.horizontal_ratio, spread.horizontal_ratio > 0.0, "more than 0"),
        ("vertical_ratio", spread.vertical_ratio, spread.vertical_ratio > 0.0, "more than 0"),
    )
    for field, value, good, wanted in rows:
        if not good:
            msg = f"{field} is {value}; expected {wanted}"
            raise BadRequestError(
                msg, message_zh=f"{field} 为 {value}；应为 {wanted}", field=field, value=value
            )
