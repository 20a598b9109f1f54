"""Hydrogen fluoride: its vapour associates, and with water it makes a fog that warms the cloud.

Vapour. Ideal mixture of single molecules and rings of six, ``log10(p1^6 / p6) = 43.65 - 8910/T`` in torr^5
(Strohmeier and Briegleb 1953, Z. Elektrochem. 57, 662; Long, Hildebrand and Morrell 1943, J. Am. Chem. Soc.
65, 182, took the same two species). It gives an association of 3.24 at 292.67 K and 1 atm, measured 3.2 to
3.5. Schotte (1987, Ind. Eng. Chem. Res. 26, 300) adds rings of two and eight and the pair HF-H2O; each is a
row of ``OLIGOMERS`` away, but their constants could not be confirmed against print, so the rows are not
there. They matter little for density: at saturation the association is right without them, and below 5 %
nothing is left of it.

Liquid. At the boiling point, the pressure of single molecules and its slope in temperature follow from the
vapour pressure of the substance table and the association; from there the heat capacities of gas and liquid
carry both to other temperatures (Kirchhoff), so that vapour, liquid and association agree with each other.
With water: Margules form with two constants. They come from the azeotrope (38.2 % by mass, 112.0 C, 1 atm:
p1 and pw there), the vapour pressure of the 70 % acid (150 torr at 26.7 C; not confirmed against print) and
the enthalpy of HF in much water (-320.1 kJ/mol against -273.3 for the gas, NBS tables 1982). Left over as a
check: undissociated HF in water, 14 mol/(kg Pa 1e-5), comes out within 30 %.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from models.air.dense.root import bracketed
from models.air.dense.thermo import (
    AIR_CP_J_KG_K,
    AIR_MOLAR_MASS_KG_MOL,
    GRID_K,
    T_REF_K,
    Condensable,
    State,
    condensable,
    integral,
    read,
    water,
)
from models.substances.table import substance
from twin.core.geometry import FloatArray, frozen
from twin.core.units import GAS_CONSTANT_J_MOL_K

TORR_PA = 101_325.0 / 760.0
# molecules in the ring, A and B of log10(pn / p1^n) = -A + B/T with pressures in torr
OLIGOMERS: tuple[tuple[int, float, float], ...] = ((6, 43.65, 8910.0),)
_COLDEST_K = 150.0  # below, the constants are held: nothing is left in the gas
_MARGULES_12 = -4.0 + 1890.0 / 385.15  # ln of the activity coefficient of HF in much water: this + slope/T
_MARGULES_SLOPE_K = -1890.0
_MARGULES_SKEW = -2.77
_EDGE = 1e-12


def equilibrium_constant(n: int, a: float, b: float, t_k: FloatArray) -> FloatArray:
    """``pn / p1^n`` in Pa^(1-n)."""
    return np.asarray(10.0 ** (-a + b / np.maximum(t_k, _COLDEST_K)) * TORR_PA ** (1 - n), dtype=np.float64)


def association_factor(t_k: float, pressure_pa: float) -> float:
    """Mean number of HF in a molecule of pure vapour: apparent over single molar mass.

    >>> round(association_factor(292.67, 101_325.0), 2)
    3.24
    """
    t, p = np.array([t_k]), np.array([pressure_pa])
    single = _single_pa(t, np.ones(1), np.zeros(1), p)
    particles, units, _ = _rings(single, t)
    return float((single + units)[0] / (single + particles)[0])


def _rings(single_pa: FloatArray, t_k: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Partial pressure of rings, the same counted in HF, and their heat of formation, J/mol times Pa."""
    particles, units, heat = (np.zeros_like(single_pa) for _ in range(3))
    for n, a, b in OLIGOMERS:
        ring = equilibrium_constant(n, a, b, t_k) * single_pa**n
        particles += ring
        units += n * ring
        heat -= b * math.log(10.0) * GAS_CONSTANT_J_MOL_K * ring
    return particles, units, heat


def _single_pa(t_k: FloatArray, hf: FloatArray, others: FloatArray, pressure_pa: FloatArray) -> FloatArray:
    """Partial pressure of single molecules where ``hf`` moles (as single) share the gas with ``others``.

    Root of ``others (p1 + sum n pn) = hf (p - p1 - sum pn)``, a polynomial that rises and is convex:
    Newton from above cannot miss. Pure vapour is ``hf`` = 1, ``others`` = 0.
    """
    constants = [(n, equilibrium_constant(n, a, b, t_k)) for n, a, b in OLIGOMERS]
    right = hf * pressure_pa
    terms = [(1, others + hf)] + [(n, k * (n * others + hf)) for n, k in constants]
    p = np.full_like(right, np.inf)
    for n, factor in terms:
        p = np.minimum(p, (right / np.maximum(factor, 1e-250)) ** (1.0 / n))
    for _ in range(12):
        value = sum((factor * p**n for n, factor in terms), start=-right)
        slope = sum((n * factor * p ** (n - 1) for n, factor in terms), start=np.full_like(p, 1e-300))
        p = np.maximum(p - value / slope, 0.0)
    return p


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Liquid:
    """Over ``GRID_K``: ln of the saturated pressure of single molecules, heat to free one from the liquid."""

    row: Condensable
    ln_single_pa: FloatArray
    freed_j_mol: FloatArray


@lru_cache(maxsize=1)
def _liquid() -> _Liquid:
    """From the boiling point outwards with the liquid's heat capacity, so that no slope is taken twice."""
    data = substance("hf")
    row = condensable(data)
    boiling = np.array([data.boiling_k - 0.5, data.boiling_k, data.boiling_k + 0.5])
    ln_boiling = np.log(_single_pa(boiling, np.ones(3), np.zeros(3), data.vapour_pressure_pa(boiling)))
    freed_boiling = GAS_CONSTANT_J_MOL_K * boiling[1] ** 2 * float(ln_boiling[2] - ln_boiling[0])
    taken = integral(data.gas_cp_j_kg_k(GRID_K) - data.liquid_cp_j_kg_k(GRID_K)) * row.molar_mass_kg_mol
    freed = freed_boiling + taken - np.interp(boiling[1], GRID_K, taken)
    slope = freed / (GAS_CONSTANT_J_MOL_K * GRID_K**2)
    ln_single = np.concatenate([[0.0], np.cumsum(0.5 * (slope[1:] + slope[:-1]) * np.diff(GRID_K))])
    ln_single += ln_boiling[1] - np.interp(boiling[1], GRID_K, ln_single)
    return _Liquid(row=row, ln_single_pa=frozen(ln_single), freed_j_mol=frozen(freed))


def activities(x: FloatArray, t_k: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Activities (gamma times mole fraction) of HF and of water in the acid of mole fraction ``x`` of HF."""
    a12 = _MARGULES_12 + _MARGULES_SLOPE_K / t_k
    y = 1.0 - x
    hf = x * np.exp(y * y * (a12 + 2.0 * _MARGULES_SKEW * x))
    damp = y * np.exp(x * x * (a12 + _MARGULES_SKEW - 2.0 * _MARGULES_SKEW * y))
    return np.asarray(hf, dtype=np.float64), np.asarray(damp, dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HfEquilibrium:
    """Phases of HF, water and dry air: associated vapour over droplets of acid."""

    pressure_pa: float

    @property
    def molar_mass_kg_mol(self) -> float:
        """Of the single molecule."""
        return _liquid().row.molar_mass_kg_mol

    def at(self, t_k: FloatArray, substance: FloatArray, water_mass: FloatArray) -> State:
        """State at temperatures for mass fractions of HF and of water; the rest is dry air."""
        hf = substance / self.molar_mass_kg_mol
        damp = water_mass / water().molar_mass_kg_mol
        air = np.maximum(1.0 - substance - water_mass, 0.0) / AIR_MOLAR_MASS_KG_MOL
        drops = self._drops(t_k, hf, damp, air)
        return self._state(t_k, (hf, damp, air), drops)

    def source_enthalpy_j_kg(
        self, t_k: float, liquid_fraction: float, substance: float, water_mass: float
    ) -> float:
        """Enthalpy of a source whose liquid fraction is given; its gas is associated, its water vapour."""
        t = np.array([t_k])
        hf = np.array([substance / self.molar_mass_kg_mol])
        damp = np.array([water_mass / water().molar_mass_kg_mol])
        air = np.array([max(1.0 - substance - water_mass, 0.0) / AIR_MOLAR_MASS_KG_MOL])
        drops = (liquid_fraction * hf, np.zeros(1))
        return float(self._state(t, (hf, damp, air), drops).enthalpy_j_kg[0])

    def _drops(
        self, t_k: FloatArray, hf: FloatArray, damp: FloatArray, air: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Moles of HF and of water in the acid; zero where none is left."""

        def left(x: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
            single, damp_pa = self._over(x, t_k)
            particles, units, _ = _rings(single, t_k)
            dry = self.pressure_pa - single - particles - damp_pa
            scale = air / np.maximum(dry, 1e-9 * self.pressure_pa)
            return hf - scale * (single + units), damp - scale * damp_pa, dry

        def unlike(x: FloatArray) -> FloatArray:
            acid, drops, _ = left(x)
            return x * drops - (1.0 - x) * acid

        low, high = bracketed(unlike, np.full_like(hf, _EDGE), np.full_like(hf, 1.0 - _EDGE), relative=1e-13)
        acid, drops, dry = left(0.5 * (low + high))
        wet = (acid + drops > 0.0) & (dry > 0.0)
        return (
            np.where(wet, np.clip(acid, 0.0, hf), 0.0),
            np.where(wet, np.clip(drops, 0.0, damp), 0.0),
        )

    def _over(self, x: FloatArray, t_k: FloatArray) -> tuple[FloatArray, FloatArray]:
        hf, damp = activities(x, t_k)
        return hf * np.exp(read(_liquid().ln_single_pa, t_k)), damp * water().saturation_pa(t_k)

    def _state(
        self,
        t_k: FloatArray,
        moles: tuple[FloatArray, FloatArray, FloatArray],
        drops: tuple[FloatArray, FloatArray],
    ) -> State:
        (hf, damp, air), (acid, drop) = moles, drops
        mass, damp_mass = self.molar_mass_kg_mol, water().molar_mass_kg_mol
        others = air + damp - drop
        single = _single_pa(t_k, hf - acid, others, np.full_like(t_k, self.pressure_pa))
        particles, units, heat = _rings(single, t_k)
        counted = single + units
        part = np.where(counted > 0.0, (hf - acid) / np.where(counted > 0.0, counted, 1.0), 0.0)
        gas = others + part * (single + particles)
        wet = np.maximum(acid + drop, 1e-300)
        mixing = GAS_CONSTANT_J_MOL_K * _MARGULES_SLOPE_K * acid * drop / wet
        enthalpy = hf * mass * _liquid().row.gas_enthalpy_j_kg(t_k) + part * heat
        enthalpy = enthalpy - acid * read(_liquid().freed_j_mol, t_k) + mixing
        enthalpy = enthalpy + damp_mass * damp * water().gas_enthalpy_j_kg(t_k)
        enthalpy = enthalpy - damp_mass * drop * water().vaporisation_j_kg(t_k)
        enthalpy = enthalpy + air * AIR_MOLAR_MASS_KG_MOL * AIR_CP_J_KG_K * (t_k - T_REF_K)
        volume = (
            gas * GAS_CONSTANT_J_MOL_K * t_k / self.pressure_pa + (acid * mass + drop * damp_mass) / 1000.0
        )
        return State(
            temperature_k=t_k,
            gas_mol=gas,
            liquid=acid * mass,
            liquid_water=drop * damp_mass,
            enthalpy_j_kg=enthalpy,
            specific_volume_m3_kg=volume,
        )
