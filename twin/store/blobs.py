"""Binary frames as files: whole or not there, with a compressed sibling made once."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

from twin.core.errors import BadRequestError

# Past 6, twice the time buys less than 2 % on plume frames.
GZIP_LEVEL = 6


def blob_path(folder: Path, run: str, k: int, suffix: str) -> Path:
    """Path of a frame. Raises BadRequestError for a run that could leave the folder."""
    if not run or not run.isascii() or not run.replace("-", "").replace("_", "").isalnum():
        raise BadRequestError(
            f"run {run!r} is not a name of letters, digits, - and _",
            message_zh=f"运行编号 {run!r} 只能由字母、数字、- 和 _ 组成",
            field="run",
            value=run,
        )
    return folder / run / f"{k}{suffix}"


def write_blob(path: Path, body: bytes) -> None:
    """Write a file and its ``.gz`` sibling; either appears whole and durable, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _write(compressed(path), gzip.compress(body, GZIP_LEVEL, mtime=0))
    _write(path, body)
    _sync_folder(path.parent)


def compressed(path: Path) -> Path:
    """The sibling that holds the same bytes compressed."""
    return path.with_name(path.name + ".gz")


def remove_blob(path: Path) -> None:
    """Remove a file and its sibling, and the folder when it was the last."""
    path.unlink(missing_ok=True)
    compressed(path).unlink(missing_ok=True)
    if path.parent.is_dir() and not any(path.parent.iterdir()):
        path.parent.rmdir()


def _write(path: Path, body: bytes) -> None:
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    with unfinished.open("wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
