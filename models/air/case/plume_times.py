"""When receptors are read, and what follows from a course: means, dose, arrival.

Gas that set out at once passes a place during a tenth or more of its travel time (sigma_u / u). Moments a
fixed part of the time since a release began or ended therefore resolve every receptor, however far the
others lie: the moments of one receptor are the same whatever else a case asks for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from models.air.case.schema_release import PlumeReleaseRow
from twin.core.clock import Interval
from twin.core.geometry import FloatArray

_FINE = 1.02  # ratio of two moments after the first and the last change of rate
_COARSE = 1.2  # after changes between: a step of a chain is a small part of the whole
_FEW = 4  # so many changes are all taken fine
_BEFORE = 0.2  # gas is faster than the mean wind at its height by less than five
_SHORTEST_S = 0.05
_LAST = 16  # moments in the last averaging time of a release that does not end


def course_ms(window: Interval, every_s: float) -> tuple[int, ...]:
    """Evenly spaced moments up to the end of the window: those of the table of courses."""
    count = max(1, round(window.length_s / every_s))
    return tuple(window.end_ms - round(1000.0 * every_s * k) for k in range(count - 1, -1, -1))


def ending_ms(window: Interval, averaging_s: float) -> tuple[int, ...]:
    """Moments of the last averaging time, for releases that do not end."""
    length = min(averaging_s, window.length_s)
    return tuple(window.end_ms - round(1000.0 * length * k / _LAST) for k in range(_LAST + 1))


def passing_ms(window: Interval, rows: Sequence[PlumeReleaseRow], nearest_s: float) -> tuple[int, ...]:
    """Moments after every change of rate; ``nearest_s`` is the travel time to the nearest receptor."""
    first = max(_BEFORE * nearest_s, _SHORTEST_S)
    edges: list[float] = []
    for edge in sorted({row.start_s for row in rows} | {row.end_s for row in rows if row.end_s is not None}):
        if edge < window.length_s and (not edges or edge - edges[-1] > first):
            edges.append(edge)
    found: set[int] = set()
    for k, edge in enumerate(edges):
        fine = len(edges) <= _FEW or k in (0, len(edges) - 1)
        found |= {round(1000.0 * (edge + t)) for t in _lattice(first, window.length_s - edge, fine)}
    return tuple(sorted(window.start_ms + t for t in found if t <= window.end_ms - window.start_ms))


def _lattice(first_s: float, last_s: float, fine: bool) -> list[float]:
    """Powers of one ratio: a nearer receptor adds moments and moves none."""
    if last_s <= 0.0:
        return []
    log = math.log(_FINE if fine else _COARSE)
    low, high = math.floor(math.log(first_s) / log), math.ceil(math.log(last_s) / log)
    return [math.exp(k * log) for k in range(low, high + 1)]


def highest_mean(times_s: FloatArray, conc: FloatArray, averaging_s: float) -> FloatArray:
    """Highest running mean (m,) of courses (n, m) over ``averaging_s``; nothing is there before time 0."""
    at, total = _running(times_s, conc)
    width = min(averaging_s, float(at[-1]))
    ends = np.unique(np.concatenate([at, np.minimum(at + width, at[-1])]))
    rows = [np.interp(ends, at, one) - np.interp(ends - width, at, one, left=0.0) for one in total.T]
    return np.array([row.max() for row in rows]) / width


def last_mean(times_s: FloatArray, conc: FloatArray, averaging_s: float) -> FloatArray:
    """Mean (m,) of courses (n, m) over the last ``averaging_s``."""
    at, total = _running(times_s, conc)
    width = min(averaging_s, float(at[-1]))
    return np.array([one[-1] - np.interp(at[-1] - width, at, one) for one in total.T]) / width


def dose(times_s: FloatArray, conc: FloatArray) -> FloatArray:
    """Integral over time (m,) of courses (n, m)."""
    return np.asarray(_running(times_s, conc)[1][-1])


def arrival_s(times_s: FloatArray, conc: FloatArray, part: float = 0.01) -> FloatArray:
    """First time (m,) at which courses (n, m) reach a part of their peak; NaN where there is none."""
    out = np.full(conc.shape[1], np.nan)
    for k, course in enumerate(conc.T):
        if not course.max() > 0.0:
            continue
        wanted = part * course.max()
        one = int(np.argmax(course >= wanted))
        out[k] = times_s[one]
        if one > 0:
            out[k] = np.interp(wanted, course[one - 1 : one + 1], times_s[one - 1 : one + 1])
    return out


def _running(times_s: FloatArray, conc: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Times from 0 on and integrals (n + 1, m) of courses."""
    at = np.concatenate([[0.0], times_s]) if times_s[0] > 0.0 else times_s
    rows = conc if at.size == times_s.size else np.concatenate([np.zeros((1, conc.shape[1])), conc])
    parts = 0.5 * (rows[1:] + rows[:-1]) * np.diff(at)[:, None]
    return at, np.concatenate([np.zeros((1, conc.shape[1])), np.cumsum(parts, axis=0)])
