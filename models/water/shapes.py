"""Cells of a map as one shape."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from twin.core.geometry import FloatArray


def edges_m(start_m: float, width_m: FloatArray) -> FloatArray:
    """Edges (n + 1,) of cells of ``width_m`` (n,) from ``start_m`` on."""
    return start_m + np.concatenate([[0.0], np.cumsum(width_m)])


def shape_of(x_m: FloatArray, y_m: FloatArray, mask: npt.NDArray[np.bool_]) -> BaseGeometry:
    """The marked cells (nr, nc) between edges ``x_m`` (nc + 1,) and ``y_m`` (nr + 1,), as one shape."""
    boxes = []
    for i, row in enumerate(mask):
        # Runs of neighbours become one box each: unions of some hundred boxes, not of many thousand.
        ends = np.flatnonzero(np.diff(np.concatenate([[0], row.astype(np.int8), [0]])))
        boxes += [shapely.box(x_m[a], y_m[i], x_m[b], y_m[i + 1]) for a, b in ends.reshape(-1, 2)]
    return shapely.union_all(boxes) if boxes else shapely.Polygon()
