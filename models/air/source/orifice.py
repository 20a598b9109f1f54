"""Flow through a hole: gas (choked or not), liquid, and boiling two-phase mixtures.

Pressures are absolute, fluxes per area of the hole and before the discharge factor.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from models.air.source.fluid import compressibility, flash_fraction, vapour_density_kg_m3
from models.substances.substance import SubstanceData

G_M_S2 = 9.80665


@dataclass(frozen=True, slots=True, kw_only=True)
class Throat:
    """State in the narrowest section: flux, pressure, temperature, speed, mass of vapour over mass."""

    flux_kg_m2_s: float
    pressure_pa: float
    temperature_k: float
    speed_m_s: float
    vapour_fraction: float
    choked: bool


def critical_ratio(gamma_ratio: float) -> float:
    """Throat over stagnation pressure of a choked perfect gas: (2 / (gamma + 1))^(gamma / (gamma - 1))."""
    return float((2.0 / (gamma_ratio + 1.0)) ** (gamma_ratio / (gamma_ratio - 1.0)))


def gas_throat(row: SubstanceData, temperature_k: float, pressure_pa: float, back_pa: float) -> Throat:
    """Isentropic flow of a gas with its own heat-capacity ratio and compressibility (TNO Yellow Book 2.5.2).

    Choked when the back pressure is below the critical ratio; otherwise Saint-Venant and Wantzel.
    """
    gamma = row.gamma(temperature_k)
    z = compressibility(row, temperature_k, pressure_pa)
    density = pressure_pa / (z * row.gas_constant_j_kg_k * temperature_k)
    ratio = max(back_pa / pressure_pa, critical_ratio(gamma))
    if ratio >= 1.0:
        return Throat(
            flux_kg_m2_s=0.0,
            pressure_pa=back_pa,
            temperature_k=temperature_k,
            speed_m_s=0.0,
            vapour_fraction=1.0,
            choked=False,
        )
    drop = 1.0 - ratio ** ((gamma - 1.0) / gamma)
    speed = math.sqrt(2.0 * gamma / (gamma - 1.0) * pressure_pa / density * drop)
    return Throat(
        flux_kg_m2_s=density * ratio ** (1.0 / gamma) * speed,
        pressure_pa=ratio * pressure_pa,
        temperature_k=temperature_k * (1.0 - drop),
        speed_m_s=speed,
        vapour_fraction=1.0,
        choked=back_pa / pressure_pa < critical_ratio(gamma),
    )


def liquid_throat(
    row: SubstanceData, temperature_k: float, pressure_pa: float, head_m: float, back_pa: float
) -> Throat:
    """Bernoulli with the head of liquid over the hole; boiling starts only outside (sharp hole)."""
    density = float(row.liquid_density_kg_m3(temperature_k))
    drive = max((pressure_pa - back_pa) / density + G_M_S2 * head_m, 0.0)
    speed = math.sqrt(2.0 * drive)
    return Throat(
        flux_kg_m2_s=density * speed,
        pressure_pa=back_pa,
        temperature_k=temperature_k,
        speed_m_s=speed,
        vapour_fraction=0.0,
        choked=False,
    )


def omega_parameter(
    *,
    vapour_fraction: float,
    volume_m3_kg: float,
    vapour_volume_m3_kg: float,
    liquid_volume_m3_kg: float,
    vaporisation_j_kg: float,
    liquid_cp_j_kg_k: float,
    temperature_k: float,
    pressure_pa: float,
) -> float:
    """Compressibility of a boiling mixture: alpha (1 - 2 p v_fg / h_fg) + cp T p / v (v_fg / h_fg)^2.

    Leung (1986) AIChE J. 32:1743 with the correction of Leung (1995) for the heat of the vapour; alpha is
    the volume fraction of vapour. All at stagnation.
    """
    step = (vapour_volume_m3_kg - liquid_volume_m3_kg) / vaporisation_j_kg
    void = vapour_fraction * vapour_volume_m3_kg / volume_m3_kg
    boil = liquid_cp_j_kg_k * temperature_k * pressure_pa / volume_m3_kg * step**2
    return void * (1.0 - 2.0 * pressure_pa * step) + boil


def omega_critical_ratio(omega_ratio: float) -> float:
    """Choking pressure over stagnation pressure for an omega, root of Leung's equation by bisection.

    eta^2 + (w^2 - 2 w)(1 - eta)^2 + 2 w^2 ln(eta) + 2 w^2 (1 - eta) = 0.
    """

    def left(eta: float) -> float:
        w = omega_ratio
        return eta**2 + (w * w - 2.0 * w) * (1.0 - eta) ** 2 + 2.0 * w * w * (math.log(eta) + 1.0 - eta)

    low, high = 1e-6, 1.0
    for _ in range(80):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if left(middle) < 0.0 else (low, middle)
    return 0.5 * (low + high)


def omega_flux_kg_m2_s(
    omega_ratio: float, pressure_pa: float, volume_m3_kg: float, back_pa: float
) -> tuple[float, float]:
    """Flux of a saturated mixture and the pressure in the throat (Leung 1986; API 520 part I, annex C)."""
    ratio = max(omega_critical_ratio(omega_ratio), back_pa / pressure_pa)
    if ratio >= 1.0:
        return 0.0, back_pa
    w = omega_ratio
    bernoulli = -2.0 * (w * math.log(ratio) + (w - 1.0) * (1.0 - ratio))
    flux = math.sqrt(max(bernoulli, 0.0)) / (w * (1.0 / ratio - 1.0) + 1.0)
    return flux * math.sqrt(pressure_pa / volume_m3_kg), ratio * pressure_pa


def two_phase_throat(
    row: SubstanceData, temperature_k: float, pressure_pa: float, back_pa: float, vapour_fraction: float = 0.0
) -> Throat:
    """Homogeneous equilibrium flow of a boiling liquid through a nozzle longer than about 0.1 m (omega).

    Saturated mixtures by Leung (1986). A subcooled liquid (``pressure_pa`` above its vapour pressure)
    adds the squares of its saturated flux and of the flux of liquid against its vapour pressure (Fauske &
    Epstein 1988, J. Loss Prev. Process Ind. 1:75).
    """
    saturated_pa = min(float(row.vapour_pressure_pa(temperature_k)), pressure_pa)
    liquid_volume = 1.0 / float(row.liquid_density_kg_m3(temperature_k))
    vapour_volume = 1.0 / vapour_density_kg_m3(row, temperature_k, saturated_pa)
    volume = liquid_volume + vapour_fraction * (vapour_volume - liquid_volume)
    omega = omega_parameter(
        vapour_fraction=vapour_fraction,
        volume_m3_kg=volume,
        vapour_volume_m3_kg=vapour_volume,
        liquid_volume_m3_kg=liquid_volume,
        vaporisation_j_kg=float(row.vaporisation_j_kg(temperature_k)),
        liquid_cp_j_kg_k=float(row.liquid_cp_j_kg_k(temperature_k)),
        temperature_k=temperature_k,
        pressure_pa=saturated_pa,
    )
    flux, throat_pa = omega_flux_kg_m2_s(omega, saturated_pa, volume, min(back_pa, saturated_pa))
    subcooled = math.sqrt(2.0 / liquid_volume * max(pressure_pa - max(saturated_pa, back_pa), 0.0))
    if vapour_fraction == 0.0:
        flux = math.hypot(flux, subcooled)
    throat_pa = max(throat_pa, back_pa)
    throat_k = min(temperature_k, row.saturation_k(throat_pa))
    quality = vapour_fraction + (1.0 - vapour_fraction) * flash_fraction(row, temperature_k, throat_pa)
    out_volume = 1.0 / float(row.liquid_density_kg_m3(throat_k))
    out_volume += quality * (1.0 / vapour_density_kg_m3(row, throat_k, throat_pa) - out_volume)
    return Throat(
        flux_kg_m2_s=flux,
        pressure_pa=throat_pa,
        temperature_k=throat_k,
        speed_m_s=flux * out_volume,
        vapour_fraction=quality,
        choked=throat_pa > back_pa,
    )
