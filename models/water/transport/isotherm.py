"""Isotherms: what is sorbed at a concentration, and the concentration that a total mass makes.

Masses are what is carried; a concentration is always found from its mass, so sorption loses nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.water.problem import Sorption
from twin.core.geometry import FloatArray

NONE, LINEAR, FREUNDLICH, LANGMUIR = 0, 1, 2, 3
_CODES = {"linear": LINEAR, "freundlich": FREUNDLICH, "langmuir": LANGMUIR}
_TINY = 1e-300


@dataclass(frozen=True, slots=True, kw_only=True)
class Isotherm:
    """S(C) by code: LINEAR a C; FREUNDLICH a C^b; LANGMUIR a b C / (1 + b C).

    a is ``first_value``, b ``second_value``, in the units of ``Sorption``.
    """

    code: int
    first_value: float
    second_value: float
    bulk_density_kg_m3: float

    def sorbed_kg_kg(self, conc_kg_m3: FloatArray) -> FloatArray:
        """Sorbed mass per mass of solid in equilibrium."""
        c = np.maximum(conc_kg_m3, 0.0)
        if self.code == LINEAR:
            return self.first_value * c
        if self.code == FREUNDLICH:
            return np.asarray(self.first_value * c**self.second_value, dtype=np.float64)
        if self.code == LANGMUIR:
            return self.first_value * self.second_value * c / (1.0 + self.second_value * c)
        return np.zeros_like(c)


def isotherm(sorption: Sorption | None, *, bare: bool = False) -> Isotherm:
    """Isotherm of a species; ``bare``: none, for water whose solids follow by a rate."""
    if sorption is None or bare:
        density = 0.0 if sorption is None else sorption.bulk_density_kg_m3
        return Isotherm(code=NONE, first_value=0.0, second_value=0.0, bulk_density_kg_m3=density)
    first, second = {
        "linear": (sorption.kd_m3_kg, 1.0),
        "freundlich": (sorption.kf, sorption.exponent),
        "langmuir": (sorption.s_max_kg_kg, sorption.kl_m3_kg),
    }[sorption.kind]
    if first == 0.0 or second == 0.0:
        return isotherm(sorption, bare=True)
    straight = sorption.kind == "freundlich" and second == 1.0
    return Isotherm(
        code=LINEAR if straight else _CODES[sorption.kind],
        first_value=first,
        second_value=second,
        bulk_density_kg_m3=sorption.bulk_density_kg_m3,
    )


def total_kg(conc_kg_m3: FloatArray, water_m3: FloatArray, solid_kg: FloatArray, law: Isotherm) -> FloatArray:
    """Dissolved and sorbed mass in equilibrium."""
    return np.asarray(water_m3 * conc_kg_m3 + solid_kg * law.sorbed_kg_kg(conc_kg_m3), dtype=np.float64)


def conc_of(mass_kg: FloatArray, water_m3: FloatArray, solid_kg: FloatArray, law: Isotherm) -> FloatArray:
    """Concentration whose dissolved and sorbed mass is ``mass_kg``; ``water_m3`` must be above zero."""
    if law.code == NONE:
        return mass_kg / water_m3
    if law.code == LINEAR:
        return np.where(mass_kg <= 0.0, mass_kg / water_m3, mass_kg / (water_m3 + solid_kg * law.first_value))
    inverse = _langmuir if law.code == LANGMUIR else _freundlich
    found = np.asarray(mass_kg / water_m3, dtype=np.float64)
    at = (mass_kg > 0.0) & (solid_kg > 0.0)
    found[at] = inverse(mass_kg[at], water_m3[at], solid_kg[at], law)
    return found


def _langmuir(mass: FloatArray, water: FloatArray, solid: FloatArray, law: Isotherm) -> FloatArray:
    q = law.second_value
    b = water + solid * law.first_value * q - mass * q
    root = np.sqrt(b * b + 4.0 * water * q * mass)
    low = 2.0 * mass / np.where(b > 0.0, b + root, 1.0)
    return np.where(b > 0.0, low, (root - b) / (2.0 * water * q))


def _freundlich(mass: FloatArray, water: FloatArray, solid: FloatArray, law: Isotherm) -> FloatArray:
    """Newton from the side where it is monotone: below for exponents up to one, above beyond."""
    q = law.second_value
    a = solid * law.first_value
    part = 0.5 if q <= 1.0 else 1.0
    c = np.minimum(part * mass / water, (part * mass / a) ** (1.0 / q))
    for _ in range(60):
        held = np.maximum(c, _TINY)
        sorbed = a * held**q
        step = np.where(c <= _TINY, 0.0, (water * held + sorbed - mass) / (water + q * sorbed / held))
        c = c - step
        if np.all(np.abs(step) <= 4e-16 * np.abs(c)):
            break
    return np.maximum(c, 0.0)
