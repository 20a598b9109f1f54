"""Heat that a cold layer takes from the ground.

Forced: ``rho c_p C |u| (T_g - T)`` with the drag coefficient C of the layer (Reynolds's analogy); free:
``0.14 lambda (Pr g dT / (T nu^2))^(1/3) dT``, the turbulent law of a heated plate, which is
``1.6 dT^(4/3)`` W/m2 for air (both as in DEGADIS, Havens and Spicer 1985). The larger counts. The heat is
carried as a quantity of its own beside the mixing line, whose temperature and density it shifts; what
would first evaporate droplets is taken as warming, so an aerosol is warmed a little too fast.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from models.air.dense.arrays import Array, Arrays
from models.air.dense.riemann import EXCESS, FRACTION, HEAT
from twin.core.geometry import FloatArray

_FREE_W_M2_K43 = 1.6
_CP_J_KG_K = 1005.0
_ENTRIES = 4096


@runtime_checkable
class Warm(Protocol):
    """A mixing line that knows its temperature."""

    def density(self, mass_fraction: FloatArray) -> FloatArray:
        """Density, kg/m3."""
        ...

    def temperature(self, mass_fraction: FloatArray) -> FloatArray:
        """Temperature, K."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GroundHeat:
    """Heat from ground at ``ground_k``; ``deficit_k`` is how much colder than it the mixing line is."""

    ground_k: float
    air_density_kg_m3: float
    deficit_k: Array
    library: Arrays
    cp_j_kg_k: float = _CP_J_KG_K

    def cold_k(self, fraction: Array, heat_j_kg: Array) -> Array:
        """Ground temperature minus the layer's, not below zero."""
        xp = self.library.xp
        place = self.library.index(xp.sqrt(fraction) * (_ENTRIES - 1) + 0.5)
        return xp.clip(xp.take(self.deficit_k, place) - heat_j_kg * (1.0 / self.cp_j_kg_k), min=0.0)

    def lightened(self, excess: Array, heat_j_kg: Array, air_density_kg_m3: float, xp: Any) -> Array:
        """Density excess of a mixture that has been warmed at constant pressure, not below zero."""
        warmth = heat_j_kg * (1.0 / (self.cp_j_kg_k * self.ground_k))
        return xp.clip((excess + air_density_kg_m3) / (1.0 + warmth) - air_density_kg_m3, min=0.0)

    def given_j_m2_s(self, primitive: Array, drag: Array, speed: Array, xp: Any) -> Array:
        """Heat flux into the layer, W/m2."""
        cold = self.cold_k(primitive[FRACTION], primitive[HEAT])
        density = primitive[EXCESS] + self.air_density_kg_m3
        forced = self.cp_j_kg_k * density * drag * speed
        return xp.maximum(forced, _FREE_W_M2_K43 * cold ** (1.0 / 3.0)) * cold


def ground_heat(mixture: Warm, ground_k: float, library: Arrays) -> GroundHeat:
    """Heat exchange with ground of a temperature for one mixing line."""
    fraction = np.linspace(0.0, 1.0, _ENTRIES) ** 2
    deficit = np.maximum(ground_k - np.asarray(mixture.temperature(fraction)), 0.0)
    return GroundHeat(
        ground_k=ground_k,
        air_density_kg_m3=float(np.asarray(mixture.density(np.zeros(1)))[0]),
        deficit_k=library.put(deficit),
        library=library,
    )
