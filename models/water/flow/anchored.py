"""Whether something fixes the level in every connected group of cells; without it a steady state has none."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from models.water.flow.balance import Ground
from models.water.flow.loads import Loads
from models.water.grid import Grid
from twin.core.errors import BadRequestError


def check_anchored(grid: Grid, ground: Ground, loads: Loads, *, steady: bool) -> None:
    """Raise BadRequestError naming the first cell of a group of active cells that nothing holds.

    A level is held by a fixed head, and by a river, general head, drain or evapotranspiration with a
    conductance more than zero; in a time step also by storage.
    """
    holds = np.zeros(ground.active.size, dtype=bool)
    holds[loads.fixed] = True
    for load in loads.loads:
        if not load.given:
            holds[load.cells[load.slope_m2_s > 0.0]] = True
    if not steady:
        holds |= ((ground.elastic_m2 > 0.0) | (ground.drainable_m3 > 0.0)).ravel()
        if holds[ground.active.ravel()].all():
            return
    number = np.arange(holds.size).reshape(grid.shape)
    ends = []
    for axis, cond in (
        (2, loads.faces.east_m2_s),
        (1, loads.faces.north_m2_s),
        (0, loads.faces.down_m2_s),
    ):
        linked = cond > 0.0
        first = number[linked]
        ends.append((first, first + number.strides[axis] // number.itemsize))
    one = np.concatenate([pair[0] for pair in ends])
    two = np.concatenate([pair[1] for pair in ends])
    links = coo_array((np.ones(len(one), dtype=np.int8), (one, two)), shape=(holds.size, holds.size))
    groups, label = connected_components(links.tocsr(), directed=False)
    held = np.zeros(groups, dtype=bool)
    held[label[holds]] = True
    loose = np.flatnonzero(ground.active.ravel() & ~held[label])
    if len(loose):
        cell = tuple(int(n) for n in np.unravel_index(loose[0], grid.shape))
        raise BadRequestError(
            f"stresses: nothing fixes the level of {len(loose)} connected cells around cell (layer, row, "
            f"column) {cell}; expected a fixed head, general head, river, drain or evapotranspiration in it, "
            "or storage in a transient period",
            message_zh=(
                f"stresses：包含单元（层、行、列）{cell} 的 {len(loose)} 个连通单元没有任何水位约束；"
                "应有定水头、通用水头、河流、排水沟或蒸散，或在非稳定期给出储水系数"
            ),
            field="stresses",
            value=cell,
        )
