"""Loading a scene: every file read and checked, then one frozen Park."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from gis.crs import ParkCrs
from gis.scene import assemble
from gis.scene.assemble import Bookmark, Ground
from gis.scene.geopackage import FILE as DRAWN_FILE
from gis.scene.geopackage import Drawn, read_layers
from gis.scene.ground import read_ground
from gis.scene.groundwater import WATER_FILE, groundwater
from gis.scene.judging import CONDITIONS_FILE, RULES_FILE, judge_book
from gis.scene.problems import Problems
from gis.scene.rules import check_rules
from gis.scene.schema import ParkFile
from gis.scene.tables import LINES_FILE, Tables, read_tables
from gis.scene.whereabouts import terrain_place
from gis.terrain import Terrain
from twin.core.errors import SceneError
from twin.core.geometry import Extent, FrameOrigin
from twin.core.park import Park

DECLARED = (
    "park.toml",
    "stations.toml",
    "beams.toml",
    "wells.toml",
    "strata.toml",
    "devices.toml",
    "chemicals.csv",
    "thresholds.csv",
    "boreholes.csv",
    DRAWN_FILE,
)

OPTIONAL = (LINES_FILE, RULES_FILE, CONDITIONS_FILE, WATER_FILE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A loaded scene.

    ``content_hash`` changes with every byte of the declared files (``OPTIONAL`` ones where they are)
    and of the terrain.
    """

    park: Park
    folder: Path
    content_hash: str
    bookmarks: tuple[Bookmark, ...]
    terrain_path: Path

    def terrain(self) -> Terrain:
        """Terrain in the local frame. Raises SceneError when the raster is missing or unusable."""
        return read_ground(
            self.terrain_path, self.park.epsg, self.park.origin, self.park.extent, scene=self.folder.name
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """The declared files of a scene after all rules passed."""

    park: ParkFile
    tables: Tables
    drawn: Drawn
    origin: FrameOrigin
    extent: Extent


def load_scene(folder: Path, *, terrain_path: Path | None = None) -> Scene:
    """Load a scene.

    Parameters
    ----------
    folder
        Folder with ``park.toml`` and its companions.
    terrain_path
        Elevation raster to use instead of ``gis.scene.whereabouts.terrain_place``.

    Raises
    ------
    SceneProblems
        With every problem of the declared files.
    SceneError
        When the folder or the terrain is missing or cannot be used.
    """
    problems = Problems(str(folder))
    declared = read_declared(folder, problems)
    problems.raise_if_any()
    if declared is None:
        raise _no_park(folder)
    path = terrain_path or terrain_place(folder, declared.park, declared.origin)
    terrain = read_ground(path, declared.park.crs.epsg, declared.origin, declared.extent, scene=folder.name)
    ground = Ground(terrain=terrain, origin_height_m=declared.origin.height_m)
    return Scene(
        park=_park(declared, ground),
        folder=folder,
        content_hash=content_hash(folder, path),
        bookmarks=assemble.bookmarks(declared.park.bookmarks, ground),
        terrain_path=path,
    )


def read_declared(folder: Path, problems: Problems) -> Declared | None:
    """Read and check all declared files; None when ``park.toml`` cannot be used.

    Problems are noted, not raised; the terrain is not touched.
    """
    if not folder.is_dir():
        problems.add(
            str(folder), "folder", None, "a scene folder with park.toml", "含 park.toml 的场景文件夹"
        )
        return None
    tables = read_tables(folder, problems)
    park = tables.park
    origin = None
    if park is not None:
        with problems.gather("park.toml"):
            origin = frame_origin(park)
    if park is None or origin is None:
        return None
    drawn = read_layers(folder / DRAWN_FILE, park.crs.epsg, _drawn_at(park, origin), problems)
    check_rules(tables, drawn, problems)
    box = park.extent
    extent = Extent(x_min_m=box.x_min_m, y_min_m=box.y_min_m, x_max_m=box.x_max_m, y_max_m=box.y_max_m)
    return Declared(park=park, tables=tables, drawn=drawn, origin=origin, extent=extent)


def frame_origin(park: ParkFile) -> FrameOrigin:
    """Local origin: the centre projected, rounded to a millimetre. Raises CrsError."""
    zero = FrameOrigin(easting_m=0.0, northing_m=0.0, height_m=0.0)
    crs = ParkCrs(park.crs.epsg, zero)
    east, north = crs.to_local(park.crs.centre_lon_deg, park.crs.centre_lat_deg)
    return FrameOrigin(
        easting_m=round(float(east), 3),
        northing_m=round(float(north), 3),
        height_m=park.crs.origin_height_m,
    )


def content_hash(folder: Path, terrain_path: Path) -> str:
    """SHA-256 over the declared files and the terrain raster."""
    digest = hashlib.sha256()
    lines = [folder / name for name in OPTIONAL if (folder / name).exists()]
    for path in [*(folder / name for name in DECLARED), *lines, terrain_path]:
        body = path.read_bytes()
        digest.update(f"{path.name}:{len(body)}\n".encode())
        digest.update(body)
    return digest.hexdigest()


def _drawn_at(park: ParkFile, origin: FrameOrigin) -> tuple[float, float]:
    east, north = park.crs.drawn_easting_m, park.crs.drawn_northing_m
    return (
        origin.easting_m if east is None else east,
        origin.northing_m if north is None else north,
    )


def _no_park(folder: Path) -> SceneError:
    return SceneError(f"{folder}: no scene", message_zh=f"{folder}：没有场景", source=str(folder))


def _park(declared: Declared, ground: Ground) -> Park:
    park, tables, drawn = declared.park, declared.tables, declared.drawn
    towers = assemble.stations(tables.stations.stations, ground)
    return Park(
        id=park.id,
        name=assemble.text(park.name),
        notice=assemble.text(park.notice),
        epsg=park.crs.epsg,
        origin=declared.origin,
        extent=declared.extent,
        convergence_deg=ParkCrs(park.crs.epsg, declared.origin).convergence_deg() + 0.0,  # no minus zero
        vertical_datum=park.vertical_datum,
        utc_offset_h=park.utc_offset_h,
        terrain_is_demonstration=park.terrain_is_demonstration,
        placement_is_approximate=park.placement_is_approximate,
        vegetation_allowance_m=park.vegetation_allowance_m,
        areas=assemble.areas(drawn),
        plots=assemble.plots(drawn),
        buildings=assemble.buildings(drawn, ground),
        tanks=assemble.tanks(drawn, ground),
        units=assemble.units(drawn, ground),
        roads=assemble.roads(drawn),
        waters=assemble.waters(drawn),
        settlements=assemble.settlements(drawn, ground),
        stations=towers,
        beams=assemble.beams(tables.beams.beams, towers, ground),
        wells=assemble.wells(tables, ground),
        strata=assemble.strata(tables),
        boreholes=assemble.boreholes(tables.holes, ground),
        substances=assemble.substances(tables),
        thresholds=assemble.thresholds(tables),
        devices=assemble.devices(tables),
        lines=assemble.lines(tables),
        book=judge_book(tables.rules, tables.conditions),
        groundwater=None if tables.water is None else groundwater(tables.water),
    )
