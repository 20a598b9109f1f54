"""What the layer asks of a mixture of the substance with air, and the fast table made of it.

``models.air.dense.table.MixtureTable`` answers the protocol with thermodynamics; ``IdealMixture`` is the
isothermal mixture of two ideal gases, for tests and for gases at the temperature of the air.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from models.air.dense.arrays import Array, Arrays
from twin.core.geometry import FloatArray

GRAVITY_M_S2 = 9.81
_ENTRIES = 4096


class Mixture(Protocol):
    """Adiabatic mixing line: density of the mixture against the mass fraction of the substance."""

    def density(self, mass_fraction: FloatArray) -> FloatArray:
        """Density, kg/m3, of mixtures with ``mass_fraction`` of substance (0 is the air itself)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class IdealMixture:
    """Two ideal gases at one temperature and pressure: volumes add."""

    gas_density_kg_m3: float
    air_density_kg_m3: float = 1.2

    def density(self, mass_fraction: FloatArray) -> FloatArray:
        """Density of the mixture, kg/m3."""
        volume = mass_fraction / self.gas_density_kg_m3 + (1.0 - mass_fraction) / self.air_density_kg_m3
        return np.asarray(1.0 / volume, dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExcessTable:
    """Density over that of the air, looked up by the root of the mass fraction in equal steps.

    The excess never counts as negative in the layer: a mixture lighter than air does not flow as a layer;
    ``lightest_kg_m3`` is the least excess of the line, so that a caller can say so.
    """

    air_density_kg_m3: float
    lightest_kg_m3: float
    _values: Array
    _steps: Array
    _arrays: Arrays

    def excess_kg_m3(self, mass_fraction: Array) -> Array:
        """Density excess, not below zero, for mass fractions from 0 to 1."""
        xp = self._arrays.xp
        place = xp.sqrt(mass_fraction) * (_ENTRIES - 1)
        below = xp.floor(place)
        at = self._arrays.index(below)
        return xp.take(self._values, at) + (place - below) * xp.take(self._steps, at)


def excess_table(mixture: Mixture, library: Arrays) -> ExcessTable:
    """Table of a mixing line for one array library; linear between 4096 entries."""
    fraction = np.linspace(0.0, 1.0, _ENTRIES) ** 2
    density = np.asarray(mixture.density(fraction), dtype=np.float64)
    excess = density - density[0]
    return ExcessTable(
        air_density_kg_m3=float(density[0]),
        lightest_kg_m3=float(excess.min()),
        _values=library.put(np.maximum(excess, 0.0)),
        _steps=library.put(np.diff(np.maximum(excess, 0.0), append=max(float(excess[-1]), 0.0))),
        _arrays=library,
    )
