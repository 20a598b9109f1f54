"""The window of cells in which something travels: a box around the plume that moves with it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.water.grid import IntArray
from models.water.transport.limiter import BoolArray

Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Box:
    """Layers, rows and columns, each from the first to one past the last."""

    layers: Range
    rows: Range
    columns: Range

    @property
    def slices(self) -> tuple[slice, slice, slice]:
        """To cut (nl, nr, nc) arrays."""
        return slice(*self.layers), slice(*self.rows), slice(*self.columns)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Cells along layers, rows, columns."""
        a, b, c = (hi - lo for lo, hi in (self.layers, self.rows, self.columns))
        return a, b, c

    @property
    def cells(self) -> int:
        """Number of cells."""
        a, b, c = self.shape
        return a * b * c

    def holds(self, other: Box) -> bool:
        """Whether the other box lies within."""
        pairs = zip(self._ranges, other._ranges, strict=True)
        return all(mine[0] <= its[0] and its[1] <= mine[1] for mine, its in pairs)

    def joined(self, other: Box) -> Box:
        """The smallest box around both."""
        pairs = zip(self._ranges, other._ranges, strict=True)
        a, b, c = ((min(x[0], y[0]), max(x[1], y[1])) for x, y in pairs)
        return Box(a, b, c)

    def grown(self, cells: int, shape: tuple[int, int, int]) -> Box:
        """Wider by some cells on every side, within the grid."""
        pairs = zip(self._ranges, shape, strict=True)
        a, b, c = ((max(lo - cells, 0), min(hi + cells, n)) for (lo, hi), n in pairs)
        return Box(a, b, c)

    def local(self, cells: IntArray, shape: tuple[int, int, int]) -> tuple[BoolArray, IntArray]:
        """Which of some ravelled cells of the grid lie within, and where in the ravelled box."""
        at = np.unravel_index(cells, shape)
        inside = np.ones(len(cells), dtype=bool)
        for where, (lo, hi) in zip(at, self._ranges, strict=True):
            inside &= (where >= lo) & (where < hi)
        moved = [where[inside] - lo for where, (lo, _) in zip(at, self._ranges, strict=True)]
        return inside, np.asarray(np.ravel_multi_index(tuple(moved), self.shape), dtype=np.int64)

    @property
    def _ranges(self) -> tuple[Range, Range, Range]:
        return self.layers, self.rows, self.columns


def whole(shape: tuple[int, int, int]) -> Box:
    """The whole grid."""
    return Box((0, shape[0]), (0, shape[1]), (0, shape[2]))


def around(marked: BoolArray) -> Box | None:
    """The smallest box around the marked cells; None where there is none."""
    ranges = []
    for axes in ((1, 2), (0, 2), (0, 1)):
        at = np.flatnonzero(marked.any(axis=axes))
        if not len(at):
            return None
        ranges.append((int(at[0]), int(at[-1]) + 1))
    return Box(*ranges)


def around_cells(cells: IntArray, shape: tuple[int, int, int]) -> Box | None:
    """The smallest box around ravelled cells."""
    if not len(cells):
        return None
    at = np.unravel_index(cells, shape)
    a, b, c = ((int(where.min()), int(where.max()) + 1) for where in at)
    return Box(a, b, c)


def reaches_rim(marked: BoolArray, box: Box, shape: tuple[int, int, int], rim: int = 2) -> bool:
    """Whether a marked cell lies on the outermost ``rim`` cells of a side that is not the grid's."""
    for axis, ((lo, hi), n) in enumerate(zip((box.layers, box.rows, box.columns), shape, strict=True)):
        if lo > 0 and marked.take(range(min(rim, hi - lo)), axis=axis).any():
            return True
        if hi < n and marked.take(range(max(hi - lo - rim, 0), hi - lo), axis=axis).any():
            return True
    return False
