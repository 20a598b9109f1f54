"""Properties of a substance that discharges: compressibility, enthalpies, vapour density."""

from __future__ import annotations

import math

import numpy as np

from models.air.dense.hf import association_factor
from models.substances.substance import SubstanceData

ASSOCIATED = frozenset({"hf"})
_ACENTRIC_TR = 0.7


def acentric(row: SubstanceData) -> float:
    """Acentric factor from the table's vapour pressure at 0.7 of the critical temperature (Pitzer 1955)."""
    law = row.law("vapour_pressure_pa")
    saturated_pa = float(law.at(_ACENTRIC_TR * row.critical_k))
    return -math.log10(saturated_pa / row.critical_pa) - 1.0


def compressibility(row: SubstanceData, temperature_k: float, pressure_pa: float) -> float:
    """Compressibility factor of the vapour, Peng & Robinson (1976), largest root of the cubic.

    1 where the table has no critical pressure. An associated vapour (HF) gets one over its association.
    """
    if row.id in ASSOCIATED:
        return 1.0 / association_factor(temperature_k, pressure_pa)
    if not {"critical_k", "critical_pa"} <= set(row.numbers):
        return 1.0
    tr, pr = temperature_k / row.critical_k, pressure_pa / row.critical_pa
    w = acentric(row)
    kappa = 0.37464 + 1.54226 * w - 0.26992 * w * w
    alpha = (1.0 + kappa * (1.0 - math.sqrt(tr))) ** 2
    a, b = 0.45724 * alpha * pr / tr**2, 0.07780 * pr / tr
    roots = np.roots([1.0, b - 1.0, a - 3.0 * b * b - 2.0 * b, b**3 + b * b - a * b])
    return float(max(root.real for root in roots if abs(root.imag) < 1e-9))


def vapour_density_kg_m3(row: SubstanceData, temperature_k: float, pressure_pa: float) -> float:
    """Density of the real vapour."""
    z = compressibility(row, temperature_k, pressure_pa)
    return pressure_pa / (z * row.gas_constant_j_kg_k * temperature_k)


def liquid_heat_j_kg(row: SubstanceData, low_k: float, high_k: float) -> float:
    """Heat that the liquid gives between two temperatures: integral of its heat capacity (Simpson)."""
    nodes = np.linspace(low_k, high_k, 9)
    weights = np.array([1, 4, 2, 4, 2, 4, 2, 4, 1]) / 24.0
    return float((high_k - low_k) * np.sum(weights * row.liquid_cp_j_kg_k(nodes)))


def gas_heat_j_kg(row: SubstanceData, low_k: float, high_k: float) -> float:
    """Heat of the ideal gas between two temperatures (Simpson)."""
    nodes = np.linspace(low_k, high_k, 9)
    weights = np.array([1, 4, 2, 4, 2, 4, 2, 4, 1]) / 24.0
    return float((high_k - low_k) * np.sum(weights * row.gas_cp_j_kg_k(nodes)))


def boiling_at_k(row: SubstanceData, pressure_pa: float) -> float:
    """Boiling point at a pressure."""
    return row.saturation_k(pressure_pa)


def flash_fraction(
    row: SubstanceData, temperature_k: float, pressure_pa: float, speed_m_s: float = 0.0
) -> float:
    """Vapour made when saturated or superheated liquid goes to ``pressure_pa`` without heat from outside.

    Balance of enthalpy: heat of the liquid down to the boiling point, less the kinetic energy that it
    takes along, over the heat of vaporisation there. Zero below the boiling point, at most one.
    """
    boiling_k = boiling_at_k(row, pressure_pa)
    if temperature_k <= boiling_k:
        return 0.0
    heat = liquid_heat_j_kg(row, boiling_k, temperature_k) - 0.5 * speed_m_s**2
    return min(max(heat / float(row.vaporisation_j_kg(boiling_k)), 0.0), 1.0)
