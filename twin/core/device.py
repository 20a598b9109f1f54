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

    ``code`` is the name under which the device's protocol sends the value. ``quantity`` is a key of
    ``twin.core.quantity``; ``unit`` the unit that the device sends, after ``scale`` (number sent x
    scale = number in ``unit``). ``low``/``high`` are the plausible range, ``detection_limit`` the
    least value told from nothing, ``max_rate_per_min`` the fastest plausible change, all in that
    unit (None: no check). ``fixed_after``: so many equal values in a row are doubted (0: no check).
    ``reference_k``: temperature at which a volume ratio or a concentration is stated. ``total_unit``:
    unit of the amount in an interval (``Cou``); empty: kg, m3 for flows. ``molar_mass_kg_mol`` and
    ``names`` (Chinese, English, formula) are those of the substance, where the factor is one.
    """

    code: str
    quantity: str
    unit: str
    low: float | None = None
    high: float | None = None
    scale: float = 1.0
    max_rate_per_min: float | None = None
    detection_limit: float | None = None
    fixed_after: int = 0
    reference_k: float | None = None
    total_unit: str = ""
    molar_mass_kg_mol: float | None = None
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A registered device. ``sensor_id`` is the beam, weather set or well that it reports for.

    ``protocol`` is a row of ``sensors.table``; ``line`` names the line of ``lines.toml`` on which the
    device is reached (empty: it comes to the HJ 212 port by itself). ``minute_interval_s``: length of
    what it sends as minute data (HJ 212 commands 1063, 1064).
    ``columns``: a vendor's headers of result files and what they mean here.
    """

    mn: str
    sensor_id: str
    station_id: str
    st: str
    origin: Origin
    edition: Edition
    crc_mode: CrcMode
    interval_s: float
    factors: tuple[Factor, ...]
    protocol: str = "hj212"
    line: str = ""
    columns: tuple[tuple[str, str], ...] = ()
    minute_interval_s: float = 60.0

    def factor(self, code: str) -> Factor | None:
        """Row for a factor code, or None."""
        for row in self.factors:
            if row.code == code:
                return row
        return None


def series_key(sensor_id: str, quantity: str) -> str:
    """Stable name of a series: ``FB1-B03/conc:hf``."""
    return f"{sensor_id}/{quantity}"
