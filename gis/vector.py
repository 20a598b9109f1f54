"""Vector files in and out: GeoPackage, GeoJSON, FlatGeobuf and Shapefile <-> shapes in the local frame.

Attributes keep their Chinese names and texts. A Shapefile without a code page file is read as UTF-8
and, where that fails, as GB18030, which old Chinese files use.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyogrio.raw
import shapely
from pyogrio.errors import CRSError, DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError
from pyproj import CRS
from shapely.geometry.base import BaseGeometry

from gis.crs import Datum, ParkCrs, parse_crs, to_wgs84
from twin.core.errors import CrsError, VectorError
from twin.core.geometry import FloatArray
from twin.core.text import Text

_DRIVERS = {".gpkg": "GPKG", ".geojson": "GeoJSON", ".fgb": "FlatGeobuf", ".shp": "ESRI Shapefile"}
_READABLE = {*_DRIVERS, ".json", ".kml", ".gml", ".pbf", ".osm", ".dxf"}
_SHAPEFILE_NAME_BYTES = 10
_DTYPES: dict[type, type[np.generic]] = {int: np.int64, float: np.float64, bool: np.bool_}
_OGR_ERRORS = (DataSourceError, DataLayerError, FeatureError, FieldError, GeometryError, CRSError)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VectorLayer:
    """Shapes in the local frame (metres) with one value per shape for every attribute.

    Values are str, int, float, bool, datetime or None. ``notes`` tell what was repaired or left out.
    """

    name: str
    shapes: tuple[BaseGeometry, ...]
    attributes: Mapping[str, tuple[object, ...]]
    notes: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorOptions:
    """What the user states about a file that does not say it itself.

    ``epsg`` is used for files without a CRS; ``datum`` for longitudes and latitudes of Chinese maps;
    ``encoding`` overrides the search for the text encoding.
    """

    epsg: int | None = None
    datum: Datum = Datum.WGS84
    encoding: str | None = None


def list_layers(path: Path) -> tuple[str, ...]:
    """Names of the layers of a file. Raises VectorError."""
    _check_path(path)
    try:
        return tuple(str(name) for name in pyogrio.list_layers(path)[:, 0])
    except _OGR_ERRORS as error:
        raise _refuse(path, "format", error, "a vector file", "矢量文件") from error


def read_layer(
    path: Path, crs: ParkCrs, layer: str | None = None, options: VectorOptions | None = None
) -> VectorLayer:
    """One layer (the first when not named), moved to the local frame, without heights.

    Features without a shape are left out and invalid polygons repaired, each with a note. Raises
    VectorError naming file, field, value and expectation.
    """
    told = options or VectorOptions()
    names = list_layers(path)
    if not names or (layer is not None and layer not in names):
        raise _refuse(
            path, "layer", layer or "none", f"one of {', '.join(names)}", f" {'、'.join(names)} 之一"
        )
    name = layer or names[0]
    meta, packed, columns = _read(path, name, told)
    shapes, keep, notes = _shapes(path, name, packed)
    system = _system(path, meta["crs"], told)
    local = _moved(path, np.array(shapes, dtype=object), system, crs, told.datum)
    fields = zip(meta["fields"], columns, strict=True)
    attributes = {str(field): tuple(_plain(column[k]) for k in keep) for field, column in fields}
    return VectorLayer(name=name, shapes=local, attributes=attributes, notes=notes)


def write_layer(path: Path, layer: VectorLayer, crs: ParkCrs) -> None:
    """Write a layer; the suffix (.gpkg, .geojson, .fgb, .shp) chooses the format.

    GeoJSON is written in WGS 84 as RFC 7946 wants, all others in the park's CRS. The file appears
    complete or not at all (a file that exists is replaced). Raises VectorError.
    """
    driver = _DRIVERS.get(path.suffix.lower())
    if driver is None:
        kinds = " ".join(_DRIVERS)
        raise _refuse(path, "suffix", path.suffix, f"one of {kinds}", f" {kinds} 之一")
    if not layer.shapes:
        raise _refuse(path, "shapes", 0, "at least one shape", "至少一个图形")
    if driver == "ESRI Shapefile":
        _check_shapefile(path, layer)
    geographic = driver == "GeoJSON"
    system = "EPSG:4326" if geographic else f"EPSG:{crs.epsg}"
    places = _placed(np.array(layer.shapes, dtype=object), crs, system)
    columns = [_column(path, name, values) for name, values in layer.attributes.items()]
    extra: dict[str, Any] = {"COORDINATE_PRECISION": 9} if geographic else {}
    try:
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            pyogrio.raw.write(
                Path(folder) / path.name, shapely.to_wkb(places), [column[0] for column in columns],
                np.array(list(layer.attributes), dtype=object), field_mask=[column[1] for column in columns],
                layer=path.stem if driver == "ESRI Shapefile" else layer.name, driver=driver,
                geometry_type=_common_type(layer.shapes), crs=system, encoding="UTF-8", **extra,
            )  # fmt: skip
            for part in Path(folder).iterdir():
                part.replace(path.parent / part.name)
    except (*_OGR_ERRORS, OSError, ValueError) as error:
        raise _refuse(path, "file", error, "a place that can be written", "可写入的位置") from error


def _check_path(path: Path) -> None:
    if not path.is_file():
        raise _refuse(path, "path", "missing", "an existing file", "已存在的文件")
    if path.suffix.lower() not in _READABLE:
        kinds = " ".join(sorted(_READABLE))
        raise _refuse(path, "suffix", path.suffix or "none", f"one of {kinds}", f" {kinds} 之一")


def _read(path: Path, layer: str, told: VectorOptions) -> tuple[dict[str, Any], Any, list[Any]]:
    guesses = [told.encoding]
    wanted = ("a known text encoding", "已知的文本编码")
    if told.encoding is None and path.suffix.lower() == ".shp" and not path.with_suffix(".cpg").exists():
        guesses = ["UTF-8", "GB18030"]
    for number, encoding in enumerate(guesses):
        try:
            meta, _, packed, columns = pyogrio.raw.read(path, layer=layer, encoding=encoding, force_2d=True)
        except UnicodeError as error:
            if number == len(guesses) - 1:
                raise _refuse(
                    path, "encoding", encoding, "a known text encoding", "已知的文本编码"
                ) from error
        except (*_OGR_ERRORS, LookupError, RuntimeError) as error:
            raise _refuse(path, "body", error, "a complete file", "完整的文件") from error
        else:
            return meta, packed, columns
    raise _refuse(path, "encoding", told.encoding, *wanted)


def _shapes(path: Path, layer: str, packed: Any) -> tuple[list[BaseGeometry], list[int], tuple[Text, ...]]:
    """Usable shapes, the features they belong to, and notes on the others."""
    if packed is None:
        raise _refuse(path, f"layer {layer}", "a table", "shapes", "图形")
    shapes: list[BaseGeometry] = []
    keep: list[int] = []
    repaired, absent = 0, 0
    for number, wkb in enumerate(packed):
        shape = None if wkb is None else shapely.from_wkb(wkb)
        if shape is None or shape.is_empty:
            absent += 1
            continue
        if not np.isfinite(shapely.get_coordinates(shape)).all():
            raise _refuse(
                path, f"feature {number + 1} of {layer}", "not finite", "finite coordinates", "有限坐标"
            )
        if not shape.is_valid:
            shape, repaired = shapely.make_valid(shape), repaired + 1
        shapes.append(shape)
        keep.append(number)
    return shapes, keep, tuple(_notes(path.name, repaired, absent))


def _notes(source: str, repaired: int, absent: int) -> list[Text]:
    notes = []
    if repaired:
        en = f"{source}: {repaired} shapes that crossed themselves were repaired"
        notes.append(Text(zh=f"{source}：{repaired} 个自相交图形已修复", en=en))
    if absent:
        en = f"{source}: {absent} features without a shape were left out"
        notes.append(Text(zh=f"{source}：{absent} 个要素没有图形，已略去", en=en))
    return notes


def _system(path: Path, declared: str | None, told: VectorOptions) -> CRS:
    stated = declared or (None if told.epsg is None else f"EPSG:{told.epsg}")
    if stated is None:
        expected = "a coordinate reference system in the file, or its EPSG number given"
        raise _refuse(path, "CRS", "missing", expected, "文件内带有坐标参考系，或另行给出 EPSG 编号")
    try:
        system = parse_crs(stated)
    except CrsError as error:
        raise _refuse(path, "CRS", stated[:80], "a known system", "已知的坐标参考系") from error
    if told.datum is not Datum.WGS84 and not system.is_geographic:
        raise _refuse(path, "datum", told.datum.value, "wgs84 for a projected file", "投影坐标文件应为 wgs84")
    return system


def _moved(path: Path, shapes: npt.NDArray[Any], system: CRS, crs: ParkCrs, datum: Datum) -> tuple[Any, ...]:
    def to_local(places: FloatArray) -> FloatArray:
        if datum is Datum.WGS84:
            return np.column_stack(crs.from_crs(system, places[:, 0], places[:, 1]))
        return np.column_stack(crs.to_local(*to_wgs84(places[:, 0], places[:, 1], datum)))

    try:
        return tuple(shapely.transform(shapes, to_local)) if len(shapes) else ()
    except CrsError as error:
        raise VectorError(
            f"{path.name}: {error.message}",
            message_zh=f"{path.name}：{error.message_zh}",
            field=error.field,
            value=error.value,
            source=path.name,
        ) from error


def _placed(shapes: npt.NDArray[Any], crs: ParkCrs, system: str) -> npt.NDArray[Any]:
    def to_system(places: FloatArray) -> FloatArray:
        return np.column_stack(crs.to_crs(system, places[:, 0], places[:, 1]))

    return np.asarray(shapely.transform(shapely.force_2d(shapes), to_system), dtype=object)


def _plain(value: object) -> object:
    """Python value of one attribute; NaN and NaT are None."""
    item = value.item() if isinstance(value, np.generic) else value
    return None if item is None or (isinstance(item, float) and item != item) else item


def _column(
    path: Path, name: str, values: Sequence[object]
) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
    """Array and mask of missing values of one attribute; all values must be of one kind."""
    missing = np.array([value is None for value in values])
    kinds = {type(value) for value in values if value is not None}
    if kinds == {int, float}:
        kinds = {float}
    if len(kinds) > 1 or not kinds <= {str, int, float, bool}:
        found = ", ".join(sorted(kind.__name__ for kind in kinds))
        expected = "text, whole numbers, numbers or truth values of one kind"
        expected_zh = "同一种类的文本、整数、小数或真假值"
        raise _refuse(path, f"attribute {name}", found, expected, expected_zh)
    if not kinds or kinds == {str}:
        return np.array(values, dtype=object), missing
    kind = next(iter(kinds))
    filled = [0 if value is None else value for value in values]
    return np.array(filled, dtype=_DTYPES[kind]), missing


def _common_type(shapes: Sequence[BaseGeometry]) -> str:
    """OGR name of the geometry type, "Unknown" for a mixture."""
    kinds = {shape.geom_type for shape in shapes}
    if len(kinds) == 1:
        return kinds.pop()
    return "Unknown"


def _check_shapefile(path: Path, layer: VectorLayer) -> None:
    families = {shape.geom_type.removeprefix("Multi") for shape in layer.shapes}
    if len(families) > 1:
        raise _refuse(
            path, "shapes", ", ".join(sorted(families)), "one kind in a Shapefile", "Shapefile 只能含一种图形"
        )
    for name in layer.attributes:
        size = len(name.encode())
        if size > _SHAPEFILE_NAME_BYTES:
            limit = _SHAPEFILE_NAME_BYTES
            expected, expected_zh = (
                f"at most {limit} bytes in a Shapefile",
                f" Shapefile 字段名不超过 {limit} 字节",
            )
            raise _refuse(path, f"attribute {name}", f"{size} bytes", expected, expected_zh)


def _refuse(path: Path, field: str, value: object, expected: str, expected_zh: str) -> VectorError:
    return VectorError(
        f"{path.name}: {field} is {value}; expected {expected}",
        message_zh=f"{path.name}：{field} 为 {value}；应为{expected_zh}",
        field=field,
        value=value,
        source=path.name,
    )
