"""A landscape from uplift and running water: the hills of a demonstration terrain.

Detachment-limited stream power with hillslope creep, solved implicitly along a drainage tree
(Braun and Willett 2013, Geomorphology 180-181, eq. 22). The tree leads every cell to a cell of
fixed level over the lowest possible passes (minimum spanning tree of the passes), so that no
closed hollow is left and no order of cells has to be computed in Python.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter
from scipy.sparse import coo_array
from scipy.sparse.csgraph import breadth_first_order, minimum_spanning_tree

from twin.core.geometry import FloatArray

IntArray = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]

AREA_EXPONENT = 0.36  # flatter than the usual 0.5: short, steep valleys of a humid hill country
CHANNEL_HEAD_M2 = 5_000.0
_STEEPNESS_WEIGHT = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drainage:
    """A drainage tree over the cells of a grid, flattened.

    ``levels`` are the cells at equal distance from the outlets, nearest first; ``receiver`` is the
    next cell downstream and ``length_m`` the distance to it. Outlets are not in ``levels``.
    """

    levels: tuple[IntArray, ...]
    receiver: IntArray
    length_m: FloatArray


def drainage(height_m: FloatArray, fixed: Mask, cell_m: float) -> Drainage:
    """Drainage tree of a surface, rooted in the ``fixed`` cells."""
    rows, cols, steps = _neighbours(height_m.shape, cell_m)
    flat = height_m.ravel()
    steep = np.abs(flat[rows] - flat[cols]) / steps
    weight = np.maximum(flat[rows], flat[cols]) - _STEEPNESS_WEIGHT * steep * cell_m
    root = flat.size
    outlets = np.flatnonzero(fixed.ravel())
    lowest = float(weight.min()) - 1.0
    rows = np.concatenate([rows, np.full(outlets.size, root)])
    cols = np.concatenate([cols, outlets])
    weight = np.concatenate([weight - lowest + 1.0, np.full(outlets.size, 1e-6)])
    graph = coo_array((weight, (rows, cols)), shape=(root + 1, root + 1)).tocsr()
    tree = minimum_spanning_tree(graph)
    order, before = breadth_first_order(tree, root, directed=False, return_predecessors=True)
    return _levels(order.astype(np.intp), before.astype(np.intp), root, height_m.shape[1], cell_m)


def _levels(order: IntArray, before: IntArray, root: int, width: int, cell_m: float) -> Drainage:
    depth = np.zeros(root + 1, dtype=np.intp)
    position = np.empty(root + 1, dtype=np.intp)
    position[order] = np.arange(order.size)
    levels: list[IntArray] = []
    receiver = np.where(before >= 0, before, 0)
    parents = position[receiver[order[1:]]]
    # Breadth first: a new level starts where the parent belongs to the level just closed.
    start = 1
    while start < order.size:
        end = start + int(np.searchsorted(parents[start - 1 :], start, side="left"))
        depth[order[start:end]] = len(levels)
        levels.append(order[start:end])
        start = end
    cells = np.arange(root)
    apart = np.abs(cells - receiver[:root])
    diagonal = (apart == width + 1) | (apart == width - 1)
    length = np.where(diagonal, cell_m * np.sqrt(2.0), cell_m)
    return Drainage(levels=tuple(levels[1:]), receiver=receiver, length_m=length)


def _neighbours(shape: tuple[int, ...], cell_m: float) -> tuple[IntArray, IntArray, FloatArray]:
    index = np.arange(shape[0] * shape[1], dtype=np.intp).reshape(shape)
    pairs = (
        (index[:, :-1], index[:, 1:], cell_m),
        (index[:-1, :], index[1:, :], cell_m),
        (index[:-1, :-1], index[1:, 1:], cell_m * np.sqrt(2.0)),
        (index[:-1, 1:], index[1:, :-1], cell_m * np.sqrt(2.0)),
    )
    rows = np.concatenate([a.ravel() for a, _, _ in pairs])
    cols = np.concatenate([b.ravel() for _, b, _ in pairs])
    steps = np.concatenate([np.full(a.size, length) for a, _, length in pairs])
    return rows, cols, steps


def contributing_area(tree: Drainage, size: int, cell_m: float) -> FloatArray:
    """Area in m2 that drains through each cell (its own included)."""
    area = np.full(size, cell_m * cell_m)
    for cells in reversed(tree.levels):
        area += np.bincount(tree.receiver[cells], weights=area[cells], minlength=size)[:size]
    return area


def evolve(
    height_m: FloatArray,
    fixed: Mask,
    erodibility: FloatArray,
    *,
    cell_m: float,
    steps: int,
    uplift_m: float,
    slope: float,
    creep: float,
) -> FloatArray:
    """Surface after ``steps`` of uplift and erosion; ``fixed`` cells keep their level.

    Parameters
    ----------
    height_m, fixed, erodibility
        Start surface, base level, and relative erodibility; shape (ny, nx).
    uplift_m
        Uplift per step in metres.
    slope
        Slope that a hillside without a stream reaches when uplift and erosion balance.
    creep
        Width in cells of the smoothing by hillslope creep in each step.
    """
    surface = height_m.copy()
    hardness = erodibility.ravel()
    for step in range(steps):
        if step % 3 == 0:
            tree = drainage(surface, fixed, cell_m)
            area = contributing_area(tree, surface.size, cell_m)
            power = hardness * ((area + CHANNEL_HEAD_M2) / CHANNEL_HEAD_M2) ** AREA_EXPONENT
            factor = uplift_m / slope * power / tree.length_m
        flat = surface.ravel() + np.where(fixed.ravel(), 0.0, uplift_m)
        for cells in tree.levels:
            below = flat[tree.receiver[cells]]
            flat[cells] = (flat[cells] + factor[cells] * below) / (1.0 + factor[cells])
        surface = np.where(fixed, surface, gaussian_filter(flat.reshape(surface.shape), creep))
    return surface
