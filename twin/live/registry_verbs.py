"""Verbs of the device registry."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from sensors.registry_check import check_device
from twin.core.actor import Role
from twin.core.errors import NotFoundError
from twin.live.desk import DeskArgs, DeskCall, DeskVerb
from twin.live.roster import finding_picture


class CheckArgs(DeskArgs):
    """Which device; all when left out."""

    mn: str | None = Field(default=None, max_length=64)


async def check(call: DeskCall) -> Mapping[str, object]:
    """Findings in the records as this process holds them now. Raises NotFoundError."""
    args = call.read(CheckArgs)
    devices = [row for row in call.park.devices if args.mn in (None, row.mn)]
    if not devices:
        raise NotFoundError(
            f"device {args.mn!r} is not registered",
            message_zh=f"设备 {args.mn!r} 未登记",
            field="mn",
            value=args.mn,
        )
    return {"devices": [_checked(call, mn=row.mn) for row in devices]}


def _checked(call: DeskCall, *, mn: str) -> Mapping[str, object]:
    device = call.registry.device(mn)
    if device is None:
        return {"mn": mn, "findings": []}
    has_key = call.registry.sm4_key(mn) is not None
    findings = check_device(device, has_key=has_key, has_password=call.registry.password(mn) is not None)
    return {"mn": mn, "findings": [finding_picture(row) for row in findings]}


VERBS: tuple[DeskVerb, ...] = (DeskVerb(name="registry.check", role=Role.VIEWER, run=check, changes=False),)
