"""Folders of files that are sealed by a manifest: sizes and SHA-256 of every file, written last.

A folder without ``manifest.json`` is unfinished and counts for nothing. The manifest's own hash is kept
elsewhere where that matters (``archived_month.manifest_sha256``).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from twin.core.errors import StoreError

MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedFile:
    """A file of a sealed folder; ``path`` is relative to it, with slashes."""

    path: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a sealed folder holds. ``about`` is free JSON: times, counts, sequence numbers."""

    kind: str
    files: tuple[SealedFile, ...]
    about: dict[str, Any]
    sha256: str = ""

    @property
    def size_bytes(self) -> int:
        """Bytes of all files together."""
        return sum(row.size_bytes for row in self.files)


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's content, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def seal(folder: Path, kind: str, about: dict[str, Any]) -> Manifest:
    """Write the manifest of all files below ``folder``; everything is on disk when this returns."""
    rows = []
    for path in sorted(_files(folder)):
        sync(path)
        name = path.relative_to(folder).as_posix()
        rows.append({"path": name, "size_bytes": path.stat().st_size, "sha256": file_sha256(path)})
    text = json.dumps({"kind": kind, "about": about, "files": rows}, ensure_ascii=False, indent=1)
    target = folder / MANIFEST
    draft = target.with_name(f".{MANIFEST}")
    draft.write_text(text + "\n", encoding="utf-8")
    sync(draft)
    draft.replace(target)
    sync(folder)
    return read_manifest(folder)


def read_manifest(folder: Path, *, sha256: str | None = None) -> Manifest:
    """Manifest of a sealed folder. Raises StoreError when it is missing, unreadable or another one."""
    path = folder / MANIFEST
    try:
        body = path.read_bytes()
        read = json.loads(body)
        files = tuple(SealedFile(**row) for row in read["files"])
        found = Manifest(kind=str(read["kind"]), files=files, about=dict(read["about"]), sha256=_hash(body))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _broken(path, f"cannot be read: {error}", f"无法读取：{error}") from None
    for row in files:
        if not is_inside(row.path):
            raise _broken(path, f"names {row.path!r} outside its folder", f"含越界路径 {row.path!r}")
    if sha256 is not None and found.sha256 != sha256:
        raise _broken(path, "is not the one that was recorded", "与登记的摘要不符")
    return found


def problems_of(folder: Path, manifest: Manifest) -> tuple[str, ...]:
    """What is wrong with the files of a sealed folder: missing, changed, added. Reads every byte."""
    wrong = []
    for row in manifest.files:
        path = folder / row.path
        if not path.is_file():
            wrong.append(f"{path}: missing")
        elif path.stat().st_size != row.size_bytes:
            wrong.append(f"{path}: {path.stat().st_size} bytes, sealed with {row.size_bytes}")
        elif file_sha256(path) != row.sha256:
            wrong.append(f"{path}: content differs from what was sealed")
    known = {row.path for row in manifest.files}
    for path in sorted(_files(folder)):
        if path.relative_to(folder).as_posix() not in known:
            wrong.append(f"{path}: was not there when the folder was sealed")
    return tuple(wrong)


def is_inside(name: str) -> bool:
    """Whether a relative path with slashes stays inside its folder."""
    path = PurePosixPath(name)
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts


def sync(path: Path) -> None:
    """Have a file or a folder's list of files on disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _files(folder: Path) -> Iterator[Path]:
    # Only the folder's own manifest is no content: a sealed folder may hold others.
    own = {folder / MANIFEST, folder / f".{MANIFEST}"}
    return (path for path in folder.rglob("*") if path.is_file() and path not in own)


def _hash(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _broken(path: Path, why: str, why_zh: str) -> StoreError:
    return StoreError(
        f"{path} {why}",
        message_zh=f"{path} {why_zh}",
        field="manifest",
        value=str(path),
        source=str(path),
    )
