"""``park-twin upload``: a file of laboratory results, a portable detector, an FTIR or a lidar."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from twin.core.errors import BadRequestError
from web.commands import exits
from web.commands.shell import ConfigOption, open_shell

TOKEN_VARIABLE = "PARK_TWIN_TOKEN"  # noqa: S105 - the name of a variable, no secret


def upload(
    file: Annotated[Path, typer.Argument(help="CSV、XLSX 或 JSON 文件 / File")],
    device: Annotated[str, typer.Option(help="设备 MN / Number of the device", show_default=False)],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="只显示，不保存 / Show what would be stored, store nothing")
    ] = False,
    analyst: Annotated[str, typer.Option(help="分析人 / Who has measured")] = "",
    method: Annotated[str, typer.Option(help="方法 / By which method")] = "",
    note: Annotated[str, typer.Option(help="备注 / Remark")] = "",
    config: ConfigOption = None,
) -> None:
    """上传结果文件（实验室、便携仪器、FTIR、激光雷达）。 Store a file of measured results."""
    import base64

    from twin.live.desk_client import ask

    shell = open_shell(config)
    try:
        data = file.read_bytes()
    except OSError as error:
        raise BadRequestError(
            f"file {file} cannot be read: {error.strerror}",
            message_zh=f"文件 {file} 无法读取：{error.strerror}",
            field="file",
            value=str(file),
        ) from None
    told = {
        "mn": device,
        "filename": file.name,
        "content": base64.b64encode(data).decode("ascii"),
        "dry_run": dry_run,
        "analyst": analyst,
        "method": method,
        "note": note,
    }
    answer = ask(shell.settings, "upload.store", told, os.environ.get(TOKEN_VARIABLE, ""))
    typer.echo(json.dumps(answer, ensure_ascii=False, indent=1))
    if answer["problems"]:
        raise typer.Exit(exits.FAILED)
