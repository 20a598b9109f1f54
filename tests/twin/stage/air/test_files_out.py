"""Fields leave the house whole: read back by other programs, with place, units and origin."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import netCDF4
import numpy as np
import pytest
import pyvista as pv
import rasterio
import shapely
import xarray as xr
import zarr
from pyproj import CRS, Geod
from shapely.geometry import shape

from models.air.case.result import AirField, GeoFrame
from twin.core.errors import BadRequestError
from twin.core.origin import Origin
from twin.core.plume import PlumeGrid
from twin.stage.air.cog import write_cog
from twin.stage.air.contours import ContourLevel, area_above, contour_features, write_geojson
from twin.stage.air.dataset import write_netcdf, write_zarr
from twin.stage.air.files import levels_of, write_fields
from twin.stage.air.vti import write_vti

PROGRAM, MADE_MS = "Park Twin 0", 1_700_000_000_000
TMERC = "+proj=tmerc +lat_0=26.2 +lon_0=117.0 +k=1 +x_0=0 +y_0=0 +datum=WGS84 +units=m +type=crs"
EDGES = pytest.mark.parametrize("origin", list(Origin), ids=str)


def a_field(nx: int = 40, ny: int = 30, nz: int = 3, **changes: object) -> AirField:
    grid = PlumeGrid(x_min_m=-200.0, y_min_m=-90.0, dx_m=10.0, dy_m=6.0, dz_m=4.0, nx=nx, ny=ny, nz=nz)
    x = grid.x_min_m + (np.arange(nx) + 0.5) * grid.dx_m
    y = grid.y_min_m + (np.arange(ny) + 0.5) * grid.dy_m
    z = (np.arange(nz) + 0.5) * grid.dz_m
    hill = np.exp(-((x - 20.0) ** 2) / 9000.0 - (y[:, None] - 5.0) ** 2 / 1500.0)
    values = 1e-5 * np.exp(-z / 6.0)[None, :, None, None] * hill * np.array([1.0, 0.5])[:, None, None, None]
    field = AirField(
        id="case.so2",
        quantity="conc_kg_m3",
        units="kg/m3",
        substance_id="so2",
        times_ms=(1_000_000_000_000, 1_000_000_600_000),
        grid=grid,
        values=values,
        ground_m=np.broadcast_to(100.0 + 0.1 * x, (ny, nx)).copy(),
        frame=GeoFrame(crs="EPSG:32650", easting_m=500_000.0, northing_m=2_898_000.0, height_m=200.0),
        solver="gaussian_puff",
        version="1",
        origin=Origin.SIMULATED,
        inputs=("wind 3 m/s from 270 deg", "release a"),
        notes=("terrain-following, passive gas",),
    )
    return replace(field, **changes)  # type: ignore[arg-type]


def test_netcdf_says_what_cf_asks(tmp_path: Path) -> None:
    field = a_field()
    path = write_netcdf(field, tmp_path / "a.nc", program=PROGRAM, made_ms=MADE_MS)
    with netCDF4.Dataset(path) as data:
        assert data.Conventions == "CF-1.11"
        conc = data["so2_conc"]
        assert conc.dimensions == ("time", "z", "y", "x")
        assert conc.standard_name == "mass_concentration_of_sulfur_dioxide_in_air"
        assert conc.units == "kg m-3"
        assert conc.cell_methods == "time: point z: mean y: mean x: mean"
        crs = data[conc.grid_mapping]
        assert crs.grid_mapping_name == "transverse_mercator"
        assert CRS.from_cf({key: crs.getncattr(key) for key in crs.ncattrs()}) == CRS.from_epsg(32650)
        assert set(conc.coordinates.split()) == {"longitude", "latitude"}
        for name, axis in (("time", "T"), ("z", "Z"), ("y", "Y"), ("x", "X")):
            assert data[name].axis == axis
            assert data[name].standard_name
            if name != "time":
                edges = data[data[name].bounds][:]
                np.testing.assert_allclose(edges.mean(axis=1), data[name][:])
        assert data["z"].positive == "up"
        assert data["surface_altitude"].standard_name == "surface_altitude"
        # Attributes that CF forbids on coordinates and scalars must not have crept in.
        assert all("_FillValue" not in data[name].ncattrs() for name in ("time", "x", "y", "z", "crs"))
        np.testing.assert_allclose(data["surface_altitude"][:], field.ground_m + 200.0, rtol=1e-6)


def test_netcdf_and_zarr_hold_the_same(tmp_path: Path) -> None:
    field = a_field()
    nc = write_netcdf(field, tmp_path / "a.nc", program=PROGRAM, made_ms=MADE_MS)
    store = write_zarr(field, tmp_path / "a.zarr", program=PROGRAM, made_ms=MADE_MS)
    with xr.open_dataset(nc) as one, xr.open_zarr(store, zarr_format=2) as other:
        xr.testing.assert_equal(one, other)
        np.testing.assert_allclose(one["so2_conc"], field.values.astype(np.float32))
        assert str(one["time"].values[1])[:19] == "2001-09-09T01:56:40"
        assert float(one["longitude"][0, 0]) == pytest.approx(117.0, abs=0.01)
        assert one.attrs["origin"] == other.attrs["origin"] == "simulated"
    assert zarr.open(store, zarr_format=2)["so2_conc"].attrs["units"] == "kg m-3"


def test_substances_without_a_cf_name_have_none(tmp_path: Path) -> None:
    path = write_netcdf(a_field(substance_id="hf"), tmp_path / "a.nc", program=PROGRAM, made_ms=MADE_MS)
    with netCDF4.Dataset(path) as data:
        assert "standard_name" not in data["hf_conc"].ncattrs()
        assert data["hf_conc"].long_name == "mass concentration of hf in air"
        assert data.cas_number == "7664-39-3"


def test_a_field_without_a_place_is_still_netcdf(tmp_path: Path) -> None:
    field = a_field(frame=GeoFrame())
    path = write_netcdf(field, tmp_path / "a.nc", program=PROGRAM, made_ms=MADE_MS)
    with netCDF4.Dataset(path) as data:
        assert "crs" not in data.variables
        assert "standard_name" not in data["x"].ncattrs()
        assert "grid_mapping" not in data["so2_conc"].ncattrs()
    with pytest.raises(BadRequestError, match="longitude_deg"):
        write_cog(field, tmp_path / "a.tif", program=PROGRAM, made_ms=MADE_MS)


def test_cog_is_tiled_has_overviews_and_is_north_up(tmp_path: Path) -> None:
    field = a_field(nx=700, ny=600, nz=1)
    path = write_cog(field, tmp_path / "a.tif", program=PROGRAM, made_ms=MADE_MS)
    with rasterio.open(path) as data:
        assert data.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert data.block_shapes[0] == (256, 256)
        assert data.overviews(1) == [2, 4]
        assert data.crs.to_epsg() == 32650
        assert data.tags()["PARK_TWIN_ORIGIN"] == "simulated"
        assert data.units == ("kg m-3", "kg m-3")
        x, y = field.frame.easting_m + 25.0, field.frame.northing_m + 8.0
        row, col = data.index(x, y)
        here = field.values[0, 0, int((8.0 + 90.0) // 6.0), int((25.0 + 200.0) // 10.0)]
        assert data.read(1)[row, col] == pytest.approx(here, rel=1e-6)


def test_vti_keeps_every_cell(tmp_path: Path) -> None:
    field = a_field()
    read = pv.read(write_vti(field, tmp_path / "a.vti", program=PROGRAM, made_ms=MADE_MS, time=1))
    nt_nz_ny_nx = field.values.shape
    np.testing.assert_allclose(read["so2_conc"].reshape(nt_nz_ny_nx[1:]), field.values[1].astype(np.float32))
    place = read.find_containing_cell((15.0, 2.0, 5.0))
    j, i = int((2.0 + 90.0) // 6.0), int((15.0 + 200.0) // 10.0)
    assert read["so2_conc"][place] == np.float32(field.values[1, 1, j, i])
    assert read.field_data["origin"][0] == "simulated"
    np.testing.assert_allclose(read.field_data["ground_m"], field.ground_m.ravel(), rtol=1e-6)


def test_outline_of_a_gaussian_has_the_area_of_its_ellipse() -> None:
    x = y = np.linspace(-10.0, 10.0, 201)
    values = np.exp(-0.5 * (x[None, :] ** 2 / 4.0 + y[:, None] ** 2))
    for level in (0.1, 0.5, 0.9):
        exact = 2.0 * np.pi * 2.0 * np.log(1.0 / level)
        assert area_above(values, x, y, level).area == pytest.approx(exact, rel=1.2e-2)


def test_outlines_nest_and_hold_the_volume_under_the_field() -> None:
    rng = np.random.default_rng(7)
    x, y = np.arange(11.0), np.arange(9.0)
    values = rng.random((9, 11))
    steps = np.linspace(0.0, 1.0, 61)[1:]
    outlines = [area_above(values, x, y, level) for level in steps]
    assert all(part.is_valid for part in outlines)
    for lower, higher in zip(outlines[::10], outlines[10::10], strict=False):
        assert lower.buffer(1e-9).contains(higher)
    # The integral of the area over the level is the integral of the field: per cell, the mean of its corners.
    padded = np.pad(values, 1)
    corners = 0.25 * (padded[:-1, :-1] + padded[1:, :-1] + padded[:-1, 1:] + padded[1:, 1:])
    width, depth = (np.array([0.5, *([1.0] * n), 0.5]) for n in (10, 8))
    volume = float((corners * width * depth[:, None]).sum())
    whole = 11.0 * 9.0  # at level 0 everything
    areas = [whole, *(part.area for part in outlines)]
    assert np.trapezoid(areas, dx=1.0 / 60.0) == pytest.approx(volume, rel=2e-3)


def test_geojson_keeps_area_on_the_ellipsoid_and_turns_rings_right(tmp_path: Path) -> None:
    frame = GeoFrame(crs=TMERC, height_m=0.0)
    field = a_field(frame=frame)
    levels = (ContourLevel(name="low", value=1e-6), ContourLevel(name="high", value=5e-6))
    path = write_geojson(field, levels, tmp_path / "a.geojson", program=PROGRAM, made_ms=MADE_MS)
    body = json.loads(path.read_text())
    assert "crs" not in body  # RFC 7946, 4: always WGS 84
    assert body["park_twin"]["origin"] == "simulated"
    assert [row["properties"]["level"] for row in body["features"]] == ["low", "high", "low"]
    geod = Geod(ellps="WGS84")
    for row in body["features"]:
        geometry = shape(row["geometry"])
        assert geometry.is_valid
        area, _ = geod.geometry_area_perimeter(geometry)
        assert area == pytest.approx(row["properties"]["area_m2"], rel=2e-4)  # positive: counter-clockwise
        lon, lat = geometry.centroid.x, geometry.centroid.y
        assert (lon, lat) == pytest.approx((117.0 + 20.0 / 100_000.0, 26.2), abs=2e-4)
        assert row["properties"]["origin"] == "simulated"


def test_holes_run_clockwise() -> None:
    ring = np.hypot(*np.meshgrid(np.arange(-20.0, 20.0), np.arange(-15.0, 15.0)))
    values = np.where((ring > 4.0) & (ring < 10.0), 1.0, 0.0)
    field = a_field(nz=1, frame=GeoFrame(crs=TMERC))
    field = replace(field, values=np.broadcast_to(values, (2, 1, 30, 40)).copy())
    feature = contour_features(field, [ContourLevel(name="x", value=0.5)])[0]
    outer, hole = feature["geometry"]["coordinates"]
    assert shapely.LinearRing(outer).is_ccw
    assert not shapely.LinearRing(hole).is_ccw
    assert not feature["properties"]["cut_by_grid"]


@EDGES
def test_every_format_carries_every_origin(tmp_path: Path, origin: Origin) -> None:
    kinds = ("netcdf", "zarr", "cog", "vti", "geojson")
    field = a_field(nz=1, origin=origin)
    paths = write_fields([field], kinds, tmp_path, program=PROGRAM, made_ms=MADE_MS)
    assert len(paths) == 6  # one volume per time
    with xr.open_dataset(tmp_path / "case.so2.nc") as data:
        assert data.attrs["origin"] == origin.value
    with xr.open_zarr(tmp_path / "case.so2.zarr", zarr_format=2) as data:
        assert data.attrs["origin"] == origin.value
    with rasterio.open(tmp_path / "case.so2.tif") as data:
        assert data.tags()["PARK_TWIN_ORIGIN"] == origin.value
    for k in (0, 1):
        volume = pv.read(tmp_path / f"case.so2.{k}.vti")
        assert volume.field_data["origin"][0] == origin.value
    body = json.loads((tmp_path / "case.so2.geojson").read_text())
    assert {row["properties"]["origin"] for row in body["features"]} <= {origin.value}
    assert body["park_twin"]["origin"] == origin.value


def test_levels_are_those_of_an_hour() -> None:
    names = [row.name for row in levels_of("hf")]
    assert names == ["AEGL-1 60 min", "AEGL-2 60 min", "AEGL-3 60 min"]
    values = [row.value for row in levels_of("hf")]
    assert values == sorted(values)
    assert levels_of("tracer") == ()


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadRequestError, match="netcdf, zarr, cog, vti, geojson"):
        write_fields([a_field()], ["shapefile"], tmp_path, program=PROGRAM)
