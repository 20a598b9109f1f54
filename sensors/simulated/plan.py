"""What to simulate, and the proof that only simulated devices are spoken for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from twin.core.device import Device
from twin.core.errors import SettingsError
from twin.core.origin import Origin
from twin.core.park import Park
from twin.core.release import Release

FloatArray = npt.NDArray[np.float64]
HOUR_MS = 3_600_000
FASTEST = 600.0


class Ground(Protocol):
    """Terrain: ground level in local metres at places; raises OutsideTerrainError."""

    def height(self, x_m: npt.ArrayLike, y_m: npt.ArrayLike, /) -> FloatArray:
        """Ground level at (x, y)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationPlan:
    """One run of the hidden-truth park.

    The simulated clock starts at ``start_ms`` and runs ``speed`` times as fast as the machine's,
    but never ahead of it: when it has caught up the park lives at 1x. ``end_ms`` None: until
    cancelled. ``mns``: the devices to speak for (None: every simulated device of the park).
    ``event_every_h``: one large release somewhere in every such span of time. ``releases`` come
    on top. ``truth_dir``: where the hidden truth is written to (None: nowhere).
    """

    park: Park
    ground: Ground
    host: str
    port: int
    passwords: Mapping[str, str]
    start_ms: int
    seed: int = 1
    speed: float = 1.0
    end_ms: int | None = None
    mns: tuple[str, ...] | None = None
    event_every_h: float = 2.0
    releases: tuple[Release, ...] = ()
    faults: bool = True
    minute_means: bool = True
    truth_dir: Path | None = None
    devices: tuple[Device, ...] = field(init=False)

    def __post_init__(self) -> None:
        if not 1.0 <= self.speed <= FASTEST:
            raise SettingsError(
                f"speed {self.speed} is out of range; expected 1 to {FASTEST:g}",
                message_zh=f"速度 {self.speed} 超出范围；应为 1 至 {FASTEST:g}",
                field="speed",
                value=self.speed,
            )
        object.__setattr__(self, "devices", simulated_devices(self.park, self.mns))


def simulated_devices(park: Park, mns: Iterable[str] | None = None) -> tuple[Device, ...]:
    """Devices that a simulator may speak for. Raises SettingsError if one of them is not simulated."""
    if mns is None:
        chosen = tuple(row for row in park.devices if row.origin is Origin.SIMULATED)
    else:
        chosen = tuple(_known(park, mn) for mn in mns)
    for row in chosen:
        require_simulated(row)
    if not chosen:
        raise SettingsError(
            f"park {park.id!r} has no device of origin simulated; there is nothing to simulate",
            message_zh=f"园区 {park.id!r} 没有来源为 simulated 的设备，无可模拟",
            field="devices",
        )
    return chosen


def require_simulated(device: Device) -> None:
    """Raise SettingsError unless the device is registered as simulated."""
    if device.origin is not Origin.SIMULATED:
        raise SettingsError(
            f"device {device.mn} has origin {device.origin.value}; only simulated ones are spoken for",
            message_zh=f"设备 {device.mn} 的来源为 {device.origin.value}；模拟器只能代表 simulated 设备",
            field="origin",
            value=device.origin.value,
            source=device.mn,
        )


def start_of(now_ms: int, *, speed: float, back_h: float) -> tuple[int, float]:
    """Start time and speed for "so many hours back, then live".

    With ``back_h`` and speed 1 the past is lived through at 600x. A speed above 1 without a past
    gets a day of it, because nobody measures the future.
    """
    if back_h <= 0 and speed > 1:
        back_h = 24.0
    fast = FASTEST if back_h > 0 and speed <= 1 else speed
    return now_ms - round(back_h * HOUR_MS), fast


def _known(park: Park, mn: str) -> Device:
    device = park.device(mn)
    if device is None:
        raise SettingsError(
            f"device {mn!r} is not registered in park {park.id!r}",
            message_zh=f"设备 {mn!r} 未在园区 {park.id!r} 登记",
            field="mn",
            value=mn,
        )
    return device
