"""Where the files of a row of the groundwater lie: ``water/<run>/<k>.<name>``."""

from __future__ import annotations

import re
from pathlib import Path

from twin.core.errors import BadRequestError
from twin.store.blobs import blob_path

FOLDER = "water"
_LONGEST = 80
_NAME = re.compile(r"[a-z0-9][a-z0-9_+-]{0,60}(\.[a-z0-9_+-]{1,12}){0,2}\.(twv|twg|docx|pdf)", re.ASCII)


def path_of(data_dir: Path, run: str, k: int, name: str) -> Path:
    """Path of a file. Raises BadRequestError for what is no name of a file of a row."""
    if not _NAME.fullmatch(name):
        raise BadRequestError(
            f"file {name[:_LONGEST]!r}; expected lower-case letters, digits, - and _, ending in .twv or .twg",
            message_zh=f"文件名 {name[:_LONGEST]!r} 应由小写字母、数字、- 和 _ 组成，以 .twv 或 .twg 结尾",
            field="name",
            value=name[:_LONGEST],
        )
    return blob_path(data_dir / FOLDER, run, k, f".{name}")


def remove(data_dir: Path, run: str, k: int) -> None:
    """Remove all files of a row, and the folder of the run when they were the last."""
    folder = blob_path(data_dir / FOLDER, run, k, "").parent
    for path in folder.glob(f"{k}.*"):
        path.unlink(missing_ok=True)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
