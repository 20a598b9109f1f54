"""``park-twin hj212``: HJ 212 frames as data."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from twin.core.errors import BadRequestError

app = typer.Typer(help="HJ 212 报文。 HJ 212 frames.", no_args_is_help=True)


@app.callback()
def hj212() -> None:
    """HJ 212 报文。 HJ 212 frames."""


@app.command()
def decode(
    source: Annotated[
        Path | None,
        typer.Argument(
            help="JSON 文件；缺省为标准输入 / JSON file; standard input when left out", show_default=False
        ),
    ] = None,
) -> None:
    """解析报文字节流（JSON 进、JSON 出）。 Read the bytes of a line: JSON in, JSON out."""
    from sensors.hj212.cases import decode_cases

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
