"""Stored plume frames of the running park as fields, so that they leave in the same formats as cases."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np

from gis.terrain import Terrain
from models.air.case.result import AirField, GeoFrame
from twin.core.errors import StoreError
from twin.core.geometry import FloatArray
from twin.core.plume import PlumeGrid
from twin.stage.encode import DECADES, VolumeFile, decode_grid, decode_plume

if TYPE_CHECKING:
    from twin.core.geometry import FrameOrigin
    from twin.store.rows import PlumeRow

_CODED = f"stored in logarithmic steps over {DECADES} decades; smaller values are 0"


def field_of_frame(row: PlumeRow, body: bytes, terrain: Terrain, epsg: int, origin: FrameOrigin) -> AirField:
    """Field of one stored frame: ``body`` is its uncompressed ``.twv`` file. Raises StoreError."""
    volume = _decoded(body, row)
    return AirField(
        id=f"{row.substance_id}-{row.run}-{row.k}",
        quantity="conc_kg_m3",
        units="kg/m3",
        substance_id=row.substance_id,
        times_ms=(row.time_ms,),
        grid=volume.grid,
        values=volume.conc_kg_m3[None].astype(np.float64),
        ground_m=_ground(terrain, volume.grid),
        frame=GeoFrame(
            crs=f"EPSG:{epsg}",
            easting_m=origin.easting_m,
            northing_m=origin.northing_m,
            height_m=origin.height_m,
        ),
        solver=row.solver,
        version=_version(row),
        origin=row.origin,
        inputs=row.inputs,
        notes=(*row.notes, _CODED),
        title=f"{row.substance_id} now-cast",
    )


def terrain_of_heights(body: bytes) -> Terrain:
    """Coarse terrain of a scene bundle's ``heights.twg``. Raises StoreError."""
    try:
        grid = decode_grid(body)
        return Terrain(grid.bands[0], grid.x0_m, grid.y0_m, grid.dx_m)
    except (struct.error, ValueError, IndexError) as error:
        raise StoreError(
            f"heights.twg cannot be read: {error}",
            message_zh=f"heights.twg 无法读取：{error}",
            field="heights",
        ) from None


def _decoded(body: bytes, row: PlumeRow) -> VolumeFile:
    try:
        return decode_plume(body)
    except (struct.error, ValueError, ZeroDivisionError) as error:
        raise StoreError(
            f"plume frame {row.run}/{row.k} cannot be read: {error}",
            message_zh=f"羽流帧 {row.run}/{row.k} 无法读取：{error}",
            field="k",
            value=row.k,
        ) from None


def _ground(terrain: Terrain, grid: PlumeGrid) -> FloatArray:
    """Ground under the cells' centres; beyond the terrain the level of its edge."""
    x = grid.x_min_m + (np.arange(grid.nx) + 0.5) * grid.dx_m
    y = grid.y_min_m + (np.arange(grid.ny) + 0.5) * grid.dy_m
    extent = terrain.extent
    x = np.clip(x, extent.x_min_m, extent.x_max_m)
    y = np.clip(y, extent.y_min_m, extent.y_max_m)
    return np.asarray(terrain.height(x[None, :], y[:, None]), dtype=np.float64)


def _version(row: PlumeRow) -> str:
    """Version of the solver, which the inputs name as ``<solver>/<version>``."""
    mark = f"{row.solver}/"
    return next((text.removeprefix(mark) for text in row.inputs if text.startswith(mark)), "")
