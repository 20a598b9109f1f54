"""Substances and the concentrations at which people act."""

from __future__ import annotations

from dataclasses import dataclass

from twin.core.text import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Substance:
    """A substance. ``id`` is lower case (``hf``); ``formula`` is what people read."""

    id: str
    name: Text
    formula: str
    cas: str
    molar_mass_kg_mol: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """A concentration level for a substance in air. ``level`` 1 is the least severe."""

    substance_id: str
    level: int
    name: Text
    conc_kg_m3: float
    source: str
