"""Packages of a case: heads, wells, rivers, drains, recharge, evapotranspiration, barriers."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from models.casefiles.strict import Id, Strict, refuse
from models.water.case.dims import Dim
from models.water.case.schema_values import Count, Index, Place, PlaneValues, Which

# One number, or one per period in which the row acts.
Head = Annotated[float | list[float] | None, Dim("L")]
Rate = Annotated[float | list[float] | None, Dim("L3/T")]
Conductance = Annotated[float | list[float] | None, Dim("L2/T")]
Concs = Annotated[float | list[float] | dict[str, float | list[float]] | None, Dim("C")]


class Acting(Strict):
    """Periods, counted from 1, in which a row acts; left out: all of them."""

    name: Id | None = None
    periods: list[Count] | None = None


class CellRow(Place, Acting):
    """A row of a package that acts in cells."""

    conc: Concs = None


class ChdRow(CellRow):
    """``[[chd]]``: heads that are given."""

    head: Head = None


class WelRow(CellRow):
    """``[[wel]]``: rate of every cell, or of the whole screen, positive into the aquifer."""

    rate: Rate = None
    screen_top: Annotated[float | None, Dim("L")] = None
    screen_bottom: Annotated[float | None, Dim("L")] = None

    @model_validator(mode="after")
    def _whole_screen(self) -> WelRow:
        ends = (self.screen_top, self.screen_bottom)
        if (None in ends) and any(end is not None for end in ends):
            refuse("screen_top and screen_bottom belong together", "screen_top 与 screen_bottom 须同时给出")
        if None not in ends and self.x is None:
            refuse("a screen needs x and y", "滤管需要 x 与 y")
        return self


class RivRow(CellRow):
    """``[[riv]]``: a river with a bed."""

    stage: Head = None
    conductance: Conductance = None
    bottom: Head = None


class DrnRow(Place, Acting):
    """``[[drn]]``: a drain."""

    elevation: Head = None
    conductance: Conductance = None


class GhbRow(CellRow):
    """``[[ghb]]``: a head outside, behind a conductance."""

    head: Head = None
    conductance: Conductance = None


class RchRow(Acting):
    """``[[rch]]``: recharge of the uppermost active cells; ``rate`` a plane."""

    rate: Annotated[PlaneValues, Dim("L/T")]
    conc: Annotated[float | dict[str, float] | None, Dim("C")] = None


class EvtRow(Acting):
    """``[[evt]]``: evapotranspiration, linear down to ``depth`` below ``surface``."""

    rate: Annotated[PlaneValues, Dim("L/T")]
    surface: Annotated[PlaneValues, Dim("L")]
    depth: Annotated[PlaneValues, Dim("L")]


class HfbRow(Acting):
    """``[[hfb]]``: a thin wall along faces. ``hydraulic`` is conductivity over thickness; 0 is tight.

    ``between`` the wall's two neighbours: columns [c, c+1] with rows, or rows [r, r+1] with columns.
    """

    layer: Which = "all"
    columns: Annotated[list[Index] | None, Field(min_length=2, max_length=2)] = None
    rows: Annotated[list[Index] | None, Field(min_length=2, max_length=2)] = None
    along: Which = "all"
    hydraulic: Annotated[float, Field(ge=0), Dim("1/T")]

    @model_validator(mode="after")
    def _one_way(self) -> HfbRow:
        pair = self.columns if self.columns is not None else self.rows
        if (self.columns is None) == (self.rows is None) or pair is None or abs(pair[0] - pair[1]) != 1:
            refuse(
                "give columns or rows, two neighbours that the wall stands between",
                "请给出 columns 或 rows：墙两侧相邻的两列或两行",
            )
        return self
