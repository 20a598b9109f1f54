"""All formats of the water by name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from twin.core.clock import SystemClock
from twin.core.errors import BadRequestError
from twin.stage.water.cog import write_cogs
from twin.stage.water.dataset import write_netcdf, write_zarr
from twin.stage.water.fields import WaterFields
from twin.stage.water.gpkg import write_gpkg
from twin.stage.water.vtk import write_vtk

FORMATS = ("netcdf", "zarr", "vtk", "cog", "gpkg")


def write_fields(
    fields: WaterFields,
    kinds: Sequence[str],
    folder: Path,
    *,
    program: str,
    made_ms: int | None = None,
    levels_kg_m3: Sequence[float] = (),
) -> tuple[Path, ...]:
    """Write fields in every format into ``folder`` (made when missing); the paths.

    Raises BadRequestError for an unknown format, and for maps of fields without a place on the earth.
    """
    folder.mkdir(parents=True, exist_ok=True)
    now_ms = SystemClock().now_ms() if made_ms is None else made_ms
    written: list[Path] = []
    for kind in kinds:
        written += _write(fields, kind, folder, program, now_ms, levels_kg_m3)
    return tuple(written)


def _write(
    fields: WaterFields, kind: str, folder: Path, program: str, now_ms: int, levels: Sequence[float]
) -> Sequence[Path]:
    if kind == "netcdf":
        return [write_netcdf(fields, folder / f"{fields.id}.nc", program=program, made_ms=now_ms)]
    if kind == "zarr":
        return [write_zarr(fields, folder / f"{fields.id}.zarr", program=program, made_ms=now_ms)]
    if kind == "vtk":
        return write_vtk(fields, folder, program=program, made_ms=now_ms)
    if kind == "cog":
        return write_cogs(fields, folder, program=program, made_ms=now_ms)
    if kind == "gpkg":
        path = folder / f"{fields.id}.gpkg"
        return [write_gpkg(fields, path, program=program, made_ms=now_ms, levels_kg_m3=levels)]
    known = ", ".join(FORMATS)
    raise BadRequestError(
        f"format {kind!r} is unknown; expected one of {known}",
        message_zh=f"未知格式 {kind!r}；应为 {known} 之一",
        field="format",
        value=kind,
    )
