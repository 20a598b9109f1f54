"""Grid and properties of a case."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from models.casefiles.findings import bad_value
from models.water.case.arrays import Arrays
from models.water.case.gather import Gathered
from models.water.case.indices import Counting
from models.water.case.load import LoadedCase
from models.water.case.schema_ground import GridTable, MediumTable
from models.water.case.schema_values import CellValues, WidthRow, Widths
from models.water.grid import ACTIVE, INACTIVE, Grid
from models.water.problem import Medium
from twin.core.geometry import FloatArray, frozen


def grid_of(table: GridTable, loaded: LoadedCase) -> tuple[Grid, Arrays]:
    """Grid of a case, and how its arrays are read. Raises CaseError naming field, cell and value."""
    scale = loaded.scale
    source, length_m = loaded.source, loaded.scale.factor("L")
    dx_m = _widths(table.dx, table.ncol, "grid.dx", "grid.ncol", source) * length_m
    dy_m = _widths(table.dy, table.nrow, "grid.dy", "grid.nrow", source) * length_m
    if table.rows == "north_to_south":
        dy_m = dy_m[::-1]
    counting = Counting(
        shape=(table.nlay, len(dy_m), len(dx_m)), base=table.index_base, rows=table.rows, source=source
    )
    arrays = Arrays(counting=counting, folder=loaded.folder)
    domain = _domain(table, arrays)
    arrays = replace(arrays, active=domain == ACTIVE)
    # Heights of cells that are not there still shape their neighbours, so they are asked for everywhere.
    everywhere = replace(arrays, active=None)
    top_m = everywhere.plane(table.top, "grid.top", scale.factor("L"))
    bottom_m = _bottom(table, everywhere, top_m, scale.factor("L"))
    _check_thickness(top_m, bottom_m, domain, counting)
    grid = Grid(
        dx_m=frozen(dx_m.copy()),
        dy_m=frozen(dy_m.copy()),
        top_m=frozen(top_m),
        bottom_m=frozen(bottom_m),
        domain=domain,
        x0_m=table.x0 * length_m,
        y0_m=table.y0 * length_m,
    )
    return grid, arrays


def medium_of(table: MediumTable, loaded: LoadedCase, arrays: Arrays, gathered: Gathered) -> Medium:
    """Properties of the cells; findings go to ``gathered``."""
    ones = np.ones(arrays.counting.shape)

    def values(name: str, dim: str, low: float, high: float, *, above: bool) -> Any:
        given: CellValues = getattr(table, name)

        def made() -> FloatArray:
            found = arrays.cells(given, f"medium.{name}", loaded.scale.factor(dim))
            return _within(found, f"medium.{name}", low, high, above, arrays, loaded.scale.factor(dim))

        return gathered.part(made, ones)

    k = values("k", "L/T", 0.0, np.inf, above=True)
    others: dict[str, FloatArray | None] = {"k22": None, "k33": None}
    for name in others:
        if getattr(table, name) is not None:
            others[name] = values(name, "L/T", 0.0, np.inf, above=True)
        elif getattr(table, f"{name}_ratio") is not None:
            others[name] = k * values(f"{name}_ratio", "1", 0.0, np.inf, above=True)
    k33 = others["k33"]
    return Medium(
        k_m_s=frozen(k),
        k22_m_s=others["k22"],
        k33_m_s=frozen(k if k33 is None else k33),
        porosity=frozen(values("porosity", "1", 0.0, 1.0, above=True)),
        specific_storage_1_m=frozen(values("specific_storage", "1/L", 0.0, np.inf, above=False)),
        specific_yield=frozen(values("specific_yield", "1", 0.0, 1.0, above=False)),
        convertible=gathered.part(lambda: _convertible(table, arrays), None),
    )


def _widths(given: Widths, count: int | None, field: str, count_field: str, source: str) -> FloatArray:
    """Widths in the case's order."""
    if isinstance(given, float | int):
        found = np.full(count or 1, float(given))
    else:
        parts = [
            row.size * row.ratio ** np.arange(row.count) if isinstance(row, WidthRow) else np.array([row])
            for row in given
        ]
        found = np.concatenate(parts).astype(np.float64) if parts else np.zeros(0)
    if count is not None and len(found) != count:
        raise bad_value(source, field, f"{len(found)} widths", f"{count} ({count_field})", f"{count} 个")
    bad = ~(np.isfinite(found) & (found > 0.0))
    if bad.any() or not len(found):
        value = float(found[bad][0]) if bad.any() else "no width"
        raise bad_value(source, field, value, "widths above zero", "大于零的宽度")
    return found


def _domain(table: GridTable, arrays: Arrays) -> npt.NDArray[np.int8]:
    if table.domain is None:
        return np.ones(arrays.counting.shape, dtype=np.int8)
    found = arrays.cells(table.domain, "grid.domain", 1.0)
    # MODFLOW counts every number above zero as active and below zero as passed through.
    signs = np.sign(found)
    bad = found != np.round(found)
    if bad.any():
        cell = tuple(int(n) for n in np.argwhere(bad)[0])
        where = arrays.counting.told(cell)
        raise bad_value(
            arrays.counting.source,
            f"grid.domain of cell (layer, row, column) {where}",
            float(found[cell]),
            "a whole number (1 active, 0 inactive, -1 passed through)",
            "整数（1 活动，0 非活动，-1 贯通）",
        )
    if not (signs > 0).any():
        raise bad_value(
            arrays.counting.source,
            "grid.domain",
            "no active cell",
            "at least one active cell",
            "至少一个活动单元",
        )
    return np.asarray(signs, dtype=np.int8)


def _bottom(table: GridTable, arrays: Arrays, top_m: FloatArray, factor: float) -> FloatArray:
    if table.bottom is not None:
        return arrays.cells(table.bottom, "grid.bottom", factor)
    thickness = arrays.cells(
        table.thickness if table.thickness is not None else 1.0, "grid.thickness", factor
    )
    return np.asarray(top_m[None] - np.cumsum(thickness, axis=0))


def _check_thickness(
    top_m: FloatArray, bottom_m: FloatArray, domain: npt.NDArray[np.int8], counting: Counting
) -> None:
    thickness = np.concatenate([top_m[None], bottom_m[:-1]]) - bottom_m
    bad = ((domain == ACTIVE) & ~(thickness > 0.0)) | ((domain != INACTIVE) & (thickness < 0.0))
    if bad.any():
        cell = tuple(int(n) for n in np.argwhere(bad)[0])
        raise bad_value(
            counting.source,
            f"thickness of cell (layer, row, column) {counting.told(cell)}",
            f"{float(thickness[cell]):g} m",
            "more than zero in active cells (a hole in a layer is domain = -1 or 0)",
            "活动单元厚度大于零（层的空缺请用 domain = -1 或 0）",
        )


def _within(
    found: FloatArray, field: str, low: float, high: float, above: bool, arrays: Arrays, factor: float
) -> FloatArray:
    bad = (found <= low if above else found < low) | (found > high)
    if arrays.active is not None:
        bad = bad & arrays.active
    if bad.any():
        cell = tuple(int(n) for n in np.argwhere(bad)[0])
        bound = f"{'more than' if above else 'at least'} {low:g}"
        bound_zh = f"{'大于' if above else '不小于'} {low:g}"
        if np.isfinite(high):
            bound, bound_zh = f"{bound}, at most {high:g}", f"{bound_zh}，不大于 {high:g}"
        raise bad_value(
            arrays.counting.source,
            f"{field} of cell (layer, row, column) {arrays.counting.told(cell)}",
            float(found[cell] / factor),
            bound,
            bound_zh,
        )
    return found


def _convertible(table: MediumTable, arrays: Arrays) -> npt.NDArray[np.bool_] | None:
    layers = arrays.counting.shape[0]
    given = table.convertible
    if isinstance(given, bool):
        return np.full(layers, given) if given else None
    if len(given) != layers:
        raise bad_value(
            arrays.counting.source,
            "medium.convertible",
            f"{len(given)} entries",
            f"one entry per layer, {layers}",
            f"每层一项，共 {layers} 项",
        )
    return np.asarray(given, dtype=np.bool_)
