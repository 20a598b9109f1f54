"""What a new park is imported from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gis.crs import gauss_kruger_epsg, utm_epsg
from gis.datum import Datum
from gis.raster import TileOptions
from twin.core.errors import SceneError
from twin.core.origin import Origin
from twin.core.text import Text

REQUEST = "scene import"
ID_PATTERN = re.compile(r"^[a-z0-9][a-z0-9_-]{0,39}$")
# Longitudes and latitudes in which CGCS2000 zones are the default (China's mainland, roughly).
CHINA_LON_DEG = (73.5, 135.1)
CHINA_LAT_DEG = (18.0, 53.6)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRequest:
    """A new park from files.

    Parameters
    ----------
    folder
        Folder of the new scene; must not exist yet.
    id, name
        Short name (a-z, 0-9, dash) and the name for people.
    dem
        Elevation files: GeoTIFF in any CRS, ``.hgt``, zips or folders of these, or one ``.npz`` with
        ``elevation`` and its edges ``xmin, xmax, ymin, ymax`` in degrees (row 0 at ymin).
    flat_level_m
        Level of a flat ground when there is no elevation file; the scene then says so.
    centre_lonlat_deg, size_m
        Centre (longitude, latitude in ``datum``) and width, height. Or:
    boundary
        File with the park's polygons (any vector format with a CRS); gives areas and, without a
        centre, the extent.
    datum
        Datum of the centre and of geographic coordinates in boundary, boreholes and stations.
        OpenStreetMap is always WGS 84.
    osm
        OpenStreetMap extracts (``.osm.pbf``, ``.osm``, ``.osm.gz``).
    boreholes, stations
        CSV files; see ``docs/scenes.md``.
    epsg
        Projected system; None chooses CGCS2000 3-degree in China, UTM elsewhere.
    step_m
        Node distance of the terrain.
    origin
        Kind of source that the park's devices are registered with.
    """

    folder: Path
    id: str
    name: Text
    dem: tuple[Path, ...] = ()
    flat_level_m: float | None = None
    centre_lonlat_deg: tuple[float, float] | None = None
    size_m: tuple[float, float] = (6000.0, 5000.0)
    boundary: Path | None = None
    margin_m: float = 600.0
    datum: Datum = Datum.WGS84
    osm: tuple[Path, ...] = ()
    boreholes: Path | None = None
    stations: Path | None = None
    station_count: int = 4
    beams_per_station: int = 5
    epsg: int | None = None
    step_m: float = 10.0
    origin: Origin = Origin.MEASURED
    utc_offset_h: float = 8.0
    vertical_datum: str = "as in the elevation files"
    vegetation_allowance_m: float = 8.0
    height_unit: Literal["auto", "m", "ft", "us-ft"] = "auto"
    dem_epsg: int | None = None
    accept_south_up: bool = False

    def tile_options(self) -> TileOptions:
        """What is stated about elevation files that do not say it themselves."""
        return TileOptions(
            height_unit=self.height_unit, epsg=self.dem_epsg, accept_south_up=self.accept_south_up
        )


def check_request(request: ImportRequest) -> None:
    """Raise SceneError for the first thing that makes a request impossible."""
    if not ID_PATTERN.match(request.id):
        raise refuse(
            REQUEST, "id", request.id, "a-z, 0-9, - and _, at most 40", "a-z、0-9、- 和 _，至多 40 个字符"
        )
    if request.folder.exists():
        raise refuse(
            REQUEST, "folder", str(request.folder), "a folder that does not exist yet", "尚不存在的文件夹"
        )
    if request.centre_lonlat_deg is None and request.boundary is None:
        raise refuse(REQUEST, "centre", None, "a centre or a boundary file", "中心点或边界文件")
    if not request.dem and request.flat_level_m is None:
        raise refuse(REQUEST, "dem", None, "elevation files, or flat_level_m", "高程文件，或 flat_level_m")
    if request.step_m <= 0 or min(request.size_m) < 20 * request.step_m:
        raise refuse(
            REQUEST,
            "step_m",
            request.step_m,
            "positive, at most 1/20 of the size",
            "正数，且不超过范围的 1/20",
        )
    for path in (*request.dem, *request.osm, request.boundary, request.boreholes, request.stations):
        if path is not None and not path.exists():
            raise refuse(REQUEST, "file", str(path), "a file that exists", "存在的文件")


def choose_epsg(lon_deg: float, lat_deg: float) -> int:
    """Projected system by place: CGCS2000 3-degree zone in China, else the UTM zone.

    >>> choose_epsg(117.0, 26.2), choose_epsg(1.5, 42.5)
    (4548, 32631)
    """
    in_lon = CHINA_LON_DEG[0] <= lon_deg <= CHINA_LON_DEG[1]
    if in_lon and CHINA_LAT_DEG[0] <= lat_deg <= CHINA_LAT_DEG[1]:
        return gauss_kruger_epsg(lon_deg)
    return utm_epsg(lon_deg, lat_deg)


def refuse(source: str, field: str, value: object, expected: str, expected_zh: str) -> SceneError:
    """SceneError about ``field`` of ``source``, a file or the request itself."""
    return SceneError(
        f"{source}: {field} is {value!r}; expected {expected}",
        message_zh=f"{source}：{field} 为 {value!r}；应为{expected_zh}",
        field=field,
        value=value,
        source=source,
    )
