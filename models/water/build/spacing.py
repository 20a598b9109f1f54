"""Widths of rows and columns: even, or finer around places of interest."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from models.water.refusal import refused
from twin.core.geometry import FloatArray

_SAMPLES_PER_FINE = 40


def widths(
    low_m: float,
    high_m: float,
    cell_m: float,
    *,
    places_m: Sequence[float] = (),
    fine_m: float | None = None,
    core_m: float = 0.0,
    growth: float = 1.2,
) -> FloatArray:
    """Widths (n,) of cells from ``low_m`` to ``high_m`` along one axis.

    Cells are at most ``cell_m`` wide. Within ``core_m`` of every one of ``places_m`` they are at most
    ``fine_m`` wide (the cell that holds one always is), and no cell is more than ``growth`` times as wide as
    its neighbour. The wanted width
    h(x) = fine + ln(growth) (distance - core) is integrated, and cell edges stand at equal parts of the
    integral of 1/h: since d ln h / du = dh/dx <= ln(growth), the ratio of neighbours holds everywhere.
    Raises BadRequestError for an empty span, widths that are not positive, or growth outside 1 to 1.3.
    """
    _check(low_m, high_m, cell_m, fine_m, growth)
    if fine_m is None or not len(places_m):
        count = max(1, math.ceil((high_m - low_m) / cell_m - 1e-9))
        return np.full(count, (high_m - low_m) / count)
    count = min(400_000, math.ceil((high_m - low_m) / fine_m * _SAMPLES_PER_FINE)) + 1
    x = np.linspace(low_m, high_m, count)
    wanted = np.full(count, cell_m)
    # So wide at least that the cell that holds the place lies in the core.
    core = max(core_m, fine_m)
    for place in places_m:
        away = np.maximum(np.abs(x - place) - core, 0.0)
        wanted = np.minimum(wanted, fine_m + math.log(growth) * away)
    part = np.concatenate([[0.0], np.cumsum(0.5 * (1.0 / wanted[1:] + 1.0 / wanted[:-1]) * np.diff(x))])
    cells = max(1, math.ceil(part[-1] - 1e-9))
    edges = np.interp(np.linspace(0.0, part[-1], cells + 1), part, x)
    edges[0], edges[-1] = low_m, high_m
    return np.asarray(np.diff(edges))


def _check(low_m: float, high_m: float, cell_m: float, fine_m: float | None, growth: float) -> None:
    if not high_m > low_m:
        raise refused(high_m, "high_m", f"more than low_m {low_m:g}", f"大于 low_m {low_m:g}")
    if not cell_m > 0.0:
        raise refused(cell_m, "cell_m", "more than zero", "大于零")
    if fine_m is not None and not 0.0 < fine_m <= cell_m:
        raise refused(
            fine_m, "fine_m", f"more than zero, at most cell_m {cell_m:g}", f"大于零且不超过 {cell_m:g}"
        )
    if not 1.0 < growth <= 1.3:
        raise refused(growth, "growth", "more than 1, at most 1.3", "大于 1 且不超过 1.3")
