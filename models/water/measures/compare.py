"""Measures side by side: every option on every member of the ensemble, from one moment, by one rule.

Nothing is drawn by chance: the same models and measures give the same comparison.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from models.water.arrival import strongest, target_cells
from models.water.fronts import Dressing, Places, Raster, band, front, plan, raster_of
from models.water.grid import Grid, IntArray
from models.water.measures.actions import branch
from models.water.measures.comparison import Amount, Comparison, Lead, Option
from models.water.measures.cost import cost
from models.water.measures.verdict import verdict
from models.water.model import Float32Array, WaterModel
from models.water.now import Ring, Volume
from models.water.refusal import refused
from twin.core.geometry import FloatArray
from twin.core.groundwater import GroundwaterMeasure, GroundwaterSource, GroundwaterTarget, MeasureKind
from twin.core.text import Text

DO_NOTHING = GroundwaterMeasure(
    id="do_nothing", name=Text(zh="不采取措施", en="Do nothing"), kind=MeasureKind.DO_NOTHING
)
AT_RISK = 0.05  # share of members in which a target's limit is exceeded
_WORK_M = 5.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Choice:
    """A measure to compare, with the agent, the amount and the caveats of a plan."""

    measure: GroundwaterMeasure
    agent: Text | None = None
    amount: Amount | None = None
    area: tuple[Ring, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Seen:
    """What one member's branch held at the leads: all (leads,), ``over`` (targets, leads) so far.

    ``kept_kg_m3`` concentrations (nl, nr, nc) by lead.
    """

    mass_kg: FloatArray
    max_kg_m3: FloatArray
    over: FloatArray
    planes: tuple[FloatArray, ...]
    kept_kg_m3: Mapping[float, Float32Array]
    converged: bool
    notes: tuple[str, ...]


def compare(
    models: WaterModel | Sequence[WaterModel],
    measures: Sequence[GroundwaterMeasure | Choice],
    *,
    substance: str,
    limit_kg_m3: float,
    leads_s: Sequence[float],
    targets: Sequence[GroundwaterTarget] = (),
    sources: Sequence[GroundwaterSource] = (),
    step_s: float = 86_400.0,
    keep_s: Sequence[float] = (),
    sources_m: Places | None = None,
    dressing: Dressing | None = None,
    progress: Callable[[str, int], None] | None = None,
) -> Comparison:
    """Compare measures with doing nothing.

    Parameters
    ----------
    models
        The model as it stands, or the members of an ensemble; none of them changes.
    measures
        What could be done; doing nothing comes first by itself.
    substance
        Species that is followed.
    limit_kg_m3
        Concentration that makes the plume and endangers targets.
    leads_s
        Moments after now, growing, from zero (now) on, at which the options are looked at.
    targets, sources
        Places to protect and sources of the park.
    step_s
        Time step.
    keep_s
        Those of the leads whose median concentrations in the cells come as ``Option.volumes``.
    sources_m, dressing
        Where the plume starts and the error of a member's front, as ``front`` takes them: areas and fronts
        are those that now-casts draw.
    progress
        Called with an option's id and a member's number before each run.

    Returns
    -------
    Comparison
        ``best`` by the rule of ``verdict``: doing nothing unless an option saves a target or a quarter of
        the area by the last lead.

    Raises
    ------
    BadRequestError
        For an unknown substance, a limit, lead or step that cannot be, a ``keep_s`` that is none of the
        leads, two measures of one id, and what ``branch`` refuses.
    """
    members = [models] if isinstance(models, WaterModel) else list(models)
    leads = _leads(leads_s, step_s)
    if not limit_kg_m3 > 0.0:
        raise refused(value=limit_kg_m3, field="limit_kg_m3", expected="more than zero", expected_zh="大于零")
    keep = _keep(keep_s, leads)
    species = _species(members, substance)
    choices = _choices(measures)
    grid = members[0].problem.flow.grid
    look = _Look(
        grid=grid,
        substance=substance,
        species=species,
        limit_kg_m3=limit_kg_m3,
        leads_s=leads,
        step_s=step_s,
        keep_s=keep,
        cells=tuple(target_cells(grid, row) for row in targets),
        sources_m=sources_m,
        dressing=dressing,
    )
    raster = raster_of(grid)
    seen: list[list[_Seen]] = []
    for choice in choices:
        runs = []
        for at, model in enumerate(members):
            if progress is not None:
                progress(choice.measure.id, at)
            runs.append(look.run(branch(model, choice.measure, sources=sources)))
        seen.append(runs)
    options = tuple(
        _option(choice, runs, seen[0], look, raster, targets, sources)
        for choice, runs in zip(choices, seen, strict=True)
    )
    best, why = verdict(options, len(members))
    return Comparison(
        substance=substance,
        limit_kg_m3=limit_kg_m3,
        baseline=options[0].id,
        options=options,
        best=best,
        why=why,
        members=len(members),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Look:
    """How a branch is watched."""

    grid: Grid
    substance: str
    species: int
    limit_kg_m3: float
    leads_s: tuple[float, ...]
    step_s: float
    keep_s: tuple[float, ...]
    cells: tuple[IntArray, ...]
    sources_m: Places | None
    dressing: Dressing | None

    def run(self, model: WaterModel) -> _Seen:
        start_s = model.time_s
        over = np.zeros(len(self.cells), dtype=bool)
        kept: list[tuple[float, float, FloatArray, FloatArray]] = []
        whole: dict[float, Float32Array] = {}
        converged, notes = True, []
        for lead in self.leads_s:
            for length_s in self._steps(start_s + lead - model.time_s):
                done = model.step(length_s)
                converged = converged and done.converged
                notes += [note for note in done.notes if note not in notes]
                over |= np.array([self._peak(model, cells) > self.limit_kg_m3 for cells in self.cells], bool)
            kept.append((*self._numbers(model), over.copy()))
            if lead in self.keep_s:
                whole[lead] = np.nan_to_num(self._conc(model)).astype(np.float32)
        mass, most, planes, danger = zip(*kept, strict=True)
        return _Seen(
            mass_kg=np.asarray(mass),
            max_kg_m3=np.asarray(most),
            over=np.asarray(danger).reshape(len(self.leads_s), -1),
            planes=planes,
            kept_kg_m3=whole,
            converged=converged,
            notes=tuple(notes),
        )

    def _conc(self, model: WaterModel) -> FloatArray:
        carried = model.state().transport
        assert carried is not None  # checked when the substance was looked up
        return np.asarray(carried.conc_kg_m3[self.species])

    def _steps(self, span_s: float) -> list[float]:
        steps = int(np.ceil(span_s / self.step_s - 1e-9))
        return [span_s / steps] * steps if steps > 0 else []

    def _peak(self, model: WaterModel, cells: IntArray) -> float:
        return strongest(self._conc(model), cells)

    def _numbers(self, model: WaterModel) -> tuple[float, float, FloatArray]:
        carried = model.state().transport
        assert carried is not None
        plane = plan(self._conc(model))
        return float(carried.mass_kg[self.species]), float(plane.max()), plane


def _option(
    choice: Choice,
    runs: Sequence[_Seen],
    nothing: Sequence[_Seen],
    look: _Look,
    raster: Raster,
    targets: Sequence[GroundwaterTarget],
    sources: Sequence[GroundwaterSource],
) -> Option:
    leads = []
    for at, lead_s in enumerate(look.leads_s):
        danger = np.mean([run.over[at] for run in runs], axis=0)
        drawn = front(
            look.grid,
            [run.planes[at] for run in runs],
            species=look.substance,
            lead_s=lead_s,
            limit_kg_m3=look.limit_kg_m3,
            source_m=look.sources_m,
            dressing=look.dressing,
            raster=raster,
        )
        removed = [other.mass_kg[at] - run.mass_kg[at] for run, other in zip(runs, nothing, strict=True)]
        leads.append(
            Lead(
                lead_s=lead_s,
                mass_kg=band([float(run.mass_kg[at]) for run in runs]),
                area_m2=drawn.area_m2,
                max_kg_m3=band([float(run.max_kg_m3[at]) for run in runs]),
                removed_kg=band([float(value) for value in removed]),
                risk_targets=tuple(
                    row.id for row, share in zip(targets, danger, strict=True) if share >= AT_RISK
                ),
                median=drawn.median,
            )
        )
    measure = choice.measure
    return Option(
        id=measure.id,
        name=measure.name,
        kind=measure.kind,
        cost_cny=cost(measure, horizon_s=look.leads_s[-1], sources=sources),
        agent=choice.agent or measure.agent,
        amount=choice.amount,
        area=choice.area or working_area(measure, sources),
        leads=tuple(leads),
        volumes=tuple(
            Volume(
                species=look.substance,
                lead_s=lead_s,
                band="median",
                conc_kg_m3=np.median([run.kept_kg_m3[lead_s] for run in runs], axis=0),
            )
            for lead_s in look.keep_s
        ),
        converged=all(run.converged for run in runs),
        notes=tuple(dict.fromkeys([*choice.notes, *(note for run in runs for note in run.notes)])),
    )


def working_area(
    measure: GroundwaterMeasure, sources: Sequence[GroundwaterSource] = (), *, margin_m: float = _WORK_M
) -> tuple[Ring, ...]:
    """Rings around where people work: everything within some metres of wells, wall, zone or source."""
    if not measure.line:
        named = [row for row in sources if row.id == measure.source_id]
        rounds = [shapely.Point(row.x_m, row.y_m).buffer(row.radius_m + margin_m) for row in named]
        return tuple(np.asarray(part.exterior.coords)[::-1] for part in rounds)
    if measure.kind in (MeasureKind.PUMP, MeasureKind.INJECT) or len(measure.line) == 1:
        shape = shapely.MultiPoint(measure.line).buffer(margin_m)
    else:
        shape = shapely.LineString(measure.line).buffer(margin_m + 0.5 * measure.thickness_m)
    parts = shapely.get_parts(shape)
    return tuple(np.asarray(part.exterior.coords)[::-1] for part in parts)


def _choices(measures: Sequence[GroundwaterMeasure | Choice]) -> list[Choice]:
    given = [row if isinstance(row, Choice) else Choice(measure=row) for row in measures]
    idle = [row for row in given if row.measure.kind is MeasureKind.DO_NOTHING]
    rest = [row for row in given if row.measure.kind is not MeasureKind.DO_NOTHING]
    first = idle[0] if idle else Choice(measure=DO_NOTHING)
    ids = [row.measure.id for row in (first, *rest)]
    if len(set(ids)) != len(ids):
        twice = next(name for name in ids if ids.count(name) > 1)
        raise refused(value=twice, field="measures", expected="an id of its own", expected_zh="各自的代号")
    return [first, *rest]


def _species(members: Sequence[WaterModel], substance: str) -> int:
    transport = members[0].problem.transport if members else None
    names = [] if transport is None else [row.id for row in transport.species]
    if substance not in names:
        raise refused(
            value=substance, field="substance", expected=f"one of {names}", expected_zh=f"{names} 之一"
        )
    return names.index(substance)


def _leads(leads_s: Sequence[float], step_s: float) -> tuple[float, ...]:
    rows = tuple(float(value) for value in leads_s)
    if (
        not rows
        or rows[0] < 0.0
        or rows[-1] <= 0.0
        or any(b <= a for a, b in zip(rows, rows[1:], strict=False))
    ):
        raise refused(
            value=rows,
            field="leads_s",
            expected="growing, the last positive",
            expected_zh="递增且末项为正的时刻",
        )
    if not step_s > 0.0:
        raise refused(value=step_s, field="step_s", expected="more than zero", expected_zh="大于零")
    return rows


def _keep(keep_s: Sequence[float], leads: tuple[float, ...]) -> tuple[float, ...]:
    rows = tuple(float(value) for value in keep_s)
    if not set(rows) <= set(leads):
        raise refused(value=rows, field="keep_s", expected=f"some of {leads}", expected_zh=f"取自 {leads}")
    return rows
