"""A model whose cells end at the water table, found by solving and building in turns.

Thin layers on slopes make the unconfined problem of a mountain valley stiff. Here the layers are confined
and linear, and the grid is built again under the water table that they gave, until that stands still: the
saturated thickness is then that of the unconfined problem at rest, and a step or an ensemble costs linear
systems only. Levels that move by metres call for building again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gis.strata import StrataModel
from gis.terrain import Terrain
from models.water.build.model import BuildOptions, BuiltModel, build_model
from models.water.flow.solver import FlowSolver
from models.water.kernels import Kernel
from models.water.result import FlowStep
from twin.core.geometry import FloatArray, frozen
from twin.core.park import Park

_LEAST_M = 3.0  # saturated ground that is always left
_SHARE, _CALMS = 0.7, 0.15  # of the way to the new water table that is gone in a round, and less each time


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Settled:
    """A model under its own water table, and its steady state.

    ``moved_m``: 95th percentile and largest move of the water table in the last round; ``water_table_m``
    (nr, nc), NaN outside.
    """

    model: BuiltModel
    step: FlowStep
    water_table_m: FloatArray
    moved_m: tuple[float, float]


def settled_model(
    park: Park,
    strata: StrataModel,
    *,
    cell_m: float = 40.0,
    terrain: Terrain | None = None,
    options: BuildOptions | None = None,
    rounds: int = 15,
    close_m: float = 0.5,
    kernel: Kernel = "auto",
) -> Settled:
    """Build, solve and build again until 95 % of the water table move less than ``close_m``.

    At most ``rounds``; a water table that still moves, or a solver that did not converge, is said in the
    model's notes. Raises BadRequestError as ``build_model``.
    """
    options = replace(options or BuildOptions(), convertible=False)
    model = build_model(park, strata, cell_m=cell_m, terrain=terrain, options=options)
    # What is under all strata bounds the water table from below.
    base = np.where(model.grid.uppermost >= 0, model.grid.bottom_m[-1], np.nan)
    table = model.ground_m.copy()
    moved = (float("inf"), float("inf"))
    step = _solved(model, model.start_head_m, kernel)
    for count in range(rounds):
        aim = np.clip(_table(model, step), base + _LEAST_M, model.ground_m)
        shift = np.where(np.isfinite(aim), aim - table, 0.0)
        inside = np.isfinite(aim)
        moved = float(np.percentile(np.abs(shift[inside]), 95)), float(np.abs(shift[inside]).max())
        if moved[0] < close_m:
            break
        table = table + _SHARE / (1.0 + _CALMS * count) * shift
        heads = step.head_m
        model = build_model(
            park, strata, cell_m=cell_m, terrain=terrain, options=options,
            water_table_m=np.where(inside, table, np.nan),
        )  # fmt: skip
        step = _solved(model, np.where(np.isfinite(heads), heads, model.start_head_m), kernel)
    notes = list(model.notes)
    if not step.converged:
        notes += ["the steady state did not converge", *step.notes]
    if moved[0] >= close_m:
        notes.append(f"the water table still moved by {moved[0]:.2g} m (95 % of cells) after {rounds} rounds")
    heads = np.where(np.isfinite(step.head_m), step.head_m, model.start_head_m)
    problem = replace(model.problem, start_head_m=frozen(heads))
    return Settled(
        model=replace(model, problem=problem, notes=tuple(notes)), step=step,
        water_table_m=frozen(_table(model, step)), moved_m=moved,
    )  # fmt: skip


def _solved(model: BuiltModel, start_m: FloatArray, kernel: Kernel) -> FlowStep:
    return FlowSolver(model.grid, model.medium, kernel=kernel).steady(model.stresses, start_m)


def _table(model: BuiltModel, step: FlowStep) -> FloatArray:
    """Head of the uppermost cell of every column (nr, nc); NaN outside."""
    found = np.full(model.ground_m.shape, np.nan)
    row, col = np.nonzero(model.grid.uppermost >= 0)
    found[row, col] = step.head_m[model.grid.uppermost[row, col], row, col]
    return found
