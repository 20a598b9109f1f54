"""The library: every number has its source, what is unknown says so, and it agrees with its origin."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.contaminants.contaminant import LASTING, Kind
from models.contaminants.dose import formula_kg_mol
from models.contaminants.library import SHORT, contaminant, library, parse, search, sources
from models.contaminants.standard import indicator, indicators
from models.substances.cas import check_digit
from twin.core.errors import BadRequestError, NotFoundError, SceneError, SolverError

DATA = Path(__file__).resolve().parents[4] / "shared/data/groundwater"
GSI = DATA / "contaminants_gsi.csv"
needs_gsi = pytest.mark.skipif(not GSI.exists(), reason="needs ../shared/data/groundwater")
# Wide enough for all, narrow enough for a unit that is wrong by a thousand.
RANGES = {
    "molar_mass_kg_mol": (0.001, 1.0),
    "solubility_kg_m3": (1e-11, 10_000.0),
    "koc_m3_kg": (1e-5, 1e5),
    "kd_m3_kg": (1e-5, 1e4),
    "henry_ratio": (1e-15, 1000.0),
    "diffusion_m2_s": (1e-10, 1e-8),
    "half_life_saturated_s": (86_400.0, 86_400.0 * 20_000),
    "limit_us_mcl_kg_m3": (1e-12, 0.1),
    "limit_gb_5749_kg_m3": (1e-12, 0.1),
}


def test_it_holds_more_than_two_hundred_with_valid_cas_and_no_name_twice() -> None:
    rows = library()
    assert len(rows) > 350
    for row in rows:
        assert check_digit(row.cas) == int(row.cas[-1]), row.id
    for key in ("id", "cas"):
        assert len({getattr(row, key) for row in rows}) == len(rows)
    assert len({row.name.zh for row in rows}) == len(rows)


def test_every_number_lies_in_its_range_and_names_a_source() -> None:
    for row in library():
        for name, number in row.numbers.items():
            low, high = RANGES[name]
            assert low <= number.value <= high, (row.id, name, number.value)
            assert number.sources, (row.id, name)
        for ph, number in row.kd_by_ph:
            assert 0.0 < ph < 14.0
            assert number.sources


def test_all_sources_are_used_and_told() -> None:
    from models.contaminants.plans import plans

    used = {source.id for row in library() for number in row.numbers.values() for source in number.sources}
    used |= {source.id for row in library() for _, number in row.kd_by_ph for source in number.sources}
    used |= {source.id for row in plans() for source in row.sources}
    assert used | {"gb_14848_2017"} == set(sources())


def test_what_is_unknown_says_so_and_is_never_zero() -> None:
    fluoride = contaminant("fluoride")
    assert "sorption_m3_kg" in fluoride.unknown
    assert "half_life_saturated_s" not in fluoride.unknown  # an element does not decay
    assert fluoride.kd_m3_kg() is None
    assert fluoride.retardation_ratio(porosity=0.3) is None
    with pytest.raises(SolverError, match="solubility_kg_m3 of fluoride is unknown"):
        fluoride.number("solubility_kg_m3")
    for name in ("tfa", "hfpo_da"):
        assert contaminant(name).kd_m3_kg() is None
        assert "Koc" in contaminant(name).note.en  # type: ignore[union-attr]
    for name in ("glyphosate", "dichlorvos"):  # GSI prints log Koc -13 and 9.6
        assert "koc_m3_kg" not in contaminant(name).numbers
        assert "GSI prints" in contaminant(name).note.en  # type: ignore[union-attr]
    assert all(number.value > 0.0 for row in library() for number in row.numbers.values())


def test_pfas_and_the_chemistry_of_fluorine_are_there() -> None:
    kinds = [row.kind for row in library()]
    assert kinds.count(Kind.PFAS) >= 20
    assert kinds.count(Kind.REFRIGERANT) >= 25
    assert kinds.count(Kind.FLUORINE) >= 10
    for name in (
        "hf",
        "fluorosilicic_acid",
        "tfa",
        "hcfc_22",
        "tfe",
        "hfp",
        "hfpo",
        "pfos",
        "hfpo_da",
        "f_53b",
    ):
        assert contaminant(name).id == name
    assert contaminant("pfos").numbers["koc_m3_kg"].value == pytest.approx(0.609)


def test_retardation_of_benzene() -> None:
    # R = 1 + 1.7 kg/L * 0.001 * Koc / 0.3 with Koc of the table.
    row = contaminant("benzene")
    koc = row.number("koc_m3_kg")
    assert row.retardation_ratio(porosity=0.3) == pytest.approx(1.0 + 1700.0 * 0.001 * koc / 0.3)
    assert row.decay_1_s == pytest.approx(0.693147 / (720 * 86_400), rel=1e-5)


@given(ph=st.floats(4.0, 9.0))
@settings(max_examples=20, deadline=None)
def test_kd_of_metals_follows_ph_and_holds_at_the_ends(ph: float) -> None:
    zinc = contaminant("zinc")
    known = [number.value for _, number in zinc.kd_by_ph]
    assert 0.999 * min(known) <= zinc.kd_m3_kg(ph=ph) <= 1.001 * max(known)  # type: ignore[operator]
    assert zinc.kd_m3_kg(ph=6.8) == pytest.approx(0.062)
    assert contaminant("chromium_vi").kd_m3_kg(ph=4.9) > contaminant("chromium_vi").kd_m3_kg(ph=8.0)  # type: ignore[operator]


def test_formulas_give_the_molar_masses() -> None:
    checked = 0
    for row in library():
        if row.formula:
            assert row.number("molar_mass_kg_mol") == pytest.approx(formula_kg_mol(row.formula), rel=2e-4), (
                row.id
            )
            checked += 1
    assert checked > 140


@needs_gsi
def test_the_sixty_four_of_gb_t_14848_that_gsi_knows_agree() -> None:
    gsi = {}
    for row in csv.DictReader(GSI.read_text(encoding="utf-8").splitlines()):
        gsi.setdefault(row["cas"], row)
    matched = [row for row in indicators() if row.cas and row.cas in gsi]
    assert len(matched) == 64
    assert {row.id for row in indicators() if row.cas and row.cas not in gsi} == {
        *("iron", "sodium", "fluoride", "thallium", "dichloroethylene_1_2")
    }
    for row in matched:
        found, there = contaminant(row.cas), gsi[row.cas]
        assert found.indicator == row.number
        assert found.number("molar_mass_kg_mol") == pytest.approx(1e-3 * float(there["molar_mass_g_mol"]))
        if found.id not in ("glyphosate", "dichlorvos") and not found.kd_by_ph and there["log_koc"]:
            koc = 1e-3 * 10 ** float(there["log_koc"])
            own = found.numbers.get("koc_m3_kg") or found.numbers["kd_m3_kg"]
            assert own.value == pytest.approx(koc, rel=1e-5), found.id
        if there["half_life_saturated_d"]:
            days = float(there["half_life_saturated_d"])
            assert found.number("half_life_saturated_s") == pytest.approx(86_400 * days)


@needs_gsi
def test_one_ph_of_every_metal_is_what_gsi_prints() -> None:
    gsi: dict[str, list[float]] = {}
    for row in csv.DictReader(GSI.read_text(encoding="utf-8").splitlines()):
        if row["log_koc"]:
            gsi.setdefault(row["cas"], []).append(10 ** float(row["log_koc"]) * 1e-3)
    for row in library():
        if row.kd_by_ph and row.cas in gsi:
            own = [number.value for _, number in row.kd_by_ph]
            assert any(a == pytest.approx(b, rel=1e-3) for a in own for b in gsi[row.cas]), row.id


def test_names_short_ids_and_parts_are_found() -> None:
    assert contaminant("F").id == "fluoride"
    assert contaminant("79-01-6").id == contaminant("三氯乙烯").id == "trichloroethylene"
    assert {row.id for row in search("苯并(a)")} == {"benz_a_anthracene", "benzo_a_pyrene"}
    assert len(search("")) == len(library())
    for name in SHORT.values():
        assert name in {row.id for row in library()} | {row.id for row in indicators()}
    with pytest.raises(NotFoundError, match="unobtainium"):
        contaminant("unobtainium")
    assert indicator("f").id == "fluoride"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cas": "7439-92-2"}, "check digit"),
        ({"kind": "salt"}, "kind is 'salt'"),
    ],
)
def test_a_broken_row_is_named(change: dict[str, str], message: str) -> None:
    row = {
        **{"id": "x", "cas": "7439-92-1", "kind": "metal", "name_zh": "铅", "name_en": "Lead"},
        **{"formula": "", "indicator": "", "note_zh": "", "note_en": ""},
    }
    with pytest.raises(SceneError, match=message):
        parse(row | change, [], sources())


def test_a_number_without_a_source_or_in_another_unit_is_refused() -> None:
    row = {
        **{"id": "x", "cas": "7439-92-1", "kind": "metal", "name_zh": "铅", "name_en": "Lead"},
        **{"formula": "", "indicator": "", "note_zh": "", "note_en": ""},
    }
    number = {
        "contaminant": "x",
        "quantity": "kd",
        "value": "1",
        "unit": "L/kg",
        "sources": "gsi",
        "note": "",
    }
    assert parse(row, [number], sources()).kd_m3_kg() == pytest.approx(1e-3)
    for change in ({"sources": ""}, {"sources": "hearsay"}, {"unit": "mL/g"}, {"quantity": "smell"}):
        with pytest.raises(SceneError):
            parse(row, [number | change], sources())


@pytest.mark.parametrize("bad", [{"foc_fraction": -0.1}, {"foc_fraction": 1.1}, {"ph": 15.0}])
def test_bad_ground_is_refused(bad: dict[str, float]) -> None:
    with pytest.raises(BadRequestError, match=next(iter(bad))):
        contaminant("benzene").kd_m3_kg(**bad)


def test_what_lasts_has_no_half_life() -> None:
    for row in library():
        if row.kind in LASTING and row.kind is not Kind.METAL:
            assert "half_life_saturated_s" not in row.numbers, row.id
