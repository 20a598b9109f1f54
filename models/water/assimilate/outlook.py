"""The ensemble run ahead: what every member expects at the leads, at the targets between them, and of mass.

Ahead of now the mean stresses hold, and flow is taken as their steady state: it is solved once per
member, while the plume goes on in time from where it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.water.arrival import strongest, target_cells
from models.water.grid import Grid
from models.water.model import WaterModel
from twin.core.geometry import FloatArray
from twin.core.groundwater import GroundwaterTarget

Float32Array = npt.NDArray[np.float32]
Change = Callable[[WaterModel], WaterModel]
_STEP_S = 15 * 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outlook:
    """Members ahead.

    ``conc_kg_m3`` (leads, members, species, nl, nr, nc), NaN where dry; ``mass_kg`` dissolved (leads,
    members, species); ``times_s`` (nt,) from now and ``targets`` by id, each (members, species, nt), the
    strongest concentration there. ``notes`` name members that did not converge; those are left out.
    """

    leads_s: tuple[float, ...]
    conc_kg_m3: Float32Array
    mass_kg: FloatArray
    times_s: FloatArray
    targets: Mapping[str, FloatArray]
    notes: tuple[str, ...]


def look_ahead(
    models: Sequence[WaterModel],
    leads_s: Sequence[float],
    targets: Sequence[GroundwaterTarget] = (),
    *,
    change: Change | None = None,
    step_s: float = _STEP_S,
) -> Outlook:
    """Run models that stand at now up to the last lead.

    ``models`` are not touched: each runs in a branch, after ``change`` (a measure, a leak) was made to it.
    """
    grid = models[0].problem.flow.grid
    cells = {row.id: target_cells(grid, row) for row in targets}
    times = _times(leads_s, step_s)
    runs = [_run(change(row) if change else row.what_if(), times, leads_s, cells) for row in models]
    fine = [row for row in runs if row.converged] or runs
    notes = () if len(fine) == len(runs) else (f"{len(runs) - len(fine)} members did not converge ahead",)
    return Outlook(
        leads_s=tuple(leads_s),
        conc_kg_m3=np.stack([row.conc for row in fine], axis=1),
        mass_kg=np.stack([row.mass for row in fine], axis=1),
        times_s=times,
        targets={name: np.stack([row.series[name] for row in fine]) for name in cells},
        notes=notes,
    )


def dissolved_kg(model: WaterModel, conc_kg_m3: FloatArray) -> FloatArray:
    """Mass (..., nl, nr, nc) dissolved in every cell, for concentrations (..., nl, nr, nc)."""
    state, flow = model.state(), model.problem.flow
    wet = 1.0 if state.flow is None else state.flow.field.saturation_end
    volume = flow.grid.thickness_m * flow.grid.area_m2 * flow.medium.porosity * wet
    return np.asarray(np.nan_to_num(conc_kg_m3) * np.where(flow.grid.active, volume, 0.0))


def by_depth(grid: Grid, mass_kg: FloatArray, edges_m: FloatArray) -> FloatArray:
    """Mass (nl, nr, nc) spread over depths below ground: (n,) between ``edges_m`` (n + 1,)."""
    above = grid.top_m[None] - grid.tops_m
    below = grid.top_m[None] - grid.bottom_m
    thick = np.where(grid.thickness_m > 0.0, grid.thickness_m, np.inf)
    found = []
    for first, last in zip(edges_m[:-1], edges_m[1:], strict=True):
        share = np.clip(np.minimum(below, last) - np.maximum(above, first), 0.0, None) / thick
        found.append(float((share * mass_kg).sum()))
    return np.asarray(found)


@dataclass(slots=True, kw_only=True, eq=False)
class _Run:
    conc: Float32Array
    mass: FloatArray
    series: dict[str, FloatArray]
    converged: bool


def _run(
    model: WaterModel, times: FloatArray, leads: Sequence[float], cells: Mapping[str, npt.NDArray[np.int64]]
) -> _Run:
    start_s, converged = model.time_s, True
    at_leads, masses = [], []
    series: dict[str, list[list[float]]] = {name: [] for name in cells}
    for time_s in times:
        if time_s > 0.0:
            converged = model.step(start_s + float(time_s) - model.time_s).converged and converged
        conc = conc_of(model)
        for name, own in cells.items():
            series[name].append([strongest(row, own) for row in conc])
        if np.any(np.isclose(np.asarray(leads), time_s)):
            at_leads.append(conc.astype(np.float32))
            masses.append(dissolved_kg(model, conc).sum(axis=(1, 2, 3)))
    return _Run(
        conc=np.stack(at_leads),
        mass=np.stack(masses),
        series={name: np.asarray(rows).T for name, rows in series.items()},
        converged=converged,
    )


def conc_of(model: WaterModel) -> FloatArray:
    """Concentrations (species, nl, nr, nc) of a model's state; no species where nothing travels."""
    carried = model.state().transport
    if carried is None:
        return np.zeros((0, *model.problem.flow.grid.shape))
    return np.asarray(carried.conc_kg_m3)


def _times(leads_s: Sequence[float], step_s: float) -> FloatArray:
    """Now, the leads and moments at most ``step_s`` apart between them."""
    marks = sorted({0.0, *leads_s})
    found = [0.0]
    for end in marks[1:]:
        pieces = max(int(np.ceil((end - found[-1]) / step_s)), 1)
        found += list(np.linspace(found[-1], end, pieces + 1)[1:])
    return np.asarray(found)
