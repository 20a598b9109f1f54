"""The ground of a case: flat, an array, or an elevation file; and where on the earth its origin lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.air.case.dem_rim import Whole, whole
from models.air.case.load import bad_value
from models.air.case.result import GeoFrame
from models.air.case.schema_air import SiteTable
from models.contract import Site
from twin.core.geometry import Extent, FloatArray

_NAMED = 5  # places that a note names
_FAR_M = 60_000.0  # half the width of flat ground
_DEFAULT_LON_DEG, _DEFAULT_LAT_DEG = 117.0, 26.2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ground:
    """Site of a case, its frame on the earth, and whether it is flat.

    ``datum_m`` is the level of local zero in the elevation file.
    """

    site: Site
    frame: GeoFrame
    flat: bool
    note: str = ""
    warning: str = ""

    @property
    def notes(self) -> tuple[str, ...]:
        """The file, and what had to be done to it."""
        return tuple(each for each in (self.note, self.warning) if each)

    def holds(self, x_m: FloatArray, y_m: FloatArray) -> npt.NDArray[np.bool_]:
        """Which places lie on the ground that is known; a micrometre of rounding is forgiven."""
        e = self.site.extent
        tiny = 1e-6
        east = (x_m >= e.x_min_m - tiny) & (x_m <= e.x_max_m + tiny)
        return np.asarray(east & (y_m >= e.y_min_m - tiny) & (y_m <= e.y_max_m + tiny))

    def beyond(self, places: Sequence[tuple[str, float, float]]) -> tuple[str, ...]:
        """A note that names the places (id, x, y) outside the ground; none when there are none."""
        names = [
            f"{name} ({x:g}, {y:g})" for name, x, y in places if not self.holds(np.array(x), np.array(y))
        ]
        if not names:
            return ()
        e = self.site.extent
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        where = f"x {e.x_min_m:g} to {e.x_max_m:g}, y {e.y_min_m:g} to {e.y_max_m:g} m"
        return (f"outside the ground ({where}): {', '.join(names[:_NAMED])}{more}",)


def ground_of(table: SiteTable, folder: Path, source: str) -> Ground:
    """Ground of a case. Raises CaseError when the elevation file cannot be used."""
    if table.dem is not None:
        return _from_file(table, folder / table.dem, source)
    frame, lon, lat, convergence = _frame(table)
    if table.heights_m is not None:
        heights = np.array(table.heights_m, dtype=np.float64)
        step, x0, y0 = float(table.step_m or 1.0), table.x0_m, table.y0_m
        flat = bool(np.ptp(heights) == 0.0)
    else:
        heights, step, x0, y0, flat = np.full((2, 2), table.ground_m), 2.0 * _FAR_M, -_FAR_M, -_FAR_M, True
    site = _site(table, heights, (x0, y0, step), (lon, lat, convergence))
    return Ground(site=site, frame=frame, flat=flat)


def _site(
    table: SiteTable,
    heights: FloatArray,
    nodes: tuple[float, float, float],
    place: tuple[float, float, float],
) -> Site:
    x0, y0, step = nodes
    ny, nx = heights.shape
    return Site(
        extent=Extent(x_min_m=x0, y_min_m=y0, x_max_m=x0 + (nx - 1) * step, y_max_m=y0 + (ny - 1) * step),
        ground_heights_m=heights,
        x0_m=x0,
        y0_m=y0,
        step_m=step,
        roughness_m=table.roughness_m,
        displacement_m=table.displacement_m,
        longitude_deg=place[0],
        latitude_deg=place[1],
        convergence_deg=place[2] if table.north == "true" else 0.0,
    )


def _frame(table: SiteTable) -> tuple[GeoFrame, float, float, float]:
    """Frame, longitude, latitude and convergence of the local origin."""
    if table.epsg is not None and table.origin_easting_m is not None and table.origin_northing_m is not None:
        crs = f"EPSG:{table.epsg}"
        return _projected(crs, table.origin_easting_m, table.origin_northing_m)
    if table.longitude_deg is not None and table.latitude_deg is not None:
        lon, lat = table.longitude_deg, table.latitude_deg
        crs = f"+proj=tmerc +lat_0={lat!r} +lon_0={lon!r} +k=1 +x_0=0 +y_0=0 +datum=WGS84 +units=m +type=crs"
        return GeoFrame(crs=crs), lon, lat, 0.0
    return GeoFrame(), _DEFAULT_LON_DEG, _DEFAULT_LAT_DEG, 0.0


def _projected(crs: str, easting_m: float, northing_m: float) -> tuple[GeoFrame, float, float, float]:
    from pyproj import Proj, Transformer

    to_lonlat = Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    lon, lat = to_lonlat.transform(easting_m, northing_m)
    convergence = float(Proj(crs).get_factors(lon, lat).meridian_convergence)
    return GeoFrame(crs=crs, easting_m=easting_m, northing_m=northing_m), float(lon), float(lat), convergence


def _from_file(table: SiteTable, path: Path, source: str) -> Ground:
    heights, transform, crs, done = _read(path, table.dem or "", source)
    step = abs(float(transform.a))
    west = float(transform.c) + 0.5 * step
    south = float(transform.f) + float(transform.e) * (heights.shape[0] - 0.5)
    centre_x = west + 0.5 * (heights.shape[1] - 1) * step
    centre_y = south + 0.5 * (heights.shape[0] - 1) * step
    east0 = centre_x if table.origin_easting_m is None else table.origin_easting_m
    north0 = centre_y if table.origin_northing_m is None else table.origin_northing_m
    frame, lon, lat, convergence = _projected(crs, east0, north0)
    south_up = heights[::-1]
    site = _site(table, south_up, (west - east0, south - north0, step), (lon, lat, convergence))
    return Ground(
        site=site,
        frame=frame,
        flat=bool(np.ptp(south_up) == 0.0),
        note=f"dem {path.name}",
        warning=f"dem {path.name}: {done}" if done else "",
    )


def _read(path: Path, named: str, source: str) -> tuple[FloatArray, Any, str, str]:
    import rasterio
    from rasterio.transform import Affine

    try:
        with rasterio.open(path) as data:
            if data.crs is None:
                raise bad_value(
                    source, "site.dem", named, "a raster with a coordinate system", "带坐标系的栅格"
                )
            heights, transform, crs = _metric(data)
    except rasterio.errors.RasterioIOError:
        raise bad_value(source, "site.dem", named, "a readable GeoTIFF", "可读的 GeoTIFF") from None
    found = whole(heights)
    if found.why_not is not None:
        raise bad_value(source, "site.dem", named, *found.why_not)
    return (
        found.heights_m,
        transform @ Affine.translation(found.columns.start, found.rows.start),
        crs,
        _done(found, heights.shape, transform),
    )


def _done(found: Whole, shape: tuple[int, ...], transform: Any) -> str:
    """What was done to the file, in words; empty when it was whole."""
    said = []
    ny, nx = found.heights_m.shape
    if (ny, nx) != shape:
        west, north = transform @ (found.columns.start + 0.5, found.rows.start + 0.5)
        east, south = transform @ (found.columns.stop - 0.5, found.rows.stop - 0.5)
        said.append(
            f"rim without heights cut off: {shape[1]} x {shape[0]} to {nx} x {ny} cells, "
            f"easting {west:.0f} to {east:.0f}, northing {south:.0f} to {north:.0f} m"
        )
    if found.filled:
        said.append(f"{found.filled} cells without a height filled from their rim")
    return "; ".join(said)


def _metric(data: Any) -> tuple[FloatArray, Any, str]:
    """Heights (north up), transform with square cells, and CRS, in a metric projected system."""
    from rasterio.warp import Resampling, calculate_default_transform, reproject

    from gis.crs import utm_epsg

    square = abs(abs(data.transform.a) - abs(data.transform.e)) < 1e-6 * abs(data.transform.a)
    values = data.read(1).astype(np.float64)
    if data.nodata is not None:
        values[values == data.nodata] = np.nan
    if data.crs.is_projected and square and data.transform.e < 0.0 and not data.transform.b:
        return values, data.transform, data.crs.to_string()
    left, bottom, right, top = data.bounds
    crs = (
        data.crs.to_string()
        if data.crs.is_projected
        else f"EPSG:{utm_epsg((left + right) / 2, (bottom + top) / 2)}"
    )
    transform, width, height = calculate_default_transform(
        data.crs, crs, data.width, data.height, left, bottom, right, top
    )
    out = np.full((height, width), np.nan)
    reproject(
        values,
        out,
        src_transform=data.transform,
        src_crs=data.crs,
        dst_transform=transform,
        dst_crs=crs,
        src_nodata=np.nan,
        dst_nodata=np.nan,
        resampling=Resampling.bilinear,
    )
    return out, transform, crs
