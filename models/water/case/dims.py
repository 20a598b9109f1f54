"""Units of a case file: said once, every number converted once, while the case is built.

A field of the schema says its dimension in its annotation (``Annotated[float, Dim("L/T")]``), so that a test
can see that every number has one and the documents name it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from models.casefiles.strict import Strict

LENGTHS_M: Mapping[str, float] = MappingProxyType(
    {"m": 1.0, "dm": 0.1, "cm": 0.01, "mm": 0.001, "km": 1000.0, "ft": 0.3048}
)
# A year is the Julian year, 365.25 d, as in the units of the International Astronomical Union.
TIMES_S: Mapping[str, float] = MappingProxyType(
    {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "a": 365.25 * 86400.0}
)
MASSES_KG: Mapping[str, float] = MappingProxyType(
    {"kg": 1.0, "g": 1e-3, "mg": 1e-6, "ug": 1e-9, "t": 1000.0, "lb": 0.45359237}
)
CONCS_KG_M3: Mapping[str, float] = MappingProxyType(
    {"kg/m3": 1.0, "g/L": 1.0, "g/m3": 1e-3, "mg/L": 1e-3, "mg/m3": 1e-6, "ug/L": 1e-6, "ng/L": 1e-9}
)


class UnitsTable(Strict):
    """``[units]`` of a case: required, one system for the whole file."""

    length: Literal["m", "dm", "cm", "mm", "km", "ft"]
    time: Literal["s", "min", "h", "d", "a"]
    mass: Literal["kg", "g", "mg", "ug", "t", "lb"]
    solid: Literal["kg", "g", "mg", "ug", "t", "lb"] | None = None
    conc: Literal["kg/m3", "g/L", "g/m3", "mg/L", "mg/m3", "ug/L", "ng/L"] | None = None


# Of numbers whose dimension depends on others: columns of a table, a tolerance, Freundlich's coefficient.
OWN = "its own"


@dataclass(frozen=True, slots=True)
class Dim:
    """Dimension of a number: powers of L (length), T (time), M (mass), S (mass of solids), C (concentration).

    >>> Dim("L2/T").powers
    (('L', 2), ('T', -1))
    """

    text: str

    @property
    def powers(self) -> tuple[tuple[str, int], ...]:
        """Powers by symbol; ``1`` has none."""
        above, _, below = self.text.partition("/")
        found = [(s, int(n or 1)) for s, n in re.findall(r"([LTMSC])(\d?)", above)]
        return (*found, *((s, -int(n or 1)) for s, n in re.findall(r"([LTMSC])(\d?)", below)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Factors of a case's units to SI."""

    length_m: float
    time_s: float
    mass_kg: float
    solid_kg: float
    conc_kg_m3: float
    names: UnitsTable

    def factor(self, dim: str) -> float:
        """What turns a number of this dimension into SI."""
        base = {
            "L": self.length_m,
            "T": self.time_s,
            "M": self.mass_kg,
            "S": self.solid_kg,
            "C": self.conc_kg_m3,
        }
        factor = 1.0
        for symbol, power in Dim(dim).powers:
            factor *= base[symbol] ** power
        return factor


def scale_of(units: UnitsTable) -> Scale:
    """Factors of the units of a case. A concentration is mass over cubed length unless ``conc`` says it."""
    length, mass = LENGTHS_M[units.length], MASSES_KG[units.mass]
    return Scale(
        length_m=length,
        time_s=TIMES_S[units.time],
        mass_kg=mass,
        solid_kg=MASSES_KG[units.solid or units.mass],
        conc_kg_m3=mass / length**3 if units.conc is None else CONCS_KG_M3[units.conc],
        names=units,
    )
