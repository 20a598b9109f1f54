"""The wind library of the park: built once by a process of its own, read by the model worker.

The library (``models.air.flow``) depends on the terrain and its settings only, so it lies in the data folder
under their hash. Until it is there the wind is interpolated between the stations, and frames say so.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from gis.scene.find import scene_folder
from gis.scene.load import load_scene
from models.air.wind import field_from_samples
from models.contract import Site, WindField
from twin.core.errors import ParkTwinError
from twin.live.ground import site_of
from twin.live.noted import NotedWind
from twin.live.state import State

_log = logging.getLogger(__name__)
FOLDER = "windlibrary"
NOT_YET = "wind between stations: library not built yet"
OFF = "wind between stations: no library"
_KEEP_KEY = 16
_NICE = 10


def library_path(data_dir: Path, key: str) -> Path:
    """Where the library of a terrain lies."""
    return data_dir / FOLDER / f"{key[:_KEEP_KEY]}.npz"


def library_of(data_dir: Path, site: Site) -> Path:
    """Where the library of a site lies, whether it is there or not."""
    from models.air.flow.library import library_key

    return library_path(data_dir, library_key(site))


@dataclass(slots=True, kw_only=True)
class WindBook:
    """Finds, builds and reads the library of one park. ``look`` is cheap and may be called every second."""

    site: Site
    data_dir: Path
    scene: str
    build: bool = True
    _library: object = None
    _child: subprocess.Popen[bytes] | None = None
    _failed: bool = False
    _path: Path | None = field(default=None)

    @property
    def ready(self) -> bool:
        """Whether the library is there."""
        return self._library is not None

    def look(self) -> None:
        """Load the library when it has come; start building it when nobody has."""
        if self._library is not None or self._failed or not self.build:
            return
        if self._path is None:
            self._path = library_of(self.data_dir, self.site)
        if self._path.is_file():
            self._load(self._path)
        elif self._child is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            command = [sys.executable, "-m", "twin.live.windbook", self.scene, str(self._path)]
            self._child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        elif self._child.poll() is not None:
            _log.warning("the wind library was not built: exit status %s", self._child.returncode)
            self._failed = True

    def wind(self, state: State) -> WindField:
        """Wind of a state. Raises SolverError without any usable wind."""
        if self._library is None:
            note = OFF if self._failed or not self.build else NOT_YET
            return NotedWind(wind=field_from_samples(state.winds, self.site), note=note)
        from models.air.flow.fit import fit_flow
        from models.air.flow.library import FlowLibrary

        assert isinstance(self._library, FlowLibrary)
        return fit_flow(state.winds, self._library, self.site)

    def close(self) -> None:
        """End a build that still runs; what it has written so far is rubbish and goes with it."""
        if self._child is not None and self._child.poll() is None:
            self._child.terminate()
            self._child.wait(timeout=10.0)

    def _load(self, path: Path) -> None:
        from models.air.flow.library import load

        try:
            self._library = load(path)
            _log.info("wind library %s is in use", path.stem)
        except (ParkTwinError, OSError, ValueError, KeyError) as error:
            _log.warning("the wind library %s cannot be read: %s", path, error)
            self._failed = True


def build(scene: str, path: Path) -> None:
    """Build the library of a scene and put it at ``path``, whole or not at all. Takes tens of seconds."""
    from models.air.flow.library import build_library

    loaded = load_scene(scene_folder(scene))
    library = build_library(site_of(loaded.park, loaded.terrain()))
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.stem}.{os.getpid()}.part.npz")
    try:
        library.save(draft)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


if __name__ == "__main__":
    os.nice(_NICE)
    build(sys.argv[1], Path(sys.argv[2]))
