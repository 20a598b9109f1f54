"""A case file of the water: one of its kinds, each a strict model; see ``docs/case-files-water.md``."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, model_validator

from models.casefiles.strict import Id, Strict, Words, refuse
from models.water.case.dims import OWN, Dim, UnitsTable
from models.water.case.schema_ground import GridTable, MediumTable, PeriodRow, UniformFlowTable
from models.water.case.schema_measures import CompareTable, MeasureRow
from models.water.case.schema_stress import (
    ChdRow,
    DrnRow,
    EvtRow,
    GhbRow,
    HfbRow,
    RchRow,
    RivRow,
    WelRow,
)
from models.water.case.schema_transport import ConcRow, MassRow, SpeciesRow, TransportTable
from models.water.case.schema_values import CellValues, Index

CASE_FORMAT = 1


class PointRow(Strict):
    """``[[point]]``: a cell or place that is watched at every step."""

    id: Id
    layer: Index | None = None
    row: Index | None = None
    column: Index | None = None
    x: Annotated[float | None, Dim("L")] = None
    y: Annotated[float | None, Dim("L")] = None
    z: Annotated[float | None, Dim("L")] = None

    @model_validator(mode="after")
    def _one_way(self) -> PointRow:
        by_cell = self.row is not None and self.column is not None
        by_place = self.x is not None and self.y is not None
        if by_cell == by_place:
            refuse("give layer, row and column, or x, y and z", "请给出 layer、row、column，或 x、y、z")
        return self


class ProfileRow(Strict):
    """``[[profile]]``: all cells along the one of layer, row and column that is left out."""

    id: Id
    layer: Index | None = None
    row: Index | None = None
    column: Index | None = None

    @model_validator(mode="after")
    def _one_free(self) -> ProfileRow:
        if [self.layer, self.row, self.column].count(None) != 1:
            refuse("leave out one of layer, row, column", "layer、row、column 中须留空一个")
        return self


class ObservedRow(Strict):
    """``[[observed]]``: a published or measured value at a point and time."""

    receptor: Words
    quantity: Id = "head"
    time: Annotated[float | None, Field(ge=0), Dim("T")] = None
    value: float
    tolerance: Annotated[float | None, Field(ge=0), Dim(OWN)] = None
    relative: Annotated[float | None, Field(ge=0), Dim("1")] = None


class OutputTable(Strict):
    """``[output]``: moments and files."""

    times: Annotated[list[float], Dim("T")] = []
    files: list[Literal["netcdf", "zarr", "vtk", "cog", "gpkg", "npz", "hds"]] = []
    levels: Annotated[list[float], Dim("C")] = []
    series: bool = True

    @model_validator(mode="after")
    def _rising(self) -> OutputTable:
        if any(b <= a for a, b in pairwise(self.times)) or any(t < 0 for t in self.times):
            refuse("times must rise and not be negative", "times 应递增且不为负")
        return self


class RunTable(Strict):
    """``[run]``: how it is computed."""

    kernel: Literal["auto", "numba", "torch", "numpy"] = "auto"


class Head(Strict):
    """What every case says first. ``id`` left out: the name of the file."""

    case_format: Literal[1] = 1
    id: Id | None = None
    title: str = ""
    citation: str = ""
    origin: Literal["modelled", "simulated", "exercise"] = "modelled"
    units: UnitsTable
    run: RunTable = RunTable()
    output: OutputTable = OutputTable()
    observed: list[ObservedRow] = []
    observed_csv: Words | None = None


class FlowCase(Head):
    """``kind = "flow"``: heads and budgets."""

    kind: Literal["flow"]
    grid: GridTable
    medium: MediumTable
    start_head: Annotated[CellValues, Dim("L")] = 0.0
    period: Annotated[list[PeriodRow], Field(min_length=1)]
    chd: list[ChdRow] = []
    wel: list[WelRow] = []
    riv: list[RivRow] = []
    drn: list[DrnRow] = []
    ghb: list[GhbRow] = []
    rch: list[RchRow] = []
    evt: list[EvtRow] = []
    hfb: list[HfbRow] = []
    point: list[PointRow] = []
    profile: list[ProfileRow] = []

    @model_validator(mode="after")
    def _names_once(self) -> FlowCase:
        for rows in (self.point, self.profile):
            names = [row.id for row in rows]
            twice = next((name for name in names if names.count(name) > 1), None)
            if twice is not None:
                refuse(f"id {twice} stands twice", f"id {twice} 重复")
        return self


class TransportCase(FlowCase):
    """``kind = "transport"``: flow, solved or uniform, and what travels in it."""

    kind: Literal["transport"]  # type: ignore[assignment]
    uniform_flow: UniformFlowTable | None = None
    transport: TransportTable = TransportTable()
    species: Annotated[list[SpeciesRow], Field(min_length=1)]
    mass_source: list[MassRow] = []
    fixed_conc: list[ConcRow] = []
    measure: list[MeasureRow] = []
    compare: CompareTable | None = None

    @model_validator(mode="after")
    def _compared(self) -> TransportCase:
        if bool(self.measure) != (self.compare is not None):
            refuse("measure and compare belong together", "measure 与 compare 须同时给出")
        if self.compare is None:
            return self
        if self.uniform_flow is not None:
            refuse(
                "measures need a flow that is solved, no uniform_flow",
                "措施比较需要求解水流，不能用 uniform_flow",
            )
        names = ["do_nothing", *(row.id for row in self.measure)]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            refuse(f"measure {twice} stands twice", f"措施 {twice} 重复")
        ids = [row.id for row in self.species]
        if self.compare.species is not None and self.compare.species not in ids:
            refuse(
                f"compare.species {self.compare.species} is no species of the case",
                f"compare.species {self.compare.species} 不是本案例的物质",
            )
        return self

    @model_validator(mode="after")
    def _one_flow(self) -> TransportCase:
        packages = ("chd", "wel", "riv", "drn", "ghb", "rch", "evt", "hfb")
        if self.uniform_flow is not None and any(getattr(self, name) for name in packages):
            refuse(
                "uniform_flow takes no packages of flow: mass enters by mass_source or fixed_conc",
                "uniform_flow 不接受水流边界：请用 mass_source 或 fixed_conc 输入质量",
            )
        ids = [row.id for row in self.species]
        if len(set(ids)) < len(ids):
            refuse("two species have one id", "两个物质的 id 相同")
        unknown = next((row.parent for row in self.species if row.parent and row.parent not in ids), None)
        if unknown is not None:
            refuse(f"parent {unknown} is no species of the case", f"parent {unknown} 不是本案例的物质")
        self._no_circle()
        return self

    def _no_circle(self) -> None:
        parents = {row.id: row.parent for row in self.species}
        for start in parents:
            at = parents[start]
            for _ in parents:
                if at == start:
                    refuse(f"species {start} is its own parent", f"物质 {start} 是自身的母体")
                at = parents.get(at) if at is not None else None
