"""Reading and writing the layers of ``park.gpkg``."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
import pyogrio
import pyogrio.raw
import shapely
from pydantic import ValidationError
from pyogrio.errors import DataLayerError, DataSourceError
from pyproj import CRS
from pyproj.exceptions import CRSError
from shapely.affinity import translate
from shapely.geometry import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry

from gis.scene.problems import Problems
from gis.scene.rows import (
    AreaRow,
    BuildingRow,
    NamedRow,
    PlotRow,
    RoadRow,
    SettlementRow,
    TankRow,
    UnitRow,
    WaterRow,
)

Row = TypeVar("Row", bound=NamedRow)
Shape = TypeVar("Shape", bound=BaseGeometry)
FILE = "park.gpkg"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Feature(Generic[Row, Shape]):
    """A row with its shape in the local frame."""

    row: Row
    shape: Shape


AnyFeature = Feature[NamedRow, BaseGeometry]


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerKind:
    """A layer: its row model and the geometry it holds."""

    name: str
    row: type[NamedRow]
    geometry: type[BaseGeometry]
    geometry_zh: str


LAYERS = (
    LayerKind(name="areas", row=AreaRow, geometry=Polygon, geometry_zh="多边形"),
    LayerKind(name="plots", row=PlotRow, geometry=Polygon, geometry_zh="多边形"),
    LayerKind(name="buildings", row=BuildingRow, geometry=Polygon, geometry_zh="多边形"),
    LayerKind(name="tanks", row=TankRow, geometry=Point, geometry_zh="点"),
    LayerKind(name="units", row=UnitRow, geometry=Point, geometry_zh="点"),
    LayerKind(name="roads", row=RoadRow, geometry=LineString, geometry_zh="线"),
    LayerKind(name="waters", row=WaterRow, geometry=LineString, geometry_zh="线"),
    LayerKind(name="settlements", row=SettlementRow, geometry=Point, geometry_zh="点"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """All features of a scene by layer, in the local frame."""

    areas: tuple[Feature[AreaRow, Polygon], ...] = ()
    plots: tuple[Feature[PlotRow, Polygon], ...] = ()
    buildings: tuple[Feature[BuildingRow, Polygon], ...] = ()
    tanks: tuple[Feature[TankRow, Point], ...] = ()
    units: tuple[Feature[UnitRow, Point], ...] = ()
    roads: tuple[Feature[RoadRow, LineString], ...] = ()
    waters: tuple[Feature[WaterRow, LineString], ...] = ()
    settlements: tuple[Feature[SettlementRow, Point], ...] = ()


def read_layers(path: Path, epsg: int, drawn_at: tuple[float, float], problems: Problems) -> Drawn:
    """Read every layer, check rows and shapes, and move the shapes to the local frame.

    Parameters
    ----------
    path
        The GeoPackage.
    epsg
        The park's system; every layer must be in it.
    drawn_at
        Easting and northing of the local origin in the file.
    problems
        Receives what is wrong; features that can be used are returned all the same.
    """
    try:
        present = {str(name) for name in pyogrio.list_layers(path)[:, 0]}
    except (DataSourceError, DataLayerError) as error:
        problems.add(path.name, "file", str(error), "a readable GeoPackage", "可读取的 GeoPackage")
        return Drawn()
    layers: dict[str, tuple[AnyFeature, ...]] = {}
    for kind in LAYERS:
        if kind.name not in present:
            problems.add(path.name, "layer", None, f"a layer {kind.name!r}", f"图层 {kind.name!r}")
            continue
        layers[kind.name] = _read_layer(path, kind, epsg, drawn_at, problems)
    return Drawn(**layers)  # type: ignore[arg-type]  # the table LAYERS pairs names with row models


def _read_layer(
    path: Path, kind: LayerKind, epsg: int, drawn_at: tuple[float, float], problems: Problems
) -> tuple[AnyFeature, ...]:
    meta, _, shapes, columns = pyogrio.raw.read(path, layer=kind.name)
    _check_crs(path.name, kind.name, meta["crs"], epsg, problems)
    features: list[AnyFeature] = []
    for index, packed in enumerate(shapes):
        values = {name: plain(column[index]) for name, column in zip(meta["fields"], columns, strict=True)}
        where = f"{kind.name} {values.get('id') or f'row {index + 1}'}"
        row = _row(path.name, where, kind.row, values, problems)
        found = None if packed is None else shapely.from_wkb(packed)
        shape = _good_shape(path.name, where, found, kind, problems)
        if shape is not None and row is not None:
            features.append(Feature(row=row, shape=translate(shape, -drawn_at[0], -drawn_at[1])))
    return tuple(features)


def _check_crs(file: str, layer: str, crs: str | None, epsg: int, problems: Problems) -> None:
    found: object = None
    if crs:
        try:
            found = CRS.from_user_input(crs).to_epsg() or crs
        except CRSError:
            found = crs
    if found != epsg:
        problems.add(file, f"layer {layer}, crs", found, f"EPSG:{epsg}", f" EPSG:{epsg}")


def _row(
    file: str, where: str, model: type[NamedRow], values: Mapping[str, object], problems: Problems
) -> NamedRow | None:
    try:
        return model.model_validate({key: value for key, value in values.items() if value is not None})
    except ValidationError as error:
        problems.add_invalid(file, where, error)
        return None


def _good_shape(
    file: str, where: str, shape: BaseGeometry | None, kind: LayerKind, problems: Problems
) -> BaseGeometry | None:
    if shape is None or shape.is_empty or not isinstance(shape, kind.geometry):
        found = None if shape is None else shape.geom_type
        expected = f"a {kind.geometry.__name__}"
        problems.add(file, f"{where}, shape", found, expected, kind.geometry_zh)
        return None
    if not shape.is_valid:
        reason = shapely.is_valid_reason(shape)
        problems.add(
            file,
            f"{where}, shape",
            reason,
            "a polygon whose edge does not cross itself",
            "边界不自相交的多边形",
        )
        return None
    return shape


def plain(value: object) -> object:
    """Python value of a cell read by OGR; its several kinds of nothing become None."""
    item = value.item() if isinstance(value, np.generic) else value
    if isinstance(item, float) and math.isnan(item):
        return None
    return item


def write_layer(
    path: Path,
    layer: str,
    rows: Sequence[Mapping[str, object]],
    shapes: Sequence[BaseGeometry],
    *,
    epsg: int,
) -> None:
    """Write one layer; the columns are the keys of its row model, absent values become null."""
    kind = next(row for row in LAYERS if row.name == layer)
    fields = list(kind.row.model_fields)
    columns = [_column([row.get(name) for row in rows], kind.row, name) for name in fields]
    masks = [np.array([row.get(name) is None for row in rows]) for name in fields]
    pyogrio.raw.write(
        path,
        np.array([shapely.to_wkb(shape) for shape in shapes], dtype=object),
        columns,
        fields,
        field_mask=masks,
        layer=layer,
        driver="GPKG",
        geometry_type=kind.geometry.__name__,
        crs=f"EPSG:{epsg}",
        append=path.exists(),
    )


def _column(values: list[object], model: type[NamedRow], name: str) -> np.ndarray:
    annotation = str(model.model_fields[name].annotation)
    if "float" in annotation:
        return np.array([math.nan if value is None else value for value in values], dtype=np.float64)
    if "int" in annotation:
        return np.array([0 if value is None else value for value in values], dtype=np.int64)
    if "bool" in annotation:
        return np.array([bool(value) for value in values], dtype=bool)
    return np.array([None if value is None else str(value) for value in values], dtype=object)
