"""Making a positive grid exact at points between its nodes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from twin.core.geometry import FloatArray

IntArray = npt.NDArray[np.intp]

_ROUNDS = 60
_CLOSE = 1e-6


def pull_to_points(grid: FloatArray, position: FloatArray, values: FloatArray) -> FloatArray:
    """Copy of ``grid`` (ny, nx), none negative, whose bilinear values at points equal ``values`` (n,).

    ``position`` (n, 2) holds column and row in units of cells, inside the grid. The smallest change
    (least squares) of the nodes around the points is made, again and again as clipping at zero
    requires (alternating projections), so that a surface honours its holes also between nodes.
    Points less than two cells apart share nodes and may contradict each other; they are then met as
    well as the nodes allow.
    """
    fitted = np.maximum(grid, 0.0)
    if len(values) == 0:
        return fitted
    nodes, weights = _corners(position, grid.shape)
    # A zero between nodes that cannot be negative means that every node which counts is zero.
    absent = nodes[values <= 0.0][weights[values <= 0.0] > 0.0]
    fitted.ravel()[absent] = 0.0
    weights = np.where(np.isin(nodes, absent), 0.0, weights)
    used, where = np.unique(nodes, return_inverse=True)
    matrix = np.zeros((len(values), len(used)))
    np.add.at(matrix, (np.arange(len(values))[:, None], where.reshape(nodes.shape)), weights)
    back = np.linalg.pinv(matrix)
    local = fitted.ravel()[used]
    for _ in range(_ROUNDS):
        missing = values - matrix @ local
        if np.max(np.abs(missing)) < _CLOSE:
            break
        local = np.maximum(local + back @ missing, 0.0)
    fitted.ravel()[used] = local
    return fitted


def _corners(position: FloatArray, shape: tuple[int, ...]) -> tuple[IntArray, FloatArray]:
    """Flat indices (n, 4) of the nodes around points and their bilinear weights (n, 4)."""
    col = np.clip(np.floor(position[:, 0]).astype(np.intp), 0, shape[1] - 2)
    row = np.clip(np.floor(position[:, 1]).astype(np.intp), 0, shape[0] - 2)
    u, v = position[:, 0] - col, position[:, 1] - row
    first = row * shape[1] + col
    nodes = np.stack([first, first + 1, first + shape[1], first + shape[1] + 1], axis=1)
    weights = np.stack([(1 - u) * (1 - v), u * (1 - v), (1 - u) * v, u * v], axis=1)
    return nodes, weights
