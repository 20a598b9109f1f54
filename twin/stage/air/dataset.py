"""A field as a CF-1.11 dataset, for NetCDF and Zarr alike.

Dimensions time, z, y, x. Horizontal coordinates are those of the projection (grid_mapping ``crs``, with
longitude and latitude of every cell beside them); without a place on the earth they are plain metres. The
vertical coordinate is the height above the ground of ``surface_altitude``.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from models.air.case.result import AirField
from twin.core.errors import BadRequestError
from twin.core.geometry import FloatArray
from twin.stage.air.provenance import about
from twin.stage.air.quantities import cf_name

if TYPE_CHECKING:
    import xarray as xr

CONVENTIONS = "CF-1.11"
_CHUNK = 256


def cell_edges(field: AirField) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Edges of the cells in local x, local y and height, (n + 1,) each."""
    grid = field.grid
    return (
        np.asarray(grid.x_min_m + np.arange(grid.nx + 1) * grid.dx_m, dtype=np.float64),
        np.asarray(grid.y_min_m + np.arange(grid.ny + 1) * grid.dy_m, dtype=np.float64),
        np.asarray(np.arange(grid.nz + 1) * grid.dz_m, dtype=np.float64),
    )


def to_dataset(field: AirField, *, program: str, made_ms: int) -> xr.Dataset:
    """CF dataset of a field; values are float32. Raises BadRequestError when shapes do not fit the grid."""
    import xarray as xr

    _require_shape(field)
    name = cf_name(field)
    edges_x, edges_y, edges_z = cell_edges(field)
    east, north = field.frame.easting_m, field.frame.northing_m
    has_crs = bool(field.frame.crs)
    attributes = {"long_name": name.long_name, "units": name.units, "cell_methods": name.cell_methods}
    if name.standard_name:
        attributes["standard_name"] = name.standard_name
    if field.averaged_s:
        attributes["comment"] = f"mean over {field.averaged_s:g} s of an ensemble of realisations"
    ground = {"long_name": "height of the ground over the vertical datum", "units": "m"}
    ground["standard_name"] = "surface_altitude"
    if has_crs:
        attributes["grid_mapping"] = ground["grid_mapping"] = "crs"
    altitude = (field.ground_m + field.frame.height_m).astype(np.float32)
    data: dict[str, Any] = {
        name.variable: (("time", "z", "y", "x"), field.values.astype(np.float32), attributes),
        "surface_altitude": (("y", "x"), altitude, ground),
        "z_bounds": (("z", "bound"), _pairs(edges_z)),
        "y_bounds": (("y", "bound"), _pairs(edges_y + north)),
        "x_bounds": (("x", "bound"), _pairs(edges_x + east)),
    }
    if has_crs:
        data["crs"] = ((), np.int32(0), _grid_mapping(field.frame.crs))
    return xr.Dataset(
        data_vars=data,
        coords=_coordinates(field, _middles(edges_x) + east, _middles(edges_y) + north, _middles(edges_z)),
        attrs={"Conventions": CONVENTIONS, **about(field, program=program, made_ms=made_ms)},
    )


def write_netcdf(field: AirField, path: Path, *, program: str, made_ms: int) -> Path:
    """Write a NetCDF-4 file, compressed; the path."""
    dataset = to_dataset(field, program=program, made_ms=made_ms)
    variable = cf_name(field).variable
    nt, nz, ny, nx = field.values.shape
    encoding: dict[str, dict[str, Any]] = {
        str(name): {"_FillValue": None} for name in (*dataset.data_vars, *dataset.coords)
    }
    encoding[variable] |= {
        "zlib": True,
        "complevel": 4,
        "shuffle": True,
        "chunksizes": (1, nz, min(ny, _CHUNK), min(nx, _CHUNK)),
    }
    dataset.to_netcdf(path, engine="netcdf4", encoding=encoding)
    return path


def write_zarr(field: AirField, path: Path, *, program: str, made_ms: int) -> Path:
    """Write a Zarr store (format 2, which all readers know) at a folder; the path."""
    dataset = to_dataset(field, program=program, made_ms=made_ms)
    _, nz, ny, nx = field.values.shape
    chunks = {cf_name(field).variable: {"chunks": (1, nz, min(ny, _CHUNK), min(nx, _CHUNK))}}
    dataset.to_zarr(path, mode="w", zarr_format=2, consolidated=True, encoding=chunks)
    return path


def _coordinates(field: AirField, x: FloatArray, y: FloatArray, z: FloatArray) -> dict[str, Any]:
    has_crs = bool(field.frame.crs)
    x_about = {"units": "m", "axis": "X", "long_name": "x to the east", "bounds": "x_bounds"}
    y_about = {"units": "m", "axis": "Y", "long_name": "y to the north", "bounds": "y_bounds"}
    if has_crs:
        x_about["standard_name"], y_about["standard_name"] = (
            "projection_x_coordinate",
            "projection_y_coordinate",
        )
    z_about = {
        "units": "m",
        "axis": "Z",
        "positive": "up",
        "standard_name": "height",
        "long_name": "height above the ground",
        "bounds": "z_bounds",
    }
    time_about = {
        "units": "seconds since 1970-01-01 00:00:00",
        "calendar": "standard",
        "axis": "T",
        "standard_name": "time",
        "long_name": "time, UTC",
    }
    seconds = np.array(field.times_ms, dtype=np.float64) / 1000.0
    found: dict[str, Any] = {
        "time": (("time",), seconds, time_about),
        "z": (("z",), z, z_about),
        "y": (("y",), y, y_about),
        "x": (("x",), x, x_about),
    }
    if has_crs:
        lon, lat = _lonlat(field.frame.crs, x, y)
        lon_about = {"units": "degrees_east", "standard_name": "longitude", "long_name": "longitude, WGS 84"}
        lat_about = {"units": "degrees_north", "standard_name": "latitude", "long_name": "latitude, WGS 84"}
        found |= {"longitude": (("y", "x"), lon, lon_about), "latitude": (("y", "x"), lat, lat_about)}
    return found


def _grid_mapping(crs: str) -> dict[str, Any]:
    from pyproj import CRS

    return {key: value for key, value in CRS.from_user_input(crs).to_cf().items() if value is not None}


def _lonlat(crs: str, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    from pyproj import Transformer

    move = Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    lon, lat = move.transform(*np.meshgrid(x, y))
    return np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)


def _pairs(edges: FloatArray) -> FloatArray:
    return np.stack([edges[:-1], edges[1:]], axis=1)


def _middles(edges: FloatArray) -> FloatArray:
    return np.asarray(0.5 * (edges[:-1] + edges[1:]))


def _require_shape(field: AirField) -> None:
    grid = field.grid
    expected = (len(field.times_ms), grid.nz, grid.ny, grid.nx)
    shapes = (field.values.shape, field.ground_m.shape)
    if field.values.shape != expected or field.ground_m.shape != (grid.ny, grid.nx):
        raise BadRequestError(
            f"field {field.id} has shapes {shapes}; expected {expected}",
            message_zh=f"场 {field.id} 形状为 {shapes}；应为 {expected}",
            field="values",
            value=field.values.shape,
        )
