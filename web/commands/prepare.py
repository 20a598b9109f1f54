"""Getting a scene ready to be shown: what it generates itself, then its bundle."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from web.bundle import Bundles, point_at

if TYPE_CHECKING:
    from twin.stage.bundle import BundleInfo
    from web.commands.shell import Shell

BUNDLES = "bundles"


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
    return info


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
