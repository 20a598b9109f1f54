"""What a flow problem must be; every error names the field, the cell (layer, row, column) and the value."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.water.grid import Grid, IntArray
from models.water.problem import (
    Barrier,
    Drain,
    Evapotranspiration,
    FixedHead,
    GeneralHead,
    Medium,
    Recharge,
    River,
    Stress,
    Wells,
)
from twin.core.errors import BadRequestError
from twin.core.geometry import FloatArray

BoolArray = npt.NDArray[np.bool_]
MORE = ("a finite number more than zero", "大于零的有限数")
NOT_LESS = ("a finite number, not negative", "非负有限数")
FINITE = ("a finite number", "有限数")


def bad(field: str, value: object, expected: str, expected_zh: str) -> BadRequestError:
    """The error of a value that cannot be used."""
    return BadRequestError(
        f"{field}: {value}; expected {expected}",
        message_zh=f"{field}：{value}；应为{expected_zh}",
        field=field,
        value=value,
    )


def check_medium(grid: Grid, medium: Medium) -> None:
    """Raise BadRequestError for a property of a wrong shape, or of an active cell out of its range."""
    active = grid.active
    rows: list[tuple[str, FloatArray | None, bool]] = [
        ("k_m_s", medium.k_m_s, True),
        ("k33_m_s", medium.k33_m_s, True),
        ("k22_m_s", medium.k22_m_s, True),
        ("specific_storage_1_m", medium.specific_storage_1_m, False),
        ("specific_yield", medium.specific_yield, False),
    ]
    for field, values, positive in rows:
        if values is None:
            continue
        _shape(field, values, grid.shape)
        wrong = ~(np.isfinite(values) & ((values > 0.0) if positive else (values >= 0.0)))
        _cells(field, values, active & wrong, *(MORE if positive else NOT_LESS))
    _cells(
        "specific_yield",
        medium.specific_yield,
        active & (medium.specific_yield > 1.0),
        "0 to 1, a share of the volume",
        "0 至 1（体积比）",
    )
    if medium.convertible is not None:
        _shape("convertible", medium.convertible, (grid.shape[0],))


def check_heads(grid: Grid, head_m: FloatArray, field: str = "head_m", dry: BoolArray | None = None) -> None:
    """Raise BadRequestError unless heads of active cells are finite, or NaN in a layer of ``dry``."""
    _shape(field, head_m, grid.shape)
    wrong = grid.active & ~np.isfinite(head_m)
    if dry is not None:
        wrong &= ~(np.isnan(head_m) & dry[:, None, None])
    _cells(field, head_m, wrong, *FINITE)


def check_stress(grid: Grid, convertible: BoolArray, stress: Stress) -> None:
    """Raise BadRequestError for a stress outside the grid, in a cell that is not active, or out of range."""
    if isinstance(stress, Recharge | Evapotranspiration):
        _check_plane(grid, stress)
    elif isinstance(stress, Barrier):
        _check_barrier(grid, stress)
    else:
        _check_points(grid, convertible, stress)


def _check_plane(grid: Grid, stress: Recharge | Evapotranspiration) -> None:
    there = grid.uppermost >= 0
    rows: list[tuple[str, FloatArray, str]] = [("rate_m_s", stress.rate_m_s, "any")]
    if isinstance(stress, Evapotranspiration):
        rows = [
            ("rate_m_s", stress.rate_m_s, "not_less"),
            ("surface_m", stress.surface_m, "any"),
            ("depth_m", stress.depth_m, "more"),
        ]
    for name, values, rule in rows:
        field = f"{stress.name}.{name}"
        _shape(field, values, grid.shape[1:])
        wrong = ~np.isfinite(values) | _out_of(values, rule)
        found = np.argwhere(there & wrong)
        if len(found):
            i, j = (int(n) for n in found[0])
            raise _cell_error(field, (int(grid.uppermost[i, j]), i, j), float(values[i, j]), *_EXPECTED[rule])


_EXPECTED = {"any": FINITE, "not_less": NOT_LESS, "more": MORE}


def _out_of(values: FloatArray, rule: str) -> BoolArray:
    if rule == "more":
        return np.asarray(values <= 0.0)
    return np.asarray(values < 0.0) if rule == "not_less" else np.zeros(values.shape, dtype=bool)


def _check_points(
    grid: Grid, convertible: BoolArray, stress: FixedHead | Wells | River | Drain | GeneralHead
) -> None:
    cells = _known_cells(grid, stress.cells, f"{stress.name}.cells")
    for name, values, rule in _numbers(stress):
        field = f"{stress.name}.{name}"
        _shape(field, values, (len(cells),))
        wrong = np.flatnonzero(~np.isfinite(values) | _out_of(values, rule))
        if len(wrong):
            at = int(wrong[0])
            raise _cell_error(field, _triple(cells[at]), float(values[at]), *_EXPECTED[rule])
    _check_levels(grid, convertible, stress)


def _numbers(stress: FixedHead | Wells | River | Drain | GeneralHead) -> list[tuple[str, FloatArray, str]]:
    if isinstance(stress, FixedHead):
        return [("head_m", stress.head_m, "any")]
    if isinstance(stress, Wells):
        return [("rate_m3_s", stress.rate_m3_s, "any")]
    rows: list[tuple[str, FloatArray, str]] = [("conductance_m2_s", stress.conductance_m2_s, "not_less")]
    if isinstance(stress, River):
        return [*rows, ("stage_m", stress.stage_m, "any"), ("bottom_m", stress.bottom_m, "any")]
    if isinstance(stress, Drain):
        return [*rows, ("elevation_m", stress.elevation_m, "any")]
    return [*rows, ("head_m", stress.head_m, "any")]


def _check_levels(
    grid: Grid, convertible: BoolArray, stress: FixedHead | Wells | River | Drain | GeneralHead
) -> None:
    """A level below the bottom of a cell with a water table cannot be, as in MODFLOW 6."""
    levels = {
        FixedHead: "head_m",
        River: "bottom_m",
        Drain: "elevation_m",
        GeneralHead: "head_m",
    }
    name = levels.get(type(stress))
    if name is None:
        return
    at = tuple(stress.cells.T)
    values, bottoms = getattr(stress, name), grid.bottom_m[at]
    wrong = np.flatnonzero(convertible[stress.cells[:, 0]] & (values < bottoms))
    if len(wrong):
        n = int(wrong[0])
        raise _cell_error(
            f"{stress.name}.{name}",
            _triple(stress.cells[n]),
            float(values[n]),
            f"not below the bottom of the cell, {bottoms[n]:.6g} m (its layer is convertible)",
            f"不低于该单元底板 {bottoms[n]:.6g} m（该层为可转换层）",
        )
    if isinstance(stress, River):
        under = np.flatnonzero(stress.stage_m < stress.bottom_m)
        if len(under):
            n = int(under[0])
            raise _cell_error(
                f"{stress.name}.stage_m",
                _triple(stress.cells[n]),
                float(stress.stage_m[n]),
                f"not below the river's bottom, {stress.bottom_m[n]:.6g} m",
                f"不低于河床底 {stress.bottom_m[n]:.6g} m",
            )


def _check_barrier(grid: Grid, stress: Barrier) -> None:
    one = _known_cells(grid, stress.cells_a, f"{stress.name}.cells_a")
    other = _known_cells(grid, stress.cells_b, f"{stress.name}.cells_b")
    _shape(f"{stress.name}.cells_b", other, one.shape)
    _shape(f"{stress.name}.hydraulic_1_s", stress.hydraulic_1_s, (len(one),))
    apart = np.abs(one - other)
    wrong = np.flatnonzero((apart[:, 0] != 0) | (apart.sum(axis=1) != 1))
    if len(wrong):
        n = int(wrong[0])
        raise _cell_error(
            f"{stress.name}.cells_b",
            _triple(one[n]),
            _triple(other[n]),
            "a horizontal neighbour in the same layer",
            "同一层内的水平相邻单元",
        )
    under = np.flatnonzero(~(np.isfinite(stress.hydraulic_1_s) & (stress.hydraulic_1_s >= 0.0)))
    if len(under):
        n = int(under[0])
        value = float(stress.hydraulic_1_s[n])
        raise _cell_error(f"{stress.name}.hydraulic_1_s", _triple(one[n]), value, *NOT_LESS)


def _known_cells(grid: Grid, cells: IntArray, field: str) -> IntArray:
    if cells.ndim != 2 or cells.shape[1] != 3 or not np.issubdtype(cells.dtype, np.integer):
        raise bad(
            field,
            f"shape {cells.shape}, {cells.dtype}",
            "whole numbers (n, 3): layer, row, column",
            "整数数组 (n, 3)：层、行、列",
        )
    outside = np.flatnonzero(((cells < 0) | (cells >= np.array(grid.shape))).any(axis=1))
    if len(outside):
        raise bad(
            field,
            _triple(cells[outside[0]]),
            f"a cell of the grid (layers, rows, columns) {grid.shape}",
            f"网格内的单元，网格（层、行、列）为 {grid.shape}",
        )
    still = np.flatnonzero(~grid.active[tuple(cells.T)])
    if len(still):
        raise bad(
            field,
            f"{_triple(cells[still[0]])} is not active",
            "an active cell",
            "活动单元",
        )
    return cells


def _shape(field: str, values: npt.NDArray[np.generic], shape: tuple[int, ...]) -> None:
    if values.shape != shape:
        raise bad(field, f"shape {values.shape}", f"shape {shape}", f"形状 {shape}")


def _cells(field: str, values: FloatArray, wrong: BoolArray, expected: str, expected_zh: str) -> None:
    found = np.argwhere(wrong)
    if len(found):
        cell = _triple(found[0])
        raise _cell_error(field, cell, float(values[cell]), expected, expected_zh)


def _triple(cell: IntArray) -> tuple[int, int, int]:
    k, i, j = (int(n) for n in cell)
    return k, i, j


def _cell_error(
    field: str, cell: tuple[int, int, int], value: object, expected: str, expected_zh: str
) -> BadRequestError:
    return BadRequestError(
        f"{field} of cell (layer, row, column) {cell}: {value}; expected {expected}",
        message_zh=f"单元（层、行、列）{cell} 的 {field}：{value}；应为{expected_zh}",
        field=field,
        value=value,
    )
