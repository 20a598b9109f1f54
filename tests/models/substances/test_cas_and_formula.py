"""Identity: CAS check digits and molar masses of formulas."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.substances.cas import check_digit, checked_cas
from models.substances.formula import molar_mass_kg_mol
from models.substances.table import substances
from twin.core.errors import SceneError

SECONDARY = Path(__file__).resolve().parents[4] / "shared/data/air/exposure_guidelines_secondary.csv"


@given(digit=st.integers(0, 9))
@settings(deadline=None, max_examples=10)
def test_only_one_check_digit_is_right(digit: int) -> None:
    cas = f"7664-39-{digit}"
    if digit == 3:
        assert checked_cas(cas) == cas
    else:
        with pytest.raises(SceneError, match=r"7664-39-.*should be 3"):
            checked_cas(cas)


@pytest.mark.parametrize("broken", ["7647-1-0", "630-8-0", "7783-6-4", "07664-39-3", "HF", "7664393", ""])
def test_a_malformed_number_is_named(broken: str) -> None:
    with pytest.raises(SceneError) as caught:
        check_digit(broken)
    assert repr(broken) in caught.value.message
    assert caught.value.field == "cas"


def test_every_row_has_the_mass_of_its_formula() -> None:
    for row in substances():
        assert row.molar_mass_kg_mol == pytest.approx(molar_mass_kg_mol(row.formula), abs=1e-8), row.id


@pytest.mark.parametrize(
    ("formula", "grams"),
    [("HF", 20.006), ("Cl₂", 70.90), ("C4F8", 200.03), ("LiPF6", 151.90), ("CH₃OH", 32.04)],
)
def test_masses_as_printed_elsewhere(formula: str, grams: float) -> None:
    assert molar_mass_kg_mol(formula) * 1e3 == pytest.approx(grams, abs=0.011)


@pytest.mark.parametrize("broken", ["", "Xx2", "H2(SO4)", "hf", "2H"])
def test_what_is_not_a_formula_is_refused(broken: str) -> None:
    with pytest.raises(SceneError, match="formula"):
        molar_mass_kg_mol(broken)


def test_malformed_numbers_of_the_secondary_table_are_caught() -> None:
    if not SECONDARY.exists():
        pytest.skip("shared data absent")
    with SECONDARY.open(encoding="utf-8") as file:
        numbers = [row["cas_number"] for row in csv.DictReader(file)]
    broken = []
    for cas in numbers:
        try:
            checked_cas(cas)
        except SceneError:
            broken.append(cas)
    assert broken == ["7637-7-2", "630-8-0", "7647-1-0", "7783-6-4", "7446-9-5"]
