"""What heat from the ground does to a mixture: it frees droplets and breaks rings before it warms.

Beside the mixing line lie lines of the same mixtures that have taken shares of the heat which brings them to
the temperature of the air, each in equilibrium (homogeneous, as the line itself). Between them temperature
and specific volume are linear in the heat; beyond, the mixture warms as air does. A mixture that carries a
few per cent of hydrogen fluoride or of droplets takes up to several times the heat that as much air would
take for the same warming.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from models.air.dense.table import MixtureTable, phases_of
from models.air.dense.thermo import AIR_CP_J_KG_K, adiabatic
from twin.core.geometry import FloatArray

_PARTS = (0.4, 0.7, 0.85, 1.0)
_EVERY, _DENSE = 10, 24  # of the mixing line every tenth node, near the source every one


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WarmLines:
    """Rows: heat (J per kg of mixture), temperature K and specific volume m3/kg; columns: mass fractions."""

    mass_fraction: list[float]
    heat_j_kg: list[list[float]]
    temperature_k: list[list[float]]
    volume_m3_kg: list[list[float]]

    def state(self, mass_fraction: float, heat_j_kg: float) -> tuple[float, float]:
        """Temperature and density of a mixture that has taken heat."""
        last = len(self.mass_fraction) - 2
        i = min(max(bisect_right(self.mass_fraction, mass_fraction) - 1, 0), last)
        low, high = self.mass_fraction[i], self.mass_fraction[i + 1]
        part = min(max((mass_fraction - low) / (high - low), 0.0), 1.0)

        def at(rows: list[list[float]], k: int) -> float:
            return rows[k][i] + part * (rows[k][i + 1] - rows[k][i])

        k = 1
        while k < len(_PARTS) and at(self.heat_j_kg, k) < heat_j_kg:
            k += 1
        before, after = at(self.heat_j_kg, k - 1), at(self.heat_j_kg, k)
        along = min((heat_j_kg - before) / (after - before), 1.0) if after > before else 1.0
        cold, warm = at(self.temperature_k, k - 1), at(self.temperature_k, k)
        thin, wide = at(self.volume_m3_kg, k - 1), at(self.volume_m3_kg, k)
        temperature, volume = cold + along * (warm - cold), thin + along * (wide - thin)
        more = max(heat_j_kg - max(after, 0.0), 0.0) / AIR_CP_J_KG_K
        return temperature + more, 1.0 / (volume * (1.0 + more / temperature))


@lru_cache(maxsize=64)
def warm_lines(table: MixtureTable) -> WarmLines:
    """Lines of warmed mixtures of a mixing line; kept, so that asking again costs nothing."""
    phases = phases_of(table.substance_id, table.pressure_pa)
    count = table.mass_fraction.size
    nodes = np.append(np.arange(0, count - _DENSE, _EVERY), np.arange(count - _DENSE, count))
    m, h = table.mass_fraction[nodes], table.enthalpy_j_kg[nodes]
    w = table.water_fraction * (1.0 - m)
    air_k = float(table.temperature_k[0])
    warm = phases.at(np.full_like(m, air_k), m, w)
    whole = np.maximum(warm.enthalpy_j_kg - h, 0.0)  # what is warmer than the air takes none
    heats: list[FloatArray] = [np.zeros_like(m)]
    kelvins: list[FloatArray] = [table.temperature_k[nodes]]
    volumes: list[FloatArray] = [1.0 / table.density_kg_m3[nodes]]
    for share in _PARTS[:-1]:
        state = adiabatic(phases, m, w, h + share * whole)
        heats.append(share * whole)
        kelvins.append(state.temperature_k)
        volumes.append(state.specific_volume_m3_kg)
    heats.append(whole)
    kelvins.append(np.where(whole > 0.0, air_k, kelvins[0]))
    volumes.append(np.where(whole > 0.0, warm.specific_volume_m3_kg, volumes[0]))
    return WarmLines(
        mass_fraction=m.tolist(),
        heat_j_kg=[row.tolist() for row in heats],
        temperature_k=[row.tolist() for row in kelvins],
        volume_m3_kg=[row.tolist() for row in volumes],
    )
