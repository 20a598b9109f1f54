"""Concentrations at which people act: AEGL, ERPG, PAC, IDLH and workplace limits, by exposure time.

AEGL between tabulated durations: straight lines in the logarithms of time and concentration, which is
the form C^n t = const of ten Berge, Zwart & Appelman (1986) with n of the piece. A cloud of ten minutes
is never judged by the value for an hour.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from models.substances.cited import Cited
from twin.core.errors import SolverError
from twin.core.text import Text
from twin.core.units import ppm_to_kg_m3

REFERENCE_K = 298.15
REFERENCE_PA = 101_325.0


class Kind(StrEnum):
    """Whose level it is."""

    AEGL = "aegl"  # US EPA / NRC acute exposure guideline levels 1 to 3
    ERPG = "erpg"  # AIHA emergency response planning guidelines 1 to 3, one hour
    PAC = "pac"  # US DOE protective action criteria 1 to 3, one hour
    IDLH = "idlh"  # NIOSH immediately dangerous to life or health, 30 minutes
    MAC = "mac"  # GBZ 2.1 ceiling
    TWA = "twa"  # GBZ 2.1 time weighted average over a shift
    STEL = "stel"  # GBZ 2.1 short-term limit, 15 minutes


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A tabulated level: what it is, for which exposure, and the number as printed.

    ``printed`` is in ``units`` (``ppm`` by volume, or a mass concentration of ``twin.core.units``);
    ``exposure_s`` None where the definition names none (ceilings).
    """

    kind: Kind
    level: int
    exposure_s: float | None
    printed: Cited
    molar_mass_kg_mol: float

    def conc_kg_m3(self, *, temperature_k: float = REFERENCE_K, pressure_pa: float = REFERENCE_PA) -> float:
        """Mass concentration; a volume fraction is converted at the stated state of the air."""
        if self.printed.units == "ppm":
            return ppm_to_kg_m3(
                self.printed.value,
                self.molar_mass_kg_mol,
                temperature_k=temperature_k,
                pressure_pa=pressure_pa,
            )
        return self.printed.value

    @property
    def ppm(self) -> float:
        """Parts per million by volume; mass concentrations are converted at 25 degC and 1 atm."""
        one_ppm = ppm_to_kg_m3(
            1.0, self.molar_mass_kg_mol, temperature_k=REFERENCE_K, pressure_pa=REFERENCE_PA
        )
        return self.printed.value if self.printed.units == "ppm" else self.printed.value / one_ppm


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelAt:
    """A level at an exposure time that was asked for.

    ``tabulated``: the number stands in the table as it is; otherwise it lies between two rows.
    ``notes`` say what was held or left out.
    """

    kind: Kind
    level: int
    exposure_s: float
    conc_kg_m3: float
    conc_ppm: float
    verified: bool
    tabulated: bool
    notes: tuple[Text, ...] = ()


def level_at(
    rows: Iterable[Level],
    level: int,
    exposure_s: float,
    *,
    kind: Kind = Kind.AEGL,
    temperature_k: float = REFERENCE_K,
    pressure_pa: float = REFERENCE_PA,
) -> LevelAt | None:
    """Level of a kind for an exposure of so many seconds; None where the table has none.

    Shorter than the shortest tabulated exposure: its value holds (never more is allowed). Longer than
    the longest: its value holds and a note says that the level is not defined there. Raises SolverError
    for an exposure that is not positive.
    """
    if not exposure_s > 0.0 or math.isinf(exposure_s):
        raise SolverError(
            f"exposure_s is {exposure_s}; expected a positive time",
            message_zh=f"exposure_s 为 {exposure_s}；应为正的时间",
            field="exposure_s",
            value=exposure_s,
        )
    found = sorted(
        ((row.exposure_s or 0.0, row) for row in rows if row.kind is kind and row.level == level),
        key=lambda pair: pair[0],
    )
    if not found:
        return None
    before = [row for time_s, row in found if time_s <= exposure_s]
    after = [row for time_s, row in found if time_s >= exposure_s]
    lower, upper = (before or after)[-1 if before else 0], (after or before)[0 if after else -1]
    part = _part(lower, upper, exposure_s)
    conc = _between(
        lower.conc_kg_m3(temperature_k=temperature_k, pressure_pa=pressure_pa),
        upper.conc_kg_m3(temperature_k=temperature_k, pressure_pa=pressure_pa),
        part,
    )
    return LevelAt(
        kind=kind,
        level=level,
        exposure_s=exposure_s,
        conc_kg_m3=conc,
        conc_ppm=_between(lower.ppm, upper.ppm, part),
        verified=lower.printed.verified and upper.printed.verified,
        tabulated=lower is upper,
        notes=_held(found[0][0], found[-1][0], exposure_s),
    )


def _part(lower: Level, upper: Level, exposure_s: float) -> float:
    if lower is upper or not lower.exposure_s or not upper.exposure_s:
        return 0.0
    return math.log(exposure_s / lower.exposure_s) / math.log(upper.exposure_s / lower.exposure_s)


def _between(low: float, high: float, part: float) -> float:
    return low if part == 0.0 else math.exp((1.0 - part) * math.log(low) + part * math.log(high))


def _held(first_s: float, last_s: float, exposure_s: float) -> tuple[Text, ...]:
    if first_s and exposure_s < first_s:
        return (
            Text(
                zh=f"接触时间短于 {first_s / 60:g} 分钟，取 {first_s / 60:g} 分钟的值",
                en=f"exposure shorter than {first_s / 60:g} min: the value for {first_s / 60:g} min is used",
            ),
        )
    if last_s and exposure_s > last_s:
        return (
            Text(
                zh=f"接触时间长于 {last_s / 60:g} 分钟，该级别未作定义，取 {last_s / 60:g} 分钟的值",
                en=f"exposure longer than {last_s / 60:g} min: not defined, the last value is used",
            ),
        )
    return ()
