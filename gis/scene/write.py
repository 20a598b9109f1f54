"""Writing the files of a scene; what is written here is what ``gis.scene.load`` reads."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from shapely.affinity import translate
from shapely.geometry.base import BaseGeometry

from gis.scene.geopackage import FILE as DRAWN_FILE
from gis.scene.geopackage import write_layer
from gis.scene.toml_text import toml_text

Row = Mapping[str, object]
Drawing = tuple[Row, BaseGeometry]


def write_toml(path: Path, head: str, tables: Mapping[str, object]) -> None:
    """Write a TOML file; ``head`` becomes its first comment."""
    path.write_text(toml_text(head, tables), encoding="utf-8")


def write_csv(path: Path, rows: Sequence[Row], columns: Sequence[str]) -> None:
    """Write a CSV file with the given columns; None becomes an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow(["" if row.get(name) is None else row[name] for name in columns])
    path.write_text(text.getvalue(), encoding="utf-8")


def write_drawn(
    folder: Path, layers: Mapping[str, Sequence[Drawing]], *, epsg: int, east_m: float, north_m: float
) -> None:
    """Write ``park.gpkg`` from drawings in the local frame, whose origin lies at east_m, north_m."""
    path = folder / DRAWN_FILE
    path.unlink(missing_ok=True)
    for name, drawings in layers.items():
        shapes = [translate(shape, east_m, north_m) for _, shape in drawings]
        write_layer(path, name, [row for row, _ in drawings], shapes, epsg=epsg)


def write_instruments(
    folder: Path,
    head: str,
    *,
    stations: Sequence[Row],
    beams: Sequence[Row],
    factor_sets: Mapping[str, object],
    devices: Sequence[Row],
) -> None:
    """Write ``stations.toml``, ``beams.toml`` and ``devices.toml``."""
    write_toml(folder / "stations.toml", head, {"stations": stations})
    write_toml(folder / "beams.toml", head, {"beams": beams})
    write_toml(folder / "devices.toml", head, {"factor_sets": factor_sets, "devices": devices})
