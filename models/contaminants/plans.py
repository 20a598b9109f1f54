"""Library of handling plans: which fit a substance and a degree, with which agent and how much of it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from models.contaminants.contaminant import Contaminant, Kind
from models.contaminants.dose import (
    carbon_dose_kg,
    fluoride_mol,
    formula_kg_mol,
    iron_half_life_s,
    molar_dose_kg,
    oxidant_dose_kg,
)
from models.contaminants.library import sources
from models.substances.cited import Source, sources_of
from twin.core.errors import NotFoundError
from twin.core.text import Text

DAY_S = 86_400.0
_IRON_KG_M3 = 2500.0  # granular iron in a fill; Gillham and O'Hannesin (1994) columns hold about as much


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A plan. ``measure`` names the kind of measure by which its effect is computed.

    ``degree_ratio`` range of the concentration over the limit in which it makes sense. ``ratio`` mol of agent
    per mol, ``electrons`` that a mol of oxidant takes, ``demand_kg_kg`` of the soil (low, median, high).
    """

    id: str
    name: Text
    kinds: tuple[Kind, ...]
    contaminants: tuple[str, ...]
    degree_ratio: tuple[float, float]
    measure: str
    dose: str
    agent: Text | None
    formula: str
    ratio: float
    excess_ratio: float
    electrons: int
    demand_kg_kg: tuple[float, float, float]
    half_life_s: float | None
    reaction: str
    steps: tuple[Text, ...]
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dose:
    """Agent in kg (low, median, high); None where the library cannot say. ``how`` it was reckoned."""

    low_kg: float
    median_kg: float
    high_kg: float
    how: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A plan that fits, the best first; ``why`` it stands where it stands."""

    plan: Plan
    score: int
    why: Text


@lru_cache(maxsize=1)
def plans() -> tuple[Plan, ...]:
    """All plans in the order of the table."""
    body = tomllib.loads((files("models.contaminants") / "data/plans.toml").read_text(encoding="utf-8"))
    return tuple(_plan(row) for row in body["plans"])


def plan(name: str) -> Plan:
    """Plan by id. Raises NotFoundError."""
    for row in plans():
        if row.id == name:
            return row
    known = ", ".join(row.id for row in plans())
    raise NotFoundError(
        f"plan {name!r} is unknown; expected one of {known}",
        message_zh=f"未知处置方案 {name!r}；应为 {known} 之一",
        field="plan",
        value=name,
    )


def match_plans(found: Contaminant, degree_ratio: float) -> tuple[Match, ...]:
    """Plans for a substance and a degree (concentration over the limit of class III), the best first.

    A plan made for the substance counts 3, one for its kind 2, one for anything 1; a degree outside its
    range takes 2 away. What counts nothing is left out; equals stay in the order of the table.
    """
    rows = []
    for row in plans():
        named, kin, general = found.id in row.contaminants, found.kind in row.kinds, not row.contaminants
        base = 3 if named else 2 if kin else 1 if general and not row.kinds else 0
        fits = row.degree_ratio[0] <= degree_ratio <= row.degree_ratio[1]
        score = base - (0 if fits else 2)
        if base and score > 0:
            rows.append(Match(plan=row, score=score, why=_why(base, fits, degree_ratio)))
    return tuple(sorted(rows, key=lambda match: -match.score))


def dose(
    chosen: Plan,
    found: Contaminant,
    mass_kg: float,
    *,
    conc_kg_m3: float,
    soil_m3: float = 0.0,
    zone_m3: float = 0.0,
    bulk_density_kg_m3: float = 1700.0,
) -> Dose | None:
    """Agent for a mass of a contaminant.

    Parameters
    ----------
    chosen, found
        Plan and substance.
    mass_kg
        Mass to be treated, dissolved and sorbed.
    conc_kg_m3
        Concentration of the water that carbon meets.
    soil_m3
        Ground that an oxidant is spread through: it takes its share.
    zone_m3
        Volume of an iron fill.
    bulk_density_kg_m3
        Of the ground.

    Returns
    -------
    Dose
        None for plans without an agent and where a formula, isotherm or rate is unknown.

    Raises
    ------
    BadRequestError
        For a mass that is not positive.
    """
    if chosen.dose == "fluoride":
        need = fluoride_mol(found, mass_kg) * chosen.ratio * formula_kg_mol(chosen.formula)
        return _range(need, chosen, "按化学计量与过量系数", "stoichiometry and excess")
    if chosen.dose == "molar":
        need = molar_dose_kg(found, mass_kg, agent=chosen.formula, ratio=chosen.ratio, excess_ratio=1.0)
        return _range(need, chosen, "按化学计量与过量系数", "stoichiometry and excess")
    if chosen.dose == "oxidant":
        return _oxidant(chosen, found, mass_kg, soil_m3 * bulk_density_kg_m3)
    if chosen.dose == "carbon":
        held = carbon_dose_kg(found, mass_kg, conc_kg_m3, excess_ratio=1.0)
        return None if held is None else _range(held, chosen, "按吸附等温线", "isotherm of carbon")
    if chosen.dose == "iron" and zone_m3 > 0.0:
        return _range(zone_m3 * _IRON_KG_M3, chosen, "按填料体积", "volume of the fill")
    return None


def half_life_s(chosen: Plan, found: Contaminant) -> float | None:
    """Half-life that a plan gives a substance in its zone; a plan's own figure is a planning assumption."""
    if chosen.dose == "iron":
        return iron_half_life_s(found)
    return chosen.half_life_s


def _oxidant(chosen: Plan, found: Contaminant, mass_kg: float, soil_kg: float) -> Dose | None:
    needs = [
        oxidant_dose_kg(
            found,
            mass_kg,
            agent=chosen.formula,
            electrons=chosen.electrons,
            excess_ratio=chosen.excess_ratio,
            soil_kg=soil_kg,
            demand_kg_kg=demand,
        )
        for demand in chosen.demand_kg_kg
    ]
    low, median, high = needs
    if low is None or median is None or high is None:
        return None
    how = Text(
        zh="按完全氧化的电子数、过量系数与土壤需氧量",
        en="electrons to CO2, excess, and the demand of the soil",
    )
    return Dose(low_kg=low, median_kg=median, high_kg=high, how=how)


def _range(need_kg: float, chosen: Plan, zh: str, en: str) -> Dose:
    """From what the law asks for to twice the usual excess."""
    usual = need_kg * chosen.excess_ratio
    return Dose(low_kg=need_kg, median_kg=usual, high_kg=2.0 * usual, how=Text(zh=zh, en=en))


def _why(base: int, fits: bool, degree_ratio: float) -> Text:
    zh = {3: "专门针对该物质", 2: "针对该类物质", 1: "通用方案"}[base]
    en = {3: "made for this substance", 2: "made for its kind", 1: "serves for anything"}[base]
    degree_zh = "污染程度适用" if fits else "污染程度不在最佳范围"
    degree_en = "degree fits" if fits else "degree outside its best range"
    return Text(
        zh=f"{zh}；{degree_zh}（{degree_ratio:.3g} 倍Ⅲ类限值）",
        en=f"{en}; {degree_en} ({degree_ratio:.3g} limits)",
    )


def _plan(row: Mapping[str, Any]) -> Plan:
    demand: Sequence[float] = row.get("demand_kg_kg", (0.0, 0.0, 0.0))
    half_life_d = row.get("half_life_d")
    agent = row.get("agent")
    return Plan(
        id=row["id"],
        name=Text(**row["name"]),
        kinds=tuple(Kind(name) for name in row.get("kinds", ())),
        contaminants=tuple(row.get("contaminants", ())),
        degree_ratio=(float(row["degree"][0]), float(row["degree"][1])),
        measure=row["measure"],
        dose=row["dose"],
        agent=None if agent is None else Text(**agent),
        formula=row.get("formula", ""),
        ratio=float(row.get("ratio", 0.0)),
        excess_ratio=float(row.get("excess", 1.0)),
        electrons=int(row.get("electrons", 0)),
        demand_kg_kg=(float(demand[0]), float(demand[1]), float(demand[2])),
        half_life_s=None if half_life_d is None else float(half_life_d) * DAY_S,
        reaction=row.get("reaction", ""),
        steps=tuple(Text(**step) for step in row["steps"]),
        sources=sources_of(row["sources"], sources(), where=f"plans.toml: {row['id']}"),
    )
