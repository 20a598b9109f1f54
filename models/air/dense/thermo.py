"""Equilibrium of a substance, water and dry air at one pressure, and mixing without loss of heat.

Masses are per kilogram of mixture. Gas phases are ideal; enthalpies are counted from the gas at 298.15 K.
What condenses forms droplets that share the gas's temperature and move with it: the homogeneous
equilibrium of Wheatley (1986, UKAEA SRD/HSE R357) and of Ermak (1990, UCRL-MA-105607, ch. 2). Substance and
water condense apart from each other here; ``models.air.dense.hf`` holds the substance that mixes with water.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np
import numpy.typing as npt

from models.air.dense.root import bracketed
from models.substances.substance import SubstanceData
from twin.core.geometry import FloatArray, frozen
from twin.core.units import GAS_CONSTANT_J_MOL_K

T_REF_K = 298.15
T_LOW_K, T_HIGH_K = 60.0, 800.0
AIR_MOLAR_MASS_KG_MOL = 0.0289647  # dry air, WMO-No. 8
AIR_CP_J_KG_K = 1005.0  # within 0.3 % from 200 to 330 K
WATER_MOLAR_MASS_KG_MOL = 0.0180153
GRID_K = frozen(np.arange(T_LOW_K, T_HIGH_K + 0.5, 0.5))
_TINY = 1e-200


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Condensable:
    """A substance as tables over temperature: gas enthalpy, heat of vaporisation, saturation, liquid."""

    molar_mass_kg_mol: float
    gas_j_kg: FloatArray
    latent_j_kg: FloatArray
    ln_saturation_pa: FloatArray
    liquid_kg_m3: FloatArray

    def gas_enthalpy_j_kg(self, t_k: FloatArray) -> FloatArray:
        """Enthalpy of the gas, J/kg from the gas at 298.15 K."""
        return read(self.gas_j_kg, t_k)

    def vaporisation_j_kg(self, t_k: FloatArray) -> FloatArray:
        """Heat of vaporisation, J/kg."""
        return read(self.latent_j_kg, t_k)

    def saturation_pa(self, t_k: FloatArray) -> FloatArray:
        """Saturation pressure, Pa."""
        return np.exp(read(self.ln_saturation_pa, t_k))

    def liquid_density_kg_m3(self, t_k: FloatArray) -> FloatArray:
        """Density of the liquid, kg/m3."""
        return read(self.liquid_kg_m3, t_k)


def condensable(row: SubstanceData) -> Condensable:
    """Tables of a substance, 0.5 K apart from 60 to 800 K.

    Beyond the range of its law, the logarithm of the vapour pressure goes on straight in 1/T.
    """
    cp = row.gas_cp_j_kg_k(GRID_K)
    law = row.law("vapour_pressure_pa")
    return Condensable(
        molar_mass_kg_mol=row.molar_mass_kg_mol,
        gas_j_kg=integral(cp),
        latent_j_kg=frozen(np.maximum(row.vaporisation_j_kg(GRID_K), 0.0)),
        ln_saturation_pa=_straight(np.log(np.maximum(law.at(GRID_K), _TINY)), law.low_k, law.high_k),
        liquid_kg_m3=frozen(np.maximum(row.liquid_density_kg_m3(GRID_K), 100.0)),
    )


def integral(cp: FloatArray) -> FloatArray:
    """Enthalpy over ``GRID_K`` from a heat capacity over it, zero at 298.15 K."""
    steps = 0.5 * (cp[1:] + cp[:-1]) * np.diff(GRID_K)
    heat = np.concatenate([[0.0], np.cumsum(steps)])
    return frozen(heat - np.interp(T_REF_K, GRID_K, heat))


def _straight(ln_p: FloatArray, low_k: float, high_k: float) -> FloatArray:
    first = int(np.searchsorted(GRID_K, low_k))
    last = int(np.searchsorted(GRID_K, high_k, side="right")) - 1
    ends = ((first, first + 4, slice(0, first)), (last, last - 4, slice(last, None)))
    after = ln_p.copy()
    for at, near, part in ends:
        slope = (ln_p[near] - ln_p[at]) / (1.0 / GRID_K[near] - 1.0 / GRID_K[at])
        after[part] = ln_p[at] + slope * (1.0 / GRID_K[part] - 1.0 / GRID_K[at])
    return frozen(after)


@lru_cache(maxsize=1)
def water() -> Condensable:
    """Water, liquid also below freezing: the droplets of a cold cloud are small and stay supercooled.

    Saturation by Murphy and Koop (2005), heat of vaporisation linear in temperature (WMO-No. 8).
    """
    ln_p = np.log(saturation_of_water_pa(GRID_K))
    return Condensable(
        molar_mass_kg_mol=WATER_MOLAR_MASS_KG_MOL,
        gas_j_kg=integral(1845.0 + 0.06 * np.maximum(GRID_K - 200.0, 0.0)),
        latent_j_kg=frozen(2.501e6 - 2370.0 * (np.minimum(GRID_K, 640.0) - 273.15)),
        ln_saturation_pa=_straight(ln_p, 123.0, 400.0),
        liquid_kg_m3=frozen(np.full(GRID_K.shape, 1000.0)),
    )


def saturation_of_water_pa(t_k: npt.ArrayLike) -> FloatArray:
    """Over liquid or supercooled water (Murphy and Koop 2005, Q. J. R. Meteorol. Soc. 131, 1539, eq. 10).

    Stated for 123 to 332 K; against the steam tables still within 1 % at 373 K.
    """
    t = np.asarray(t_k, dtype=np.float64)
    ln_p = 54.842763 - 6763.22 / t - 4.21 * np.log(t) + 0.000367 * t
    ln_p = ln_p + np.tanh(0.0415 * (t - 218.8)) * (53.878 - 1331.22 / t - 9.44523 * np.log(t) + 0.014025 * t)
    return np.asarray(np.exp(ln_p), dtype=np.float64)


def water_of_air(temperature_k: float, relative_humidity_fraction: float, pressure_pa: float) -> float:
    """Mass of vapour per mass of moist air."""
    partial = relative_humidity_fraction * float(saturation_of_water_pa(temperature_k))
    partial = min(partial, 0.9 * pressure_pa)
    vapour = partial * WATER_MOLAR_MASS_KG_MOL
    return vapour / (vapour + (pressure_pa - partial) * AIR_MOLAR_MASS_KG_MOL)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class State:
    """Mixture in equilibrium. Arrays of one shape, per kilogram of mixture.

    ``gas_mol`` are moles of particles in the gas; ``liquid`` and ``liquid_water`` condensed masses of the
    substance and of water; ``enthalpy_j_kg`` from the gases at 298.15 K; ``specific_volume_m3_kg``.
    """

    temperature_k: FloatArray
    gas_mol: FloatArray
    liquid: FloatArray
    liquid_water: FloatArray
    enthalpy_j_kg: FloatArray
    specific_volume_m3_kg: FloatArray

    def between(self, other: State, part: FloatArray) -> State:
        """Mixture of two states of one temperature: ``part`` of the other."""

        def mixed(a: FloatArray, b: FloatArray) -> FloatArray:
            return np.asarray(a * (1.0 - part) + b * part, dtype=np.float64)

        return State(
            temperature_k=mixed(self.temperature_k, other.temperature_k),
            gas_mol=mixed(self.gas_mol, other.gas_mol),
            liquid=mixed(self.liquid, other.liquid),
            liquid_water=mixed(self.liquid_water, other.liquid_water),
            enthalpy_j_kg=mixed(self.enthalpy_j_kg, other.enthalpy_j_kg),
            specific_volume_m3_kg=mixed(self.specific_volume_m3_kg, other.specific_volume_m3_kg),
        )


class Equilibrium(Protocol):
    """Phases of a mixture at a temperature."""

    def at(self, t_k: FloatArray, substance: FloatArray, water_mass: FloatArray) -> State:
        """State at temperatures for mass fractions of substance and of water; the rest is dry air."""
        ...

    def source_enthalpy_j_kg(
        self, t_k: float, liquid_fraction: float, substance: float, water_mass: float
    ) -> float:
        """Enthalpy of a source whose liquid fraction is given, J per kilogram of its mixture."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ApartEquilibrium:
    """Substance and water condense apart from each other, each under its own saturation pressure."""

    row: Condensable
    pressure_pa: float

    def at(self, t_k: FloatArray, substance: FloatArray, water_mass: FloatArray) -> State:
        """State; closed form, because a condensed kind has its saturated share of the gas."""
        damp = water()
        air = np.maximum(1.0 - substance - water_mass, 0.0) / AIR_MOLAR_MASS_KG_MOL
        a, b = substance / self.row.molar_mass_kg_mol, water_mass / damp.molar_mass_kg_mol
        share_a = np.minimum(self.row.saturation_pa(t_k) / self.pressure_pa, 1.0)
        share_b = np.minimum(damp.saturation_pa(t_k) / self.pressure_pa, 1.0)
        gas_a, gas_b = _split(a, b, air, share_a, share_b)
        liquid = np.maximum(a - gas_a, 0.0) * self.row.molar_mass_kg_mol
        drops = np.maximum(b - gas_b, 0.0) * damp.molar_mass_kg_mol
        heat = substance * self.row.gas_enthalpy_j_kg(t_k) - liquid * self.row.vaporisation_j_kg(t_k)
        heat = heat + water_mass * damp.gas_enthalpy_j_kg(t_k) - drops * damp.vaporisation_j_kg(t_k)
        heat = heat + (1.0 - substance - water_mass) * AIR_CP_J_KG_K * (t_k - T_REF_K)
        moles = air + gas_a + gas_b
        volume = moles * GAS_CONSTANT_J_MOL_K * t_k / self.pressure_pa
        volume = volume + liquid / self.row.liquid_density_kg_m3(t_k) + drops / 1000.0
        return State(
            temperature_k=t_k,
            gas_mol=moles,
            liquid=liquid,
            liquid_water=drops,
            enthalpy_j_kg=heat,
            specific_volume_m3_kg=volume,
        )

    def source_enthalpy_j_kg(
        self, t_k: float, liquid_fraction: float, substance: float, water_mass: float
    ) -> float:
        """Enthalpy of a source whose liquid fraction is given; its water counts as vapour."""
        t = np.array([t_k])
        heat = self.row.gas_enthalpy_j_kg(t) - liquid_fraction * self.row.vaporisation_j_kg(t)
        air = AIR_CP_J_KG_K * (t_k - T_REF_K)
        damp = water().gas_enthalpy_j_kg(t)
        return float(substance * heat[0] + water_mass * damp[0] + (1.0 - substance - water_mass) * air)


def _split(
    a: FloatArray, b: FloatArray, air: FloatArray, share_a: FloatArray, share_b: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Moles of both kinds in the gas; what condenses of one raises the share of the other."""
    rest = np.maximum(1.0 - share_a - share_b, _TINY)
    both_a, both_b = share_a * air / rest, share_b * air / rest
    both = (both_a < a) & (both_b < b)
    boils_a, boils_b = share_a >= 1.0, share_b >= 1.0
    only_a = np.where(boils_a, a, np.minimum(a, share_a * (air + b) / np.maximum(1.0 - share_a, _TINY)))
    only_b = np.where(boils_b, b, np.minimum(b, share_b * (air + a) / np.maximum(1.0 - share_b, _TINY)))
    return np.where(both, both_a, only_a), np.where(both, both_b, only_b)


def adiabatic(
    phases: Equilibrium, substance: FloatArray, water_mass: FloatArray, enthalpy_j_kg: FloatArray
) -> State:
    """Equilibrium at given enthalpies.

    Where the enthalpy lies in a jump (a pure boiling liquid), the two states on either side of it are
    mixed so that the enthalpy is met exactly.
    """

    def excess(t_k: FloatArray) -> FloatArray:
        return phases.at(t_k, substance, water_mass).enthalpy_j_kg - enthalpy_j_kg

    low, high = bracketed(excess, np.full(substance.shape, T_LOW_K), np.full(substance.shape, T_HIGH_K))
    cold, warm = phases.at(low, substance, water_mass), phases.at(high, substance, water_mass)
    span = warm.enthalpy_j_kg - cold.enthalpy_j_kg
    part = np.where(span > 0.0, (enthalpy_j_kg - cold.enthalpy_j_kg) / np.where(span > 0.0, span, 1.0), 0.5)
    return cold.between(warm, np.clip(part, 0.0, 1.0))


def read(table: FloatArray, t_k: npt.ArrayLike) -> FloatArray:
    """Value of a table over ``GRID_K`` at temperatures."""
    return np.interp(np.asarray(t_k, dtype=np.float64), GRID_K, table)
