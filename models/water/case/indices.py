"""Cells of a case file, counted as the file says, as indices of arrays whose row 0 is the SOUTH."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.casefiles.findings import bad_value
from models.water.case.schema_values import Order, Which
from models.water.grid import IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Counting:
    """How a file counts: from ``base``, rows from the north or the south; ``shape`` of the grid."""

    shape: tuple[int, int, int]
    base: int
    rows: Order
    source: str

    def layers(self, which: Which, field: str) -> IntArray:
        """Layers, from 0 at the top."""
        return self._span(which, self.shape[0], f"{field}.layer", "layers")

    def columns(self, which: Which, field: str) -> IntArray:
        """Columns, from 0 in the west."""
        return self._span(which, self.shape[2], f"{field}.column", "columns")

    def rows_of(self, which: Which, field: str) -> IntArray:
        """Rows, from 0 in the SOUTH."""
        found = self._span(which, self.shape[1], f"{field}.row", "rows")
        return found if self.rows == "south_to_north" else np.asarray(self.shape[1] - 1 - found)

    def cell(self, layer: int, row: int, column: int, field: str) -> tuple[int, int, int]:
        """One cell."""
        return (
            int(self.layers(layer, field)[0]),
            int(self.rows_of(row, field)[0]),
            int(self.columns(column, field)[0]),
        )

    def cells(self, layer: Which, row: Which, column: Which, field: str) -> IntArray:
        """All cells of a block, (n, 3)."""
        axes = (self.layers(layer, field), self.rows_of(row, field), self.columns(column, field))
        return np.stack([part.ravel() for part in np.meshgrid(*axes, indexing="ij")], axis=1)

    def told(self, cell: tuple[int, ...]) -> tuple[int, int, int]:
        """(layer, row, column) of a cell as the file counts."""
        k, i, j = (int(n) for n in cell)
        row = i if self.rows == "south_to_north" else self.shape[1] - 1 - i
        return k + self.base, row + self.base, j + self.base

    def _span(self, which: Which, count: int, field: str, what: str) -> IntArray:
        if isinstance(which, list):
            return np.concatenate([self._span(part, count, field, what) for part in which])
        if which == "all":
            return np.arange(count, dtype=np.int64)
        if isinstance(which, str):
            first, last = (int(part) for part in which.split(":"))
        else:
            first = last = which
        if first < self.base or last >= count + self.base or last < first:
            low, high = self.base, count - 1 + self.base
            raise bad_value(
                self.source, field, which, f"{what} from {low} to {high}", f"{low} 至 {high} 之间的编号"
            )
        return np.arange(first, last + 1, dtype=np.int64) - self.base
