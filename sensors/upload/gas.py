"""Units of portable gas detectors: vol%, ppm, ppb and mass concentrations.

A volume fraction becomes a mass concentration with the molar mass of the substance and the reference
state of the device's record; without a stated state it is not converted, because 25 and 0 degC differ by nine
in a hundred. Oxygen is kept as a fraction.

Source: ideal gas law, molar gas constant CODATA 2018; 101325 Pa (HJ 212-2017, GB 3095-2012 3.14).
"""

from __future__ import annotations

from twin.core.device import Factor
from twin.core.errors import UnitError
from twin.core.quantity import quantity
from twin.core.units import from_si, ppm_to_kg_m3, to_si, unit

REFERENCE_PA = 101_325.0
PPM_PER = {"ppm": 1.0, "ppb": 1e-3, "vol%": 1e4}
_FRACTION_PER = {"ppm": 1e-6, "ppb": 1e-9, "vol%": 0.01}


def in_unit_of(factor: Factor, value: float, said: str) -> float:
    """Number in the factor's own unit, from the unit that a table states. Raises UnitError."""
    if said in ("", factor.unit):
        return value
    if said not in PPM_PER:
        _same_kind(factor, said)
        return from_si(to_si(value, said), factor.unit)
    si_unit = quantity(factor.quantity).si_unit
    if si_unit == "1":
        return from_si(value * _FRACTION_PER[said], factor.unit)
    if si_unit != "kg/m3" or factor.molar_mass_kg_mol is None or not factor.quantity.startswith("conc:"):
        raise _bad(factor, said, "a unit of the factor", "该因子的单位")
    if factor.reference_k is None:
        raise _bad(
            factor,
            said,
            "a mass concentration, or reference_k in the device's record",
            "质量浓度，或在设备记录中写明 reference_k",
        )
    conc_kg_m3 = ppm_to_kg_m3(
        value * PPM_PER[said],
        factor.molar_mass_kg_mol,
        temperature_k=factor.reference_k,
        pressure_pa=REFERENCE_PA,
    )
    return from_si(conc_kg_m3, factor.unit)


def _same_kind(factor: Factor, said: str) -> None:
    if unit(said).dimension != unit(factor.unit).dimension:
        raise _bad(factor, said, f"a unit like {factor.unit}", f"与 {factor.unit} 同类的单位")


def _bad(factor: Factor, said: str, expected: str, expected_zh: str) -> UnitError:
    return UnitError(
        f"{factor.code} in {said!r}; expected {expected}",
        message_zh=f"{factor.code} 的单位 {said!r}；应为{expected_zh}",
        field="unit",
        value=said,
    )
