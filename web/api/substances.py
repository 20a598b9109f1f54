"""The checked table of substances, for reading."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint

from models.substances.cited import Source
from models.substances.levels import LevelAt
from models.substances.overview import Overview, overview, overviews
from models.substances.substance import SubstanceData
from models.substances.table import substance
from twin.core.text import Text
from web.reply import Operation, serve
from web.schemas.base import TextOut
from web.schemas.substance import (
    LawOut,
    LevelAtOut,
    LevelOut,
    NumberOut,
    SourceOut,
    SubstanceDetailOut,
    SubstanceOut,
    SubstanceQuery,
    SubstancesOut,
)

substance_table = APIBlueprint("substances", __name__, url_prefix="/api/v1", tag="Substances")


def get_substances(query: SubstanceQuery) -> SubstancesOut:
    """All substances with their levels at an exposure time."""
    rows = overviews(float(query.exposure_s))
    return SubstancesOut(
        exposure_s=float(query.exposure_s), substances=[SubstanceOut(**_head(row)) for row in rows]
    )


def get_substance(substance_id: str, query: SubstanceQuery) -> SubstanceDetailOut:
    """One substance, by id, alias or CAS number, with every number and its sources."""
    found = overview(substance(substance_id), float(query.exposure_s))
    row = found.row
    return SubstanceDetailOut(
        **_head(found),
        notes=_texts(row.notes),
        numbers=[
            NumberOut(
                name=name,
                value=number.value,
                units=number.units,
                verified=number.verified,
                sources=[source.id for source in number.sources],
                note=number.note,
            )
            for name, number in row.numbers.items()
        ],
        laws=_laws(row),
        tabulated_levels=_levels(row),
        sources=[
            SourceOut(id=source.id, family=source.family, citation=source.citation)
            for source in _sources(row)
        ],
    )


def _head(found: Overview) -> dict[str, Any]:
    row = found.row
    return {
        "id": row.id,
        "cas": row.cas,
        "name": TextOut(zh=row.name.zh, en=row.name.en),
        "formula": row.formula,
        "aliases": list(row.aliases),
        "molar_mass_kg_mol": row.molar_mass_kg_mol,
        "toxic_exponent_ratio": row.toxic_load_exponent(),
        "levels": [_level_at(level) for level in found.levels],
        "verified_numbers": found.verified_count,
        "unverified": list(found.unverified),
    }


def _level_at(level: LevelAt) -> LevelAtOut:
    return LevelAtOut(
        kind=level.kind.value,
        level=level.level,
        exposure_s=level.exposure_s,
        conc_kg_m3=level.conc_kg_m3,
        conc_ppm=level.conc_ppm,
        verified=level.verified,
        tabulated=level.tabulated,
        notes=_texts(level.notes),
    )


def _texts(found: tuple[Text, ...]) -> list[TextOut]:
    return [TextOut(zh=text.zh, en=text.en) for text in found]


def _laws(row: SubstanceData) -> list[LawOut]:
    return [
        LawOut(
            name=name,
            form=law.form,
            low_k=law.low_k,
            high_k=law.high_k,
            verified=law.verified,
            deviation_fraction=law.deviation_fraction,
            sources=[source.id for source in law.sources],
            note=law.note,
        )
        for name, law in row.laws.items()
    ]


def _levels(row: SubstanceData) -> list[LevelOut]:
    return [
        LevelOut(
            kind=level.kind.value,
            level=level.level,
            exposure_s=level.exposure_s,
            conc_kg_m3=level.conc_kg_m3(),
            conc_ppm=level.ppm,
            verified=level.printed.verified,
            sources=[source.id for source in level.printed.sources],
            note=level.printed.note,
        )
        for level in row.levels
    ]


def _sources(row: SubstanceData) -> list[Source]:
    numbers = [*row.numbers.values(), *(level.printed for level in row.levels)]
    groups = [number.sources for number in numbers] + [law.sources for law in row.laws.values()]
    found = {source.id: source for group in groups for source in group}
    return [found[name] for name in sorted(found)]


serve(
    substance_table,
    "/substances",
    get_substances,
    Operation(gives=SubstancesOut, reads=SubstanceQuery),
)
serve(
    substance_table,
    "/substances/<substance_id>",
    get_substance,
    Operation(gives=SubstanceDetailOut, reads=SubstanceQuery, errors=(404,)),
)
