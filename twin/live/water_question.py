"""What may be asked of the groundwater, checked when it is asked and again when it is read."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from twin.core.errors import BadRequestError
from twin.core.park import Park
from twin.live.desk import DeskArgs

Point = Annotated[list[float], Field(min_length=2, max_length=2)]


class LeakArgs(DeskArgs):
    """A leak to be tried."""

    x_m: float
    y_m: float
    substance: str = Field(pattern=r"^[a-z0-9][a-z0-9_.+-]{0,31}$")
    rate_kg_d: float = Field(gt=0, le=1e6)
    days: float = Field(gt=0, le=3650)


class MeasureArgs(DeskArgs):
    """A measure to be tried; see ``measures`` of ``water.toml``."""

    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    kind: Literal["pump", "inject", "barrier", "source_removal", "reactive_zone"]
    line: list[Point] = Field(default=[], max_length=20)
    top_m: float = Field(default=0.0, ge=0, le=200)
    bottom_m: float = Field(default=15.0, gt=0, le=300)
    rate_m3_d: float = Field(default=0.0, ge=0, le=1e5)
    conductivity_m_s: float = Field(default=1e-9, gt=0, le=1)
    thickness_m: float = Field(default=0.8, gt=0, le=100)
    removal_share: float = Field(default=1.0, gt=0, le=1)
    half_life_d: float | None = Field(default=None, gt=0, le=1e6)
    source: str = Field(default="", max_length=40)


class WhatIfArgs(DeskArgs):
    """``water.whatif``: a leak, measures, or both."""

    name: str = Field(default="", max_length=80)
    leak: LeakArgs | None = None
    measures: list[MeasureArgs] = Field(default=[], max_length=6)


class WhatIf(WhatIfArgs):
    """A what-if in the queue, and who put it there."""

    asked_by: str = Field(default="?", max_length=200)
    asked_ms: int = Field(default=0, ge=0, le=2**53)


def check_place(args: WhatIfArgs, park: Park) -> None:
    """Refuse a leak or a measure outside the park. Raises BadRequestError naming the first."""
    places = [] if args.leak is None else [("leak", args.leak.x_m, args.leak.y_m)]
    places += [
        (f"measures.{n}.line.{at}", point[0], point[1])
        for n, row in enumerate(args.measures)
        for at, point in enumerate(row.line)
    ]
    for field, x_m, y_m in places:
        if not park.extent.contains(x_m, y_m):
            raise BadRequestError(
                f"{field}: ({x_m:g}, {y_m:g}); expected a place inside the park's extent",
                message_zh=f"{field}：({x_m:g}, {y_m:g})；应在园区范围内",
                field=field,
                value=[x_m, y_m],
            )
