"""Wind FROM somewhere carries the plume to the other side, on the map as people read it.

Bearings count from true north; the projected grid is turned against it away from its central meridian.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from pyproj import Geod

from gis.crs import ParkCrs
from models.air.puff import GaussianPuff
from models.air.wind import uniform_wind
from models.contract import SurfaceLayer, flat_site
from twin.core.clock import Interval
from twin.core.geometry import Extent, FrameOrigin, Place
from twin.core.origin import Origin
from twin.core.release import Release

END_MS = 1_795_000_000_000
WINDOW = Interval(start_ms=END_MS - 900_000, end_ms=END_MS)
EXTENT = Extent(x_min_m=-4000.0, y_min_m=-4000.0, x_max_m=4000.0, y_max_m=4000.0)
AIR = SurfaceLayer(
    friction_velocity_m_s=0.3, inverse_obukhov_1_m=0.0, sigma_v_m_s=0.5, mixing_height_m=math.inf
)
# CGCS2000 / 3-degree Gauss-Kruger CM 117E, 1.3 degrees east of its meridian: grid north is turned by 0.6.
PARK = ParkCrs(epsg=4548, origin=FrameOrigin(easting_m=630_000.0, northing_m=2_900_000.0, height_m=0.0))


def true_bearing(x_m: float, y_m: float) -> float:
    lon, lat = PARK.to_lonlat([0.0, x_m], [0.0, y_m])
    return float(Geod(ellps="WGS84").inv(lon[0], lat[0], lon[1], lat[1])[0]) % 360.0


@pytest.mark.parametrize("from_deg", [0.0, 90.0, 180.0, 270.0])
def test_the_centroid_lies_where_the_wind_goes_to_in_longitude_and_latitude(from_deg: float):
    convergence = PARK.convergence_deg()
    assert abs(convergence) > 0.3, "the place must tell grid north from true north"
    assert true_bearing(0.0, 1000.0) == pytest.approx(convergence % 360.0, abs=0.01)
    release = Release(
        id="R",
        substance_id="hf",
        place=Place(x_m=0.0, y_m=0.0, z_m=2.0),
        height_m=2.0,
        rate_kg_s=0.01,
        interval=WINDOW,
        origin=Origin.MODELLED,
    )
    wind = uniform_wind(3.0, from_deg, AIR, convergence_deg=convergence)
    plume = GaussianPuff().run(flat_site(EXTENT), [release], wind, WINDOW)
    column, grid = plume.conc_kg_m3.sum(axis=0), plume.grid
    x = grid.x_min_m + (np.arange(grid.nx) + 0.5) * grid.dx_m
    y = grid.y_min_m + (np.arange(grid.ny) + 0.5) * grid.dy_m
    mean_x = float((column.sum(axis=0) * x).sum() / column.sum())
    mean_y = float((column.sum(axis=1) * y).sum() / column.sum())
    assert math.hypot(mean_x, mean_y) > 200.0
    away = (true_bearing(mean_x, mean_y) - (from_deg + 180.0) + 180.0) % 360.0 - 180.0
    assert abs(away) < 0.1
