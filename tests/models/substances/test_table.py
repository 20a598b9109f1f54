"""The table as a whole: identity, sources, what counts as verified, and files that are broken."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest

from models.substances.cited import Source, independent
from models.substances.table import of_scene, parse_substance, sources, substance, substance_ids, substances
from twin.core.errors import NotFoundError, SceneError
from twin.core.substance import Substance
from twin.core.text import Text

ROOT = Path(__file__).resolve().parents[3]
PARK = {
    *("hf", "f2", "hcl", "so2", "nh3", "cl2", "co", "bf3", "pf5", "sif4", "tfe", "hfp", "r22", "r134a"),
    *("r32", "vdf", "nf3", "pfib", "h2sif6", "h2so4", "lipf6", "h2s", "methanol", "propane", "methane"),
    *("r12", "co2", "sf6"),
}
ONE = {"a": Source(id="a", family="x", citation="A"), "b": Source(id="b", family="y", citation="B")}


def body() -> dict[str, object]:
    return {
        "id": "hf",
        "cas": "7664-39-3",
        "formula": "HF",
        "name": {"zh": "氟化氢", "en": "HF"},
        "numbers": {"molar_mass_kg_mol": {"value": 0.020006, "sources": ["a"]}},
    }


def test_the_substances_of_the_park_and_of_published_cases_are_there() -> None:
    assert set(substance_ids()) >= PARK


def test_id_alias_and_cas_find_the_same_row() -> None:
    assert substance("Hydrogen Fluoride") is substance("hf") is substance("7664-39-3")
    assert substance("chlorine").id == "cl2"


def test_the_scene_maps_by_cas_and_its_molar_masses_agree() -> None:
    """All but the fluoride ion, which is a matter of water."""
    with (ROOT / "scenes/qingliu/chemicals.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        named = Text(zh=row["name_zh"], en=row["name_en"])
        mass = float(row["molar_mass_kg_mol"])
        found = of_scene(
            Substance(id="other", name=named, formula=row["formula"], cas=row["cas"], molar_mass_kg_mol=mass)
        )
        if row["id"] == "f":
            assert found is None
            continue
        assert found is not None
        assert found.id == row["id"]
        assert found.molar_mass_kg_mol == pytest.approx(float(row["molar_mass_kg_mol"]), rel=2e-4)


def test_every_number_has_a_source_and_verified_means_two_carriers() -> None:
    for row in substances():
        numbers = [*row.numbers.values(), *(level.printed for level in row.levels)]
        for found in numbers:
            assert found.sources
            assert found.verified == (len({source.family for source in found.sources}) >= 2)
        for law in row.laws.values():
            assert law.sources
            assert law.verified == independent(law.sources)


def test_what_is_only_recalled_is_never_verified_alone() -> None:
    thirty = [row for row in substance("hf").levels if row.exposure_s == 1800.0 and row.kind == "aegl"]
    assert {row.level: row.printed.verified for row in thirty} == {
        1: True,
        2: False,
        3: False,
    }


def test_every_source_is_used_and_says_what_it_is() -> None:
    used = {
        source.id
        for row in substances()
        for group in (row.numbers.values(), (level.printed for level in row.levels), row.laws.values())
        for found in group
        for source in found.sources
    }
    assert used == set(sources())
    assert all(len(source.citation) > 15 for source in sources().values())


def test_an_unknown_substance_is_named_with_the_known_ones() -> None:
    with pytest.raises(NotFoundError, match=r"'krypton' is unknown; expected one of aniline"):
        substance("krypton")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"cas": "7664-39-4"}, "should be 3"),
        ({"numbers": {"molar_mass_kg_mol": {"value": 0.02, "sources": []}}}, "sources are"),
        ({"numbers": {"molar_mass_kg_mol": {"value": 0.02, "sources": ["nobody"]}}}, "nobody"),
        ({"laws": {"gas_cp_j_kg_k": {"form": "magic", "c": [1.0]}}}, "form is 'magic'"),
    ],
)
def test_a_broken_row_says_what_is_wrong(change: dict[str, object], text: str) -> None:
    with pytest.raises(SceneError, match=text) as caught:
        parse_substance(body() | change, ONE, source="hf.toml")
    assert caught.value.message_zh


def test_a_missing_field_is_named() -> None:
    broken = body()
    del broken["formula"]
    with pytest.raises(SceneError, match=r"hf.toml: 'formula' is missing"):
        parse_substance(broken, ONE, source="hf.toml")


def test_two_families_verify_and_one_does_not() -> None:
    once = parse_substance(body(), ONE, source="hf.toml")
    twice = parse_substance(
        body() | {"numbers": {"molar_mass_kg_mol": {"value": 0.02, "sources": ["a", "b"]}}}, ONE, source=""
    )
    assert not once.numbers["molar_mass_kg_mol"].verified
    assert twice.numbers["molar_mass_kg_mol"].verified


def test_importing_the_table_reads_nothing() -> None:
    """The worker starts without a data file being opened."""
    code = (
        "import models.substances.table as t; "
        "assert t._read.cache_info().currsize == t.sources.cache_info().currsize == 0; "
        "import sys; assert not {'torch', 'scipy', 'pandas'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)  # noqa: S603
