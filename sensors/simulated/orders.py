"""What the platform has ordered, and the logger's memory: the simulated park obeys like a real one."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping

from sensors.hj212.codec import Message
from sensors.hj212.site import CONDITION, DONE, Site
from sensors.simulated.faults import FaultBook, Window
from twin.core.device import Device
from twin.core.observation import Mark

# Twelve hours of minutes: a real logger keeps a month, this one must share its memory with 43 others.
HISTORY_ROWS = 720
_MINUTE_MS = 60_000
_SAMPLING_STEP_S = 5
# What a command does to the data, and for how many minutes.
_EFFECTS: Mapping[str, tuple[Mark, float]] = {
    "3011": (Mark.CALIBRATION, 6.0),
    "3013": (Mark.MAINTENANCE, 2.0),
    "3024": (Mark.CALIBRATION, 3.0),
}


class LoggerMemory:
    """Minute data of all devices of a park as their loggers keep them, whether they were sent or not."""

    def __init__(self) -> None:
        self._rows: dict[str, deque[tuple[int, str]]] = {}

    def keep(self, mn: str, start_ms: int, body: str) -> None:
        """Remember the inside of CP of a minute."""
        rows = self._rows.setdefault(mn, deque(maxlen=HISTORY_ROWS))
        rows.append((start_ms, body))

    def between(self, mn: str, from_ms: int, to_ms: int) -> list[str]:
        """Insides of CP of a span, both ends included."""
        return [body for start, body in self._rows.get(mn, ()) if from_ms <= start <= to_ms]


class SimulatedStation:
    """What stands behind the simulated loggers (``sensors.hj212.site.Station``)."""

    def __init__(self, faults: FaultBook, memory: LoggerMemory) -> None:
        self._faults = faults
        self._memory = memory
        self.time_ms = 0

    def history(self, device: Device, cn: str, from_ms: int, to_ms: int) -> Iterable[str]:
        """Minute data; the simulated loggers keep no hours and days."""
        return self._memory.between(device.mn, from_ms, to_ms) if cn == "2051" else ()

    def act(self, device: Device, cn: str, factor: str) -> int:
        """Calibrate, clean, check: the data carry the mark of it from now on. A sample changes nothing."""
        if factor and device.factor(factor) is None:
            return CONDITION
        mark, lasting_min = _EFFECTS.get(cn, (None, 0.0))
        if mark is not None:
            end_ms = self.time_ms + round(lasting_min * _MINUTE_MS)
            self._faults.order(device.sensor_id, Window(start_ms=self.time_ms, end_ms=end_ms, mark=mark))
        return DONE

    def set_interval(self, device: Device, interval_s: float) -> bool:
        """Real-time data in whole steps of sampling only."""
        if interval_s % _SAMPLING_STEP_S:
            return False
        self._faults.intervals_s[device.mn] = interval_s
        return True

    def stream(self, device: Device, on: bool) -> None:
        """Start or stop real-time data."""
        (self._faults.silent.discard if on else self._faults.silent.add)(device.mn)


class Sites:
    """All loggers of a park: who is asked answers."""

    def __init__(
        self,
        devices: Iterable[Device],
        passwords: Mapping[str, str],
        station: SimulatedStation,
        utc_offset_h: float,
    ) -> None:
        self._sites = {
            row.mn: Site(row, passwords.get(row.mn, "123456"), station, utc_offset_h) for row in devices
        }

    def replies(self, message: Message, now_ms: int) -> list[bytes]:
        """What goes back to the platform."""
        site = self._sites.get(message.mn or "")
        return [] if site is None else site.replies(message, now_ms)

    def password(self, mn: str) -> str:
        """Password that a device uses now."""
        return self._sites[mn].password
