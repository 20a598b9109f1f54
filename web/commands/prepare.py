"""Getting a scene ready to be shown: what it generates itself, then its bundle."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twin.core.errors import ServiceUnavailableError
from web.bundle import Bundles, point_at

if TYPE_CHECKING:
    from twin.stage.bundle import BundleInfo
    from web.commands.shell import Shell

BUNDLES = "bundles"
STAMP = "current.stamp"
MAKERS = ("gis", "twin.stage", "twin.core")


def prepare(shell: Shell) -> BundleInfo:
    """Build what is missing of the scene and make its bundle the one that is shown.

    Does nothing but look when everything is there. Raises SceneError.
    """
    from gis.scene.build import build_scene
    from gis.scene.find import scene_folder
    from gis.scene.load import load_scene
    from twin.stage.bundle import build_bundle

    folder = scene_folder(shell.settings.scene)
    bundles = shell.settings.data_dir / BUNDLES
    with shell.progress() as steps:
        build_scene(folder, steps.part)
        info = build_bundle(load_scene(folder), bundles, steps.count)
    point_at(bundles, info.hash)
    (bundles / STAMP).write_text(_fingerprint(folder))
    return info


def is_prepared(shell: Shell) -> bool:
    """Whether nothing has changed since ``prepare``, told from sizes and times of files alone.

    It spares a second start the seconds that loading the raster and vector libraries takes. Raises
    SceneError for a scene that is not there.
    """
    from gis.scene.find import scene_folder

    bundles = shell.settings.data_dir / BUNDLES
    try:
        Bundles(bundles).current()
        return (bundles / STAMP).read_text() == _fingerprint(scene_folder(shell.settings.scene))
    except (OSError, ServiceUnavailableError):
        return False


def _fingerprint(scene: Path) -> str:
    """Hash over name, size and time of the scene's files and of the code that draws them."""
    packages = [Path(next(iter(import_module(name).__path__))) for name in MAKERS]
    digest = hashlib.sha256()
    for folder, pattern in ((scene, "*"), *((path, "*.py") for path in packages)):
        for path in sorted(folder.rglob(pattern)):
            status = path.stat()
            if path.is_file():
                digest.update(f"{path}:{status.st_size}:{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def prepare_in_child(shell: Shell) -> int:
    """Do the same in a child process, so that its libraries do not stay in this one; its exit code.

    SIGTERM ends the child and then raises KeyboardInterrupt here, as Ctrl-C does.
    """
    command = [sys.executable, "-m", "web.cli", "scene", "build", "--quiet"]
    environment = {**os.environ, **shell.settings.to_environment()}
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return subprocess.run(command, env=environment, check=False).returncode
    finally:
        signal.signal(signal.SIGTERM, before)


def shown_scene(shell: Shell) -> dict[str, Any]:
    """The description of the scene that is shown. Raises ServiceUnavailableError."""
    return Bundles(shell.settings.data_dir / BUNDLES).scene()


def has_simulated_devices(scene: dict[str, Any]) -> bool:
    """Whether the simulator may speak for devices of this scene."""
    return any(row["origin"] == "simulated" for row in scene["series"])
