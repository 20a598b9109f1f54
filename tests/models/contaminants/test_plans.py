"""Handling plans: which fit, and how much agent the chemistry asks for."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.contaminants.dose import (
    CALCIUM_FLUORIDE_KSP,
    carbon_dose_kg,
    electrons_mol,
    fluoride_left_kg_m3,
    fluoride_mol,
    formula_kg_mol,
    iron_half_life_s,
    iron_rates,
    isotherms,
    molar_dose_kg,
    oxidant_dose_kg,
)
from models.contaminants.library import contaminant, library
from models.contaminants.plans import dose, half_life_s, match_plans, plan, plans
from twin.core.errors import BadRequestError, NotFoundError


def test_plans_name_only_what_the_library_has() -> None:
    known = {row.id for row in library()}
    for row in plans():
        assert set(row.contaminants) <= known, row.id
        assert row.steps
        assert row.sources
        assert (row.agent is None) == (row.formula == "") or row.dose == "none"
    assert set(isotherms()) | set(iron_rates()) <= known


def test_every_contaminant_has_a_plan_at_every_degree() -> None:
    for row in library():
        for degree in (0.5, 1.5, 10.0, 1000.0):
            assert match_plans(row, degree), (row.id, degree)


def test_the_plan_for_the_substance_comes_before_the_one_for_its_kind() -> None:
    found = [match.plan.id for match in match_plans(contaminant("trichloroethylene"), 30.0)]
    assert found[0] in ("chlorinated_iron", "permanganate")
    assert found.index("carbon") < found.index("pump_treat")
    assert match_plans(contaminant("fluoride"), 1.5)[0].plan.id == "fluoride_apatite"
    assert match_plans(contaminant("fluoride"), 80.0)[0].plan.id == "fluoride_lime"
    assert match_plans(contaminant("pfos"), 5.0)[0].plan.id == "carbon"


def test_electrons_and_oxidants_of_the_handbooks() -> None:
    # ITRC 2005: 4/3 KMnO4 per PCE, 2 per TCE, 8/3 per DCE, 10/3 per VC; 15 persulfate per benzene.
    wanted = {"C2Cl4": 4 / 3, "C2HCl3": 2.0, "C2H2Cl2": 8 / 3, "C2H3Cl": 10 / 3}
    for formula, mol in wanted.items():
        assert electrons_mol(formula) / 3 == pytest.approx(mol)
    assert electrons_mol("C6H6") / 2 == 15
    tce = contaminant("trichloroethylene")
    own = oxidant_dose_kg(tce, 1.0, agent="KMnO4", electrons=3, excess_ratio=1.0)
    assert own == pytest.approx(2 * 0.158034 / 0.131388, rel=1e-3)
    more = oxidant_dose_kg(
        tce, 1.0, agent="KMnO4", electrons=3, excess_ratio=1.0, soil_kg=1000.0, demand_kg_kg=0.002
    )
    assert more == pytest.approx(own + 2.0)  # type: ignore[operator]
    arguments = {"agent": "Na2S2O8", "electrons": 2, "excess_ratio": 1.0}
    assert oxidant_dose_kg(contaminant("carbon_tetrachloride"), 1.0, **arguments) is None  # type: ignore[arg-type]
    assert oxidant_dose_kg(contaminant("alachlor"), 1.0, **arguments) is None  # type: ignore[arg-type]


def test_lime_for_fluoride_is_half_a_mole_per_mole() -> None:
    fluoride = contaminant("fluoride")
    needed = dose(plan("fluoride_lime"), fluoride, 19.0, conc_kg_m3=0.1)
    assert needed is not None
    assert needed.low_kg == pytest.approx(500.0 * 19.0 / 18.9984 * 0.074093, rel=1e-3)
    assert needed.median_kg == pytest.approx(1.5 * needed.low_kg)
    acid = contaminant("fluorosilicic_acid")
    assert fluoride_mol(acid, 1.0) == pytest.approx(6.0 / acid.number("molar_mass_kg_mol"))
    with pytest.raises(BadRequestError, match="benzene"):
        fluoride_mol(contaminant("benzene"), 1.0)


@given(calcium=st.floats(0.0, 100.0))
@settings(max_examples=30, deadline=None)
def test_fluoride_left_keeps_the_solubility_product(calcium: float) -> None:
    left = fluoride_left_kg_m3(calcium) / formula_kg_mol("F") * 1e-3  # mol/L
    assert left**2 * (1e-3 * calcium + 0.5 * left) == pytest.approx(CALCIUM_FLUORIDE_KSP, rel=1e-6)


def test_lime_alone_cannot_reach_class_three() -> None:
    assert fluoride_left_kg_m3(0.0) == pytest.approx(7.79e-3, rel=1e-2)
    assert fluoride_left_kg_m3(10.0) > 1e-3


def test_carbon_by_its_isotherm() -> None:
    toluene = contaminant("toluene")
    # 1 mg/L: 26.1 mg per g, so 1 kg needs 38.3 kg.
    assert carbon_dose_kg(toluene, 1.0, 1e-3, excess_ratio=1.0) == pytest.approx(38.31, rel=1e-3)
    assert carbon_dose_kg(contaminant("hcfc_22"), 1.0, 1e-3, excess_ratio=1.0) is None


def test_half_lives_on_iron() -> None:
    # 3.9e-4 L/(m2 h) on 1000 m2 per litre: 0.39 1/h, half-life 1.78 h.
    assert iron_half_life_s(contaminant("trichloroethylene")) == pytest.approx(6398, rel=1e-3)
    assert iron_half_life_s(contaminant("benzene")) is None
    assert half_life_s(plan("chlorinated_iron"), contaminant("vinyl_chloride")) > half_life_s(  # type: ignore[operator]
        plan("chlorinated_iron"), contaminant("tetrachloroethylene")
    )
    assert half_life_s(plan("pump_treat"), contaminant("benzene")) is None


def test_doses_grow_with_mass_and_some_cannot_be_told() -> None:
    lead = contaminant("lead")
    one = dose(plan("metals_phosphate"), lead, 1.0, conc_kg_m3=1e-4)
    ten = dose(plan("metals_phosphate"), lead, 10.0, conc_kg_m3=1e-4)
    assert ten.median_kg == pytest.approx(10 * one.median_kg)  # type: ignore[union-attr]
    assert dose(plan("pump_treat"), lead, 1.0, conc_kg_m3=1e-4) is None
    assert dose(plan("carbon"), contaminant("pfhxs"), 1.0, conc_kg_m3=1e-6) is None
    iron = dose(plan("chlorinated_iron"), contaminant("chloroform"), 1.0, conc_kg_m3=1e-4, zone_m3=2.0)
    assert iron is not None
    assert iron.median_kg == pytest.approx(5000.0)
    with pytest.raises(BadRequestError, match="mass_kg"):
        molar_dose_kg(lead, 0.0, agent="KH2PO4", ratio=1.0, excess_ratio=1.0)


def test_unknown_plans_are_not_found() -> None:
    with pytest.raises(NotFoundError, match="magic"):
        plan("magic")
