"""The park's own files in a backup: scene folder and settings, without which no ledger is a park again.

Every file of the scene is copied, within bounds; a raster that a recipe makes again is left out, and the
name, size and SHA-256 of whatever was left out is written beside the copies.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from twin.store.sealed import file_sha256

FOLDER = "park"
SCENE_FOLDER = "scene"
SETTINGS_FILE = "settings.json"
CONFIG_FILE = "park-twin.toml"
LEFT_OUT_FILE = "left_out.json"
RECIPE = ".recipe"
FILE_BYTES_MAX = 32_000_000
SCENE_BYTES_MAX = 128_000_000
FILES_MAX = 2_000


def copy_scene(source: Path, target: Path, wanted: Callable[[Path], bool]) -> None:
    """Copy a scene folder, smaller files first, as far as the bounds go. Raises OSError."""
    target.mkdir(parents=True)
    left_out: list[dict[str, object]] = []
    total, count = 0, 0
    found = [path for path in source.rglob("*") if path.is_file() and not path.is_symlink() and wanted(path)]
    for path in sorted(found, key=lambda row: (row.stat().st_size, row.as_posix())):
        name, size = path.relative_to(source).as_posix(), path.stat().st_size
        made_again = path.with_name(path.name + RECIPE).is_file()
        fits = size <= FILE_BYTES_MAX and total + size <= SCENE_BYTES_MAX and count < FILES_MAX
        if made_again or not fits:
            why = "made again by its recipe" if made_again else "too large"
            left_out.append({"path": name, "size_bytes": size, "sha256": file_sha256(path), "why": why})
            continue
        copy = target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, copy)
        total, count = total + size, count + 1
    text = json.dumps(left_out, ensure_ascii=False, indent=1) + "\n"
    (target.parent / LEFT_OUT_FILE).write_text(text, encoding="utf-8")


def write_settings(values: Mapping[str, str], target: Path) -> None:
    """The settings in force, for their owner only."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.touch(mode=0o600)
    target.write_text(json.dumps(dict(values), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
