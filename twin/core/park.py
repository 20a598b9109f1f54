"""The park: everything that stands still. Frozen; loaded once from a scene and validated."""

from __future__ import annotations

from dataclasses import dataclass

from shapely.geometry import LineString, Polygon

from twin.core.aquifer import Borehole, Stratum, Well
from twin.core.beam import Beam, Receptor, point_receptor
from twin.core.device import Device
from twin.core.errors import NotFoundError
from twin.core.geometry import Extent, FrameOrigin, Place
from twin.core.groundwater import Groundwater
from twin.core.judging import JudgeBook
from twin.core.line import Line
from twin.core.station import Station
from twin.core.substance import Substance, Threshold
from twin.core.text import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """An area of the park. ``stated_ha`` is what the documents say, the polygon what is drawn."""

    id: str
    name: Text
    outline: Polygon
    stated_ha: float
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """Land of one enterprise."""

    id: str
    name: Text
    outline: Polygon
    area_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Building:
    """A building: footprint, ground level ``base_m`` and height above it."""

    id: str
    name: Text
    outline: Polygon
    base_m: float
    height_m: float
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tank:
    """An upright cylindrical tank; ``base`` is the centre of its bottom."""

    id: str
    name: Text
    base: Place
    radius_m: float
    height_m: float
    substance_id: str
    plot_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessUnit:
    """A unit that can release a substance: a candidate source. ``place.z_m`` is the opening."""

    id: str
    name: Text
    place: Place
    height_m: float
    kind: str
    substance_ids: tuple[str, ...]
    plot_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Road:
    """A road's centre line and width."""

    id: str
    name: Text
    line: LineString
    width_m: float
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Water:
    """A river's centre line and width."""

    id: str
    name: Text
    line: LineString
    width_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """A village or gate where people are. ``people`` is an assumption of the scene."""

    id: str
    name: Text
    place: Place
    people: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Park:
    """A park in its local frame. See ``twin.core.geometry`` for the axes.

    ``convergence_deg``: grid north minus true north at the origin, positive to the east.
    ``notice`` must be shown wherever the scene is shown (for example: demonstration terrain).
    """

    id: str
    name: Text
    notice: Text
    epsg: int
    origin: FrameOrigin
    extent: Extent
    convergence_deg: float
    vertical_datum: str
    utc_offset_h: float
    terrain_is_demonstration: bool
    placement_is_approximate: bool
    vegetation_allowance_m: float
    areas: tuple[Area, ...]
    plots: tuple[Plot, ...]
    buildings: tuple[Building, ...]
    tanks: tuple[Tank, ...]
    units: tuple[ProcessUnit, ...]
    roads: tuple[Road, ...]
    waters: tuple[Water, ...]
    settlements: tuple[Settlement, ...]
    stations: tuple[Station, ...]
    beams: tuple[Beam, ...]
    wells: tuple[Well, ...]
    strata: tuple[Stratum, ...]
    boreholes: tuple[Borehole, ...]
    substances: tuple[Substance, ...]
    thresholds: tuple[Threshold, ...]
    devices: tuple[Device, ...]
    lines: tuple[Line, ...] = ()
    book: JudgeBook = JudgeBook()
    groundwater: Groundwater | None = None

    def device(self, mn: str) -> Device | None:
        """Registered device with this MN, or None."""
        return next((row for row in self.devices if row.mn == mn), None)

    def substance(self, substance_id: str) -> Substance:
        """Substance by id. Raises NotFoundError."""
        for row in self.substances:
            if row.id == substance_id:
                return row
        known = ", ".join(row.id for row in self.substances)
        raise NotFoundError(
            f"substance {substance_id!r} is not in this park; expected one of {known}",
            message_zh=f"园区没有物质 {substance_id!r}；应为 {known} 之一",
            field="substance_id",
            value=substance_id,
        )

    def receptors(self) -> tuple[Receptor, ...]:
        """Receptors of all air sensors: every beam, and every weather set as a point."""
        beams = tuple(beam.receptor() for beam in self.beams)
        return beams + tuple(point_receptor(row.weather.id, row.weather.place) for row in self.stations)
