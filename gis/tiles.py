"""Elevation tiles: find them in files, folders and zips, and check a header before anything is read."""

from __future__ import annotations

import math
import re
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import rasterio
from pyproj import CRS
from pyproj.exceptions import CRSError
from rasterio.errors import NotGeoreferencedWarning, RasterioError, RasterioIOError
from rasterio.windows import Window

from gis.crs import parse_crs
from gis.raster_error import refuse
from twin.core.text import Text

HeightUnit = Literal["auto", "m", "ft", "us-ft"]
Float32Array = npt.NDArray[np.float32]

_SUFFIXES = {".tif", ".tiff", ".hgt", ".asc", ".bil", ".img", ".vrt", ".dem", ".dt0", ".dt1", ".dt2"}
_UNIT_M = {"m": 1.0, "ft": 0.3048, "us-ft": 1200.0 / 3937.0}
_UNIT_NAMES = {
    "m": "m",
    "metre": "m",
    "metres": "m",
    "meter": "m",
    "meters": "m",
    "ft": "ft",
    "foot": "ft",
    "feet": "ft",
    "international foot": "ft",
    "us-ft": "us-ft",
    "ftus": "us-ft",
    "us survey foot": "us-ft",
    "us survey feet": "us-ft",
    "foot_us": "us-ft",
}
_MAX_COMPRESSION = 1100.0  # deflate cannot do better than 1032:1
_SMALL_FILE_BYTES = 1_000_000
_MAX_ZIP_MEMBER_BYTES = 4 << 30
_UNDECLARED_VOIDS = (-9999.0, -32768.0, -32767.0, -99999.0)
_HUGE = 1e30
_FEET = re.compile(r"(?<![a-z])(ft|feet|foot)(?![a-z])", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class TileOptions:
    """What the user states about files that do not say it themselves.

    ``height_unit`` "auto" trusts the file and refuses suspicious ones; ``epsg`` is used only for
    files without a CRS; ``accept_south_up`` honours a geotransform whose rows go north.
    """

    height_unit: HeightUnit = "auto"
    epsg: int | None = None
    accept_south_up: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One checked raster. ``left``/``top`` are the outer corner, in the units of ``crs``.

    ``height_factor`` turns stored numbers into metres; ``south_up`` tells that row 0 is south.
    """

    address: str
    source: str
    crs: CRS
    left: float
    top: float
    step_x: float
    step_y: float
    width: int
    height: int
    height_factor: float
    south_up: bool
    notes: tuple[Text, ...]

    @property
    def bottom(self) -> float:
        """South edge, in the units of ``crs``."""
        return self.top - self.step_y * self.height

    @property
    def right(self) -> float:
        """East edge, in the units of ``crs``."""
        return self.left + self.step_x * self.width


def find_tiles(paths: Sequence[Path]) -> tuple[tuple[str, str], ...]:
    """Addresses for GDAL with names for messages, of files, folders and zips (searched inside).

    Raises RasterError when a path is missing or holds no raster.
    """
    found = tuple(pair for path in paths for pair in _inside(Path(path)))
    if not found:
        raise refuse(
            ", ".join(str(p) for p in paths) or "-", "files", 0, "at least one raster", "至少一个栅格文件"
        )
    return found


def _inside(path: Path) -> Iterator[tuple[str, str]]:
    if not path.exists():
        raise refuse(str(path), "path", "missing", "an existing file or folder", "已存在的文件或文件夹")
    if path.is_dir():
        for child in sorted(path.iterdir()):
            if child.suffix.lower() in _SUFFIXES or child.suffix.lower() == ".zip":
                yield from _inside(child)
    elif path.suffix.lower() == ".zip":
        yield from _in_zip(path)
    else:
        yield str(path), path.name


def _in_zip(path: Path) -> Iterator[tuple[str, str]]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if Path(m.filename).suffix.lower() in _SUFFIXES]
    except (zipfile.BadZipFile, OSError) as error:
        raise refuse(path.name, "zip", error, "a readable zip archive", "可读的 zip 压缩包") from error
    if not members:
        kinds = " ".join(sorted(_SUFFIXES))
        raise refuse(path.name, "zip", "no raster inside", f"one of {kinds}", f"含有 {kinds} 之一")
    for member in members:
        if member.file_size > min(
            _MAX_ZIP_MEMBER_BYTES, _MAX_COMPRESSION * member.compress_size + _SMALL_FILE_BYTES
        ):
            size = f"{member.file_size} bytes from {member.compress_size}"
            raise refuse(
                path.name, member.filename, size, "a real raster of at most 4 GiB", "不超过 4 GiB 的真实栅格"
            )
        yield f"/vsizip/{path}/{member.filename}", f"{path.name}/{member.filename}"


@contextmanager
def _opened(address: str, source: str) -> Iterator[Any]:
    try:
        # Files without georeference are refused below with a better message than the warning.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            dataset = rasterio.open(address)
    except RasterioIOError as error:
        raise refuse(
            source, "format", "not a raster", "a GeoTIFF, .hgt or another raster", "GeoTIFF、.hgt 等栅格文件",
            why=str(error)[:160], why_zh=str(error)[:160],
        ) from error  # fmt: skip
    with dataset:
        yield dataset


def open_tile(address: str, source: str, options: TileOptions) -> Tile:
    """Check the header of one raster. Nothing of its body is read. Raises RasterError."""
    with _opened(address, source) as dataset:
        _check_bands(dataset, source)
        _check_size(dataset, address, source)
        crs = _crs_of(dataset, source, options)
        south_up = _check_transform(dataset, source, options)
        factor, notes = _height_factor(dataset, crs, source, options)
        t = dataset.transform
        return Tile(
            address=address, source=source, crs=_horizontal(crs), left=t.c,
            top=t.f + t.e * dataset.height if south_up else t.f,
            step_x=t.a, step_y=abs(t.e), width=dataset.width, height=dataset.height,
            height_factor=factor, south_up=south_up, notes=notes,
        )  # fmt: skip


def read_window(
    tile: Tile, col: int, row: int, width: int, height: int
) -> tuple[Float32Array, tuple[Text, ...]]:
    """Heights in metres (height, width), row 0 = NORTH, NaN where the file has no value.

    ``col`` and ``row`` count from the north-west corner of the tile. Raises RasterError when the
    body is damaged.
    """
    stored_row = tile.height - row - height if tile.south_up else row
    with _opened(tile.address, tile.source) as dataset:
        try:
            raw = dataset.read(1, window=Window(col, stored_row, width, height), masked=True)
        except RasterioError as error:
            raise refuse(
                tile.source, "body", "damaged", "a complete file", "完整的文件",
                why=str(error)[:160], why_zh=str(error)[:160],
            ) from error  # fmt: skip
        scale, offset = dataset.scales[0], dataset.offsets[0]
    values = np.ma.filled(raw.astype(np.float64), np.nan)
    void = np.isin(values, _UNDECLARED_VOIDS) | (np.abs(values) > _HUGE)
    notes: tuple[Text, ...] = ()
    if void.any():
        values[void] = np.nan
        notes = (_note_undeclared(tile.source, int(void.sum())),)
    heights = ((values * scale + offset) * tile.height_factor).astype(np.float32)
    return (heights[::-1] if tile.south_up else heights), notes


def _note_undeclared(source: str, count: int) -> Text:
    return Text(
        zh=f"{source}：{count} 个像元为未声明的无值标记，按空洞处理",
        en=f"{source}: {count} cells hold an undeclared no-data mark and are treated as holes",
    )


def _check_bands(dataset: Any, source: str) -> None:
    if dataset.count != 1:
        raise refuse(source, "bands", dataset.count, "one band of heights", "单个高程波段")
    kind = dataset.dtypes[0]
    if kind == "uint8" or "complex" in kind:
        raise refuse(
            source, "data type", kind, "16-bit or 32-bit heights", "16 位或 32 位高程",
            why="a picture, not elevations", why_zh="是图片而不是高程",
        )  # fmt: skip
    if min(dataset.width, dataset.height) < 2:
        raise refuse(
            source, "size", f"{dataset.width}x{dataset.height}", "at least 2x2 cells", "至少 2x2 个像元"
        )


def _check_size(dataset: Any, address: str, source: str) -> None:
    """A header may claim any size; a file cannot hold more than compression allows."""
    path = Path(address)
    if not path.is_file() or dataset.driver == "VRT":
        return
    declared = dataset.width * dataset.height * np.dtype(dataset.dtypes[0]).itemsize
    actual = path.stat().st_size
    ratio = _MAX_COMPRESSION if dataset.compression is not None else 1.0
    if declared > ratio * actual + _SMALL_FILE_BYTES:
        size = f"{dataset.width}x{dataset.height} cells = {declared} bytes"
        raise refuse(
            source, "size", size, f"no more than {actual} bytes on disk can hold",
            f"不超过磁盘上 {actual} 字节所能容纳的大小",
        )  # fmt: skip


def _crs_of(dataset: Any, source: str, options: TileOptions) -> CRS:
    if not dataset.crs:
        if options.epsg is not None:
            return parse_crs(options.epsg)
        raise refuse(
            source, "CRS", "missing", "a coordinate reference system in the file, or its EPSG number given",
            "文件内带有坐标参考系，或另行给出 EPSG 编号",
        )  # fmt: skip
    try:
        return CRS.from_wkt(dataset.crs.to_wkt())
    except (CRSError, RasterioError) as error:
        raise refuse(source, "CRS", error, "a known system", "已知的坐标参考系") from error


def _horizontal(crs: CRS) -> CRS:
    return crs.sub_crs_list[0] if crs.is_compound else crs


def _check_transform(dataset: Any, source: str, options: TileOptions) -> bool:
    """Whether row 0 is south. Raises RasterError for rotated, mirrored or undeclared grids."""
    t = dataset.transform
    if not all(map(math.isfinite, t[:6])) or t.is_identity or t.a == 0.0 or t.e == 0.0:
        raise refuse(
            source, "geotransform", "missing", "cell size and corner in the file", "文件内带有像元大小和角点"
        )
    if t.b != 0.0 or t.d != 0.0 or t.a < 0.0:
        text = f"({t.a:g}, {t.b:g}, {t.d:g}, {t.e:g})"
        raise refuse(source, "geotransform", text, "rows to the east, not rotated", "未旋转、行向东的栅格")
    if t.e > 0.0 and not options.accept_south_up:
        raise refuse(
            source, "geotransform dy", f"{t.e:g}", "a negative dy (row 0 in the north), or accept_south_up",
            "负的 dy（第 0 行在北），或明确指定 accept_south_up",
            why="upside-down: such files are often mirrored by mistake",
            why_zh="南北颠倒：此类文件常因误写而镜像",
        )  # fmt: skip
    return bool(t.e > 0.0)


def _height_factor(
    dataset: Any, crs: CRS, source: str, options: TileOptions
) -> tuple[float, tuple[Text, ...]]:
    """Factor to metres with a note when it is not one. Raises RasterError when it must be guessed."""
    if options.height_unit != "auto":
        return _converted(source, options.height_unit)
    declared = _declared_unit(dataset, crs)
    if declared:
        name = _UNIT_NAMES.get(declared.strip().lower())
        if name is None:
            raise refuse(source, "height unit", repr(declared), "m, ft or us-ft", " m、ft 或 us-ft")
        return _converted(source, name)
    hint = _feet_hint(dataset, crs, source)
    if hint:
        raise refuse(
            source, "height unit", "undeclared", "a declared unit, or height_unit m, ft or us-ft given",
            "文件内声明单位，或另行给出 height_unit 为 m、ft 或 us-ft",
            why=f"{hint} suggests feet", why_zh=f"{hint} 提示可能是英尺",
        )  # fmt: skip
    return 1.0, ()


def _converted(source: str, unit: str) -> tuple[float, tuple[Text, ...]]:
    factor = _UNIT_M[unit]
    if factor == 1.0:
        return 1.0, ()
    note = Text(
        zh=f"{source}：高程由 {unit} 换算为米", en=f"{source}: heights converted from {unit} to metres"
    )
    return factor, (note,)


def _declared_unit(dataset: Any, crs: CRS) -> str:
    if dataset.units and dataset.units[0]:
        return str(dataset.units[0])
    if crs.is_compound:
        return str(crs.sub_crs_list[1].axis_info[0].unit_name)
    return ""


def _feet_hint(dataset: Any, crs: CRS, source: str) -> str:
    """What makes one think of feet: a grid in feet, or the word in a tag or in the name."""
    axis = _horizontal(crs).axis_info
    if axis and "foot" in axis[0].unit_name.lower():
        return f"horizontal unit {axis[0].unit_name}"
    texts = [*dataset.tags().values(), *(d or "" for d in dataset.descriptions), Path(source).stem]
    for text in texts:
        words = (
            str(text).lower().replace("_", " ").replace("-", " ").replace("(", " ").replace(")", " ").split()
        )
        if {"ft", "feet", "foot"} & set(words):
            return repr(str(text)[:60])
    return ""
