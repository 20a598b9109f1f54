"""What a water table that moves does to the masses of its cells.

Water that drains takes its mass along through the faces. What the ground retains (porosity beyond the
specific yield) and what is sorbed in the slice that fell dry stays there, out of reach, and comes back with
the water. So a concentration never rises because a cell drains, and no mass is lost.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.water.transport.body import Body, CellArray
from models.water.transport.cargo import Cargo
from models.water.transport.isotherm import conc_of
from models.water.transport.load import Whole
from models.water.transport.patch import FLOOR
from twin.core.geometry import FloatArray

_SAME = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fall:
    """Cells (ravelled) whose saturation goes from ``before`` to ``after``; ``water_m3`` in them before."""

    cells: CellArray
    before: FloatArray
    after: FloatArray
    water_m3: FloatArray
    left_m3: FloatArray


def moved_table(
    whole: Whole,
    body: Body,
    water_m3: FloatArray,
    target_m3: FloatArray,
    saturation: tuple[FloatArray, FloatArray],
) -> FloatArray:
    """Move masses between ground and water where saturations differ; the water (nl, nr, nc) after it.

    ``water_m3`` mobile water before, ``target_m3`` the water that belongs to the new saturation.
    """
    before, after = saturation
    cells = np.flatnonzero(body.grid.active & (np.abs(after - before) > _SAME))
    if not len(cells):
        return water_m3
    now, then = water_m3.ravel()[cells], target_m3.ravel()[cells]
    old, new = before.ravel()[cells], after.ravel()[cells]
    settled = np.where(new < old, np.minimum(now, then), np.maximum(now, then))
    fall = Fall(
        cells=cells,
        before=old,
        after=new,
        water_m3=np.maximum(now, FLOOR * body.pore_m3.ravel()[cells]),
        left_m3=np.where(new < old, now - settled, 0.0),
    )
    for cargo in body.cargo:
        _shift(whole, body, cargo, fall)
    water = water_m3.copy()
    water.ravel()[cells] = settled
    return water


def _shift(whole: Whole, body: Body, cargo: Cargo, fall: Fall) -> None:
    mobile = whole.mobile_kg[cargo.number].ravel()
    dry = whole.dry_kg[cargo.number].ravel()
    held = mobile[fall.cells]
    if not (held.any() or dry[fall.cells].any()):
        return
    solid = body.bulk_m3.ravel()[fall.cells] * fall.before * cargo.density_kg_m3
    conc = conc_of(held, fall.water_m3, solid, cargo.law)
    falling = fall.after < fall.before
    share = np.where(falling, 1.0 - fall.after / np.where(fall.before > 0.0, fall.before, 1.0), 0.0)
    sorbed = np.maximum(held - fall.water_m3 * conc, 0.0)
    leaves = np.minimum(np.maximum(fall.left_m3 * conc + sorbed * share, 0.0), np.maximum(held, 0.0))
    room = np.maximum(1.0 - fall.before, _SAME)
    returns = np.where(falling, 0.0, np.minimum((fall.after - fall.before) / room, 1.0)) * dry[fall.cells]
    mobile[fall.cells] = held - leaves
    dry[fall.cells] += leaves - returns
    if not cargo.slow.code:
        mobile[fall.cells] += returns
        return
    kinetic = whole.kinetic_kg[cargo.number].ravel()
    leaves = kinetic[fall.cells] * share
    kinetic[fall.cells] += returns - leaves
    dry[fall.cells] += leaves
