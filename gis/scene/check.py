"""Checking a scene without stopping at its first problem."""

from __future__ import annotations

from pathlib import Path

from gis.scene.ground import read_ground
from gis.scene.load import read_declared
from gis.scene.problems import Problems
from gis.scene.whereabouts import terrain_place
from twin.core.errors import SceneError


def check_scene(folder: Path, *, terrain_path: Path | None = None) -> list[SceneError]:
    """Every problem of a scene; an empty list when it can be loaded.

    A terrain that is made at first run and has not been made yet is no problem.
    """
    problems = Problems(str(folder))
    declared = read_declared(folder, problems)
    if declared is None:
        return list(problems.rows)
    table = declared.park.terrain
    path = terrain_path or terrain_place(folder, declared.park, declared.origin)
    if path.exists() or table.generator is None:
        with problems.gather(table.file):
            read_ground(path, declared.park.crs.epsg, declared.origin, declared.extent, scene=folder.name)
    return list(problems.rows)
