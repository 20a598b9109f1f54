"""``park-twin hj212``: HJ 212 frames as data."""

from __future__ import annotations

import json

import typer

from web.commands.json_source import JsonSource, read_json

app = typer.Typer(help="HJ 212 报文。 HJ 212 frames.", no_args_is_help=True)


@app.callback()
def hj212() -> None:
    """HJ 212 报文。 HJ 212 frames."""


@app.command()
def decode(source: JsonSource = None) -> None:
    """解析报文字节流（JSON 进、JSON 出）。 Read the bytes of a line: JSON in, JSON out."""
    from sensors.hj212.cases import decode_cases

    answer = decode_cases(read_json(source))
    typer.echo(json.dumps(answer, ensure_ascii=False, indent=1, allow_nan=False))
