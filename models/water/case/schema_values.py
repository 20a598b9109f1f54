"""Numbers, arrays and places of a case file."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from models.casefiles.strict import Strict, Words, refuse
from models.water.case.dims import OWN, Dim

Index = Annotated[int, Field(ge=0)]
Count = Annotated[int, Field(ge=1)]
# One cell, several, or a span "2:5", both ends included; "all" every one.
Span = Index | Annotated[str, Field(pattern=r"^(all|\d+:\d+)$")]
Which = Span | list[Span]
Order = Literal["north_to_south", "south_to_north"]


class PatchRow(Strict):
    """A block of cells with a value of its own; what is left out means all."""

    layer: Which = "all"
    row: Which = "all"
    column: Which = "all"
    value: float


class ArrayTable(Strict):
    """An array from a file, from zones, or a number with patches; multiplied by ``factor``."""

    file: Words | None = None
    key: Words | None = None
    rows: Order | None = None
    zones: Words | None = None
    zone_values: dict[str, float] | None = None
    value: float | None = None
    patch: list[PatchRow] = []
    factor: float = 1.0

    @model_validator(mode="after")
    def _one_origin(self) -> ArrayTable:
        given = [self.file is not None, self.zones is not None, self.value is not None]
        if sum(given) != 1:
            refuse("give file, zones or value, one of them", "请在 file、zones、value 中给出一个")
        if (self.zones is None) != (self.zone_values is None):
            refuse("zones and zone_values belong together", "zones 与 zone_values 须同时给出")
        return self


# A number, the name of a file, a table, rows of numbers; for cells also one of these per layer.
PlaneValues = float | Words | ArrayTable | list[list[float]]
CellValues = float | Words | ArrayTable | list[float | Words | ArrayTable | list[list[float]]]
Length = Annotated[float, Dim("L")]
PositiveLength = Annotated[float, Field(gt=0), Dim("L")]
Duration = Annotated[float, Field(ge=0), Dim("T")]


class WidthRow(Strict):
    """``count`` widths, the first ``size``, each ``ratio`` times the one before."""

    count: Count
    size: PositiveLength
    ratio: Annotated[float, Field(gt=0)] = 1.0


Widths = Annotated[float | list[float] | list[WidthRow], Dim("L")]


class Place(Strict):
    """Where something acts: cells by number, a point, a side of the grid, rows of a table or CSV file."""

    layer: Which | None = None
    row: Which | None = None
    column: Which | None = None
    side: Literal["west", "east", "south", "north", "edge"] | None = None
    x: Annotated[float | None, Dim("L")] = None
    y: Annotated[float | None, Dim("L")] = None
    z: Annotated[float | None, Dim("L")] = None
    csv: Words | None = None
    table: Annotated[list[list[float]] | None, Dim(OWN)] = None

    @model_validator(mode="after")
    def _one_way(self) -> Place:
        by_cells = self.layer is not None or self.row is not None or self.column is not None
        by_point = self.x is not None or self.y is not None
        # A layer may stand beside x and y, and all three beside a side, of which they take a part.
        both = by_point and (self.row is not None or self.column is not None)
        ways = [both or (by_cells and self.side is None and not by_point), self.side is not None, by_point]
        ways += [self.csv is not None, self.table is not None]
        if sum(ways) != 1:
            refuse(
                "say where in one way: layer, row and column; side; x and y; table; or csv",
                "请用一种方式给出位置：layer、row、column；side；x、y；table；或 csv",
            )
        if by_point and (self.x is None or self.y is None):
            refuse("x and y belong together", "x 与 y 须同时给出")
        if self.z is not None and (not by_point or self.layer is not None):
            refuse("z needs x and y, and no layer beside it", "z 需要 x 与 y，且不与 layer 并用")
        return self
