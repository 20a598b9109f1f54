"""What a source term hands over: clouds to be carried away, and the book of masses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.limits import Outside
from models.term import SourceTerm
from twin.core.geometry import FloatArray
from twin.core.text import Text


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Balance:
    """Masses in kg since the start at ``times_s`` (n + 1,); all arrays the same shape.

    ``discharged`` left the vessel = ``vapour`` + ``aerosol`` in the air + ``evaporated`` from the pool +
    ``removed`` by mitigation + ``pool`` still on the ground. What rained out is evaporated + pool.
    """

    times_s: FloatArray
    discharged_kg: FloatArray
    vapour_kg: FloatArray
    aerosol_kg: FloatArray
    evaporated_kg: FloatArray
    removed_kg: FloatArray
    pool_kg: FloatArray

    @property
    def rained_kg(self) -> FloatArray:
        """Mass that has fallen out of the jet (or was spilt) onto the ground."""
        return np.asarray(self.evaporated_kg + self.pool_kg)

    @property
    def error_fraction(self) -> float:
        """Largest difference between the two sides, over the mass discharged at the end."""
        accounted = self.vapour_kg + self.aerosol_kg + self.evaporated_kg + self.removed_kg + self.pool_kg
        total = max(float(self.discharged_kg[-1]), 1e-300)
        return float(np.max(np.abs(accounted - self.discharged_kg))) / total


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outcome:
    """Result of a source model: ``jet`` (or vent, cloud) and ``pool``, either may be missing.

    ``outside``: limits that the inputs broke; their notes stand in the notes of the terms too.
    """

    jet: SourceTerm | None
    pool: SourceTerm | None
    balance: Balance
    outside: tuple[Outside, ...] = ()
    notes: tuple[Text, ...] = ()

    @property
    def terms(self) -> tuple[SourceTerm, ...]:
        """All terms that put something into the air, for a dispersion model."""
        return tuple(term for term in (self.jet, self.pool) if term is not None and term.mass_kg > 0.0)


def note_of(found: Outside) -> Text:
    """Broken limit as a note for people."""
    return Text(zh=f"{found.limit.why.zh}（{found.note}）", en=f"{found.limit.why.en} ({found.note})")
