"""A case file: one of five kinds, each a strict model; see ``docs/case-files.md``."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, model_validator

from models.air.case.schema_air import AirTable, AnchorTable, RunTable, SiteTable, StationRow
from models.air.case.schema_places import (
    ArcRow,
    BeamRow,
    GridTable,
    LineRow,
    ObservedRow,
    OutputTable,
    PointRow,
    TowerRow,
)
from models.air.case.schema_release import DenseReleaseTable, PlumeReleaseRow, SourceTable
from models.air.case.strict import Height, Id, Positive, Strict, Words, refuse


class Head(Strict):
    """What every case says first. ``id`` left out: the name of the file."""

    case_format: Literal[1] = 1
    id: Id | None = None
    title: str = ""
    citation: str = ""
    origin: Literal["modelled", "simulated", "exercise"] = "modelled"
    output: OutputTable = OutputTable()
    observed: list[ObservedRow] = []
    observed_csv: Words | None = None


class PlumeCase(Head):
    """``kind = "plume"``: passive gas from points and areas."""

    kind: Literal["plume"]
    solver: Words = "auto"
    site: SiteTable = SiteTable()
    air: AirTable = AirTable()
    station: list[StationRow] = []
    run: RunTable = RunTable()
    release: list[PlumeReleaseRow] = []
    source: SourceTable | None = None
    arc: list[ArcRow] = []
    point: list[PointRow] = []
    points_csv: Words | None = None
    tower: list[TowerRow] = []
    beam: list[BeamRow] = []
    line: list[LineRow] = []
    grid: GridTable | None = None

    @model_validator(mode="after")
    def _something_to_do(self) -> PlumeCase:
        if not self.release and self.source is None:
            refuse(
                "a plume needs at least one [[release]], or a [source]",
                "羽流至少需要一个 [[release]]，或一个 [source]",
            )
        looks = (self.arc, self.point, self.tower, self.beam, self.line, self.points_csv, self.grid)
        if not any(looks):
            refuse(
                "nothing is asked; give an arc, point, tower, beam, line, points_csv or grid",
                "没有要计算的位置；请给出 arc、point、tower、beam、line、points_csv 或 grid",
            )
        return self


class DenseCase(Head):
    """``kind = "dense"``: a heavy gas, by the one-dimensional model or the shallow layer."""

    kind: Literal["dense"]
    model: Literal["similarity", "shallow"] = "similarity"
    site: SiteTable = SiteTable()
    air: AirTable = AirTable()
    run: RunTable = RunTable()
    release: DenseReleaseTable | None = None
    source: SourceTable | None = None
    distances_m: list[Positive] = []
    height_m: Height = 1.0
    arc: list[ArcRow] = []
    point: list[PointRow] = []
    beam: list[BeamRow] = []
    grid: GridTable | None = None

    @model_validator(mode="after")
    def _room_for_a_layer(self) -> DenseCase:
        if self.model == "shallow":
            if self.grid is None:
                refuse("the shallow layer needs a [grid]", "浅层模型需要 [grid]")
            if self.grid.dx_m != self.grid.dy_m:
                refuse(
                    "the shallow layer needs square cells: dx_m = dy_m", "浅层模型需要方形网格：dx_m = dy_m"
                )
        if self.model == "similarity" and self.beam:
            refuse("beams need model = shallow", "beam 需要 model = shallow")
        if not (self.distances_m or self.point or self.grid or self.beam or self.arc):
            refuse(
                "nothing is asked; give distances_m, arc, point, beam or grid",
                "没有要计算的位置；请给出 distances_m、arc、point、beam 或 grid",
            )
        return self

    @model_validator(mode="after")
    def _one_release(self) -> DenseCase:
        if (self.release is None) == (self.source is None):
            refuse("give [release] or [source], one of them", "请在 [release] 与 [source] 中给出一个")
        return self


class WindCase(Head):
    """``kind = "wind"``: the mean wind over terrain."""

    kind: Literal["wind"]
    model: Literal["linear", "library"] = "linear"
    leave_one_out: bool = False
    heights_m: list[Positive] = []
    site: SiteTable = SiteTable()
    air: AirTable = AirTable()
    station: list[StationRow] = []
    run: RunTable = RunTable()
    reference: AnchorTable | None = None
    line: list[LineRow] = []
    point: list[PointRow] = []
    points_csv: Words | None = None
    tower: list[TowerRow] = []
    grid: GridTable | None = None

    @model_validator(mode="after")
    def _rising(self) -> WindCase:
        rows = self.heights_m
        if rows and (len(rows) < 3 or any(b <= a for a, b in pairwise(rows))):
            refuse("heights_m must be three or more rising heights", "heights_m 应为三个以上递增的高度")
        return self

    @model_validator(mode="after")
    def _enough_stations(self) -> WindCase:
        if self.model == "library" and not self.station:
            refuse(
                "model library needs at least one [[station]]", "model 为 library 时至少需要一个 [[station]]"
            )
        if self.leave_one_out and len(self.station) < 2:
            refuse("leave_one_out needs two or more stations", "leave_one_out 至少需要两个站")
        return self


class AreaRow(Strict):
    """``[[area]]`` of a backward case: a rectangle or a polygon on the ground, emitting evenly.

    The wind blows along ``[air] wind_from_deg``; in the frame of the sensor when that is 270: upwind is
    negative x. ``polygon_m`` lists corners as [x, y].
    """

    id: Id
    x_min_m: float | None = None
    x_max_m: float | None = None
    y_min_m: float | None = None
    y_max_m: float | None = None
    polygon_m: list[Annotated[list[float], Field(min_length=2, max_length=2)]] = []

    @model_validator(mode="after")
    def _one_shape(self) -> AreaRow:
        sides = (self.x_min_m, self.x_max_m, self.y_min_m, self.y_max_m)
        if self.polygon_m:
            if any(side is not None for side in sides):
                refuse("give polygon_m or the four sides, not both", "polygon_m 与四条边只能给出一种")
            if len(self.polygon_m) < 3:
                refuse("polygon_m needs at least three corners", "polygon_m 至少需要三个角点")
        elif None in sides:
            refuse(
                "give x_min_m, x_max_m, y_min_m and y_max_m, or polygon_m",
                "请给出 x_min_m、x_max_m、y_min_m、y_max_m，或 polygon_m",
            )
        elif not (sides[0] < sides[1] and sides[2] < sides[3]):  # type: ignore[operator]
            refuse(
                "x_min_m must be less than x_max_m, y_min_m less than y_max_m",
                "x_min_m 应小于 x_max_m，y_min_m 应小于 y_max_m",
            )
        return self


class SensorRow(Strict):
    """``[[sensor]]`` of a backward case: a point, or a path that ends at (``to_x_m``, ``to_y_m``)."""

    id: Id = "sensor"
    x_m: float = 0.0
    y_m: float = 0.0
    height_m: Positive
    to_x_m: float | None = None
    to_y_m: float | None = None


class BackwardCase(Head):
    """``kind = "backward"``: concentration at a sensor over the flux of areas, C/E, s/m."""

    kind: Literal["backward"]
    site: SiteTable = SiteTable()
    air: AirTable
    run: RunTable = RunTable()
    sensor: Annotated[list[SensorRow], Field(min_length=1)]
    area: Annotated[list[AreaRow], Field(min_length=1)]
    particles: Annotated[int, Field(ge=100, le=20_000_000)] = 50_000
    fetch_m: Positive = 500.0
    seed: Annotated[int, Field(ge=0)] = 1
    backend: Literal["numpy", "torch"] = "numpy"


class SourceCase(Head):
    """``kind = "source"``: what leaves a vessel, pipe or pool into the air."""

    kind: Literal["source"]
    site: SiteTable = SiteTable()
    air: AirTable = AirTable()
    run: RunTable = RunTable()
    source: SourceTable


Case = Annotated[PlumeCase | DenseCase | WindCase | BackwardCase | SourceCase, Field(discriminator="kind")]
KINDS = ("plume", "dense", "wind", "backward", "source")


def case_adapter() -> TypeAdapter[PlumeCase | DenseCase | WindCase | BackwardCase | SourceCase]:
    """Validator of any kind of case."""
    return TypeAdapter(Case)
