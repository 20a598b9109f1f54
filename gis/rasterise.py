"""Heights of triangles at the nodes of a grid, for all triangles at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from twin.core.geometry import FloatArray

IntArray = npt.NDArray[np.int64]

_EDGE = 1e-7  # of a cell: a node this near to an edge belongs to both triangles


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Surface:
    """What the triangles are at every node: height (ny, nx), NaN where none lies, and owner or -1."""

    heights: FloatArray
    owners: IntArray

    @classmethod
    def empty(cls, shape: tuple[int, int]) -> Surface:
        """Surface without triangles."""
        return cls(heights=np.full(shape, np.nan), owners=np.full(shape, -1, dtype=np.int64))

    def paint(self, points: FloatArray, triangles: IntArray, names: IntArray) -> None:
        """Write triangles (m, 3) of ``points`` (n, 3: column, row, height) over what is there.

        Columns and rows are in units of cells; ``names`` (m,) are stored as owners. Works span by
        span: a span is the part of one grid row inside one triangle.
        """
        corner = points[triangles]
        plane, usable = _planes(corner)
        owner, row = _rows(corner, usable, self.heights.shape[0])
        first, last = _spans(corner[owner], row, self.heights.shape[1])
        count = np.maximum(last - first + 1, 0)
        base = plane[owner, 1] * row + plane[owner, 2]
        col = np.repeat(first, count) + _count_up(count)
        node = np.repeat(row * self.heights.shape[1], count) + col
        self.heights.ravel()[node] = np.repeat(base, count) + np.repeat(plane[owner, 0], count) * col
        self.owners.ravel()[node] = np.repeat(names[owner], count)


def _planes(corner: FloatArray) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Coefficients (m, 3) of ``z = a * col + b * row + c`` and whether a triangle has an area."""
    p, q = corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]
    area = p[:, 0] * q[:, 1] - p[:, 1] * q[:, 0]
    usable = np.abs(area) > 1e-12
    safe = np.where(usable, area, 1.0)
    a = (p[:, 2] * q[:, 1] - q[:, 2] * p[:, 1]) / safe
    b = (p[:, 0] * q[:, 2] - q[:, 0] * p[:, 2]) / safe
    c = corner[:, 0, 2] - a * corner[:, 0, 0] - b * corner[:, 0, 1]
    return np.stack([a, b, c], axis=1), usable


def _rows(corner: FloatArray, usable: npt.NDArray[np.bool_], ny: int) -> tuple[IntArray, IntArray]:
    """Every (triangle, grid row) that touch."""
    low = np.maximum(np.ceil(corner[:, :, 1].min(axis=1) - _EDGE).astype(np.int64), 0)
    high = np.minimum(np.floor(corner[:, :, 1].max(axis=1) + _EDGE).astype(np.int64), ny - 1)
    count = np.where(usable, np.maximum(high - low + 1, 0), 0)
    owner = np.repeat(np.arange(len(corner)), count)
    return owner, low[owner] + _count_up(count)


def _count_up(count: IntArray) -> IntArray:
    """0, 1, .. count[0]-1, 0, 1, .. count[1]-1, and so on."""
    ends = np.cumsum(count)
    return np.arange(int(ends[-1]) if len(ends) else 0) - np.repeat(ends - count, count)


def _spans(corner: FloatArray, row: IntArray, nx: int) -> tuple[IntArray, IntArray]:
    """First and last column of each triangle in its row."""
    left = np.full(len(row), np.inf)
    right = np.full(len(row), -np.inf)
    for start, end in ((0, 1), (1, 2), (2, 0)):
        y0, y1 = corner[:, start, 1], corner[:, end, 1]
        x0, x1 = corner[:, start, 0], corner[:, end, 0]
        touches = (np.minimum(y0, y1) <= row + _EDGE) & (np.maximum(y0, y1) >= row - _EDGE)
        level = np.abs(y1 - y0) < _EDGE
        part = np.clip((row - y0) / np.where(level, 1.0, y1 - y0), 0.0, 1.0)
        near = np.where(level, np.minimum(x0, x1), x0 + part * (x1 - x0))
        far = np.where(level, np.maximum(x0, x1), x0 + part * (x1 - x0))
        left = np.where(touches, np.minimum(left, near), left)
        right = np.where(touches, np.maximum(right, far), right)
    first = np.clip(np.ceil(left - _EDGE), 0, nx).astype(np.int64)
    last = np.clip(np.floor(right + _EDGE), -1, nx - 1).astype(np.int64)
    return first, last
