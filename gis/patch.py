"""Source cells around the park, laid side by side, filled, and turned into the park's grid."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from affine import Affine
from pyproj import CRS
from rasterio.enums import Resampling
from rasterio.warp import reproject

from gis.crs import ParkCrs
from gis.raster_error import refuse
from gis.terrain import Terrain
from gis.tiles import Float32Array, Tile, read_window
from gis.voids import fill_holes, hole_radius_cells
from twin.core.geometry import Extent
from twin.core.text import Text

Method = Literal["cubic", "bilinear"]
_METHODS = {"cubic": Resampling.cubic, "bilinear": Resampling.bilinear}
_MARGIN_CELLS = 24  # rim of holes and the width of the kernel
_LOW_M, _HIGH_M = -500.0, 9000.0  # the surface of the earth
_ALIGNED = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class DemLimits:
    """What is still filled or read. Holes wider than that are not terrain but a guess."""

    hole_radius_m: float = 1000.0
    hole_share: float = 0.25
    hole_cells: int = 150_000
    source_cells: int = 120_000_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Patch:
    """Cells of one source grid, row 0 = NORTH; ``left``/``top`` the outer corner."""

    heights: Float32Array
    covered: npt.NDArray[np.bool_]
    left: float
    top: float
    step_x: float
    step_y: float
    crs: CRS
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The park's grid as GDAL sees it: nodes are cell centres, row 0 = NORTH."""

    crs: ParkCrs
    x0_m: float
    y0_m: float
    step_m: float
    shape: tuple[int, int]

    @classmethod
    def of(cls, crs: ParkCrs, extent: Extent, step_m: float) -> Target:
        """Grid from the south-west corner that covers the extent."""
        if not (math.isfinite(step_m) and step_m > 0.0):
            raise refuse(f"step {step_m}", "step_m", step_m, "a positive number of metres", "正的米数")
        nx = max(2, math.ceil(extent.width_m / step_m - 1e-6) + 1)
        ny = max(2, math.ceil(extent.height_m / step_m - 1e-6) + 1)
        return cls(crs=crs, x0_m=extent.x_min_m, y0_m=extent.y_min_m, step_m=step_m, shape=(ny, nx))

    @property
    def transform(self) -> Affine:
        """Geotransform of the north-up grid."""
        left = self.x0_m - self.step_m / 2 + self.crs.origin.easting_m
        top = self.y0_m + (self.shape[0] - 0.5) * self.step_m + self.crs.origin.northing_m
        return Affine(self.step_m, 0.0, left, 0.0, -self.step_m, top)

    def bounds_in(self, crs: CRS) -> tuple[float, float, float, float]:
        """West, south, east, north of the grid in another system, from a net of 41 x 41 places."""
        along = np.linspace(0.0, 1.0, 41)
        x = self.x0_m + along[None, :] * self.step_m * (self.shape[1] - 1) + 0.0 * along[:, None]
        y = self.y0_m + along[:, None] * self.step_m * (self.shape[0] - 1) + 0.0 * along[None, :]
        east, north = self.crs.to_crs(crs, x, y)
        return float(east.min()), float(north.min()), float(east.max()), float(north.max())

    def terrain(self, north_up: Float32Array) -> Terrain:
        """Terrain in the local frame."""
        return Terrain(
            north_up[::-1] - np.float32(self.crs.origin.height_m), self.x0_m, self.y0_m, self.step_m
        )


def groups_of(tiles: Sequence[Tile]) -> list[list[Tile]]:
    """Tiles that share one grid (system, step, phase), in the order in which they were named."""
    groups: list[list[Tile]] = []
    for tile in tiles:
        for group in groups:
            if _same_grid(group[0], tile):
                group.append(tile)
                break
        else:
            groups.append([tile])
    return groups


def _same_grid(a: Tile, b: Tile) -> bool:
    same_step = math.isclose(a.step_x, b.step_x, rel_tol=1e-6) and math.isclose(
        a.step_y, b.step_y, rel_tol=1e-6
    )
    if not same_step or a.crs != b.crs:
        return False
    col, row = (b.left - a.left) / a.step_x, (a.top - b.top) / a.step_y
    return abs(col - round(col)) < _ALIGNED and abs(row - round(row)) < _ALIGNED


def assemble(group: list[Tile], target: Target, rules: DemLimits, notes: list[Text]) -> Patch | None:
    """Cells of the tiles around the target, side by side; None when they do not meet it."""
    first = group[0]
    west, south, east, north = target.bounds_in(first.crs)
    if not all(map(math.isfinite, (west, south, east, north))):
        return None  # the file's projection does not reach the park
    pad = _MARGIN_CELLS
    col0 = math.floor((west - first.left) / first.step_x) - pad
    col1 = math.ceil((east - first.left) / first.step_x) + pad
    row0 = math.floor((first.top - north) / first.step_y) - pad
    row1 = math.ceil((first.top - south) / first.step_y) + pad
    if (col1 - col0) * (row1 - row0) > rules.source_cells:
        count = (col1 - col0) * (row1 - row0)
        raise refuse(
            first.source, "cells in the extent", count, f"at most {rules.source_cells}; use a coarser file",
            f"至多 {rules.source_cells} 个；请使用较粗的文件",
        )  # fmt: skip
    heights = np.full((row1 - row0, col1 - col0), np.nan, dtype=np.float32)
    covered = np.zeros(heights.shape, dtype=bool)
    for tile in group:
        _lay(tile, first, (row0, col0), heights, covered, notes)
    if not covered.any():
        return None
    patch = Patch(
        heights=heights, covered=covered, left=first.left + col0 * first.step_x,
        top=first.top - row0 * first.step_y, step_x=first.step_x, step_y=first.step_y,
        crs=first.crs, source=", ".join(tile.source for tile in group),
    )  # fmt: skip
    check_range(patch)
    return patch


def _lay(
    tile: Tile, first: Tile, corner: tuple[int, int], heights: Float32Array,
    covered: npt.NDArray[np.bool_], notes: list[Text],
) -> None:  # fmt: skip
    """Copy the part of a tile that falls into the window; values laid before stay."""
    row = round((first.top - tile.top) / first.step_y) - corner[0]
    col = round((tile.left - first.left) / first.step_x) - corner[1]
    top, left = max(row, 0), max(col, 0)
    bottom, right = min(row + tile.height, heights.shape[0]), min(col + tile.width, heights.shape[1])
    if bottom <= top or right <= left:
        return
    values, more = read_window(tile, left - col, top - row, right - left, bottom - top)
    notes.extend(more)
    place = (slice(top, bottom), slice(left, right))
    heights[place] = np.where(np.isnan(heights[place]), values, heights[place])
    covered[place] = True


def check_range(patch: Patch) -> None:
    """Raise RasterError when heights are absent or not of this earth."""
    known = patch.heights[np.isfinite(patch.heights)]
    if known.size == 0:
        raise refuse(patch.source, "heights", "no data at all", "heights in the extent", "范围内有高程")
    low, high = float(known.min()), float(known.max())
    if low < _LOW_M or high > _HIGH_M:
        raise refuse(
            patch.source, "heights", f"{low:g} .. {high:g} m", f"{_LOW_M:g} .. {_HIGH_M:g} m",
            f" {_LOW_M:g} 至 {_HIGH_M:g} 米", why="feet, or an undeclared no-data mark?",
            why_zh="是否为英尺，或有未声明的无值标记？",
        )  # fmt: skip


def without_holes(patch: Patch, rules: DemLimits, notes: list[Text]) -> tuple[Patch, int]:
    """Patch with its holes filled and their number. Raises RasterError for holes that are too large."""
    holes = patch.covered & ~np.isfinite(patch.heights)
    count = int(holes.sum())
    if count == 0:
        return patch, 0
    radius_m = hole_radius_cells(holes) * ground_step_m(patch)
    share = count / int(patch.covered.sum())
    if radius_m > rules.hole_radius_m or share > rules.hole_share or count > rules.hole_cells:
        value = f"{count} cells ({100 * share:.1f} %), {radius_m:.0f} m from the rim"
        raise refuse(
            patch.source, "no-data holes", value,
            f"at most {rules.hole_cells} cells, {100 * rules.hole_share:g} % and {rules.hole_radius_m:g} m",
            f"至多 {rules.hole_cells} 个像元、{100 * rules.hole_share:g} %、"
            f"距边缘 {rules.hole_radius_m:g} 米",
        )  # fmt: skip
    notes.append(
        Text(
            zh=f"{patch.source}：{count} 个空洞像元已用薄板样条填补（最深处距边缘 {radius_m:.0f} 米）",
            en=f"{patch.source}: {count} cells without a value were filled by a thin-plate spline "
            f"(up to {radius_m:.0f} m from the rim)",
        )
    )
    try:
        heights = fill_holes(patch.heights, holes, _aspect(patch))
    except ValueError as error:
        known = int(patch.covered.sum()) - count
        raise refuse(
            patch.source, "cells with a value", known, "more around the holes", "空洞周围有更多有值像元"
        ) from error
    return replace(patch, heights=heights), count


def _aspect(patch: Patch) -> float:
    """Width of a cell over its height, on the ground."""
    if not patch.crs.is_geographic:
        return patch.step_x / patch.step_y
    middle = patch.top - patch.step_y * patch.heights.shape[0] / 2
    return patch.step_x / patch.step_y * math.cos(math.radians(middle))


def ground_step_m(patch: Patch) -> float:
    """North-south size of a cell on the ground in metres."""
    unit = patch.crs.axis_info[0].unit_conversion_factor if patch.crs.axis_info else 1.0
    return patch.step_y * (unit * 6_371_000.0 if patch.crs.is_geographic else unit)


def warp(patch: Patch, target: Target, method: Method) -> Float32Array:
    """Heights on the target grid, row 0 = NORTH, NaN where the patch has none."""
    result = np.full(target.shape, np.nan, dtype=np.float32)
    options: dict[str, Any] = {"num_threads": 1, "tolerance": 0.01}
    reproject(
        patch.heights, result, src_transform=Affine(patch.step_x, 0, patch.left, 0, -patch.step_y, patch.top),
        src_crs=patch.crs.to_wkt(), src_nodata=np.nan, dst_transform=target.transform,
        dst_crs=f"EPSG:{target.crs.epsg}", dst_nodata=np.nan, resampling=_METHODS[method], **options,
    )  # fmt: skip
    return result
