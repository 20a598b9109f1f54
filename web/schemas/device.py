"""Devices and their connection."""

from __future__ import annotations

from typing import Literal

from twin.core.origin import Origin
from web.schemas.base import Out

DeviceState = Literal["online", "silent", "offline", "never"]


class DeviceOut(Out):
    """A registered device and how it is."""

    mn: str
    sensor: str
    station: str
    state: DeviceState
    last_seen_ms: int | None
    interval_s: float
    origin: Origin


class DevicesOut(Out):
    """All registered devices."""

    now_ms: int
    devices: list[DeviceOut]
