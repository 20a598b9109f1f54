"""The park's coordinate reference system: local frame <-> projected grid <-> WGS 84.

The local frame is the projected grid moved to an origin near the park, so that single-precision
graphics keep centimetres. Order is always east, north (longitude, latitude), also for systems
such as EPSG:4548 whose own axis order is north first. CGCS2000 and WGS 84 agree to centimetres
and are taken as equal. pyproj never asks the network for grids.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from pyproj import CRS, Proj, Transformer
from pyproj.exceptions import CRSError, ProjError

from gis.datum import Datum, from_wgs84, to_wgs84
from twin.core.errors import CrsError
from twin.core.geometry import FloatArray, FrameOrigin

__all__ = ["Datum", "ParkCrs", "from_wgs84", "gauss_kruger_epsg", "parse_crs", "to_wgs84", "utm_epsg"]

_WGS84 = "EPSG:4326"
_AREA_MARGIN_DEG = 0.25  # a park may straddle the edge of a zone; a swapped or foreign place may not

LonLat = tuple[FloatArray, FloatArray]


@dataclass(frozen=True, slots=True)
class ParkCrs:
    """A projected metric grid (``epsg``) with the local origin of a park.

    Raises CrsError when the system is unknown, geographic, or not in metres.
    """

    epsg: int
    origin: FrameOrigin

    def __post_init__(self) -> None:
        _require_metric_grid(self.epsg)

    def to_local(self, lon_deg: npt.ArrayLike, lat_deg: npt.ArrayLike) -> LonLat:
        """Local x, y in metres of WGS 84 places (degrees). Raises CrsError outside the area of use."""
        lon, lat = _floats(lon_deg), _floats(lat_deg)
        _require_inside(self.epsg, lon, lat)
        return self._shift(*_transform(_WGS84, f"EPSG:{self.epsg}", lon, lat))

    def to_lonlat(self, x_m: npt.ArrayLike, y_m: npt.ArrayLike) -> LonLat:
        """WGS 84 longitude, latitude in degrees of local places. Raises CrsError outside the area."""
        east = _floats(x_m) + self.origin.easting_m
        north = _floats(y_m) + self.origin.northing_m
        lon, lat = _transform(f"EPSG:{self.epsg}", _WGS84, east, north)
        _require_inside(self.epsg, lon, lat)
        return lon, lat

    def from_crs(self, crs: object, x: npt.ArrayLike, y: npt.ArrayLike) -> LonLat:
        """Local x, y of places in another system (EPSG number, "EPSG:...", WKT or pyproj CRS).

        ``x`` is east or longitude and ``y`` north or latitude, whatever the system's own order.
        """
        lon, lat = _transform(parse_crs(crs), _WGS84, _floats(x), _floats(y))
        _require_inside(self.epsg, lon, lat)
        if parse_crs(crs) == CRS.from_epsg(self.epsg):
            return self._shift(_floats(x), _floats(y))
        return self._shift(*_transform(parse_crs(crs), f"EPSG:{self.epsg}", _floats(x), _floats(y)))

    def to_crs(self, crs: object, x_m: npt.ArrayLike, y_m: npt.ArrayLike) -> LonLat:
        """East (longitude), north (latitude) in another system of local places."""
        east = _floats(x_m) + self.origin.easting_m
        north = _floats(y_m) + self.origin.northing_m
        if parse_crs(crs) == CRS.from_epsg(self.epsg):
            return east, north
        return _transform(f"EPSG:{self.epsg}", parse_crs(crs), east, north)

    def convergence_deg(self, x_m: float = 0.0, y_m: float = 0.0) -> float:
        """Grid north minus true north at a local place, positive when grid north lies to the east.

        A bearing from grid north is the bearing from true north minus this angle.
        """
        lon, lat = self.to_lonlat(x_m, y_m)
        return float(_proj(self.epsg).get_factors(float(lon), float(lat)).meridian_convergence)

    def scale_factor(self, x_m: float = 0.0, y_m: float = 0.0) -> float:
        """Grid distance divided by distance on the ellipsoid at a local place."""
        lon, lat = self.to_lonlat(x_m, y_m)
        return float(_proj(self.epsg).get_factors(float(lon), float(lat)).meridional_scale)

    def _shift(self, east_m: FloatArray, north_m: FloatArray) -> LonLat:
        return east_m - self.origin.easting_m, north_m - self.origin.northing_m


def utm_epsg(lon_deg: float, lat_deg: float) -> int:
    """EPSG number of the WGS 84 / UTM zone that holds a place.

    >>> utm_epsg(116.8, 26.2), utm_epsg(1.5, -42.5)
    (32650, 32731)
    """
    zone = min(60, int((lon_deg + 180.0) // 6.0) + 1)
    return (32600 if lat_deg >= 0.0 else 32700) + zone


def gauss_kruger_epsg(lon_deg: float) -> int:
    """EPSG number of CGCS2000 / 3-degree Gauss-Kruger without zone prefix, for a longitude in China.

    >>> gauss_kruger_epsg(117.0)
    4548
    """
    if not 73.5 <= lon_deg <= 136.5:
        raise CrsError(
            f"lon_deg: {lon_deg:g} is outside CGCS2000 3-degree zones; expected 73.5 to 136.5",
            message_zh=f"lon_deg：{lon_deg:g} 不在 CGCS2000 三度带范围内；应为 73.5 至 136.5",
            field="lon_deg",
            value=lon_deg,
        )
    return 4534 + min(20, int((lon_deg - 73.5) // 3.0))


def parse_crs(crs: object) -> CRS:
    """CRS object of an EPSG number, "EPSG:..." string, WKT or CRS. Raises CrsError."""
    try:
        return CRS.from_user_input(crs)
    except CRSError as error:
        raise CrsError(
            f"crs: {str(crs)[:120]!r} is not a known coordinate reference system; "
            "expected an EPSG number, EPSG:<n> or WKT",
            message_zh=f"crs：{str(crs)[:120]!r} 不是已知的坐标参考系；应为 EPSG 编号、EPSG:<n> 或 WKT",
            field="crs",
            value=crs,
        ) from error


@lru_cache(maxsize=64)
def _transformer(source: CRS | str, target: CRS | str) -> Transformer:
    return Transformer.from_crs(source, target, always_xy=True)


@lru_cache(maxsize=16)
def _proj(epsg: int) -> Proj:
    return Proj(f"EPSG:{epsg}")


@lru_cache(maxsize=16)
def _area_of_use(epsg: int) -> tuple[float, float, float, float]:
    area = CRS.from_epsg(epsg).area_of_use
    return (-180.0, -90.0, 180.0, 90.0) if area is None else (area.west, area.south, area.east, area.north)


def _floats(values: npt.ArrayLike) -> FloatArray:
    return np.asarray(values, dtype=np.float64)


def _transform(source: CRS | str, target: CRS | str, x: FloatArray, y: FloatArray) -> LonLat:
    try:
        east, north = _transformer(source, target).transform(x, y)
    except ProjError as error:
        raise CrsError(
            f"coordinates: cannot be transformed from {source} to {target} ({error})",
            message_zh=f"坐标：无法从 {source} 转换到 {target}（{error}）",
            field="coordinates",
        ) from error
    return _floats(east), _floats(north)


@lru_cache(maxsize=16)
def _require_metric_grid(epsg: int) -> None:
    crs = parse_crs(epsg)
    metric = crs.is_projected and all(
        math.isclose(axis.unit_conversion_factor, 1.0) for axis in crs.axis_info[:2]
    )
    if not metric:
        raise CrsError(
            f"epsg: EPSG:{epsg} ({crs.name}) is not a projected system in metres; "
            "expected one such as EPSG:4548 or EPSG:32650",
            message_zh=f"epsg：EPSG:{epsg}（{crs.name}）不是以米为单位的投影坐标系；"
            f"应为 EPSG:4548、EPSG:32650 之类",
            field="epsg",
            value=epsg,
        )


def _require_inside(epsg: int, lon: FloatArray, lat: FloatArray) -> None:
    west, south, east, north = _area_of_use(epsg)
    margin = _AREA_MARGIN_DEG
    inside = (lon >= west - margin) & (lon <= east + margin)
    inside &= (lat >= south - margin) & (lat <= north + margin)
    if np.all(inside):
        return
    at = int(np.argmin(np.ravel(inside)))
    value = (float(np.ravel(lon)[at]), float(np.ravel(lat)[at]))
    raise CrsError(
        f"coordinates: longitude {value[0]:.6g}, latitude {value[1]:.6g} lies outside the area of use of "
        f"EPSG:{epsg}; expected longitude {west:g} to {east:g}, latitude {south:g} to {north:g} "
        "(are longitude and latitude swapped?)",
        message_zh=f"坐标：经度 {value[0]:.6g}、纬度 {value[1]:.6g} 超出 EPSG:{epsg} 的适用范围；"
        f"应为经度 {west:g} 至 {east:g}、纬度 {south:g} 至 {north:g}（经纬度是否写反？）",
        field="coordinates",
        value=value,
    )
