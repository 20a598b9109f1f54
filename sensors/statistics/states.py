"""Concentrations at another state: standard state, reference oxygen, ppm and mg/m3.

The formulas of HJ 212-2017 appendix D.2 use 273 K and 101325 Pa as the standard state and 22.4 l/mol;
they are kept as printed. A value in ppm means nothing without the state it is turned at, so every
conversion names its reference temperature.
"""

from __future__ import annotations

from dataclasses import dataclass

from twin.core.errors import BadRequestError

STANDARD_K = 273.0
STANDARD_PA = 101_325.0
MOLAR_VOLUME_L = 22.4
AIR_O2_PCT = 21.0
# Within half a percent of air the divisor says more about the analyser's error than about the stack.
O2_WARN_PCT = 20.0


def to_standard_state(conc: float, temp_c: float, pressure_pa: float) -> float:
    """Concentration at 273 K and 101325 Pa of one at ``temp_c`` and absolute ``pressure_pa``.

    HJ 212-2017 appendix D.2 (18): C x 101325/(Ba+Ps) x (273+t)/273. Raises BadRequestError.

    >>> round(to_standard_state(10.0, 30.0, 95_000.0), 4)
    11.8379
    """
    require_above("pressure_pa_abs", pressure_pa, 0.0)
    require_above("temp_c", temp_c, -STANDARD_K)
    return conc * STANDARD_PA / pressure_pa * (STANDARD_K + temp_c) / STANDARD_K


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """A concentration at reference oxygen. ``warning``: measured so near to air that it is hardly known."""

    value: float
    warning: bool


def to_reference_o2(conc: float, o2_pct: float, reference_pct: float) -> Converted:
    """Concentration at reference oxygen: C x (21 - ref) / (21 - O2).

    HJ 212-2017 appendix D.2; GB 13223. Raises BadRequestError at 21 % and more, where the formula has
    no value.

    >>> to_reference_o2(50.0, 11.0, 9.0)
    Converted(value=60.0, warning=False)
    """
    for field, value in (("o2_pct", o2_pct), ("reference_pct", reference_pct)):
        if not 0 <= value < AIR_O2_PCT:
            raise BadRequestError(
                f"{field} is {value:g}; expected 0 to less than 21 %",
                message_zh=f"{field} 为 {value:g}；应为 0 至小于 21 %",
                field=field,
                value=value,
            )
    value = conc * (AIR_O2_PCT - reference_pct) / (AIR_O2_PCT - o2_pct)
    return Converted(value=value, warning=o2_pct > O2_WARN_PCT)


def ppm_to_mg_m3(ppm: float, molar_mass_g: float, reference_k: float = STANDARD_K) -> float:
    """mg/m3 of a volume ratio in ppm, at ``reference_k`` and 101325 Pa: ppm x M / 22.4 at 273 K.

    HJ 212-2017 appendix D.2 (20). Raises BadRequestError.

    >>> round(ppm_to_mg_m3(1.0, 20.006), 4), round(ppm_to_mg_m3(1.0, 20.006, 298.0), 3)
    (0.8931, 0.818)
    """
    return ppm * _mg_per_ppm(molar_mass_g, reference_k)


def mg_m3_to_ppm(mg_m3: float, molar_mass_g: float, reference_k: float = STANDARD_K) -> float:
    """Volume ratio in ppm of a concentration stated at ``reference_k``; the inverse of ``ppm_to_mg_m3``."""
    return mg_m3 / _mg_per_ppm(molar_mass_g, reference_k)


def _mg_per_ppm(molar_mass_g: float, reference_k: float) -> float:
    require_above("molar_mass", molar_mass_g, 0.0)
    require_above("reference_k", reference_k, 0.0)
    return molar_mass_g / MOLAR_VOLUME_L * STANDARD_K / reference_k


def require_above(field: str, value: float, least: float) -> None:
    """Raise BadRequestError unless ``value`` is above ``least``."""
    if not value > least:
        raise BadRequestError(
            f"{field} is {value:g}; expected more than {least:g}",
            message_zh=f"{field} 为 {value:g}；应大于 {least:g}",
            field=field,
            value=value,
        )
