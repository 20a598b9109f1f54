"""What may stand in a scene's files: one strict model per table or row.

Places are metres in the park's local frame, heights metres above ground, unless a name says
otherwise. ``docs/scenes.md`` describes the same files for people.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

SCENE_FORMAT = 1

Id = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
Words = Annotated[str, Field(min_length=1)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]


class Strict(BaseModel):
    """Nothing unknown, nothing converted silently, no infinities."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, frozen=True)


class Name(Strict):
    """The same words in Chinese and English."""

    zh: Words
    en: Words


class CrsTable(Strict):
    """``[crs]``: the projected system, where the park lies, and where its layers were drawn.

    The local origin is the centre, projected. ``drawn_*`` is the projected point that the layers
    of ``park.gpkg`` were drawn around; absent, the layers stand where they are. With it the whole
    demonstration moves along when the centre is changed.
    """

    epsg: Annotated[int, Field(ge=1024, le=998999)]
    centre_lon_deg: Annotated[float, Field(ge=-180, le=180)]
    centre_lat_deg: Annotated[float, Field(ge=-90, le=90)]
    origin_height_m: float = 0.0
    drawn_easting_m: float | None = None
    drawn_northing_m: float | None = None


class ExtentTable(Strict):
    """``[extent]``: the rectangle of the scene in the local frame."""

    x_min_m: float
    y_min_m: float
    x_max_m: float
    y_max_m: float


class TerrainTable(Strict):
    """``[terrain]``: the elevation raster and, for a demonstration, what makes it."""

    file: Words = "terrain.tif"
    step_m: Positive
    generator: Literal["valley"] | None = None
    seed: Annotated[int, Field(ge=0)] | None = None


class BookmarkRow(Strict):
    """``[[bookmarks]]``: a view; heights are above the ground at the target, for both ends."""

    id: Id
    name: Name
    target: Annotated[list[float], Field(min_length=3, max_length=3)]
    position: Annotated[list[float], Field(min_length=3, max_length=3)]


class ParkFile(Strict):
    """``park.toml``."""

    scene_format: Literal[1]
    id: Id
    name: Name
    notice: Name
    vertical_datum: Words
    utc_offset_h: Annotated[float, Field(ge=-12, le=14)]
    vegetation_allowance_m: Annotated[float, Field(ge=0, le=60)]
    terrain_is_demonstration: bool
    placement_is_approximate: bool
    crs: CrsTable
    extent: ExtentTable
    terrain: TerrainTable
    bookmarks: list[BookmarkRow] = []


class WeatherTable(Strict):
    """The five-parameter weather set of a station, on its tower."""

    id: Id
    height_m: Annotated[float, Field(gt=0, le=200)]


class StationRow(Strict):
    """``[[stations]]`` of ``stations.toml``. ``platform_height_m`` is that of the optical head."""

    id: Id
    name: Name
    area_id: Id
    x_m: float
    y_m: float
    platform_height_m: Annotated[float, Field(gt=0, le=200)]
    dwell_s: Positive
    parts: list[Words] = []
    camera_url: str = ""
    weather: WeatherTable


class StationsFile(Strict):
    """``stations.toml``."""

    stations: list[StationRow]


class BeamRow(Strict):
    """``[[beams]]`` of ``beams.toml``: where the emitter stands.

    The pointing follows from the places; stated angles (an aligned head's own readings) are kept
    when they agree with the places within one degree.
    """

    id: Id
    station_id: Id
    name: Name
    x_m: float
    y_m: float
    height_m: Annotated[float, Field(gt=0, le=200)]
    azimuth_deg: Annotated[float, Field(ge=0, lt=360)] | None = None
    elevation_deg: Annotated[float, Field(ge=-90, le=90)] | None = None


class BeamsFile(Strict):
    """``beams.toml``."""

    beams: list[BeamRow]


class WellRow(Strict):
    """``[[wells]]`` of ``wells.toml``; the screen is in metres below ground."""

    id: Id
    name: Name
    group_id: str = ""
    x_m: float
    y_m: float
    depth_m: Positive
    screen_top_m: NotNegative
    screen_bottom_m: Positive
    stratum_id: Id


class WellsFile(Strict):
    """``wells.toml``."""

    wells: list[WellRow]


class StratumRow(Strict):
    """``[[strata]]`` of ``strata.toml``, from the ground down."""

    id: Id
    name: Name
    colour: Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$")]
    aquifer: bool
    conductivity_m_s: Positive
    porosity: Annotated[float, Field(gt=0, lt=1)]


class StrataFile(Strict):
    """``strata.toml``."""

    strata: list[StratumRow]


class FactorRow(Strict):
    """A factor code: what it means, in which unit the device sends it, its plausible range.

    ``scale`` other than 1 belongs to registers of Modbus; elsewhere only with ``raw_signal``, which says that
    the device sends a bare signal (mA, counts), not a value in its unit. The registry tells such factors.
    """

    code: Annotated[str, Field(pattern=r"^[A-Za-z0-9:._-]{1,40}$")]
    quantity: Words
    unit: Words
    low: float | None = None
    high: float | None = None
    scale: float = 1.0
    raw_signal: bool = False
    max_rate_per_min: Positive | None = None
    detection_limit: Positive | None = None
    fixed_after: Annotated[int, Field(ge=0)] = 0
    reference_k: Positive | None = None
    total_unit: str = ""


class DeviceRow(Strict):
    """``[[devices]]`` of ``devices.toml``; ``factors`` names a set of factors.

    HJ 212-2017 wants an MN of 24 characters 0-9 A-F; devices in the field send others. Those are
    taken only when ``mn_outside_standard`` says that it is no slip of the pen.
    """

    mn: Annotated[str, Field(pattern=r"^[0-9A-Za-z_-]{1,40}$")]
    mn_outside_standard: bool = False
    sensor_id: Id
    station_id: Id
    st: Annotated[str, Field(pattern=r"^[0-9]{2}$")]
    origin: Literal["measured", "modelled", "simulated", "exercise"]
    edition: Literal["2005", "2017", "2025"] = "2017"
    crc_mode: Literal["hj212", "modbus", "modbus_swapped"] = "hj212"
    interval_s: Positive
    factors: Id
    protocol: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")] = "hj212"
    line: str = ""
    columns: dict[Words, Words] = {}
    minute_interval_s: Literal[60, 120, 180, 240, 300, 360, 600, 720, 900, 1200, 1800] = 60


class LineMemberRow(Strict):
    """``[[lines.members]]``: how one device is addressed on its line."""

    mn: Words
    address: str = ""
    ask: Annotated[str, Field(max_length=80)] = ""
    topic: Annotated[str, Field(max_length=200)] = ""
    pattern: Annotated[str, Field(max_length=80)] = ""


class LineRow(Strict):
    """``[[lines]]`` of ``lines.toml``: a serial port, a serial device server, a broker, a folder."""

    id: Id
    kind: Literal["serial", "tcp-client", "modbus-rtu", "modbus-tcp", "mqtt", "folder"]
    place: Words
    port: Annotated[int, Field(ge=0, le=65535)] = 0
    baud: Annotated[int, Field(ge=110, le=4_000_000)] = 9600
    parity: Literal["N", "E", "O"] = "N"
    data_bits: Literal[7, 8] = 8
    stop_bits: Literal[1, 2] = 1
    rs485: bool = False
    echo: bool = False
    poll_s: Annotated[float, Field(ge=0.02, le=86_400)] = 5.0
    timeout_s: Annotated[float, Field(ge=0.02, le=60)] = 1.0
    retry_s: Annotated[float, Field(ge=0.02, le=3_600)] = 5.0
    mqtt_version: Literal[4, 5] = 4
    client: Annotated[str, Field(max_length=64)] = ""
    tls: bool = False
    members: list[LineMemberRow] = []


class LinesFile(Strict):
    """``lines.toml``; a scene whose devices all come by themselves has none."""

    lines: list[LineRow]


class DevicesFile(Strict):
    """``devices.toml``."""

    factor_sets: dict[Id, Annotated[list[FactorRow], Field(min_length=1)]]
    devices: list[DeviceRow]
