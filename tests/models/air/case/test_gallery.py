"""The gallery: every case file of ``scenes/cases/air`` runs and keeps the law that it shows."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from models.air.case import CaseResult, load_case, run_case
from models.air.case.schema import KINDS
from twin.core.origin import Origin

FOLDER = Path(__file__).resolve().parents[4] / "scenes" / "cases" / "air"
DOC = FOLDER.parents[2] / "docs" / "air-gallery.md"


@cache
def result(name: str) -> CaseResult:
    return run_case(FOLDER / f"{name}.toml")


def names() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def test_every_kind_has_an_example_and_every_example_a_place_in_the_document() -> None:
    assert {load_case(FOLDER / f"{name}.toml").case.kind for name in names()} == set(KINDS)
    text = DOC.read_text(encoding="utf-8")
    assert [name for name in names() if f"{name}.toml" not in text] == []


def test_prairie_grass_is_met_within_a_factor_of_two() -> None:
    (row,) = result("prairie-grass-9").scores
    assert row.number == 5
    assert row.fac2_fraction == 1.0
    assert 0.9 < row.mg_value < 1.2
    assert row.vg_value < 1.1
    assert result("prairie-grass-9").tables["arcs"].numbers("bearing_of_max") == pytest.approx(24.0)


def test_a_basin_is_felt_downwind_and_less_with_height() -> None:
    found = result("settling-basin")
    mast = [found.value(f"mast@{z}", "conc") for z in ("1.5", "5", "10", "20")]
    assert found.value("fence", "conc") > mast[0]
    assert mast == sorted(mast, reverse=True)


def test_a_puff_passes_with_a_dose_that_falls_and_comes_later() -> None:
    found = result("passing-puff")
    assert found.origin is Origin.EXERCISE
    near, far = (
        {q: found.value(p, q) for q in ("peak", "dose", "arrival", "conc")} for p in ("p200", "p800")
    )
    assert near["peak"] > far["peak"]
    assert near["dose"] > far["dose"]
    assert near["arrival"] < far["arrival"]
    assert near["conc"] < near["peak"]  # a minute's mean is below the highest moment
    assert 200.0 / near["arrival"] < 10.0  # nothing runs ahead of the wind


def test_a_beam_twice_as_long_across_the_whole_plume_reads_half() -> None:
    found = result("beam-across")
    assert found.value("longer", "conc") == pytest.approx(0.5 * found.value("long", "conc"), rel=1e-3)
    assert 0.0 < found.value("slanting", "conc") < found.value("long", "conc")


def test_gas_of_a_turning_wind_goes_where_the_wind_went() -> None:
    found = result("turning-wind")
    assert found.value("east", "dose") > 100.0 * found.value("north", "dose")
    series = found.tables["series"]
    times = series.numbers("time")
    assert times[int(series.numbers("east").argmax())] < 1200.0


def test_the_hill_speeds_up_and_flat_ground_does_not() -> None:
    found = result("bell-hill")
    top, foot = found.value("crest@0", "ratio"), found.value("crest@-400", "ratio")
    assert 1.3 < top < 1.7
    assert foot < 1.0
    # Jackson and Hunt: the fractional speed-up falls with height above the hill.
    upwind = {5: math.log(5 / 0.03), 40: math.log(40 / 0.03)}
    gain = {z: found.value(f"top@{z}", "speed") / upwind[z] for z in upwind}
    assert gain[5] > gain[40]


@pytest.mark.slow
def test_a_plume_goes_around_or_over_the_hill_and_nothing_upwind() -> None:
    found = result("plume-over-hill")
    conc = found.tables["receptors"].numbers("conc")
    assert conc.max() > 0.0
    assert conc.argmax() >= 6  # released north of the axis, it stays north
    assert any("station" in note for note in found.notes)


def test_a_field_is_seen_and_a_strip_more() -> None:
    found = result("flux-footprint")
    assert 3.5 < found.value("field", "ce") < 5.5
    assert found.value("strip", "ce") > found.value("field", "ce")
    assert found.value("field", "ce_error") < 0.05 * found.value("field", "ce")


def test_chlorine_lies_between_the_reference_programs() -> None:
    found = result("chlorine-pool")
    # SLAB 149 ppm and DEGADIS 179 ppm at 1 km (shared/notes/air.md), each with its own 30 %.
    assert 0.7 * 149.0 < found.value("d@1000", "conc_ppm") < 1.3 * 179.0
    conc = [found.value(f"d@{d}", "conc") for d in (100, 300, 1000, 3000)]
    assert conc == sorted(conc, reverse=True)


def test_a_heavy_cloud_flows_downhill_against_the_wind() -> None:
    found = result("cloud-downhill")
    assert found.value("below", "conc") > 1000.0 * found.value("above", "conc")
    book = found.tables["masses"]
    total = book.numbers("in_layer") + book.numbers("in_puffs") + book.numbers("left")
    assert total[1:] == pytest.approx(2000.0, rel=1e-3)
    highest = next(field for field in found.fields if field.id.endswith("highest")).values[0, 0]
    x = -240.0 + 5.0 * (np.arange(80) + 0.5)
    assert float((highest.sum(axis=0) * x).sum() / highest.sum()) < -10.0


def test_hf_at_30_degrees_leaves_as_a_two_phase_jet_and_the_book_closes() -> None:
    found = result("hf-vessel")
    masses = dict(
        zip(
            found.tables["masses"].column("receptor").values,
            found.tables["masses"].numbers("mass"),
            strict=True,
        )
    )
    assert masses["discharged"] == pytest.approx(
        sum(v for k, v in masses.items() if k != "discharged"), rel=1e-9
    )
    assert 0.8 < found.value("jet", "liquid_fraction") < 1.0
    assert found.value("jet", "duration") == 300.0


@pytest.mark.slow
def test_a_curtain_halves_what_the_cloud_carries() -> None:
    found = result("hf-vessel-cloud")
    assert found.value("jet", "mass") == pytest.approx(
        0.5 * result("hf-vessel").value("jet", "mass"), rel=1e-6
    )
    reach = found.tables["levels"].numbers("reach")
    assert list(reach) == sorted(reach, reverse=True)


def test_files_out_has_a_field_with_a_place() -> None:
    (field,) = result("files-out").fields
    assert field.frame.crs
    assert field.values.shape == (1, 4, 100, 150)
    # Wind FROM 300 degrees: the middle of the plume lies south-east of the source.
    weight = field.values[0, 0]
    x = field.grid.x_min_m + (np.arange(150) + 0.5) * 10.0
    y = field.grid.y_min_m + (np.arange(100) + 0.5) * 10.0
    assert (weight * x).sum() / weight.sum() > 100.0
    assert (weight * y[:, None]).sum() / weight.sum() < -50.0
