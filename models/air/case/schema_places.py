"""Where a case looks: arcs, points, towers, beams, lines, a grid; and what was observed there."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from models.air.case.strict import Bearing, Height, Id, NotNegative, Positive, Strict, Words, refuse

Angle = Annotated[float, Field(gt=0, le=90)]


class ArcRow(Strict):
    """``[[arc]]``: receptors on circles around (``x_m``, ``y_m``), left out: around the first release.

    Bearings are seen from the centre, clockwise from true north; left out: 60 degrees to either side of
    downwind. Result ids are ``<id>@<radius>``; with one radius and no id, the same with ``arc``.
    """

    id: Id = "arc"
    radii_m: Annotated[list[Positive], Field(min_length=1)]
    height_m: Height = 1.5
    x_m: float | None = None
    y_m: float | None = None
    from_deg: Bearing | None = None
    to_deg: Bearing | None = None
    step_deg: Angle = 1.0

    @model_validator(mode="after")
    def _both_ends(self) -> ArcRow:
        if (self.from_deg is None) != (self.to_deg is None):
            refuse("from_deg and to_deg belong together", "from_deg 与 to_deg 应同时给出")
        if self.from_deg is not None and self.to_deg is not None and self.to_deg <= self.from_deg:
            refuse(
                "to_deg must be larger than from_deg (across north: from 350 to 370)",
                "to_deg 应大于 from_deg（跨正北时写 350 到 370）",
            )
        return self


class PointRow(Strict):
    """``[[point]]``: a sampler."""

    id: Id
    x_m: float
    y_m: float
    height_m: Height = 1.5


class TowerRow(Strict):
    """``[[tower]]``: samplers or anemometers above each other; result ids are ``<id>@<height>``."""

    id: Id
    x_m: float
    y_m: float
    heights_m: Annotated[list[Height], Field(min_length=1)]


class BeamRow(Strict):
    """``[[beam]]``: an open path between two ends; heights are above the ground under each end."""

    id: Id
    from_x_m: float
    from_y_m: float
    from_height_m: Height = 1.5
    to_x_m: float
    to_y_m: float
    to_height_m: Height = 1.5


class LineRow(Strict):
    """``[[line]]``: points along a straight line at one height; result ids are ``<id>@<distance>``.

    ``distances_m`` count from (``x_m``, ``y_m``) towards ``towards_deg``; negative ones lie behind it.
    """

    id: Id
    x_m: float
    y_m: float
    towards_deg: Bearing
    distances_m: Annotated[list[float], Field(min_length=1)]
    height_m: Height = 10.0


class GridTable(Strict):
    """``[grid]``: a field; cells of ``dx_m`` by ``dy_m`` by ``dz_m`` above ground.

    ``times_s`` left out: at the end of the run. Left out as a whole: no field is computed.
    """

    x_min_m: float
    y_min_m: float
    dx_m: Positive
    dy_m: Positive
    dz_m: Positive = 2.0
    nx: Annotated[int, Field(ge=1, le=2048)]
    ny: Annotated[int, Field(ge=1, le=2048)]
    nz: Annotated[int, Field(ge=1, le=256)] = 1
    times_s: list[NotNegative] = []

    @model_validator(mode="after")
    def _bounded(self) -> GridTable:
        if self.nx * self.ny * self.nz * max(1, len(self.times_s)) > 50_000_000:
            refuse("nx * ny * nz * times must be at most 50 million", "nx * ny * nz * 时刻数应不超过 5000 万")
        return self


class ObservedRow(Strict):
    """``[[observed]]``: a value of an experiment; ``receptor`` and ``quantity`` as in the result's tables.

    ``units`` is a name of the unit table, or ``ppm`` for concentrations of gas.
    """

    receptor: Words
    quantity: Id = "conc"
    value: float
    units: Words = "1"


class OutputTable(Strict):
    """``[output]``: units of printed tables, levels of contours, files to write next to the tables."""

    conc_units: Literal["kg/m3", "g/m3", "mg/m3", "ug/m3", "ppm"] = "mg/m3"
    levels_mg_m3: list[Positive] = []
    levels_ppm: list[Positive] = []
    named_levels: bool = True
    files: list[Literal["netcdf", "zarr", "cog", "vti", "geojson"]] = []
