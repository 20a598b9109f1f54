"""The gallery: every case file of ``scenes/cases/water`` runs and keeps what was published of it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from models.water.case import CaseResult, load_case, run_case
from models.water.case.kinds import KINDS
from twin.core.origin import Origin

FOLDER = Path(__file__).resolve().parents[4] / "scenes" / "cases" / "water"
JUDGED = (
    "column-steady",
    "doublet",
    "dupuit",
    "hantush",
    "mt3dms-1b",
    "mt3dms-1c",
    "mt3dms-1d",
    "mt3dms-3",
    "theis",
    pytest.param("three-layers", marks=pytest.mark.slow),  # 51,000 cells, 50 steps
)


@cache
def result(name: str) -> CaseResult:
    return run_case(FOLDER / f"{name}.toml")


def test_every_kind_has_an_example_and_every_example_names_its_source() -> None:
    cases = {path.stem: load_case(path).case for path in FOLDER.glob("*.toml")}
    assert {case.kind for case in cases.values()} == set(KINDS)
    assert [name for name, case in cases.items() if case.observed and not case.citation] == []


@pytest.mark.parametrize("name", JUDGED)
def test_what_was_published_is_met_within_its_tolerance(name: str) -> None:
    found = result(name)
    assert found.converged
    assert found.scores
    assert [(p.receptor, p.observed_value, p.modelled_value) for p in found.pairs if not p.kept] == []
    assert all(pair.kept is not None for pair in found.pairs)
    if found.run is not None:
        assert found.run.worst_balance_error < 1e-10
        assert found.run.worst_imbalance < 1e-6


def test_across_the_grid_the_scheme_smears_less_than_the_reference() -> None:
    found = result("mt3dms-4")
    # At 20 cells the reference reads 0.69 to 0.82 (TVD), the closed form 2.674 g/m3.
    assert 1e3 * found.value("d20@1000", "conc") > 1.35
    assert 1e3 * found.value("model@1000", "conc_min") > -0.05
    assert found.value("model@1000", "mass_water") == pytest.approx(10.0, rel=0.02)  # 10 g/d for 1000 d


def test_a_source_in_three_dimensions_errs_near_it_only() -> None:
    found = result("mt3dms-7")
    pairs = {pair.receptor.split("/")[2].split("@")[0]: pair for pair in found.pairs}
    error = {int(n): 1e3 * (pair.modelled_value - pair.observed_value) for n, pair in pairs.items()}
    assert abs(error[5]) < 0.25
    assert abs(error[11]) < 0.005


def test_budgets_of_packages_close_the_water() -> None:
    found = result("dupuit")
    names = ("ditch-west", "ditch-east", "rch")
    into = sum(found.value(f"{name}@1", "in") for name in names)
    out = sum(found.value(f"{name}@1", "out") for name in names)
    assert into == pytest.approx(out, rel=1e-9)
    assert found.value("rch@1", "in") > 0.0


def test_the_case_with_a_place_has_two_species_one_of_which_decays() -> None:
    found = result("files-out")
    assert found.origin is Origin.EXERCISE
    assert found.run is not None
    assert found.run.conc_kg_m3 is not None
    assert found.run.conc_kg_m3.shape == (2, 2, 3, 12, 20)
    assert found.run.worst_balance_error < 1e-10
    put = found.value("benzene/src@365", "in")
    assert put == pytest.approx(0.5 * 90.0, rel=1e-9)  # 0.5 kg/d for 90 d
    assert found.value("chloride/src@365", "in") == pytest.approx(5.0 * 365.0, rel=1e-9)
    # The screened pump takes 30 m3/d from day 90 on.
    assert found.value("pump@365", "out") * 86400.0 == pytest.approx(30.0)
    assert found.value("pump@90", "out") == 0.0
    assert np.nanmin(found.run.conc_kg_m3) > -1e-9 * np.nanmax(found.run.conc_kg_m3)
