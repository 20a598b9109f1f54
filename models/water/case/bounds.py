"""What numbers of a row must be, said in the words of the file: its row, its cells, its units.

The solvers check the same; their words are SI and count from the south, so a case is checked here first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.casefiles.findings import CaseError, bad_value
from models.water.case.dims import Scale
from models.water.case.indices import Counting
from models.water.grid import Grid, IntArray
from twin.core.geometry import FloatArray

Said = tuple[str, str]
NOT_LESS: Said = ("zero or more", "不小于零的数")
MORE: Said = ("more than zero", "大于零的数")
# Of each package the level that cannot lie below the bottom of a cell with a water table.
_LEVELS: Mapping[str, str] = {"chd": "head", "riv": "bottom", "drn": "elevation", "ghb": "head"}


def typed(value_si: float, factor: float) -> float:
    """A number as it stands in the file, without what the turn into SI and back adds to it."""
    return float(f"{value_si / factor:.12g}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Checks numbers of a case, all in SI. ``convertible`` (nl,): layers with a water table."""

    grid: Grid
    counting: Counting
    scale: Scale
    convertible: npt.NDArray[np.bool_]

    def row(
        self, kind: str, cells: IntArray, courses: Mapping[str, Sequence[FloatArray]], where: str
    ) -> None:
        """Raise CaseError for a conductance or a level of a package's row that cannot be."""
        for values in courses.get("conductance", ()):
            self.cells(values, cells, f"{where}.conductance", "L2/T")
        name = _LEVELS.get(kind)
        if name is not None:
            bottoms = self.grid.bottom_m[tuple(cells.T)]
            for values in courses[name]:
                low = self.convertible[cells[:, 0]] & (values < bottoms)
                what = ("the bottom of the cell, whose layer is convertible,", "该单元（可转换层）底板")
                self._above(low, values, bottoms, cells, f"{where}.{name}", what)
        if kind == "riv":
            self._stages(cells, courses, where)

    def cells(
        self, values: FloatArray, cells: IntArray, where: str, dim: str, *, said: Said = NOT_LESS
    ) -> None:
        """Raise CaseError for a number (n, ...) of cells (n, 3), or one for all, that is negative."""
        spread = np.broadcast_to(values, (len(cells), *values.shape[1:])).reshape(len(cells), -1)
        wrong = spread < 0.0
        if wrong.any():
            n = int(np.argmax(wrong.any(axis=1)))
            value = float(spread[n][wrong[n]][0])
            raise self._bad(where, cells[n], value, dim, said)

    def plane(self, values: FloatArray, where: str, dim: str, *, above: bool = False) -> None:
        """Raise CaseError for a number (nr, nc, ...) of the uppermost cells that is negative (or zero)."""
        there = self.grid.uppermost >= 0
        flat = values.reshape(*there.shape, -1)
        wrong = there[..., None] & ((flat <= 0.0) if above else (flat < 0.0))
        if wrong.any():
            i, j, m = (int(n) for n in np.argwhere(wrong)[0])
            cell = np.array([self.grid.uppermost[i, j], i, j])
            raise self._bad(where, cell, float(flat[i, j, m]), dim, MORE if above else NOT_LESS)

    def _stages(self, cells: IntArray, courses: Mapping[str, Sequence[FloatArray]], where: str) -> None:
        stages, beds = courses["stage"], courses["bottom"]
        for n in range(max(len(stages), len(beds))):
            stage = np.broadcast_to(stages[min(n, len(stages) - 1)], (len(cells),))
            bed = np.broadcast_to(beds[min(n, len(beds) - 1)], (len(cells),))
            what = ("the river's bottom,", "河床底")
            self._above(stage < bed, stage, bed, cells, f"{where}.stage", what)

    def _above(
        self,
        low: npt.NDArray[np.bool_],
        values: FloatArray,
        floor: FloatArray,
        cells: IntArray,
        where: str,
        what: Said,
    ) -> None:
        if low.any():
            n = int(np.argmax(low))
            unit = self.scale.names.length
            least = f"{typed(float(floor[n]), self.scale.length_m):g} {unit}"
            said = (f"not below {what[0]} {least}", f"不低于{what[1]} {least}")
            raise self._bad(where, cells[n], float(np.broadcast_to(values, low.shape)[n]), "L", said)

    def _bad(self, where: str, cell: IntArray, value: float, dim: str, said: Said) -> CaseError:
        told = self.counting.told(tuple(int(n) for n in cell))
        field = f"{where} of cell (layer, row, column) {told}"
        return bad_value(self.counting.source, field, typed(value, self.scale.factor(dim)), *said)
