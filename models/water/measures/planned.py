"""A handling plan put on the ground: where, how deep, how much; and what it would do, by comparison.

A zone or wall stands across the flow at the front's downstream edge, wells inside it; injected agents work
on the front's outline itself. Places are proposals: pipes, roads and access are not known here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, hypot

import numpy as np
import shapely

from models.contaminants.contaminant import Contaminant
from models.contaminants.plans import Dose, Match, Plan, dose, half_life_s, match_plans
from models.water.measures.compare import Choice
from models.water.measures.comparison import Amount
from models.water.measures.places import zone_volume_m3
from models.water.now import Ring
from models.water.refusal import refused
from twin.core.groundwater import GroundwaterMeasure, MeasureKind, Point

_MARGIN_M = 5.0
_INJECTED = frozenset({"fluoride", "oxidant", "molar"})
_CAMPAIGN_S = 90.0 * 86_400.0  # how long an injection works: a planning assumption
_BARRIER_ZONES = frozenset({"fluoride_apatite", "chromium_iron", "chlorinated_iron"})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plume:
    """What a plan needs to know of a plume.

    ``front`` rings at the limit, metres; ``flow_m_s`` direction and size of the specific discharge (east,
    north); ``mass_kg`` in the ground; ``max_kg_m3``; ``depth_m`` from and to which it reaches below ground;
    ``porosity`` and ``bulk_density_kg_m3`` of that ground.
    """

    front: tuple[Ring, ...]
    flow_m_s: tuple[float, float]
    mass_kg: float
    max_kg_m3: float
    depth_m: tuple[float, float]
    porosity: float = 0.25
    bulk_density_kg_m3: float = 1700.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Proposal:
    """A matched plan, the measure and agent by which it is compared, and how much of it."""

    match: Match
    choice: Choice
    dose: Dose | None


def propose(
    found: Contaminant, plume: Plume, *, limit_kg_m3: float, most: int = 4, retardation_ratio: float = 1.0
) -> tuple[Proposal, ...]:
    """Plans for a plume, the best matched first, ready for ``compare``.

    Parameters
    ----------
    found
        Substance.
    plume
        Its plume; its front must not be empty.
    limit_kg_m3
        Class III, against which the degree counts.
    most
        How many plans at most.
    retardation_ratio
        Of the substance, for how much water has to be pumped.

    Raises
    ------
    BadRequestError
        For a plume without a front, without mass, or a limit that is not positive.
    """
    if not plume.front:
        raise refused(value="none", field="front", expected="at least one ring", expected_zh="至少一个闭合环")
    if not limit_kg_m3 > 0.0:
        raise refused(value=limit_kg_m3, field="limit_kg_m3", expected="more than zero", expected_zh="大于零")
    matches = match_plans(found, plume.max_kg_m3 / limit_kg_m3)
    rows = []
    for match in matches[:most]:
        measure, area = _placed(match.plan, found, plume, retardation_ratio)
        amount = _dose(match.plan, found, plume, measure)
        rows.append(
            Proposal(
                match=match,
                dose=amount,
                choice=Choice(
                    measure=measure,
                    agent=match.plan.agent,
                    amount=None if amount is None else Amount(value=amount.median_kg, unit="kg"),
                    area=area,
                    notes=_caveats(match.plan, measure),
                ),
            )
        )
    return tuple(rows)


def across(front: Sequence[Ring], flow_m_s: tuple[float, float]) -> tuple[Point, Point]:
    """Line across the flow at the downstream edge of a front, some metres longer than it on both sides.

    Raises BadRequestError without a flow.
    """
    speed = hypot(*flow_m_s)
    if not speed > 0.0:
        raise refused(value=flow_m_s, field="flow_m_s", expected="a flow", expected_zh="非零的流动")
    along = np.array(flow_m_s) / speed
    side = np.array([-along[1], along[0]])
    points = np.concatenate(list(front))
    edge = float((points @ along).max()) + _MARGIN_M
    left, right = float((points @ side).min()) - _MARGIN_M, float((points @ side).max()) + _MARGIN_M
    a, b = edge * along + left * side, edge * along + right * side
    return (float(a[0]), float(a[1])), (float(b[0]), float(b[1]))


def capture_m3_s(width_m: float, thickness_m: float, flow_m_s: float) -> float:
    """Rate that captures a width of uniform flow far upstream: Q = q b w (Javandel and Tsang, 1986)."""
    return width_m * thickness_m * flow_m_s


def _caveats(plan: Plan, measure: GroundwaterMeasure) -> tuple[str, ...]:
    found = []
    if measure.kind is MeasureKind.REACTIVE_ZONE:
        found.append("the half-life in the zone is a planning assumption: a bench test decides")
    if measure.end_s is not None:
        found.append(f"one injection is taken to work for {measure.end_s / 86_400.0:.0f} days")
    if plan.dose == "fluoride":
        found.append("calcium fluoride leaves 1 to 8 mg/L of fluoride, whatever is computed")
    return tuple(found)


def _placed(
    plan: Plan, found: Contaminant, plume: Plume, retardation_ratio: float
) -> tuple[GroundwaterMeasure, tuple[Ring, ...]]:
    top_m, bottom_m = plume.depth_m
    kind = MeasureKind(plan.measure)
    base = GroundwaterMeasure(
        id=plan.id, name=plan.name, kind=kind, top_m=top_m, bottom_m=bottom_m, agent=plan.agent
    )
    if kind is MeasureKind.DO_NOTHING:
        return base, ()
    hull = shapely.union_all([shapely.Polygon(ring) for ring in plume.front]).convex_hull.buffer(_MARGIN_M)
    whole = (np.asarray(hull.exterior.coords)[::-1],)
    line = across(plume.front, plume.flow_m_s)
    if kind is MeasureKind.BARRIER:
        return _with(base, line), ()
    if kind is MeasureKind.PUMP:
        return _pumped(base, plume, line, retardation_ratio), ()
    half_life = half_life_s(plan, found)
    if plan.id in _BARRIER_ZONES:
        return _with(base, line, thickness_m=_thickness_m(plume, half_life), half_life_s=half_life), ()
    ring = tuple((float(x), float(y)) for x, y in hull.exterior.coords)
    return replace(_with(base, ring, half_life_s=half_life), end_s=_CAMPAIGN_S), whole


def _pumped(
    base: GroundwaterMeasure, plume: Plume, line: tuple[Point, Point], retardation_ratio: float
) -> GroundwaterMeasure:
    """Wells a third of the width apart inside the edge, together capturing half again of the flow there."""
    a, b = np.array(line[0]), np.array(line[1])
    width = float(np.hypot(*(b - a)))
    thickness = base.bottom_m - base.top_m
    total = 1.5 * capture_m3_s(width, thickness, hypot(*plume.flow_m_s))
    count = max(1, min(6, ceil(width / 60.0)))
    along = np.array(plume.flow_m_s) / hypot(*plume.flow_m_s)
    inward = 2.0 * _MARGIN_M * along
    shares = (np.arange(count) + 0.5) / count
    places = tuple((float(x), float(y)) for x, y in (a + shares[:, None] * (b - a) - inward))
    return _with(base, places, rate_m3_s=total * min(retardation_ratio, 2.0) / count)


def _thickness_m(plume: Plume, half_life: float | None) -> float:
    """Fill in which the largest concentration falls a thousandfold, 0.5 to 5 m: v t ln(1000) / ln 2."""
    if half_life is None:
        return 1.0
    velocity = hypot(*plume.flow_m_s) / plume.porosity
    return float(np.clip(velocity * half_life * np.log(1000.0) / np.log(2.0), 0.5, 5.0))


def _dose(plan: Plan, found: Contaminant, plume: Plume, measure: GroundwaterMeasure) -> Dose | None:
    if plume.mass_kg <= 0.0 or plan.dose == "none":
        return None
    zone_m3 = 0.0
    if measure.kind is MeasureKind.REACTIVE_ZONE:
        zone_m3 = zone_volume_m3(measure.line, measure.thickness_m, measure.top_m, measure.bottom_m)
    return dose(
        plan,
        found,
        plume.mass_kg,
        conc_kg_m3=plume.max_kg_m3,
        soil_m3=zone_m3 if plan.dose in _INJECTED else 0.0,
        zone_m3=zone_m3,
        bulk_density_kg_m3=plume.bulk_density_kg_m3,
    )


def _with(
    base: GroundwaterMeasure,
    line: tuple[Point, ...],
    *,
    rate_m3_s: float = 0.0,
    thickness_m: float = 0.8,
    half_life_s: float | None = None,
) -> GroundwaterMeasure:
    return replace(base, line=line, rate_m3_s=rate_m3_s, thickness_m=thickness_m, half_life_s=half_life_s)
