"""Units: conversion to SI, done once at the parse gate. Inside, everything is SI.

``to_si(value, "mg/m3")`` gives kg/m3. Offsets exist for degrees Celsius only. The table is
closed: an unknown unit is an error, never a guess.
"""

from __future__ import annotations

from dataclasses import dataclass

from twin.core.errors import UnitError

ZERO_CELSIUS_K = 273.15
GAS_CONSTANT_J_MOL_K = 8.31446261815324  # CODATA 2018, exact


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """``si_value = value * factor + offset``; ``dimension`` names what is measured."""

    dimension: str
    factor: float
    offset: float = 0.0


_UNITS: dict[str, Unit] = {
    "kg/m3": Unit(dimension="mass_concentration", factor=1.0),
    "g/m3": Unit(dimension="mass_concentration", factor=1e-3),
    "mg/m3": Unit(dimension="mass_concentration", factor=1e-6),
    "ug/m3": Unit(dimension="mass_concentration", factor=1e-9),
    "ng/m3": Unit(dimension="mass_concentration", factor=1e-12),
    "mg/L": Unit(dimension="mass_concentration", factor=1e-3),
    "ug/L": Unit(dimension="mass_concentration", factor=1e-6),
    "m/s": Unit(dimension="speed", factor=1.0),
    "km/h": Unit(dimension="speed", factor=1 / 3.6),
    "cm/s": Unit(dimension="speed", factor=0.01),
    "m/d": Unit(dimension="speed", factor=1 / 86_400),
    "knot": Unit(dimension="speed", factor=1852 / 3600),
    "deg": Unit(dimension="angle_deg", factor=1.0),
    "K": Unit(dimension="temperature", factor=1.0),
    "degC": Unit(dimension="temperature", factor=1.0, offset=ZERO_CELSIUS_K),
    "Pa": Unit(dimension="pressure", factor=1.0),
    "hPa": Unit(dimension="pressure", factor=100.0),
    "kPa": Unit(dimension="pressure", factor=1000.0),
    "1": Unit(dimension="fraction", factor=1.0),
    "%": Unit(dimension="fraction", factor=0.01),
    "m": Unit(dimension="length", factor=1.0),
    "cm": Unit(dimension="length", factor=0.01),
    "mm": Unit(dimension="length", factor=0.001),
    "ft": Unit(dimension="length", factor=0.3048),
    "pH": Unit(dimension="ph", factor=1.0),
    "S/m": Unit(dimension="conductivity", factor=1.0),
    "uS/cm": Unit(dimension="conductivity", factor=1e-4),
    "mS/cm": Unit(dimension="conductivity", factor=0.1),
    "kg/s": Unit(dimension="mass_rate", factor=1.0),
    "g/s": Unit(dimension="mass_rate", factor=1e-3),
    "kg/h": Unit(dimension="mass_rate", factor=1 / 3600),
    "kg": Unit(dimension="mass", factor=1.0),
    "t": Unit(dimension="mass", factor=1000.0),
    "m3": Unit(dimension="volume", factor=1.0),
    "m3/s": Unit(dimension="volume_rate", factor=1.0),
    "m3/h": Unit(dimension="volume_rate", factor=1 / 3600),
    "L/s": Unit(dimension="volume_rate", factor=1e-3),
    "A": Unit(dimension="current", factor=1.0),
    "mA": Unit(dimension="current", factor=1e-3),
    "s": Unit(dimension="time", factor=1.0),
    "min": Unit(dimension="time", factor=60.0),
}


def unit(name: str) -> Unit:
    """Row of the unit table. Raises UnitError for a name that is not in it."""
    try:
        return _UNITS[name]
    except KeyError:
        known = ", ".join(_UNITS)
        raise UnitError(
            f"unit {name!r} is unknown; expected one of {known}",
            message_zh=f"未知单位 {name!r}；应为 {known} 之一",
            field="unit",
            value=name,
        ) from None


def to_si(value: float, name: str) -> float:
    """Value in SI units.

    >>> round(to_si(1.84, "mg/m3") * 1e6, 6)
    1.84
    >>> to_si(25.0, "degC")
    298.15
    """
    row = unit(name)
    return value * row.factor + row.offset


def from_si(value: float, name: str) -> float:
    """Value in the named unit, from SI."""
    row = unit(name)
    return (value - row.offset) / row.factor


def ppm_to_kg_m3(ppm: float, molar_mass_kg_mol: float, *, temperature_k: float, pressure_pa: float) -> float:
    """Mass concentration of a volume fraction in ppm (ideal gas law) at the stated state."""
    molar_volume = GAS_CONSTANT_J_MOL_K * temperature_k / pressure_pa
    return ppm * 1e-6 * molar_mass_kg_mol / molar_volume
