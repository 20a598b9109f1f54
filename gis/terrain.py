"""The terrain: heights on a square grid of nodes in the park's local frame.

Row 0 is the SOUTH row and column 0 the west one, so row index grows with y and column index
with x. Heights are local z (metres above the vertical datum minus ``origin.height_m``) and are
never NaN. Between nodes the surface is bilinear.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from twin.core.errors import OutsideTerrainError, RasterError
from twin.core.geometry import Extent, FloatArray

Float32Array = npt.NDArray[np.float32]

_EDGE_M = 1e-6  # rounding of coordinates at the very edge is not "outside"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Profile:
    """Terrain along a straight line; arrays of shape (n,), metres; ``distance_m`` starts at 0."""

    distance_m: FloatArray
    x_m: FloatArray
    y_m: FloatArray
    height_m: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Terrain:
    """Heights (ny, nx) at nodes ``x0_m + i * step_m``, ``y0_m + j * step_m``; row 0 = SOUTH.

    Raises RasterError when the grid is smaller than 2 x 2, not finite, or the step not positive.
    """

    heights_m: Float32Array
    x0_m: float
    y0_m: float
    step_m: float

    def __post_init__(self) -> None:
        heights = np.array(self.heights_m, dtype=np.float32)
        if heights.ndim != 2 or min(heights.shape) < 2:
            raise _bad_grid(heights.shape, "heights_m", "at least 2 x 2 nodes", "至少 2 x 2 个节点")
        if not (math.isfinite(self.step_m) and self.step_m > 0.0):
            raise _bad_grid(self.step_m, "step_m", "a positive number of metres", "正的米数")
        holes = int(np.count_nonzero(~np.isfinite(heights)))
        if holes:
            raise _bad_grid(f"{holes} NaN", "heights_m", "finite heights everywhere", "处处有限的高程")
        heights.flags.writeable = False
        object.__setattr__(self, "heights_m", heights)

    @property
    def nx(self) -> int:
        """Number of nodes from west to east."""
        return int(self.heights_m.shape[1])

    @property
    def ny(self) -> int:
        """Number of nodes from south to north."""
        return int(self.heights_m.shape[0])

    @property
    def x_m(self) -> FloatArray:
        """Node coordinates (nx,) to the east."""
        return self.x0_m + self.step_m * np.arange(self.nx, dtype=np.float64)

    @property
    def y_m(self) -> FloatArray:
        """Node coordinates (ny,) to the north."""
        return self.y0_m + self.step_m * np.arange(self.ny, dtype=np.float64)

    @property
    def extent(self) -> Extent:
        """Rectangle from the first to the last node."""
        return Extent(
            x_min_m=self.x0_m,
            y_min_m=self.y0_m,
            x_max_m=self.x0_m + self.step_m * (self.nx - 1),
            y_max_m=self.y0_m + self.step_m * (self.ny - 1),
        )

    def height(self, x_m: npt.ArrayLike, y_m: npt.ArrayLike) -> FloatArray:
        """Height in metres at places of any (broadcastable) shape, bilinear.

        Raises OutsideTerrainError when a place lies outside the grid or is NaN.
        """
        row, col = self._position(x_m, y_m)
        return _bilinear(self.heights_m, row, col)

    def height_at(self, x_m: float, y_m: float) -> float:
        """Height of one place as a plain float."""
        return float(self.height(x_m, y_m))

    def contains(self, x_m: npt.ArrayLike, y_m: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Whether places lie on the grid."""
        x, y = np.asarray(x_m, dtype=np.float64), np.asarray(y_m, dtype=np.float64)
        e = self.extent
        across = (x >= e.x_min_m - _EDGE_M) & (x <= e.x_max_m + _EDGE_M)
        return np.asarray(across & (y >= e.y_min_m - _EDGE_M) & (y <= e.y_max_m + _EDGE_M))

    def gradient(self) -> tuple[FloatArray, FloatArray]:
        """Rise per metre to the east and to the north at every node, (ny, nx) each.

        Central differences inside, second-order one-sided differences at the edges.
        """
        order: Literal[1, 2] = 2 if min(self.heights_m.shape) > 2 else 1
        heights = self.heights_m.astype(np.float64)
        to_north = np.gradient(heights, self.step_m, axis=0, edge_order=order)
        to_east = np.gradient(heights, self.step_m, axis=1, edge_order=order)
        return np.asarray(to_east), np.asarray(to_north)

    def slope_aspect(self) -> tuple[FloatArray, FloatArray]:
        """Slope in degrees and aspect in degrees at every node, (ny, nx) each.

        Aspect is the direction the ground falls to, clockwise from grid north, in [0, 360);
        it is 0 on level ground.
        """
        to_east, to_north = self.gradient()
        slope = np.degrees(np.arctan(np.hypot(to_east, to_north)))
        aspect = np.degrees(np.arctan2(-to_east, -to_north)) % 360.0
        aspect[slope == 0.0] = 0.0
        return slope, aspect

    def resample(self, step_m: float) -> Terrain:
        """Terrain with another step, from the same south-west node, within the same extent.

        Nodes take the bilinear height at their place, so that nodes shared by both grids agree.
        """
        if not (math.isfinite(step_m) and 0.0 < step_m <= self.step_m * (min(self.nx, self.ny) - 1)):
            raise _bad_grid(step_m, "step_m", "a step that fits into the extent", "能放进范围的步长")
        cols = int(math.floor(self.step_m * (self.nx - 1) / step_m + 1e-9)) + 1
        rows = int(math.floor(self.step_m * (self.ny - 1) / step_m + 1e-9)) + 1
        x = self.x0_m + step_m * np.arange(cols)
        y = self.y0_m + step_m * np.arange(rows)
        return Terrain(_as_float32(self.height(x[None, :], y[:, None])), self.x0_m, self.y0_m, step_m)

    def crop(self, extent: Extent) -> Terrain:
        """Smallest window of nodes that covers ``extent``. Raises OutsideTerrainError."""
        row, col = self._position([extent.x_min_m, extent.x_max_m], [extent.y_min_m, extent.y_max_m])
        first_col, last_col = math.floor(col[0] + 1e-9), math.ceil(col[1] - 1e-9)
        first_row, last_row = math.floor(row[0] + 1e-9), math.ceil(row[1] - 1e-9)
        last_col, last_row = max(last_col, first_col + 1), max(last_row, first_row + 1)
        window = self.heights_m[first_row : last_row + 1, first_col : last_col + 1]
        x0, y0 = self.x0_m + first_col * self.step_m, self.y0_m + first_row * self.step_m
        return Terrain(window, x0, y0, self.step_m)

    def profile(self, start_m: tuple[float, float], end_m: tuple[float, float], step_m: float) -> Profile:
        """Heights along the line from ``start_m`` to ``end_m`` (x, y), both ends included.

        Samples are at most ``step_m`` apart and evenly spaced.
        """
        length = math.hypot(end_m[0] - start_m[0], end_m[1] - start_m[1])
        along = np.linspace(0.0, 1.0, max(2, math.ceil(length / step_m - 1e-9) + 1))
        x = start_m[0] + along * (end_m[0] - start_m[0])
        y = start_m[1] + along * (end_m[1] - start_m[1])
        return Profile(distance_m=along * length, x_m=x, y_m=y, height_m=self.height(x, y))

    def _position(self, x_m: npt.ArrayLike, y_m: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Fractional (row, column) of places. Raises OutsideTerrainError."""
        x, y = np.broadcast_arrays(np.asarray(x_m, dtype=np.float64), np.asarray(y_m, dtype=np.float64))
        inside = self.contains(x, y)
        if not np.all(inside):
            at = int(np.argmin(inside.ravel()))
            raise _outside(self.extent, float(x.ravel()[at]), float(y.ravel()[at]))
        col = np.clip((x - self.x0_m) / self.step_m, 0.0, self.nx - 1.0)
        row = np.clip((y - self.y0_m) / self.step_m, 0.0, self.ny - 1.0)
        return row, col


def _bilinear(grid: Float32Array, row: FloatArray, col: FloatArray) -> FloatArray:
    below = np.minimum(row.astype(np.intp), grid.shape[0] - 2)
    left = np.minimum(col.astype(np.intp), grid.shape[1] - 2)
    up, right = row - below, col - left
    south = grid[below, left] * (1.0 - right) + grid[below, left + 1] * right
    north = grid[below + 1, left] * (1.0 - right) + grid[below + 1, left + 1] * right
    return np.asarray(south * (1.0 - up) + north * up, dtype=np.float64)


def _as_float32(values: FloatArray) -> Float32Array:
    return values.astype(np.float32)


def _bad_grid(value: object, field: str, expected: str, expected_zh: str) -> RasterError:
    return RasterError(
        f"terrain {field}: {value}; expected {expected}",
        message_zh=f"地形 {field}：{value}；应为{expected_zh}",
        field=field,
        value=value,
    )


def _outside(extent: Extent, x_m: float, y_m: float) -> OutsideTerrainError:
    spans = (
        f"x {extent.x_min_m:g} .. {extent.x_max_m:g} m",
        f"y {extent.y_min_m:g} .. {extent.y_max_m:g} m",
    )
    return OutsideTerrainError(
        f"place ({x_m:.2f}, {y_m:.2f}) m lies outside the terrain; expected {spans[0]}, {spans[1]}",
        message_zh=f"位置（{x_m:.2f}，{y_m:.2f}）米在地形范围之外；应在 {spans[0]}、{spans[1]} 之内",
        field="place",
        value=(x_m, y_m),
    )
