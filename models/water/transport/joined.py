"""Exchange much faster than a substep: the phases move as one, in equilibrium, and are parted after it.

Splitting fast exchange from moving loses its order (Sportisse, 2000, J. Comput. Phys. 161, 140); the limit is
known, and it is what sorption in equilibrium does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from models.water.transport.cargo import Cargo
from models.water.transport.isotherm import conc_of
from models.water.transport.load import Load, solid_kg
from models.water.transport.patch import Patch
from twin.core.geometry import FloatArray

FAST = 4.0  # rate times substep from which on phases count as one
FINE = 0.5  # the same up to which splitting is exact enough


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Joined:
    """A species as it moves.

    ``cargo`` with the law of all phases that move as one, ``mass_kg`` their sum (the load's own array where
    nothing is joined), ``still_m3`` immobile water that counts as mobile (None: none).
    """

    cargo: Cargo
    mass_kg: FloatArray
    still_m3: FloatArray | None
    by_rate: bool

    def water(self, water_m3: FloatArray) -> FloatArray:
        """Water that holds the mass."""
        return water_m3 if self.still_m3 is None else water_m3 + self.still_m3

    def part(self, load: Load, patch: Patch, water_m3: FloatArray, own: Cargo) -> None:
        """Write the phases back, in equilibrium; the sum is kept."""
        if self.still_m3 is None and not self.by_rate:
            return
        total = self.mass_kg
        solid = solid_kg(patch, self.cargo.law)
        conc = np.maximum(conc_of(total, self.water(water_m3), solid, self.cargo.law), 0.0)
        near = water_m3 * conc + solid * own.law.sorbed_kg_kg(conc)
        mobile = np.where(total > 0.0, np.minimum(near, total), total)
        load.mobile_kg[own.number] = mobile
        rest = total - mobile
        if self.still_m3 is not None and self.by_rate:
            still = np.minimum(self.still_m3 * conc, rest)
            load.immobile_kg[own.number] = still
            load.kinetic_kg[own.number] = rest - still
        elif self.still_m3 is not None:
            load.immobile_kg[own.number] = rest
        else:
            load.kinetic_kg[own.number] = rest


def joined(load: Load, patch: Patch, own: Cargo, h: float) -> Joined:
    """What of a species moves as one in a substep of ``h`` seconds."""
    by_rate = bool(own.slow.code) and own.exchange_1_s[0] * h >= FAST
    dual = own.exchange_1_s[1] * h >= FAST
    mass = load.mobile_kg[own.number]
    still: FloatArray | None = None
    if dual and own.dual is not None:
        still = patch.bulk_m3 * own.dual.porosity
        mass = mass + load.immobile_kg[own.number]
    if by_rate:
        mass = mass + load.kinetic_kg[own.number]
    law = own.slow if by_rate else own.law
    return Joined(cargo=replace(own, law=law), mass_kg=mass, still_m3=still, by_rate=by_rate)
