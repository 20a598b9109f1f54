"""``park-twin scene import``: a new park from elevation, maps and boreholes."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from twin.core.errors import BadRequestError
from twin.core.origin import Origin
from twin.core.text import Text
from web.commands.shell import ConfigOption, open_shell


class DatumName(StrEnum):
    """Datums of Chinese maps; the same names as ``gis.datum.Datum``."""

    WGS84 = "wgs84"
    GCJ02 = "gcj02"
    BD09 = "bd09"


class HeightUnit(StrEnum):
    """Units of elevation files that do not say theirs."""

    AUTO = "auto"
    METRE = "m"
    FOOT = "ft"
    US_FOOT = "us-ft"


def pair(text: str, field: str) -> tuple[float, float]:
    """Two numbers of ``"a,b"``. Raises BadRequestError."""
    parts = text.split(",")
    try:
        first, second = (float(part) for part in parts)
    except ValueError:
        raise BadRequestError(
            f"--{field} is {text!r}; expected two numbers with a comma, for example 117.0,26.2",
            message_zh=f"--{field} 为 {text!r}；应为以逗号分隔的两个数，例如 117.0,26.2",
            field=field,
            value=text,
        ) from None
    return first, second


def import_(
    id_: Annotated[str, typer.Argument(metavar="ID", help="新场景的短名 / Short name of the new scene")],
    dem: Annotated[
        list[Path] | None, typer.Option(help="高程文件，可多次 / Elevation files", show_default=False)
    ] = None,
    osm: Annotated[
        list[Path] | None,
        typer.Option(help="OpenStreetMap 数据 / OpenStreetMap extracts", show_default=False),
    ] = None,
    boundary: Annotated[
        Path | None, typer.Option(help="园区边界 / The park's polygons", show_default=False)
    ] = None,
    boreholes: Annotated[Path | None, typer.Option(help="钻孔 CSV / Boreholes", show_default=False)] = None,
    stations: Annotated[Path | None, typer.Option(help="站点 CSV / Stations", show_default=False)] = None,
    centre: Annotated[
        str | None, typer.Option(help="中心经纬度 / Centre: lon,lat in degrees", show_default=False)
    ] = None,
    size: Annotated[str, typer.Option(help="东西、南北长度 (m) / Width,height in metres")] = "6000,5000",
    datum: Annotated[
        DatumName, typer.Option(help="输入坐标的基准 / Datum of what is given")
    ] = DatumName.WGS84,
    epsg: Annotated[int | None, typer.Option(help="投影 / Projected system", show_default=False)] = None,
    step_m: Annotated[float, typer.Option("--step-m", help="地形格距 / Node distance of the terrain")] = 10.0,
    flat_level_m: Annotated[
        float | None,
        typer.Option(
            "--flat-level-m", help="无高程时的平地标高 / Level of a flat ground", show_default=False
        ),
    ] = None,
    station_count: Annotated[int, typer.Option("--stations-count", help="站点数 / Stations to place")] = 4,
    beams: Annotated[int, typer.Option(help="每站光束数 / Beams per station")] = 5,
    height_unit: Annotated[HeightUnit, typer.Option(help="高程单位 / Unit of heights")] = HeightUnit.AUTO,
    dem_epsg: Annotated[
        int | None, typer.Option(help="高程文件的坐标系 / CRS of elevation files", show_default=False)
    ] = None,
    south_up: Annotated[
        bool, typer.Option("--south-up", help="接受南向上的栅格 / Accept south-up files")
    ] = False,
    origin: Annotated[Origin, typer.Option(help="设备数据来源 / Origin of its devices")] = Origin.MEASURED,
    name_zh: Annotated[str, typer.Option("--name-zh", help="中文名 / Chinese name")] = "",
    name_en: Annotated[str, typer.Option("--name-en", help="英文名 / English name")] = "",
    into: Annotated[
        Path | None, typer.Option(help="写入的文件夹，默认 scenes/ID / Folder to write", show_default=False)
    ] = None,
    utc_offset_h: Annotated[float, typer.Option("--utc-offset-h", help="时区 / Hours ahead of UTC")] = 8.0,
    config: ConfigOption = None,
) -> None:
    """从真实数据导入新园区。 Import a new park from elevation files, maps, boreholes."""
    from gis.datum import Datum
    from gis.scene.importer import ImportRequest, import_scene

    shell = open_shell(config)
    request = ImportRequest(
        folder=into or Path("scenes") / id_,
        id=id_,
        name=Text(zh=name_zh or id_, en=name_en or id_),
        dem=tuple(dem or ()),
        flat_level_m=flat_level_m,
        centre_lonlat_deg=None if centre is None else pair(centre, "centre"),
        size_m=pair(size, "size"),
        boundary=boundary,
        datum=Datum(datum.value),
        osm=tuple(osm or ()),
        boreholes=boreholes,
        stations=stations,
        station_count=station_count,
        beams_per_station=beams,
        epsg=epsg,
        step_m=step_m,
        origin=origin,
        utc_offset_h=utc_offset_h,
        height_unit=height_unit.value,
        dem_epsg=dem_epsg,
        accept_south_up=south_up,
    )
    with shell.progress() as steps:
        folder = import_scene(request, steps.part)
    shell.out.print(shell.say("imported", folder=folder), highlight=False, soft_wrap=True)
