"""All formats by name, and the levels that outlines are drawn at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from models.air.case.result import AirField
from twin.core.clock import SystemClock
from twin.core.errors import BadRequestError, ParkTwinError
from twin.stage.air.cog import write_cog
from twin.stage.air.contours import ContourLevel, write_geojson
from twin.stage.air.dataset import write_netcdf, write_zarr
from twin.stage.air.vti import write_vti

SUFFIXES = {"netcdf": ".nc", "zarr": ".zarr", "cog": ".tif", "vti": ".vti", "geojson": ".geojson"}


def write_fields(
    fields: Sequence[AirField],
    kinds: Sequence[str],
    folder: Path,
    *,
    program: str,
    levels: Sequence[ContourLevel] = (),
    made_ms: int | None = None,
) -> tuple[Path, ...]:
    """Write every field in every format into ``folder`` (made when missing); the paths.

    VTI holds one time, so there is one file per time, ``<id>.<k>.vti``. Without ``levels`` outlines follow
    the acute levels of the substance for an hour. Raises BadRequestError for an unknown format.
    """
    folder.mkdir(parents=True, exist_ok=True)
    now = SystemClock().now_ms() if made_ms is None else made_ms
    return tuple(
        path
        for field in fields
        for kind in kinds
        for path in _write(field, kind, folder, program, levels, now)
    )


def _write(
    field: AirField, kind: str, folder: Path, program: str, levels: Sequence[ContourLevel], now_ms: int
) -> list[Path]:
    if kind not in SUFFIXES:
        known = ", ".join(SUFFIXES)
        raise BadRequestError(
            f"format {kind!r} is unknown; expected one of {known}",
            message_zh=f"未知格式 {kind!r}；应为 {known} 之一",
            field="format",
            value=kind,
        )
    path = folder / f"{field.id}{SUFFIXES[kind]}"
    if kind == "netcdf":
        return [write_netcdf(field, path, program=program, made_ms=now_ms)]
    if kind == "zarr":
        return [write_zarr(field, path, program=program, made_ms=now_ms)]
    if kind == "cog":
        return [write_cog(field, path, program=program, made_ms=now_ms)]
    if kind == "geojson":
        chosen = (levels or levels_of(field.substance_id)) if field.quantity == "conc_kg_m3" else ()
        return [write_geojson(field, chosen, path, program=program, made_ms=now_ms)]
    return [
        write_vti(field, folder / f"{field.id}.{k}.vti", program=program, made_ms=now_ms, time=k)
        for k in range(len(field.times_ms))
    ]


def levels_of(substance_id: str, exposure_s: float = 3600.0) -> tuple[ContourLevel, ...]:
    """AEGL-1 to 3 of a substance for an exposure; none for one that the table does not have."""
    from models.substances.levels import level_at
    from models.substances.table import substance

    try:
        rows = substance(substance_id).levels
    except ParkTwinError:
        return ()
    found = [level_at(rows, number, exposure_s) for number in (1, 2, 3)]
    return tuple(
        ContourLevel(
            name=f"AEGL-{row.level} {exposure_s / 60.0:g} min",
            value=row.conc_kg_m3,
            source="AEGL" if row.verified else "AEGL, unverified",
        )
        for row in found
        if row is not None
    )
