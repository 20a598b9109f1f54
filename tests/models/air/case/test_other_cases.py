"""Dense, wind, backward and source cases: what they pass on to the models, and what they refuse."""

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
from models.air.case.dense_term import dense_terms, joined_steps
from models.air.case.ground import ground_of
from models.air.case.load import load_case
from models.air.case.met import air_of, ambient_of
from models.air.case.schema_air import AirTable, RunTable, SiteTable
from models.air.turbulence import wind_profile
from models.contract import flat_site
from models.term import Shape, SourceTerm
from twin.core.geometry import Extent, Place

SITE = flat_site(Extent(x_min_m=-1e4, y_min_m=-1e4, x_max_m=1e4, y_max_m=1e4), roughness_m=0.03)
DENSE: dict[str, Any] = {
    "kind": "dense",
    "distances_m": [200.0],
    "site": {"roughness_m": 0.03},
    "air": {"wind_speed_m_s": 5.0, "pasquill_class": "D", "temperature_k": 293.15},
    "release": {"substance": "cl2", "rate_kg_s": 5.0, "radius_m": 4.0, "duration_s": 300.0},
}


def dense_term(**changes: Any) -> SourceTerm:
    data = copy.deepcopy(DENSE)
    data["release"] = {key: value for key, value in (data["release"] | changes).items() if value is not None}
    loaded = load_case(data)
    ambient = ambient_of(air_of(loaded.case.air, loaded.case.run, SITE, ""), loaded.case.air, SITE)
    (term,) = dense_terms(loaded.case, ambient, SITE, loaded)  # type: ignore[arg-type]
    return term


def test_a_liquefied_gas_leaves_at_its_boiling_point_and_a_warm_one_as_the_air() -> None:
    assert dense_term().temperature_k[0] == pytest.approx(239.1, abs=0.3)
    assert dense_term(temperature_k=280.0).temperature_k[0] == 280.0
    assert dense_term().mass_kg == pytest.approx(1500.0)


def test_an_instant_cloud_fills_the_volume_of_its_mass() -> None:
    term = dense_term(shape="instant", rate_kg_s=None, duration_s=None, mass_kg=1000.0)
    assert term.shape is Shape.INSTANT
    volume = math.pi * term.radius_m[0] ** 2 * term.height_of_cylinder_m
    assert 1000.0 / volume == pytest.approx(0.070906 * 101_325.0 / (8.314 * term.temperature_k[0]), rel=0.03)


def test_an_orifice_makes_a_flashing_jet() -> None:
    jet = {"shape": "jet", "radius_m": None, "orifice_diameter_m": 0.02, "storage_temperature_k": 293.15}
    term = dense_term(**jet)
    assert 0.7 < term.liquid_fraction[0] < 0.9  # chlorine at 20 degC flashes to about a fifth
    assert term.temperature_k[0] == pytest.approx(239.1, abs=0.3)
    assert term.speed_m_s[0] > 5.0
    assert term.towards_deg == pytest.approx(90.0)  # downwind of FROM 270
    with pytest.raises(CaseError, match="leave that out"):
        dense_term(**jet, speed_m_s=10.0)


def test_joined_steps_keep_mass_and_heat() -> None:
    rng = np.random.default_rng(3)
    n = 37
    one = SourceTerm(
        substance_id="cl2",
        shape=Shape.JET,
        place=Place(x_m=0.0, y_m=0.0, z_m=1.0),
        height_m=1.0,
        times_s=np.concatenate([[0.0], np.cumsum(rng.uniform(1.0, 20.0, n))]),
        rate_kg_s=rng.uniform(0.0, 3.0, n) * (rng.random(n) > 0.2),
        temperature_k=rng.uniform(230.0, 290.0, n),
        liquid_fraction=rng.random(n),
        air_fraction=np.zeros(n),
        radius_m=rng.uniform(0.1, 1.0, n),
        speed_m_s=rng.uniform(1.0, 30.0, n),
    )
    few = joined_steps(one, 4)
    assert few.rate_kg_s.size == 4
    assert few.mass_kg == pytest.approx(one.mass_kg, rel=1e-12)
    mass, fewer = one.rate_kg_s * np.diff(one.times_s), few.rate_kg_s * np.diff(few.times_s)
    assert fewer @ few.temperature_k == pytest.approx(mass @ one.temperature_k, rel=1e-12)
    assert joined_steps(few, 4) is few


def test_ppm_of_a_cold_cloud_is_compared_as_ppm() -> None:
    data = copy.deepcopy(DENSE)
    data["observed"] = [{"receptor": "d@200", "value": 1000.0, "units": "ppm"}]
    found = run_case(data)
    (row,) = found.scores
    assert row.units == "ppm"
    assert found.tables["observed"].numbers("modelled")[0] == found.value("d@200", "conc_ppm")


def test_beams_and_missing_grids_are_refused() -> None:
    data = copy.deepcopy(DENSE) | {"model": "shallow"}
    with pytest.raises(CaseError, match=r"\[grid\]"):
        load_case(data)
    beam = {"id": "b", "from_x_m": 0.0, "from_y_m": 0.0, "to_x_m": 1.0, "to_y_m": 0.0}
    with pytest.raises(CaseError, match="model = shallow"):
        load_case(copy.deepcopy(DENSE) | {"beam": [beam]})


WIND: dict[str, Any] = {
    "kind": "wind",
    "site": {"roughness_m": 0.1},
    "air": {"wind_speed_m_s": 6.0, "wind_height_m": 10.0, "wind_from_deg": 225.0, "obukhov_length_m": 100.0},
    "tower": [{"id": "m", "x_m": 0.0, "y_m": 0.0, "heights_m": [2.0, 10.0, 50.0]}],
}


def test_flat_ground_is_the_profile() -> None:
    found = run_case(WIND)
    for height in (2.0, 10.0, 50.0):
        ratio = wind_profile(height, 0.1, 0.01) / wind_profile(10.0, 0.1, 0.01)
        assert found.value(f"m@{height:g}", "speed") == pytest.approx(6.0 * float(ratio))
        assert found.value(f"m@{height:g}", "from") == pytest.approx(225.0)


def test_the_reference_reads_what_was_stated(tmp_path: Path) -> None:
    data = copy.deepcopy(WIND)
    x = np.arange(-1000.0, 1001.0, 40.0)
    hill = 60.0 * np.exp(-(x[None, :] ** 2 + x[:, None] ** 2) / 300.0**2)
    data["site"] |= {"heights_m": hill.tolist(), "step_m": 40.0, "x0_m": -1000.0, "y0_m": -1000.0}
    data["reference"] = {"x_m": -700.0, "y_m": -700.0, "height_m": 10.0}
    data["point"] = [{"id": "r", "x_m": -700.0, "y_m": -700.0, "height_m": 10.0}]
    found = run_case(data)
    assert found.value("r", "speed") == pytest.approx(6.0)
    assert found.value("r", "ratio") == pytest.approx(1.0)
    assert found.value("m@10", "ratio") > 1.2


def dem(path: Path, crs: str, transform: Affine) -> None:
    heights = np.add.outer(np.linspace(100.0, 40.0, 30), np.linspace(0.0, 9.0, 40)).astype(np.float32)
    with rasterio.open(
        path, "w", driver="GTiff", width=40, height=30, count=1, dtype="float32", crs=crs, transform=transform
    ) as data:
        data.write(heights, 1)


def test_an_elevation_file_lies_right_side_up(tmp_path: Path) -> None:
    dem(tmp_path / "d.tif", "EPSG:32650", Affine(10.0, 0.0, 500_000.0, 0.0, -10.0, 2_900_000.0))
    ground = ground_of(SiteTable(dem="d.tif"), tmp_path, "case")
    site = ground.site
    # The origin is the centre; the north is high (100 m) and the east higher than the west.
    assert float(site.ground_m(0.0, 140.0)) > float(site.ground_m(0.0, -140.0)) + 50.0
    assert float(site.ground_m(190.0, 0.0)) > float(site.ground_m(-190.0, 0.0))
    assert ground.frame.easting_m == pytest.approx(500_200.0)
    assert ground.frame.northing_m == pytest.approx(2_899_850.0)
    moved = ground_of(
        SiteTable(dem="d.tif", origin_easting_m=500_000.0, origin_northing_m=2_900_000.0), tmp_path, ""
    )
    assert moved.site.x0_m == pytest.approx(5.0)
    assert moved.site.longitude_deg == pytest.approx(117.0, abs=1e-6)


def test_a_geographic_elevation_file_is_projected(tmp_path: Path) -> None:
    dem(tmp_path / "g.tif", "EPSG:4326", Affine(0.0003, 0.0, 117.0, 0.0, -0.0003, 26.2))
    ground = ground_of(SiteTable(dem="g.tif"), tmp_path, "case")
    assert ground.frame.crs == "EPSG:32650"
    assert 25.0 < ground.site.step_m < 40.0
    assert np.isfinite(ground.site.ground_heights_m).all()
    assert ground.site.latitude_deg == pytest.approx(26.1955, abs=2e-3)


def test_elevation_files_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match=r"site\.dem"):
        ground_of(SiteTable(dem="none.tif"), tmp_path, "case")


def test_air_without_speed_or_stability_is_said_so() -> None:
    with pytest.raises(CaseError, match="wind_speed_m_s"):
        air_of(AirTable(pasquill_class="D"), RunTable(), SITE, "case")
    by_sun = air_of(AirTable(wind_speed_m_s=2.0), RunTable(start="2026-06-21T12:00:00+08:00"), SITE, "case")
    by_night = air_of(AirTable(wind_speed_m_s=2.0), RunTable(start="2026-06-21T00:00:00+08:00"), SITE, "case")
    assert by_sun.layer.inverse_obukhov_1_m < 0.0 < by_night.layer.inverse_obukhov_1_m


def test_the_backward_model_gets_the_scatter_that_was_measured() -> None:
    air = {"friction_velocity_m_s": 0.3, "obukhov_length_m": -15.0}
    area = [{"id": "a", "x_min_m": -60.0, "x_max_m": -20.0, "y_min_m": -20.0, "y_max_m": 20.0}]
    square = [[-60.0, -20.0], [-20.0, -20.0], [-20.0, 20.0], [-60.0, 20.0]]
    base = {
        "kind": "backward",
        "site": {"roughness_m": 0.02},
        "air": air,
        "sensor": [{"height_m": 2.0}],
        "area": [*area, {"id": "polygon", "polygon_m": square}],
        "particles": 4000,
        "fetch_m": 150.0,
    }
    plain = run_case(base)
    assert plain.value("a", "ce") == pytest.approx(plain.value("polygon", "ce"), rel=1e-12)
    # The default is sigma_w = 1.25 u* at neutral; stated at the sensor it grows with instability.
    same = run_case(
        base | {"air": air | {"sigma_w_m_s": 0.3 * 1.25 * (1.0 + 3.0 * 2.0 / 15.0) ** (1.0 / 3.0)}}
    )
    assert same.value("a", "ce") == pytest.approx(plain.value("a", "ce"), rel=1e-6)
    wide = run_case(base | {"air": air | {"sigma_v_m_s": 1.5}})
    assert wide.value("a", "ce") < plain.value("a", "ce")


def test_leaving_a_station_out_needs_two(tmp_path: Path) -> None:
    row = {
        "id": "s",
        "x_m": 0.0,
        "y_m": 0.0,
        "time_s": [0.0],
        "wind_speed_m_s": [3.0],
        "wind_from_deg": [90.0],
    }
    with pytest.raises(CaseError, match="two or more"):
        load_case(copy.deepcopy(WIND) | {"model": "library", "station": [row], "leave_one_out": True})
