"""Ground maps as cloud-optimised GeoTIFF: the lowest layer, one band per time."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from models.air.case.result import AirField
from twin.core.clock import to_datetime
from twin.core.errors import BadRequestError
from twin.stage.air.provenance import about
from twin.stage.air.quantities import cf_name

TILE = 256


def write_cog(field: AirField, path: Path, *, program: str, made_ms: int, layer: int = 0) -> Path:
    """Write the layer of a field, north up, float32, tiles of 256 with overviews by mean.

    Raises BadRequestError for a field that has no place on the earth.
    """
    from rasterio.io import MemoryFile
    from rasterio.transform import Affine

    require_place(field, "GeoTIFF")
    grid = field.grid
    west = grid.x_min_m + field.frame.easting_m
    north = grid.y_min_m + grid.ny * grid.dy_m + field.frame.northing_m
    name = cf_name(field)
    tags = {
        f"PARK_TWIN_{key.upper()}": value
        for key, value in about(field, program=program, made_ms=made_ms).items()
    }
    low, high = layer * grid.dz_m, (layer + 1) * grid.dz_m
    with MemoryFile() as memory:
        with memory.open(
            driver="COG", width=grid.nx, height=grid.ny, count=len(field.times_ms), dtype="float32",
            crs=_crs(field), transform=Affine(grid.dx_m, 0.0, west, 0.0, -grid.dy_m, north), nodata=np.nan,
            compress="DEFLATE", predictor="YES", blocksize=TILE, overview_resampling="AVERAGE",
        ) as dataset:  # fmt: skip
            dataset.write(field.values[:, layer, ::-1, :].astype(np.float32))
            dataset.update_tags(**tags, LAYER_HEIGHT_M=f"{low:g}..{high:g} above ground")
            dataset.units = (name.units,) * len(field.times_ms)
            for band, time in enumerate(field.times_ms, start=1):
                dataset.set_band_description(band, f"{name.variable} {to_datetime(time):%Y-%m-%dT%H:%M:%SZ}")
        path.write_bytes(memory.read())
    return path


def require_place(field: AirField, what: str) -> None:
    """BadRequestError unless the field's frame lies somewhere on the earth."""
    if not field.frame.crs:
        raise BadRequestError(
            f"{what} needs a place on the earth: longitude_deg and latitude_deg, epsg, or a DEM",
            message_zh=f"{what} 需要地理位置；请在案例中给出 longitude_deg 与 latitude_deg、epsg 或 DEM",
            field="site",
            value=field.id,
        )


def _crs(field: AirField) -> str:
    from pyproj import CRS

    return str(CRS.from_user_input(field.frame.crs).to_wkt("WKT2_2019"))
