"""Concentrations at faces: limited reconstructions on cells of any width, in numpy.

Second- and third-order upwind reconstruction with limiters in increment form (Sweby, 1984; Koren, 1993;
Roe, 1985; van Leer, 1974). The step from the mean of the upwind cell to its face never exceeds the difference
to either neighbour, so that an explicit step with h (2 outflow + conductances) <= capacity keeps every new
value between the old ones around it. Koren's third-order value is that of the parabola through three cell
means of widths a, b, c (Colella and Woodward, 1984, eq. 1.6 without its slopes' limiter).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.water.problem import Scheme
from twin.core.geometry import FloatArray

CODES: dict[Scheme, int] = {"upstream": 0, "koren": 1, "superbee": 2, "van_leer": 3}
BoolArray = npt.NDArray[np.bool_]


def limited_step(
    before: FloatArray,
    up: FloatArray,
    down: FloatArray,
    widths: tuple[FloatArray, FloatArray, FloatArray],
    scheme: int,
) -> FloatArray:
    """Step from the mean of the upwind cell to its face; ``widths`` of the three cells along the flow."""
    a, b, c = widths
    d1, d2 = up - before, down - up
    if scheme == CODES["koren"]:
        w = 1.0 / ((a + b) * (b + c) * (a + b + c))
        step = b * (a + b) * (a + b) * w * d2 + b * c * (b + c) * w * d1
    else:
        e1, e2 = d1 * b / (a + b), d2 * b / (b + c)
        step = _superbee(e1, e2) if scheme == CODES["superbee"] else _harmonic(e1, e2)
    return _between(step, d1, d2)


def inlet_step(
    entering: FloatArray, up: FloatArray, down: FloatArray, b: FloatArray, c: FloatArray
) -> FloatArray:
    """The same where water enters the upwind cell from outside: its face's value is known, not a cell's."""
    d1, d2 = up - entering, down - up
    return _between(d1 / 3.0 + 2.0 / 3.0 * b / (b + c) * d2, d1, d2)


def _superbee(e1: FloatArray, e2: FloatArray) -> FloatArray:
    sign = np.where(e2 > 0.0, 1.0, -1.0)
    e1, e2 = e1 * sign, e2 * sign
    return np.asarray(sign * np.maximum(np.minimum(2.0 * e1, e2), np.minimum(e1, 2.0 * e2)), dtype=np.float64)


def _harmonic(e1: FloatArray, e2: FloatArray) -> FloatArray:
    total = e1 + e2
    return np.asarray(2.0 * e1 * e2 / np.where(total == 0.0, 1.0, total), dtype=np.float64)


def _between(step: FloatArray, d1: FloatArray, d2: FloatArray) -> FloatArray:
    up = np.minimum(step, np.minimum(d1, d2))
    down = np.maximum(step, np.maximum(d1, d2))
    return np.asarray(np.where(d1 * d2 <= 0.0, 0.0, np.where(d2 > 0.0, up, down)), dtype=np.float64)
