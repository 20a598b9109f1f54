"""Every elevation file that was shared becomes a terrain."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gis.crs import ParkCrs
from gis.raster import read_dem, terrain_from_lonlat_grid
from twin.core.errors import RasterError
from twin.core.geometry import Extent, FrameOrigin


def park(epsg: int, lon: float, lat: float) -> ParkCrs:
    x, y = ParkCrs(epsg, FrameOrigin(easting_m=0.0, northing_m=0.0, height_m=0.0)).to_local(lon, lat)
    return ParkCrs(epsg, FrameOrigin(easting_m=round(float(x)), northing_m=round(float(y)), height_m=0.0))


def square(half_m: float) -> Extent:
    return Extent(x_min_m=-half_m, y_min_m=-half_m, x_max_m=half_m, y_max_m=half_m)


def test_andorra_from_its_zip_with_real_voids(geo_data: Path):
    dem = read_dem(geo_data / "andorra" / "N42E001.hgt.zip", park(32631, 1.52, 42.52), square(6000.0), 20.0)
    assert dem.filled_cells > 0
    assert "thin-plate" in dem.notes[0].en
    assert 700.0 < dem.terrain.heights_m.min() < dem.terrain.heights_m.max() < 3000.0
    # Andorra la Vella lies at about 1023 m.
    assert dem.terrain.height_at(0.0, 0.0) > 900.0
    here = park(32631, 1.5218, 42.5063)
    assert (
        950.0 < read_dem(geo_data / "andorra", here, square(300.0), 20.0).terrain.height_at(0.0, 0.0) < 1150.0
    )


def test_half_of_andorra_is_not_enough(geo_data: Path):
    with pytest.raises(RasterError, match="cover"):
        read_dem(geo_data / "andorra" / "N42E001.hgt.zip", park(32631, 1.999, 42.5), square(2000.0), 20.0)


def test_bigtujunga_node_for_node(geo_data: Path):
    dem = read_dem(geo_data / "bigtujunga.tif", park(32611, -118.15, 34.33), square(4000.0), 10.0)
    assert dem.filled_cells == 0
    assert 315.0 <= dem.terrain.heights_m.min() < dem.terrain.heights_m.max() <= 2300.0
    assert dem.source_step_m == pytest.approx(30.0)


def test_hamersley_in_the_southern_hemisphere_and_another_datum(geo_data: Path):
    dem = read_dem(
        geo_data / "geology" / "hamersley_dtm_rp.tif", park(32750, 117.4, -22.6), square(5000.0), 50.0
    )
    assert 300.0 < dem.terrain.heights_m.min() < dem.terrain.heights_m.max() < 1200.0


def test_jacksboro_from_its_npz(geo_data: Path):
    with np.load(geo_data / "jacksboro_fault_dem.npz") as data:
        heights, dx, dy = data["elevation"], float(data["dx"]), float(data["dy"])
        west, north = float(data["xmin"]), float(data["ymin"])  # the file's ymin is its north edge
    lon = west + dx * np.arange(heights.shape[1])
    lat = north - dy * np.arange(heights.shape[0])
    here = park(32616, float(lon.mean()), float(lat.mean()))
    dem = terrain_from_lonlat_grid(lon, lat, heights, here, square(8000.0), 30.0, source="jacksboro")
    assert dem.terrain.heights_m.min() + 5.0 >= 236.0
    assert dem.terrain.heights_m.max() <= 1080.0
