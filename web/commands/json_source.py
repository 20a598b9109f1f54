"""JSON that a command reads from a file or from standard input."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from twin.core.errors import BadRequestError

JsonSource = Annotated[
    Path | None,
    typer.Argument(
        help="JSON 文件；缺省为标准输入 / JSON file; standard input when left out", show_default=False
    ),
]


def read_json(source: Path | None) -> Any:
    """The JSON of a file, or of standard input. Raises BadRequestError where there is none."""
    try:
        return json.loads(sys.stdin.read() if source is None else source.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise BadRequestError(
            f"the input is no readable JSON: {error}",
            message_zh=f"输入不是 JSON：{error}",
            field="source",
            value=str(source),
        ) from None
