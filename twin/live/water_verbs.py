"""The verb of the groundwater: a what-if goes into the queue of the groundwater process."""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal

from pydantic import Field

from twin.core.actor import Role
from twin.core.errors import BadRequestError
from twin.live.desk import DeskArgs, DeskCall, DeskVerb
from twin.live.water_box import ask

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


async def what_if(call: DeskCall) -> dict[str, object]:
    """Put a what-if into the queue. Raises BadRequestError where the park models no groundwater."""
    args = call.read(WhatIfArgs)
    book = call.park.groundwater
    if book is None:
        raise BadRequestError(
            f"park {call.park.id} has no water.toml; expected a scene with a groundwater model",
            message_zh=f"园区 {call.park.id} 没有 water.toml，未配置地下水模型",
            field="leak",
        )
    known = [row.id for row in book.substances]
    if args.leak is not None and args.leak.substance not in known:
        raise BadRequestError(
            f"leak.substance: {args.leak.substance}; expected one of {', '.join(known)}",
            message_zh=f"leak.substance：{args.leak.substance}；应为 {'、'.join(known)} 之一",
            field="leak.substance",
            value=args.leak.substance,
        )
    if args.leak is not None and not call.park.extent.contains(args.leak.x_m, args.leak.y_m):
        raise BadRequestError(
            f"leak: ({args.leak.x_m:g}, {args.leak.y_m:g}); expected a place inside the park's extent",
            message_zh=f"leak：({args.leak.x_m:g}, {args.leak.y_m:g})；应在园区范围内",
            field="leak",
            value=[args.leak.x_m, args.leak.y_m],
        )
    told = args.model_dump(mode="json") | {"asked_by": call.actor.name, "asked_ms": call.clock.now_ms()}
    name, ahead = await asyncio.to_thread(ask, call.settings.data_dir, told)
    return {"id": name, "ahead": ahead}


VERBS: tuple[DeskVerb, ...] = (DeskVerb(name="water.whatif", role=Role.OPERATOR, run=what_if),)
