"""The mixing line: what one source state becomes while one ambient air mixes in, without loss of heat.

Every dense-gas model reads density and temperature from this table instead of solving equilibria.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from models.air.dense.hf import HfEquilibrium
from models.air.dense.thermo import (
    AIR_CP_J_KG_K,
    AIR_MOLAR_MASS_KG_MOL,
    T_REF_K,
    WATER_MOLAR_MASS_KG_MOL,
    ApartEquilibrium,
    Condensable,
    Equilibrium,
    State,
    adiabatic,
    condensable,
    water,
    water_of_air,
)
from models.substances.table import substance
from models.term import Ambient
from twin.core.errors import SolverError
from twin.core.geometry import FloatArray, frozen
from twin.core.units import GAS_CONSTANT_J_MOL_K

NODES = 512
_LEAST = 1e-7  # mass fraction of the first node after clean air


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MixtureTable:
    """Adiabatic mixing line of one source state with one ambient air. All arrays (n,), n about 512.

    ``mass_fraction`` of the total substance (vapour and droplets) rises from 0, clean air, to that of the
    source; ``mole_fraction`` counts the substance as single molecules, which is what ppm means;
    ``liquid_fraction`` is the condensed part of the substance, ``fog_fraction`` condensed water per mass of
    mixture; ``molar_mass_kg_mol`` is density times RT/p: what an ideal gas of this density would have;
    ``enthalpy_j_kg`` counts from the gases at 298.15 K and is linear in ``mass_fraction``. ``water_fraction``
    is the mass of vapour per mass of the clean air.
    """

    substance_id: str
    pressure_pa: float
    substance_molar_mass_kg_mol: float
    water_fraction: float
    mass_fraction: FloatArray
    density_kg_m3: FloatArray
    temperature_k: FloatArray
    enthalpy_j_kg: FloatArray
    mole_fraction: FloatArray
    liquid_fraction: FloatArray
    fog_fraction: FloatArray
    molar_mass_kg_mol: FloatArray
    conc_kg_m3: FloatArray

    @property
    def ambient_density_kg_m3(self) -> float:
        """Density of the clean air."""
        return float(self.density_kg_m3[0])

    def density(self, mass_fraction: npt.ArrayLike) -> FloatArray:
        """Density, kg/m3, linear in specific volume; beyond the source its own."""
        return np.asarray(
            1.0 / np.interp(_array(mass_fraction), self.mass_fraction, 1.0 / self.density_kg_m3),
            dtype=np.float64,
        )

    def temperature(self, mass_fraction: npt.ArrayLike) -> FloatArray:
        """Temperature, K."""
        return np.interp(_array(mass_fraction), self.mass_fraction, self.temperature_k)

    def mass_fraction_of(self, conc_kg_m3: npt.ArrayLike) -> FloatArray:
        """Mass fraction at a mass concentration of the substance; beyond the source that of the source."""
        c = _array(conc_kg_m3)
        last = self.conc_kg_m3.size - 2
        i = np.clip(np.searchsorted(self.conc_kg_m3, c, side="right") - 1, 0, last)
        # between nodes the specific volume v is linear in the fraction m, and c v = m
        m0, m1 = self.mass_fraction[i], self.mass_fraction[i + 1]
        v0, v1 = 1.0 / self.density_kg_m3[i], 1.0 / self.density_kg_m3[i + 1]
        slope = (v1 - v0) / (m1 - m0)
        m = c * (v0 - slope * m0) / (1.0 - c * slope)
        return np.asarray(np.clip(m, 0.0, self.mass_fraction[-1]), dtype=np.float64)

    def ppm_of(self, conc_kg_m3: npt.ArrayLike) -> FloatArray:
        """Volume fraction in ppm of the local mixture, the substance counted as single molecules."""
        m = self.mass_fraction_of(conc_kg_m3)
        return np.asarray(1e6 * np.interp(m, self.mass_fraction, self.mole_fraction), dtype=np.float64)

    def conc_of_ppm(self, ppm: npt.ArrayLike) -> FloatArray:
        """Mass concentration, kg/m3, at a volume fraction in ppm of the local mixture."""
        m = np.interp(_array(ppm) * 1e-6, self.mole_fraction, self.mass_fraction)
        return np.asarray(m * self.density(m), dtype=np.float64)


def mixture_table(
    substance_id: str,
    source_temperature_k: float,
    liquid_fraction: float,
    ambient: Ambient,
    air_fraction: float = 0.0,
) -> MixtureTable:
    """Mixing line of a substance; tables are kept, so that asking again costs nothing.

    ``source_temperature_k`` and ``liquid_fraction`` (droplets over substance, 0 to 1) hold after expansion to
    ambient pressure, with ``air_fraction`` (mass of air over the whole) already mixed in. Of the ambient, the
    temperature, humidity and pressure count. Raises SolverError for numbers out of range, and what
    ``models.substances`` raises for an unknown id.
    """
    _checked("liquid_fraction", liquid_fraction, 0.0, 1.0)
    _checked("air_fraction", air_fraction, 0.0, 0.999)
    _checked("source_temperature_k", source_temperature_k, 70.0, 700.0)
    _checked("temperature_k", ambient.temperature_k, 200.0, 340.0)
    _checked("relative_humidity_fraction", ambient.relative_humidity_fraction, 0.0, 1.0)
    _checked("pressure_pa", ambient.pressure_pa, 4e4, 1.2e5)
    return _made(
        substance_id,
        (float(source_temperature_k), float(liquid_fraction), float(air_fraction)),
        (ambient.temperature_k, ambient.relative_humidity_fraction, ambient.pressure_pa),
    )


@lru_cache(maxsize=64)
def _made(
    substance_id: str, source: tuple[float, float, float], air: tuple[float, float, float]
) -> MixtureTable:
    phases = phases_of(substance_id, air[2])
    return line(substance_id, _row(substance_id).molar_mass_kg_mol, phases, source, air)


def phases_of(substance_id: str, pressure_pa: float) -> Equilibrium:
    """Equilibrium of a substance with water and air: droplets of acid for HF, apart from water else."""
    if substance(substance_id).id == "hf":
        return HfEquilibrium(pressure_pa=pressure_pa)
    return ApartEquilibrium(row=_row(substance_id), pressure_pa=pressure_pa)


def line_cache_clear() -> None:
    """Forget all kept lines, to measure what one costs."""
    _made.cache_clear()


@lru_cache(maxsize=64)
def _row(substance_id: str) -> Condensable:
    return condensable(substance(substance_id))


def line(
    substance_id: str,
    molar_mass_kg_mol: float,
    phases: Equilibrium,
    source: tuple[float, float, float],
    ambient: tuple[float, float, float],
) -> MixtureTable:
    """Mixing line by any equilibrium.

    ``source`` = temperature K, liquid fraction, air fraction; ``ambient`` = temperature K, relative humidity,
    pressure Pa.
    """
    source_k, liquid, air = source
    ambient_k, humidity, p_pa = ambient
    damp = water_of_air(ambient_k, humidity, p_pa)
    last = 1.0 - air
    m = np.concatenate([[0.0], np.geomspace(_LEAST, last, NODES - 1)])
    w = damp * (1.0 - m)
    start = phases.source_enthalpy_j_kg(source_k, liquid, last, damp * air)
    if air > 0.0:  # what fog the air that is in it already has at its temperature
        at = phases.at(np.array([source_k]), np.array([last]), np.array([damp * air]))
        start -= float(at.liquid_water[0] * water().vaporisation_j_kg(np.array([source_k]))[0])
    clean = (1.0 - damp) * AIR_CP_J_KG_K * (ambient_k - T_REF_K)
    clean += damp * float(water().gas_enthalpy_j_kg(np.array([ambient_k]))[0])
    h = clean + (start - clean) * m / last
    return _table(substance_id, molar_mass_kg_mol, p_pa, m, w, adiabatic(phases, m, w, h))


def _table(
    substance_id: str, molar_mass: float, p_pa: float, m: FloatArray, w: FloatArray, state: State
) -> MixtureTable:
    single = m / molar_mass
    others = w / WATER_MOLAR_MASS_KG_MOL + (1.0 - m - w) / AIR_MOLAR_MASS_KG_MOL
    density = 1.0 / state.specific_volume_m3_kg
    return MixtureTable(
        substance_id=substance_id,
        pressure_pa=p_pa,
        substance_molar_mass_kg_mol=molar_mass,
        water_fraction=float(w[0]),
        mass_fraction=frozen(m),
        density_kg_m3=frozen(density),
        temperature_k=frozen(state.temperature_k),
        enthalpy_j_kg=frozen(state.enthalpy_j_kg),
        mole_fraction=frozen(single / (single + others)),
        liquid_fraction=frozen(np.where(m > 0.0, state.liquid / np.maximum(m, 1e-30), 0.0)),
        fog_fraction=frozen(state.liquid_water),
        molar_mass_kg_mol=frozen(density * GAS_CONSTANT_J_MOL_K * state.temperature_k / p_pa),
        conc_kg_m3=frozen(m * density),
    )


def _array(values: npt.ArrayLike) -> FloatArray:
    return np.asarray(values, dtype=np.float64)


def _checked(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        msg = f"{name} is {value:g}; expected {low:g} to {high:g}"
        raise SolverError(
            msg, message_zh=f"{name} 为 {value:g}；应在 {low:g} 至 {high:g} 之间", field=name, value=value
        )
