"""What a field's quantity is called in the CF conventions (version 1.11, standard name table)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from models.air.case.result import AirField

# Only species that the standard name table has; others carry a long name alone, as CF allows.
_SPECIES: Mapping[str, str] = MappingProxyType(
    {
        "so2": "sulfur_dioxide",
        "nh3": "ammonia",
        "hcl": "hydrogen_chloride",
        "co": "carbon_monoxide",
        "ch4": "methane",
        "no2": "nitrogen_dioxide",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CfName:
    """Attributes of a data variable. ``standard_name`` is empty where the table has none."""

    variable: str
    standard_name: str
    long_name: str
    units: str
    cell_methods: str


_PLAIN: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {
        "wind_speed_m_s": ("wind_speed", "wind speed", "m s-1"),
        "u_m_s": ("x_wind", "wind along x of the grid (to the east)", "m s-1"),
        "v_m_s": ("y_wind", "wind along y of the grid (to the north)", "m s-1"),
        "depth_m": ("", "depth of the dense layer", "m"),
        "temperature_k": ("air_temperature", "temperature of the cloud", "K"),
    }
)


def cf_name(field: AirField) -> CfName:
    """How a field is called. An unknown quantity keeps its own name and units."""
    gas = field.substance_id or "gas"
    means = "time: mean" if field.averaged_s else "time: point"
    methods = f"{means} z: mean y: mean x: mean"
    if field.quantity == "conc_kg_m3":
        species = _SPECIES.get(gas, "")
        return CfName(
            variable=f"{_safe(gas)}_conc",
            standard_name=f"mass_concentration_of_{species}_in_air" if species else "",
            long_name=f"mass concentration of {gas} in air",
            units="kg m-3",
            cell_methods=methods,
        )
    if field.quantity == "dose_kg_s_m3":
        return CfName(
            variable=f"{_safe(gas)}_dose",
            standard_name="",
            long_name=f"integral of the mass concentration of {gas} over time",
            units="kg s m-3",
            cell_methods="time: sum z: mean y: mean x: mean",
        )
    standard, long_name, units = _PLAIN.get(field.quantity, ("", field.quantity, field.units))
    return CfName(
        variable=_safe(field.quantity),
        standard_name=standard,
        long_name=long_name,
        units=units,
        cell_methods=methods,
    )


def _safe(name: str) -> str:
    text = "".join(letter if letter.isalnum() else "_" for letter in name)
    return text if text[:1].isalpha() else f"v{text}"
