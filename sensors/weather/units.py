"""Unit letters of weather heads -> units of the house."""

from __future__ import annotations

from twin.core.units import ZERO_CELSIUS_K

# Exact or by definition: mile 1609.344 m, inch of mercury 3386.389 Pa (0 degC), mm of mercury 133.322 Pa.
_SPEED = {"M": ("m/s", 1.0), "K": ("km/h", 1.0), "N": ("knot", 1.0), "S": ("m/s", 0.44704)}
_PRESSURE = {
    "H": ("hPa", 1.0),
    "P": ("Pa", 1.0),
    "B": ("hPa", 1000.0),
    "M": ("hPa", 1.33322),
    "I": ("hPa", 33.86389),
}
_FAHRENHEIT_ZERO_C, _FAHRENHEIT_STEP = 32.0, 1.8
SPEED, PRESSURE, TEMPERATURE, ANGLE, SHARE = "speed", "pressure", "temperature", "angle", "share"


def in_house(kind: str, letter: str, value: float) -> tuple[float, str] | None:
    """Value and unit name for a letter; None where the letter says that the value is not valid.

    >>> in_house("speed", "N", 2.0), in_house("temperature", "F", 50.0), in_house("speed", "#", 2.0)
    ((2.0, 'knot'), (10.0, 'degC'), None)
    """
    if kind == TEMPERATURE:
        return _temperature(letter, value)
    if kind == ANGLE:
        return (value, "deg") if letter == "D" else None
    if kind == SHARE:
        return (value, "%") if letter == "P" else None
    found = (_SPEED if kind == SPEED else _PRESSURE).get(letter)
    return None if found is None else (value * found[1], found[0])


def _temperature(letter: str, value: float) -> tuple[float, str] | None:
    if letter == "C":
        return value, "degC"
    if letter == "F":
        return (value - _FAHRENHEIT_ZERO_C) / _FAHRENHEIT_STEP, "degC"
    return (value - ZERO_CELSIUS_K, "degC") if letter == "K" else None
