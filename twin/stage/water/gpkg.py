"""Maps as GeoPackage: fronts of plumes, wells, targets, paths of particles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from models.water.fronts import plan
from models.water.rings import Ring, rings_at
from twin.core.geometry import FloatArray
from twin.stage.water.fields import WaterFields
from twin.stage.water.provenance import about, moment, require_place

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry


@dataclass(frozen=True, slots=True, kw_only=True)
class MapPoint:
    """A well or a target: place in the local frame and columns of its own."""

    id: str
    x_m: float
    y_m: float
    columns: Mapping[str, Any] = field(default_factory=dict)


def write_gpkg(
    fields: WaterFields,
    path: Path,
    *,
    program: str,
    made_ms: int,
    levels_kg_m3: Sequence[float] = (),
    wells: Sequence[MapPoint] = (),
    targets: Sequence[MapPoint] = (),
    paths: Sequence[npt.NDArray[np.float64]] = (),
) -> Path:
    """Write the layers fronts, wells, targets, pathlines and about; a layer without rows is left out.

    Parameters
    ----------
    fields
        Their largest concentration over all layers is outlined, at every time.
    path
        File to write; one that is there is replaced.
    program, made_ms
        Who wrote it, and when.
    levels_kg_m3
        Concentrations of the outlines; left out: a hundredth and a tenth of the largest of each substance.
    wells, targets
        Points of the local frame.
    paths
        Lines (m, 3) x, y, z of particles, in metres of the local frame.

    Raises
    ------
    BadRequestError
        Without a place on the earth.
    """
    import geopandas as gpd

    require_place(fields, "GeoPackage")
    path.unlink(missing_ok=True)
    layers = {
        "fronts": _fronts(fields, levels_kg_m3),
        "wells": _points(fields, wells),
        "targets": _points(fields, targets),
        "pathlines": _lines(fields, paths),
    }
    for name, rows in layers.items():
        if rows:
            frame = gpd.GeoDataFrame(rows, geometry="geometry", crs=fields.frame.crs)
            frame.to_file(path, layer=name, driver="GPKG", engine="pyogrio")
    _about(fields, path, about(fields, program=program, made_ms=made_ms))
    return path


def polygon_of(rings: Sequence[Ring]) -> BaseGeometry:
    """Area of rings: those that run counter-clockwise less those that run clockwise."""
    import shapely

    parts = [shapely.Polygon(ring) for ring in rings if len(ring) > 3]
    outer = shapely.union_all([part for part in parts if part.exterior.is_ccw])
    holes = shapely.union_all([part for part in parts if not part.exterior.is_ccw])
    return shapely.difference(outer, holes)


def _fronts(fields: WaterFields, levels: Sequence[float]) -> list[dict[str, Any]]:
    from shapely.affinity import translate

    grid, frame = fields.grid, fields.frame
    found = []
    for name, values in fields.concs_kg_m3.items():
        largest = float(np.nanmax(values)) if np.isfinite(values).any() else 0.0
        for level in levels or (0.01 * largest, 0.1 * largest):
            if level <= 0.0:
                continue
            for n in range(len(fields.times_s)):
                shape = polygon_of(rings_at(grid.x_m, grid.y_m, plan(values[n]), level))
                if not shape.is_empty:
                    found.append(
                        {
                            "substance": name,
                            "level_kg_m3": float(level),
                            "time": moment(fields, n),
                            "time_s": float(fields.times_s[n]),
                            "area_m2": float(shape.area),
                            "origin": fields.origin.value,
                            "geometry": translate(shape, frame.easting_m, frame.northing_m),
                        }
                    )
    return found


def _points(fields: WaterFields, rows: Sequence[MapPoint]) -> list[dict[str, Any]]:
    from shapely.geometry import Point

    east, north = fields.frame.easting_m, fields.frame.northing_m
    return [
        {
            "id": row.id,
            "origin": fields.origin.value,
            **row.columns,
            "geometry": Point(row.x_m + east, row.y_m + north),
        }
        for row in rows
    ]


def _lines(fields: WaterFields, lines: Sequence[FloatArray]) -> list[dict[str, Any]]:
    from shapely.geometry import LineString

    shift = np.array([fields.frame.easting_m, fields.frame.northing_m, 0.0])
    return [
        {"id": n, "origin": fields.origin.value, "geometry": LineString(np.asarray(line)[:, :3] + shift)}
        for n, line in enumerate(lines)
        if len(line) > 1
    ]


def _about(fields: WaterFields, path: Path, attributes: dict[str, str]) -> None:
    """A table without geometry: what the file says about itself."""
    import pandas as pd
    from pyogrio import write_dataframe

    rows = pd.DataFrame({"name": list(attributes), "text": list(attributes.values())})
    write_dataframe(rows, path, layer="about", driver="GPKG")
