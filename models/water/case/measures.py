"""Measures of a transport case side by side, from the moment of the decision on."""

from __future__ import annotations

from models.casefiles.findings import bad_value
from models.casefiles.tables import ResultTable, make_table
from models.water.case.build import Built
from models.water.case.dims import Scale
from models.water.case.schema import TransportCase
from models.water.case.schema_measures import MeasureRow
from models.water.model import WaterModel
from models.water.run import step_lengths
from twin.core.errors import BadRequestError
from twin.core.groundwater import GroundwaterMeasure, MeasureKind
from twin.core.text import Text

_DEFAULT_M = 0.8


def measures_table(built: Built, case: TransportCase) -> tuple[ResultTable, tuple[str, ...]]:
    """Table ``measures`` (a row per option and moment, doing nothing first) and what is to be said of it.

    Raises CaseError naming the measure that cannot be built.
    """
    from models.water.measures.actions import branch
    from models.water.measures.compare import compare

    table, scale = case.compare, built.loaded.scale
    assert table is not None
    time_s = scale.factor("T")
    species = table.species or case.species[0].id
    chosen = [measure_of(row, scale) for row in case.measure]
    step_s = _step_s(built) if table.step is None else table.step * time_s
    model = WaterModel(built.problem, case.run.kernel)
    for n, measure in enumerate(chosen):
        try:
            branch(model, measure)
        except BadRequestError as error:
            value, where = error.value, f"measure.{n + 1} ({measure.id}), {error.field}"
            expected = error.message.partition("expected ")[2]
            expected_zh = error.message_zh.partition("应为")[2]
            raise bad_value(built.loaded.source, where, value, expected, expected_zh) from None
    decision_s, converged = table.decision * time_s, True
    while decision_s - model.time_s > 1e-9 * decision_s:
        done = model.step(min(step_s, decision_s - model.time_s))
        converged = converged and done.converged
    made = compare(
        model,
        chosen,
        substance=species,
        limit_kg_m3=table.limit * scale.factor("C"),
        leads_s=[t * time_s - decision_s for t in table.times],
        step_s=step_s,
    )
    rows = [(option, lead) for option in made.options for lead in option.leads]
    found = make_table(
        "measures",
        [
            ("receptor", "", [f"{o.id}@{(decision_s + lead.lead_s) / time_s:.12g}" for o, lead in rows]),
            ("time", "s", [decision_s + lead.lead_s for _, lead in rows]),
            ("mass", "kg", [lead.mass_kg.median for _, lead in rows]),
            ("removed", "kg", [lead.removed_kg.median for _, lead in rows]),
            ("area", "m2", [lead.area_m2.median for _, lead in rows]),
            ("conc_max", "kg/m3", [lead.max_kg_m3.median for _, lead in rows]),
            ("cost_low", "", [float("nan") if o.cost_cny is None else o.cost_cny.low for o, _ in rows]),
            ("cost", "", [float("nan") if o.cost_cny is None else o.cost_cny.median for o, _ in rows]),
            ("cost_high", "", [float("nan") if o.cost_cny is None else o.cost_cny.high for o, _ in rows]),
            ("best", "1", [float(o.id == made.best) for o, _ in rows]),
        ],
    )
    notes = [f"measures: {made.best} is best. {made.why.en}"]
    notes += [] if converged else ["measures: a step before the decision did not converge"]
    notes += [f"measures: {o.id} did not converge" for o in made.options if not o.converged]
    return found, tuple(notes)


def measure_of(row: MeasureRow, scale: Scale) -> GroundwaterMeasure:
    """A row as the park's own noun, SI; depths below ground."""
    length_m, time_s = scale.factor("L"), scale.factor("T")
    return GroundwaterMeasure(
        id=row.id,
        name=Text(zh=row.title or row.id, en=row.title or row.id),
        kind=MeasureKind(row.kind),
        line=tuple((x * length_m, y * length_m) for x, y in row.line),
        top_m=row.top * length_m,
        bottom_m=(row.bottom or 0.0) * length_m,
        rate_m3_s=(row.rate or 0.0) * scale.factor("L3/T"),
        conc_kg_m3=row.conc * scale.factor("C"),
        conductivity_m_s=(row.conductivity or 0.0) * scale.factor("L/T"),
        thickness_m=_DEFAULT_M if row.thickness is None else row.thickness * length_m,
        removal_share=row.share,
        half_life_s=None if row.half_life is None else row.half_life * time_s,
        start_s=row.start * time_s,
        end_s=None if row.end is None else row.end * time_s,
        cost_cny=row.cost,
    )


def _step_s(built: Built) -> float:
    """The longest time step of the case's periods."""
    return max(float(step_lengths(row).max()) for row in built.problem.flow.periods)
