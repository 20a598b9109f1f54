"""The grid: structured layers over rows and columns of any width, with inactive and pinched-out cells."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from models.water.numbers import number, numbers
from twin.core.errors import BadRequestError
from twin.core.geometry import FloatArray, frozen

IntArray = npt.NDArray[np.int64]
ActiveArray = npt.NDArray[np.int8]
ACTIVE, INACTIVE, PASSES = 1, 0, -1


@dataclass(frozen=True, kw_only=True, eq=False)
class Grid:
    """Cells of nl layers, nr rows and nc columns.

    ``dx_m`` (nc,) widths of columns from west to east, ``dy_m`` (nr,) widths of rows from SOUTH to
    north, (``x0_m``, ``y0_m``) the south-west corner in the local frame. ``top_m`` (nr, nc) top of
    layer 0, ``bottom_m`` (nl, nr, nc). ``domain`` (nl, nr, nc): 1 active, 0 inactive, -1 a cell that is
    not there (pinched out): water passes vertically through it to the next active cell below, as MODFLOW 6
    defines IDOMAIN. Lists become arrays. Raises BadRequestError naming the first bad cell as
    (layer, row, column) and its value.
    """

    dx_m: FloatArray
    dy_m: FloatArray
    top_m: FloatArray
    bottom_m: FloatArray
    domain: ActiveArray
    x0_m: float = 0.0
    y0_m: float = 0.0

    def __post_init__(self) -> None:
        self._as_arrays()
        _check_widths(self.dx_m, "dx_m")
        _check_widths(self.dy_m, "dy_m")
        plane = (len(self.dy_m), len(self.dx_m))
        _check_shape(self.top_m, plane, "top_m")
        if self.bottom_m.ndim != 3 or self.bottom_m.shape[1:] != plane or not len(self.bottom_m):
            raise _bad(
                field="bottom_m",
                value=self.bottom_m.shape,
                expected=f"shape (layers, {plane[0]}, {plane[1]})",
                expected_zh=f"形状（层，{plane[0]}，{plane[1]}）",
            )
        _check_shape(self.domain, self.bottom_m.shape, "domain")
        active = self.domain == ACTIVE
        known = np.isin(self.domain, (ACTIVE, INACTIVE, PASSES))
        _check_cells(~known, self.domain, "domain", "1, 0 or -1", "1、0 或 -1")
        height = ("a finite height", "有限高程")
        _check_cells(active & ~np.isfinite(self.bottom_m), self.bottom_m, "bottom_m", *height)
        _check_cells(active & ~np.isfinite(self.tops_m), self.tops_m, "top_m", *height)
        _check_cells(
            active & ~(self.thickness_m > 0.0),
            self.thickness_m,
            "thickness_m",
            "more than zero in active cells",
            "活动单元内大于零",
        )
        if not active.any():
            raise _bad(
                field="domain",
                value="no active cell",
                expected="at least one active cell",
                expected_zh="至少一个活动单元",
            )

    def _as_arrays(self) -> None:
        for name in ("dx_m", "dy_m", "top_m", "bottom_m"):
            object.__setattr__(self, name, numbers(getattr(self, name), name))
        if not isinstance(self.domain, np.ndarray):
            found = numbers(self.domain, "domain")
            # Halves and NaN become a number that no cell may have.
            whole = np.where(np.isin(found, (ACTIVE, INACTIVE, PASSES)), found, 99)
            object.__setattr__(self, "domain", whole.astype(np.int8))
        for name in ("x0_m", "y0_m"):
            number(getattr(self, name), name)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(layers, rows, columns)."""
        nl, nr, nc = self.bottom_m.shape
        return nl, nr, nc

    @property
    def active(self) -> npt.NDArray[np.bool_]:
        """(nl, nr, nc), where there is water to be computed."""
        return np.asarray(self.domain == ACTIVE)

    @cached_property
    def tops_m(self) -> FloatArray:
        """Top of every cell (nl, nr, nc); below a pinched-out cell the bottom of the cell above it."""
        return frozen(np.concatenate([self.top_m[None], self.bottom_m[:-1]]))

    @cached_property
    def thickness_m(self) -> FloatArray:
        """Thickness of every cell (nl, nr, nc)."""
        return frozen(self.tops_m - self.bottom_m)

    @cached_property
    def area_m2(self) -> FloatArray:
        """Area of every column of cells (nr, nc)."""
        return frozen(self.dy_m[:, None] * self.dx_m[None, :])

    @cached_property
    def x_m(self) -> FloatArray:
        """Centres of columns (nc,), local frame."""
        return frozen(self.x0_m + np.cumsum(self.dx_m) - 0.5 * self.dx_m)

    @cached_property
    def y_m(self) -> FloatArray:
        """Centres of rows (nr,), local frame, from south to north."""
        return frozen(self.y0_m + np.cumsum(self.dy_m) - 0.5 * self.dy_m)

    @cached_property
    def z_m(self) -> FloatArray:
        """Height of the centres (nl, nr, nc)."""
        return frozen(0.5 * (self.tops_m + self.bottom_m))

    @cached_property
    def below(self) -> IntArray:
        """Layer of the next active cell below every active cell (nl, nr, nc); -1 where there is none.

        An inactive cell (0) ends the search, a pinched-out one (-1) does not.
        """
        nl = self.shape[0]
        found = np.full(self.shape, -1, dtype=np.int64)
        next_active = np.full(self.shape[1:], -1, dtype=np.int64)
        for k in range(nl - 1, -1, -1):
            found[k] = np.where(self.domain[k] == ACTIVE, next_active, -1)
            next_active = np.where(self.domain[k] == ACTIVE, k, next_active)
            next_active = np.where(self.domain[k] == INACTIVE, -1, next_active)
        return np.asarray(found)

    @cached_property
    def uppermost(self) -> IntArray:
        """Layer of the uppermost active cell of every column (nr, nc); -1 where there is none."""
        first = np.argmax(self.active, axis=0)
        return np.asarray(np.where(self.active.any(axis=0), first, -1), dtype=np.int64)

    def column_row(self, x_m: float, y_m: float) -> tuple[int, int]:
        """(row, column) of a place. Raises BadRequestError outside the grid."""
        j = int(np.searchsorted(self.x0_m + np.cumsum(self.dx_m), x_m, side="right"))
        i = int(np.searchsorted(self.y0_m + np.cumsum(self.dy_m), y_m, side="right"))
        if x_m < self.x0_m or y_m < self.y0_m or j >= len(self.dx_m) or i >= len(self.dy_m):
            raise _bad(
                field="place",
                value=(x_m, y_m),
                expected="a place inside the grid",
                expected_zh="网格范围内的位置",
            )
        return i, j

    def cell_at(self, x_m: float, y_m: float, z_m: float) -> tuple[int, int, int]:
        """(layer, row, column) of the active cell that holds a point.

        Raises BadRequestError outside the grid, above its top, below its bottom, or in an inactive cell.
        """
        i, j = self.column_row(x_m, y_m)
        inside = (self.tops_m[:, i, j] >= z_m) & (self.bottom_m[:, i, j] < z_m) & self.active[:, i, j]
        if not inside.any():
            raise _bad(
                field="place",
                value=(x_m, y_m, z_m),
                expected="a point inside an active cell",
                expected_zh="活动单元内的点",
            )
        return int(np.argmax(inside)), i, j


def regular_grid(
    shape: tuple[int, int, int],
    *,
    dx_m: float,
    dy_m: float,
    thickness_m: float | FloatArray,
    top_m: float = 0.0,
) -> Grid:
    """Grid of equal cells with level layers, for tests and studies; ``thickness_m`` per layer or for all.

    Raises BadRequestError for counts below 1 and for thicknesses that are neither one nor one per layer.
    """
    if len(shape) != 3 or not all(isinstance(n, int | np.integer) and n >= 1 for n in shape):
        expected = "three whole numbers of at least 1: layers, rows, columns"
        raise _bad(
            field="shape", value=shape, expected=expected, expected_zh="三个不小于 1 的整数：层数、行数、列数"
        )
    nl, nr, nc = shape
    thick = numbers(thickness_m, "thickness_m")
    if thick.shape not in ((), (1,), (nl,)):
        raise _bad(
            field="thickness_m",
            value=f"shape {thick.shape}",
            expected=f"one, or {nl}, one per layer",
            expected_zh=f"一个，或每层一个共 {nl} 个",
        )
    depths = np.cumsum(np.broadcast_to(thick, (nl,)))
    return Grid(
        dx_m=frozen(np.full(nc, dx_m)),
        dy_m=frozen(np.full(nr, dy_m)),
        top_m=frozen(np.full((nr, nc), top_m)),
        bottom_m=frozen(np.broadcast_to((top_m - depths)[:, None, None], shape).copy()),
        domain=np.ones(shape, dtype=np.int8),
    )


def _check_widths(widths: FloatArray, field: str) -> None:
    if widths.ndim != 1 or not len(widths):
        raise _bad(field, widths.shape, "one width per column or row", "每列或每行一个宽度")
    bad = ~(np.isfinite(widths) & (widths > 0.0))
    if bad.any():
        at = int(np.argmax(bad))
        raise _bad(f"{field}[{at}]", float(widths[at]), "more than zero", "大于零")


def _check_shape(array: npt.NDArray[np.generic], shape: tuple[int, ...], field: str) -> None:
    if array.shape != shape:
        raise _bad(field, array.shape, f"shape {shape}", f"形状 {shape}")


def _check_cells(
    bad: npt.NDArray[np.bool_],
    values: npt.NDArray[np.generic],
    field: str,
    expected: str,
    expected_zh: str,
) -> None:
    if bad.any():
        cell = tuple(int(n) for n in np.argwhere(bad)[0])
        value = values[cell].item()
        raise BadRequestError(
            f"{field} of cell (layer, row, column) {cell}: {value}; expected {expected}",
            message_zh=f"单元（层、行、列）{cell} 的 {field}：{value}；应为{expected_zh}",
            field=field,
            value=value,
        )


def _bad(field: str, value: object, expected: str, expected_zh: str = "") -> BadRequestError:
    return BadRequestError(
        f"{field}: {value}; expected {expected}",
        message_zh=f"{field}：{value}；应为 {expected_zh or expected}",
        field=field,
        value=value,
    )
