"""The ground of a case: grid, properties, periods."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from models.casefiles.strict import Strict, Words, refuse
from models.water.case.dims import Dim
from models.water.case.schema_values import CellValues, Count, Order, PlaneValues, Widths

CellLengths = Annotated[CellValues, Dim("L")]
CellSpeeds = Annotated[CellValues, Dim("L/T")]
CellNumbers = Annotated[CellValues, Dim("1")]


class GridTable(Strict):
    """``[grid]``: layers over rows and columns. Cells are counted as MODFLOW counts them unless said."""

    nlay: Count = 1
    nrow: Count | None = None
    ncol: Count | None = None
    dx: Widths
    dy: Widths
    top: Annotated[PlaneValues, Dim("L")] = 0.0
    bottom: CellLengths | None = None
    thickness: CellLengths | None = None
    domain: Annotated[CellValues | None, Dim("1")] = None
    x0: Annotated[float, Dim("L")] = 0.0
    y0: Annotated[float, Dim("L")] = 0.0
    index_base: Annotated[int, Field(ge=0, le=1)] = 1
    rows: Order = "north_to_south"
    crs: Words | None = None
    easting_m: float = 0.0
    northing_m: float = 0.0

    @model_validator(mode="after")
    def _one_floor(self) -> GridTable:
        if (self.bottom is None) == (self.thickness is None):
            refuse("give bottom or thickness, one of them", "请在 bottom 与 thickness 中给出一个")
        for widths, count, names in ((self.dx, self.ncol, "dx, ncol"), (self.dy, self.nrow, "dy, nrow")):
            if isinstance(widths, float | int) and count is None:
                refuse(f"{names}: one width for all needs the count", f"{names}：单一宽度需要给出数目")
        return self


class MediumTable(Strict):
    """``[medium]``: properties of cells; a stratum's values as one entry per layer."""

    k: CellSpeeds
    k22: CellSpeeds | None = None
    k22_ratio: CellNumbers | None = None
    k33: CellSpeeds | None = None
    k33_ratio: CellNumbers | None = None
    porosity: CellNumbers = 0.25
    specific_storage: Annotated[CellValues, Dim("1/L")] = 0.0
    specific_yield: CellNumbers = 0.0
    convertible: bool | list[bool] = False

    @model_validator(mode="after")
    def _said_once(self) -> MediumTable:
        for name in ("k22", "k33"):
            if getattr(self, name) is not None and getattr(self, f"{name}_ratio") is not None:
                refuse(f"give {name} or {name}_ratio, one of them", f"请在 {name} 与 {name}_ratio 中给出一个")
        return self


class PeriodRow(Strict):
    """``[[period]]``: a stress period of ``steps`` time steps, each ``multiplier`` times the one before."""

    length: Annotated[float, Field(gt=0), Dim("T")]
    steps: Count = 1
    multiplier: Annotated[float, Field(gt=0, le=10), Dim("1")] = 1.0
    steady: bool = False


class UniformFlowTable(Strict):
    """``[uniform_flow]``: the same flow everywhere in place of a flow solution (east, north, up)."""

    darcy: Annotated[list[float] | None, Field(min_length=3, max_length=3), Dim("L/T")] = None
    velocity: Annotated[list[float] | None, Field(min_length=3, max_length=3), Dim("L/T")] = None
    inflow_conc: Annotated[float | dict[str, float], Dim("C")] = 0.0

    @model_validator(mode="after")
    def _one_speed(self) -> UniformFlowTable:
        if (self.darcy is None) == (self.velocity is None):
            refuse("give darcy or velocity, one of them", "请在 darcy 与 velocity 中给出一个")
        return self
