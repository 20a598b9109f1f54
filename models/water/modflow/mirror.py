"""Row 0 of MODFLOW is the NORTHERN one, ours the southern; layers and columns are counted alike from 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from models.water.grid import IntArray


def turned(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """An array (..., rows, columns) with its rows the other way round; twice is the same again."""
    return np.ascontiguousarray(array[..., ::-1, :])


def turned_cells(cells: IntArray, rows: int) -> list[tuple[int, int, int]]:
    """Cells (n, 3) as MODFLOW's (layer, row, column), from 0."""
    return [(int(k), rows - 1 - int(i), int(j)) for k, i, j in cells]


def cells_of(ids: Sequence[Sequence[int]], rows: int) -> IntArray:
    """Our cells (n, 3) of MODFLOW's, from 0."""
    found = np.array([tuple(row) for row in ids], dtype=np.int64).reshape(-1, 3)
    found[:, 1] = rows - 1 - found[:, 1]
    return found
