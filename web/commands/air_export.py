"""``park-twin air export``: stored plume frames as NetCDF, Zarr, GeoTIFF, VTI and GeoJSON."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from twin.core.errors import NotFoundError
from web.commands.export import read_time
from web.commands.shell import ConfigOption, SceneOption, open_shell

_FRAMES_MAX = 2000


class FieldFile(StrEnum):
    """Formats of fields."""

    NETCDF = "netcdf"
    ZARR = "zarr"
    COG = "cog"
    VTI = "vti"
    GEOJSON = "geojson"


def export(
    start: Annotated[str, typer.Option("--from", help="起始时间（园区时区） / First moment, park's zone")],
    end: Annotated[str, typer.Option("--to", help="结束时间，不含 / End, not included")],
    out: Annotated[Path, typer.Option("--out", help="文件夹 / Folder")] = Path("plumes"),
    kinds: Annotated[
        list[FieldFile] | None,
        typer.Option(
            "--format", help="格式，可多次给出 / Format, may be given several times", show_default="netcdf"
        ),
    ] = None,
    substance: Annotated[
        str | None, typer.Option("--substance", help="物质；缺省全部 / Substance; all when left out")
    ] = None,
    scene: SceneOption = None,
    config: ConfigOption = None,
) -> None:
    """导出已存的羽流帧。 Write stored plume frames as files of other programs."""
    from gis.scene.find import scene_folder
    from gis.scene.load import load_scene
    from twin.stage.air.files import write_fields
    from twin.stage.air.live import field_of_frame
    from twin.store.results import ResultReader
    from web.release import release

    shell = open_shell(config, scene=scene)
    loaded = load_scene(scene_folder(shell.settings.scene))
    from_ms = read_time(start, loaded.park.utc_offset_h, "from")
    to_ms = read_time(end, loaded.park.utc_offset_h, "to")
    reader = ResultReader(shell.settings.results, shell.settings.data_dir)
    written = 0
    try:
        frames = reader.plumes(substance, from_ms, to_ms, _FRAMES_MAX)
        if not frames:
            raise NotFoundError(
                f"no plume frame from {start} to {end}; expected at least one in the result ledger",
                message_zh=f"{start} 至 {end} 没有羽流帧；结果库中应至少有一帧",
                field="from",
                value=start,
            )
        terrain = loaded.terrain()
        for row in frames:
            body = reader.plume_file(row.run, row.k).read_bytes()
            field = field_of_frame(row, body, terrain, loaded.park.epsg, loaded.park.origin)
            names = [kind.value for kind in kinds or [FieldFile.NETCDF]]
            written += len(write_fields([field], names, out, program=f"Park Twin {release()}"))
    finally:
        reader.close()
    text = shell.say("air_written", count=written, folder=out)
    shell.out.print(text, markup=False, highlight=False, soft_wrap=True)
