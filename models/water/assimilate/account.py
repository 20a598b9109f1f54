"""Budgets of an ensemble: medians over its members, term by term, and mass that outlives corrections.

A correction by readings makes and takes mass, and a member's own balance counts anew from it. What moved
before is kept here, and what the correction itself brought stands as a term of its own, so that the terms of
every member say where its mass has come from and gone to since the history that it was fitted to began, or
since it was restored. Medians of terms need not add up.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from models.water.model import WaterModel
from models.water.result import BudgetRow, MassRow
from twin.core.geometry import FloatArray

CORRECTION = "assimilation"
Term = tuple[int, str]


@dataclass(slots=True)
class Account:
    """Mass, kg, that members moved before their last correction: (2, members) by species and term."""

    _kept: dict[Term, FloatArray] = field(default_factory=dict)
    _mass_kg: FloatArray | None = None

    def hold(self, models: Sequence[WaterModel]) -> None:
        """Keep what has moved so far; right before members are corrected."""
        self._kept, self._mass_kg = self._moved(models), _mass(models)

    def corrected(self, models: Sequence[WaterModel]) -> None:
        """Count what the correction brought; right after it."""
        if self._mass_kg is None:
            return
        gain = _mass(models) - self._mass_kg
        for n, row in enumerate(gain):
            term = n, CORRECTION
            before = self._kept.get(term, np.zeros((2, len(models))))
            self._kept[term] = before + np.stack([np.maximum(row, 0.0), np.maximum(-row, 0.0)])

    def rows(self, models: Sequence[WaterModel]) -> tuple[MassRow, ...]:
        """Medians over the members; empty where nothing travels."""
        transport = models[0].problem.transport
        if transport is None:
            return ()
        return tuple(
            MassRow(species=transport.species[n].id, name=name, in_kg=came, out_kg=went)
            for (n, name), moved in self._moved(models).items()
            for came, went in [np.median(moved, axis=1).tolist()]
        )

    def _moved(self, models: Sequence[WaterModel]) -> dict[Term, FloatArray]:
        found = {term: row.copy() for term, row in self._kept.items()}
        for member, model in enumerate(models):
            carried = model.state().transport
            for term, (came, went) in ({} if carried is None else carried.moved_kg).items():
                row = found.setdefault(term, np.zeros((2, len(models))))
                row[:, member] += came, went
        return found


def median_budget(models: Iterable[WaterModel]) -> tuple[BudgetRow, ...]:
    """Medians of every term of the water budget over the members; a term that a member lacks counts zero."""
    flows = [flow for model in models if (flow := model.state().flow) is not None]
    names = list(dict.fromkeys(row.name for flow in flows for row in flow.budget))
    members = [{row.name: (row.in_m3_s, row.out_m3_s) for row in flow.budget} for flow in flows]
    found = []
    for name in names:
        came, went = np.median([rows.get(name, (0.0, 0.0)) for rows in members], axis=0).tolist()
        found.append(BudgetRow(name=name, in_m3_s=came, out_m3_s=went))
    return tuple(found)


def _mass(models: Sequence[WaterModel]) -> FloatArray:
    """(species, members)."""
    carried = [model.state().transport for model in models]
    return np.stack([np.zeros(0) if row is None else row.mass_kg for row in carried], axis=1)
