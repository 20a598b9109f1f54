"""The verb of the groundwater: a what-if goes into the queue of the groundwater process."""

from __future__ import annotations

import asyncio

from twin.core.actor import Role
from twin.core.errors import BadRequestError
from twin.live.desk import DeskCall, DeskVerb
from twin.live.water_box import ask
from twin.live.water_question import WhatIfArgs, check_place


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
    check_place(args, call.park)
    told = args.model_dump(mode="json") | {"asked_by": call.actor.name, "asked_ms": call.clock.now_ms()}
    name, ahead = await asyncio.to_thread(ask, call.settings.data_dir, told)
    return {"id": name, "ahead": ahead}


VERBS: tuple[DeskVerb, ...] = (DeskVerb(name="water.whatif", role=Role.OPERATOR, run=what_if),)
