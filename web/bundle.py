"""The scene bundle as the web sees it: a folder named by a hash, and its description.

``bundles/current`` holds the hash of the bundle that is shown; ``park-twin run`` and
``park-twin scene build`` write it. The web builds nothing and loads no scene.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from threading import Lock
from typing import Any

from twin.core.errors import NotFoundError, ServiceUnavailableError

_HASH = re.compile(r"[0-9a-f]{8,64}", re.ASCII)
POINTER = "current"


def point_at(folder: Path, name: str) -> None:
    """Make ``name`` the bundle that is shown."""
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / f".{POINTER}.new"
    fresh.write_text(name + "\n")
    fresh.replace(folder / POINTER)


class Bundles:
    """The bundles under one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = Lock()
        self._known: tuple[str, dict[str, Any]] = ("", {})

    def folder_of(self, name: str) -> Path:
        """Folder of a bundle. Raises NotFoundError."""
        path = self._folder / name
        if not _HASH.fullmatch(name) or not path.is_dir():
            raise NotFoundError(
                f"there is no scene bundle {name[:64]!r}",
                message_zh=f"没有场景包 {name[:64]!r}",
                field="hash",
                value=name[:64],
            )
        return path

    def current(self) -> str:
        """Hash of the bundle that is shown. Raises ServiceUnavailableError before there is one."""
        try:
            name = (self._folder / POINTER).read_text().strip()
        except OSError:
            name = ""
        if not _HASH.fullmatch(name) or not (self._folder / name / "scene.json").is_file():
            msg = "the scene bundle is not built yet; run: park-twin scene build"
            raise ServiceUnavailableError(
                msg,
                message_zh="场景包尚未生成；请运行：park-twin scene build",
                field="bundle",
                value=name,
            )
        return name

    def scene(self) -> dict[str, Any]:
        """Content of the current ``scene.json``. Raises ServiceUnavailableError."""
        name = self.current()
        with self._lock:
            if self._known[0] != name:
                text = (self._folder / name / "scene.json").read_text(encoding="utf-8")
                self._known = (name, json.loads(text))
            return self._known[1]
