"""Reactions of one species in every cell, in numpy: the twin of ``compiled.transport.react``.

Exact for linear exchange and for decay with constant shares of the phases, so never unstable and never
negative: a fast reaction costs no shorter steps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.water.transport.isotherm import FREUNDLICH, LINEAR, Isotherm, conc_of
from models.water.transport.neighbours import ByteArray
from twin.core.geometry import FloatArray

_TINY = 1e-300


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Reactions of a species: decay dissolved and sorbed, first-order exchange with solids (0: none)."""

    decay_1_s: float
    decay_sorbed_1_s: float
    exchange_1_s: float


def react(
    mass: FloatArray,
    kinetic: FloatArray,
    immobile: FloatArray,
    water: FloatArray,
    solid: FloatArray,
    still: FloatArray,
    swap: FloatArray,
    state: ByteArray,
    gain: FloatArray,
    made: FloatArray,
    h: float,
    law: Isotherm,
    slow: Isotherm,
    rates: Rates,
) -> None:
    """Exchange for h/2, decay and production for h, exchange for h/2; arrays in kg are written in place.

    ``kinetic`` and ``immobile`` have no layers where a species has none. ``still`` immobile water (m3),
    ``swap`` its exchange (m3/s), ``gain`` mass made by the parent, ``made`` mass decayed (written).
    """
    made[...] = 0.0
    at = (state >= 0) & ((mass != 0.0) | (gain != 0.0))
    for other in (kinetic, immobile):
        if len(other):
            at |= (state >= 0) & (other != 0.0)
    cells = _Cells(
        mass=mass[at],
        sorbed=kinetic[at] if len(kinetic) else None,
        still=immobile[at] if len(immobile) else None,
        water=water[at],
        solid=solid[at],
    )
    rest = (still[at], swap[at]) if len(immobile) else None
    _exchange(cells, rest, 0.5 * h, law, slow, rates)
    made[at] = _decay(cells, gain[at], h, law, rates)
    _exchange(cells, rest, 0.5 * h, law, slow, rates)
    mass[at] = cells.mass
    if cells.sorbed is not None:
        kinetic[at] = cells.sorbed
    if cells.still is not None:
        immobile[at] = cells.still


@dataclass(slots=True, kw_only=True, eq=False)
class _Cells:
    """Masses (kg), water (m3) and solids (kg) of the cells that hold something."""

    mass: FloatArray
    sorbed: FloatArray | None
    still: FloatArray | None
    water: FloatArray
    solid: FloatArray


def _exchange(
    cells: _Cells,
    rest: tuple[FloatArray, FloatArray] | None,
    h: float,
    law: Isotherm,
    slow: Isotherm,
    rates: Rates,
) -> None:
    if cells.sorbed is not None and rates.exchange_1_s > 0.0:
        at = (cells.solid > 0.0) & (cells.mass + cells.sorbed > 0.0)
        new = cells.sorbed.copy()
        new[at] = _relax(
            cells.mass[at],
            cells.sorbed[at],
            cells.water[at],
            cells.solid[at],
            slow,
            h * rates.exchange_1_s,
        )
        cells.mass = cells.mass + (cells.sorbed - new)
        cells.sorbed = new
    if cells.still is not None and rest is not None:
        new = _swap(cells, rest, h, law)
        cells.mass = cells.mass + (cells.still - new)
        cells.still = new


def _swap(cells: _Cells, rest: tuple[FloatArray, FloatArray], h: float, law: Isotherm) -> FloatArray:
    still, swap = rest
    assert cells.still is not None
    total = cells.mass + cells.still
    at = (swap > 0.0) & (total > 0.0)
    base = np.where(cells.mass > 0.0, cells.mass, cells.still)[at]
    cap = base / conc_of(base, cells.water[at], cells.solid[at], law)
    b = still[at]
    even = total[at] * b / (cap + b)
    new = cells.still.copy()
    new[at] = even + (new[at] - even) * np.exp(-h * swap[at] * (1.0 / cap + 1.0 / b))
    return new


def _relax(
    dissolved: FloatArray, held: FloatArray, water: FloatArray, solid: FloatArray, law: Isotherm, x0: float
) -> FloatArray:
    """Sorbed mass after the exchange; the slope of the isotherm is that between the middle and the end."""
    total, c0 = dissolved + held, dissolved / water
    c = np.where(c0 > 0.0, c0, 1e-3 * total / water)
    new = held
    done = np.zeros(len(held), dtype=bool)
    for _ in range(60):
        at = np.maximum(c, _TINY)
        slope = solid * law.sorbed_kg_kg(at) / at
        fade = np.exp(-x0 * (1.0 + slope / water))
        even = total * slope / (water + slope)
        new = np.where(done, new, even + (held - even) * fade)
        if law.code == LINEAR:
            break
        ahead = c0 + (1.0 - 0.5 * fade) * ((total - new) / water - c0)
        if law.code == FREUNDLICH and law.second_value > 1.0:
            ahead = 0.5 * (ahead + c)
        done |= np.abs(ahead - c) <= 1e-15 * np.abs(c)
        if done.all():
            break
        c = np.where(done, c, ahead)
    return new


def _decay(cells: _Cells, gain: FloatArray, h: float, law: Isotherm, rates: Rates) -> FloatArray:
    base = np.where(cells.mass > 0.0, cells.mass, gain)
    at = base > 0.0
    dissolved = np.ones(len(base))
    dissolved[at] = np.minimum(
        cells.water[at] * conc_of(base[at], cells.water[at], cells.solid[at], law) / base[at], 1.0
    )
    lam = rates.decay_1_s * dissolved + rates.decay_sorbed_1_s * (1.0 - dissolved)
    gone = np.where(at, -np.expm1(-lam * h), 0.0)
    stays = np.where(lam * h > 0.0, gone / np.where(lam * h > 0.0, lam * h, 1.0), 1.0)
    lost = np.where(at, cells.mass * gone + gain * (1.0 - stays), 0.0)
    cells.mass = np.where(at, cells.mass + (gain * stays - cells.mass * gone), cells.mass)
    if cells.sorbed is not None:
        away = -np.expm1(-rates.decay_sorbed_1_s * h) * cells.sorbed
        lost, cells.sorbed = lost + away, cells.sorbed - away
    if cells.still is not None:
        away = -np.expm1(-rates.decay_1_s * h) * cells.still
        lost, cells.still = lost + away, cells.still - away
    return np.asarray(lost, dtype=np.float64)
