"""OpenStreetMap extracts into the layers of a park: roads, buildings, rivers, industrial areas.

Extracts are read in place (``.osm.pbf``, ``.osm``, ``.osm.gz``) by GDAL's OSM driver; nothing is
fetched from anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyogrio.raw
import shapely
from pyogrio.errors import DataLayerError, DataSourceError
from shapely.geometry import LineString, Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from gis.crs import ParkCrs
from gis.scene.geopackage import plain
from gis.scene.import_request import refuse
from twin.core.geometry import Extent

Row = dict[str, object]
Tags = Mapping[str, str]
_TAG = re.compile(r'"((?:[^"\\]|\\.)*)"=>"((?:[^"\\]|\\.)*)"')
_NUMBER = re.compile(r"^\s*(\d+(?:\.\d+)?)")
ROAD_WIDTH_M = {
    "motorway": 20.0,
    "trunk": 14.0,
    "primary": 10.0,
    "secondary": 8.0,
    "tertiary": 7.0,
    "unclassified": 6.0,
    "residential": 5.5,
    "living_street": 5.0,
    "service": 4.0,
    "track": 3.0,
    "pedestrian": 4.0,
}
WATER_WIDTH_M = {"river": 15.0, "canal": 10.0, "stream": 3.0}
PLACE_PEOPLE = {"city": 50_000, "town": 8000, "suburb": 2000, "village": 600, "hamlet": 80}
INDUSTRIAL = ("industrial", "commercial", "quarry", "railway")
STOREY_M = 3.2
DEFAULT_HEIGHT_M = {
    "church": 18.0,
    "industrial": 10.0,
    "warehouse": 9.0,
    "garage": 3.0,
    "hut": 3.0,
    "shed": 3.0,
}
LEAST_AREA_M2 = {"building": 12.0, "industrial": 2000.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class OsmLayers:
    """Drawings in the local frame; (row, shape) pairs in the columns of ``park.gpkg``."""

    buildings: list[tuple[Row, Polygon]] = field(default_factory=list)
    roads: list[tuple[Row, LineString]] = field(default_factory=list)
    waters: list[tuple[Row, LineString]] = field(default_factory=list)
    industrial: list[tuple[Row, Polygon]] = field(default_factory=list)
    settlements: list[tuple[Row, Point]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    id: str
    tags: Tags
    shape: BaseGeometry


def read_osm(paths: Sequence[Path], crs: ParkCrs, extent: Extent) -> OsmLayers:
    """What extracts hold within ``extent``. Raises SceneError when one cannot be read."""
    layers = OsmLayers()
    seen: set[str] = set()
    for path in paths:
        for found in _features(path, "multipolygons", crs, extent):
            if found.id not in seen:
                seen.add(found.id)
                _add_polygon(layers, found)
        for found in _features(path, "lines", crs, extent):
            if found.id not in seen:
                seen.add(found.id)
                _add_line(layers, found)
        for found in _features(path, "points", crs, extent):
            if found.id not in seen:
                seen.add(found.id)
                _add_point(layers, found)
    return layers


def _features(path: Path, layer: str, crs: ParkCrs, extent: Extent) -> Iterator[_Found]:
    window = _lonlat_box(crs, extent)
    address = f"/vsigzip/{path}" if path.suffix == ".gz" else str(path)
    try:
        meta, _, shapes, columns = pyogrio.raw.read(address, layer=layer, bbox=window)
    except (DataSourceError, DataLayerError, OSError) as error:
        raise refuse(
            path.name, "file", str(error), "an OpenStreetMap extract", " OpenStreetMap 数据"
        ) from error
    frame = box(extent.x_min_m, extent.y_min_m, extent.x_max_m, extent.y_max_m)
    local = shapely.transform(shapely.from_wkb(shapes), lambda at: np.column_stack(crs.to_local(*at.T[:2])))
    for index, shape in enumerate(local):
        values = {name: plain(column[index]) for name, column in zip(meta["fields"], columns, strict=True)}
        if shape is None or not shape.is_valid or not shape.intersects(frame):
            continue
        number = values.get("osm_id") or values.get("osm_way_id")
        prefix = {"lines": "w", "points": "n", "multipolygons": "a"}[layer]
        for part, clipped in enumerate(_parts(shape.intersection(frame))):
            suffix = f".{part}" if part else ""
            yield _Found(id=f"{prefix}{number}{suffix}", tags=tags_of(values), shape=clipped)


def _lonlat_box(crs: ParkCrs, extent: Extent) -> tuple[float, float, float, float]:
    x = [extent.x_min_m, extent.x_max_m, extent.x_min_m, extent.x_max_m]
    y = [extent.y_min_m, extent.y_min_m, extent.y_max_m, extent.y_max_m]
    lon, lat = crs.to_lonlat(x, y)
    return float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max())


def _parts(shape: BaseGeometry) -> Iterator[BaseGeometry]:
    for part in shapely.get_parts(shape):
        if not part.is_empty:
            yield part


def tags_of(values: Mapping[str, object]) -> Tags:
    """All tags of a feature: its columns, and the hstore text of ``other_tags``.

    Gaps (None or NaN, whatever the reader gave) are left out.

    >>> tags_of({"name": "A", "highway": None, "other_tags": '"lanes"=>"2"'})
    {'name': 'A', 'lanes': '2'}
    """
    tags = {key: str(value) for key, value in values.items() if value is not None and key != "other_tags"}
    other = values.get("other_tags")
    if isinstance(other, str):
        tags |= {key: value.replace('\\"', '"') for key, value in _TAG.findall(other)}
    return tags


def _add_polygon(layers: OsmLayers, found: _Found) -> None:
    shape = found.shape
    if not isinstance(shape, Polygon):
        return
    building = found.tags.get("building", "no")
    if building != "no" and shape.area >= LEAST_AREA_M2["building"]:
        row = _named(found, "建筑", "Building")
        row |= {"height_m": height_of(found.tags), "kind": "building" if building == "yes" else building}
        layers.buildings.append((row, shape))
    elif found.tags.get("landuse") in INDUSTRIAL[:2] and shape.area >= LEAST_AREA_M2["industrial"]:
        layers.industrial.append((_named(found, "工业用地", "Industrial area"), shape))


def _add_line(layers: OsmLayers, found: _Found) -> None:
    shape = found.shape
    if not isinstance(shape, LineString) or shape.length < 2.0:
        return
    road, water = found.tags.get("highway", ""), found.tags.get("waterway", "")
    kind = road.removesuffix("_link")
    if kind in ROAD_WIDTH_M:
        row = _named(found, "道路", "Road")
        row |= {"width_m": _metres(found.tags, "width") or ROAD_WIDTH_M[kind], "kind": kind}
        layers.roads.append((row, shape))
    elif water in WATER_WIDTH_M:
        row = _named(found, "河流", "Stream")
        row |= {"width_m": _metres(found.tags, "width") or WATER_WIDTH_M[water]}
        layers.waters.append((row, shape))


def _add_point(layers: OsmLayers, found: _Found) -> None:
    place = found.tags.get("place", "")
    if isinstance(found.shape, Point) and place in PLACE_PEOPLE:
        people = _metres(found.tags, "population")
        row = _named(found, "居民点", "Settlement")
        row |= {"people": round(people) if people else PLACE_PEOPLE[place]}
        layers.settlements.append((row, found.shape))


def height_of(tags: Tags) -> float:
    """Height of a building: tag ``height``, else storeys, else a default for its kind.

    >>> height_of({"building": "yes", "building:levels": "4"})
    12.8
    """
    stated = _metres(tags, "height")
    if stated:
        return min(stated, 300.0)
    storeys = _metres(tags, "building:levels")
    if storeys:
        return round(min(storeys, 80.0) * STOREY_M, 2)
    return DEFAULT_HEIGHT_M.get(tags.get("building", ""), 7.0)


def _metres(tags: Tags, key: str) -> float | None:
    found = _NUMBER.match(tags.get(key, ""))
    value = float(found.group(1)) if found else 0.0
    return value if value > 0.0 else None


def _named(found: _Found, zh: str, en: str) -> Row:
    name = found.tags.get("name") or found.tags.get("ref")
    number = found.id[1:]
    return {
        "id": found.id,
        "name_zh": found.tags.get("name:zh") or name or f"{zh} {number}",
        "name_en": found.tags.get("name:en") or name or f"{en} {number}",
    }
