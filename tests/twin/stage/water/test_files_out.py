"""Fields of the water leave the house whole: read back by other programs, with place, units and origin."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import netCDF4
import numpy as np
import pyogrio
import pytest
import pyvista as pv
import rasterio
import xarray as xr
import zarr
from pyproj import CRS

from models.water.grid import Grid, regular_grid
from twin.core.errors import BadRequestError
from twin.core.geometry import FloatArray
from twin.core.origin import Origin
from twin.stage.water.fields import WaterFields, WaterFrame
from twin.stage.water.files import FORMATS, write_fields
from twin.stage.water.gpkg import MapPoint, write_gpkg

PROGRAM, MADE_MS, START_MS = "Park Twin 0", 1_700_000_000_000, 1_600_000_000_000
PLACE = WaterFrame(crs="EPSG:32650", easting_m=500_000.0, northing_m=2_900_000.0)
DAY = 86400.0


def layered() -> Grid:
    """Three sloping layers over cells of different widths, one of them inactive, one pinched out."""
    top = 10.0 - 0.1 * np.arange(8)[None, :] + 0.05 * np.arange(6)[:, None]
    bottom = top[None] - np.cumsum([2.0, 3.0, 4.0])[:, None, None]
    bottom[1, 2, 3] = bottom[0, 2, 3]
    domain = np.ones((3, 6, 8), dtype=np.int8)
    domain[0, 0, 0] = 0
    domain[1, 2, 3] = -1
    dx = np.array([10.0, 10.0, 5.0, 5.0, 5.0, 10.0, 20.0, 20.0])
    return Grid(
        dx_m=dx, dy_m=np.full(6, 10.0), top_m=top, bottom_m=bottom, domain=domain, x0_m=-40.0, y0_m=7.0
    )


def plume(grid: Grid) -> FloatArray:
    """(2, nl, nr, nc), moving east, deeper layers thinner; NaN where there is no water."""
    x, y = grid.x_m[None, None, :], grid.y_m[None, :, None]
    found = [
        1e-3 * np.exp(-((x - at) ** 2) / 400.0 - (y - 30.0) ** 2 / 200.0) / (1 + np.arange(3)[:, None, None])
        for at in (-20.0, 0.0)
    ]
    return np.where(grid.active, np.stack(found), np.nan)


def some(grid: Grid | None = None, **changes: object) -> WaterFields:
    own = grid or layered()
    head = np.where(own.active, 9.0 - 0.01 * own.x_m + np.zeros((2, *own.shape)), np.nan)
    head[1] -= 0.25
    made = WaterFields(
        id="leak",
        grid=own,
        times_s=np.array([DAY, 30 * DAY]),
        head_m=head,
        concs_kg_m3={"benzene": plume(own)},
        origin=Origin.MODELLED,
        solver="water",
        version="1",
        frame=PLACE,
        start_ms=START_MS,
        inputs=("wells w1", "case leak"),
        notes=("outside validity: something",),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def write(fields: WaterFields, kind: str, folder: Path) -> tuple[Path, ...]:
    return write_fields(fields, [kind], folder, program=PROGRAM, made_ms=MADE_MS)


def test_netcdf_is_read_by_xarray_and_netcdf4_with_layers_place_and_times(tmp_path: Path) -> None:
    fields = some()
    (path,) = write(fields, "netcdf", tmp_path)
    with xr.open_dataset(path) as found:
        assert dict(found.sizes) == {"time": 2, "layer": 3, "y": 6, "x": 8, "bound": 2}
        np.testing.assert_array_equal(found["head"].values, fields.head_m)
        np.testing.assert_allclose(found["conc_benzene"], fields.concs_kg_m3["benzene"], rtol=1e-6)
        assert found["time"].values[1] == np.datetime64(START_MS + 30 * 86_400_000, "ms")
        assert found["layer"].attrs["positive"] == "down"
        assert float(found["x"][0]) == 500_000.0 - 35.0
        assert float(found["y"][0]) == 2_900_000.0 + 12.0
        assert float(found["y"][1] - found["y"][0]) > 0.0  # rows from the south
        np.testing.assert_allclose(found["altitude"], fields.grid.z_m)
        assert found.attrs["Conventions"] == "CF-1.11"
        assert found.attrs["origin"] == "modelled"
        assert "wells w1" in found.attrs["inputs"]
        assert CRS.from_cf(found["crs"].attrs).to_epsg() == 32650
    with netCDF4.Dataset(path) as plain:
        assert plain["conc_benzene"].units == "kg m-3"
        assert plain["domain"][1, 2, 3] == -1


def test_zarr_holds_the_same(tmp_path: Path) -> None:
    fields = some()
    (path,) = write(fields, "zarr", tmp_path)
    group = zarr.open_group(path, mode="r")
    np.testing.assert_array_equal(np.asarray(group["head"]), fields.head_m)
    assert group.attrs["origin_statement"] == "modelled: computed, not measured"
    with xr.open_zarr(path) as found:
        np.testing.assert_allclose(found["bottom"], fields.grid.bottom_m)


@pytest.mark.parametrize(
    ("grid", "suffix"),
    [
        (regular_grid((3, 6, 8), dx_m=10.0, dy_m=5.0, thickness_m=2.0, top_m=10.0), ".vti"),
        (regular_grid((3, 6, 8), dx_m=10.0, dy_m=5.0, thickness_m=np.array([1.0, 2.0, 4.0])), ".vtr"),
        (layered(), ".vts"),
    ],
    ids=("even", "level", "sloping"),
)
def test_volumes_hold_every_cell_at_its_place(tmp_path: Path, grid: Grid, suffix: str) -> None:
    fields = some(grid)
    paths = write(fields, "vtk", tmp_path)
    assert [path.suffix for path in paths] == [suffix] * 2
    mesh = pv.read(paths[1])
    assert mesh.n_cells == 3 * 6 * 8
    centres = mesh.cell_centers().points
    for cell in ((0, 1, 1), (2, 5, 7), (1, 3, 2)):
        at = np.array([grid.x_m[cell[2]], grid.y_m[cell[1]], grid.z_m[cell]])
        # A sloping cell is a hexahedron; its corners lie between the steps of the layers.
        near = int(np.argmin(np.linalg.norm(centres - at, axis=1)))
        assert np.abs(centres[near] - at).max() < 0.6
        assert mesh.cell_data["head"][near] == pytest.approx(fields.head_m[(1, *cell)], rel=1e-6)
        expected = fields.concs_kg_m3["benzene"][(1, *cell)]
        assert mesh.cell_data["conc_benzene"][near] == pytest.approx(expected, rel=1e-6)
    assert str(mesh.field_data["origin"][0]) == "modelled"
    assert str(mesh.field_data["crs"][0]) == "EPSG:32650"
    assert str(mesh.field_data["time"][0]).startswith("2020-10-13")


def test_maps_lie_where_the_cells_lie(tmp_path: Path) -> None:
    fields = some()
    paths = write(fields, "cog", tmp_path)
    assert len(paths) == 6
    path = tmp_path / "leak.conc_benzene.layer1.tif"
    with rasterio.open(path) as raster:
        assert raster.count == 2
        assert raster.crs.to_epsg() == 32650
        assert raster.res == (5.0, 10.0)
        assert raster.tags()["PARK_TWIN_ORIGIN"] == "modelled"
        assert raster.tags()["LAYER"] == "1"
        assert "2020-09-14" in raster.descriptions[0]
        grid = fields.grid
        places = [(500_000.0 + grid.x_m[j], 2_900_000.0 + grid.y_m[i]) for i, j in ((1, 1), (5, 7), (3, 2))]
        seen = [float(value[1]) for value in raster.sample(places)]
        plane = fields.concs_kg_m3["benzene"][1, 0]
        assert seen == pytest.approx([plane[1, 1], plane[5, 7], plane[3, 2]], rel=1e-6)
        # The inactive corner in the south-west holds nothing.
        assert np.isnan(next(raster.sample([(500_000.0 + grid.x_m[0], 2_900_000.0 + grid.y_m[0])]))[0])


def test_a_geopackage_holds_fronts_wells_targets_and_paths(tmp_path: Path) -> None:
    fields = some()
    path = write_gpkg(
        fields,
        tmp_path / "leak.gpkg",
        program=PROGRAM,
        made_ms=MADE_MS,
        levels_kg_m3=[1e-4],
        wells=[MapPoint(id="w1", x_m=3.0, y_m=4.0, columns={"level_m": 8.5})],
        targets=[MapPoint(id="river", x_m=50.0, y_m=4.0)],
        paths=[np.array([[0.0, 10.0, 5.0], [10.0, 11.0, 4.0]])],
    )
    assert {row[0] for row in pyogrio.list_layers(path)} == {
        "fronts",
        "wells",
        "targets",
        "pathlines",
        "about",
    }
    fronts = gpd.read_file(path, layer="fronts")
    assert fronts.crs.to_epsg() == 32650
    assert list(fronts["substance"]) == ["benzene", "benzene"]
    # exp(-x^2/400 - y^2/200) = 0.1: an ellipse with half axes 20 sqrt(ln 10) and sqrt(200 ln 10).
    area = np.pi * np.log(10.0) * 20.0 * np.sqrt(200.0)
    assert float(fronts["area_m2"].iloc[1]) == pytest.approx(area, rel=0.15)
    assert fronts.geometry.iloc[1].centroid.x == pytest.approx(500_000.0, abs=3.0)
    wells = gpd.read_file(path, layer="wells")
    assert (wells.geometry.iloc[0].x, wells["level_m"].iloc[0]) == (500_003.0, 8.5)
    about = pyogrio.read_dataframe(path, layer="about").set_index("name")["text"]
    assert about["origin"] == "modelled"


def test_every_format_says_where_it_comes_from_when_simulated(tmp_path: Path) -> None:
    fields = some(origin=Origin.SIMULATED)
    write_fields(fields, FORMATS, tmp_path, program=PROGRAM, made_ms=MADE_MS)
    with xr.open_dataset(tmp_path / "leak.nc") as found:
        assert found.attrs["origin_statement"].startswith("SIMULATED")
    with rasterio.open(tmp_path / "leak.head.layer2.tif") as raster:
        assert raster.tags()["PARK_TWIN_ORIGIN"] == "simulated"
    assert str(pv.read(tmp_path / "leak.0.vts").field_data["origin"][0]) == "simulated"
    assert set(gpd.read_file(tmp_path / "leak.gpkg", layer="fronts")["origin"]) == {"simulated"}


def test_a_run_without_a_start_counts_seconds(tmp_path: Path) -> None:
    (path,) = write(some(start_ms=None, frame=WaterFrame()), "netcdf", tmp_path)
    with netCDF4.Dataset(path) as plain:
        assert plain["time"].units == "s"
        assert list(plain["time"][:]) == [DAY, 30 * DAY]
        assert "crs" not in plain.variables


@pytest.mark.parametrize("kind", ["cog", "gpkg"])
def test_maps_need_a_place(tmp_path: Path, kind: str) -> None:
    with pytest.raises(BadRequestError, match="place on the earth") as caught:
        write(some(frame=WaterFrame()), kind, tmp_path)
    assert "地理位置" in caught.value.message_zh


def test_wrong_shapes_and_unknown_formats_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadRequestError, match="shape"):
        some(head_m=np.zeros((1, 3, 6, 8)))
    with pytest.raises(BadRequestError, match="shapefile"):
        write(some(), "shapefile", tmp_path)
