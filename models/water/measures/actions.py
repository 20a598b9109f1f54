"""Measures as branches of a model: pumping, injection, walls, removal of a source, reactive zones.

``branch(model, measure)`` gives a model that goes its own way; the one it came from does not change. Moments
of a measure count from the model's present.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from models.water.measures.places import screen_cells, wall_faces, zone_cells
from models.water.model import WaterModel
from models.water.problem import Barrier, DecayZone, MassSource, Period, Species, Wells
from models.water.refusal import refused
from twin.core.geometry import frozen
from twin.core.groundwater import GroundwaterMeasure, GroundwaterSource, MeasureKind

LN2 = float(np.log(2.0))
_FOREVER_S = 1e13
_NEAR_CELLS = 1.5


def branch(
    model: WaterModel, measure: GroundwaterMeasure, *, sources: Sequence[GroundwaterSource] = ()
) -> WaterModel:
    """A branch of a model on which a measure is taken.

    Parameters
    ----------
    model
        Stands at the moment of the decision; its own future is ``do_nothing``.
    measure
        What is done, where and when; depths in metres below ground.
    sources
        The park's sources, to find the one that ``source_id`` names; without them a source of mass is found
        by its name or by the measure's place.

    Raises
    ------
    BadRequestError
        For what cannot be built: places outside active cells, a rate or half-life that is missing or not
        positive, a source that nobody knows.
    """
    if measure.kind is MeasureKind.DO_NOTHING:
        return model.what_if()
    if measure.kind is MeasureKind.SOURCE_REMOVAL:
        return _without_source(model, measure, sources)
    if measure.kind is MeasureKind.REACTIVE_ZONE:
        return model.what_if(species=_with_zone(model, measure))
    stresses = (_wall(model, measure),) if measure.kind is MeasureKind.BARRIER else _wells(model, measure)
    if measure.start_s <= 0.0 and measure.end_s is None:
        return model.what_if(add=stresses)

    def with_it(period: Period) -> Period:
        return replace(period, stresses=(*period.stresses, *stresses))

    return model.what_if(periods=between(model, with_it, measure.start_s, measure.end_s))


def between(
    model: WaterModel, change: Callable[[Period], Period], start_s: float, end_s: float | None
) -> tuple[Period, ...]:
    """Periods of a model, changed between two moments from now; the last one goes on for ever."""
    first = model.time_s + max(start_s, 0.0)
    last = _FOREVER_S if end_s is None else model.time_s + end_s
    if not last > first:
        raise refused(
            value=end_s,
            field="end_s",
            expected=f"later than {start_s:g} s",
            expected_zh=f"晚于 {start_s:g} s",
        )
    rows = list(model.problem.flow.periods)
    rows.append(replace(rows[-1], length_s=_FOREVER_S))
    found: list[Period] = []
    at = 0.0
    for row in rows:
        cuts = [at, *(t for t in (first, last) if at < t < at + row.length_s), at + row.length_s]
        for low, high in zip(cuts[:-1], cuts[1:], strict=True):
            part = replace(row, length_s=high - low)
            found.append(change(part) if first <= low and high <= last else part)
        at += row.length_s
    return tuple(found)


def decay_of(half_life_s: float | None) -> float:
    """First-order rate of a half-life. Raises BadRequestError for none or one that is not positive."""
    if half_life_s is None or not half_life_s > 0.0:
        raise refused(value=half_life_s, field="half_life_s", expected="more than zero", expected_zh="大于零")
    return LN2 / half_life_s


def _wells(model: WaterModel, measure: GroundwaterMeasure) -> tuple[Wells, ...]:
    if not measure.rate_m3_s > 0.0 or not measure.line:
        raise refused(
            value=measure.rate_m3_s,
            field="rate_m3_s",
            expected="more than zero, and a place per well",
            expected_zh="大于零，且每口井给出位置",
        )
    flow, transport = model.problem.flow, model.problem.transport
    sign = -1.0 if measure.kind is MeasureKind.PUMP else 1.0
    found = []
    for at, place in enumerate(measure.line, start=1):
        cells, share = screen_cells(flow.grid, flow.medium, place, measure.top_m, measure.bottom_m)
        conc = None
        if sign > 0.0 and transport is not None:
            conc = frozen(np.full((len(cells), len(transport.species)), measure.conc_kg_m3))
        found.append(
            Wells(
                cells=cells,
                rate_m3_s=frozen(sign * measure.rate_m3_s * share),
                conc_kg_m3=conc,
                name=f"{measure.id}:{at}",
            )
        )
    return tuple(found)


def _wall(model: WaterModel, measure: GroundwaterMeasure) -> Barrier:
    if not (measure.thickness_m > 0.0 and measure.conductivity_m_s >= 0.0):
        raise refused(
            value=(measure.thickness_m, measure.conductivity_m_s),
            field="thickness_m, conductivity_m_s",
            expected="a thickness above zero, a conductivity of at least zero",
            expected_zh="厚度大于零，渗透系数不小于零",
        )
    grid = model.problem.flow.grid
    cells_a, cells_b = wall_faces(grid, measure.line, measure.top_m, measure.bottom_m)
    leak = measure.conductivity_m_s / measure.thickness_m
    return Barrier(
        cells_a=cells_a,
        cells_b=cells_b,
        hydraulic_1_s=frozen(np.full(len(cells_a), leak)),
        name=measure.id,
    )


def _with_zone(model: WaterModel, measure: GroundwaterMeasure) -> tuple[Species, ...]:
    """Every species with a zone; a sorbing one decays R times slower, for the zone works on the water.

    A cell that the zone fills in part decays by that part. Cells wider than the zone mix what the zone
    would treat one after the other, so that they make it weaker than it is, never stronger.
    """
    flow, transport = model.problem.flow, model.problem.transport
    if transport is None:
        raise refused(
            value="none", field="transport", expected="something that travels", expected_zh="存在运移组分"
        )
    width_m = measure.thickness_m
    cells, filled = zone_cells(flow.grid, measure.line, width_m, measure.top_m, measure.bottom_m)
    rate_1_s = decay_of(measure.half_life_s) * filled
    porosity = flow.medium.porosity[tuple(cells.T)]
    start_s = model.time_s + max(measure.start_s, 0.0)
    end_s = float("inf") if measure.end_s is None else model.time_s + measure.end_s
    found = []
    for row in transport.species:
        kd = row.sorption.kd_m3_kg if row.sorption is not None and row.sorption.kind == "linear" else 0.0
        bulk = row.sorption.bulk_density_kg_m3 if row.sorption is not None else 0.0
        slowed = frozen(rate_1_s / (1.0 + bulk * kd / porosity))
        zone = DecayZone(cells=cells, rate_1_s=slowed, start_s=start_s, end_s=end_s)
        found.append(replace(row, zones=(*row.zones, zone)))
    return tuple(found)


def _without_source(
    model: WaterModel, measure: GroundwaterMeasure, sources: Sequence[GroundwaterSource]
) -> WaterModel:
    if not 0.0 <= measure.removal_share <= 1.0:
        raise refused(
            value=measure.removal_share, field="removal_share", expected="0 to 1", expected_zh="0 至 1"
        )
    transport = model.problem.transport
    at_s = model.time_s + max(measure.start_s, 0.0)
    known = () if transport is None else tuple(transport.sources)
    chosen = [row for row in known if _meant(model, row, measure, sources)]
    leaks = {
        row.name
        for period in model.problem.flow.periods
        for row in period.stresses
        if isinstance(row, Wells) and row.name == measure.source_id
    }
    if not chosen and not leaks:
        raise refused(
            value=measure.source_id or measure.line,
            field="source_id",
            expected=f"one of {sorted({row.name for row in known})}",
            expected_zh=f"{sorted({row.name for row in known})} 之一",
        )
    left = tuple(part for row in known for part in (_less(row, measure, at_s) if row in chosen else (row,)))
    if not leaks:
        return model.what_if(sources=left)

    def without(period: Period) -> Period:
        rows = [
            replace(row, rate_m3_s=frozen(row.rate_m3_s * (1.0 - measure.removal_share)))
            if isinstance(row, Wells) and row.name in leaks
            else row
            for row in period.stresses
        ]
        return replace(period, stresses=tuple(rows))

    periods = between(model, without, measure.start_s, None)
    return model.what_if(periods=periods, sources=None if transport is None else left)


def _less(row: MassSource, measure: GroundwaterMeasure, at_s: float) -> tuple[MassSource, ...]:
    """A source before and after; nothing after where all of it goes."""
    before = replace(row, end_s=min(row.end_s, at_s))
    weaker = frozen(row.rate_kg_s * (1.0 - measure.removal_share))
    after = replace(row, start_s=max(row.start_s, at_s), rate_kg_s=weaker)
    found = [before] if before.end_s > before.start_s else []
    if measure.removal_share < 1.0 and after.end_s > after.start_s:
        found.append(after)
    return tuple(found)


def _meant(
    model: WaterModel, row: MassSource, measure: GroundwaterMeasure, sources: Sequence[GroundwaterSource]
) -> bool:
    if measure.source_id and row.name == measure.source_id:
        return True
    named = [source for source in sources if source.id == measure.source_id]
    places = [(source.x_m, source.y_m) for source in named] or list(measure.line)
    if not places:
        return False
    grid = model.problem.flow.grid
    radius = max([source.radius_m for source in named], default=0.0)
    cell_m = float(max(grid.dx_m[row.cells[:, 2]].max(), grid.dy_m[row.cells[:, 1]].max()))
    x, y = grid.x_m[row.cells[:, 2]], grid.y_m[row.cells[:, 1]]
    away = min(float(np.hypot(x - px, y - py).min()) for px, py in places)
    return away <= max(radius, _NEAR_CELLS * cell_m)
