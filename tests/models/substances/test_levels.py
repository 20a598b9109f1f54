"""Levels for people: tabulated values exactly, lines in the logarithms between, order kept."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.substances.levels import Kind, Level
from models.substances.table import substance, substances
from twin.core.errors import SolverError
from twin.core.units import ppm_to_kg_m3, to_si

ROOT = Path(__file__).resolve().parents[3]
TIMED = [row.id for row in substances() if any(level.exposure_s == 600.0 for level in row.levels)]


def rows_of(name: str, level: int, kind: Kind = Kind.AEGL) -> list[Level]:
    return [row for row in substance(name).levels if row.kind is kind and row.level == level]


@pytest.mark.parametrize(
    ("name", "level", "minutes", "ppm"),
    [
        ("hf", 1, 10, 1.0), ("hf", 2, 10, 95.0), ("hf", 2, 60, 24.0), ("hf", 3, 10, 170.0),
        ("hf", 3, 60, 44.0),
        ("cl2", 2, 30, 2.8), ("cl2", 3, 480, 7.1), ("nh3", 2, 240, 110.0), ("nh3", 3, 10, 2700.0),
        ("so2", 3, 480, 9.6), ("hcl", 2, 30, 43.0), ("h2s", 1, 480, 0.33), ("co", 3, 10, 1700.0),
    ],
)  # fmt: skip
def test_published_values_come_back_exactly(name: str, level: int, minutes: int, ppm: float) -> None:
    found = substance(name).level(level, 60.0 * minutes)
    assert found is not None
    assert found.conc_ppm == ppm
    assert found.tabulated


@given(name=st.sampled_from(TIMED), level=st.integers(1, 3), minutes=st.floats(10.0, 480.0))
@settings(deadline=None, max_examples=60)
def test_between_two_durations_lies_between_their_values(name: str, level: int, minutes: float) -> None:
    found = substance(name).level(level, 60.0 * minutes)
    rows = sorted(rows_of(name, level), key=lambda row: row.exposure_s or 0.0)
    if not rows:
        assert found is None
        return
    assert found is not None
    before = [row for row in rows if (row.exposure_s or 0.0) <= 60.0 * minutes][-1]
    after = [row for row in rows if (row.exposure_s or 0.0) >= 60.0 * minutes][0]
    assert after.conc_kg_m3() * (1 - 1e-12) <= found.conc_kg_m3 <= before.conc_kg_m3() * (1 + 1e-12)
    assert found.verified == (before.printed.verified and after.printed.verified)


def test_the_line_between_is_straight_in_the_logarithms() -> None:
    """Half-way in log time between 10 min (95 ppm) and 30 min (34 ppm) is the geometric mean."""
    found = substance("hf").level(2, 600.0 * 3.0**0.5)
    assert found is not None
    assert found.conc_ppm == pytest.approx((95.0 * 34.0) ** 0.5, rel=1e-12)
    assert not found.tabulated


@pytest.mark.parametrize("name", TIMED)
def test_longer_exposure_never_allows_more_and_higher_levels_never_less(name: str) -> None:
    for level in (1, 2, 3):
        values = [
            row.conc_kg_m3() for row in sorted(rows_of(name, level), key=lambda row: row.exposure_s or 0)
        ]
        assert values == sorted(values, reverse=True), level
    for seconds in (600.0, 1500.0, 3600.0, 20_000.0):
        found = [substance(name).level(level, seconds) for level in (1, 2, 3)]
        values = [row.conc_kg_m3 for row in found if row is not None]
        assert values == sorted(values)


def test_a_cloud_shorter_or_longer_than_the_table_is_said_to_be_so() -> None:
    short, long = substance("hf").level(3, 60.0), substance("hf").level(3, 36_000.0)
    assert short is not None
    assert long is not None
    assert short.conc_ppm == 170.0
    assert "shorter than 10 min" in short.notes[0].en
    assert long.conc_ppm == 22.0
    assert "not defined" in long.notes[0].en


@pytest.mark.parametrize("exposure_s", [0.0, -1.0, float("nan"), float("inf")])
def test_an_impossible_exposure_is_an_error(exposure_s: float) -> None:
    with pytest.raises(SolverError, match="exposure_s"):
        substance("hf").level(1, exposure_s)


@pytest.mark.parametrize(
    ("name", "ppm", "mg_m3"),
    [
        ("cl2", 0.5, 1.45),
        ("cl2", 50.0, 145.0),
        ("hcl", 100.0, 149.12),
        ("h2s", 76.0, 106.0),
        ("hf", 1.0, 0.82),
    ],
)
def test_ppm_and_mass_concentrations_as_printed(name: str, ppm: float, mg_m3: float) -> None:
    """Pairs of the AEGL programme, at 25 degC and 1 atm; they are printed with two or three digits."""
    assert substance(name).ppm_to_kg_m3(ppm) * 1e6 == pytest.approx(mg_m3, rel=0.01)


def test_a_level_in_mass_is_not_touched_and_a_volume_fraction_follows_the_air() -> None:
    (mac,) = rows_of("hf", 1, Kind.MAC)
    assert mac.conc_kg_m3(temperature_k=350.0) == pytest.approx(2e-6)
    assert mac.exposure_s is None
    aegl = rows_of("hf", 1)[0]
    warm = aegl.conc_kg_m3(temperature_k=310.0, pressure_pa=90_000.0)
    assert warm == pytest.approx(
        ppm_to_kg_m3(1.0, substance("hf").molar_mass_kg_mol, temperature_k=310.0, pressure_pa=90_000.0)
    )


def test_the_thresholds_of_the_demonstration_park_agree_with_the_table() -> None:
    """Every threshold of the scene is a level of the table, found by CAS number, to one per cent."""
    scene = ROOT / "scenes/qingliu"
    with (scene / "chemicals.csv").open(encoding="utf-8") as file:
        cas = {row["id"]: row["cas"] for row in csv.DictReader(file)}
    disagreements = []
    with (scene / "thresholds.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            kind = Kind(row["name_en"].split("-")[0].split()[0].lower())
            level = 1 if kind is Kind.IDLH else int(row["level"])
            found = substance(cas[row["substance_id"]]).level(level, 3600.0, kind=kind)
            want = float(row["value"])
            if found is None or found.conc_ppm != pytest.approx(want, rel=0.01):
                disagreements.append((row["substance_id"], row["name_en"], want, found))
    assert row["unit"] == "ppm"
    assert disagreements == []


def test_toxic_load_of_hf_is_the_square_and_others_are_not_guessed() -> None:
    assert substance("hf").toxic_load_exponent() == 2.0
    assert substance("tfe").toxic_load_exponent() is None


def test_critical_quantities_are_tonnes() -> None:
    assert substance("hf").number("critical_quantity_kg") == to_si(1.0, "t")
    assert substance("hf").number("beta_factor") == 5.0
