"""``park-twin air``: run, check, score, substances, export, as people type them."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from flask.testing import FlaskClient
from typer.testing import CliRunner

from tests.support.synthetic import T0_MS, Writer
from twin.core.clock import to_datetime
from twin.core.errors import NotFoundError
from twin.core.origin import Origin
from twin.core.plume import Plume, PlumeGrid
from twin.stage.encode import encode_grid, encode_plume
from web.cli import app as command_line

CASE = """
kind = "plume"
title = "a pipe"
[site]
longitude_deg = 117
latitude_deg = 26.2
[air]
wind_speed_m_s = 3
inverse_obukhov_1_m = 0
[[release]]
substance = "hf"
rate_kg_s = 0.01
[[arc]]
radii_m = [100]
[grid]
x_min_m = 0
y_min_m = -100
dx_m = 10
dy_m = 10
nx = 30
ny = 20
[output]
files = ["netcdf", "geojson"]
[[observed]]
receptor = "arc@100"
quantity = "arc_max"
value = 10
units = "mg/m3"
"""


def said(arguments: list[str], *, code: int = 0) -> str:
    done = CliRunner().invoke(
        command_line, ["air", *arguments], catch_exceptions=False, env={"PARK_TWIN_LANGUAGE": "en"}
    )
    assert done.exit_code == code, done.output
    return done.output


@pytest.fixture
def case(tmp_path: Path) -> Path:
    path = tmp_path / "cases" / "pipe.toml"
    path.parent.mkdir()
    path.write_text(CASE, encoding="utf-8")
    return path


def test_run_prints_and_writes_everything(case: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    text = said(["run", str(case), "--out", str(out)])
    assert "arc@100" in text
    assert "FAC2" in text
    assert {"result.json", "arcs.csv", "observed.csv", "pipe.hf.nc", "pipe.hf.geojson"} <= {
        path.name for path in out.iterdir()
    }
    levels = {
        row["properties"]["level"] for row in json.loads((out / "pipe.hf.geojson").read_text())["features"]
    }
    assert levels <= {"AEGL-1 60 min", "AEGL-2 60 min", "AEGL-3 60 min"}
    assert "AEGL-1 60 min" in levels
    assert "arc_max" in said(["score", str(out)])


def test_json_is_one_object_for_one_case(case: Path) -> None:
    body = json.loads(said(["run", str(case), "--json"]))
    assert body["id"] == "pipe"
    assert body["kind"] == "plume"


def test_a_folder_goes_on_after_a_bad_case_and_says_so(case: Path, tmp_path: Path) -> None:
    (case.parent / "bad.toml").write_text('kind = "plume"\n', encoding="utf-8")
    (case.parent / "second.toml").write_text(CASE.replace("value = 10", "value = 20"), encoding="utf-8")
    out = tmp_path / "out"
    text = said(["run", str(case.parent), "--out", str(out)], code=1)
    assert "bad.toml" in text
    assert "2 cases together" in text
    assert "  2  " in said(["score", str(out)])  # two pairs
    assert "can be run" in said(["check", str(case)])
    assert "bad.toml" in said(["check", str(case.parent)], code=1)


def test_score_reads_plain_csv(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text("observed,modelled\n1,2\n4,2\n", encoding="utf-8")
    (row,) = json.loads(said(["score", str(path), "--json"]))
    assert row["fac2_fraction"] == 1.0
    assert row["mg_value"] == pytest.approx(1.0)


def test_substances_are_listed_and_told() -> None:
    assert "7664-39-3" in said(["substances"])
    assert "AEGL-2" in said(["substances", "hydrogen fluoride"])


def a_plume() -> Plume:
    conc = np.zeros((2, 20, 30))
    conc[0, 10, 5:25] = 3e-6
    return Plume(
        substance_id="hf",
        time_ms=T0_MS + 3_600_000,
        grid=PlumeGrid(x_min_m=0.0, y_min_m=-50.0, dx_m=5.0, dy_m=5.0, dz_m=4.0, nx=30, ny=20, nz=2),
        conc_kg_m3=conc,
        beam_conc_kg_m3={},
        solver="gaussian_puff",
        origin=Origin.SIMULATED,
        inputs=(),
    )


def test_stored_frames_leave_as_files(
    filled: Writer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARK_TWIN_DATA_DIR", str(tmp_path / "data"))
    plume = a_plume()
    filled.plume(40, plume.time_ms, body=encode_plume(plume))
    hour = to_datetime(plume.time_ms)
    out = tmp_path / "plumes"
    span = ["--from", f"{hour:%Y-%m-%dT%H:%MZ}", "--to", f"{hour + timedelta(minutes=1):%Y-%m-%dT%H:%MZ}"]
    text = said(["export", *span, "--format", "netcdf", "--format", "cog", "--out", str(out)])
    assert "Wrote 2 files" in text
    with xr.open_dataset(next(path for path in out.iterdir() if path.suffix == ".nc")) as data:
        assert data.attrs["origin"] == "simulated"
        assert "logarithmic steps" in data.attrs["notes"]
        np.testing.assert_allclose(data["hf_conc"][0], plume.conc_kg_m3, rtol=0.03)
        assert float(data["surface_altitude"].mean()) > 0.0
        assert 110.0 < float(data["longitude"].mean()) < 125.0
    with pytest.raises(NotFoundError, match="no plume frame"):
        said(["export", "--from", "1990-01-01", "--to", "1990-01-02"])


def test_a_stored_frame_is_downloaded_in_other_formats(
    client: FlaskClient, filled: Writer, tmp_path: Path
) -> None:
    plume = a_plume()
    filled.plume(41, plume.time_ms, body=encode_plume(plume))
    heights = encode_grid(np.full((1, 3, 3), 12.0), x0_m=-500.0, y0_m=-500.0, dx_m=500.0, dy_m=500.0)
    next((tmp_path / "data" / "bundles").glob("*/heights.twg")).write_bytes(heights)
    url = "/api/v1/plumes/run-1/41"
    answer = client.get(f"{url}.nc")
    assert answer.status_code == 200
    (tmp_path / "a.nc").write_bytes(answer.data)
    with xr.open_dataset(tmp_path / "a.nc") as data:
        assert data.attrs["origin"] == "simulated"
        assert float(data["hf_conc"].max()) == pytest.approx(3e-6, rel=0.03)
    body = json.loads(client.get(f"{url}.geojson").data)
    assert [row["properties"]["level"] for row in body["features"]] == ["AEGL-1 60 min"]
    assert client.get(f"{url}.tif").data[:2] == b"II"
    assert client.get("/api/v1/plumes/run-1/99.nc").status_code == 404
    broken = client.get("/api/v1/plumes/run-1/0.nc")  # a frame of 64 zeros
    assert broken.status_code == 503
    assert "cannot be read" in broken.text
