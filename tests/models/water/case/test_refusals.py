"""Bad input: the error names file, field, cell and value, in both languages, all findings at once."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.water.case import CaseError, build_case, check_case, load_case, run_case
from twin.core.errors import BadRequestError

GOOD: dict[str, Any] = {
    "kind": "transport",
    "units": {"length": "m", "time": "d", "mass": "g"},
    "grid": {"nlay": 2, "nrow": 3, "ncol": 4, "dx": 10.0, "dy": 10.0, "top": 0.0, "bottom": [-5.0, -9.0]},
    "medium": {"k": [5.0, 1.0], "specific_storage": 1e-5},
    "period": [{"length": 10.0}, {"length": 20.0, "steps": 2}],
    "chd": [{"side": "west", "head": 1.0}, {"side": "east", "head": 0.5}],
    "wel": [{"layer": 1, "row": 2, "column": 2, "rate": -5.0}],
    "species": [{"id": "tce"}],
}


def bad(*changes: tuple[str, Any]) -> dict[str, Any]:
    """The good case with values put in by their path, as ``grid.dx`` or ``wel.0.rate``."""
    made = copy.deepcopy(GOOD)
    for path, value in changes:
        at: Any = made
        *parents, last = path.split(".")
        for part in parents:
            at = at[int(part)] if isinstance(at, list) else at.setdefault(part, {})
        if isinstance(at, list):
            at[int(last)] = value
        elif value is ...:
            del at[last]
        else:
            at[last] = value
    return made


def refused(case: dict[str, Any], folder: Path | None = None) -> CaseError:
    with pytest.raises(CaseError) as caught:
        build_case(load_case(case, folder=folder))
    for english, chinese in caught.value.problems:
        assert english
        assert chinese
        assert chinese != english
    return caught.value


def test_the_case_that_is_spoilt_below_is_good() -> None:
    assert build_case(load_case(GOOD)).problem.flow.grid.shape == (2, 3, 4)


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("medium.k", [5.0, -1.0], r"medium\.k of cell \(layer, row, column\) \(2, 3, 1\) is -1\.0"),
        ("medium.k", {"value": 5.0, "patch": [{"layer": 2, "row": 1, "value": 0.0}]}, r"\(2, 1, 1\) is 0"),
        ("medium.k", [5.0], "1 entries.*one entry per layer, 2"),
        ("medium.porosity", 1.5, r"medium\.porosity.*1\.5.*at most 1"),
        ("medium.specific_storage", -1e-5, "specific_storage.*-1e-05.*at least 0"),
        ("medium.convertible", [True], "one entry per layer, 2"),
        ("grid.bottom", [-5.0, -4.0], r"thickness of cell \(layer, row, column\) \(2, 3, 1\) is '-1 m'"),
        ("grid.dx", [10.0, 10.0, 0.0, 10.0], r"grid\.dx is 0\.0"),
        ("grid.dx", [10.0, 10.0], "2 widths.*4"),
        ("grid.ncol", ..., "dx, ncol"),
        ("grid.bottom", ..., "bottom or thickness"),
        ("grid.domain", 0.5, "0.5.*whole number"),
        ("grid.domain", 0, "no active cell"),
        ("wel.0.column", 5, r"wel\.1\.column is 5; expected columns from 1 to 4"),
        ("wel.0.layer", 0, r"wel\.1\.layer is 0"),
        ("wel.0.rate", ..., r"wel\.1\.rate is 'missing'"),
        ("wel.0.rate", [1.0, 2.0, 3.0], "3 values.*one per period.*2"),
        ("wel.0.periods", [3], r"periods is 3; expected periods from 1 to 2"),
        ("wel.0", {"x": 500.0, "y": 5.0, "rate": 1.0}, r"wel\.1 is \(500\.0, 5\.0\)"),
        ("wel.0", {"x": 5.0, "y": 5.0, "z": -20.0, "rate": 1.0}, r"wel\.1 is \(5\.0, 5\.0, -20\.0\)"),
        ("wel.0", {"row": 1, "column": 1, "rate": 1.0}, r"wel\.1\.layer is 'missing'"),
        ("wel.0", {"rate": 1.0}, "say where in one way"),
        ("wel.0", {"table": [[1, 1], [1, 2]]}, "rows of one length: layer, row, column, rate"),
        ("wel.0", {"table": [[1, 1.5, 2, 3.0]]}, "1.5.*whole numbers"),
        ("wel.0.conc", {"benzene": 1.0}, "benzene.*one of tce"),
        ("wel.0.screen_top", -1.0, "belong together"),
        ("period.1.length", 0.0, r"period\.2\.length is 0\.0; .*greater than 0"),
        ("period", [], "at least 1 item"),
        ("units", ..., "units is missing"),
        ("units.length", "yard", r"units\.length is 'yard'"),
        ("units.time", "week", r"units\.time is 'week'"),
        ("species.0.parent", "benzene", "parent benzene"),
        ("species.0.sorption", {"bulk_density": 1.6e6}, "linear needs kd"),
        ("species.0.decay", -1.0, r"species\.tce\.decay is -1\.0"),
        ("fixed_conc", [{"side": "west", "conc": 1.0, "start": 5.0, "end": 3.0}], "end must be after start"),
        ("mass_source", [{"layer": 1, "row": 1, "column": 1, "species": "x", "rate": 1.0}], "x.*one of tce"),
        ("point", [{"id": "a", "row": 1, "column": 1}, {"id": "a", "row": 1, "column": 2}], "a stands twice"),
        ("output", {"times": [5.0, 3.0]}, "times must rise"),
        ("transport", {"scheme": "central"}, "scheme is 'central'"),
        ("hfb", [{"columns": [1, 3], "hydraulic": 0.0}], "two neighbours"),
        ("start_head", "heads.npy", "heads.npy.*readable"),
        ("start_head", float("nan"), "finite"),
        ("uniform_flow", {"velocity": [1.0, 0.0, 0.0]}, "uniform_flow takes no packages"),
        ("medium.k", [5.0, float("nan")], r"^case: medium\.k\.2 is nan; input should be a finite number$"),
        ("grid.top", [[0.0, float("inf")] * 2] * 3, r"^case: grid\.top\.1\.2 is inf; [^\n]*\n"),
        ("medium.k", {"value": 5.0, "patsch": []}, r"^case: medium\.k\.patsch is \[\]; no such key[^\n]*$"),
        ("wel.0.x", 5.0, "say where in one way"),
        ("wel.0.z", -1.0, "z needs x and y"),
        ("grid.thickness", 1.0, r"^case: grid: give bottom or thickness"),
        ("species.0.parent", "tce", r"^case: species tce is its own parent$"),
        ("species.0.start", [0.0, -2.0], r"species\.tce\.start of cell .* \(2, 3, 1\) is -2\.0"),
        ("species.0.dual", {"porosity": 0.9, "exchange": 0.1}, r"dual\.porosity of cell .* is 0\.9; .*0\.25"),
        ("wel.0.conc", [1.0, 2.0, 3.0], r"3 values.*of several species \{tce = 1\.0\}"),
        ("wel.0.conc", -1.5, r"wel\.1\.conc of cell \(layer, row, column\) \(1, 2, 2\) is -1\.5"),
        ("mass_source", [{"layer": 1, "row": 3, "column": 2, "rate": -7.0}],
         r"mass_source\.1\.rate of cell .* \(1, 3, 2\) is -7\.0"),
        ("riv", [{"layer": 1, "row": 3, "column": 2, "stage": 1.0, "bottom": 0.5, "conductance": -3.0}],
         r"riv\.1\.conductance of cell .* \(1, 3, 2\) is -3\.0; expected zero or more"),
        ("riv", [{"layer": 1, "row": 3, "column": 2, "stage": [1.0, 0.2], "bottom": 0.5, "conductance": 3.0}],
         r"riv\.1\.stage of cell .* \(1, 3, 2\) is 0\.2; expected not below the river's bottom, 0\.5 m"),
        ("ghb", [{"table": [[1, 3, 2, 1.0, 2.0], [1, 1, 2, 1.0, -2.0]]}],
         r"ghb\.1\.conductance of cell .* \(1, 1, 2\) is -2\.0"),
        ("evt", [{"rate": 1e-3, "surface": 1.0, "depth": 0.0}], r"evt\.1\.depth of cell .* is 0\.0; .*more"),
        ("evt", [{"rate": -1e-3, "surface": 1.0, "depth": 1.0}], r"evt\.1\.rate of cell .* is -0\.001"),
        ("rch", [{"rate": 1e-3, "conc": -4.0}], r"rch\.1\.conc of cell .* is -4\.0"),
        ("chd", [{"side": "west", "head": 1.0}, {"table": [[2, 3, 1, 2.0]], "periods": [2]}],
         r"chd\.2, cell .* \(2, 3, 1\) is 'also in chd\.1'; .*here period 2"),
        ("fixed_conc", [{"side": "west", "conc": 1.0}, {"layer": 1, "row": 3, "column": 1, "conc": 2.0}],
         r"fixed_conc\.2, cell .* \(1, 3, 1\) is 'also in fixed_conc\.1'"),
        ("wel.0", {"x": 5.0, "y": 5.0, "screen_top": 9.0, "screen_bottom": 5.0, "rate": 1.0},
         r"wel\.1\.screen_top, screen_bottom is \(9\.0, 5\.0\); .*between -9\.0 and 0\.0 m"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_value(path: str, value: Any, said: str) -> None:
    with pytest.raises(CaseError, match=said):
        build_case(load_case(bad((path, value))))
    refused(bad((path, value)))


def test_a_stress_in_an_inactive_cell_is_named() -> None:
    case = bad(("grid.domain", {"value": 1, "patch": [{"layer": 1, "row": 2, "column": 2, "value": 0}]}))
    error = refused(case)
    assert "cell (layer, row, column) (1, 2, 2)" in error.message
    assert "domain 0" in error.message


def test_mixed_units_are_told_with_the_field() -> None:
    error = refused(bad(("medium.k_m_s", 1e-5)))
    assert any("medium.k_m_s" in english and "units are mixed" in english for english, _ in error.problems)
    assert any("单位混用" in chinese for _, chinese in error.problems)
    error = refused(bad(("medium.k", "5 m/d")))
    assert "units are not mixed" in error.message


def test_everything_wrong_is_said_at_once() -> None:
    wrong = [
        ("medium.k", [-1.0, 1.0]),
        ("medium.porosity", 0.0),
        ("wel.0.column", 9),
        ("start_head", "x.csv"),
    ]
    error = refused(bad(*wrong))
    for name in ("medium.k", "medium.porosity", "wel.1.column", "start_head"):
        assert name in error.message
    assert len(error.problems) == 4
    error = refused(bad(("grid.nlay", 0), ("medium.k", "a"), ("period.0.length", -1.0)))
    assert len(error.problems) >= 2


def test_arrays_that_do_not_fit_or_hold_no_numbers_are_told(tmp_path: Path) -> None:
    np.save(tmp_path / "wrong.npy", np.ones((2, 4, 3)))
    assert "shape (2, 4, 3)" in refused(bad(("medium.k", "wrong.npy")), tmp_path).message
    holes = np.ones((2, 3, 4))
    holes[1, 0, 3] = np.nan
    np.save(tmp_path / "holes.npy", holes)
    # Row 1 of a file counted from the north.
    assert "(2, 1, 4)" in refused(bad(("medium.k", "holes.npy")), tmp_path).message
    (tmp_path / "words.csv").write_text("1,2,x,4\n", encoding="utf-8")
    assert "words.csv" in refused(bad(("medium.k", "words.csv")), tmp_path).message
    (tmp_path / "wells.csv").write_text("layer,row,column,rate\n1,1,1,nan\n", encoding="utf-8")
    assert "row 2, rate" in refused(bad(("wel.0", {"csv": "wells.csv"})), tmp_path).message
    (tmp_path / "heads.csv").write_text("layer,row,col,rate\n1,1,1,1\n", encoding="utf-8")
    assert "columns layer, row, column" in refused(bad(("wel.0", {"csv": "heads.csv"})), tmp_path).message
    np.save(tmp_path / "zones.npy", np.array([[1, 2, 2, 3]] * 3))
    zones = {"zones": "zones.npy", "zone_values": {"1": 1.0, "2": 2.0}}
    assert "zone 3" in refused(bad(("medium.k", zones)), tmp_path).message


def test_nothing_that_lies_about_is_harmed(tmp_path: Path) -> None:
    stored = tmp_path / "result.json"
    stored.write_text("{}", encoding="utf-8")
    with pytest.raises(CaseError):
        run_case(bad(("medium.k", -1.0)), folder=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["result.json"]
    assert stored.read_text(encoding="utf-8") == "{}"


def test_observations_that_nobody_computed_are_told() -> None:
    case = bad(("observed", [{"receptor": "w9", "quantity": "head", "value": 1.0}]))
    with pytest.raises(CaseError, match="w9@30, head"):
        run_case(case)
    case = bad(("output", {"times": [31.0]}))
    with pytest.raises(CaseError, match="times from 0 to 30"):
        run_case(case)


def test_a_dry_model_is_said_not_hidden() -> None:
    """Fixed heads below the bottom of a convertible cell: the file's row, cell and unit, north row first."""
    case = bad(("medium.convertible", True), ("chd.0.head", -20.0), ("units.length", "ft"))
    said = refused(case)
    where = "chd.1.head of cell (layer, row, column) (1, 3, 1) is -20.0"
    assert f"{where}; expected not below the bottom of the cell" in said.message
    assert said.message.endswith("-5 ft")
    assert "chd.1.head，单元（层、行、列）(1, 3, 1) 为 -20.0" in said.message_zh


def test_what_only_the_solver_sees_is_told_in_the_cells_of_the_file() -> None:
    case = bad(("chd", []), ("wel", []), ("period", [{"length": 1.0, "steady": True}]))
    with pytest.raises(CaseError, match=r"nothing fixes the level .* \(1, 3, 1\)") as caught:
        run_case(case)
    assert "（层、行、列）(1, 3, 1)" in caught.value.message_zh


def test_what_can_hardly_be_meant_is_noted() -> None:
    wet = ("start_head", 1.0)
    notes = run_case(bad(("medium.convertible", True), ("medium.specific_yield", 0.4), wet)).notes
    assert any("specific_yield 0.4 is more than porosity 0.25 in 24 cells" in note for note in notes)
    assert "(1, 3, 1)" in notes[0]
    assert not run_case(bad(("medium.convertible", True), ("medium.specific_yield", 0.2), wet)).notes


def test_no_chinese_sentence_is_left_in_english() -> None:
    for path, value in (("medium.k", [5.0]), ("grid.top", [[1.0]]), ("wel.0", {"table": [[1, 1], [1, 2]]})):
        said = refused(bad((path, value))).message_zh
        for word in ("expected", "entries", "entry", "rows of", "shape", " or "):
            assert word not in said, said


def test_points_and_profiles_are_checked_before_anything_is_computed() -> None:
    for rows in ({"point": [{"id": "p", "layer": 3, "row": 1, "column": 1}]},
                 {"profile": [{"id": "p", "layer": 3, "row": 1}]}):  # fmt: skip
        with pytest.raises(CaseError, match=r"p\.layer is 3; expected layers from 1 to 2"):
            check_case(load_case({**GOOD, **rows}))


def test_a_receptor_without_a_moment_means_the_last() -> None:
    result = run_case(bad(("point", [{"id": "p", "layer": 1, "row": 2, "column": 3}])))
    assert result.value("p", "head") == result.value("p@30", "head") != result.value("p@10", "head")
    with pytest.raises(BadRequestError, match="no 'head' at 'q'"):
        result.value("q", "head")


def test_text_of_one_line_is_a_case_and_other_things_are_none() -> None:
    with pytest.raises(CaseError, match="one of flow, transport") as caught:
        load_case('kind="heat"')
    assert "readable" not in caught.value.message
    with pytest.raises(CaseError, match="file is 5; expected a path, TOML text or a mapping"):
        load_case(5)  # type: ignore[arg-type]


def test_a_file_that_is_no_toml_and_a_kind_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text("kind = ", encoding="utf-8")
    with pytest.raises(CaseError, match="TOML"):
        load_case(tmp_path / "x.toml")
    with pytest.raises(CaseError, match="one of flow, transport, tracks, column"):
        load_case({"kind": "plume"})
    with pytest.raises(CaseError, match="readable"):
        load_case(tmp_path / "missing.toml")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"depth_total": 300.0}, "at least depth_m"),
        ({"start_head": [1.0, 2.0]}, "one per cell, 10"),
        ({"start_head": -2e7}, r"start_head is -2\d+\.0; expected at least -1e\+07, .*oven-dry"),
        ({"start_content": 0.45}, r"start_content of cell 1 is 0\.45; .*at most saturated 0\.4"),
        ({"start_content": 0.0}, "more than residual 0,"),
        ({"top": [{"end": 1.0, "flux": 1.0, "pond": 1.0}]}, "flux or pond"),
        ({"top": [{"end": 2.0}, {"end": 1.0}]}, "rising"),
        ({"top": [{"end": 1.0, "conc": 5.0}]}, "solute"),
        ({"soil": [{"bottom": 100.0, "saturated": 0.4, "k": 1.0}]}, "needs alpha, n"),
        ({"soil": [{"bottom": 100.0, "saturated": 0.4, "residual": 0.5, "k": 1.0}]}, "residual|needs"),
    ],
)
def test_a_column_is_checked_without_running_it(change: dict[str, Any], said: str) -> None:
    case = {
        "kind": "column",
        "units": {"length": "cm", "time": "h", "mass": "g"},
        "depth_total": 100.0,
        "cells": 10,
        "soil": [{"bottom": 100.0, "saturated": 0.4, "k": 1.0, "alpha": 0.03, "n": 2.0}],
        "top": [{"end": 1.0, "flux": 0.1}],
    }
    check_case(load_case(case))
    with pytest.raises(CaseError, match=said):
        check_case(load_case({**case, **change}))
