"""What a comparison of measures says, and its form on the wire."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from models.water.now import Band, Ring, Volume
from twin.core.groundwater import MeasureKind
from twin.core.text import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """How much of an agent; ``unit`` as people read it (t, kg, m3)."""

    value: float
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lead:
    """An option at one moment after the decision, over the ensemble's members.

    ``mass_kg`` in the ground, dissolved and sorbed; ``area_m2`` of the plume in plan above the limit, as
    now-casts count it;
    ``max_kg_m3`` anywhere; ``removed_kg`` less than with nothing done. ``risk_targets``: ids of targets
    whose limit was exceeded by then in at least one of twenty members. ``median`` rings of the front.
    """

    lead_s: float
    mass_kg: Band
    area_m2: Band
    max_kg_m3: Band
    removed_kg: Band
    risk_targets: tuple[str, ...]
    median: tuple[Ring, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Option:
    """A measure with what it costs and does. ``area`` rings of where people work.

    ``volumes`` medians of the members, at the leads that were asked for.
    """

    id: str
    name: Text
    kind: MeasureKind
    cost_cny: Band | None
    agent: Text | None
    amount: Amount | None
    area: tuple[Ring, ...]
    leads: tuple[Lead, ...]
    volumes: tuple[Volume, ...] = ()
    converged: bool = True
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Comparison:
    """Options side by side, the first being the ``baseline``; ``best`` is an id by the rule in ``why``.

    ``members`` of the ensemble that every option was tried on.
    """

    substance: str
    limit_kg_m3: float
    baseline: str
    options: tuple[Option, ...]
    best: str
    why: Text
    members: int

    def option(self, name: str) -> Option:
        """Option by id; KeyError for one that was not compared."""
        found = {row.id: row for row in self.options}
        return found[name]


def wire(comparison: Comparison) -> dict[str, Any]:
    """A comparison as the API says it, without run, moment, origin and files; see docs/api.md."""
    return {
        "substance": comparison.substance,
        "baseline": comparison.baseline,
        "options": [_option(row) for row in comparison.options],
        "best": comparison.best,
        "why": {"zh": comparison.why.zh, "en": comparison.why.en},
        "members": comparison.members,
    }


def _option(row: Option) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": {"zh": row.name.zh, "en": row.name.en},
        "kind": row.kind.value,
        "cost_cny": None if row.cost_cny is None else band(row.cost_cny),
        "agent": None if row.agent is None else {"zh": row.agent.zh, "en": row.agent.en},
        "amount": None if row.amount is None else {"value": row.amount.value, "unit": row.amount.unit},
        "area": rings(row.area) if row.area else None,
        "leads": [
            {
                "lead_s": lead.lead_s,
                "mass_kg": band(lead.mass_kg),
                "area_m2": band(lead.area_m2),
                "max_kg_m3": band(lead.max_kg_m3),
                "risk_targets": list(lead.risk_targets),
            }
            for lead in row.leads
        ],
        "fronts": [{"lead_s": lead.lead_s, "median": rings(lead.median)} for lead in row.leads],
        "volumes": [],
    }


def band(row: Band) -> dict[str, float]:
    """A band on the wire."""
    return {"low": row.low, "median": row.median, "high": row.high}


def rings(found: tuple[Ring, ...]) -> list[list[list[float]]]:
    """Rings on the wire, to the decimetre."""
    return [np.round(ring, 1).tolist() for ring in found]
