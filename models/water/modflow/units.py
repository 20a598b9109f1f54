"""Units of MODFLOW 6 models. MODFLOW computes in any; it only names those of length and time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from models.water.modflow.extra import refused

LENGTHS_M: Mapping[str, float] = MappingProxyType({"meters": 1.0, "centimeters": 0.01, "feet": 0.3048})
# A year is the Julian year, 365.25 d.
TIMES_S: Mapping[str, float] = MappingProxyType(
    {"seconds": 1.0, "minutes": 60.0, "hours": 3600.0, "days": 86400.0, "years": 365.25 * 86400.0}
)
MASSES_KG: Mapping[str, float] = MappingProxyType({"kg": 1.0, "g": 1e-3, "mg": 1e-6})


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    """Units of a model; concentrations are ``mass`` over cubed ``length``.

    The names are those of MODFLOW 6: meters, centimeters, feet; seconds, minutes, hours, days, years. Mass
    is not named in its files: kg, g or mg. Raises BadRequestError for other names.
    """

    length: str = "meters"
    time: str = "seconds"
    mass: str = "kg"

    def __post_init__(self) -> None:
        rows = (("length", LENGTHS_M), ("time", TIMES_S), ("mass", MASSES_KG))
        for name, known in rows:
            value = getattr(self, name)
            if value not in known:
                raise refused(
                    f"units.{name}", value, f"one of {', '.join(known)}", f"{', '.join(known)} 之一"
                )

    @property
    def length_m(self) -> float:
        """One unit of length."""
        return LENGTHS_M[self.length]

    @property
    def time_s(self) -> float:
        """One unit of time."""
        return TIMES_S[self.time]

    @property
    def conc_kg_m3(self) -> float:
        """One unit of concentration."""
        return MASSES_KG[self.mass] / self.length_m**3

    @property
    def mass_kg(self) -> float:
        """One unit of mass."""
        return MASSES_KG[self.mass]
