"""Substances of the checked table: properties, levels by exposure time, sources."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from web.schemas.base import Out, Query, TextOut, WholeText

LevelKind = Literal["aegl", "erpg", "pac", "idlh", "mac", "twa", "stel"]


class SubstanceQuery(Query):
    """For how long people are exposed."""

    exposure_s: Annotated[
        int, WholeText, Field(ge=1, le=604_800, description="Exposure time in seconds; an hour unless asked")
    ] = 3600


class LevelAtOut(Out):
    """A level at an exposure time; ``verified`` false: read in one place only."""

    kind: LevelKind
    level: int
    exposure_s: float
    conc_kg_m3: float
    conc_ppm: float
    verified: bool
    tabulated: bool
    notes: list[TextOut]


class SubstanceOut(Out):
    """A substance and its levels at the exposure time asked for."""

    id: str
    cas: str
    name: TextOut
    formula: str
    aliases: list[str]
    molar_mass_kg_mol: float
    toxic_exponent_ratio: float | None
    levels: list[LevelAtOut]
    verified_numbers: int
    unverified: list[str]


class SubstancesOut(Out):
    """All substances."""

    exposure_s: float
    substances: list[SubstanceOut]


class SourceOut(Out):
    """Where a number was read; two sources of one family do not verify each other."""

    id: str
    family: str
    citation: str


class NumberOut(Out):
    """A constant in SI; ``units`` as printed in the table of units, empty for the unit in the name."""

    name: str
    value: float
    units: str
    verified: bool
    sources: list[str]
    note: str


class LawOut(Out):
    """A function of temperature; ``deviation_fraction`` is the largest difference to its second source."""

    name: str
    form: str
    low_k: float
    high_k: float
    verified: bool
    deviation_fraction: float | None
    sources: list[str]
    note: str


class LevelOut(Out):
    """A level as it stands in the table; ``exposure_s`` null for ceilings."""

    kind: LevelKind
    level: int
    exposure_s: float | None
    conc_kg_m3: float
    conc_ppm: float
    verified: bool
    sources: list[str]
    note: str


class SubstanceDetailOut(SubstanceOut):
    """One substance with every number and where it was read."""

    notes: list[TextOut]
    numbers: list[NumberOut]
    laws: list[LawOut]
    tabulated_levels: list[LevelOut]
    sources: list[SourceOut]
