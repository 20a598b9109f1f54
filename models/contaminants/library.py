"""The library of contaminants: CSV tables beside this file, read when first asked for.

``contaminant("tce")`` does not guess: ids, CAS numbers and exact names are known, ``search`` finds parts.
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType

from models.contaminants.contaminant import Contaminant, Kind
from models.substances.cas import checked_cas
from models.substances.cited import Cited, Source, independent, sources_of
from twin.core.errors import NotFoundError, SceneError
from twin.core.text import Text

Row = dict[str, str]
# Factor from the unit of the table to SI.
_SI: Mapping[str, float] = MappingProxyType(
    {"g/mol": 1e-3, "mg/L": 1e-3, "L/kg": 1e-3, "cm2/s": 1e-4, "d": 86_400.0, "1": 1.0}
)
# Quantities of the table by their name in SI, and the unit that they are printed in.
_QUANTITIES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "molar_mass": ("molar_mass_kg_mol", "g/mol"),
        "solubility": ("solubility_kg_m3", "mg/L"),
        "koc": ("koc_m3_kg", "L/kg"),
        "kd": ("kd_m3_kg", "L/kg"),
        "henry": ("henry_ratio", "1"),
        "diffusion": ("diffusion_m2_s", "cm2/s"),
        "half_life_saturated": ("half_life_saturated_s", "d"),
        "limit_us_mcl": ("limit_us_mcl_kg_m3", "mg/L"),
        "limit_gb_5749": ("limit_gb_5749_kg_m3", "mg/L"),
    }
)
_AT_PH = "kd_ph_"
# Short ids that instruments and scenes use for what they measure in water; in text "as N" where they are.
SHORT: Mapping[str, str] = MappingProxyType(
    {
        **{"f": "fluoride", "cl": "chloride", "so4": "sulfate", "s": "sulfide", "cn": "cyanide"},
        **{"nh3": "ammonia_nitrogen", "nh3_n": "ammonia_nitrogen", "no3": "nitrate_nitrogen"},
        **{"no2": "nitrite_nitrogen", "cod": "cod_mn", "codmn": "cod_mn", "tds": "total_dissolved_solids"},
        **{"cr6": "chromium_vi", "pb": "lead", "cd": "cadmium", "as": "arsenic", "hg": "mercury"},
        **{"cu": "copper", "zn": "zinc", "ni": "nickel", "fe": "iron", "mn": "manganese", "al": "aluminium"},
        **{"na": "sodium", "tce": "trichloroethylene", "pce": "tetrachloroethylene"},
    }
)


@lru_cache(maxsize=1)
def library() -> tuple[Contaminant, ...]:
    """All contaminants in the order of their ids. Raises SceneError that names a broken row."""
    numbers: dict[str, list[Row]] = {}
    for row in table("numbers.csv"):
        numbers.setdefault(row["contaminant"], []).append(row)
    found = tuple(parse(row, numbers.pop(row["id"], []), sources()) for row in table("contaminants.csv"))
    if numbers:
        raise _broken(sorted(numbers)[0], "numbers.csv", "contaminant", "an id of contaminants.csv")
    _check_unique(found)
    return found


def contaminant(name: str) -> Contaminant:
    """Row by id, short id, CAS number or exact name in Chinese or English. Raises NotFoundError."""
    wanted = name.strip().lower()
    wanted = SHORT.get(wanted, wanted)
    for row in library():
        if wanted in (row.id, row.cas, row.name.zh.lower(), row.name.en.lower()):
            return row
    raise NotFoundError(
        f"contaminant {name!r} is unknown; expected an id, CAS number or name of the library",
        message_zh=f"未知污染物 {name!r}；应为污染物库中的代号、CAS 号或名称",
        field="contaminant",
        value=name,
    )


def search(part: str) -> tuple[Contaminant, ...]:
    """Rows whose id, CAS number, names, formula or kind hold a text; all for an empty one."""
    wanted = part.strip().lower()
    return tuple(
        row
        for row in library()
        if any(
            wanted in text
            for text in (
                *(row.id, row.cas, row.name.zh.lower(), row.name.en.lower()),
                *(row.formula.lower(), row.kind.value),
            )
        )
    )


@lru_cache(maxsize=1)
def sources() -> Mapping[str, Source]:
    """All sources by id."""
    body = tomllib.loads((files("models.contaminants") / "data/sources.toml").read_text(encoding="utf-8"))
    return MappingProxyType({key: Source(id=key, **row) for key, row in body.items()})


def table(name: str) -> Iterator[Row]:
    """Rows of a CSV table of this library."""
    text = (files("models.contaminants") / "data" / name).read_text(encoding="utf-8")
    return csv.DictReader(text.splitlines())


def parse(row: Row, numbers: list[Row], known: Mapping[str, Source]) -> Contaminant:
    """Contaminant from its row and the rows of its numbers. Raises SceneError that names the field."""
    where = f"contaminants.csv: {row['id']}"
    if row["kind"] not in {kind.value for kind in Kind}:
        raise _broken(row["kind"], where, "kind", "one of " + ", ".join(Kind))
    found = [(number["quantity"], _cited(number, known)) for number in numbers]
    single = {_QUANTITIES[name][0]: value for name, value in found if not name.startswith(_AT_PH)}
    by_ph = sorted(
        ((float(name.removeprefix(_AT_PH)), value) for name, value in found if name.startswith(_AT_PH)),
        key=lambda pair: pair[0],
    )
    return Contaminant(
        id=row["id"],
        cas=checked_cas(row["cas"], source=where),
        kind=Kind(row["kind"]),
        name=Text(zh=row["name_zh"], en=row["name_en"]),
        formula=row["formula"],
        numbers=MappingProxyType(single),
        kd_by_ph=tuple(by_ph),
        indicator=int(row["indicator"]) if row["indicator"] else None,
        note=Text(zh=row["note_zh"], en=row["note_en"]) if row["note_zh"] else None,
    )


def _cited(row: Row, known: Mapping[str, Source]) -> Cited:
    where = f"numbers.csv: {row['contaminant']} {row['quantity']}"
    name = "kd" if row["quantity"].startswith(_AT_PH) else row["quantity"]
    if name not in _QUANTITIES:
        raise _broken(row["quantity"], where, "quantity", "one of " + ", ".join(_QUANTITIES))
    unit = _QUANTITIES[name][1]
    if row["unit"] != unit:
        raise _broken(row["unit"], where, "unit", unit)
    cited = sources_of(row["sources"].split(), known, where=where)
    return Cited(
        value=float(row["value"]) * _SI[unit],
        units=unit,
        sources=cited,
        verified=independent(cited),
        note=row["note"],
    )


def _check_unique(found: tuple[Contaminant, ...]) -> None:
    seen: dict[str, str] = {}
    for row in found:
        for name in (row.id, row.cas, row.name.zh, row.name.en.lower()):
            if seen.setdefault(name, row.id) != row.id:
                raise _broken(name, "contaminants.csv", "id", f"only {seen[name]}, not {row.id} too")


def _broken(value: str, where: str, field: str, expected: str) -> SceneError:
    return SceneError(
        f"{where}: {field} is {value!r}; expected {expected}",
        message_zh=f"{where}：{field} 为 {value!r}；应为 {expected}",
        field=field,
        value=value,
        source="models/contaminants/data",
    )
