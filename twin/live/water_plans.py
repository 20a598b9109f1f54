"""Handling plans for the worst plume of the moment: which agent, how much of it, where."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import shapely

from models.contaminants.library import contaminant
from models.water.assimilate.outlook import dissolved_kg
from models.water.measures.actions import branch
from models.water.measures.compare import Choice
from models.water.measures.planned import Plume, propose
from models.water.now import Nowcast, Ring
from twin.core.errors import NotFoundError, ParkTwinError
from twin.core.geometry import FloatArray
from twin.live.water_model import WaterLive

MOST_PLANS = 3
PLAN_MARK = "plan-"
_MATCHES = 10  # of which some are the same on the ground


@dataclass(frozen=True, slots=True, kw_only=True)
class Plans:
    """Plans ready for the comparison, and why there are no more."""

    choices: tuple[Choice, ...] = ()
    notes: tuple[str, ...] = ()


def plans_for(live: WaterLive, now: Nowcast, substance: str) -> Plans:
    """Plans for the plume of a substance that holds the most mass above the limit.

    Parameters
    ----------
    live
        Twin that ``now`` was made by.
    now
        Its now-cast; volumes lie above the background.
    substance
        Id of the book's substance.
    """
    row = next(one for one in live.book.substances if one.id == substance)
    try:
        found = contaminant(substance)
    except NotFoundError:
        return Plans(notes=(f"no handling plan: {substance} is not in the library of contaminants",))
    plume = worst_plume(live, now, substance)
    if plume is None:
        return Plans(notes=(f"no handling plan: {substance} stands nowhere above its limit",))
    ratio = 1.0 + plume.bulk_density_kg_m3 * row.kd_m3_kg / plume.porosity
    try:
        proposals = propose(found, plume, limit_kg_m3=row.limit_kg_m3, most=_MATCHES, retardation_ratio=ratio)
    except ParkTwinError as error:
        return Plans(notes=(f"no handling plan: {error.message}",))
    choices: list[Choice] = []
    notes: list[str] = []
    for one in proposals:
        measure = replace(one.choice.measure, id=PLAN_MARK + one.choice.measure.id)
        alike = any(row.measure.kind is measure.kind and row.measure.line == measure.line for row in choices)
        # Watching is what doing nothing is; of the same wells the better matched plan stays.
        if not measure.line or alike or len(choices) == MOST_PLANS:
            continue
        try:
            branch(live.twin.models[0], measure, sources=live.book.sources)
        except ParkTwinError as error:
            notes.append(f"{measure.id} cannot be built here: {error.message}")
            continue
        why = (one.match.why.en, *one.choice.notes)
        choices.append(replace(one.choice, measure=measure, notes=why))
    return Plans(choices=tuple(choices), notes=tuple(notes))


def worst_plume(live: WaterLive, now: Nowcast, substance: str) -> Plume | None:
    """The plume with the most mass of those inside the median front of now; None without one or a flow."""
    rings = next((row.median for row in now.fronts if row.species == substance and row.lead_s == 0.0), ())
    conc = next(
        (row.conc_kg_m3 for row in now.volumes if row.species == substance and row.lead_s == 0.0), None
    )
    if conc is None:
        return None
    row = next(one for one in live.book.substances if one.id == substance)
    bulk = live.book.model.bulk_density_kg_m3
    medium, grid = live.built.problem.medium, live.built.grid
    sorbed = 1.0 + bulk * row.kd_m3_kg / np.where(medium.porosity > 0.0, medium.porosity, 1.0)
    mass = dissolved_kg(live.twin.models[0], conc) * sorbed
    x, y = np.meshgrid(grid.x_m, grid.y_m)
    bodies = [(ring, shapely.contains_xy(shapely.Polygon(ring), x, y)) for ring in rings if _outer(ring)]
    bodies = [(ring, inside) for ring, inside in bodies if inside.any()]
    if not bodies:
        return None
    ring, inside = max(bodies, key=lambda one: float(mass[:, one[1]].sum()))
    spoiled = (conc > live.limit_kg_m3(substance)) & inside[None] & grid.active
    flow = (_mean(now.flow_east_m_s, inside), _mean(now.flow_north_m_s, inside))
    if not spoiled.any() or not np.hypot(*flow) > 0.0:
        return None
    depths = grid.top_m[None] - grid.tops_m, grid.top_m[None] - grid.bottom_m
    return Plume(
        front=(ring,),
        flow_m_s=flow,
        mass_kg=float(mass[:, inside].sum()),
        max_kg_m3=float(conc[spoiled].max()) + row.background_kg_m3,
        depth_m=(max(float(np.median(depths[0][spoiled])), 0.0), float(np.median(depths[1][spoiled]))),
        porosity=float(medium.porosity[spoiled].mean()),
        bulk_density_kg_m3=bulk,
    )


def _outer(ring: Ring) -> bool:
    """Outer rings go counter-clockwise and hold an area."""
    x, y = ring[:, 0], ring[:, 1]
    return len(ring) > 3 and float(x[:-1] @ y[1:] - x[1:] @ y[:-1]) > 0.0


def _mean(plane: FloatArray, inside: npt.NDArray[np.bool_]) -> float:
    if plane.shape != inside.shape:
        return 0.0
    some = plane[inside]
    fine = some[np.isfinite(some)]
    return float(fine.mean()) if fine.size else 0.0
