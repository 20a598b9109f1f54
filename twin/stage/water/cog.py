"""Maps as cloud-optimised GeoTIFF: one file per field and layer, one band per time."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from models.water.grid import Grid, IntArray
from twin.core.geometry import FloatArray
from twin.stage.water.fields import WaterFields
from twin.stage.water.provenance import about, moment, require_place

TILE = 256
_MOST = 4096


def write_cogs(fields: WaterFields, folder: Path, *, program: str, made_ms: int) -> tuple[Path, ...]:
    """Write ``<id>.<field>.layer<k>.tif``, north up, float32, NaN where there is no water; the paths.

    Cells of different widths are cut into pixels of the narrowest (at most 4096 along a side), each with the
    value of the cell that holds its middle. Raises BadRequestError without a place on the earth.
    """
    require_place(fields, "GeoTIFF")
    paths = []
    for name, (values, units) in fields.arrays.items():
        for k in range(fields.grid.shape[0]):
            path = folder / f"{fields.id}.{name}.layer{k + 1}.tif"
            _write(
                fields, values[:, k], name, units, k, path, about(fields, program=program, made_ms=made_ms)
            )
            paths.append(path)
    return tuple(paths)


def pixels(grid: Grid) -> tuple[IntArray, IntArray, float, float]:
    """Rows and columns of cells under the pixels, from south and west, and the pixels' widths (x, y)."""
    columns, step_x = _along(grid.dx_m)
    rows, step_y = _along(grid.dy_m)
    return rows, columns, step_x, step_y


def _along(widths: FloatArray) -> tuple[IntArray, float]:
    length = float(widths.sum())
    count = min(round(length / float(widths.min())), _MOST)
    step = length / count
    middles = (np.arange(count) + 0.5) * step
    return np.minimum(np.searchsorted(np.cumsum(widths), middles), len(widths) - 1).astype(np.int64), step


def _write(
    fields: WaterFields,
    values: FloatArray,
    name: str,
    units: str,
    layer: int,
    path: Path,
    attributes: dict[str, str],
) -> None:
    from pyproj import CRS
    from rasterio.io import MemoryFile
    from rasterio.transform import Affine

    grid, frame = fields.grid, fields.frame
    rows, columns, step_x, step_y = pixels(grid)
    bands = values[:, rows[::-1][:, None], columns[None, :]].astype(np.float32)
    west = grid.x0_m + frame.easting_m
    north = grid.y0_m + float(grid.dy_m.sum()) + frame.northing_m
    with MemoryFile() as memory:
        with memory.open(
            driver="COG", width=len(columns), height=len(rows), count=len(bands), dtype="float32",
            crs=str(CRS.from_user_input(frame.crs).to_wkt("WKT2_2019")),
            transform=Affine(step_x, 0.0, west, 0.0, -step_y, north), nodata=np.nan,
            compress="DEFLATE", predictor="YES", blocksize=TILE, overview_resampling="NEAREST",
        ) as dataset:  # fmt: skip
            dataset.write(bands)
            tags = {f"PARK_TWIN_{key.upper()}": value for key, value in attributes.items()}
            dataset.update_tags(**tags, LAYER=str(layer + 1), LAYER_COUNTED="from the top")
            dataset.units = (units,) * len(bands)
            for band in range(1, len(bands) + 1):
                dataset.set_band_description(band, f"{name} {moment(fields, band - 1)}")
        path.write_bytes(memory.read())
