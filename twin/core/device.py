"""Devices that speak on a line, and what their factor codes mean."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from twin.core.origin import Origin


class CrcMode(StrEnum):
    """Check sum that a device really computes (field devices differ from the standard)."""

    HJ212 = "hj212"
    MODBUS = "modbus"
    MODBUS_SWAPPED = "modbus_swapped"


class Edition(StrEnum):
    """Edition of HJ 212 that a device speaks; fixed per device, Flag is only a hint."""

    HJ2005 = "2005"
    HJ2017 = "2017"
    HJ2025 = "2025"


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """One factor code of a device.

    ``quantity`` is a key of ``twin.core.quantity``; ``unit`` the unit that the device sends;
    ``low``/``high`` the plausible range in that unit (None: no check).
    """

    code: str
    quantity: str
    unit: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A registered device. ``sensor_id`` is the beam, weather set or well that it reports for."""

    mn: str
    sensor_id: str
    station_id: str
    st: str
    origin: Origin
    edition: Edition
    crc_mode: CrcMode
    interval_s: float
    factors: tuple[Factor, ...]

    def factor(self, code: str) -> Factor | None:
        """Row for a factor code, or None."""
        return next((row for row in self.factors if row.code == code), None)


def series_key(sensor_id: str, quantity: str) -> str:
    """Stable name of a series: ``FB1-B03/conc:hf``."""
    return f"{sensor_id}/{quantity}"
