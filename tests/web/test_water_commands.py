"""``park-twin water``: run, check, score, export, modflow, as people type them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import xarray as xr
from typer.testing import CliRunner

from twin.core.errors import BadRequestError
from web.cli import app as command_line

CASE = """
kind = "flow"
title = "a strip"
units = { length = "m", time = "d", mass = "g" }
[grid]
ncol = 11
nrow = 1
dx = 10.0
dy = 1.0
thickness = 1.0
crs = "EPSG:32650"
[medium]
k = 1.0
[[period]]
length = 1.0
steady = true
[[chd]]
column = 1
head = 2.0
[[chd]]
column = 11
head = 1.0
[[point]]
id = "mid"
layer = 1
row = 1
column = 6
[output]
files = ["netcdf", "vtk", "hds"]
[[observed]]
receptor = "mid"
value = 1.4
tolerance = 0.01
"""


def said(arguments: list[str], *, code: int = 0, language: str = "en") -> str:
    done = CliRunner().invoke(
        command_line, ["water", *arguments], catch_exceptions=False, env={"PARK_TWIN_LANGUAGE": language}
    )
    assert done.exit_code == code, done.output
    return done.output


@pytest.fixture
def case(tmp_path: Path) -> Path:
    path = tmp_path / "cases" / "strip.toml"
    path.parent.mkdir()
    path.write_text(CASE, encoding="utf-8")
    return path


def test_run_prints_in_the_units_of_the_case_and_writes_everything(case: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    text = said(["run", str(case), "--out", str(out)])
    assert "head [m]" in text
    assert "in [m3/d]" in text
    assert "0/1" in text  # one judged, none kept
    names = {path.name for path in out.iterdir()}
    assert {"result.json", "points.csv", "strip.nc", "strip.0.vti", "head.hds"} <= names
    body = json.loads(said(["run", str(case), "--json"]))
    assert body["pairs"][0]["modelled_value"] == pytest.approx(1.5)
    assert "RMSE" in said(["score", str(out)])
    assert json.loads(said(["score", str(out), "--json"]))[0]["rmse_value"] == pytest.approx(0.1)


def test_check_tells_what_is_wrong_in_both_languages(case: Path) -> None:
    assert "can be run" in said(["check", str(case)])
    case.write_text(CASE.replace("k = 1.0", "k = -1.0"), encoding="utf-8")
    assert "medium.k of cell" in said(["check", str(case)], code=1)
    assert "应为大于 0" in said(["check", str(case)], code=1, language="zh")


def test_a_folder_runs_all_that_can_and_says_what_cannot(case: Path, tmp_path: Path) -> None:
    (case.parent / "bad.toml").write_text(CASE.replace("column = 6", "column = 60"), encoding="utf-8")
    text = said(["run", str(case.parent), "--out", str(tmp_path / "all")], code=1)
    assert "point.mid.column" in text
    assert (tmp_path / "all" / "strip" / "result.json").exists()
    with pytest.raises(BadRequestError, match="holds no case"):
        said(["run", str(tmp_path / "all")])


def test_export_writes_the_formats_asked_for(case: Path, tmp_path: Path) -> None:
    out = tmp_path / "files"
    said(["export", str(case), "--format", "netcdf", "--format", "cog", "--format", "npz", "--out", str(out)])
    assert {path.name for path in out.iterdir()} == {"strip.nc", "strip.head.layer1.tif", "strip.npz"}


def test_a_case_becomes_a_modflow_model_and_a_model_runs_here(case: Path, tmp_path: Path) -> None:
    pytest.importorskip("flopy")
    model, out = tmp_path / "model", tmp_path / "out"
    said(["modflow", str(case), "--out", str(model), "--time-unit", "days"])
    assert (model / "mfsim.nam").exists()
    said(["modflow", str(model), "--out", str(out)])
    with xr.open_dataset(out / "flow.nc") as found:
        assert float(found["head"][0, 0, 0, 5]) == pytest.approx(1.5)
    assert (out / "head.hds").exists()
