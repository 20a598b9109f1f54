"""Masses of all species in a window while a step is under way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.water.transport.body import Body
from models.water.transport.isotherm import Isotherm
from models.water.transport.patch import Patch
from models.water.transport.state import TransportState
from models.water.transport.window import Box
from twin.core.geometry import FloatArray


@dataclass(slots=True, kw_only=True, eq=False)
class Whole:
    """Copies of a state's masses, whole grid, that a step writes."""

    mobile_kg: FloatArray
    kinetic_kg: FloatArray
    immobile_kg: FloatArray
    dry_kg: FloatArray


def copied(state: TransportState) -> Whole:
    """Masses of a state to be written."""
    return Whole(
        mobile_kg=state.mobile_kg.copy(),
        kinetic_kg=state.kinetic_kg.copy(),
        immobile_kg=state.immobile_kg.copy(),
        dry_kg=state.dry_kg.copy(),
    )


@dataclass(slots=True, kw_only=True, eq=False)
class Load:
    """Masses of all species in a window (species, ...); without layers where no species needs a kind."""

    mobile_kg: FloatArray
    kinetic_kg: FloatArray
    immobile_kg: FloatArray


def taken(whole: Whole, box: Box) -> Load:
    """Cut a window out."""
    return Load(
        mobile_kg=_cut(whole.mobile_kg, box),
        kinetic_kg=_cut(whole.kinetic_kg, box),
        immobile_kg=_cut(whole.immobile_kg, box),
    )


def put_back(load: Load, whole: Whole, box: Box) -> None:
    """Write a window's masses where they came from."""
    whole.mobile_kg[:, *box.slices] = load.mobile_kg
    if whole.kinetic_kg.size:
        whole.kinetic_kg[:, *box.slices] = load.kinetic_kg
    if whole.immobile_kg.size:
        whole.immobile_kg[:, *box.slices] = load.immobile_kg


def thickness_of(
    masses: FloatArray, kinetic: FloatArray, immobile: FloatArray, pore_m3: FloatArray
) -> FloatArray:
    """All that is in a cell over its pores, kg/m3, (species, ...): what the window follows."""
    total = masses if not kinetic.size else masses + kinetic
    total = total if not immobile.size else total + immobile
    return np.asarray(total / pore_m3, dtype=np.float64)


def solid_kg(patch: Patch, law: Isotherm) -> FloatArray:
    """Wetted solids of the window for a species."""
    return patch.solid_m3 * law.bulk_density_kg_m3


def empty(body: Body) -> tuple[FloatArray, FloatArray]:
    """Kinetic and immobile masses of nothing: arrays without layers where no species needs them."""
    slow = any(row.slow.code for row in body.cargo)
    dual = any(row.dual is not None for row in body.cargo)
    none = (len(body.cargo), 0, 0, 0)
    full = (len(body.cargo), *body.grid.shape)
    return np.zeros(full if slow else none), np.zeros(full if dual else none)


def _cut(values: FloatArray, box: Box) -> FloatArray:
    return values[:, *box.slices].copy() if values.size else values
