"""Lidar scans: the index, and each scan as a compact file or in numbers."""

from __future__ import annotations

import re

from apiflask import APIBlueprint
from flask import Response

from sensors.lidar.scan import unpack
from twin.core.errors import NotFoundError
from twin.core.origin import Origin
from twin.live.upload_verbs import LIDAR_ENDING, LIDAR_FOLDER
from twin.store.uploads import LidarRow, scan, scans
from web import files
from web.reply import BINARY_FILE, Operation, serve
from web.schemas.upload import ScanDataOut, ScanOut, ScansOut, ScansQuery
from web.services import services

lidar = APIBlueprint("lidar", __name__, url_prefix="/api/v1", tag="Uploads")
_SHA = re.compile(r"[0-9a-f]{64}", re.ASCII)
_LAST_MS = 2**62


def get_scans(query: ScansQuery) -> ScansOut:
    """Scans that begin in a span, newest first."""
    found = scans(
        services().ledger,
        mn=query.mn,
        from_ms=query.from_ms or 0,
        to_ms=_LAST_MS if query.to_ms is None else query.to_ms,
        limit=query.limit + 1,
    )
    return ScansOut(scans=[_scan(row) for row in found[: query.limit]], truncated=len(found) > query.limit)


def get_scan(sha256: str) -> Response:
    """One scan as a compact file, see docs/ways-in.md."""
    name = f"{_known(sha256)}{LIDAR_ENDING}"
    folder = services().settings.data_dir / LIDAR_FOLDER
    return files.send_file(files.locate(folder, name), cache=files.IMMUTABLE)


def get_scan_data(sha256: str) -> ScanDataOut:
    """One scan in numbers."""
    row = scan(services().ledger, _known(sha256))
    path = files.locate(services().settings.data_dir / LIDAR_FOLDER, f"{row.sha256}{LIDAR_ENDING}")
    read = unpack(path.read_bytes(), quantity=row.quantity, unit=row.unit)
    return ScanDataOut(
        time_ms=list(read.time_ms),
        azimuth_deg=read.azimuth_deg.tolist(),
        elevation_deg=read.elevation_deg.tolist(),
        gate_m=read.gate_m,
        first_gate_m=read.first_gate_m,
        quantity=read.quantity,
        unit=read.unit,
        values=[[None if value != value else value for value in ray] for ray in read.values.tolist()],  # noqa: PLR0124
    )


def _known(sha256: str) -> str:
    if _SHA.fullmatch(sha256) is None:
        raise NotFoundError(
            f"there is no lidar scan {sha256[:16]!r}",
            message_zh=f"没有激光雷达扫描 {sha256[:16]!r}",
            field="sha256",
            value=sha256[:64],
        )
    return sha256


def _scan(row: LidarRow) -> ScanOut:
    return ScanOut(
        sha256=row.sha256,
        mn=row.mn,
        station=row.station_id,
        origin=Origin(row.origin),
        time_ms=row.time_ms,
        end_ms=row.end_ms,
        rays=row.rays,
        gates=row.gates,
        gate_m=row.gate_m,
        first_gate_m=row.first_gate_m,
        range_m=row.first_gate_m + row.gate_m * row.gates,
        quantity=row.quantity,
        unit=row.unit,
        low=row.low,
        high=row.high,
        bytes=row.size_bytes,
        url=f"/api/v1/lidar/{row.sha256}{LIDAR_ENDING}",
        json_url=f"/api/v1/lidar/{row.sha256}.json",
    )


serve(lidar, "/lidar", get_scans, Operation(gives=ScansOut, reads=ScansQuery, errors=(503,)))
serve(lidar, "/lidar/<sha256>.twl", get_scan, BINARY_FILE)
serve(lidar, "/lidar/<sha256>.json", get_scan_data, Operation(gives=ScanDataOut, errors=(404, 503)))
