"""Volumes for ParaView and its like: VTK image data (.vti), cells in local metres and height above ground."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from models.air.case.result import AirField
from twin.core.clock import to_datetime
from twin.stage.air.provenance import about
from twin.stage.air.quantities import cf_name


def write_vti(field: AirField, path: Path, *, program: str, made_ms: int, time: int = 0) -> Path:
    """Write one time of a field as cell data, with its provenance as field data.

    Heights are above ground: ``ground_m`` (ny, nx), row 0 = south, lies beside as field data.
    """
    import pyvista as pv

    grid = field.grid
    image = pv.ImageData(
        dimensions=(grid.nx + 1, grid.ny + 1, grid.nz + 1),
        spacing=(grid.dx_m, grid.dy_m, grid.dz_m),
        origin=(grid.x_min_m, grid.y_min_m, 0.0),
    )
    name = cf_name(field)
    # VTK runs through x first, then y, then z: a C-ordered (z, y, x) array is that already.
    image.cell_data[name.variable] = field.values[time].astype(np.float32).ravel()
    image.field_data["ground_m"] = field.ground_m.astype(np.float32).ravel()
    image.field_data["frame_easting_northing_height_m"] = np.array(
        [field.frame.easting_m, field.frame.northing_m, field.frame.height_m]
    )
    texts = {
        **about(field, program=program, made_ms=made_ms),
        "units": name.units,
        "crs": field.frame.crs,
        "time": f"{to_datetime(field.times_ms[time]):%Y-%m-%dT%H:%M:%SZ}",
    }
    for key, value in texts.items():
        image.field_data[key] = [value or "-"]
    image.save(path)
    return path
