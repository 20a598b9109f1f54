"""GB/T 14848-2017: the 93 indicators, their limits, and the class of one reading.

Limits of concentrations are in kg/m3 here; those in other units (NTU, CFU, Bq/L) stay in the unit of the
standard. The standard's own rules: the class is the best one whose limit the value keeps, so that of two
classes with one limit the better counts; class V has no upper limit; pH has two sides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from functools import lru_cache
from types import MappingProxyType

from models.contaminants.contaminant import Contaminant
from models.contaminants.library import SHORT, library, table
from twin.core.errors import BadRequestError, NotFoundError
from twin.core.text import Text
from twin.core.units import to_si

SOURCE_ID = "gb_14848_2017"


class Class(IntEnum):
    """Classes of groundwater quality, the best first; III is the limit of water to drink."""

    I = 1  # noqa: E741
    II = 2
    III = 3
    IV = 4
    V = 5


class IndicatorKind(StrEnum):
    """Kinds of indicators, each with its own model of warning."""

    SENSORY = "sensory"
    PH = "ph"
    METAL = "metal"
    INORGANIC = "inorganic"
    ORGANIC = "organic"
    MICROBE = "microbe"
    RADIOACTIVE = "radioactive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """A row of the standard.

    ``limits`` of classes I to IV: kg/m3 where ``is_mass``, else in ``unit``; None: that class asks for
    absence (odour, visible matter) or for no detection (surfactants of class I). ``parts``: CAS numbers of
    isomers whose sum this is.
    """

    number: int
    id: str
    kind: IndicatorKind
    name: Text
    cas: str
    parts: tuple[str, ...]
    unit: str
    limit_values: tuple[float | None, ...]

    @property
    def is_mass(self) -> bool:
        """Whether it is a mass concentration."""
        return self.unit in ("mg/L", "ug/L")

    @property
    def two_sided(self) -> bool:
        """Whether both too little and too much are worse (pH)."""
        return self.kind is IndicatorKind.PH

    def limit(self, klass: Class = Class.III) -> float | None:
        """Limit of a class, SI where ``is_mass``; None where there is none (class V, absence, pH).

        Of radioactivity class IV has none either: it begins where class III ends.
        """
        if klass is Class.V or self.two_sided:
            return None
        return self.limit_values[klass - 1]


@lru_cache(maxsize=1)
def indicators() -> tuple[Indicator, ...]:
    """All 93 in the order of the standard."""
    return tuple(
        Indicator(
            number=int(row["no"]),
            id=row["id"],
            kind=IndicatorKind(row["kind"]),
            name=Text(zh=row["name_zh"], en=row["name_en"]),
            cas=row["cas"],
            parts=tuple(row["parts"].split()),
            unit=row["unit"],
            limit_values=tuple(
                _limit(row[f"class_{k.name}"], row["unit"]) for k in Class if k is not Class.V
            ),
        )
        for row in table("gbt14848_2017.csv")
    )


@lru_cache(maxsize=1)
def _by_name() -> Mapping[str, Indicator]:
    found: dict[str, Indicator] = {}
    numbered = {row.number: row for row in indicators()}
    for row in library():  # the names of a substance lead to its indicator (nitrate ion is not nitrogen)
        if row.indicator and numbered[row.indicator].cas == row.cas:
            names = (row.id, row.name.zh, row.name.en)
            found |= {name.lower(): numbered[row.indicator] for name in names}
    for one in indicators():
        for name in (one.id, one.cas, one.name.zh, one.name.en):
            if name:
                found[name.lower()] = one
    return MappingProxyType(found)


def indicator(name: str | int) -> Indicator:
    """Indicator by number, id, short id, CAS number or name. Raises NotFoundError."""
    wanted = str(name).strip().lower()
    wanted = SHORT.get(wanted, wanted)
    if wanted.isdigit():
        rows = indicators()
        if 1 <= int(wanted) <= len(rows):
            return rows[int(wanted) - 1]
    elif wanted in _by_name():
        return _by_name()[wanted]
    raise NotFoundError(
        f"indicator {name!r} is unknown; expected 1 to 93, an id, CAS number or name of GB/T 14848-2017",
        message_zh=f"未知指标 {name!r}；应为 GB/T 14848-2017 的序号、代号、CAS 号或名称",
        field="indicator",
        value=name,
    )


def limits_kg_m3(found: Contaminant) -> dict[str, float]:
    """Limits of classes I to IV of a contaminant by name of the class; empty where the standard has none.

    Ions whose limit counts as nitrogen (nitrate, nitrite, ammonium) keep the limit as nitrogen.
    """
    if found.indicator is None:
        return {}
    own = indicators()[found.indicator - 1]
    pairs = [(klass.name, own.limit(klass)) for klass in (Class.I, Class.II, Class.III, Class.IV)]
    return {name: value for name, value in pairs if own.is_mass and value is not None}


def class_of(found: Indicator, value: float) -> Class:
    """Class of a value (SI where ``is_mass``; pH as it is; 0 or 1 for absent or present).

    Raises BadRequestError for a value that is not finite or is negative.
    """
    if not 0.0 <= value < float("inf"):
        raise BadRequestError(
            f"{found.id}: {value}; expected a finite value of at least 0",
            message_zh=f"{found.id}：{value}；应为不小于 0 的有限值",
            field=found.id,
            value=value,
        )
    if found.two_sided:
        return _ph_class(value)
    for klass in (Class.I, Class.II, Class.III, Class.IV):
        limit = found.limit_values[klass - 1]
        if (value == 0.0) if limit is None else (value <= limit * (1.0 + 1e-12)):
            return klass
    return Class.V


def _ph_class(ph: float) -> Class:
    if 6.5 <= ph <= 8.5:
        return Class.I
    return Class.IV if 5.5 <= ph <= 9.0 else Class.V


def _limit(text: str, unit: str) -> float | None:
    if text in ("none", "ND") or "-" in text:
        return None
    if text.startswith(">"):  # radioactivity: class IV begins above class III and has no end
        return float("inf")
    return to_si(float(text), unit) if unit in ("mg/L", "ug/L") else float(text)
