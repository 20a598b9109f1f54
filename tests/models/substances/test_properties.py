"""Laws of the properties: they agree with each other and with independent sources."""

from __future__ import annotations

import numpy as np
import pytest

from models.air.source.fluid import compressibility
from models.substances.substance import SubstanceData
from models.substances.table import substance, substances
from twin.core.errors import SolverError
from twin.core.units import GAS_CONSTANT_J_MOL_K

LIQUIDS = [row for row in substances() if {"vapour_pressure_pa", "vaporisation_j_kg"} <= set(row.laws)]
BOILERS = [row for row in substances() if "vapour_pressure_pa" in row.laws and "boiling_k" in row.numbers]


@pytest.mark.parametrize("row", BOILERS, ids=lambda row: row.id)
def test_the_boiling_point_gives_one_atmosphere(row: SubstanceData) -> None:
    assert float(row.vapour_pressure_pa(row.boiling_k)) == pytest.approx(101_325.0, rel=0.01)
    assert row.saturation_k(101_325.0) == pytest.approx(row.boiling_k, abs=0.3)


@pytest.mark.parametrize("row", LIQUIDS, ids=lambda row: row.id)
def test_clausius_and_clapeyron_agree_within_a_tenth(row: SubstanceData) -> None:
    """Slope of the vapour pressure times the volume of the real vapour = heat of vaporisation.

    Of HF too: with the association of its vapour, 3.2 at the boiling point.
    """
    law = row.law("vapour_pressure_pa")
    at_k = row.boiling_k if "boiling_k" in row.numbers else law.low_k + 15.0
    low, middle, high = (float(row.vapour_pressure_pa(at_k + step)) for step in (-0.5, 0.0, 0.5))
    specific = GAS_CONSTANT_J_MOL_K / row.molar_mass_kg_mol
    vapour_m3_kg = compressibility(row, at_k, middle) * specific * at_k / middle
    liquid_m3_kg = 1.0 / float(row.liquid_density_kg_m3(at_k))
    heat = at_k * (high - low) * (vapour_m3_kg - liquid_m3_kg)
    assert heat == pytest.approx(float(row.vaporisation_j_kg(at_k)), rel=0.10)


@pytest.mark.parametrize("row", LIQUIDS, ids=lambda row: row.id)
def test_laws_are_physical(row: SubstanceData) -> None:
    law = row.law("vapour_pressure_pa")
    t = np.linspace(law.low_k, law.high_k, 60)
    assert np.all(np.diff(row.vapour_pressure_pa(t)) > 0.0)
    assert np.all(np.diff(row.liquid_density_kg_m3(t)) <= 0.0)
    assert np.all(row.vaporisation_j_kg(t) >= 0.0)
    if "liquid_cp_j_kg_k" in row.laws:
        assert np.all(row.liquid_cp_j_kg_k(t) > 300.0)


def test_gases_have_sound_heat_capacity_ratios() -> None:
    for row in substances():
        if "gas_cp_j_kg_k" in row.laws:
            assert 1.05 < row.gamma(298.15) < 1.42, row.id


@pytest.mark.parametrize(
    ("name", "density", "at_k"),
    [("cl2", 1562.5, 239.1), ("nh3", 682.0, 239.8), ("hf", 956.0, 292.7), ("so2", 1461.0, 263.1)],
)
def test_liquid_densities_at_the_boiling_point(name: str, density: float, at_k: float) -> None:
    """Handbook values, 1 per cent."""
    assert float(substance(name).liquid_density_kg_m3(at_k)) == pytest.approx(density, rel=0.01)


def test_stated_deviations_are_small_and_there_for_every_verified_law() -> None:
    for row in substances():
        for key, law in row.laws.items():
            if law.verified:
                assert law.deviation_fraction is not None, (row.id, key)
                assert law.deviation_fraction <= 0.08, (row.id, key)


def test_a_property_that_is_not_there_is_not_guessed() -> None:
    with pytest.raises(SolverError, match=r"vapour_pressure_pa of pfib is not in the table"):
        substance("pfib").vapour_pressure_pa(300.0)
    with pytest.raises(SolverError, match=r"boiling_k of co2"):
        _ = substance("co2").boiling_k


def test_beyond_the_range_the_end_holds_and_a_pressure_out_of_reach_is_an_error() -> None:
    row = substance("cl2")
    law = row.law("vapour_pressure_pa")
    assert float(row.vapour_pressure_pa(900.0)) == float(row.vapour_pressure_pa(law.high_k))
    assert not law.covers(900.0)
    with pytest.raises(SolverError, match="pressure_pa is 1e"):
        row.saturation_k(1e9)
