"""The wind library of a park: what its terrain does to the wind, computed once.

A library holds modes for a few stabilities: the wind over the terrain for inflow from evenly spaced
directions, the slope wind and the valley wind (rows of ``models.air.flow.modes``). Each is kept as the
ratio of its horizontal wind to the profile over level ground, so that on level ground every ratio is
exact and constant, and the profile of the moment can be laid over it at any height.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.air.flow.inflow import Inflow
from models.air.flow.modes import ROWS, Ground, Stability, shelters_of, widened, with_one_above
from models.air.flow.stratified import LEAST_1_M, MOST_1_M, steepest
from models.contract import Site
from twin.core.errors import SolverError
from twin.core.geometry import FloatArray

Float32Array = npt.NDArray[np.float32]
FORMAT = 3  # of the file and of the physics in it: raise it when modes change
_MOST_COLUMNS = 65_000  # 5 x 5 km at 20 m
HEIGHTS_M = (2.5, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0)
STABILITIES = (
    Stability(name="unstable", inverse_obukhov_1_m=LEAST_1_M),
    Stability(name="neutral"),
    # N over the speed at 10 m: what ``stratified.buoyancy_per_speed`` gives over 0.1 m of roughness.
    Stability(name="stable", inverse_obukhov_1_m=MOST_1_M, buoyancy_per_speed_1_m=0.005, vertical_factor=0.3),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LibrarySettings:
    """How a library is built; part of its key.

    ``step_m`` of the wind's grid, ``sectors`` inflow directions, ``heights_m`` above ground,
    ``roughness_m`` and ``displacement_m`` of the surface.
    """

    step_m: float = 20.0
    sectors: int = 8
    heights_m: tuple[float, ...] = HEIGHTS_M
    roughness_m: float = 0.3
    displacement_m: float = 0.0
    stabilities: tuple[Stability, ...] = STABILITIES


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FlowLibrary:
    """Modes on a grid.

    ``ratio`` (n_stabilities, n_modes, nz, ny, nx, 2) is the wind (east, north) of unit weight over the
    profile of level ground; nodes at ``x0_m + i step``, ``y0_m + j step``, row 0 = south. ``names``
    (n_modes,): first ``from_<deg>`` for inflow FROM grid directions, then the modes without direction.
    ``ground_m`` (ny, nx). ``key`` is the SHA-256 of terrain and settings.
    """

    ratio: Float32Array
    ground_m: Float32Array
    x0_m: float
    y0_m: float
    names: tuple[str, ...]
    settings: LibrarySettings
    key: str

    @property
    def sectors(self) -> int:
        """Number of inflow directions."""
        return self.settings.sectors

    @property
    def steepest(self) -> float:
        """Largest slope of the ground, rise over run."""
        return steepest(self.ground_m, self.settings.step_m)

    def save(self, path: Path) -> None:
        """Write the library as an ``.npz`` file."""
        about = json.dumps({"format": FORMAT, "names": self.names, **asdict(self.settings)})
        with path.open("wb") as stream:
            np.savez(
                stream,
                ratio=self.ratio,
                ground_m=self.ground_m,
                corner_m=np.array([self.x0_m, self.y0_m]),
                about=np.array(about),
                key=np.array(self.key),
            )


def load(path: Path) -> FlowLibrary:
    """Read a library. Raises SolverError when the file is not one, or of another format."""
    try:
        with np.load(path, allow_pickle=False) as file:
            about = json.loads(str(file["about"]))
            if about.pop("format") != FORMAT:
                raise _unreadable(path, "another format")
            names = tuple(about.pop("names"))
            return FlowLibrary(
                ratio=file["ratio"],
                ground_m=file["ground_m"],
                x0_m=float(file["corner_m"][0]),
                y0_m=float(file["corner_m"][1]),
                names=names,
                settings=_settings(about),
                key=str(file["key"]),
            )
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise _unreadable(path, str(error)) from error


def library_key(site: Site, settings: LibrarySettings | None = None) -> str:
    """SHA-256 that tells whether a stored library still fits the terrain and the settings."""
    chosen = settings or default_settings(site)
    about = json.dumps({"format": FORMAT, **asdict(chosen)}, sort_keys=True)
    place = json.dumps([site.x0_m, site.y0_m, site.step_m, *site.ground_heights_m.shape])
    digest = hashlib.sha256((about + place).encode())
    digest.update(np.ascontiguousarray(site.ground_heights_m, dtype=np.float32).tobytes())
    return digest.hexdigest()


def default_settings(site: Site) -> LibrarySettings:
    """Settings for a site: its roughness, and 20 m, or the terrain's step, or what a large site can pay."""
    ny, nx = site.ground_heights_m.shape
    east, north = site.step_m * (nx - 1), site.step_m * (ny - 1)
    affordable = math.sqrt(east * north / _MOST_COLUMNS)
    return LibrarySettings(
        step_m=min(max(20.0, site.step_m, affordable), min(east, north) / 4.0),
        roughness_m=site.roughness_m,
        displacement_m=site.displacement_m,
    )


def build_library(site: Site, settings: LibrarySettings | None = None) -> FlowLibrary:
    """Build the wind library of a site from its terrain; seconds of work, done when a scene is prepared."""
    chosen = settings or default_settings(site)
    ground, x0_m, y0_m = _resampled(site, chosen.step_m)
    heights = np.asarray(chosen.heights_m)
    wide = widened(ground)
    shelters = shelters_of(wide, chosen.step_m, with_one_above(heights), chosen.sectors)
    names: list[str] = []
    fields = []
    for stability in chosen.stabilities:
        inflow = Inflow(
            roughness_m=chosen.roughness_m,
            inverse_obukhov_1_m=stability.inverse_obukhov_1_m,
            buoyancy_per_speed_1_m=stability.buoyancy_per_speed_1_m,
        )
        prepared = Ground.of(wide, chosen.step_m, heights, inflow, stability, shelters)
        found = {name: wind for row in ROWS for name, wind in row(prepared)}
        names = list(found)
        profile = inflow.speed(heights).astype(np.float32)
        ny, nx = ground.shape
        kept = (wind[:, :ny, :nx] / profile[:, None, None, None] for wind in found.values())
        fields.append(np.stack(list(kept)))
    return FlowLibrary(
        ratio=np.stack(fields).astype(np.float32),
        ground_m=ground.astype(np.float32),
        x0_m=x0_m,
        y0_m=y0_m,
        names=tuple(names),
        settings=chosen,
        key=library_key(site, chosen),
    )


def _resampled(site: Site, step_m: float) -> tuple[FloatArray, float, float]:
    """Terrain on the library's grid: means over cells where the terrain is finer, so nothing aliases."""
    ny, nx = site.ground_heights_m.shape
    east, north = site.step_m * (nx - 1), site.step_m * (ny - 1)
    x = site.x0_m + step_m * np.arange(int(east / step_m + 1e-9) + 1)
    y = site.y0_m + step_m * np.arange(int(north / step_m + 1e-9) + 1)
    fine = max(1, round(step_m / site.step_m))
    offsets = (np.arange(fine) + 0.5) / fine * step_m - 0.5 * step_m
    ground = np.zeros((y.size, x.size))
    for dy in offsets:
        for dx in offsets:
            ground += site.ground_m(x[None, :] + dx, y[:, None] + dy)
    return ground / fine**2, float(x[0]), float(y[0])


def _settings(about: dict[str, object]) -> LibrarySettings:
    rows = about.pop("stabilities")
    heights = about.pop("heights_m")
    if not isinstance(rows, list) or not isinstance(heights, list):
        msg = "stabilities and heights must be lists"
        raise TypeError(msg)
    stabilities = tuple(Stability(**row) for row in rows)
    return LibrarySettings(heights_m=tuple(heights), stabilities=stabilities, **about)  # type: ignore[arg-type]


def _unreadable(path: Path, why: str) -> SolverError:
    return SolverError(
        f"wind library {path.name}: {why}; expected a file written by FlowLibrary.save, format {FORMAT}",
        message_zh=f"风场库 {path.name} 无法读取；应为 FlowLibrary.save 写出的文件，格式 {FORMAT}",
        field="path",
        value=path.name,
        source=str(path),
    )
