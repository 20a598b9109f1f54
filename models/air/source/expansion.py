"""From the opening to ambient pressure: speed, temperature, droplets and size of the jet; rain-out.

Between opening and ambient pressure no air mixes in: momentum and total enthalpy are kept (TNO Yellow
Book, 3rd edition, 2.5 and 4.5; Fauske & Epstein 1988).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from models.air.source.fluid import (
    boiling_at_k,
    gas_heat_j_kg,
    liquid_heat_j_kg,
    vapour_density_kg_m3,
)
from models.air.source.orifice import Throat
from models.substances.substance import SubstanceData
from twin.core.errors import SolverError


@dataclass(frozen=True, slots=True, kw_only=True)
class Expanded:
    """Jet at ambient pressure: ``liquid_fraction`` by mass, ``radius_m`` of a full circle at that speed."""

    temperature_k: float
    liquid_fraction: float
    speed_m_s: float
    radius_m: float


def expand(row: SubstanceData, throat: Throat, rate_kg_s: float, ambient_pa: float) -> Expanded:
    """State after expansion: u = u_throat + (p_throat - p_ambient) / flux, enthalpy less kinetic energy.

    Raises SolverError for a liquid that has no boiling point at that pressure (it would turn solid).
    """
    push = max(throat.pressure_pa - ambient_pa, 0.0) / max(throat.flux_kg_m2_s, 1e-9)
    speed = throat.speed_m_s + push
    lost = 0.5 * (speed**2 - throat.speed_m_s**2)
    liquid_comes = throat.vapour_fraction < 1.0
    boiling_k = boiling_at_k(row, ambient_pa) if liquid_comes else _boiling_or_zero(row, ambient_pa)
    if throat.vapour_fraction >= 1.0:
        temperature_k, liquid = _gas(row, throat.temperature_k, lost, boiling_k)
    elif throat.temperature_k <= boiling_k:
        temperature_k, liquid = throat.temperature_k, 1.0
    else:
        temperature_k, liquid = _boiling(row, throat, lost, boiling_k)
    density = mixture_density_kg_m3(row, temperature_k, liquid, ambient_pa)
    radius = math.sqrt(rate_kg_s / (math.pi * density * max(speed, 1e-6)))
    return Expanded(temperature_k=temperature_k, liquid_fraction=liquid, speed_m_s=speed, radius_m=radius)


def mixture_density_kg_m3(
    row: SubstanceData, temperature_k: float, liquid: float, pressure_pa: float
) -> float:
    """Density of vapour with droplets of the same temperature."""
    volume = (1.0 - liquid) / vapour_density_kg_m3(row, temperature_k, pressure_pa)
    if liquid > 0.0:
        volume += liquid / float(row.liquid_density_kg_m3(temperature_k))
    return 1.0 / volume


def _boiling_or_zero(row: SubstanceData, pressure_pa: float) -> float:
    try:
        return boiling_at_k(row, pressure_pa)
    except SolverError:
        return 0.0


def _gas(row: SubstanceData, throat_k: float, lost_j_kg: float, boiling_k: float) -> tuple[float, float]:
    low, high = 0.2 * throat_k, throat_k
    for _ in range(50):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if gas_heat_j_kg(row, middle, throat_k) > lost_j_kg else (low, middle)
    cooled_k = 0.5 * (low + high)
    if cooled_k >= boiling_k:
        return cooled_k, 0.0
    missing = lost_j_kg - gas_heat_j_kg(row, boiling_k, throat_k)
    return boiling_k, min(max(missing / float(row.vaporisation_j_kg(boiling_k)), 0.0), 1.0)


def _boiling(row: SubstanceData, throat: Throat, lost_j_kg: float, boiling_k: float) -> tuple[float, float]:
    latent = float(row.vaporisation_j_kg(boiling_k))
    already = throat.vapour_fraction * float(row.vaporisation_j_kg(throat.temperature_k)) / latent
    heat = liquid_heat_j_kg(row, boiling_k, throat.temperature_k) - lost_j_kg
    return boiling_k, 1.0 - min(max(already + heat / latent, 0.0), 1.0)


def kletz_rain_out(vapour_fraction: float) -> float:
    """Part of the jet's whole mass that falls out: as much liquid stays airborne as has flashed.

    Kletz (1977), taken over by CCPS (1999): airborne = twice the flash. Low for most superheated
    releases: large-scale tests with HF, NH3 and Cl2 found next to no rain-out.
    """
    return max(0.0, 1.0 - 2.0 * vapour_fraction)


def largest_drop_m(surface_tension_n_m: float, speed_m_s: float, air_density_kg_m3: float = 1.2) -> float:
    """Largest stable drop in a jet: critical Weber number 12.5 (Lefebvre 1989; CCPS 1999)."""
    return 12.5 * surface_tension_n_m / (air_density_kg_m3 * max(speed_m_s, 1e-6) ** 2)
