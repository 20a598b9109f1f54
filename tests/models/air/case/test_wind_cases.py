"""Wind cases: stable air, references, levels, places beyond the ground, and elevation files with gaps."""

from __future__ import annotations

import copy
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine

from models.air.case import CaseError, run_case
from models.air.case import wind_case as module
from models.air.case.dem_rim import whole
from models.air.case.ground import ground_of
from models.air.case.load import load_case
from models.air.case.schema_air import SiteTable
from models.air.case.wind_inflow import levels_of

X = np.arange(-1200.0, 1201.0, 60.0)
HILL = 80.0 * np.exp(-((X[None, :] / 250.0) ** 2) - ((X[:, None] - 100.0) / 500.0) ** 2)


def case(**changes: Any) -> dict[str, Any]:
    site = {"roughness_m": 0.03, "heights_m": HILL.tolist(), "step_m": 60.0, "x0_m": -1200.0, "y0_m": -1200.0}
    points = (("up", -600.0), ("top", 0.0), ("lee", 600.0))
    return {
        "kind": "wind",
        "site": site,
        "air": {"wind_speed_m_s": 8.0, "wind_from_deg": 270.0, "inverse_obukhov_1_m": 0.0},
        "point": [{"id": name, "x_m": x, "y_m": 0.0, "height_m": 10.0} for name, x in points],
    } | copy.deepcopy(changes)


@pytest.mark.parametrize("inverse", [0.0, 0.01, 0.02, 0.05])
def test_stable_air_over_a_hill_blows_on_from_where_it_came(inverse: float) -> None:
    air = {"wind_speed_m_s": 8.0, "wind_from_deg": 270.0, "inverse_obukhov_1_m": inverse}
    found = run_case(case(air=air))
    for name in ("up", "top", "lee"):
        assert found.value(name, "u") > 2.0
        assert abs(found.value(name, "v")) < 0.4 * found.value(name, "u")
    assert 10.0 < found.value("top", "speed") < 19.0
    assert found.value("lee", "speed") < 9.0
    assert any("inverse_obukhov_1_m" in note for note in found.notes) == (inverse > 0.01)


def test_the_reference_reads_speed_and_direction(tmp_path: Path) -> None:
    place = {"x_m": -200.0, "y_m": 500.0, "height_m": 10.0}  # on the flank, where the hill turns the wind
    data = case(reference=place, point=[{"id": "r", **place}])
    data["air"]["wind_from_deg"] = 240.0
    found = run_case(data)
    assert found.value("r", "speed") == pytest.approx(8.0)
    assert found.value("r", "from") == pytest.approx(240.0, abs=0.5)
    without = run_case({key: value for key, value in data.items() if key != "reference"})
    assert abs(without.value("r", "from") - 240.0) > 1.0
    assert any("at the reference" in note for note in found.notes)


def test_places_beyond_the_ground_have_no_wind_and_are_named() -> None:
    point = [{"id": "in", "x_m": 1200.0, "y_m": 0.0}, {"id": "away", "x_m": 5000.0, "y_m": 0.0}]
    found = run_case(case(point=point))
    assert math.isfinite(found.value("in", "speed"))
    assert math.isnan(found.value("away", "speed"))
    (note,) = (row for row in found.notes if row.startswith("outside the ground"))
    assert "away (5000, 0)" in note
    assert "in (" not in note


def test_a_plume_over_a_hill_names_the_points_beyond_it() -> None:
    data = case(kind="plume", run={"duration_s": 600.0, "terrain_wind": False})
    data["air"]["wind_speed_m_s"] = 5.0
    data["release"] = [{"substance": "so2", "rate_kg_s": 0.1, "x_m": -900.0, "y_m": 0.0, "height_m": 2.0}]
    data["point"] = [{"id": "far", "x_m": 3000.0, "y_m": 0.0, "height_m": 1.5}]
    found = run_case(data)
    assert any("far (3000, 0)" in note for note in found.notes)


def test_levels_follow_the_receptors_the_hill_and_the_case() -> None:
    ground = ground_of(SiteTable.model_validate(case()["site"]), Path(), "case")
    loaded = load_case(case()).case
    assert levels_of(loaded, ground, (10.0,)) == (2.5, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0)
    low = levels_of(loaded, ground, (1.0, 900.0))
    assert low[0] == 1.0
    assert low[-1] >= 900.0
    high = ground_of(
        SiteTable.model_validate(case()["site"] | {"heights_m": (10.0 * HILL).tolist()}), Path(), "case"
    )
    assert levels_of(loaded, high, (10.0,))[-1] >= 700.0
    own = load_case(case(heights_m=[3.0, 10.0, 30.0, 90.0])).case
    assert levels_of(own, ground, (1.0, 900.0)) == (3.0, 10.0, 30.0, 90.0)
    with pytest.raises(CaseError, match="rising"):
        load_case(case(heights_m=[10.0, 3.0, 30.0]))
    assert run_case(case(heights_m=[3.0, 10.0, 30.0, 90.0])).value("top", "speed") > 10.0


def write(path: Path, heights: np.ndarray, crs: str, transform: Affine) -> None:
    ny, nx = heights.shape
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=nx,
        height=ny,
        count=1,
        dtype="float32",
        crs=crs,
        transform=transform,
        nodata=-9999.0,
    ) as data:
        data.write(np.where(np.isfinite(heights), heights, -9999.0).astype(np.float32), 1)


PLANE = np.add.outer(np.linspace(100.0, 40.0, 40), np.linspace(0.0, 9.0, 50))
METRIC = ("EPSG:32650", Affine(10.0, 0.0, 500_000.0, 0.0, -10.0, 2_900_000.0))
DEGREES = ("EPSG:4326", Affine(0.0003, 0.0, 117.0, 0.0, -0.0003, 26.2))


@pytest.mark.parametrize("where", [METRIC, DEGREES])
def test_a_rim_without_heights_is_cut_off_and_said(tmp_path: Path, where: tuple[str, Affine]) -> None:
    heights = PLANE.copy()
    heights[0], heights[:, -1] = np.nan, np.nan
    write(tmp_path / "d.tif", heights, *where)
    ground = ground_of(SiteTable(dem="d.tif"), tmp_path, "case")
    assert np.isfinite(ground.site.ground_heights_m).all()
    assert any("rim without heights cut off" in note and "easting" in note for note in ground.notes)
    if where is METRIC:
        assert ground.site.ground_heights_m.shape == (39, 49)
        here = SiteTable(dem="d.tif", origin_easting_m=500_000.0, origin_northing_m=2_900_000.0)
        site = ground_of(here, tmp_path, "case").site
        assert site.y0_m + 38 * site.step_m == pytest.approx(-15.0)  # the second row of the file
        assert float(site.ground_m(5.0, -15.0)) == pytest.approx(PLANE[1, 0], abs=1e-4)


@pytest.mark.parametrize("where", [METRIC, DEGREES])
def test_small_holes_are_filled_and_large_ones_refused(tmp_path: Path, where: tuple[str, Affine]) -> None:
    heights = PLANE.copy()
    heights[20:22, 25] = np.nan
    write(tmp_path / "small.tif", heights, *where)
    ground = ground_of(SiteTable(dem="small.tif"), tmp_path, "case")
    assert any("filled" in note for note in ground.notes)
    assert np.isfinite(ground.site.ground_heights_m).all()
    if where is METRIC:
        np.testing.assert_allclose(ground.site.ground_heights_m[::-1], PLANE, atol=0.05)
    heights[12:28, 15:35] = np.nan
    write(tmp_path / "large.tif", heights, *where)
    with pytest.raises(CaseError, match=r"site\.dem"):
        ground_of(SiteTable(dem="large.tif"), tmp_path, "case")


def test_a_file_with_all_its_heights_is_left_alone_and_an_empty_one_refused() -> None:
    found = whole(PLANE)
    np.testing.assert_array_equal(found.heights_m, PLANE)
    assert (found.filled, found.why_not) == (0, None)
    assert whole(np.full((5, 5), np.nan)).why_not is not None


def test_stations_share_one_library(monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[str] = []
    original = module.entry

    def counted(where: str, name: str, what: str) -> Any:
        if name == "build_library":
            built.append(name)
        return original(where, name, what)

    monkeypatch.setattr(module, "entry", counted)
    row = {"time_s": [0.0, 600.0], "wind_speed_m_s": [3.0, 3.0], "wind_from_deg": [270.0, 270.0]}
    stations = [{"id": f"s{k}", "x_m": 400.0 * k - 400.0, "y_m": 300.0, **row} for k in range(3)]
    data = case(model="library", leave_one_out=True, station=stations, run={"duration_s": 600.0})
    found = run_case(data)
    assert built == ["build_library"]
    assert len(found.tables["left_out"].numbers("speed")) == 3
