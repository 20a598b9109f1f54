"""The grid: structured layers over rows and columns of any width, with inactive and pinched-out cells."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

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
    defines IDOMAIN. Raises BadRequestError naming the first bad cell as (layer, row, column) and its value.
    """

    dx_m: FloatArray
    dy_m: FloatArray
    top_m: FloatArray
    bottom_m: FloatArray
    domain: ActiveArray
    x0_m: float = 0.0
    y0_m: float = 0.0

    def __post_init__(self) -> None:
        _check_widths(self.dx_m, "dx_m")
        _check_widths(self.dy_m, "dy_m")
        plane = (len(self.dy_m), len(self.dx_m))
        _check_shape(self.top_m, plane, "top_m")
        if self.bottom_m.ndim != 3 or self.bottom_m.shape[1:] != plane or not len(self.bottom_m):
            raise _bad(
                field="bottom_m",
                value=self.bottom_m.shape,
                expected=f"shape (layers, {plane[0]}, {plane[1]})",
            )
        _check_shape(self.domain, self.bottom_m.shape, "domain")
        active = self.domain == ACTIVE
        _check_cells(~np.isin(self.domain, (ACTIVE, INACTIVE, PASSES)), self.domain, "domain", "1, 0 or -1")
        _check_cells(active & ~np.isfinite(self.bottom_m), self.bottom_m, "bottom_m", "a finite height")
        _check_cells(
            active & ~(self.thickness_m > 0.0),
            self.thickness_m,
            "thickness_m",
            "more than zero in active cells",
        )
        if not active.any():
            raise _bad(
                field="domain",
                value="no active cell",
                expected="at least one active cell",
                expected_zh="至少一个活动单元",
            )

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
    """Grid of equal cells with level layers, for tests and studies; ``thickness_m`` per layer or for all."""
    nl, nr, nc = shape
    depths = np.cumsum(np.broadcast_to(np.asarray(thickness_m, dtype=np.float64), (nl,)))
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
    bad: npt.NDArray[np.bool_], values: npt.NDArray[np.generic], field: str, expected: str
) -> None:
    if bad.any():
        cell = tuple(int(n) for n in np.argwhere(bad)[0])
        raise _bad(f"{field} of cell (layer, row, column) {cell}", values[cell].item(), expected)


def _bad(field: str, value: object, expected: str, expected_zh: str = "") -> BadRequestError:
    return BadRequestError(
        f"{field}: {value}; expected {expected}",
        message_zh=f"{field}：{value}；应为 {expected_zh or expected}",
        field=field,
        value=value,
    )
