"""Binary frames as files: whole or not there, with a compressed sibling made once."""

from __future__ import annotations

import gzip
import os
import re
from pathlib import Path

from twin.core.errors import BadRequestError

# Past 6, twice the time buys less than 2 % on plume frames.
GZIP_LEVEL = 6
_RUN_LENGTH = 64
_RUN = re.compile(rf"[A-Za-z0-9_-]{{1,{_RUN_LENGTH}}}", re.ASCII)
_K_MAX = 2**53


def blob_path(folder: Path, run: str, k: int, suffix: str) -> Path:
    """Path of a frame. Raises BadRequestError for what could leave the folder or is no number of a frame."""
    if not _RUN.fullmatch(run):
        raise BadRequestError(
            f"run {run[:_RUN_LENGTH]!r} is not a name of 1 to {_RUN_LENGTH} letters, digits, - and _",
            message_zh=f"运行编号 {run[:_RUN_LENGTH]!r} 只能由 1 至 {_RUN_LENGTH} 个字母、数字、- 和 _ 组成",
            field="run",
            value=run[:_RUN_LENGTH],
        )
    if not 0 <= k <= _K_MAX:
        raise BadRequestError(
            f"k is outside 0 to {_K_MAX}",
            message_zh=f"k 应在 0 至 {_K_MAX} 之间",
            field="k",
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
