"""Whether a number can be what its record says: physical bounds, and the unit that would explain it.

Units of the tables of HJ 212 are not to be trusted (pressure in kPa while loggers send 1002), and a
record is written by people. Nothing is corrected here: the value is marked, the record has to be.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from twin.core.device import Factor
from twin.core.units import to_si

# SI. Wider than any weather of a park: what lies outside is a wrong unit or no measurement.
PHYSICAL_SI: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "wind_speed": (0.0, 100.0),
        "wind_from": (0.0, 360.0),
        "air_temperature": (183.15, 343.15),
        "relative_humidity": (0.0, 1.05),
        "air_pressure": (30_000.0, 110_000.0),
        "water_temperature": (263.15, 373.15),
        "ph": (0.0, 14.0),
        "water_content": (0.0, 1.0),
        "hydraulic_conductivity": (1e-14, 10.0),  # from fresh rock to open gravel
    }
)
# Units that devices are known to send where their record says another one.
_OTHER_UNITS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "air_pressure": ("hPa", "kPa", "Pa"),
        "air_temperature": ("degC", "K"),
        "water_temperature": ("degC", "K"),
        "relative_humidity": ("%", "1"),
        "water_content": ("%", "1"),
        "wind_speed": ("m/s", "km/h"),
        "hydraulic_conductivity": ("m/d", "cm/s", "m/s"),
    }
)


def possible(value: float, unit: str, quantity: str) -> bool:
    """Whether a number in a unit can be this quantity at all."""
    bounds = PHYSICAL_SI.get(quantity)
    return bounds is None or bounds[0] <= to_si(value, unit) <= bounds[1]


def unit_meant(value: float, factor: Factor) -> str | None:
    """The unit in which an impossible number would be possible, None where it is possible as it is.

    An empty text: impossible in every unit known. ``value`` in the factor's own unit.
    """
    if possible(value, factor.unit, factor.quantity):
        return None
    others = _OTHER_UNITS.get(factor.quantity, ())
    return next((unit for unit in others if possible(value, unit, factor.quantity)), "")
