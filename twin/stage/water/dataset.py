"""Fields of the water as a CF-1.11 dataset, for NetCDF and Zarr alike.

Dimensions time, layer, y, x. ``layer`` counts from 1 downward; the heights of its cells stand beside it
(``altitude`` of the centres, ``top`` and ``bottom``), for layers follow the strata. Horizontal coordinates
are those of the projection (grid_mapping ``crs``); without a place on the earth they are plain metres.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.core.geometry import FloatArray
from twin.stage.water.fields import WaterFields
from twin.stage.water.provenance import about

if TYPE_CHECKING:
    import xarray as xr

CONVENTIONS = "CF-1.11"
_CHUNK = 256


def to_dataset(fields: WaterFields, *, program: str, made_ms: int) -> xr.Dataset:
    """CF dataset: heads in float64, concentrations in float32, NaN where there is no water."""
    import xarray as xr

    place = {"grid_mapping": "crs"} if fields.frame.crs else {}
    data: dict[str, Any] = {}
    for name, (values, units) in fields.arrays.items():
        kind = np.float64 if name == "head" else np.float32
        attributes = {"units": units, "long_name": _long_name(name), "cell_methods": "time: point", **place}
        data[name] = (("time", "layer", "y", "x"), values.astype(kind), attributes)
    data |= _ground(fields, place)
    if fields.frame.crs:
        data["crs"] = ((), np.int32(0), _grid_mapping(fields.frame.crs))
    return xr.Dataset(
        data_vars=data,
        coords=_coordinates(fields),
        attrs={"Conventions": CONVENTIONS, **about(fields, program=program, made_ms=made_ms)},
    )


def write_netcdf(fields: WaterFields, path: Path, *, program: str, made_ms: int) -> Path:
    """Write a NetCDF-4 file, compressed; the path."""
    dataset = to_dataset(fields, program=program, made_ms=made_ms)
    encoding: dict[str, dict[str, Any]] = {
        str(name): {"_FillValue": None} for name in (*dataset.data_vars, *dataset.coords)
    }
    nl, nr, nc = fields.grid.shape
    for name in fields.arrays:
        encoding[name] = {
            "_FillValue": np.nan,
            "zlib": True,
            "complevel": 4,
            "shuffle": True,
            "chunksizes": (1, nl, min(nr, _CHUNK), min(nc, _CHUNK)),
        }
    dataset.to_netcdf(path, engine="netcdf4", encoding=encoding)
    return path


def write_zarr(fields: WaterFields, path: Path, *, program: str, made_ms: int) -> Path:
    """Write a Zarr store (format 2, which all readers know) at a folder; the path."""
    dataset = to_dataset(fields, program=program, made_ms=made_ms)
    nl, nr, nc = fields.grid.shape
    chunks = {name: {"chunks": (1, nl, min(nr, _CHUNK), min(nc, _CHUNK))} for name in fields.arrays}
    dataset.to_zarr(path, mode="w", zarr_format=2, consolidated=True, encoding=chunks)
    return path


def _long_name(name: str) -> str:
    if name == "head":
        return "hydraulic head over the vertical datum"
    return f"concentration of {name.removeprefix('conc_')} dissolved in groundwater"


def _ground(fields: WaterFields, place: dict[str, str]) -> dict[str, Any]:
    grid = fields.grid
    edges = {"x": _edges(grid.x0_m + fields.frame.easting_m, grid.dx_m)}
    edges["y"] = _edges(grid.y0_m + fields.frame.northing_m, grid.dy_m)
    altitude = {"units": "m", "positive": "up", **place}
    found: dict[str, Any] = {
        "top": (("y", "x"), grid.top_m, {"long_name": "top of the uppermost layer", **altitude}),
        "bottom": (("layer", "y", "x"), grid.bottom_m, {"long_name": "bottom of the layer", **altitude}),
        "domain": (
            ("layer", "y", "x"),
            grid.domain,
            {
                "long_name": "state of the cell",
                "flag_values": np.array([-1, 0, 1], dtype=np.int8),
                "flag_meanings": "pinched_out inactive active",
                **place,
            },
        ),
    }
    for axis, values in edges.items():
        found[f"{axis}_bounds"] = ((axis, "bound"), np.stack([values[:-1], values[1:]], axis=1))
    return found


def _edges(start: float, widths: FloatArray) -> FloatArray:
    return np.asarray(start + np.concatenate([[0.0], np.cumsum(widths)]))


def _coordinates(fields: WaterFields) -> dict[str, Any]:
    grid, frame = fields.grid, fields.frame
    x_about = {"units": "m", "axis": "X", "long_name": "x to the east", "bounds": "x_bounds"}
    y_about = {"units": "m", "axis": "Y", "long_name": "y to the north", "bounds": "y_bounds"}
    if frame.crs:
        x_about["standard_name"] = "projection_x_coordinate"
        y_about["standard_name"] = "projection_y_coordinate"
    layer = {
        "units": "1",
        "axis": "Z",
        "positive": "down",
        "standard_name": "model_level_number",
        "long_name": "layer, counted from the top",
    }
    altitude = {
        "units": "m",
        "positive": "up",
        "standard_name": "altitude",
        "long_name": "height of the middle of the cell over the vertical datum",
    }
    time = {"units": "s", "axis": "T", "long_name": "time since the start of the run"}
    seconds = np.asarray(fields.times_s, dtype=np.float64)
    if fields.start_ms is not None:
        seconds = seconds + fields.start_ms / 1000.0
        time = {
            "units": "seconds since 1970-01-01 00:00:00",
            "calendar": "standard",
            "axis": "T",
            "standard_name": "time",
            "long_name": "time, UTC",
        }
    return {
        "time": (("time",), seconds, time),
        "layer": (("layer",), np.arange(1, grid.shape[0] + 1, dtype=np.int32), layer),
        "y": (("y",), grid.y_m + frame.northing_m, y_about),
        "x": (("x",), grid.x_m + frame.easting_m, x_about),
        "altitude": (("layer", "y", "x"), grid.z_m, altitude),
    }


def _grid_mapping(crs: str) -> dict[str, Any]:
    from pyproj import CRS

    return {key: value for key, value in CRS.from_user_input(crs).to_cf().items() if value is not None}
