"""Where a scene's terrain lies, and whether it is the one that its files ask for."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from gis.scene.geopackage import FILE as DRAWN_FILE
from gis.scene.schema import ParkFile
from twin.core.geometry import FrameOrigin

RELIEF_EDITION = "3"  # raise it when the generator changes what it makes


def terrain_place(folder: Path, park: ParkFile, origin: FrameOrigin) -> Path:
    """Path of the terrain: in the scene's folder, or in the user's cache.

    The cache (``$XDG_CACHE_HOME`` or ``~/.cache``) is for generated terrains of scenes that were
    installed where this user cannot write.
    """
    own = folder / park.terrain.file
    if park.terrain.generator is None or os.access(folder, os.W_OK):
        return own
    wanted = recipe(folder, park, origin)
    if is_current(own, wanted):
        return own
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "park-twin" / "terrain" / f"{park.id}-{wanted[:24]}.tif"


def recipe(folder: Path, park: ParkFile, origin: FrameOrigin) -> str:
    """Hash of what a generated terrain depends on: layers, frame, seed, generator and its edition."""
    digest = hashlib.sha256((folder / DRAWN_FILE).read_bytes())
    digest.update(repr((park.terrain, origin, park.extent, RELIEF_EDITION)).encode())
    return digest.hexdigest()


def is_current(path: Path, wanted: str) -> bool:
    """Whether the raster at ``path`` was generated from the recipe ``wanted``."""
    stamp = stamp_of(path)
    return path.exists() and stamp.exists() and stamp.read_text(encoding="utf-8") == wanted


def stamp_of(path: Path) -> Path:
    """File beside a generated raster that holds its recipe."""
    return path.with_name(path.name + ".recipe")
