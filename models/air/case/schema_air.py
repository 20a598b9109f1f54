"""``[site]``, ``[air]``, ``[[station]]`` and ``[run]``: the ground, the air over it and the time.

Described for people in ``docs/case-files.md``; a test compares the two.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from models.air.case.strict import (
    Bearing,
    Fraction,
    Height,
    Id,
    Kelvin,
    NotNegative,
    Positive,
    Strict,
    Words,
    refuse,
)

PasquillClass = Literal["A", "B", "C", "D", "E", "F"]


class SiteTable(Strict):
    """``[site]``. Local x is east, y north, metres; the origin is where the case says that it is.

    Flat ground at ``ground_m`` unless ``dem`` names a GeoTIFF (projected, metres) or ``heights_m`` gives
    nodes, rows from south to north, ``step_m`` apart, the first at (``x0_m``, ``y0_m``). The origin lies at
    ``origin_easting_m``, ``origin_northing_m`` of the DEM's or ``epsg``'s system (left out: DEM's centre),
    or at ``longitude_deg``, ``latitude_deg`` of a local transverse Mercator. ``north``: what directions of
    the case count from.
    """

    roughness_m: Annotated[float, Field(gt=0, le=5)] = 0.03
    displacement_m: NotNegative = 0.0
    ground_m: float = 0.0
    dem: Words | None = None
    heights_m: list[list[float]] | None = None
    step_m: Positive | None = None
    x0_m: float = 0.0
    y0_m: float = 0.0
    epsg: Annotated[int, Field(ge=1024, le=998999)] | None = None
    origin_easting_m: float | None = None
    origin_northing_m: float | None = None
    longitude_deg: Annotated[float, Field(ge=-180, le=180)] | None = None
    latitude_deg: Annotated[float, Field(ge=-90, le=90)] | None = None
    north: Literal["true", "grid"] = "true"

    @model_validator(mode="after")
    def _one_ground(self) -> SiteTable:
        if self.dem is not None and self.heights_m is not None:
            refuse("give dem or heights_m, not both", "dem 与 heights_m 只能给出一种")
        if self.heights_m is not None:
            if self.step_m is None:
                refuse("heights_m needs step_m", "heights_m 需要 step_m")
            if len(self.heights_m) < 2 or len({len(row) for row in self.heights_m}) != 1:
                refuse("heights_m must be two or more rows of one length", "heights_m 应为两行以上、每行等长")
        return self


class AirTable(Strict):
    """``[air]``: the state of the surface layer.

    Stability: one of ``obukhov_length_m``, ``inverse_obukhov_1_m`` (0: neutral), ``pasquill_class``; with
    none it follows from the height of the sun at ``[run] start`` and ``cloud_fraction``. Speed: one of
    ``wind_speed_m_s`` at ``wind_height_m`` and ``friction_velocity_m_s``; of both, the speed is taken.
    Lateral scatter: ``sigma_theta_deg`` or ``sigma_v_m_s``; left out: similarity. When it was taken over
    another time than ``[run] averaging_s``, say so in ``sigma_averaging_s``.
    """

    wind_speed_m_s: Annotated[float, Field(gt=0, le=60)] | None = None
    wind_height_m: Positive = 10.0
    wind_from_deg: Bearing = 270.0
    friction_velocity_m_s: Annotated[float, Field(gt=0, le=5)] | None = None
    obukhov_length_m: float | None = None
    inverse_obukhov_1_m: float | None = None
    pasquill_class: PasquillClass | None = None
    cloud_fraction: Fraction = 0.5
    mixing_height_m: Positive | None = None
    sigma_theta_deg: Annotated[float, Field(gt=0, le=120)] | None = None
    sigma_v_m_s: Positive | None = None
    sigma_u_m_s: Positive | None = None
    sigma_w_m_s: Positive | None = None
    sigma_w_height_m: Positive | None = None
    sigma_averaging_s: Positive | None = None
    temperature_k: Kelvin = 293.15
    ground_temperature_k: Kelvin | None = None
    relative_humidity_fraction: Fraction = 0.5
    pressure_pa: Annotated[float, Field(ge=30_000, le=120_000)] = 101_325.0
    precipitation_mm_h: NotNegative = 0.0

    @model_validator(mode="after")
    def _one_stability(self) -> AirTable:
        given = [
            name
            for name in ("obukhov_length_m", "inverse_obukhov_1_m", "pasquill_class")
            if getattr(self, name) is not None
        ]
        if len(given) > 1:
            refuse(
                f"give only one measure of stability, not {given}",
                f"稳定度只能给出一种，而非 {given}",
            )
        if self.obukhov_length_m == 0.0:
            refuse(
                "obukhov_length_m must not be 0; for neutral air give inverse_obukhov_1_m = 0",
                "obukhov_length_m 不得为 0；中性大气请给出 inverse_obukhov_1_m = 0",
            )
        if self.sigma_theta_deg is not None and self.sigma_v_m_s is not None:
            refuse(
                "give sigma_theta_deg or sigma_v_m_s, not both", "sigma_theta_deg 与 sigma_v_m_s 只能给出一种"
            )
        return self


class StationRow(Strict):
    """``[[station]]``: a series of winds at a mast, as lists or as ``csv`` with the same names as columns.

    With stations, ``[air]`` needs no wind. ``time_s`` counts from the start of the run.
    """

    id: Id
    x_m: float
    y_m: float
    height_m: Positive = 10.0
    time_s: list[float] = []
    wind_speed_m_s: list[NotNegative] = []
    wind_from_deg: list[Bearing] = []
    air_temperature_k: list[Kelvin] = []
    csv: Words | None = None

    @model_validator(mode="after")
    def _lists_of_one_length(self) -> StationRow:
        if self.csv is not None:
            if self.time_s or self.wind_speed_m_s or self.wind_from_deg:
                refuse("give csv or lists, not both", "csv 与列表只能给出一种")
            return self
        lengths = {len(self.time_s), len(self.wind_speed_m_s), len(self.wind_from_deg)}
        if len(lengths) != 1 or not self.time_s:
            refuse(
                "time_s, wind_speed_m_s and wind_from_deg must be lists of one length, at least 1",
                "time_s、wind_speed_m_s、wind_from_deg 应为等长列表，至少一项",
            )
        if self.air_temperature_k and len(self.air_temperature_k) != len(self.time_s):
            refuse("air_temperature_k must be as long as time_s", "air_temperature_k 应与 time_s 等长")
        return self


class RunTable(Strict):
    """``[run]``: time. Everything named ``*_s`` counts from ``start``.

    ``duration_s`` left out: long enough for the gas to reach every receptor. ``averaging_s`` (left out: 600
    for passive, 60 for dense gas): receptors give means over that last part of a steady release, and the
    highest running mean of that length of a release that ends. ``every_s``: between two values of a course.
    ``step_s``: between two nodes of a plume (left out: that of the solver). ``terrain_wind``: whether
    ground that is not flat bends the wind of a plume (the wind library) or only lifts it.
    """

    start: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)$")] = (
        "2000-06-21T12:00:00Z"
    )
    duration_s: Annotated[float, Field(gt=0, le=7 * 86_400)] | None = None
    averaging_s: Positive | None = None
    every_s: Positive | None = None
    terrain_wind: bool = True
    step_s: Positive | None = None


class AnchorTable(Strict):
    """A place and height at which a study takes its reference speed."""

    x_m: float
    y_m: float
    height_m: Height = 10.0
