"""Frame and ground of an imported park: CRS, extent, terrain, boreholes."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gis.crs import ParkCrs
from gis.datum import to_wgs84
from gis.raster import read_dem, terrain_from_lonlat_grid
from gis.scene.import_request import REQUEST, ImportRequest, choose_epsg, refuse
from gis.terrain import Terrain
from twin.core.geometry import Extent, FrameOrigin
from twin.core.text import Text

Row = dict[str, object]
LonLat = tuple[float, float]
_NPZ_KEYS = ("elevation", "xmin", "xmax", "ymin", "ymax")
_FIXED = ("id", "lon_deg", "lat_deg", "collar_m", "depth_m")
# Usual layers with colours and plausible properties; columns of other names get the grey row.
_KNOWN_STRATA: dict[str, tuple[str, str, str, bool, float, float]] = {
    "fill": ("人工填土", "Fill", "#b08d57", False, 5e-6, 0.35),
    "clay": ("黏土", "Clay", "#c98f4e", False, 2e-7, 0.42),
    "silt": ("粉土", "Silt", "#cfa76a", False, 1e-6, 0.40),
    "sand": ("砂", "Sand", "#e6d38a", True, 1e-4, 0.32),
    "gravel": ("砂砾石", "Gravel", "#e0c878", True, 4e-4, 0.28),
    "weathered": ("风化基岩", "Weathered bedrock", "#a9795b", True, 8e-6, 0.12),
    "bedrock": ("基岩", "Bedrock", "#7d7f86", False, 1e-8, 0.02),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Where an imported park lies."""

    crs: ParkCrs
    centre: LonLat
    extent: Extent


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Terrain of an imported park, and what is to be told about it."""

    terrain: Terrain
    demonstration: bool
    notes: tuple[Text, ...]


def frame_of(request: ImportRequest, outline_lonlat: tuple[float, float, float, float] | None) -> Frame:
    """Frame around the centre, or around the boundary (west, south, east, north in WGS 84)."""
    centre, size = _centre_and_size(request, outline_lonlat)
    epsg = request.epsg or choose_epsg(*centre)
    zero = ParkCrs(epsg, FrameOrigin(easting_m=0.0, northing_m=0.0, height_m=0.0))
    east, north = zero.to_local(*centre)
    origin = FrameOrigin(easting_m=round(float(east), 3), northing_m=round(float(north), 3), height_m=0.0)
    half = [round(side / 2 / request.step_m) * request.step_m for side in size]
    box = Extent(x_min_m=-half[0], y_min_m=-half[1], x_max_m=half[0], y_max_m=half[1])
    return Frame(crs=ParkCrs(epsg, origin), centre=centre, extent=box)


def _centre_and_size(
    request: ImportRequest, box: tuple[float, float, float, float] | None
) -> tuple[LonLat, tuple[float, float]]:
    if request.centre_lonlat_deg is not None:
        lon, lat = to_wgs84(*request.centre_lonlat_deg, request.datum)
        return (float(lon), float(lat)), request.size_m
    if box is None:
        raise refuse(REQUEST, "boundary", None, "at least one polygon", "至少一个多边形")
    centre = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
    zero = FrameOrigin(easting_m=0.0, northing_m=0.0, height_m=0.0)
    x, y = ParkCrs(request.epsg or choose_epsg(*centre), zero).to_local([box[0], box[2]], [box[1], box[3]])
    margin = 2 * request.margin_m
    return centre, (float(x[1] - x[0]) + margin, float(y[1] - y[0]) + margin)


def ground_of(request: ImportRequest, frame: Frame) -> Ground:
    """Terrain of the extent from the elevation files. Raises RasterError."""
    if not request.dem:
        return _flat(request, frame)
    if request.dem[0].suffix == ".npz":
        terrain, notes = _from_npz(request.dem[0], request, frame)
        return Ground(terrain=terrain, demonstration=False, notes=notes)
    dem = read_dem(
        request.dem, frame.crs, frame.extent, request.step_m, options=request.tile_options(), method="cubic"
    )
    return Ground(terrain=dem.terrain, demonstration=False, notes=dem.notes)


def _flat(request: ImportRequest, frame: Frame) -> Ground:
    box, level = frame.extent, request.flat_level_m or 0.0
    shape = (round(box.height_m / request.step_m) + 1, round(box.width_m / request.step_m) + 1)
    heights = np.full(shape, level, dtype=np.float32)
    note = Text(
        zh=f"没有高程文件：地面为 {level:g} 米的平面",
        en=f"No elevation file: the ground is flat at {level:g} m",
    )
    return Ground(
        terrain=Terrain(heights, box.x_min_m, box.y_min_m, request.step_m), demonstration=True, notes=(note,)
    )


def _from_npz(path: Path, request: ImportRequest, frame: Frame) -> tuple[Terrain, tuple[Text, ...]]:
    try:
        with np.load(path, allow_pickle=False) as file:
            values = {key: file[key] for key in file.files}
    except (OSError, ValueError) as error:
        raise refuse(path.name, "file", str(error), "a NumPy .npz archive", " NumPy .npz 文件") from error
    missing = [key for key in _NPZ_KEYS if key not in values]
    if missing or values["elevation"].ndim != 2:
        found = ", ".join(values)
        keys = ", ".join(_NPZ_KEYS)
        raise refuse(path.name, "arrays", found, f"{keys}", f" {keys}")
    grid = values["elevation"]
    lon = _cells(float(values["xmin"]), float(values["xmax"]), grid.shape[1])
    lat = _cells(float(values["ymin"]), float(values["ymax"]), grid.shape[0])
    dem = terrain_from_lonlat_grid(lon, lat, grid, frame.crs, frame.extent, request.step_m, source=path.name)
    return dem.terrain, dem.notes


def _cells(first_edge: float, last_edge: float, count: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Centres of ``count`` cells between two edges."""
    return first_edge + (np.arange(count) + 0.5) * (last_edge - first_edge) / count


@dataclass(frozen=True, slots=True, kw_only=True)
class Holes:
    """Rows for ``boreholes.csv`` and ``strata.toml``."""

    rows: tuple[Row, ...]
    strata: tuple[Row, ...]


def holes_of(request: ImportRequest, frame: Frame) -> Holes:
    """Boreholes of a CSV with id, lon_deg, lat_deg, depth_m and one thickness column per stratum.

    Holes outside the extent are left out. Raises SceneError naming line, column and value.
    """
    path = request.boreholes
    if path is None:
        return Holes(rows=(), strata=())
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        header = list(reader.fieldnames or [])
        _require_columns(path.name, header, ("id", "lon_deg", "lat_deg", "depth_m"))
        names = [name for name in header if name not in _FIXED]
        if not names:
            raise refuse(path.name, "columns", header, "one column per stratum", "每个地层一列")
        rows = [_hole(path.name, reader.line_num, cells, names, request, frame) for cells in reader]
    inside = tuple(row for row in rows if _in(frame.extent, row))
    return Holes(rows=inside, strata=tuple(_stratum(name) for name in names))


def _require_columns(file: str, header: list[str], wanted: tuple[str, ...]) -> None:
    for name in wanted:
        if name not in header:
            raise refuse(file, "column", header, f"a column {name}", f"列 {name}")


def _hole(
    file: str, line: int, cells: dict[str, str], names: list[str], request: ImportRequest, frame: Frame
) -> Row:
    lon, lat = (number(file, line, name, cells.get(name)) for name in ("lon_deg", "lat_deg"))
    x, y = frame.crs.to_local(*to_wgs84(lon, lat, request.datum))
    row: Row = {"id": cells["id"], "x_m": round(float(x), 2), "y_m": round(float(y), 2)}
    row["collar_m"] = number(file, line, "collar_m", cells["collar_m"]) if cells.get("collar_m") else None
    row["depth_m"] = number(file, line, "depth_m", cells.get("depth_m"))
    for name in names:
        row[name] = number(file, line, name, cells[name]) if cells.get(name) else None
    return row


def number(file: str, line: int, column: str, cell: str | None) -> float:
    """Number of a CSV cell. Raises SceneError naming line, column and value."""
    try:
        value = float(cell or "")
    except ValueError:
        value = float("nan")
    if not np.isfinite(value):
        raise refuse(file, f"line {line}, {column}", cell, "a number", "数字")
    return value


def _in(extent: Extent, row: Row) -> bool:
    return extent.contains(float(str(row["x_m"])), float(str(row["y_m"])))


def _stratum(name: str) -> Row:
    zh, en, colour, aquifer, conductivity, porosity = _KNOWN_STRATA.get(
        name, (name, name, "#9a9a90", False, 1e-6, 0.2)
    )
    return {
        "id": name,
        "name": {"zh": zh, "en": en},
        "colour": colour,
        "aquifer": aquifer,
        "conductivity_m_s": conductivity,
        "porosity": porosity,
    }
