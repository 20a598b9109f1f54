"""Flow out of a pipe with friction: liquid, gas at rest pressure at the far end, and a line that empties.

Friction factors are Fanning's. Without a viscosity the flow counts as fully rough (von Karman), which is
right for holes in plants (Reynolds numbers above 1e6) and gives too much flow otherwise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from models.air.source.fluid import compressibility
from models.air.source.orifice import G_M_S2, Throat
from models.substances.substance import SubstanceData

STEEL_ROUGHNESS_M = 46e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipe:
    """A pipe between vessel and opening. ``loss_ratio``: sum of velocity heads of entrance, bends, valves."""

    length_m: float
    diameter_m: float
    roughness_m: float = STEEL_ROUGHNESS_M
    loss_ratio: float = 0.5
    rise_m: float = 0.0

    @property
    def area_m2(self) -> float:
        """Cross-section."""
        return 0.25 * math.pi * self.diameter_m**2

    @property
    def resistance_ratio(self) -> float:
        """4 f L / D plus the losses of fittings, in velocity heads."""
        return 4.0 * rough_fanning(self) * self.length_m / self.diameter_m + self.loss_ratio


def rough_fanning(pipe: Pipe) -> float:
    """Fanning friction factor of fully rough flow: 1 / sqrt(f) = 4 log10(3.7 D / e) (von Karman)."""
    return float((4.0 * math.log10(3.7 * pipe.diameter_m / pipe.roughness_m)) ** -2)


def liquid_pipe_throat(
    row: SubstanceData, pipe: Pipe, temperature_k: float, pressure_pa: float, head_m: float, back_pa: float
) -> Throat:
    """Liquid: driving head = velocity head times (1 + 4 f L / D + losses)."""
    density = float(row.liquid_density_kg_m3(temperature_k))
    drive = max((pressure_pa - back_pa) / density + G_M_S2 * (head_m - pipe.rise_m), 0.0)
    speed = math.sqrt(2.0 * drive / (1.0 + pipe.resistance_ratio))
    return Throat(
        flux_kg_m2_s=density * speed,
        pressure_pa=back_pa,
        temperature_k=temperature_k,
        speed_m_s=speed,
        vapour_fraction=0.0,
        choked=False,
    )


def fanno(mach: float, gamma_ratio: float) -> float:
    """4 f L / D from a Mach number to choking (Shapiro 1953, ch. 6)."""
    square = mach * mach
    ratio = (gamma_ratio + 1.0) * square / (2.0 + (gamma_ratio - 1.0) * square)
    return (1.0 - square) / (gamma_ratio * square) + (gamma_ratio + 1.0) / (2.0 * gamma_ratio) * math.log(
        ratio
    )


def _mach_for(resistance: float, gamma_ratio: float) -> float:
    low, high = 1e-6, 1.0
    for _ in range(80):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if fanno(middle, gamma_ratio) > resistance else (low, middle)
    return 0.5 * (low + high)


def gas_pipe_throat(
    row: SubstanceData, pipe: Pipe, temperature_k: float, pressure_pa: float, back_pa: float
) -> Throat:
    """Adiabatic flow with friction of a gas from rest (Levenspiel 1977; Fanno flow after a smooth entrance).

    Choked at the exit unless the back pressure is above the exit pressure that choking would give; then
    the inlet Mach number is found for which the exit has the back pressure.
    """
    gamma = row.gamma(temperature_k)
    resistance = pipe.resistance_ratio
    choked_mach = _mach_for(resistance, gamma)
    inlet, exit_mach = choked_mach, 1.0
    if _exit_pa(pressure_pa, choked_mach, 1.0, gamma) < back_pa:
        low, high = 1e-9, choked_mach
        for _ in range(80):
            inlet = 0.5 * (low + high)
            exit_mach = _mach_for(max(fanno(inlet, gamma) - resistance, 0.0), gamma)
            too_fast = _exit_pa(pressure_pa, inlet, exit_mach, gamma) < back_pa
            low, high = (low, inlet) if too_fast else (inlet, high)
    z = compressibility(row, temperature_k, pressure_pa)
    exit_k = temperature_k / (1.0 + 0.5 * (gamma - 1.0) * exit_mach**2)
    speed = exit_mach * math.sqrt(gamma * z * row.gas_constant_j_kg_k * exit_k)
    exit_pa = _exit_pa(pressure_pa, inlet, exit_mach, gamma)
    return Throat(
        flux_kg_m2_s=exit_pa / (z * row.gas_constant_j_kg_k * exit_k) * speed,
        pressure_pa=exit_pa,
        temperature_k=exit_k,
        speed_m_s=speed,
        vapour_fraction=1.0,
        choked=exit_mach == 1.0,
    )


def _exit_pa(pressure_pa: float, inlet: float, exit_mach: float, gamma_ratio: float) -> float:
    def heat(mach: float) -> float:
        return 1.0 + 0.5 * (gamma_ratio - 1.0) * mach * mach

    inlet_pa: float = pressure_pa * heat(inlet) ** (-gamma_ratio / (gamma_ratio - 1.0))
    return float(inlet_pa * inlet / exit_mach * math.sqrt(heat(inlet) / heat(exit_mach)))


def bell_rate_kg_s(
    time_s: float, first_kg_s: float, inventory_kg: float, pipe: Pipe, sound_m_s: float, gamma_ratio: float
) -> float:
    """Rate from a long gas line broken at full bore, both ends closed off at once (Bell 1978; Wilson 1979).

    m0 / (1 + a) (exp(-t / (a^2 b)) + a exp(-t / b)), b = 2 L / (3 c) sqrt(g f_D L / D) with Darcy's
    f_D = 4 f, a = M / (b m0); its integral is the inventory exactly.
    """
    darcy = 4.0 * rough_fanning(pipe)
    travel = 2.0 * pipe.length_m / (3.0 * sound_m_s)
    beta = travel * math.sqrt(gamma_ratio * darcy * pipe.length_m / pipe.diameter_m)
    alpha = inventory_kg / (beta * first_kg_s)
    fast, slow = math.exp(-time_s / (alpha**2 * beta)), math.exp(-time_s / beta)
    return first_kg_s / (1.0 + alpha) * (fast + alpha * slow)
