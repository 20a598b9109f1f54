"""What transport remembers between steps, and what has moved since the start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from models.water.result import MassRow
from twin.core.geometry import FloatArray

Moved = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TransportState:
    """Masses of every species in every cell, arrays (species, nl, nr, nc) in kg that are never written again.

    ``mobile_kg`` dissolved and, in equilibrium, sorbed; ``kinetic_kg`` sorbed by a rate; ``immobile_kg`` in
    immobile water; ``dry_kg`` left above a water table that fell. ``kinetic_kg`` and ``immobile_kg`` have no
    layers where no species needs them. ``conc_kg_m3`` of the mobile water, NaN in inactive and dry cells.
    ``water_m3`` mobile water of every cell (nl, nr, nc) at ``saturation``. ``settled`` False: no flow has
    been seen yet. ``start_kg`` (species,) and ``moved_kg`` (in, out) by number and name close the balance.
    """

    conc_kg_m3: FloatArray
    mobile_kg: FloatArray
    kinetic_kg: FloatArray
    immobile_kg: FloatArray
    dry_kg: FloatArray
    water_m3: FloatArray
    saturation: FloatArray
    settled: bool
    start_kg: FloatArray
    moved_kg: Mapping[tuple[int, str], Moved]

    @property
    def mass_kg(self) -> FloatArray:
        """Mass of every species (species,): dissolved, sorbed, immobile and left dry."""
        parts = (self.mobile_kg, self.kinetic_kg, self.immobile_kg, self.dry_kg)
        return np.asarray(sum(part.sum(axis=(1, 2, 3)) for part in parts), dtype=np.float64)


class Ledger:
    """Mass in and out since the start, by species and name."""

    def __init__(self, moved: Mapping[tuple[int, str], Moved]) -> None:
        self._moved = dict(moved)

    def book(self, species: int, name: str, in_kg: float = 0.0, out_kg: float = 0.0) -> None:
        """Add to a row; negative amounts change sides."""
        before = self._moved.get((species, name), (0.0, 0.0))
        gain = max(in_kg, 0.0) + max(-out_kg, 0.0)
        loss = max(out_kg, 0.0) + max(-in_kg, 0.0)
        self._moved[species, name] = (before[0] + gain, before[1] + loss)

    @property
    def moved(self) -> dict[tuple[int, str], Moved]:
        """All rows as a state keeps them."""
        return dict(self._moved)

    def rows(self, names: tuple[str, ...]) -> tuple[MassRow, ...]:
        """Rows of species called ``names``, in the order they first moved something."""
        return tuple(
            MassRow(species=names[species], name=name, in_kg=moved[0], out_kg=moved[1])
            for (species, name), moved in self._moved.items()
        )

    def net_kg(self, species: int) -> tuple[float, float]:
        """(in, out) of a species, all rows."""
        rows = [moved for (of, _), moved in self._moved.items() if of == species]
        return sum(row[0] for row in rows), sum(row[1] for row in rows)
