"""Means over time, as instruments report them: of beams, of points, of cells.

A plume that turns is wider in the mean than at any moment. Every step of time is read at a few
Gauss-Legendre moments; between them a puff moves less than its width in all but extreme turns.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.air.cloud import selected
from models.air.kernel import cell_means
from models.air.paths import pieces_of
from models.air.puff import GaussianPuff
from models.contract import Site, WindField
from twin.core.beam import Receptor
from twin.core.clock import Interval
from twin.core.errors import BadRequestError
from twin.core.geometry import Extent, FloatArray
from twin.core.plume import PlumeGrid
from twin.core.release import Release

MOMENTS = 4


def mean_readings(
    solver: GaussianPuff,
    site: Site,
    releases: Sequence[Release],
    wind: WindField,
    window: Interval,
    bounds_ms: Sequence[int],
    receptors: Sequence[Receptor],
    *,
    moments: int = MOMENTS,
) -> FloatArray:
    """Means of every receptor over every step, by release at its stated rate.

    Parameters
    ----------
    solver, site, releases, wind, window
        As for ``AirSolver.beam_matrix``.
    bounds_ms
        (n_steps + 1,) rising, inside the window.
    receptors
        Beams and points.
    moments
        Moments read in every step.

    Returns
    -------
    (n_steps, n_receptors, n_releases), kg/m3.
    """
    times, weights = _moments(bounds_ms, moments)
    pieces = pieces_of(receptors, site)
    total = np.zeros((times.shape[0], len(receptors), len(releases)))
    for part in solver.clouds(
        releases, wind, window, np.rint(times).astype(np.int64).ravel().tolist(), site.extent
    ):
        means = part.means(pieces, len(receptors))[0]
        np.add.at(total, part.moments // moments, means * weights[part.moments % moments, None, None])
    return np.asarray(total * np.array([row.rate_kg_s for row in releases]), dtype=np.float64)


def mean_fields(
    solver: GaussianPuff,
    releases: Sequence[Release],
    wind: WindField,
    window: Interval,
    bounds_ms: Sequence[int],
    grid: PlumeGrid,
    *,
    moments: int = MOMENTS,
) -> FloatArray:
    """Mean concentration of every cell over every step, all releases together.

    Arguments as in ``mean_readings``; gas that has left the grid's neighbourhood is not followed.
    Returns (n_steps, nz, ny, nx), kg/m3.
    """
    times, weights = _moments(bounds_ms, moments)
    rates = np.array([row.rate_kg_s for row in releases])
    lids = [wind.air(int(row.mean())).mixing_height_m for row in times]
    total = np.zeros((times.shape[0], grid.nz, grid.ny, grid.nx))
    for part in solver.clouds(
        releases, wind, window, np.rint(times).astype(np.int64).ravel().tolist(), _extent(grid)
    ):
        moment = part.moments[part.cut.moment]
        mass = part.mass_kg(rates) * weights[moment % moments]
        order = np.argsort(moment, kind="stable")
        edges = np.searchsorted(moment[order] // moments, np.arange(times.shape[0] + 1))
        for k in np.flatnonzero(np.diff(edges)):
            rows = order[edges[k] : edges[k + 1]]
            total[k] += cell_means(selected(part.cut.puffs, rows), mass[rows], grid, lids[k])
    return total


def _moments(bounds_ms: Sequence[int], count: int) -> tuple[FloatArray, FloatArray]:
    """Moments (n_steps, count) in ms and their weights (count,), which sum to one."""
    bounds = np.asarray(bounds_ms, dtype=np.float64)
    if bounds.size < 2 or np.any(np.diff(bounds) <= 0.0):
        msg = f"bounds_ms has {bounds.size} entries; expected at least two, rising"
        raise BadRequestError(msg, message_zh="bounds_ms 应至少两个且递增", field="bounds_ms")
    node, weight = np.polynomial.legendre.leggauss(count)
    times = bounds[:-1, None] + 0.5 * (node + 1.0) * np.diff(bounds)[:, None]
    return np.asarray(times), np.asarray(0.5 * weight)


def _extent(grid: PlumeGrid) -> Extent:
    return Extent(
        x_min_m=grid.x_min_m,
        y_min_m=grid.y_min_m,
        x_max_m=grid.x_min_m + grid.nx * grid.dx_m,
        y_max_m=grid.y_min_m + grid.ny * grid.dy_m,
    )
