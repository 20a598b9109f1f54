"""A report from what the API says: a now-cast of the groundwater and, if there is one, a comparison."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from models.contaminants.library import contaminant
from models.contaminants.plans import Match, match_plans
from models.contaminants.standard import indicator
from models.water.now import Band
from models.water.risk import Threat, judge_target
from twin.core.errors import NotFoundError
from twin.core.groundwater import TargetKind
from twin.core.origin import Origin
from twin.core.text import Text
from twin.stage.water.report_facts import (
    BudgetLine,
    FrontRow,
    OptionLine,
    PlanLine,
    Rings,
    RiskReport,
    Sample,
    Spread,
    TargetRow,
    WellRow,
)

Shape = Mapping[str, Any]
_PLANS = 3


def report_of(
    now: Shape,
    comparison: Shape | None = None,
    *,
    park: Text,
    names: Mapping[str, Text] | None = None,
    situation: Sequence[Text] = (),
    readings_origin: Origin | None = None,
) -> RiskReport:
    """Facts of a report from ``WaterNow`` and ``Comparison`` as docs/api.md shapes them.

    Parameters
    ----------
    now, comparison
        As the API gives them (dictionaries).
    park
        Name of the park.
    names
        Names of substances by id; without one the library's, else the id.
    situation
        Paragraphs to begin with.
    readings_origin
        Of readings that tell none of their own; None: measured where the now-cast is modelled, else as it.

    Returns
    -------
    RiskReport
        With levels of risk explained, and the handling plans that fit the worst substance.
    """
    called = _Names(names or {})
    origin = Origin(now["origin"])
    of_wells = readings_origin or (Origin.MEASURED if origin is Origin.MODELLED else origin)
    options, best, why = _options(comparison)
    return RiskReport(
        park=park,
        time_ms=int(now["t"]),
        origin=origin,
        solver=str(now["solver"]),
        members=int(now["members"]),
        situation=tuple(situation),
        wells=tuple(_well(row, of_wells) for row in now["wells"]),
        fronts=tuple(_front(row, called) for row in now["fronts"]),
        targets=tuple(_target(row, called) for row in now["targets"]),
        flow_lines=rings(now["flow_lines"]),
        water=tuple(
            BudgetLine(name=row["name"], in_value=row["in_m3_s"], out_value=row["out_m3_s"])
            for row in now["budget"]
        ),
        mass=_mass(now["mass"], called),
        mass_now_kg={called.of(name).zh: spread(row) for name, row in now["mass_now_kg"].items()},
        compared=options,
        best=best,
        why=why,
        plans=_plans(now, comparison),
        notes=tuple(now["notes"]),
    )


def spread(row: Shape) -> Spread:
    """A band of the wire."""
    return Spread(low=float(row["low"]), median=float(row["median"]), high=float(row["high"]))


def rings(found: Sequence[Sequence[Sequence[float]]]) -> Rings:
    """Rings or lines of the wire."""
    return tuple(np.asarray(ring, dtype=np.float64).reshape(-1, 2) for ring in found)


class _Names:
    def __init__(self, given: Mapping[str, Text]) -> None:
        self._given = given

    def of(self, name: str) -> Text:
        if name in self._given:
            return self._given[name]
        for find in (indicator, contaminant):
            try:
                return find(name).name
            except NotFoundError:
                continue
        return Text(zh=name, en=name)


def _well(row: Shape, origin: Origin) -> WellRow:
    level = row["measured_level"]
    read = tuple(_read(row, origin))
    return WellRow(
        id=row["sensor"],
        x_m=row["x_m"],
        y_m=row["y_m"],
        level_m=None if level is None else float(level),
        modelled_m=spread(row["level"]),
        samples=tuple(sample for sample, fresh in read if fresh),
        stale=tuple(sample for sample, fresh in read if not fresh),
        time_ms=row["measured_t"],
    )


def _read(well: Shape, origin: Origin = Origin.MEASURED) -> Iterator[tuple[Sample, bool]]:
    """Good readings of a well and whether they are fresh; ``origin`` where an old row tells none."""
    told = well.get("measured")
    if told is None:
        told = {
            name: {"value": value, "fresh": True, "origin": None}
            for name, value in well["measured_conc"].items()
        }
    for name, one in told.items():
        if one["value"] is None or one["value"] < 0.0:
            continue
        own = origin if one["origin"] is None else Origin(one["origin"])
        yield (
            Sample(indicator=name, value=float(one["value"]), origin=own, time_ms=one.get("t")),
            bool(one["fresh"]),
        )


def _front(row: Shape, called: _Names) -> FrontRow:
    return FrontRow(
        substance=called.of(row["substance"]),
        lead_s=float(row["lead_s"]),
        limit_kg_m3=float(row["limit_kg_m3"]),
        limit_name=str(row["class"]),
        median=rings(row["median"]),
        low=rings(row["low"]),
        high=rings(row["high"]),
        area_m2=spread(row["area_m2"]),
        reach_m=spread(row["reach_m"]),
    )


def _target(row: Shape, called: _Names) -> TargetRow:
    arrival = None if row["arrival_s"] is None else spread(row["arrival_s"])
    peak = spread(row["peak_kg_m3"])
    judged = judge_target(
        Threat(
            kind=TargetKind(row["kind"]),
            limit_kg_m3=row["limit_kg_m3"],
            probability=row["probability_365d"],
            arrival_s=None if arrival is None else _band(arrival),
            peak_kg_m3=_band(peak),
        )
    )
    return TargetRow(
        id=row["id"],
        name=Text(**row["name"]),
        kind=row["kind"],
        x_m=row["x_m"],
        y_m=row["y_m"],
        substance=called.of(row["substance"]),
        limit_kg_m3=row["limit_kg_m3"],
        probability_365d=row["probability_365d"],
        arrival_s=arrival,
        peak_kg_m3=peak,
        risk=row["risk"],
        response=row["response"],
        reasons=judged.reasons,
    )


def _band(row: Spread) -> Band:
    return Band(low=row.low, median=row.median, high=row.high)


def _mass(rows: Sequence[Shape], called: _Names) -> dict[str, tuple[BudgetLine, ...]]:
    found: dict[str, list[BudgetLine]] = {}
    for row in rows:
        line = BudgetLine(name=row["name"], in_value=row["in_kg"], out_value=row["out_kg"])
        found.setdefault(called.of(row["substance"]).zh, []).append(line)
    return {name: tuple(lines) for name, lines in found.items()}


def _options(comparison: Shape | None) -> tuple[tuple[OptionLine, ...], str | None, Text | None]:
    if comparison is None:
        return (), None, None
    return (
        tuple(_option(row) for row in comparison["options"] if row["leads"]),
        comparison["best"],
        Text(**comparison["why"]),
    )


def _option(row: Shape) -> OptionLine:
    last = row["leads"][-1]
    amount = row["amount"]
    return OptionLine(
        id=row["id"],
        name=Text(**row["name"]),
        lead_s=float(last["lead_s"]),
        mass_kg=spread(last["mass_kg"]),
        area_m2=spread(last["area_m2"]),
        max_kg_m3=spread(last["max_kg_m3"]),
        risk_target_count=len(last["risk_targets"]),
        cost_cny=None if row["cost_cny"] is None else spread(row["cost_cny"]),
        agent=None if row["agent"] is None else Text(**row["agent"]),
        amount="" if amount is None else f"{amount['value']:.3g} {amount['unit']}",
    )


def _plans(now: Shape, comparison: Shape | None) -> tuple[PlanLine, ...]:
    """Plans for the substance whose readings exceed their limit most; none where nothing does."""
    limits = {row["substance"]: float(row["limit_kg_m3"]) for row in now["fronts"]}
    worst: tuple[float, str] | None = None
    for well in now["wells"]:
        for sample, fresh in _read(well):
            name = sample.indicator
            degree = sample.value / limits[name] if fresh and name in limits else 0.0
            if degree > 1.0 and (worst is None or degree > worst[0]):
                worst = (degree, name)
    if worst is None:
        return ()
    try:
        found = contaminant(worst[1])
    except NotFoundError:
        return ()
    return tuple(plan_line(match) for match in match_plans(found, worst[0])[:_PLANS])


def plan_line(match: Match, dose: Text | None = None) -> PlanLine:
    """A matched plan as a line of a report."""
    plan = match.plan
    return PlanLine(
        name=plan.name,
        why=match.why,
        agent=plan.agent,
        dose=dose,
        reaction=plan.reaction,
        steps=plan.steps,
        sources=tuple(row.citation for row in plan.sources),
    )
