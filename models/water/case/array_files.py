"""Arrays from files beside a case: .npy, .npz, .csv, .txt (and its like), GeoTIFF."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from models.casefiles.findings import bad_value
from models.water.case.schema_values import Order
from twin.core.geometry import FloatArray

_TEXT = (".csv", ".txt", ".dat", ".ref", ".asc", ".arr")
SUFFIXES = (".npy", ".npz", *_TEXT, ".tif", ".tiff")
_QUANTITY = re.compile(r"^\s*[-+]?[\d.]+(?:[eE][-+]?\d+)?\s*[A-Za-z%][\w/^ ]*$")


def read_array(
    name: str, folder: Path, *, key: str | None, rows: Order, field: str, source: str
) -> FloatArray:
    """Numbers of a file, (rows, columns) or (layers, rows, columns), row 0 = SOUTH.

    ``rows`` is the order in the file; a GeoTIFF says its own. Raises CaseError for a file that is missing,
    unreadable or holds what is not a number.
    """
    path = folder / name
    suffix = path.suffix.lower()
    if _QUANTITY.match(name) and not path.exists():
        raise bad_value(
            source,
            field,
            name,
            "a plain number in the units of [units] (units are not mixed in a case), or a file's name",
            "[units] 单位下的纯数字（案例中不混用单位），或文件名",
        )
    if suffix not in SUFFIXES:
        raise bad_value(
            source,
            field,
            name,
            f"a number, or a file {', '.join(SUFFIXES)}",
            f"数字或文件 {'、'.join(SUFFIXES)}",
        )
    try:
        found, northward = _read(path, suffix, key)
    except (OSError, ValueError, KeyError) as error:
        raise bad_value(
            source, field, name, f"a readable file of numbers ({error})", "可读的数字文件"
        ) from None
    southern = rows == "south_to_north" if northward is None else northward
    if found.ndim < 2:
        raise bad_value(source, field, found.shape, "rows and columns of numbers", "按行列排列的数字")
    return found if southern else found[..., ::-1, :]


def _read(path: Path, suffix: str, key: str | None) -> tuple[FloatArray, bool | None]:
    """Numbers and whether row 0 is the south; None: as the case says."""
    if suffix == ".npy":
        return np.asarray(np.load(path, allow_pickle=False), dtype=np.float64), None
    if suffix == ".npz":
        with np.load(path, allow_pickle=False) as body:
            return np.asarray(body[key or body.files[0]], dtype=np.float64), None
    if suffix in (".tif", ".tiff"):
        return _raster(path)
    comma = "," in path.read_text(encoding="utf-8-sig", errors="strict")[:4000]
    loaded = np.loadtxt(path, delimiter="," if comma else None, ndmin=2, encoding="utf-8-sig")
    return np.asarray(loaded, dtype=np.float64), None


def _raster(path: Path) -> tuple[FloatArray, bool]:
    import rasterio
    from rasterio.errors import RasterioIOError

    try:
        with rasterio.open(path) as raster:
            body = raster.read(masked=True).astype(np.float64).filled(np.nan)
            northward = bool(raster.transform.e > 0.0)
    except RasterioIOError as error:
        raise OSError(str(error)) from None
    return np.asarray(body if body.shape[0] > 1 else body[0], dtype=np.float64), northward
