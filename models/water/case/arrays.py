"""Numbers, lists, files, zones and patches of a case as arrays, in SI, row 0 = SOUTH."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.casefiles.findings import bad_value
from models.water.case.array_files import read_array
from models.water.case.indices import Counting
from models.water.case.schema_values import ArrayTable, CellValues, PlaneValues
from twin.core.geometry import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrays:
    """Where arrays come from: the case's folder and its way of counting.

    ``active`` (nl, nr, nc): cells that need numbers; elsewhere what is not finite becomes 0. None: all.
    """

    counting: Counting
    folder: Path
    active: npt.NDArray[np.bool_] | None = None

    def plane(self, given: PlaneValues, field: str, factor: float) -> FloatArray:
        """Values (nr, nc). Raises CaseError for shapes that do not fit and numbers that are not finite."""
        return self._finite(self._plane(given, field, layer=None) * factor, field)

    def cells(self, given: CellValues, field: str, factor: float) -> FloatArray:
        """Values (nl, nr, nc): one for all, one entry per layer, or a file of all layers."""
        shape = self.counting.shape
        if not isinstance(given, list):
            return self._finite(self._whole(given, field) * factor, field)
        if len(given) != shape[0]:
            raise self._bad(
                field,
                f"{len(given)} entries",
                f"one entry per layer, {shape[0]}",
                f"每层一项，共 {shape[0]} 项",
            )
        layers = [
            self._plane(part, f"{field}[{k + self.counting.base}]", layer=k) for k, part in enumerate(given)
        ]
        return self._finite(np.stack(layers) * factor, field)

    def _whole(self, given: float | str | ArrayTable, field: str) -> FloatArray:
        shape: tuple[int, ...] = self.counting.shape
        if isinstance(given, ArrayTable) and given.value is not None:
            found = np.full(shape, given.value)
            for row in given.patch:
                at = self.counting.cells(row.layer, row.row, row.column, field)
                found[at[:, 0], at[:, 1], at[:, 2]] = row.value
            return found * given.factor
        if isinstance(given, float | int):
            return np.full(shape, float(given))
        found = self._of_file(given, field)
        if found.ndim == 2 and found.shape == (shape[0] * shape[1], shape[2]):
            found = self._stacked(found, given)
        if found.shape not in (shape, shape[1:]):
            raise self._bad(
                field, f"shape {found.shape}", f"shape {shape} or {shape[1:]}", f"形状 {shape} 或 {shape[1:]}"
            )
        return np.broadcast_to(found, shape).copy()

    def _stacked(self, found: FloatArray, given: str | ArrayTable) -> FloatArray:
        """Layers below each other in one table of text; the flip of rows was of the whole table."""
        own = given.rows if isinstance(given, ArrayTable) else None
        order = own or self.counting.rows
        if order == "north_to_south":
            return found[::-1].reshape(self.counting.shape)[:, ::-1]
        return found.reshape(self.counting.shape)

    def _plane(
        self, given: float | str | ArrayTable | list[list[float]], field: str, layer: int | None
    ) -> FloatArray:
        nl, nr, nc = self.counting.shape
        if isinstance(given, float | int):
            return np.full((nr, nc), float(given))
        if isinstance(given, list):
            return self._literal(given, field)
        if isinstance(given, ArrayTable) and given.value is not None:
            return np.asarray(self._whole(given, field)[layer or 0])
        found = self._of_file(given, field)
        if found.shape == (nl, nr, nc) and layer is not None:
            found = np.asarray(found[layer])
        if found.shape == (1, nr, nc):
            found = np.asarray(found[0])
        if found.shape != (nr, nc):
            raise self._bad(field, f"shape {found.shape}", f"shape {(nr, nc)}", f"形状 {(nr, nc)}")
        return found

    def _literal(self, given: list[list[float]], field: str) -> FloatArray:
        nl, nr, nc = self.counting.shape
        lengths = {len(row) for row in given}
        if len(given) != nr or lengths != {nc}:
            raise self._bad(
                field,
                f"{len(given)} rows of {sorted(lengths)}",
                f"{nr} rows of {nc} columns",
                f"{nr} 行，每行 {nc} 列",
            )
        found = np.asarray(given, dtype=np.float64)
        return found if self.counting.rows == "south_to_north" else found[::-1]

    def _of_file(self, given: str | ArrayTable, field: str) -> FloatArray:
        table = given if isinstance(given, ArrayTable) else ArrayTable(file=given)
        order = table.rows or self.counting.rows
        name = table.file or table.zones or ""
        found = read_array(
            name, self.folder, key=table.key, rows=order, field=field, source=self.counting.source
        )
        if table.zone_values is None:
            return found * table.factor
        return self._zoned(found, table.zone_values, field) * table.factor

    def _zoned(self, zones: FloatArray, values: dict[str, float], field: str) -> FloatArray:
        found = np.full(zones.shape, np.nan)
        for name, value in values.items():
            try:
                found[zones == float(name)] = value
            except ValueError:
                raise self._bad(f"{field}.zone_values", name, "the number of a zone", "分区编号") from None
        lost = ~np.isfinite(found)
        if lost.any():
            number = f"{float(zones[lost][0]):g}"
            raise self._bad(
                f"{field}.zone_values", sorted(values), f"a value for zone {number}", f"分区 {number} 的值"
            )
        return found

    def _finite(self, found: FloatArray, field: str) -> FloatArray:
        bad = ~np.isfinite(found)
        if self.active is not None:
            needed = self.active if found.ndim == 3 else self.active.any(axis=0)
            found = np.where(bad & ~needed, 0.0, found)
            bad &= needed
        if bad.any():
            at = tuple(int(n) for n in np.argwhere(bad)[0])
            cell = self.counting.told((0, *at) if len(at) == 2 else at)
            raise self._bad(
                f"{field} of cell (layer, row, column) {cell}", "not finite", "a finite number", "有限数"
            )
        return found

    def _bad(self, field: str, value: object, expected: str, expected_zh: str) -> Exception:
        return bad_value(self.counting.source, field, value, expected, expected_zh)
