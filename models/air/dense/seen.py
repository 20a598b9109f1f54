"""What beams and points see of a cloud that is part layer, part puffs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.air.dense.handover import HandedPuffs
from models.air.dense.layer import Cells, LayerFields, profile
from models.air.kernel import path_means
from models.air.paths import Pieces, pieces_of
from models.air.streak import IntArray
from models.contract import Site
from twin.core.beam import Receptor
from twin.core.geometry import FloatArray

_PER_CELL = 2.0  # samples of a beam per width of a cell


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seen:
    """Receptors as pieces for the puffs and as samples for the layer.

    ``row``, ``column``, ``height_m``, ``weight`` and ``receptor`` (n,) of the samples that lie in the grid;
    the weights of all samples of a receptor, in and out of it, sum to one.
    """

    pieces: Pieces
    count: int
    row: IntArray
    column: IntArray
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
        height_m=points[inside, 2],
        weight=weight,
        receptor=pieces.receptor[own][inside],
    )


def layer_means(seen: Seen, fields: LayerFields) -> FloatArray:
    """Mean of the layer's concentration over every receptor, kg/m3."""
    conc = fields.conc_kg_m3[seen.row, seen.column]
    wet = np.flatnonzero(conc > 0.0)
    row, column = seen.row[wet], seen.column[wet]
    upright = profile(seen.height_m[wet], fields.depth_m[row, column], fields.mass_fraction[row, column])
    value = conc[wet] * upright * seen.weight[wet]
    return np.bincount(seen.receptor[wet], weights=value, minlength=seen.count).astype(np.float64)


def puff_means(seen: Seen, puffs: HandedPuffs, lid_m: float) -> FloatArray:
    """Mean of the puffs' concentration over every receptor, kg/m3."""
    if seen.count == 0 or puffs.x_m.size == 0:
        return np.zeros(seen.count)
    met = path_means(puffs.puffs(), seen.pieces, lid_m)
    value = met.mean_1_m3 * puffs.mass_kg[met.puff] * seen.pieces.share[met.piece]
    owner = seen.pieces.receptor[met.piece]
    return np.bincount(owner, weights=value, minlength=seen.count).astype(np.float64)
