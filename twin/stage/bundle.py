"""The scene bundle: everything that stands still, written once for all browsers.

The folder's name is a hash over the scene's files and this room's version, so a bundle is
built once, served as immutable, and never stale.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as PilImage

from gis.crs import ParkCrs
from gis.mesh import Tin, build_tin, quantised
from gis.scene.load import Scene
from gis.sight import SightRow, sight_table
from gis.strata import StrataModel, build_strata
from gis.terrain import Terrain
from twin.core.park import Park
from twin.stage import describe, encode
from twin.stage.bake import bake_ground

BUNDLE_VERSION = 3
SCHEMA = "twin-scene/1"
OUTSIDE_ERROR_M, FENCE_ERROR_M = 1.0, 0.5
HEIGHT_GRID_M, STRATA_GRID_M = 20.0, 40.0
WEBP_QUALITY = 78
MESH_TRIES = 3
COMPRESSED = (".json", ".twt", ".twg")

Progress = Callable[[str, int, int], None]
Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleInfo:
    """Where a bundle lies (``path``) and the hash that names it."""

    path: Path
    hash: str


def bundle_hash(scene: Scene) -> str:
    """Name of the scene's bundle: its content and the version of this room."""
    return hashlib.sha256(f"{BUNDLE_VERSION}:{scene.content_hash}".encode()).hexdigest()[:20]


def find_bundle(scene: Scene, folder: Path) -> BundleInfo | None:
    """The scene's bundle under ``folder``, if it was built."""
    path = folder / bundle_hash(scene)
    return BundleInfo(path=path, hash=path.name) if (path / "scene.json").is_file() else None


def build_bundle(scene: Scene, folder: Path, progress: Progress = lambda *_: None) -> BundleInfo:
    """Write the bundle of a scene under ``folder`` unless it is there; whole or not at all.

    ``progress`` is called with what is being done, how many steps are done, and how many there
    are. Raises SceneError when the scene's terrain is missing.
    """
    found = find_bundle(scene, folder)
    if found is not None:
        return found
    folder.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=".building-", dir=folder))
    try:
        _write(scene, work, progress)
        return _publish(scene, work, folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _publish(scene: Scene, work: Path, folder: Path) -> BundleInfo:
    target = folder / bundle_hash(scene)
    work.chmod(0o755)
    if target.exists():  # another process was faster, or a broken one is left over
        shutil.rmtree(target)
    work.rename(target)
    return BundleInfo(path=target, hash=target.name)


def _write(scene: Scene, work: Path, progress: Progress) -> None:
    park, terrain = scene.park, scene.terrain()
    steps = ("sight", "strata", "mesh", "light", "write")

    def step(name: str) -> None:
        progress(name, steps.index(name), len(steps))

    step("sight")
    sight = sight_table(park, terrain)
    step("strata")
    strata = build_strata(park, terrain, STRATA_GRID_M) if park.boreholes else None
    step("mesh")
    tin = _mesh(park, terrain)
    step("light")
    ground = bake_ground(park, terrain)
    step("write")
    (work / "terrain.twt").write_bytes(encode.encode_tin(tin.vertices_m, tin.triangles, park.extent))
    (work / "heights.twg").write_bytes(_height_grid(park, terrain))
    (work / "ground.webp").write_bytes(_webp(ground))
    if strata is not None:
        (work / "strata.twg").write_bytes(_strata_grid(strata))
    document = _document(scene, terrain, tin, strata, sight, ground.shape)
    _add_sizes(document, work)
    (work / "scene.json").write_text(
        json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    )
    _compress(work)
    progress("write", len(steps), len(steps))


def _mesh(park: Park, terrain: Terrain) -> Tin:
    """Ground mesh within its bounds as the browser decodes it.

    On steep ground the rounding of places costs height, the more the larger the park: the mesh is
    then built again, finer by what was too much.
    """
    fence = [area.outline for area in park.areas if area.active]
    outside_m, inside_m = OUTSIDE_ERROR_M, FENCE_ERROR_M
    tin = quantised(build_tin(terrain, outside_m, fence=fence, fence_error_m=inside_m), terrain, fence)
    for _ in range(MESH_TRIES):
        over_m = tin.max_error_m - OUTSIDE_ERROR_M, tin.fence_error_m - FENCE_ERROR_M
        if max(over_m) <= 0.0:
            break
        outside_m = max(0.5 * outside_m, outside_m - 2.0 * max(0.0, over_m[0]))
        inside_m = max(0.5 * inside_m, inside_m - 2.0 * max(0.0, over_m[1]))
        tin = quantised(build_tin(terrain, outside_m, fence=fence, fence_error_m=inside_m), terrain, fence)
    return tin


def _webp(image: Any) -> bytes:
    out = io.BytesIO()
    PilImage.fromarray(image).save(out, "WEBP", quality=WEBP_QUALITY, method=4)
    return out.getvalue()


def _nodes(low_m: float, high_m: float, step_m: float) -> Any:
    return np.linspace(low_m, high_m, max(2, round((high_m - low_m) / step_m) + 1))


def _height_grid(park: Park, terrain: Terrain) -> bytes:
    extent = park.extent
    x = _nodes(extent.x_min_m, extent.x_max_m, HEIGHT_GRID_M)
    y = _nodes(extent.y_min_m, extent.y_max_m, HEIGHT_GRID_M)
    xx, yy = np.meshgrid(x, y)
    band = terrain.height(xx.ravel(), yy.ravel()).reshape(xx.shape)
    return encode.encode_grid(
        band[None], x0_m=x[0], y0_m=y[0], dx_m=float(x[1] - x[0]), dy_m=float(y[1] - y[0])
    )


def _strata_grid(model: StrataModel) -> bytes:
    bands = np.concatenate([model.ground_m[None], model.bottoms_m, model.sd_m])
    return encode.encode_grid(
        bands,
        x0_m=float(model.x_m[0]),
        y0_m=float(model.y_m[0]),
        dx_m=float(model.x_m[1] - model.x_m[0]),
        dy_m=float(model.y_m[1] - model.y_m[0]),
    )


def _document(
    scene: Scene,
    terrain: Terrain,
    tin: Tin,
    strata: StrataModel | None,
    sight: tuple[SightRow, ...],
    image_shape: tuple[int, ...],
) -> Json:
    park = scene.park
    extent = park.extent
    ground_m = float(np.median(terrain.heights_m))
    bookmarks = [_bookmark(row) for row in scene.bookmarks] or describe.default_bookmarks(park, ground_m)
    return {
        "schema": SCHEMA,
        "park_id": park.id,
        "hash": bundle_hash(scene),
        "name": describe.text(park.name),
        "notice": describe.text(park.notice),
        "terrain_is_demonstration": park.terrain_is_demonstration,
        "placement_is_approximate": park.placement_is_approximate,
        "crs": _crs(park),
        "utc_offset_h": park.utc_offset_h,
        "extent": [extent.x_min_m, extent.y_min_m, extent.x_max_m, extent.y_max_m],
        "z_range": [float(terrain.heights_m.min()), float(terrain.heights_m.max())],
        "terrain": {
            "url": "terrain.twt",
            "max_error_m": round(tin.max_error_m, 3),
            "max_error_fence_m": round(tin.fence_error_m, 3),
            "triangles": len(tin.triangles),
        },
        "heights": {"url": "heights.twg"},
        "ground": {"url": "ground.webp", "size": [image_shape[1], image_shape[0]]},
        "strata": None if strata is None else {"url": "strata.twg", **describe.describe_strata(park, strata)},
        **describe.describe_park(park, describe.sight_by_beam(sight)),
        "bookmarks": bookmarks,
    }


def _bookmark(row: Any) -> Json:
    return {
        "id": row.id,
        "name": describe.text(row.name),
        "target": list(row.target.array()),
        "position": list(row.position.array()),
    }


def _crs(park: Park) -> Json:
    lon, lat = ParkCrs(park.epsg, park.origin).to_lonlat(0.0, 0.0)
    return {
        "epsg": park.epsg,
        "origin": [park.origin.easting_m, park.origin.northing_m, park.origin.height_m],
        "convergence_deg": park.convergence_deg,
        "vertical_datum": park.vertical_datum,
        "lon": round(float(lon), 7),
        "lat": round(float(lat), 7),
    }


def _add_sizes(document: Json, work: Path) -> None:
    for key in ("terrain", "heights", "ground", "strata"):
        entry = document[key]
        if entry is not None:
            data = (work / entry["url"]).read_bytes()
            entry["bytes"] = len(data)
            entry["sha256"] = hashlib.sha256(data).hexdigest()


def _compress(work: Path) -> None:
    for file in sorted(work.iterdir()):
        if file.suffix in COMPRESSED:
            packed = gzip.compress(file.read_bytes(), compresslevel=9, mtime=0)
            file.with_name(file.name + ".gz").write_bytes(packed)
