"""The elevation raster of a scene, brought into the local frame."""

from __future__ import annotations

from pathlib import Path

from gis.crs import ParkCrs
from gis.raster import read_terrain
from gis.terrain import Terrain
from twin.core.errors import SceneError
from twin.core.geometry import Extent, FrameOrigin

SLACK_M = 1e-3


def read_ground(path: Path, epsg: int, origin: FrameOrigin, extent: Extent, *, scene: str) -> Terrain:
    """Terrain in the local frame from a scene's raster, cropped to ``extent``.

    The raster must be in the park's system, north up, with square pixels and without holes;
    its pixel centres become nodes. Raises SceneError (missing file, other system, hole, extent not
    covered), naming the ``scene`` to build. Rasters of any other kind go through ``park-twin scene import``.
    """
    if not path.exists():
        raise _missing(path, scene)
    terrain = read_terrain(path, ParkCrs(epsg, origin))
    have = terrain.extent
    covered = (
        have.x_min_m <= extent.x_min_m + SLACK_M
        and have.y_min_m <= extent.y_min_m + SLACK_M
        and have.x_max_m >= extent.x_max_m - SLACK_M
        and have.y_max_m >= extent.y_max_m - SLACK_M
    )
    if not covered:
        raise _too_small(path.name, have, extent)
    return terrain.crop(_within(extent, have))


def _within(extent: Extent, have: Extent) -> Extent:
    return Extent(
        x_min_m=max(extent.x_min_m, have.x_min_m),
        y_min_m=max(extent.y_min_m, have.y_min_m),
        x_max_m=min(extent.x_max_m, have.x_max_m),
        y_max_m=min(extent.y_max_m, have.y_max_m),
    )


def _missing(path: Path, scene: str) -> SceneError:
    command = f"park-twin scene build {scene}"
    return SceneError(
        f"{path.name}: file is missing in {path.parent}; run: {command}",
        message_zh=f"{path.name}：{path.parent} 中缺少此文件；请运行 {command}",
        field="terrain",
        source=path.name,
    )


def _too_small(file: str, have: Extent, extent: Extent) -> SceneError:
    shown, wanted = _span(have), _span(extent)
    return SceneError(
        f"{file}: extent in the local frame is {shown}; expected at least {wanted}, as in park.toml",
        message_zh=f"{file}：局部坐标范围为 {shown}；应至少为 park.toml 中的 {wanted}",
        field="extent",
        value=shown,
        source=file,
    )


def _span(box: Extent) -> str:
    return f"x {box.x_min_m:g}..{box.x_max_m:g}, y {box.y_min_m:g}..{box.y_max_m:g} m"
