"""From checked rows to the nouns of ``twin.core``: heights above ground become places."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from gis.scene.geopackage import Drawn
from gis.scene.rows import ChemicalRow, ThresholdRow
from gis.scene.rules import split_ids
from gis.scene.schema import BeamRow, BookmarkRow, DeviceRow, FactorRow, LineRow, Name, StationRow
from gis.scene.tables import HoleRow, Tables
from gis.terrain import Terrain
from twin.core.aquifer import Borehole, Stratum, Well
from twin.core.beam import Beam
from twin.core.device import CrcMode, Device, Edition, Factor
from twin.core.geometry import Place
from twin.core.line import Line, LineKind, LineMember
from twin.core.origin import Origin
from twin.core.park import Area, Building, Plot, ProcessUnit, Road, Settlement, Tank, Water
from twin.core.quantity import substance_of
from twin.core.station import Station, Tower, WeatherSet
from twin.core.substance import Substance, Threshold
from twin.core.text import Text
from twin.core.units import ppm_to_kg_m3, to_si

PPM_TEMPERATURE_K = 298.15
PPM_PRESSURE_PA = 101_325.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bookmark:
    """A view that the scene offers: the camera at ``position`` looks at ``target``."""

    id: str
    name: Text
    target: Place
    position: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Puts things on the terrain; levels given in a file are above the vertical datum."""

    terrain: Terrain
    origin_height_m: float

    def place(self, x_m: float, y_m: float, height_m: float = 0.0, level_m: float | None = None) -> Place:
        """Place ``height_m`` above the ground, or above ``level_m`` when the file states it."""
        ground_m = self.terrain.height_at(x_m, y_m)
        base_m = ground_m if level_m is None else level_m - self.origin_height_m
        return Place(x_m=x_m, y_m=y_m, z_m=base_m + height_m)


def text(name: Name) -> Text:
    """Text of a name table."""
    return Text(zh=name.zh, en=name.en)


def stations(rows: list[StationRow], ground: Ground) -> tuple[Station, ...]:
    """Stations with their towers standing on the ground."""
    return tuple(
        Station(
            id=row.id,
            name=text(row.name),
            area_id=row.area_id,
            tower=Tower(
                base=ground.place(row.x_m, row.y_m),
                platform_height_m=row.platform_height_m,
                parts=tuple(row.parts),
            ),
            weather=WeatherSet(
                id=row.weather.id,
                place=ground.place(row.x_m, row.y_m, row.weather.height_m),
                height_m=row.weather.height_m,
            ),
            dwell_s=row.dwell_s,
            camera_url=row.camera_url,
        )
        for row in rows
    )


def beams(rows: list[BeamRow], towers: tuple[Station, ...], ground: Ground) -> tuple[Beam, ...]:
    """Beams from the optical head on each tower to its emitters, with their pointing."""
    heads = {row.id: row.tower for row in towers}
    return tuple(_beam(row, heads[row.station_id], ground) for row in rows)


def _beam(row: BeamRow, tower: Tower, ground: Ground) -> Beam:
    base = tower.base
    receiver = Place(x_m=base.x_m, y_m=base.y_m, z_m=base.z_m + tower.platform_height_m)
    emitter = ground.place(row.x_m, row.y_m, row.height_m)
    azimuth, elevation = pointing(receiver, emitter)
    return Beam(
        id=row.id,
        station_id=row.station_id,
        name=text(row.name),
        receiver=receiver,
        emitter=emitter,
        azimuth_deg=azimuth if row.azimuth_deg is None else row.azimuth_deg,
        elevation_deg=elevation if row.elevation_deg is None else row.elevation_deg,
    )


def pointing(start: Place, end: Place) -> tuple[float, float]:
    """Azimuth clockwise from grid north in [0, 360) and elevation, to 0.001 degree.

    >>> low = Place(x_m=0.0, y_m=0.0, z_m=0.0)
    >>> pointing(low, Place(x_m=100.0, y_m=0.0, z_m=100.0))
    (90.0, 45.0)
    """
    east, north = end.x_m - start.x_m, end.y_m - start.y_m
    azimuth = round(math.degrees(math.atan2(east, north)) % 360.0, 3) % 360.0
    elevation = math.degrees(math.atan2(end.z_m - start.z_m, math.hypot(east, north)))
    return azimuth, round(elevation, 3)


def wells(tables: Tables, ground: Ground) -> tuple[Well, ...]:
    """Wells with their collars on the ground."""
    return tuple(
        Well(
            id=row.id,
            name=text(row.name),
            collar=ground.place(row.x_m, row.y_m),
            depth_m=row.depth_m,
            screen_top_m=row.screen_top_m,
            screen_bottom_m=row.screen_bottom_m,
            stratum_id=row.stratum_id,
            group_id=row.group_id,
        )
        for row in tables.wells.wells
    )


def strata(tables: Tables) -> tuple[Stratum, ...]:
    """Layers from the ground down."""
    return tuple(
        Stratum(
            id=row.id,
            name=text(row.name),
            colour=row.colour,
            aquifer=row.aquifer,
            conductivity_m_s=row.conductivity_m_s,
            porosity=row.porosity,
        )
        for row in tables.strata.strata
    )


def boreholes(rows: tuple[HoleRow, ...], ground: Ground) -> tuple[Borehole, ...]:
    """Logs with their collars on the ground or at their surveyed level."""
    return tuple(
        Borehole(
            id=row.fixed.id,
            collar=ground.place(row.fixed.x_m, row.fixed.y_m, level_m=row.fixed.collar_m),
            depth_m=row.fixed.depth_m,
            thickness_m=row.thickness_m,
        )
        for row in rows
    )


def devices(tables: Tables) -> tuple[Device, ...]:
    """Registered devices with the factors of their set."""
    known = {row.id: row for row in tables.chemicals}
    sets = {
        name: tuple(_factor(row, known) for row in rows) for name, rows in tables.devices.factor_sets.items()
    }
    return tuple(_device(row, sets[row.factors]) for row in tables.devices.devices)


def _factor(row: FactorRow, chemicals: Mapping[str, ChemicalRow]) -> Factor:
    told = row.model_dump(exclude={"raw_signal"})
    found = chemicals.get(substance_of(row.quantity) or "")
    if found is None:
        return Factor(**told)
    names = (found.name_zh, found.name_en, found.formula)
    return Factor(**told, names=names, molar_mass_kg_mol=found.molar_mass_kg_mol)


def _device(row: DeviceRow, factors: tuple[Factor, ...]) -> Device:
    return Device(
        mn=row.mn,
        sensor_id=row.sensor_id,
        station_id=row.station_id,
        st=row.st,
        origin=Origin(row.origin),
        edition=Edition(row.edition),
        crc_mode=CrcMode(row.crc_mode),
        interval_s=row.interval_s,
        factors=factors,
        protocol=row.protocol,
        line=row.line,
        columns=tuple(row.columns.items()),
        minute_interval_s=float(row.minute_interval_s),
    )


def lines(tables: Tables) -> tuple[Line, ...]:
    """Lines of ``lines.toml``."""
    return tuple(_line(row) for row in tables.lines.lines)


def _line(row: LineRow) -> Line:
    told = row.model_dump(exclude={"kind", "members"})
    members = tuple(LineMember(**member.model_dump()) for member in row.members)
    return Line(**told, kind=LineKind(row.kind), members=members)


def substances(tables: Tables) -> tuple[Substance, ...]:
    """Substances of ``chemicals.csv``."""
    return tuple(
        Substance(
            id=row.id,
            name=Text(zh=row.name_zh, en=row.name_en),
            formula=row.formula,
            cas=row.cas,
            molar_mass_kg_mol=row.molar_mass_kg_mol,
        )
        for row in tables.chemicals
    )


def thresholds(tables: Tables) -> tuple[Threshold, ...]:
    """Levels of ``thresholds.csv`` in kg/m3."""
    masses = {row.id: row.molar_mass_kg_mol for row in tables.chemicals}
    return tuple(
        Threshold(
            substance_id=row.substance_id,
            level=row.level,
            name=Text(zh=row.name_zh, en=row.name_en),
            conc_kg_m3=_conc_kg_m3(row, masses[row.substance_id]),
            source=row.source,
        )
        for row in tables.thresholds
    )


def _conc_kg_m3(row: ThresholdRow, molar_mass_kg_mol: float) -> float:
    if row.unit == "ppm":
        return ppm_to_kg_m3(
            row.value, molar_mass_kg_mol, temperature_k=PPM_TEMPERATURE_K, pressure_pa=PPM_PRESSURE_PA
        )
    return to_si(row.value, row.unit)


def areas(drawn: Drawn) -> tuple[Area, ...]:
    """Areas with stated hectares and drawn outlines."""
    return tuple(
        Area(
            id=f.row.id,
            name=_named(f.row.name_zh, f.row.name_en),
            outline=f.shape,
            stated_ha=f.row.stated_ha,
            active=f.row.active,
        )
        for f in drawn.areas
    )


def plots(drawn: Drawn) -> tuple[Plot, ...]:
    """Plots of the enterprises."""
    return tuple(
        Plot(
            id=f.row.id,
            name=_named(f.row.name_zh, f.row.name_en),
            outline=f.shape,
            area_id=f.row.area_id,
        )
        for f in drawn.plots
    )


def buildings(drawn: Drawn, ground: Ground) -> tuple[Building, ...]:
    """Buildings; one without a stated base stands on the ground at its centre."""
    rows = []
    for f in drawn.buildings:
        centre = f.shape.representative_point()
        base = ground.place(centre.x, centre.y, level_m=f.row.base_m)
        rows.append(
            Building(
                id=f.row.id,
                name=_named(f.row.name_zh, f.row.name_en),
                outline=f.shape,
                base_m=base.z_m,
                height_m=f.row.height_m,
                kind=f.row.kind,
            )
        )
    return tuple(rows)


def tanks(drawn: Drawn, ground: Ground) -> tuple[Tank, ...]:
    """Tanks standing on the ground or at their stated base."""
    return tuple(
        Tank(
            id=f.row.id,
            name=_named(f.row.name_zh, f.row.name_en),
            base=ground.place(f.shape.x, f.shape.y, level_m=f.row.base_m),
            radius_m=f.row.radius_m,
            height_m=f.row.height_m,
            substance_id=f.row.substance_id,
            plot_id=f.row.plot_id,
        )
        for f in drawn.tanks
    )


def units(drawn: Drawn, ground: Ground) -> tuple[ProcessUnit, ...]:
    """Process units; the place is their opening."""
    return tuple(
        ProcessUnit(
            id=f.row.id,
            name=_named(f.row.name_zh, f.row.name_en),
            place=ground.place(f.shape.x, f.shape.y, f.row.height_m),
            height_m=f.row.height_m,
            kind=f.row.kind,
            substance_ids=split_ids(f.row.substance_ids),
            plot_id=f.row.plot_id,
        )
        for f in drawn.units
    )


def roads(drawn: Drawn) -> tuple[Road, ...]:
    """Roads as centre lines."""
    return tuple(
        Road(
            id=f.row.id,
            name=_named(f.row.name_zh, f.row.name_en),
            line=f.shape,
            width_m=f.row.width_m,
            kind=f.row.kind,
        )
        for f in drawn.roads
    )


def waters(drawn: Drawn) -> tuple[Water, ...]:
    """Rivers as centre lines."""
    return tuple(
        Water(id=f.row.id, name=_named(f.row.name_zh, f.row.name_en), line=f.shape, width_m=f.row.width_m)
        for f in drawn.waters
    )


def settlements(drawn: Drawn, ground: Ground) -> tuple[Settlement, ...]:
    """Villages and gates."""
    return tuple(
        Settlement(
            id=f.row.id,
            name=_named(f.row.name_zh, f.row.name_en),
            place=ground.place(f.shape.x, f.shape.y),
            people=f.row.people,
        )
        for f in drawn.settlements
    )


def bookmarks(rows: list[BookmarkRow], ground: Ground) -> tuple[Bookmark, ...]:
    """Views; both heights are counted from the ground at the target."""
    return tuple(_bookmark(row, ground) for row in rows)


def _bookmark(row: BookmarkRow, ground: Ground) -> Bookmark:
    target = ground.place(row.target[0], row.target[1], row.target[2])
    level_m = target.z_m - row.target[2]
    return Bookmark(
        id=row.id,
        name=text(row.name),
        target=target,
        position=Place(x_m=row.position[0], y_m=row.position[1], z_m=level_m + row.position[2]),
    )


def _named(zh: str, en: str) -> Text:
    return Text(zh=zh, en=en)
