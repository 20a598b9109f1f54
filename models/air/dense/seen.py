"""What beams and points see of a cloud that is part layer, part puffs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.air.dense.drift import spread_over
from models.air.dense.handover import HandedPuffs, meander_m2
from models.air.dense.layer import Cells, LayerFields, profile
from models.air.kernel import path_means
from models.air.paths import Pieces, pieces_of
from models.air.streak import IntArray
from models.contract import Site, SurfaceLayer
from twin.core.beam import Receptor
from twin.core.geometry import FloatArray
from twin.core.plume import PlumeGrid

_LEAST_MOVED = 0.5  # of a cell: Gaussians narrower than this do not add up to a smooth field
_REACH = 5.0
_PER_CELL = 2.0  # samples of a beam per width of a cell


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seen:
    """Receptors as pieces for the puffs and as samples for the layer.

    ``row``, ``column``, ``x_m``, ``y_m``, ``height_m``, ``weight`` and ``receptor`` (n,) of the samples that
    lie in the grid; the weights of all samples of a receptor, in and out of it, sum to one.
    """

    pieces: Pieces
    count: int
    row: IntArray
    column: IntArray
    x_m: FloatArray
    y_m: FloatArray
    height_m: FloatArray
    weight: FloatArray
    receptor: IntArray


def seen_by(receptors: Sequence[Receptor], site: Site, cells: Cells) -> Seen:
    """Receptors prepared for many moments."""
    pieces = pieces_of(receptors, site)
    length = np.hypot(pieces.along_m[:, 0], pieces.along_m[:, 1])
    number = np.maximum(np.ceil(length * (_PER_CELL / cells.step_m)), 1.0).astype(np.intp)
    own = np.repeat(np.arange(number.size), number)
    within = np.arange(own.size) - np.repeat(np.cumsum(number) - number, number)
    part = (within + 0.5) / number[own]
    points = pieces.start_m[own] + part[:, None] * pieces.along_m[own]
    column = np.floor((points[:, 0] - cells.x_min_m) / cells.step_m).astype(np.intp)
    row = np.floor((points[:, 1] - cells.y_min_m) / cells.step_m).astype(np.intp)
    inside = (column >= 0) & (column < cells.nx) & (row >= 0) & (row < cells.ny)
    weight = (pieces.share[own] / number[own])[inside]
    return Seen(
        pieces=pieces,
        count=len(receptors),
        row=row[inside],
        column=column[inside],
        x_m=points[inside, 0],
        y_m=points[inside, 1],
        height_m=points[inside, 2],
        weight=weight,
        receptor=pieces.receptor[own][inside],
    )


def layer_map(
    fields: LayerFields, cells: Cells, grid: PlumeGrid, height_m: float, air: SurfaceLayer
) -> FloatArray:
    """Concentration of the layer at a height above ground, kg/m3 (ny, nx).

    Cells that large eddies have moved by more than half a cell since their gas left the source are spread by
    that much: like the puffs, a mean over the time that the scatter of the wind stands for.
    """
    row, column = np.nonzero(fields.conc_kg_m3 > 0.0)
    value = fields.conc_kg_m3[row, column]
    value = value * profile(height_m, fields.depth_m[row, column], fields.mass_fraction[row, column])
    sigma = np.sqrt(meander_m2(fields.age_s[row, column], air))
    moved = sigma > _LEAST_MOVED * cells.step_m
    conc = np.zeros((grid.ny, grid.nx))
    conc[row[~moved], column[~moved]] = value[~moved]
    if moved.any():
        x, y = cells.x_m[column[moved]], cells.y_m[row[moved]]
        conc += spread_over(grid, x, y, sigma[moved], value[moved] * cells.step_m**2)
    return conc


def layer_means(seen: Seen, fields: LayerFields, cells: Cells, air: SurfaceLayer) -> FloatArray:
    """Mean of the layer's concentration over every receptor, kg/m3, spread like ``layer_map``."""
    row, column = np.nonzero(fields.conc_kg_m3 > 0.0)
    sigma = np.sqrt(meander_m2(fields.age_s[row, column], air))
    moved = sigma > _LEAST_MOVED * cells.step_m
    still = np.zeros(fields.conc_kg_m3.shape)
    still[row[~moved], column[~moved]] = fields.conc_kg_m3[row[~moved], column[~moved]]
    conc = still[seen.row, seen.column]
    wet = np.flatnonzero(conc > 0.0)
    at = seen.row[wet], seen.column[wet]
    value = np.zeros(seen.row.size)
    value[wet] = conc[wet] * profile(seen.height_m[wet], fields.depth_m[at], fields.mass_fraction[at])
    row, column, sigma = row[moved], column[moved], sigma[moved]
    depth, fraction = fields.depth_m[row, column], fields.mass_fraction[row, column]
    mass = fields.conc_kg_m3[row, column] * (cells.step_m**2 / (2.0 * np.pi)) / sigma**2
    for k in range(seen.row.size if row.size else 0):
        away2 = (cells.x_m[column] - seen.x_m[k]) ** 2 + (cells.y_m[row] - seen.y_m[k]) ** 2
        near = np.flatnonzero(away2 < (_REACH * sigma) ** 2)
        if near.size:
            level = profile(seen.height_m[k], depth[near], fraction[near])
            value[k] += float((mass[near] * level * np.exp(-0.5 * away2[near] / sigma[near] ** 2)).sum())
    return np.bincount(seen.receptor, weights=value * seen.weight, minlength=seen.count).astype(np.float64)


def puff_means(seen: Seen, puffs: HandedPuffs, lid_m: float) -> FloatArray:
    """Mean of the puffs' concentration over every receptor, kg/m3."""
    if seen.count == 0 or puffs.x_m.size == 0:
        return np.zeros(seen.count)
    met = path_means(puffs.puffs(), seen.pieces, lid_m)
    value = met.mean_1_m3 * puffs.mass_kg[met.puff] * seen.pieces.share[met.piece]
    owner = seen.pieces.receptor[met.piece]
    return np.bincount(owner, weights=value, minlength=seen.count).astype(np.float64)
