"""Where the layer is no longer dense enough to flow by itself, its mass goes on as Gaussian puffs.

Rule: the bulk Richardson number ``g (rho - rho_a) D / (rho_a u*^2)`` of a cell and the mean of it over 3 x 3
cells (so that the thin rim of a dense cloud stays with it) are both under 1 at two looks in a row, or at one
when the number is under a tenth. At 1 the
entrainment law of the layer is within 11 % of the passive one (Spicer and Havens 1986), and gravity speeds
are under u*; Britter and McQuaid (1988, Workbook on the dispersion of dense gases) and Folch et al. (2009)
draw the line between about 0.25 and 1 by other forms of the same number. What was handed over never
comes back.

Eddies larger than the cloud move it as a whole, dense or not: what they have done since the gas left its
source is added to the horizontal variance of a puff, and its growth goes on from that age.

What flows over the edge of the grid as a dense layer goes on as puffs as well.

A block of cells becomes one puff on the ground: same mass, same centre, same horizontal variance (between
the cells and within them), same mean height (D/2 of a Gaussian that the ground reflects:
``sigma_z = sqrt(pi/2) D/2``). Blocks with next to nothing are gathered into one. Mass passes exactly.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from models.air.dense.layer import Cells, LayerFields
from models.air.dense.shallow import ShallowLayer
from models.air.streak import IntArray, Puffs
from models.air.turbulence import lateral_scales
from models.contract import SurfaceLayer
from twin.core.geometry import FloatArray

BoolArray = npt.NDArray[np.bool_]
_LEAST_SIGMA_M = 0.05
_AT_ONCE = 0.1
_OUT_PARTS = 5
_MERGED = 0.5
_CRUMBS = 1e-4  # of the mass handed over at one look: blocks under this are gathered


_NAMES = ("born_s", "time_s", "x_m", "y_m", "sigma_h_m", "sigma_z_m", "mass_kg")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HandedPuffs:
    """Puffs on the ground, arrays (n,).

    Seconds since the start when the gas left its source (mean) and when it was handed over; centre, standard
    deviations, mass of substance.
    """

    born_s: FloatArray
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
    return HandedPuffs(**{name: np.zeros(0) for name in _NAMES})


def joined(parts: list[HandedPuffs]) -> HandedPuffs:
    """Several sets as one."""
    return HandedPuffs(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in _NAMES})


def merged(puffs: HandedPuffs) -> HandedPuffs:
    """Fewer puffs: those of like spread that lie within half a standard deviation of each other become one.

    Mass, centre, horizontal variance, mean height and mean age stay what they were.
    """
    size = np.floor(2.0 * np.log2(puffs.sigma_h_m))
    tall = np.floor(2.0 * np.log2(puffs.sigma_z_m))
    width = _MERGED * np.exp2(0.5 * size)
    key = np.stack([size, tall, np.floor(puffs.x_m / width), np.floor(puffs.y_m / width)])
    _, owner = np.unique(key, axis=1, return_inverse=True)
    mass = puffs.mass_kg
    total = np.bincount(owner, weights=mass).astype(np.float64)

    def mean(values: FloatArray) -> FloatArray:
        return np.asarray(np.bincount(owner, weights=mass * values) / total, dtype=np.float64)

    x, y = mean(puffs.x_m), mean(puffs.y_m)
    apart = (puffs.x_m - x[owner]) ** 2 + (puffs.y_m - y[owner]) ** 2
    return HandedPuffs(
        born_s=mean(puffs.born_s),
        time_s=mean(puffs.time_s),
        x_m=x,
        y_m=y,
        sigma_h_m=np.sqrt(mean(puffs.sigma_h_m**2 + 0.5 * apart)),
        sigma_z_m=mean(puffs.sigma_z_m),
        mass_kg=total,
    )


class Handover:
    """Looks at the layer now and then and takes what has become passive; remembers the last look."""

    def __init__(self, layer: ShallowLayer) -> None:
        self._layer = layer
        self._before: BoolArray = np.zeros((layer.cells.ny, layer.cells.nx), dtype=bool)

    def look(self, air: SurfaceLayer) -> HandedPuffs:
        """Puffs of what has become passive and of what left the grid; both are gone afterwards.

        ``air`` tells how far large eddies have moved the cloud as a whole since its gas left the source.
        """
        layer = self._layer
        made = [*(_of_side(side, rows, layer) for side, rows in layer.spilled().items()), self._passive()]
        puffs = joined(made)
        variance = meander_m2(puffs.time_s - puffs.born_s, air)
        return replace(puffs, sigma_h_m=np.sqrt(puffs.sigma_h_m**2 + variance))

    def _passive(self) -> HandedPuffs:
        layer = self._layer
        mass = layer.substance_kg_m2()
        if not mass.any():
            return no_puffs()
        own, around = layer.richardson()
        limit = layer.settings.handover_richardson_ratio
        passive = (mass > 0.0) & (own < limit) & (around < limit)
        ready = passive & (self._before | (own < _AT_ONCE * limit))
        self._before = passive
        if not ready.any():
            return no_puffs()
        fields = layer.fields()
        layer.take(ready)
        return puffs_of(ready, mass, fields, layer.cells, layer.settings.handover_block)


def meander_m2(age_s: FloatArray, air: SurfaceLayer) -> FloatArray:
    """Variance (one horizontal axis) of the place of a cloud that large eddies have moved for ``age_s``, m2.

    Taylor (1921) with the large part of ``turbulence.lateral_scales``.
    """
    scales = lateral_scales(np.ones(1), air)
    part = age_s / scales.large_s
    return np.asarray(
        2.0 * (scales.large_m_s * scales.large_s) ** 2 * (part + np.expm1(-part)), dtype=np.float64
    )


def puffs_of(
    where: BoolArray, mass_kg_m2: FloatArray, fields: LayerFields, cells: Cells, block: int
) -> HandedPuffs:
    """Blocks of cells as puffs with the same mass, centre, horizontal variance and mean height."""
    row, column = np.nonzero(where)
    gas = _Gas(
        mass_kg=mass_kg_m2[row, column] * cells.step_m**2,
        x_m=cells.x_m[column],
        y_m=cells.y_m[row],
        height_m=0.5 * fields.depth_m[row, column],
        born_s=fields.time_s - fields.age_s[row, column],
    )
    width = -(-cells.nx // block)
    _, owner = np.unique((row // block) * width + column // block, return_inverse=True)
    total = np.bincount(owner, weights=gas.mass_kg)
    small = total < _CRUMBS * gas.mass_kg.sum()
    if small.any():  # gathered, not dropped: the sum stays exact
        number = np.cumsum(~small) - 1
        owner = np.where(small[owner], number[-1] + 1, number[owner])
    return _moments(owner, gas, cells.step_m, fields.time_s)


def _of_side(side: str, spilled: FloatArray, layer: ShallowLayer) -> HandedPuffs:
    """Puffs of what left through one side: w, e, s or n."""
    where = np.flatnonzero(spilled[1] > 0.0)
    if where.size == 0:
        return no_puffs()
    cells, fields = layer.cells, layer.fields()
    edge = {"w": 0, "s": 0, "e": cells.nx - 1, "n": cells.ny - 1}[side]
    row, column = (where, np.full(where.size, edge)) if side in "we" else (np.full(where.size, edge), where)
    mass = spilled[1, where]
    gas = _Gas(
        mass_kg=mass,
        x_m=cells.x_m[column],
        y_m=cells.y_m[row],
        height_m=0.5 * fields.depth_m[row, column],
        born_s=layer.time_s - spilled[2, where] / mass,
    )
    _, owner = np.unique(where // layer.settings.handover_block, return_inverse=True)
    made = _moments(owner, gas, cells.step_m, layer.time_s)
    u, v = (
        np.bincount(owner, weights=mass * field[row, column]) / np.bincount(owner, weights=mass)
        for field in (fields.u_m_s, fields.v_m_s)
    )
    # what left first is already some way out
    since = layer.settings.handover_every_s * (np.arange(_OUT_PARTS) + 0.5) / _OUT_PARTS
    part = made.mass_kg / _OUT_PARTS
    return joined(
        [replace(made, x_m=made.x_m + u * ago, y_m=made.y_m + v * ago, mass_kg=part) for ago in since]
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Gas:
    """What becomes puffs, by cell."""

    mass_kg: FloatArray
    x_m: FloatArray
    y_m: FloatArray
    height_m: FloatArray
    born_s: FloatArray


def _moments(owner: IntArray, gas: _Gas, step_m: float, time_s: float) -> HandedPuffs:
    mass = gas.mass_kg
    total = np.bincount(owner, weights=mass).astype(np.float64)
    x, y, height, born = (
        np.bincount(owner, weights=mass * row) / total for row in (gas.x_m, gas.y_m, gas.height_m, gas.born_s)
    )
    apart = (gas.x_m - x[owner]) ** 2 + (gas.y_m - y[owner]) ** 2
    variance = 0.5 * np.bincount(owner, weights=mass * apart) / total + step_m**2 / 12.0
    return HandedPuffs(
        born_s=born,
        time_s=np.full(total.size, time_s),
        x_m=x,
        y_m=y,
        sigma_h_m=np.sqrt(variance),
        sigma_z_m=np.maximum(math.sqrt(0.5 * math.pi) * height, _LEAST_SIGMA_M),
        mass_kg=total,
    )
