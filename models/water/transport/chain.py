"""Decay chains, exactly: what a family of species in linear equilibrium turns into.

Every member decays at the mean of its rates over its phases and makes its daughters; the linear system of a
cell is solved by the exponential of its matrix (Bateman, 1910, Proc. Cambridge Phil. Soc. 15, 423, for any
rates, equal ones included). The matrix is shifted to be nonnegative, so nothing cancels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.water.transport.cargo import Cargo
from models.water.transport.isotherm import LINEAR, NONE
from twin.core.geometry import FloatArray

_SMALL = 0.5
_TERMS = 14
_TURN = 0.05
_MOST_TURNS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Species that make one another, parents first; ``exact``: the exponential solves them."""

    members: tuple[Cargo, ...]
    exact: bool

    @property
    def reacts(self) -> bool:
        """Whether anything happens to a member beside moving."""
        return any(row.reacts for row in self.members)

    def turns(self, h: float) -> int:
        """Parts of ``h`` seconds in which a family that is not exact goes on member by member."""
        if len(self.members) == 1:
            return 1
        fastest = max(row.decay_1_s for row in self.members)
        return int(np.clip(np.ceil(fastest * h / _TURN), 1, _MOST_TURNS))


def families(cargo: Sequence[Cargo]) -> tuple[Family, ...]:
    """The species by descent; ``cargo`` has parents before daughters."""
    root: dict[int, int] = {}
    for row in cargo:
        root[row.number] = row.number if row.parent is None else root[row.parent]
    found = []
    for first in dict.fromkeys(root.values()):
        members = tuple(row for row in cargo if root[row.number] == first)
        found.append(Family(members=members, exact=len(members) > 1 and all(map(_linear, members))))
    return tuple(found)


def rates(family: Family, water: FloatArray, solids: Sequence[FloatArray]) -> FloatArray:
    """Decay of every member (members, cells), 1/s; one column where all cells share it.

    ``water`` (cells,) m3, ``solids`` per member (cells,) kg.
    """
    found = []
    for row, solid in zip(family.members, solids, strict=True):
        dissolved, sorbed = row.rates.decay_1_s, row.rates.decay_sorbed_1_s
        if row.law.code == NONE or dissolved == sorbed:
            found.append(np.full(1, dissolved))
        else:
            share = water / (water + solid * row.law.first_value)
            found.append(sorbed + (dissolved - sorbed) * share)
    return np.stack(np.broadcast_arrays(*found))


def after(family: Family, masses: FloatArray, decay_1_s: FloatArray, h: float) -> FloatArray:
    """Masses (members, cells) after ``h`` seconds at ``decay_1_s`` (members, cells or 1)."""
    matrix = _transfer(family, decay_1_s, h)
    if matrix.shape[-1] == 1:
        return np.asarray(matrix[..., 0] @ masses, dtype=np.float64)
    return np.asarray(np.einsum("ijk,jk->ik", matrix, masses), dtype=np.float64)


def decayed(family: Family, before: FloatArray, now: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Totals (members,) that decayed and that were made between two masses (members, cells)."""
    place = {row.number: at for at, row in enumerate(family.members)}
    change = now.sum(axis=1) - before.sum(axis=1)
    lost, made = np.zeros(len(place)), np.zeros(len(place))
    for at, row in enumerate(family.members):
        if row.parent is not None:
            made[at] = row.yield_kg_kg * lost[place[row.parent]]
        lost[at] = made[at] - change[at]
    return lost, made


def _transfer(family: Family, decay_1_s: FloatArray, h: float) -> FloatArray:
    """Exponential (members, members, cells) of the family's matrix."""
    count = len(family.members)
    place = {row.number: at for at, row in enumerate(family.members)}
    shift = decay_1_s.max(axis=0)
    matrix = np.zeros((count, count, decay_1_s.shape[1]))
    most = 0.0
    for at, row in enumerate(family.members):
        matrix[at, at] = shift - decay_1_s[at]
        if row.parent is not None:
            matrix[at, place[row.parent]] += row.yield_kg_kg * decay_1_s[place[row.parent]]
            most = max(most, row.yield_kg_kg)
    size = float(shift.max()) * h * (1.0 + most)
    halvings = int(np.ceil(np.log2(size / _SMALL))) if size > _SMALL else 0
    step = h / 2**halvings
    matrix *= step
    term = np.repeat(np.eye(count)[:, :, None], matrix.shape[-1], axis=2)
    total = term.copy()
    for n in range(1, _TERMS + count):
        term = np.einsum("ijk,jlk->ilk", term, matrix) / n
        total += term
    total *= np.exp(-shift * step)
    for _ in range(halvings):
        total = np.einsum("ijk,jlk->ilk", total, total)
    return total


def _linear(row: Cargo) -> bool:
    return row.law.code in (NONE, LINEAR) and not row.slow.code and row.dual is None
