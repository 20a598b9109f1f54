"""How much of an agent: stoichiometry, oxidant demand, isotherms of carbon, rates on iron.

All amounts are kilograms of the pure agent. Laws: conservation of atoms and electrons; the solubility product
of calcium fluoride; Freundlich's isotherm; first-order decay on iron surfaces (Johnson et al., 1996).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from math import log
from types import MappingProxyType

from models.contaminants.contaminant import Contaminant
from models.contaminants.library import table
from models.substances.formula import ATOMIC_G_MOL
from twin.core.errors import BadRequestError

# Conventional standard atomic weights (CIAAW 2021) of what agents are made of, g/mol.
_MORE_G_MOL: Mapping[str, float] = MappingProxyType(
    {
        **{"Na": 22.98976928, "K": 39.0983, "Ca": 40.078, "Mn": 54.938043, "Fe": 55.845, "Al": 26.9815384},
        **{"Sb": 121.76, "I": 126.90447, "Tl": 204.38},
    }
)
CALCIUM_FLUORIDE_KSP = 3.45e-11  # CRC, mol3/L3, 25 degC
_ATOM = re.compile(r"([A-Z][a-z]?)(\d*)")
_ELECTRONS: Mapping[str, int] = MappingProxyType({"C": 4, "H": 1, "O": -2, "Cl": -1, "F": -1, "N": -3})


def atoms(formula: str) -> dict[str, int]:
    """Atoms of a formula without brackets, by element."""
    found: dict[str, int] = {}
    for name, count in _ATOM.findall(formula):
        found[name] = found.get(name, 0) + int(count or 1)
    return found


def formula_kg_mol(formula: str) -> float:
    """Molar mass of a formula without brackets. Raises KeyError for an element without a weight.

    >>> round(formula_kg_mol("KMnO4"), 5)
    0.15803
    """
    weights = {**ATOMIC_G_MOL, **_MORE_G_MOL}
    return 1e-3 * sum(weights[name] * count for name, count in atoms(formula).items())


def electrons_mol(formula: str) -> int:
    """Electrons that one mole gives when all of it turns to CO2, water, halide and ammonium.

    For C_a H_b O_c X_d N_e: 4 a + b - 2 c - d - 3 e. Benzene gives 30, trichloroethylene 6.

    >>> electrons_mol("C6H6"), electrons_mol("C2HCl3")
    (30, 6)
    """
    return sum(_ELECTRONS[name] * count for name, count in atoms(formula).items())


def molar_dose_kg(
    found: Contaminant, mass_kg: float, *, agent: str, ratio: float, excess_ratio: float
) -> float:
    """Agent for a mass of a contaminant: ratio mol of agent per mol, times the excess."""
    mol = _positive(mass_kg, "mass_kg") / found.number("molar_mass_kg_mol")
    return mol * ratio * excess_ratio * formula_kg_mol(agent)


def fluoride_mol(found: Contaminant, mass_kg: float) -> float:
    """Moles of fluoride in a mass of a fluorine compound, all of its fluorine set free."""
    count = atoms(found.formula).get("F", 0)
    if count == 0:
        raise BadRequestError(
            f"contaminant: {found.id} holds no fluorine; expected a fluoride",
            message_zh=f"contaminant：{found.id} 不含氟；应为氟化物",
            field="contaminant",
            value=found.id,
        )
    return count * _positive(mass_kg, "mass_kg") / found.number("molar_mass_kg_mol")


def fluoride_left_kg_m3(calcium_left_mol_m3: float) -> float:
    """Fluoride that calcium fluoride leaves in water with some calcium over, ideal solution.

    Ksp = [Ca][F]^2: 7.8 mg/L where all calcium comes from the salt itself, 1.1 mg/L with 10 mol/m3 over.
    Activities and complexes are left out; real plants leave more.
    """
    if calcium_left_mol_m3 < 0.0:
        raise BadRequestError(
            f"calcium_left_mol_m3: {calcium_left_mol_m3}; expected at least 0",
            message_zh=f"calcium_left_mol_m3：{calcium_left_mol_m3}；应不小于 0",
            field="calcium_left_mol_m3",
            value=calcium_left_mol_m3,
        )
    over = calcium_left_mol_m3 * 1e-3
    low, high = 0.0, 1.0
    for _ in range(200):  # F^2 (over + F / 2) = Ksp by bisection
        middle = 0.5 * (low + high)
        too_much = middle**2 * (over + 0.5 * middle) > CALCIUM_FLUORIDE_KSP
        low, high = (low, middle) if too_much else (middle, high)
    return 0.5 * (low + high) * formula_kg_mol("F") * 1e3


def oxidant_dose_kg(
    found: Contaminant,
    mass_kg: float,
    *,
    agent: str,
    electrons: int,
    excess_ratio: float,
    soil_kg: float = 0.0,
    demand_kg_kg: float = 0.0,
) -> float | None:
    """Oxidant to turn all of a contaminant to CO2, plus what the soil takes.

    None without a formula, and for what gives no electrons (carbon tetrachloride, perfluorinated acids).
    """
    if not found.formula or not set(atoms(found.formula)) <= set(_ELECTRONS):
        return None
    given = electrons_mol(found.formula)
    if given <= 0:
        return None
    mol = _positive(mass_kg, "mass_kg") / found.number("molar_mass_kg_mol")
    own = mol * given / electrons * formula_kg_mol(agent)
    return excess_ratio * own + soil_kg * demand_kg_kg


def carbon_dose_kg(
    found: Contaminant, mass_kg: float, conc_kg_m3: float, *, excess_ratio: float
) -> float | None:
    """Carbon that holds a mass in equilibrium with water of ``conc_kg_m3``; None without an isotherm.

    q = K C^n with C in mg/L and q in mg per g of carbon; no competition with other substances.
    """
    row = isotherms().get(found.id)
    if row is None:
        return None
    held_kg_kg: float = 1e-3 * row[0] * (1e3 * _positive(conc_kg_m3, "conc_kg_m3")) ** row[1]
    return excess_ratio * _positive(mass_kg, "mass_kg") / held_kg_kg


def iron_half_life_s(found: Contaminant, *, surface_m2_m3: float = 1e6) -> float | None:
    """Half-life beside granular iron with a surface per volume of pore water; None where no rate is known.

    k = k_SA a; granular iron of 1 m2/g in a fill gives 1e6 to 5e6 m2 per m3 of pore water.
    """
    rate = iron_rates().get(found.id)
    if rate is None:
        return None
    # L/(m2 h) times m2/m3 is L/(m3 h), a thousandth of 1/h.
    return log(2.0) * 3600.0 / (rate * 1e-3 * _positive(surface_m2_m3, "surface_m2_m3"))


@lru_cache(maxsize=1)
def isotherms() -> Mapping[str, tuple[float, float]]:
    """Freundlich K ((mg/g)(L/mg)^n) and exponent n on granular activated carbon, by contaminant."""
    return MappingProxyType(
        {row["contaminant"]: (float(row["k_mg_g"]), float(row["exponent"])) for row in table("isotherms.csv")}
    )


@lru_cache(maxsize=1)
def iron_rates() -> Mapping[str, float]:
    """Surface-normalised rate constants on iron, L/(m2 h), by contaminant."""
    return MappingProxyType({row["contaminant"]: float(row["k_l_m2_h"]) for row in table("iron_rates.csv")})


def _positive(value: float, field: str) -> float:
    if not value > 0.0:
        raise BadRequestError(
            f"{field}: {value}; expected more than zero",
            message_zh=f"{field}：{value}；应大于零",
            field=field,
            value=value,
        )
    return value
