"""``park-twin weather``: frames of weather heads as data."""

from __future__ import annotations

import json

import typer

from web.commands.json_source import JsonSource, read_json

app = typer.Typer(help="气象仪。 Weather heads.", no_args_is_help=True)


@app.callback()
def weather() -> None:
    """气象仪。 Weather heads."""


@app.command()
def decode(source: JsonSource = None) -> None:
    """解析气象帧（JSON 进、JSON 出）。 Decode weather frames: JSON in, JSON out."""
    from sensors.weather.cases import decode_cases

    answer = decode_cases(read_json(source))
    typer.echo(json.dumps(answer, ensure_ascii=False, indent=1, allow_nan=False))
