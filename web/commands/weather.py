"""``park-twin weather``: frames of weather heads as data."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from twin.core.errors import BadRequestError

app = typer.Typer(help="气象仪。 Weather heads.", no_args_is_help=True)


@app.callback()
def weather() -> None:
    """气象仪。 Weather heads."""


@app.command()
def decode(
    source: Annotated[
        Path | None,
        typer.Argument(
            help="JSON 文件；缺省为标准输入 / JSON file; standard input when left out", show_default=False
        ),
    ] = None,
) -> None:
    """解析气象帧（JSON 进、JSON 出）。 Decode weather frames: JSON in, JSON out."""
    from sensors.weather.cases import decode_cases

    try:
        data = json.loads(sys.stdin.read() if source is None else source.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise BadRequestError(
            f"the input is no readable JSON: {error}",
            message_zh=f"输入不是 JSON：{error}",
            field="source",
            value=str(source),
        ) from None
    typer.echo(json.dumps(decode_cases(data), ensure_ascii=False, indent=1, allow_nan=False))
