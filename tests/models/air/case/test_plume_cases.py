"""Plume cases: conventions, linearity, areas, stations, chains, observations."""

from __future__ import annotations

import copy
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.air.case import CaseError, run_case
from models.air.case.load import load_case
from models.air.case.missing import NotAvailableError, entry
from models.air.case.plume_releases import release_rows
from models.air.case.plume_rows import area_points
from models.air.case.schema_release import PlumeReleaseRow
from models.air.case.score_files import pairs_of_paths
from models.air.case.source_case import terms_of
from models.air.case.write import write_result
from models.contract import flat_site
from twin.core.geometry import Extent

BASE: dict[str, Any] = {
    "kind": "plume",
    "site": {"roughness_m": 0.03},
    "air": {"wind_speed_m_s": 4.0, "wind_from_deg": 250.0, "inverse_obukhov_1_m": 0.0},
    "release": [{"substance": "so2", "rate_kg_s": 0.1, "height_m": 2.0, "deposition": "none"}],
    "arc": [{"radii_m": [200.0], "from_deg": 0.0, "to_deg": 360.0, "step_deg": 2.0}],
}


def case(**changes: Any) -> dict[str, Any]:
    data = copy.deepcopy(BASE)
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(data.get(key), dict):
            data[key] |= value
        else:
            data[key] = value
    return data


@pytest.mark.parametrize("solver", ["steady_plume", "gaussian_puff"])
@pytest.mark.parametrize("wind_from_deg", [0.0, 90.0, 180.0, 270.0])
def test_the_arc_is_hit_opposite_the_wind(solver: str, wind_from_deg: float) -> None:
    found = run_case(case(solver=solver, air={"wind_from_deg": wind_from_deg}))
    off = (found.value("arc@200", "bearing_of_max") - wind_from_deg) % 360.0
    assert off == pytest.approx(180.0, abs=1e-6)


def test_the_wind_blows_from_true_north_also_on_a_turned_grid() -> None:
    # Far east of the central meridian grid north lies to the east of true north.
    site = {
        "roughness_m": 0.03,
        "epsg": 32650,
        "origin_easting_m": 750_000.0,
        "origin_northing_m": 5_500_000.0,
    }
    found = run_case(
        case(site=site, air={"wind_from_deg": 180.0}, point=[{"id": "p", "x_m": 0.0, "y_m": 200.0}])
    )
    assert found.value("arc@200", "bearing_of_max") % 360.0 == pytest.approx(0.0, abs=1e-6)
    spots = found.tables["receptors"]
    names = [str(v) for v in spots.column("receptor").values]
    best = names.index("arc@200/0")
    x, y = spots.numbers("x")[best], spots.numbers("y")[best]
    # True north is turned to the west of grid north there (positive convergence).
    assert math.degrees(math.atan2(x, y)) == pytest.approx(-2.65, abs=0.15)
    plane = run_case(case(site=site | {"north": "grid"}, air={"wind_from_deg": 180.0})).tables["receptors"]
    best = [str(v) for v in plane.column("receptor").values].index("arc@200/0")
    assert plane.numbers("x")[best] == pytest.approx(0.0, abs=1e-9)


def test_steady_plume_and_puffs_tell_the_same() -> None:
    one, other = (run_case(case(solver=s, run={"step_s": 2.0})) for s in ("steady_plume", "gaussian_puff"))
    for quantity, tolerance in (("arc_max", 0.1), ("cic", 0.1), ("sigma_y", 0.05)):
        assert one.value("arc@200", quantity) == pytest.approx(
            other.value("arc@200", quantity), rel=tolerance
        )


def test_concentration_is_linear_in_the_rate_and_releases_add() -> None:
    twice = case()
    twice["release"][0]["rate_kg_s"] = 0.2
    split = case()
    split["release"] = [{**BASE["release"][0], "id": f"r{k}", "rate_kg_s": 0.05} for k in range(4)]
    one = run_case(BASE).value("arc@200", "arc_max")
    assert run_case(twice).value("arc@200", "arc_max") == pytest.approx(2.0 * one, rel=1e-9)
    assert run_case(split).value("arc@200", "arc_max") == pytest.approx(2.0 * one, rel=1e-9)


def test_deposition_takes_gas_out_and_more_with_distance() -> None:
    arcs = [{"radii_m": [100.0, 800.0]}]
    dry = case(arc=arcs)
    wet = case(arc=arcs)
    wet["release"][0]["deposition"] = "substance"
    kept = [run_case(wet).value(a, "cic") / run_case(dry).value(a, "cic") for a in ("arc@100", "arc@800")]
    assert 0.5 < kept[1] < kept[0] < 1.0


def test_scatter_of_a_shorter_time_is_widened() -> None:
    air = {"sigma_theta_deg": 8.0}
    plain = run_case(case(air=air)).value("arc@200", "sigma_y")
    longer = run_case(case(air=air | {"sigma_averaging_s": 60.0})).value("arc@200", "sigma_y")
    assert longer > 1.2 * plain


@pytest.mark.parametrize("solver", ["steady_plume", "gaussian_puff"])
@pytest.mark.parametrize(
    "air", [{"inverse_obukhov_1_m": 0.0}, {"inverse_obukhov_1_m": None}], ids=["stated", "sun"]
)
def test_a_shorter_mean_is_narrower_and_higher(solver: str, air: dict[str, Any]) -> None:
    air = {"wind_speed_m_s": 4.0, **{key: value for key, value in air.items() if value is not None}}
    data = case(solver=solver, site={"longitude_deg": 117.0, "latitude_deg": 26.0})
    data["air"] = air
    found = [run_case(data | {"run": {"averaging_s": time}}) for time in (60.0, 600.0, 3600.0)]
    usual = run_case(data)
    highest = [row.value("arc@200", "arc_max") for row in found]
    assert highest[0] > 1.2 * highest[1] > 1.2 * highest[2]
    assert highest[1] == pytest.approx(usual.value("arc@200", "arc_max"), rel=1e-6)
    across = [row.value("arc@200", "sigma_y") for row in found]
    assert across[0] < across[1] < across[2]


@pytest.mark.parametrize(
    "shape",
    [{"width_m": 40.0, "length_m": 10.0, "turned_deg": 30.0}, {"radius_m": 15.0}],
    ids=["box", "disc"],
)
def test_parts_of_an_area_are_spread_evenly(shape: dict[str, float]) -> None:
    row = PlumeReleaseRow(substance="so2", rate_kg_s=1.0, x_m=5.0, y_m=-3.0, **shape)
    points = np.array(area_points(row))
    np.testing.assert_allclose(points.mean(axis=0), (5.0, -3.0), atol=1e-9)
    if row.radius_m is not None:
        # A disc's mean square distance is half the square of its radius.
        assert ((points - (5.0, -3.0)) ** 2).sum(axis=1).mean() == pytest.approx(0.5 * 15.0**2, rel=0.02)
    else:
        away = points - (5.0, -3.0)
        assert (away**2).sum(axis=1).mean() == pytest.approx((40.0**2 + 10.0**2) / 12.0, rel=0.02)
        # Turned clockwise by 30 degrees, the long side points from west by north to east by south.
        angle = math.degrees(math.atan2(away[-1, 1] - away[-12, 1], away[-1, 0] - away[-12, 0]))
        assert angle == pytest.approx(-30.0)


def test_a_csv_of_winds_is_the_same_as_lists(tmp_path: Path) -> None:
    rows = [(0.0, 3.0, 270.0), (600.0, 3.5, 265.0), (1200.0, 3.0, 275.0)]
    (tmp_path / "mast.csv").write_text(
        "time_s,wind_speed_m_s,wind_from_deg\n" + "\n".join(",".join(map(str, r)) for r in rows),
        encoding="utf-8",
    )
    place = {"id": "mast", "x_m": 0.0, "y_m": 0.0}
    lists = dict(
        zip(("time_s", "wind_speed_m_s", "wind_from_deg"), map(list, zip(*rows, strict=True)), strict=True)
    )
    run = {"duration_s": 1200.0, "every_s": 300.0}
    made = [
        run_case(case(station=[place | more], run=run), folder=tmp_path).value("arc@200", "arc_max")
        for more in (lists, {"csv": "mast.csv"})
    ]
    assert made[0] == made[1] > 0.0
    with pytest.raises(CaseError, match="readable CSV"):
        run_case(case(station=[place | {"csv": "none.csv"}], run=run), folder=tmp_path)


def test_several_substances_keep_apart() -> None:
    data = case()
    data["release"].append(
        {"id": "b", "substance": "hf", "rate_kg_s": 0.2, "height_m": 2.0, "deposition": "none"}
    )
    found = run_case(data)
    assert found.value("hf:arc@200", "arc_max") == pytest.approx(2.0 * found.value("so2:arc@200", "arc_max"))


def test_a_chain_carries_the_mass_of_its_source() -> None:
    source = {
        "what": "vessel_hole",
        "substance": "cl2",
        "temperature_k": 293.15,
        "hole_diameter_m": 0.01,
        "volume_m3": 5.0,
        "fill_fraction": 0.5,
        "isolated_after_s": 200.0,
    }
    data = {**case(source=source), "release": []}
    loaded = load_case(data)
    site = flat_site(Extent(x_min_m=-1e4, y_min_m=-1e4, x_max_m=1e4, y_max_m=1e4), roughness_m=0.03)
    rows, texts = release_rows(loaded.case, site, loaded)  # type: ignore[arg-type]
    mass = sum((row.rate_kg_s or 0.0) * ((row.end_s or 0.0) - row.start_s) for row in rows)
    from models.air.case.met import air_of, ambient_of

    ambient = ambient_of(air_of(loaded.case.air, loaded.case.run, site, ""), loaded.case.air, site)
    terms = terms_of(loaded.case.source, ambient)  # type: ignore[arg-type,union-attr]
    assert mass == pytest.approx(sum(term.mass_kg for term in terms), rel=1e-9)
    assert any("passive" in text.en for text in texts)


def test_observations_are_scored_pooled_and_read_back(tmp_path: Path) -> None:
    modelled = run_case(BASE).value("arc@200", "arc_max")
    seen = [{"receptor": "arc@200", "quantity": "arc_max", "value": 1.5e6 * modelled, "units": "mg/m3"}]
    found = run_case(case(observed=seen))
    (row,) = found.scores
    assert row.mg_value == pytest.approx(1.5)
    write_result(found, tmp_path / "a")
    body = json.loads((tmp_path / "a" / "result.json").read_text(encoding="utf-8"))
    assert body["origin"] == "modelled"
    assert body["scores"][0]["mg_value"] == pytest.approx(1.5)
    (pair,) = pairs_of_paths([tmp_path])
    assert pair.modelled_value == pytest.approx(modelled)
    assert (tmp_path / "a" / "arcs.csv").read_text(encoding="utf-8").splitlines()[0].endswith("origin")


def test_ppm_of_a_tracer_needs_its_molar_mass() -> None:
    seen = [{"receptor": "arc@200", "quantity": "arc_max", "value": 1.0, "units": "ppm"}]
    data = case(observed=seen)
    data["release"][0]["substance"] = "tracer-x"
    with pytest.raises(CaseError, match="molar_mass_kg_mol"):
        run_case(data)
    data["release"][0]["molar_mass_kg_mol"] = 0.146
    (row,) = run_case(data).scores
    assert row.number == 1


@pytest.mark.parametrize(
    ("observed", "message"),
    [
        ({"receptor": "arc@300", "quantity": "arc_max", "value": 1.0}, "arc@200 with"),
        ({"receptor": "arc@200", "quantity": "arc_max", "value": 1.0, "units": "furlong"}, "unknown"),
    ],
)
def test_what_was_not_computed_cannot_be_observed(observed: dict[str, Any], message: str) -> None:
    with pytest.raises(CaseError, match=message) as caught:
        run_case(case(observed=[observed]))
    assert caught.value.message_zh


def test_a_model_that_is_not_there_is_said_in_both_languages() -> None:
    with pytest.raises(NotAvailableError, match="no_such_room") as caught:
        entry("models.air.no_such_room", "run", "a model")
    assert "不可用" in caught.value.message_zh


def test_the_steady_plume_refuses_what_is_not_steady() -> None:
    data = case(solver="steady_plume")
    data["release"][0]["end_s"] = 100.0
    with pytest.raises(CaseError, match="steady_plume"):
        run_case(data)
