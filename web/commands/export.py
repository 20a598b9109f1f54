"""``park-twin export``: values as a file."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from twin.core.errors import BadRequestError
from web.commands.shell import ConfigOption, SceneOption, open_shell

_SERIES_NOTED = 50


class Kind(StrEnum):
    """Formats."""

    CSV = "csv"
    XLSX = "xlsx"
    PARQUET = "parquet"
    NETCDF = "netcdf"


class Width(StrEnum):
    """Raw values or means."""

    RAW = "raw"
    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


class Units(StrEnum):
    """Units of the values."""

    SI = "si"
    DISPLAY = "display"


def export(
    series: Annotated[
        list[str], typer.Option("--series", help="序列，可多次给出 / Series key, may be given several times")
    ],
    start: Annotated[str, typer.Option("--from", help="起始时间（园区时区） / First moment, park's zone")],
    end: Annotated[str, typer.Option("--to", help="结束时间，不含 / End, not included")],
    out: Annotated[
        Path | None, typer.Option("--out", help="文件；缺省按时段命名 / File; named by span when left out")
    ] = None,
    kind: Annotated[Kind, typer.Option("--format", help="格式 / Format")] = Kind.CSV,
    step: Annotated[Width, typer.Option("--step", help="原始值或均值 / Raw values or means")] = Width.RAW,
    units: Annotated[Units, typer.Option("--units", help="单位 / Units")] = Units.SI,
    scene: SceneOption = None,
    config: ConfigOption = None,
) -> None:
    """导出数据：CSV、Excel、Parquet、NetCDF。 Write values to a file, with unit, origin and quality."""
    from gis.scene.find import scene_folder
    from gis.scene.load import load_scene
    from twin.core.clock import SystemClock
    from twin.live.local_notes import note_deed
    from twin.store.export.formats import FORMATS
    from twin.store.export.formats import export as write
    from twin.store.export.gather import About, Plan, file_name
    from twin.store.reader import LedgerReader
    from twin.store.rows import Step
    from web.release import release

    shell = open_shell(config, scene=scene)
    park = load_scene(scene_folder(shell.settings.scene)).park
    plan = Plan(
        series=tuple(series),
        from_ms=read_time(start, park.utc_offset_h, "from"),
        to_ms=read_time(end, park.utc_offset_h, "to"),
        step=None if step is Width.RAW else Step(step.value),
        units="si" if units is Units.SI else "display",
    )
    about = About(
        park_zh=park.name.zh,
        park_en=park.name.en,
        utc_offset_h=park.utc_offset_h,
        made_ms=SystemClock().now_ms(),
        program=f"Park Twin {release()}",
    )
    target = out or Path(file_name(plan, FORMATS[kind.value].suffix))
    reader = LedgerReader(shell.settings.ledger, shell.settings.archive)
    try:
        rows = write(reader, plan, kind.value, about, target)
    finally:
        reader.close()
    span = {"from_ms": plan.from_ms, "to_ms": plan.to_ms, "series": list(plan.series[:_SERIES_NOTED])}
    note_deed(
        shell.settings.data_dir,
        "data_exported",
        {**span, "count": len(plan.series), "format": kind.value, "rows": rows, "file": target.name},
    )
    text = shell.say("exported", rows=rows, file=target)
    shell.out.print(text, markup=False, highlight=False, soft_wrap=True)


def read_time(text: str, utc_offset_h: float, field: str) -> int:
    """Milliseconds since 1970 of a date or time; without a zone it is the park's. BadRequestError.

    >>> read_time("1970-01-01T08:00", 8.0, "from")
    0
    """
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise BadRequestError(
            f"--{field} {text!r} is no time; expected 2026-11-22, 2026-11-22T08:00 or 2026-11-22T00:00Z",
            message_zh=f"--{field} {text!r} 不是时间；应为 2026-11-22、2026-11-22T08:00 或 2026-11-22T00:00Z",
            field=field,
            value=text,
        ) from None
    if when.tzinfo is None:
        when = when.replace(tzinfo=timezone(timedelta(hours=utc_offset_h)))
    return round(when.timestamp() * 1000)
