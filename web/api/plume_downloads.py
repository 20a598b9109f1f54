"""Stored plume frames as files of other programs: NetCDF-CF, GeoTIFF, GeoJSON."""

from __future__ import annotations

import tempfile
from pathlib import Path

from apiflask import APIBlueprint
from flask import Response

from twin.core.errors import ServiceUnavailableError
from twin.core.geometry import FrameOrigin
from web import files
from web.reply import Operation, serve
from web.services import Services, services

plume_downloads = APIBlueprint("plume_downloads", __name__, url_prefix="/api/v1", tag="Models")
HEIGHTS = "heights.twg"
# Volumes for ParaView are written on the command line: the server loads no VTK.
_KINDS = {
    "nc": ("netcdf", "application/x-netcdf"),
    "tif": ("cog", "image/tiff"),
    "geojson": ("geojson", "application/geo+json"),
}


def get_plume_as(ending: str, run: str, k: int) -> Response:
    """One plume frame in another format, with its place, units, origin and inputs."""
    own = services()
    if not own.exports.acquire(blocking=False):
        msg = "two exports are being made already; try again in a moment"
        raise ServiceUnavailableError(msg, message_zh="已有两个导出正在进行，请稍后再试", field="export")
    try:
        body = _made(own, ending, run, k)
    finally:
        own.exports.release()
    response = Response(body, mimetype=_KINDS[ending][1])
    response.headers["Content-Disposition"] = f'attachment; filename="plume-{run}-{k}.{ending}"'
    response.headers["Cache-Control"] = files.IMMUTABLE
    return response


def _made(own: Services, ending: str, run: str, k: int) -> bytes:
    from twin.stage.air.files import write_fields
    from twin.stage.air.live import field_of_frame, terrain_of_heights

    row = own.results.plume(run, k)
    frame = own.results.plume_file(run, k).read_bytes()
    crs = own.bundles.scene()["crs"]
    east, north, height = crs["origin"]
    heights = own.bundles.folder_of(own.bundles.current()) / HEIGHTS
    field = field_of_frame(
        row,
        frame,
        terrain_of_heights(heights.read_bytes()),
        int(crs["epsg"]),
        FrameOrigin(easting_m=east, northing_m=north, height_m=height),
    )
    with tempfile.TemporaryDirectory(prefix="park-twin-plume-") as folder:
        (path,) = write_fields(
            [field],
            [_KINDS[ending][0]],
            Path(folder),
            program=f"Park Twin {own.version}",
            made_ms=own.clock.now_ms(),
        )
        return path.read_bytes()


def get_plume_netcdf(run: str, k: int) -> Response:
    """One plume frame as NetCDF (CF-1.11)."""
    return get_plume_as("nc", run, k)


def get_plume_geotiff(run: str, k: int) -> Response:
    """The lowest layer of a plume frame as cloud-optimised GeoTIFF."""
    return get_plume_as("tif", run, k)


def get_plume_geojson(run: str, k: int) -> Response:
    """Areas of a plume frame above the acute levels for an hour, GeoJSON in WGS 84."""
    return get_plume_as("geojson", run, k)


_FILE = Operation(mimetype="*/*", errors=(404, 503))
serve(plume_downloads, "/plumes/<run>/<int:k>.nc", get_plume_netcdf, _FILE)
serve(plume_downloads, "/plumes/<run>/<int:k>.tif", get_plume_geotiff, _FILE)
serve(plume_downloads, "/plumes/<run>/<int:k>.geojson", get_plume_geojson, _FILE)
