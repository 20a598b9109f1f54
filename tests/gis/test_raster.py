"""Elevation files: the good ones are placed right, each bad one is refused by name."""

from __future__ import annotations

import math
import struct
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.transform import from_origin

from gis.crs import ParkCrs
from gis.raster import (
    DemLimits,
    TileOptions,
    inspect_dem,
    read_dem,
    read_terrain,
    terrain_from_lonlat_grid,
    write_cog,
)
from gis.terrain import Terrain
from twin.core.errors import CrsError, RasterError
from twin.core.geometry import Extent, FrameOrigin

EAST, NORTH = 500_000.0, 2_899_000.0
CRS = ParkCrs(4548, FrameOrigin(easting_m=EAST, northing_m=NORTH, height_m=100.0))
EXTENT = Extent(x_min_m=-300.0, y_min_m=-200.0, x_max_m=300.0, y_max_m=200.0)


def surface(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """A smooth hill in the local frame, absolute heights."""
    return 300.0 + 0.05 * x - 0.03 * y + 20.0 * np.sin(x / 150.0) * np.cos(y / 120.0)


def local_grid(step: float = 10.0, half: float = 600.0) -> tuple[np.ndarray, Affine]:
    """Cells of ``surface`` around the origin, row 0 = north, with their geotransform."""
    axis = np.arange(-half + step / 2, half, step)
    heights = surface(axis[None, :], axis[::-1][:, None]).astype(np.float32)
    return heights, from_origin(EAST - half, NORTH + half, step, step)


def write(
    path: Path, heights: np.ndarray, transform: Affine | None, crs: str | None = "EPSG:4548", **more: Any
) -> Path:
    """A GeoTIFF as told, however wrong."""
    units, tags = more.pop("units", None), more.pop("tags", None)
    profile = {"driver": "GTiff", "height": heights.shape[0], "width": heights.shape[1], "count": 1}
    place = {} if transform is None else {"transform": transform}
    with rasterio.open(path, "w", **profile, dtype=heights.dtype, crs=crs, **place, **more) as dataset:
        dataset.write(heights, 1)
        if units:
            dataset.units = (units,)
        if tags:
            dataset.update_tags(**tags)
    return path


def worst(terrain: Terrain) -> float:
    """Largest distance in metres from the known surface."""
    truth = surface(terrain.x_m[None, :], terrain.y_m[:, None]) - 100.0
    return float(np.abs(terrain.heights_m - truth).max())


def geographic(path: Path, west: float, cols: int, *, step: float = 1 / 7200, rows: int = 120) -> Path:
    """The surface in longitude and latitude, from ``west``, around the origin's latitude."""
    lat0 = 26.2
    lon = west + step * (np.arange(cols) + 0.5)
    lat = lat0 + step * (rows / 2 - 0.5 - np.arange(rows))
    x, y = CRS.to_local(*np.meshgrid(lon, lat))
    heights = surface(x, y).astype(np.float32)
    return write(path, heights, from_origin(west, lat0 + step * rows / 2, step, step), "EPSG:4326")


def test_same_grid_comes_back_where_it_was(tmp_path: Path):
    heights, transform = local_grid()
    dem = read_dem(write(tmp_path / "a.tif", heights, transform), CRS, EXTENT, 10.0)
    assert dem.terrain.extent == EXTENT
    assert worst(dem.terrain) < 0.1
    assert (dem.filled_cells, dem.notes) == (0, ())


def middle() -> Extent:
    """Extent around latitude 26.2, where the geographic tiles of these tests lie."""
    y = float(CRS.to_local(117.0, 26.2)[1])
    return Extent(x_min_m=-300.0, y_min_m=y - 200.0, x_max_m=300.0, y_max_m=y + 200.0)


@pytest.mark.parametrize("method", ["cubic", "bilinear"])
def test_geographic_file_is_turned_into_the_grid(tmp_path: Path, method: Any):
    path = geographic(tmp_path / "g.tif", 117.0 - 60 / 7200, 120)
    dem = read_dem(path, CRS, middle(), 10.0, method=method)
    assert worst(dem.terrain) < 0.2
    assert dem.source_step_m == pytest.approx(15.4, abs=0.2)


def test_other_projection_is_turned_into_the_grid(tmp_path: Path):
    utm = ParkCrs(32650, FrameOrigin(easting_m=0.0, northing_m=0.0, height_m=0.0))
    corner = utm.to_local(*CRS.to_lonlat(0.0, 0.0))
    left, top = float(corner[0]) - 600.0, float(corner[1]) + 600.0
    axis = np.arange(-595.0, 600.0, 10.0)
    x, y = CRS.from_crs(32650, *np.meshgrid(left + 600.0 + axis, top - 600.0 + axis[::-1]))
    heights, transform = surface(x, y).astype(np.float32), from_origin(left, top, 10, 10)
    path = write(tmp_path / "u.tif", heights, transform, "EPSG:32650")
    assert worst(read_dem(path, CRS, EXTENT, 10.0).terrain) < 0.1


def test_two_tiles_make_no_seam(tmp_path: Path):
    whole = read_dem(geographic(tmp_path / "w.tif", 117.0 - 60 / 7200, 120), CRS, middle(), 5.0).terrain
    geographic(tmp_path / "N26E116.tif", 117.0 - 60 / 7200, 60)
    geographic(tmp_path / "N26E117.tif", 117.0, 60)
    folder = tmp_path / "two"
    folder.mkdir()
    for name in ("N26E116.tif", "N26E117.tif"):
        (tmp_path / name).rename(folder / name)
    halves = read_dem(folder, CRS, middle(), 5.0)
    assert len(halves.sources) == 2
    np.testing.assert_array_equal(halves.terrain.heights_m, whole.heights_m)


def test_overlapping_tiles_of_another_grid_fill_what_the_first_leaves(tmp_path: Path):
    west = geographic(tmp_path / "w.tif", 117.0 - 60 / 7200, 62)
    fine = geographic(tmp_path / "e.tif", 117.0 - 2 / 7200, 200, step=1 / 10800, rows=180)
    dem = read_dem([west, fine], CRS, middle(), 10.0)
    assert worst(dem.terrain) < 0.3
    rows = np.abs(np.diff(dem.terrain.heights_m, axis=1))
    assert rows.max() < 2.0 * np.percentile(rows, 99)


def test_a_missing_neighbour_is_named_with_the_place(tmp_path: Path):
    path = geographic(tmp_path / "N26E116.tif", 117.0 - 60 / 7200, 60)
    with pytest.raises(RasterError, match="N26E116.tif: cover is .* % of the extent") as caught:
        read_dem(path, CRS, middle(), 10.0)
    assert "相邻图幅" in caught.value.message_zh


def test_holes_are_filled_and_told(tmp_path: Path):
    heights, transform = local_grid()
    heights[55:62, 50:56] = -9999.0
    dem = read_dem(write(tmp_path / "a.tif", heights, transform, nodata=-9999.0), CRS, EXTENT, 10.0)
    assert dem.filled_cells == 42
    assert worst(dem.terrain) < 1.0
    assert "42 cells" in dem.notes[0].en


def test_undeclared_marks_are_holes_too(tmp_path: Path):
    heights, transform = local_grid()
    heights[55:58, 50:53] = -32768.0
    dem = read_dem(write(tmp_path / "a.tif", heights, transform), CRS, EXTENT, 10.0)
    assert dem.filled_cells == 9
    assert "undeclared" in dem.notes[0].en


def test_declared_feet_are_converted_with_a_note(tmp_path: Path):
    heights, transform = local_grid()
    path = write(tmp_path / "a.tif", (heights / 0.3048).astype(np.float32), transform, units="ft")
    dem = read_dem(path, CRS, EXTENT, 10.0)
    assert worst(dem.terrain) < 0.1
    assert "from ft to metres" in dem.notes[0].en


def test_stated_feet_are_converted_whatever_the_file_says(tmp_path: Path):
    heights, transform = local_grid()
    path = write(tmp_path / "dem_feet.tif", (heights / (1200 / 3937)).astype(np.float32), transform)
    assert worst(read_dem(path, CRS, EXTENT, 10.0, options=TileOptions(height_unit="us-ft")).terrain) < 0.1


def test_absurd_slopes_are_noted(tmp_path: Path):
    axis = np.arange(-595.0, 600.0, 10.0)
    steep = (2000.0 + 1.5 * axis)[None, :].repeat(120, axis=0).astype(np.float32)
    dem = read_dem(write(tmp_path / "a.tif", steep, local_grid()[1]), CRS, EXTENT, 10.0)
    assert "feet?" in dem.notes[-1].en


def test_south_up_is_refused_and_honoured_only_when_told(tmp_path: Path):
    heights, _ = local_grid()
    upside_down = Affine(10.0, 0.0, EAST - 600.0, 0.0, 10.0, NORTH - 600.0)
    path = write(tmp_path / "a.tif", heights[::-1].copy(), upside_down)
    with pytest.raises(RasterError, match=r"a\.tif: geotransform dy is 10 \(upside-down") as caught:
        read_dem(path, CRS, EXTENT, 10.0)
    assert "南北颠倒" in caught.value.message_zh
    assert worst(read_dem(path, CRS, EXTENT, 10.0, options=TileOptions(accept_south_up=True)).terrain) < 0.1


def test_file_without_crs_is_refused_or_told(tmp_path: Path):
    heights, transform = local_grid()
    path = write(tmp_path / "a.tif", heights, transform, None)
    with pytest.raises(RasterError, match=r"a\.tif: CRS is missing"):
        read_dem(path, CRS, EXTENT, 10.0)
    assert worst(read_dem(path, CRS, EXTENT, 10.0, options=TileOptions(epsg=4548)).terrain) < 0.1


def bad_all_nodata(folder: Path) -> Path:
    heights, transform = local_grid()
    return write(folder / "bad.tif", np.full_like(heights, -9999.0), transform, nodata=-9999.0)


def bad_huge_hole(folder: Path) -> Path:
    heights, transform = local_grid()
    heights[20:100, 20:100] = np.nan
    return write(folder / "bad.tif", heights, transform, nodata=math.nan)


def bad_one_cell(folder: Path) -> Path:
    return write(folder / "bad.tif", np.ones((1, 1), np.float32), from_origin(EAST, NORTH, 10, 10))


def bad_text(folder: Path) -> Path:
    path = folder / "bad.tif"
    path.write_text("this is not a raster\n" * 50)
    return path


def bad_giant_header(folder: Path) -> Path:
    """A 250-byte TIFF that claims 32768 x 32768 float cells: 4 GiB."""
    path = folder / "bad.tif"
    tags = [
        (256, 4, 32768), (257, 4, 32768), (258, 3, 32), (259, 3, 1), (262, 3, 1), (273, 4, 8), (277, 3, 1),
        (278, 4, 32768), (279, 4, 0xFFFFFFFF), (339, 3, 3),
    ]  # fmt: skip
    body = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", t, k, 1, v) for t, k, v in tags)
    path.write_bytes(b"II*\x00" + struct.pack("<I", 8) + body + b"\x00" * 120)
    return path


def bad_truncated(folder: Path) -> Path:
    heights, transform = local_grid()
    path = write(folder / "bad.tif", heights, transform, compress="deflate")
    path.write_bytes(path.read_bytes()[:20_000])
    return path


def bad_picture(folder: Path) -> Path:
    return write(folder / "bad.tif", np.ones((50, 50), np.uint8), from_origin(EAST, NORTH, 10, 10))


def bad_bands(folder: Path) -> Path:
    with rasterio.open(
        folder / "bad.tif", "w", driver="GTiff", width=9, height=9, count=3, dtype="float32",
        crs="EPSG:4548", transform=from_origin(EAST, NORTH, 10, 10),
    ) as dataset:  # fmt: skip
        dataset.write(np.ones((3, 9, 9), np.float32))
    return folder / "bad.tif"


def bad_feet_in_tag(folder: Path) -> Path:
    heights, transform = local_grid()
    return write(folder / "bad.tif", heights, transform, tags={"TIFFTAG_IMAGEDESCRIPTION": "Elevation (ft)"})


def bad_unit(folder: Path) -> Path:
    heights, transform = local_grid()
    return write(folder / "bad.tif", heights, transform, units="furlong")


CALIFORNIA = from_origin(6e6, 2e6, 30, 30)


def bad_foot_grid(folder: Path) -> Path:
    return write(
        folder / "bad.tif", np.ones((50, 50), np.float32), from_origin(6e6, 2e6, 30, 30), "EPSG:2229"
    )


def bad_too_high(folder: Path) -> Path:
    heights, transform = local_grid()
    return write(folder / "bad.tif", heights + 12_000.0, transform)


def bad_rotated(folder: Path) -> Path:
    heights, transform = local_grid()
    return write(folder / "bad.tif", heights, transform @ Affine.rotation(10.0))


def bad_no_place(folder: Path) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the writer complains about what is wanted here
        return write(folder / "bad.tif", local_grid()[0], None)


def bad_zip(folder: Path) -> Path:
    path = folder / "bad.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "no raster")
    return path


def bad_broken_zip(folder: Path) -> Path:
    (folder / "bad.zip").write_bytes(b"PK\x03\x04 nothing")
    return folder / "bad.zip"


def bad_zip_bomb(folder: Path) -> Path:
    path = folder / "bad.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bad.tif", b"\x00" * 1000)
    raw = bytearray(path.read_bytes())
    at = raw.rfind(b"PK\x01\x02") + 24
    raw[at : at + 4] = struct.pack("<I", 0xF0000000)
    path.write_bytes(bytes(raw))
    return path


def bad_missing(folder: Path) -> Path:
    return folder / "bad.tif"


def bad_empty_folder(folder: Path) -> Path:
    (folder / "bad").mkdir()
    return folder / "bad"


def bad_other_side_of_the_world(folder: Path) -> Path:
    heights, transform = local_grid()
    return write(folder / "bad.tif", heights, transform, "EPSG:32611")


def bad_three_cells(folder: Path) -> Path:
    heights = np.full((2, 2), 300.0, np.float32)
    heights[0, 0] = np.nan
    return write(folder / "bad.tif", heights, from_origin(EAST - 5.0, NORTH + 5.0, 300, 300))


Make = Callable[[Path], Path]
BAD: list[tuple[Make, str, str]] = [
    (bad_all_nodata, "heights", "no data at all"),
    (bad_huge_hole, "no-data holes", "at most"),
    (bad_one_cell, "size", "1x1"),
    (bad_text, "format", "not a raster"),
    (bad_giant_header, "size", "32768x32768 cells = 4294967296 bytes"),
    (bad_truncated, "body", "damaged"),
    (bad_picture, "data type", "a picture"),
    (bad_bands, "bands", "one band"),
    (bad_feet_in_tag, "height unit", "suggests feet"),
    (bad_unit, "height unit", "furlong"),
    (bad_foot_grid, "height unit", "suggests feet"),
    (bad_too_high, "heights", "feet, or an undeclared"),
    (bad_rotated, "geotransform", "not rotated"),
    (bad_no_place, "geotransform", "missing"),
    (bad_zip, "zip", "no raster inside"),
    (bad_broken_zip, "zip", "readable zip"),
    (bad_zip_bomb, "bad.tif", "4 GiB"),
    (bad_missing, "path", "missing"),
    (bad_other_side_of_the_world, "cover", "0.0 % of the extent"),
    (bad_three_cells, "cells with a value", "more around the holes"),
    (bad_empty_folder, "files", "at least one raster"),
]


@pytest.mark.parametrize(("make", "field", "word"), BAD, ids=[row[0].__name__ for row in BAD])
def test_each_bad_file_is_refused_by_name(tmp_path: Path, make: Make, field: str, word: str):
    path = make(tmp_path)
    with pytest.raises(RasterError) as caught:
        read_dem(path, CRS, EXTENT, 10.0)
    error = caught.value
    assert error.field == field
    assert word in error.message
    assert "bad" in error.source
    assert error.source in error.message
    assert "expected" in error.message
    assert "应为" in error.message_zh


def test_a_stated_system_that_does_not_exist_is_an_error(tmp_path: Path):
    heights, transform = local_grid()
    path = write(tmp_path / "a.tif", heights, transform, None)
    with pytest.raises(CrsError, match="999999"):
        read_dem(path, CRS, EXTENT, 10.0, options=TileOptions(epsg=999999))


def test_too_many_source_cells_are_refused_before_they_are_read(tmp_path: Path):
    heights, transform = local_grid()
    path = write(tmp_path / "a.tif", heights, transform)
    with pytest.raises(RasterError, match="cells in the extent"):
        read_dem(path, CRS, EXTENT, 10.0, limits=DemLimits(source_cells=1000))


def test_step_must_be_positive(tmp_path: Path):
    heights, transform = local_grid()
    with pytest.raises(RasterError, match="step_m"):
        read_dem(write(tmp_path / "a.tif", heights, transform), CRS, EXTENT, 0.0)


def test_cog_round_trip_is_exact_and_is_a_cog(tmp_path: Path):
    rng = np.random.default_rng(1)
    terrain = Terrain(rng.normal(300.0, 50.0, (601, 701)).astype(np.float32), -700.0, -600.0, 2.0)
    level = ParkCrs(4548, FrameOrigin(easting_m=EAST, northing_m=NORTH, height_m=0.0))
    write_cog(tmp_path / "terrain.tif", terrain, level)
    back = read_terrain(tmp_path / "terrain.tif", level)
    np.testing.assert_array_equal(back.heights_m, terrain.heights_m)
    assert (back.x0_m, back.y0_m, back.step_m) == (-700.0, -600.0, 2.0)
    with rasterio.open(tmp_path / "terrain.tif") as dataset:
        assert dataset.crs.to_epsg() == 4548
        assert dataset.units == ("m",)
        assert dataset.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert dataset.overviews(1)
    assert not list(tmp_path.glob("*.part"))


def test_origin_height_is_taken_off_and_put_back(tmp_path: Path):
    terrain = Terrain(np.full((5, 5), 12.5, np.float32), 0.0, 0.0, 2.0)
    write_cog(tmp_path / "t.tif", terrain, CRS)
    with rasterio.open(tmp_path / "t.tif") as dataset:
        assert dataset.read(1).max() == 112.5
    assert read_terrain(tmp_path / "t.tif", CRS).height_at(3.0, 3.0) == 12.5


def test_own_terrain_must_be_in_the_parks_system(tmp_path: Path):
    heights, transform = local_grid()
    with pytest.raises(RasterError, match="EPSG:4548"):
        read_terrain(write(tmp_path / "a.tif", heights, transform, "EPSG:32650"), CRS)
    heights[3, 3] = np.nan
    with pytest.raises(RasterError, match="no-data cells is 1"):
        read_terrain(write(tmp_path / "b.tif", heights, transform), CRS)


def test_cog_that_cannot_be_written_is_an_error(tmp_path: Path):
    terrain = Terrain(np.ones((5, 5), np.float32), 0.0, 0.0, 2.0)
    with pytest.raises(RasterError, match=r"t\.tif: file"):
        write_cog(tmp_path / "no" / "t.tif", terrain, CRS)


@pytest.mark.parametrize("flip", [False, True])
def test_lonlat_grid_either_way_up(flip: bool):
    step = 1 / 7200
    lon, lat = 117.0 + step * np.arange(-60, 61), 26.2 + step * np.arange(-60, 61)
    x, y = CRS.to_local(*np.meshgrid(lon, lat))
    heights = surface(x, y)
    args = (lon, lat[::-1], heights[::-1]) if flip else (lon, lat, heights)
    assert worst(terrain_from_lonlat_grid(*args, CRS, middle(), 10.0).terrain) < 0.2


def test_lonlat_grid_must_be_even_and_of_its_size():
    lon, lat = np.linspace(116.9, 117.1, 50), np.linspace(26.1, 26.3, 50)
    with pytest.raises(RasterError, match="shape"):
        terrain_from_lonlat_grid(lon, lat, np.ones((50, 49)), CRS, EXTENT, 10.0)
    with pytest.raises(RasterError, match="evenly spaced"):
        terrain_from_lonlat_grid(
            lon + 1e-4 * np.sin(np.arange(50)), lat, np.ones((50, 50)), CRS, EXTENT, 10.0
        )


def test_inspecting_tells_the_place_without_reading(tmp_path: Path):
    heights, transform = local_grid()
    tile = inspect_dem(write(tmp_path / "a.tif", heights, transform))[0]
    assert (tile.left, tile.top, tile.step_x) == (EAST - 600.0, NORTH + 600.0, 10.0)
    assert (tile.right, tile.bottom) == (EAST + 600.0, NORTH - 600.0)
