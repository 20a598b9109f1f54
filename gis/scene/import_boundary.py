"""Boundary polygons of a park from any vector file with a CRS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyogrio.raw
import shapely
from pyogrio.errors import DataLayerError, DataSourceError
from pyproj import Transformer
from shapely.geometry import Polygon

from gis.crs import ParkCrs, parse_crs
from gis.datum import Datum, to_wgs84
from gis.scene.geopackage import plain
from gis.scene.import_request import refuse

Row = dict[str, object]
M2_PER_HA = 10_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Boundary:
    """Polygons in WGS 84 with the attributes of the file."""

    rows: tuple[Mapping[str, object], ...]
    shapes: tuple[Polygon, ...]

    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north in degrees."""
        west, south, east, north = shapely.total_bounds(list(self.shapes))
        return float(west), float(south), float(east), float(north)

    def areas(self, crs: ParkCrs) -> list[tuple[Row, Polygon]]:
        """Rows for the layer ``areas``, with shapes in the local frame.

        Attributes ``id``, ``name_zh``, ``name_en`` (or ``name``) and ``stated_ha`` are kept;
        without ``stated_ha`` the drawn hectares stand in.
        """
        return [
            _area(index, row, _local(shape, crs))
            for index, (row, shape) in enumerate(zip(self.rows, self.shapes, strict=True), start=1)
        ]


def read_boundary(path: Path, datum: Datum) -> Boundary:
    """Polygons of the first layer of a vector file.

    ``datum`` applies to files in geographic coordinates. Raises SceneError when the file cannot be
    read, has no CRS, no polygon, or a polygon that crosses itself.
    """
    try:
        meta, _, packed, columns = pyogrio.raw.read(path)
    except (DataSourceError, DataLayerError) as error:
        raise refuse(path.name, "file", str(error), "a vector file", "矢量文件") from error
    if not meta["crs"]:
        raise refuse(path.name, "crs", None, "a coordinate reference system", "坐标参考系")
    crs = parse_crs(meta["crs"])
    turn = Transformer.from_crs(crs, "EPSG:4326", always_xy=True)

    def to_lonlat(at: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> np.ndarray:
        lon, lat = turn.transform(at[:, 0], at[:, 1])
        return np.column_stack(to_wgs84(lon, lat, datum if crs.is_geographic else Datum.WGS84))

    rows: list[Mapping[str, object]] = []
    shapes: list[Polygon] = []
    for index, found in enumerate(shapely.from_wkb(packed)):
        values = {name: plain(column[index]) for name, column in zip(meta["fields"], columns, strict=True)}
        for part in shapely.get_parts(found) if found is not None else ():
            if isinstance(part, Polygon):
                _check_valid(path.name, index, part)
                rows.append(values)
                shapes.append(shapely.transform(shapely.force_2d(part), to_lonlat))
    if not shapes:
        raise refuse(path.name, "features", len(packed), "at least one polygon", "至少一个多边形")
    return Boundary(rows=tuple(rows), shapes=tuple(shapes))


def _check_valid(file: str, index: int, shape: Polygon) -> None:
    if not shape.is_valid:
        reason = shapely.is_valid_reason(shape)
        raise refuse(
            file,
            f"feature {index + 1}",
            reason,
            "a polygon that does not cross itself",
            "边界不自相交的多边形",
        )


def _local(shape: Polygon, crs: ParkCrs) -> Polygon:
    return shapely.transform(shape, lambda at: np.column_stack(crs.to_local(at[:, 0], at[:, 1])))


def _area(index: int, row: Mapping[str, object], shape: Polygon) -> tuple[Row, Polygon]:
    name = row.get("name")
    stated = row.get("stated_ha")
    return {
        "id": f"area-{index}",
        "name_zh": str(row.get("name_zh") or name or f"片区 {index}"),
        "name_en": str(row.get("name_en") or name or f"Area {index}"),
        "stated_ha": float(str(stated)) if stated is not None else round(shape.area / M2_PER_HA, 4),
        "active": True,
    }, shape
