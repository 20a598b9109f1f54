"""Making what a scene generates at first run: the terrain of a demonstration."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gis.crs import ParkCrs
from gis.raster import write_cog
from gis.scene.ground import read_ground
from gis.scene.load import Declared, read_declared
from gis.scene.problems import Problems
from gis.scene.relief import ReliefRequest, make_relief
from gis.scene.whereabouts import is_current, recipe, stamp_of, terrain_place
from gis.terrain import Terrain
from twin.core.errors import SceneError

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What ``build_scene`` did. ``generated`` is False when everything was there already."""

    terrain_path: Path
    generated: bool


def build_scene(folder: Path, progress: Progress | None = None, *, terrain_path: Path | None = None) -> Built:
    """Make what is generated at first run; a scene that is complete is left alone.

    Parameters
    ----------
    folder
        The scene.
    progress
        Called with the name of the step and the part done (0 to 1).
    terrain_path
        Where the terrain goes instead of ``gis.scene.whereabouts.terrain_place``; give the same path
        to ``load_scene``.

    Raises
    ------
    SceneProblems
        When the declared files break a rule.
    SceneError
        When the scene has neither a terrain nor a generator for it.
    """
    problems = Problems(str(folder))
    declared = read_declared(folder, problems)
    problems.raise_if_any()
    assert declared is not None  # a scene without a usable park.toml has problems
    path = terrain_path or terrain_place(folder, declared.park, declared.origin)
    if declared.park.terrain.generator is None:
        read_ground(path, declared.park.crs.epsg, declared.origin, declared.extent, scene=folder.name)
        return Built(terrain_path=path, generated=False)
    wanted = recipe(folder, declared.park, declared.origin)
    if is_current(path, wanted):
        return Built(terrain_path=path, generated=False)
    _generate(path, declared, progress or _silent)
    stamp_of(path).write_text(wanted, encoding="utf-8")
    return Built(terrain_path=path, generated=True)


def _silent(_step: str, _part: float) -> None:
    """No progress wanted."""


def _generate(path: Path, declared: Declared, progress: Progress) -> None:
    table = declared.park.terrain
    if table.seed is None or not declared.drawn.waters or not declared.drawn.plots:
        raise _cannot_generate(table.generator)
    box = declared.extent
    request = ReliefRequest(drawn=declared.drawn, extent=box, step_m=table.step_m, seed=table.seed)
    levels = make_relief(request, progress)
    terrain = Terrain(levels - declared.origin.height_m, box.x_min_m, box.y_min_m, table.step_m)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Its own name first: two processes may build the same scene at once.
    work = path.with_name(f".{os.getpid()}.{path.name}")
    write_cog(work, terrain, ParkCrs(declared.park.crs.epsg, declared.origin))
    work.replace(path)


def _cannot_generate(generator: str | None) -> SceneError:
    needs = "a seed, and in park.gpkg a water and plots with pad_m"
    needs_zh = " seed，以及 park.gpkg 中的水系和带 pad_m 的地块"
    return SceneError(
        f"park.toml: terrain.generator is {generator!r}; expected with it {needs}",
        message_zh=f"park.toml：terrain.generator 为 {generator!r}；还需要{needs_zh}",
        field="terrain.generator",
        value=generator,
        source="park.toml",
    )
