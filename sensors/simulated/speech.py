"""Readings -> HJ 212 frames, as a station logger words them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sensors.hj212.frame import frame
from twin.core.clock import to_datetime
from twin.core.device import Device, Factor
from twin.core.observation import Mark
from twin.core.units import from_si

_DECIMALS = {
    "mg/m3": 4,
    "ug/m3": 1,
    "m/s": 2,
    "deg": 1,
    "degC": 2,
    "%": 1,
    "hPa": 2,
    "kPa": 3,
    "m": 3,
    "pH": 2,
    "uS/cm": 1,
    "mg/L": 3,
    "K": 2,
    "A": 2,
}
_OTHER_DECIMALS = 5
_MINUTE_MS = 60_000
_FLAG = 5  # 2017, no split, answer wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one device read at one moment: SI values by quantity key, and its mark.

    ``lost``: it does not reach the platform, but the logger remembers it.
    """

    device: Device
    time_ms: int
    values: Mapping[str, float]
    mark: Mark
    lost: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """A frame to be sent over a station's line, with what its answer will name."""

    station_id: str
    mn: str
    qn: str
    time_ms: int
    frame: bytes


Keep = Callable[[str, int, str], None]
PasswordOf = Callable[[str], str]


class Speaker:
    """Words frames for the devices of a park. ``keep`` gets every minute: MN, start, inside of CP."""

    def __init__(self, password_of: PasswordOf, utc_offset_h: float, keep: Keep) -> None:
        self._password_of = password_of
        self._utc_offset_h = utc_offset_h
        self._keep = keep
        self._minutes: dict[str, list[Reading]] = {}

    def real_time(self, reading: Reading) -> Sentence:
        """Frame 2011 of a reading."""
        parts = []
        for factor in reading.device.factors:
            if factor.quantity in reading.values:
                text = _text(reading.values[factor.quantity], factor)
                mark = _mark(reading.values[factor.quantity], reading.mark, factor)
                parts.append(f"{factor.code}-Rtd={text},{factor.code}-Flag={mark}")
        stamp = _stamp(reading.time_ms, self._utc_offset_h)
        body = self._body(reading.time_ms, parts)
        return self._sentence(reading.device, "2011", stamp + "010", body, reading.time_ms)

    def remember(self, reading: Reading) -> None:
        """Keep a reading for its minute's mean."""
        self._minutes.setdefault(reading.device.mn, []).append(reading)

    def minute_means(self, end_ms: int) -> list[Sentence]:
        """Frames 2051 of the minute that ends now; of what was lost on the way only the memory knows."""
        rows = []
        for readings in self._minutes.values():
            device, start_ms = readings[0].device, end_ms - _MINUTE_MS
            self._keep(device.mn, start_ms, self._body(start_ms, self._means(readings)))
            told = [row for row in readings if not row.lost]
            if told:
                stamp = _stamp(end_ms, self._utc_offset_h)
                body = self._body(start_ms, self._means(told))
                rows.append(self._sentence(device, "2051", stamp + "500", body, end_ms))
        self._minutes = {}
        return rows

    def remember_slow(self, reading: Reading) -> None:
        """Keep a reading of a device that is slower than a minute as the data of its minute."""
        start_ms = reading.time_ms // _MINUTE_MS * _MINUTE_MS
        self._keep(reading.device.mn, start_ms, self._body(start_ms, self._means([reading])))

    def _means(self, readings: Sequence[Reading]) -> list[str]:
        good = [row for row in readings if row.mark is Mark.NORMAL]
        used = good or readings
        mark = Mark.NORMAL if good else readings[-1].mark
        device = readings[0].device
        parts = []
        for factor in device.factors:
            values = [row.values[factor.quantity] for row in used if factor.quantity in row.values]
            if values:
                parts.append(_mean_text(values, factor, mark))
        return parts

    def _body(self, time_ms: int, parts: list[str]) -> str:
        return f"DataTime={_stamp(time_ms, self._utc_offset_h)};{';'.join(parts)}"

    def _sentence(self, device: Device, cn: str, qn: str, body: str, time_ms: int) -> Sentence:
        head = f"QN={qn};ST={device.st};CN={cn};PW={self._password_of(device.mn)};MN={device.mn}"
        text = f"{head};Flag={_FLAG};CP=&&{body}&&"
        whole = frame(text.encode("ascii"), device.crc_mode)
        return Sentence(station_id=device.station_id, mn=device.mn, qn=qn, time_ms=time_ms, frame=whole)


@lru_cache(maxsize=64)
def _stamp(time_ms: int, utc_offset_h: float) -> str:
    return to_datetime(time_ms, utc_offset_h).strftime("%Y%m%d%H%M%S")


def _text(value_si: float, factor: Factor) -> str:
    value = from_si(value_si, factor.unit)
    if factor.high is not None:
        value = min(value, factor.high)
    if factor.low is not None:
        value = max(value, factor.low)
    return f"{value:.{_DECIMALS.get(factor.unit, _OTHER_DECIMALS)}f}"


def _mark(value_si: float, mark: Mark, factor: Factor) -> str:
    over = factor.high is not None and from_si(value_si, factor.unit) > factor.high
    return Mark.OVER_RANGE.value if over and mark is Mark.NORMAL else mark.value


def _mean_text(values: list[float], factor: Factor, mark: Mark) -> str:
    if factor.quantity == "wind_from":
        mean = _mean_direction(values)
        return f"{factor.code}-Avg={_text(mean, factor)},{factor.code}-Flag={mark.value}"
    fields = (("Min", min(values)), ("Avg", math.fsum(values) / len(values)), ("Max", max(values)))
    body = ",".join(f"{factor.code}-{name}={_text(value, factor)}" for name, value in fields)
    return f"{body},{factor.code}-Flag={mark.value}"


def _mean_direction(degrees: list[float]) -> float:
    """Direction of the sum of unit vectors; north of 359 and 1 is 0, not 180."""
    east = math.fsum(math.sin(math.radians(row)) for row in degrees)
    north = math.fsum(math.cos(math.radians(row)) for row in degrees)
    return math.degrees(math.atan2(east, north)) % 360.0
