"""Chinese map datums. Public Chinese maps do not use WGS 84: their places are shifted.

GCJ-02 adds a smooth published-in-practice shift of 300 to 700 m; BD-09 (Baidu) adds a second one.
A scene that ignores this puts a tower on the wrong hill. Both shifts are defined forwards only,
so the way back is found by fixed-point iteration. The shift has no official publication; the
series here is the one in general public use (Krasovsky 1940 ellipsoid; about 1 m of the real one).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from twin.core.errors import CrsError
from twin.core.geometry import FloatArray

_AXIS_M = 6378245.0  # Krasovsky 1940
_ECCENTRICITY2 = 0.00669342162296594323
_CENTRE_LON_DEG, _CENTRE_LAT_DEG = 105.0, 35.0
_BD_SHIFT_LON_DEG, _BD_SHIFT_LAT_DEG = 0.0065, 0.006
_BD_TURN = math.pi * 3000.0 / 180.0
_TOLERANCE_DEG = 1e-10  # 0.01 mm
_MAX_STEPS = 40
_LON_RANGE_DEG = (72.004, 137.8347)
_LAT_RANGE_DEG = (0.8293, 55.8271)

LonLat = tuple[FloatArray, FloatArray]


class Datum(StrEnum):
    """Datum of longitude and latitude in an input."""

    WGS84 = "wgs84"
    GCJ02 = "gcj02"
    BD09 = "bd09"


def to_wgs84(lon_deg: npt.ArrayLike, lat_deg: npt.ArrayLike, datum: Datum) -> LonLat:
    """WGS 84 longitude and latitude of places given in ``datum``, degrees.

    Raises CrsError when a place lies outside the part of the world where the datum is defined.
    """
    lon, lat = np.asarray(lon_deg, dtype=np.float64), np.asarray(lat_deg, dtype=np.float64)
    if datum is Datum.WGS84:
        return lon, lat
    _require_china(lon, lat, datum)
    if datum is Datum.BD09:
        lon, lat = _invert(_gcj_to_bd, lon, lat)
    return _invert(_wgs_to_gcj, lon, lat)


def from_wgs84(lon_deg: npt.ArrayLike, lat_deg: npt.ArrayLike, datum: Datum) -> LonLat:
    """Longitude and latitude in ``datum`` of WGS 84 places; the inverse of ``to_wgs84``."""
    lon, lat = np.asarray(lon_deg, dtype=np.float64), np.asarray(lat_deg, dtype=np.float64)
    if datum is Datum.WGS84:
        return lon, lat
    _require_china(lon, lat, datum)
    lon, lat = _wgs_to_gcj(lon, lat)
    return _gcj_to_bd(lon, lat) if datum is Datum.BD09 else (lon, lat)


def _require_china(lon: FloatArray, lat: FloatArray, datum: Datum) -> None:
    inside = (lon >= _LON_RANGE_DEG[0]) & (lon <= _LON_RANGE_DEG[1])
    inside &= (lat >= _LAT_RANGE_DEG[0]) & (lat <= _LAT_RANGE_DEG[1])
    if np.all(inside):
        return
    at = int(np.argmin(np.ravel(inside)))
    value = (float(np.ravel(lon)[at]), float(np.ravel(lat)[at]))
    raise CrsError(
        f"datum: {datum.value} is defined in China only, but a place lies at {value[0]:g}, {value[1]:g} "
        f"(longitude, latitude); expected longitude {_LON_RANGE_DEG[0]:g} to {_LON_RANGE_DEG[1]:g}, "
        f"latitude {_LAT_RANGE_DEG[0]:g} to {_LAT_RANGE_DEG[1]:g}, or datum wgs84",
        message_zh=f"datum：{datum.value} 只在中国境内有定义，"
        f"而有一点位于经度 {value[0]:g}、纬度 {value[1]:g}；"
        f"应在经度 {_LON_RANGE_DEG[0]:g} 至 {_LON_RANGE_DEG[1]:g}、"
        f"纬度 {_LAT_RANGE_DEG[0]:g} 至 {_LAT_RANGE_DEG[1]:g} 之内，或改用 wgs84",
        field="datum",
        value=value,
    )


def _invert(forward: Callable[[FloatArray, FloatArray], LonLat], lon: FloatArray, lat: FloatArray) -> LonLat:
    """Fixed point of ``guess = target - (forward(guess) - guess)``; the shift changes slowly."""
    guess_lon, guess_lat = lon, lat
    for _ in range(_MAX_STEPS):
        shifted_lon, shifted_lat = forward(guess_lon, guess_lat)
        error_lon, error_lat = shifted_lon - lon, shifted_lat - lat
        guess_lon, guess_lat = guess_lon - error_lon, guess_lat - error_lat
        if max(np.max(np.abs(error_lon)), np.max(np.abs(error_lat))) < _TOLERANCE_DEG:
            break
    return guess_lon, guess_lat


def _wgs_to_gcj(lon: FloatArray, lat: FloatArray) -> LonLat:
    x, y = lon - _CENTRE_LON_DEG, lat - _CENTRE_LAT_DEG
    east_m, north_m = _east_shift_m(x, y), _north_shift_m(x, y)
    phi = np.radians(lat)
    root2 = 1.0 - _ECCENTRICITY2 * np.sin(phi) ** 2
    meridian_m = _AXIS_M * (1.0 - _ECCENTRICITY2) / root2**1.5
    normal_m = _AXIS_M / np.sqrt(root2)
    return lon + np.degrees(east_m / (normal_m * np.cos(phi))), lat + np.degrees(north_m / meridian_m)


def _waves(x: FloatArray, amplitudes: tuple[float, ...], divisors: tuple[float, ...]) -> FloatArray:
    total = np.zeros_like(x)
    for amplitude, divisor in zip(amplitudes, divisors, strict=True):
        total = total + amplitude * np.sin(math.pi * x / divisor)
    return total * (2.0 / 3.0)


def _east_shift_m(x: FloatArray, y: FloatArray) -> FloatArray:
    smooth = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * np.sqrt(np.abs(x))
    waves = _waves(x, (20.0, 20.0, 20.0, 40.0, 150.0, 300.0), (1 / 6, 0.5, 1.0, 3.0, 12.0, 30.0))
    return np.asarray(smooth + waves)


def _north_shift_m(x: FloatArray, y: FloatArray) -> FloatArray:
    smooth = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * np.sqrt(np.abs(x))
    waves_x = _waves(x, (20.0, 20.0), (1 / 6, 0.5))
    waves_y = _waves(y, (20.0, 40.0, 160.0, 320.0), (1.0, 3.0, 12.0, 30.0))
    return np.asarray(smooth + waves_x + waves_y)


def _gcj_to_bd(lon: FloatArray, lat: FloatArray) -> LonLat:
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _BD_TURN)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BD_TURN)
    return radius * np.cos(angle) + _BD_SHIFT_LON_DEG, radius * np.sin(angle) + _BD_SHIFT_LAT_DEG
