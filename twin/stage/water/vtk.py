"""Volumes for ParaView and its like: .vti for even cells, .vtr for level layers, .vts where layers slope.

Cells in local metres, heights over the vertical datum, x first, then y, then z from the bottom up.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from models.water.grid import Grid
from twin.core.geometry import FloatArray
from twin.stage.water.fields import WaterFields
from twin.stage.water.provenance import about, moment

if TYPE_CHECKING:
    import pyvista as pv

_EVEN = 1e-9


def write_vtk(fields: WaterFields, folder: Path, *, program: str, made_ms: int) -> tuple[Path, ...]:
    """Write one file per time, ``<id>.<k>.vti``, ``.vtr`` or ``.vts``; the paths.

    Every file holds all fields and the state of cells as cell data, the provenance as field data. Sloping
    layers become hexahedra whose corners are the means of the cells around them.
    """
    suffix = kind_of(fields.grid)
    paths = []
    for n in range(len(fields.times_s)):
        mesh = _mesh(fields.grid, suffix)
        for name, (values, _) in fields.arrays.items():
            mesh.cell_data[name] = _upward(values[n]).astype(np.float32)
        mesh.cell_data["domain"] = _upward(fields.grid.domain)
        texts = {
            **about(fields, program=program, made_ms=made_ms),
            "units": "; ".join(f"{name} {units}" for name, (_, units) in fields.arrays.items()),
            "crs": fields.frame.crs,
            "time": moment(fields, n),
        }
        mesh.field_data["frame_easting_northing_m"] = np.array(
            [fields.frame.easting_m, fields.frame.northing_m]
        )
        for key, value in texts.items():
            mesh.field_data[key] = [value or "-"]
        path = folder / f"{fields.id}.{n}{suffix}"
        mesh.save(path)
        paths.append(path)
    return tuple(paths)


def kind_of(grid: Grid) -> str:
    """Suffix of the plainest kind of VTK file that holds a grid as it is."""
    level = all(float(np.ptp(surface)) <= _EVEN for surface in (grid.top_m, *grid.bottom_m))
    if not level:
        return ".vts"
    widths = (grid.dx_m, grid.dy_m, grid.thickness_m[:, 0, 0])
    even = all(float(np.ptp(width)) <= _EVEN * float(width[0]) for width in widths)
    return ".vti" if even else ".vtr"


def _mesh(grid: Grid, suffix: str) -> pv.DataSet:
    import pyvista as pv

    x = grid.x0_m + np.concatenate([[0.0], np.cumsum(grid.dx_m)])
    y = grid.y0_m + np.concatenate([[0.0], np.cumsum(grid.dy_m)])
    if suffix == ".vts":
        surfaces = np.concatenate([grid.top_m[None], grid.bottom_m])[::-1]
        z = np.stack([_corners(surface) for surface in surfaces])
        points = np.broadcast_arrays(x[None, None, :], y[None, :, None], z)
        # Points of a structured grid run through x first, as numpy's last axis does here.
        return pv.StructuredGrid(*(np.ascontiguousarray(part.transpose(2, 1, 0)) for part in points))
    z = np.concatenate([[grid.top_m[0, 0]], grid.bottom_m[:, 0, 0]])[::-1]
    if suffix == ".vtr":
        return pv.RectilinearGrid(x, y, z)
    return pv.ImageData(
        dimensions=(len(x), len(y), len(z)),
        spacing=(float(grid.dx_m[0]), float(grid.dy_m[0]), float(z[1] - z[0])),
        origin=(float(x[0]), float(y[0]), float(z[0])),
    )


def _upward(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Cells from the lowest layer up, x first."""
    return np.asarray(values[::-1]).ravel()


def _corners(surface: FloatArray) -> FloatArray:
    """Heights (nr + 1, nc + 1) of corners: means of the cells around them."""
    padded = np.pad(surface, 1, mode="edge")
    return np.asarray(0.25 * (padded[:-1, :-1] + padded[1:, :-1] + padded[:-1, 1:] + padded[1:, 1:]))
