"""Where the layer is no longer dense enough to flow by itself, its mass goes on as Gaussian puffs.

Rule: the bulk Richardson number ``g (rho - rho_a) D / (rho_a u*^2)`` of a cell and the mean of it over 3 x 3
cells (so that the thin rim of a dense cloud stays with it) are both under 1 at two looks in a row. At 1 the
entrainment law of the layer is within 11 % of the passive one (Spicer and Havens 1986), and gravity speeds
are under u*; Britter and McQuaid (1988, Workbook on the dispersion of dense gases) and Folch et al. (2009)
draw the line between about 0.25 and 1 by other forms of the same number. What was handed over never
comes back.

A block of cells becomes one puff on the ground: same mass, same centre, same horizontal variance (between
the cells and within them), same mean height (D/2 of a Gaussian that the ground reflects:
``sigma_z = sqrt(pi/2) D/2``). Blocks with next to nothing are gathered into one. Mass passes exactly.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.air.dense.layer import Cells
from models.air.dense.shallow import ShallowLayer
from models.air.streak import IntArray, Puffs
from twin.core.geometry import FloatArray

BoolArray = npt.NDArray[np.bool_]
_CRUMBS = 1e-5  # of the mass handed over at one look: blocks under this are gathered


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HandedPuffs:
    """Puffs on the ground, arrays (n,): seconds since the start when handed over, centre, spread, mass."""

    time_s: FloatArray
    x_m: FloatArray
    y_m: FloatArray
    sigma_h_m: FloatArray
    sigma_z_m: FloatArray
    mass_kg: FloatArray

    def puffs(self) -> Puffs:
        """The same for the kernels of ``models.air.kernel``; mass stays apart (a puff of 1 kg/s for 1 s)."""
        count = self.x_m.size
        return Puffs(
            x_m=self.x_m,
            y_m=self.y_m,
            height_m=np.zeros(count),
            sigma_h_m=self.sigma_h_m,
            sigma_z_m=self.sigma_z_m,
            emission_s=np.ones(count),
            cell=np.zeros(count, dtype=np.intp),
        )


def no_puffs() -> HandedPuffs:
    """None at all."""
    return HandedPuffs(
        **{name: np.zeros(0) for name in ("time_s", "x_m", "y_m", "sigma_h_m", "sigma_z_m", "mass_kg")}
    )


def joined(parts: list[HandedPuffs]) -> HandedPuffs:
    """Several sets as one."""
    return HandedPuffs(
        **{
            name: np.concatenate([getattr(part, name) for part in parts])
            for name in ("time_s", "x_m", "y_m", "sigma_h_m", "sigma_z_m", "mass_kg")
        }
    )


class Handover:
    """Looks at the layer now and then and takes what has become passive; remembers the last look."""

    def __init__(self, layer: ShallowLayer) -> None:
        self._layer = layer
        self._before: BoolArray = np.zeros((layer.cells.ny, layer.cells.nx), dtype=bool)

    def look(self) -> HandedPuffs:
        """Puffs of the cells that are passive for the second time; these cells are empty afterwards."""
        limit = self._layer.settings.handover_richardson
        mass = self._layer.substance_kg_m2()
        if not mass.any():
            return no_puffs()
        own, around = self._layer.richardson()
        passive = (mass > 0.0) & (own < limit) & (around < limit)
        ready = passive & self._before
        self._before = passive
        if not ready.any():
            return no_puffs()
        depth = self._layer.fields().depth_m
        made = puffs_of(
            ready, mass, depth, self._layer.cells, self._layer.settings.handover_block, self._layer.time_s
        )
        self._layer.take(ready)
        return made


def puffs_of(
    where: BoolArray, mass_kg_m2: FloatArray, depth_m: FloatArray, cells: Cells, block: int, time_s: float
) -> HandedPuffs:
    """Blocks of cells as puffs with the same mass, centre, horizontal variance and mean height."""
    row, column = np.nonzero(where)
    mass = mass_kg_m2[row, column] * cells.step_m**2
    height = 0.5 * depth_m[row, column]
    width = -(-cells.nx // block)
    _, owner = np.unique((row // block) * width + column // block, return_inverse=True)
    total = np.bincount(owner, weights=mass)
    small = total < _CRUMBS * mass.sum()
    if small.any():  # gathered, not dropped: the sum stays exact
        number = np.cumsum(~small) - 1
        owner = np.where(small[owner], number[-1] + 1, number[owner])
    return _moments(owner, mass, cells.x_m[column], cells.y_m[row], height, cells.step_m, time_s)


def _moments(
    owner: IntArray,
    mass: FloatArray,
    x_m: FloatArray,
    y_m: FloatArray,
    height_m: FloatArray,
    step_m: float,
    time_s: float,
) -> HandedPuffs:
    total = np.bincount(owner, weights=mass)
    x = np.bincount(owner, weights=mass * x_m) / total
    y = np.bincount(owner, weights=mass * y_m) / total
    apart = (x_m - x[owner]) ** 2 + (y_m - y[owner]) ** 2
    variance = 0.5 * np.bincount(owner, weights=mass * apart) / total + step_m**2 / 12.0
    height = np.bincount(owner, weights=mass * height_m) / total
    return HandedPuffs(
        time_s=np.full(total.size, time_s),
        x_m=x,
        y_m=y,
        sigma_h_m=np.sqrt(variance),
        sigma_z_m=np.maximum(math.sqrt(0.5 * math.pi) * height, 0.05),
        mass_kg=total,
    )
