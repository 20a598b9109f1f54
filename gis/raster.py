"""Elevation rasters in and out: DEM files of any kind -> terrain of the park, terrain -> COG.

Tiles of one grid are first laid side by side in their own cells, holes are filled there, and only
then the whole is turned into the park's grid, so that no seam and no halo of a hole can appear.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pyproj import CRS
from rasterio.errors import RasterioError
from rasterio.io import MemoryFile

from gis.crs import ParkCrs
from gis.patch import (
    DemLimits,
    Method,
    Patch,
    Target,
    assemble,
    check_range,
    ground_step_m,
    groups_of,
    warp,
    without_holes,
)
from gis.raster_error import refuse
from gis.terrain import Terrain
from gis.tiles import Float32Array, Tile, TileOptions, find_tiles, open_tile, read_window
from twin.core.geometry import Extent, FloatArray
from twin.core.text import Text

__all__ = [
    "Dem",
    "DemLimits",
    "TileOptions",
    "inspect_dem",
    "read_dem",
    "read_terrain",
    "terrain_from_lonlat_grid",
    "write_cog",
]

_STEEP_MEDIAN_DEG = 45.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dem:
    """Terrain made from files, with what happened on the way.

    ``filled_cells`` counts source cells without a value that were filled; ``source_step_m`` is
    the cell size of the coarsest source on the ground.
    """

    terrain: Terrain
    filled_cells: int
    source_step_m: float
    sources: tuple[str, ...]
    notes: tuple[Text, ...]


def inspect_dem(paths: Path | Sequence[Path], options: TileOptions | None = None) -> tuple[Tile, ...]:
    """Checked headers of all rasters in files, folders and zips. Raises RasterError."""
    listed = [paths] if isinstance(paths, Path) else list(paths)
    return tuple(
        open_tile(address, source, options or TileOptions()) for address, source in find_tiles(listed)
    )


def read_dem(
    paths: Path | Sequence[Path],
    crs: ParkCrs,
    extent: Extent,
    step_m: float,
    *,
    options: TileOptions | None = None,
    limits: DemLimits | None = None,
    method: Method = "cubic",
) -> Dem:
    """Terrain of ``extent`` (local frame) at ``step_m`` from one or more DEM files.

    Files may be GeoTIFF in any CRS, ``.hgt``, zips or folders of these. Where grids of different
    kind overlap, the one named first wins. Heights become local (minus ``origin.height_m``).
    Raises RasterError naming file, field, value and expectation.
    """
    rules = limits or DemLimits()
    tiles = inspect_dem(paths, options)
    notes = [note for tile in tiles for note in tile.notes]
    target = Target.of(crs, extent, step_m)
    result = np.full(target.shape, np.nan, dtype=np.float32)
    filled, steps = 0, []
    for group in groups_of(tiles):
        patch = assemble(group, target, rules, notes)
        if patch is None:
            continue
        whole, count = without_holes(patch, rules, notes)
        filled += count
        steps.append(ground_step_m(whole))
        warped = warp(whole, target, method)
        result = np.where(np.isnan(result), warped, result)
    _require_cover(result, tiles, target)
    terrain = target.terrain(result)
    notes.extend(_steepness_note(terrain, tiles))
    sources = tuple(tile.source for tile in tiles)
    return Dem(
        terrain=terrain, filled_cells=filled, source_step_m=max(steps), sources=sources, notes=tuple(notes)
    )


def terrain_from_lonlat_grid(
    lon_deg: FloatArray,
    lat_deg: FloatArray,
    heights_m: npt.NDArray[np.generic],
    crs: ParkCrs,
    extent: Extent,
    step_m: float,
    *,
    source: str = "grid",
    limits: DemLimits | None = None,
) -> Dem:
    """Terrain from heights (ny, nx) at evenly spaced longitudes (nx,) and latitudes (ny,), NaN = hole.

    Latitudes may run either way; longitudes must run east. Raises RasterError.
    """
    lon, lat = np.asarray(lon_deg, dtype=np.float64), np.asarray(lat_deg, dtype=np.float64)
    grid = np.asarray(heights_m, dtype=np.float32)
    if grid.shape != (lat.size, lon.size) or min(grid.shape) < 2:
        raise refuse(source, "shape", grid.shape, f"({lat.size}, {lon.size})", f" ({lat.size}, {lon.size})")
    step_x, step_y = float(np.diff(lon).mean()), float(abs(np.diff(lat).mean()))
    uneven = np.ptp(np.diff(lon)) > 1e-3 * abs(step_x) or np.ptp(np.diff(lat)) > 1e-3 * step_y
    if uneven or step_x <= 0.0 or step_y <= 0.0:
        raise refuse(
            source, "lon/lat", "uneven", "evenly spaced nodes, longitude growing", "等间距且经度递增的节点"
        )
    north_up = grid if lat[0] > lat[-1] else grid[::-1]
    patch = Patch(
        heights=north_up, covered=np.ones(grid.shape, dtype=bool), left=lon[0] - step_x / 2,
        top=lat.max() + step_y / 2, step_x=step_x, step_y=step_y, crs=CRS.from_epsg(4326), source=source,
    )  # fmt: skip
    notes: list[Text] = []
    target = Target.of(crs, extent, step_m)
    check_range(patch)
    whole, filled = without_holes(patch, limits or DemLimits(), notes)
    result = warp(whole, target, "cubic")
    _require_cover(result, (), target, source)
    return Dem(
        terrain=target.terrain(result), filled_cells=filled, source_step_m=ground_step_m(whole),
        sources=(source,), notes=tuple(notes),
    )  # fmt: skip


def read_terrain(path: Path, crs: ParkCrs) -> Terrain:
    """Terrain of a park's own raster, node for node, without resampling.

    The file must be in the park's CRS with square cells and no holes. Raises RasterError.
    """
    tile = open_tile(str(path), path.name, TileOptions())
    if tile.crs != CRS.from_epsg(crs.epsg) and tile.crs.to_epsg() != crs.epsg:
        raise refuse(path.name, "CRS", tile.crs.name, f"EPSG:{crs.epsg}", f" EPSG:{crs.epsg}")
    if not math.isclose(tile.step_x, tile.step_y, rel_tol=1e-9):
        raise refuse(path.name, "cell", f"{tile.step_x} x {tile.step_y}", "square cells", "正方形像元")
    heights, _ = read_window(tile, 0, 0, tile.width, tile.height)
    holes = int(np.isnan(heights).sum())
    if holes:
        raise refuse(path.name, "no-data cells", holes, "none", "没有空洞")
    x0 = tile.left + tile.step_x / 2 - crs.origin.easting_m
    y0 = tile.bottom + tile.step_y / 2 - crs.origin.northing_m
    return Terrain(heights[::-1] - np.float32(crs.origin.height_m), x0, y0, tile.step_x)


def write_cog(path: Path, terrain: Terrain, crs: ParkCrs) -> None:
    """Write a terrain as cloud-optimised GeoTIFF (float32, deflate), heights above the datum.

    The file appears complete or not at all. Raises RasterError when it cannot be written.
    """
    target = Target.of(crs, terrain.extent, terrain.step_m)
    heights = terrain.heights_m[::-1] + np.float32(crs.origin.height_m)
    part = path.with_name(f".{path.name}.part")
    try:
        # In memory first: a folder that cannot be written then fails as an ordinary OSError.
        with MemoryFile() as memory:
            with memory.open(
                driver="COG", width=terrain.nx, height=terrain.ny, count=1, dtype="float32",
                crs=f"EPSG:{crs.epsg}", transform=target.transform, compress="DEFLATE", predictor="YES",
            ) as dataset:  # fmt: skip
                dataset.write(heights, 1)
                dataset.units = ("m",)
            part.write_bytes(memory.read())
        part.replace(path)
    except (RasterioError, OSError) as error:
        part.unlink(missing_ok=True)
        raise refuse(path.name, "file", error, "a place that can be written", "可写入的位置") from error


def _require_cover(result: Float32Array, tiles: Sequence[Tile], target: Target, source: str = "") -> None:
    missing = int(np.isnan(result).sum())
    if missing == 0:
        return
    west, south, east, north = target.bounds_in(CRS.from_epsg(4326))
    share = 100.0 * missing / result.size
    name = source or ", ".join(tile.source for tile in tiles)
    span = f"{west:.4f} .. {east:.4f} E, {south:.4f} .. {north:.4f} N"
    raise refuse(
        name, "cover", f"{100.0 - share:.1f} % of the extent", f"all of {span}", f"覆盖整个范围 {span}",
        why="a neighbouring tile is missing?", why_zh="是否缺少相邻图幅？",
    )  # fmt: skip


def _steepness_note(terrain: Terrain, tiles: Sequence[Tile]) -> list[Text]:
    """Undeclared feet make every slope 3.28 times too steep; nature's median stays below 45 degrees."""
    median = float(np.median(terrain.slope_aspect()[0]))
    if median <= _STEEP_MEDIAN_DEG:
        return []
    name = ", ".join(tile.source for tile in tiles)
    return [
        Text(
            zh=f"{name}：坡度中位数 {median:.0f}°，高程是否为英尺？请核对单位",
            en=f"{name}: median slope {median:.0f} deg; are the heights in feet? Check the unit",
        )
    ]
