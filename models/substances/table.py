"""The table of substances: one TOML file each, read when asked for.

``substance("hf")``, ``substance("hydrogen fluoride")`` and ``substance("7664-39-3")`` are the same row.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Any

from models.substances.cas import checked_cas
from models.substances.cited import Cited, Source, independent, sources_of
from models.substances.laws import FORMS, Law
from models.substances.levels import Kind, Level
from models.substances.substance import SubstanceData
from twin.core.errors import NotFoundError, SceneError
from twin.core.substance import Substance
from twin.core.text import Text
from twin.core.units import to_si

Row = dict[str, Any]


def substance_ids() -> tuple[str, ...]:
    """Ids of all substances, in alphabetical order; reads no file."""
    names = (path.name for path in _folder().iterdir())
    return tuple(
        sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml") and name[0] != "_")
    )


def substance(id_or_cas: str) -> SubstanceData:
    """Row by id, CAS number or alias (any case). Raises NotFoundError, or SceneError for a broken row."""
    wanted = id_or_cas.strip().lower().replace(" ", "_")
    if wanted in substance_ids():
        return _read(wanted)
    for row in substances():
        if wanted == row.cas or wanted in row.aliases:
            return row
    known = ", ".join(substance_ids())
    raise NotFoundError(
        f"substance {id_or_cas!r} is unknown; expected one of {known}, its CAS number or an alias",
        message_zh=f"未知物质 {id_or_cas!r}；应为 {known} 之一，或其 CAS 号、别名",
        field="substance",
        value=id_or_cas,
    )


def of_scene(found: Substance) -> SubstanceData | None:
    """Row of a scene's substance, by its CAS number; None where the table has none (ions in water)."""
    return next((row for row in substances() if row.cas == found.cas), None)


@lru_cache(maxsize=1)
def substances() -> tuple[SubstanceData, ...]:
    """All rows. Raises SceneError when two of them share a CAS number or an alias."""
    rows = tuple(_read(name) for name in substance_ids())
    seen: dict[str, str] = {}
    for row in rows:
        for name in {row.id, row.cas, *row.aliases}:
            if seen.setdefault(name, row.id) != row.id:
                raise SceneError(
                    f"{name!r} names both {seen[name]} and {row.id}; expected one substance",
                    message_zh=f"{name!r} 同时指 {seen[name]} 与 {row.id}；应只指一种物质",
                    field="cas",
                    value=name,
                )
    return rows


@lru_cache(maxsize=1)
def sources() -> Mapping[str, Source]:
    """All sources by id."""
    body = tomllib.loads((_folder() / "_sources.toml").read_text(encoding="utf-8"))
    return MappingProxyType(
        {key: Source(id=key, family=row["family"], citation=row["citation"]) for key, row in body.items()}
    )


def parse_substance(body: Row, known: Mapping[str, Source], *, source: str) -> SubstanceData:
    """Row from the content of its file. Raises SceneError that names the field."""
    try:
        cas = checked_cas(body["cas"], source=source)
        numbers = {key: _number(key, row, known, source) for key, row in body["numbers"].items()}
        mass = numbers["molar_mass_kg_mol"].value
        laws = {key: _law(row, mass, known, f"{source}: {key}") for key, row in body.get("laws", {}).items()}
        levels = tuple(level for row in body.get("levels", ()) for level in _levels(row, mass, known, source))
        return SubstanceData(
            id=body["id"],
            cas=cas,
            name=Text(**body["name"]),
            formula=body["formula"],
            aliases=tuple(body.get("aliases", ())),
            numbers=MappingProxyType(numbers),
            laws=MappingProxyType(laws),
            levels=levels,
            notes=tuple(Text(**row) for row in body.get("notes", ())),
        )
    except KeyError as error:
        raise SceneError(
            f"{source}: {error.args[0]!r} is missing",
            message_zh=f"{source}：缺少 {error.args[0]!r}",
            field=str(error.args[0]),
            source=source,
        ) from error


def _folder() -> Traversable:
    return files("models.substances") / "data"


@lru_cache(maxsize=256)
def _read(name: str) -> SubstanceData:
    body = tomllib.loads((_folder() / f"{name}.toml").read_text(encoding="utf-8"))
    return parse_substance(body, sources(), source=f"{name}.toml")


def _number(key: str, row: Row, known: Mapping[str, Source], source: str) -> Cited:
    return Cited(
        value=float(row["value"]),
        units=row.get("units", ""),
        sources=(cited := sources_of(row["sources"], known, where=f"{source}: {key}")),
        verified=independent(cited),
        note=row.get("note", ""),
    )


def _law(row: Row, mass: float, known: Mapping[str, Source], where: str) -> Law:
    if row["form"] not in FORMS:
        raise SceneError(
            f"{where}: form is {row['form']!r}; expected one of {', '.join(FORMS)}",
            message_zh=f"{where}：form 为 {row['form']!r}；应为 {', '.join(FORMS)} 之一",
            field="form",
            value=row["form"],
        )
    cited = sources_of(row["sources"], known, where=where)
    checked = sources_of(row["checked"], known, where=where) if row.get("checked") else ()
    per = {"": 1.0, "mol": 1.0 / mass, "kmol": 1e-3 / mass, "mol/m3": mass}[row.get("per", "")]
    return Law(
        form=row["form"],
        coefficients=tuple(float(c) for c in row["c"]),
        scale_factor=float(row.get("scale", 1.0)) * per,
        low_k=float(row["low_k"]),
        high_k=float(row["high_k"]),
        sources=(*cited, *checked),
        verified=independent((*cited, *checked)),
        deviation_fraction=row.get("deviation"),
        note=row.get("note", ""),
    )


def _levels(row: Row, mass: float, known: Mapping[str, Source], source: str) -> list[Level]:
    units, more = row["units"], row.get("more", {})
    found = []
    for minutes, value in zip(row["minutes"], row["values"], strict=True):
        where = f"{source}: {row['kind']} {row['level']} {minutes} min"
        cited = sources_of([*row["sources"], *more.get(str(minutes), ())], known, where=where)
        found.append(
            Level(
                kind=Kind(row["kind"]),
                level=int(row["level"]),
                exposure_s=60.0 * minutes if minutes else None,
                printed=Cited(
                    value=float(value) if units == "ppm" else to_si(float(value), units),
                    units=units,
                    sources=cited,
                    verified=independent(cited),
                    note=row.get("note", ""),
                ),
                molar_mass_kg_mol=mass,
            )
        )
    return found
