"""``park-twin version``."""

from __future__ import annotations

import platform

import typer

from web.release import release


def version() -> None:
    """打印版本号。 Print the version."""
    typer.echo(f"park-twin {release()} (Python {platform.python_version()})")
