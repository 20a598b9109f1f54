"""Classes of GB/T 14848-2017: the printed limits and the standard's own rules."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.contaminants.classes import Reading, classify
from models.contaminants.library import contaminant
from models.contaminants.standard import Class, class_of, indicator, indicators, limits_kg_m3
from twin.core.errors import BadRequestError, NotFoundError

SHARED = Path(__file__).resolve().parents[4] / "shared/data/groundwater/gbt14848_2017.csv"


def test_all_ninety_three_are_there_in_order() -> None:
    rows = indicators()
    assert [row.number for row in rows] == list(range(1, 94))
    assert len({row.id for row in rows}) == 93
    assert sum(bool(row.cas) for row in rows) == 69


@pytest.mark.skipif(not SHARED.exists(), reason="needs ../shared/data/groundwater")
def test_limits_are_those_of_the_table_in_si() -> None:
    factor = {"mg/L": 1e-3, "μg/L": 1e-6}
    for row in csv.DictReader(SHARED.read_text(encoding="utf-8").splitlines()):
        found = indicator(int(row["no"]))
        assert (found.name.zh, found.cas) == (row["name_zh"], row["cas"])
        for klass in (Class.I, Class.II, Class.III, Class.IV):
            printed = row[f"class_{klass.name}"]
            if printed.replace(".", "").isdigit():
                wanted = float(printed) * factor.get(row["unit"], 1.0)
                assert found.limit(klass) == pytest.approx(wanted, rel=1e-12), (found.id, klass)


@pytest.mark.parametrize(
    ("name", "value", "klass"),
    [
        ("fluoride", 1.0e-3, Class.I),  # I, II and III share 1.0 mg/L: the better counts
        ("fluoride", 1.5e-3, Class.IV),
        ("fluoride", 2.0e-3, Class.IV),
        ("fluoride", 2.1e-3, Class.V),
        ("ammonia_nitrogen", 0.5e-3, Class.III),
        ("benzene", 0.5e-6, Class.I),
        ("benzene", 5e-6, Class.III),
        ("arsenic", 0.05e-3, Class.IV),
        ("ph", 6.5, Class.I),
        ("ph", 6.49, Class.IV),
        ("ph", 5.5, Class.IV),
        ("ph", 5.49, Class.V),
        ("ph", 8.5, Class.I),
        ("ph", 9.0, Class.IV),
        ("ph", 9.01, Class.V),
        ("odour", 0.0, Class.I),
        ("odour", 1.0, Class.V),
        ("gross_alpha", 0.5, Class.III),
        ("gross_alpha", 7.0, Class.IV),  # the standard gives class V the same bound: the better counts
        ("turbidity", 3.0, Class.I),
        ("turbidity", 10.5, Class.V),
        ("anionic_surfactants", 1e-5, Class.II),  # class I asks for no detection
        ("anionic_surfactants", 0.3e-3, Class.III),
    ],
)
def test_single_indicators(name: str, value: float, klass: Class) -> None:
    assert class_of(indicator(name), value) is klass


def test_the_worst_indicator_decides() -> None:
    found = classify({"fluoride": 1.5e-3, "chloride": 0.04, "benzene": 0.2e-6, "ph": 7.4})
    assert found.klass is Class.IV
    assert found.decided_by == ("fluoride",)
    assert {row.indicator.id: row.klass for row in found.rows}["chloride"] is Class.I


def test_isomers_and_ions_count_towards_their_totals() -> None:
    found = classify({"o_xylene": 2e-4, "m_xylene": 2e-4, "p_xylene": 2e-4, "nitrate": 88.6e-3})
    rows = {row.indicator.id: row for row in found.rows}
    assert rows["xylenes"].reading.value == pytest.approx(6e-4)
    assert rows["xylenes"].klass is Class.IV
    assert rows["nitrate_nitrogen"].reading.value == pytest.approx(20.015e-3, rel=1e-3)
    assert found.not_judged == ()
    both = classify({"lindane": 1e-6, "alpha_hch": 4e-6, "xylenes": 1e-6, "o_xylene": 1.0})
    rows = {row.indicator.id: row for row in both.rows}
    assert rows["hch"].reading.value == pytest.approx(5e-6)
    assert rows["lindane"].reading.value == pytest.approx(1e-6)
    assert rows["xylenes"].reading.value == pytest.approx(1e-6)  # what was given itself stands


def test_what_was_not_detected_counts_half_and_says_when_that_cannot_tell() -> None:
    clear = classify({"fluoride": Reading(value=0.1e-3, detected=False)})
    assert (clear.klass, clear.worst, clear.notes) == (Class.I, Class.I, ())
    dim = classify({"benzo_a_pyrene": Reading(value=0.02e-6, detected=False)})
    assert (dim.klass, dim.worst) == (Class.III, Class.IV)
    assert "uncertain" in dim.notes[0].en
    surfactants = classify({"anionic_surfactants": Reading(value=0.05e-3, detected=False)})
    assert surfactants.klass is Class.I


def test_what_the_standard_does_not_have_is_left_out_and_named() -> None:
    found = classify({"pfoa": 1e-7, "made up": 1.0, "fluoride": 0.5e-3})
    assert found.not_judged == ("made up", "pfoa")
    assert found.klass is Class.I
    empty = classify({"pfoa": 1e-7})
    assert empty.klass is None
    assert empty.decided_by == ()


@pytest.mark.parametrize("value", [-1.0, math.nan, math.inf])
def test_values_that_cannot_be_are_refused(value: float) -> None:
    with pytest.raises(BadRequestError, match="fluoride"):
        classify({"fluoride": value})


def test_unknown_indicators_are_not_found() -> None:
    for name in ("0", "94", "smell of roses"):
        with pytest.raises(NotFoundError):
            indicator(name)


@given(
    name=st.sampled_from([row.id for row in indicators() if row.is_mass]),
    value=st.floats(0.0, 10.0),
    more=st.floats(1.0, 100.0),
)
@settings(max_examples=40, deadline=None)
def test_more_is_never_better(name: str, value: float, more: float) -> None:
    found = indicator(name)
    assert class_of(found, value * more) >= class_of(found, value)


@given(values=st.dictionaries(st.sampled_from(["fluoride", "benzene", "lead"]), st.floats(0.0, 0.1)))
@settings(max_examples=40, deadline=None)
def test_the_class_of_a_sample_is_the_largest_of_its_indicators(values: dict[str, float]) -> None:
    found = classify(values)
    classes = [class_of(indicator(name), value) for name, value in values.items()]
    assert found.klass == (max(classes) if classes else None)


def test_limits_of_a_contaminant() -> None:
    assert limits_kg_m3(contaminant("fluoride")) == {"I": 1e-3, "II": 1e-3, "III": 1e-3, "IV": 2e-3}
    assert limits_kg_m3(contaminant("pfoa")) == {}
    assert len([row for row in indicators() if row.cas and limits_kg_m3(contaminant(row.cas))]) == 69
