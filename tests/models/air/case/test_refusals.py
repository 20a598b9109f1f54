"""What a case file leaves open or gets wrong is said in the words of the file."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from models.air.case import CaseError, run_case
from models.air.case.dense_term import dense_terms, joined_steps, source_temperature_k
from models.air.case.load import load_case
from models.air.case.met import air_of, ambient_of
from models.air.case.schema_release import DenseReleaseTable
from models.air.source.release import vessel_hole
from models.contract import flat_site
from models.substances.table import substance
from models.term import SourceTerm
from twin.core.errors import SolverError
from twin.core.geometry import Extent

SITE = flat_site(Extent(x_min_m=-1e4, y_min_m=-1e4, x_max_m=1e4, y_max_m=1e4), roughness_m=0.03)
PLUME: dict[str, Any] = {
    "kind": "plume",
    "air": {"wind_speed_m_s": 4.0},
    "release": [{"substance": "so2", "rate_kg_s": 0.1, "deposition": "none"}],
    "point": [{"id": "p", "x_m": 200.0, "y_m": 0.0}],
}
DENSE: dict[str, Any] = {
    "kind": "dense",
    "distances_m": [100.0],
    "air": {"wind_speed_m_s": 4.0},
    "release": {"substance": "cl2", "rate_kg_s": 2.0, "radius_m": 2.0},
}
BACKWARD: dict[str, Any] = {
    "kind": "backward",
    "air": {"wind_speed_m_s": 4.0},
    "sensor": [{"height_m": 2.0}],
    "area": [{"id": "a", "x_min_m": -60.0, "x_max_m": -20.0, "y_min_m": -20.0, "y_max_m": 20.0}],
    "particles": 500,
    "fetch_m": 100.0,
}
HOLE: dict[str, Any] = {
    "kind": "source",
    "source": {
        "what": "vessel_hole",
        "substance": "cl2",
        "temperature_k": 293.15,
        "hole_diameter_m": 0.01,
        "volume_m3": 5.0,
        "fill_fraction": 0.5,
        "duration_s": 60.0,
    },
}
SUN = {"longitude_deg": 117.0, "latitude_deg": 26.2}
NOON = {"start": "2026-06-21T04:00:00Z"}


@pytest.mark.parametrize("base", [PLUME, DENSE, BACKWARD], ids=["plume", "dense", "backward"])
def test_nothing_said_of_stability_is_neutral_and_said(base: dict[str, Any]) -> None:
    found = run_case(base)
    assert any("neutral air taken" in note for note in found.notes)
    stated = copy.deepcopy(base) | {"air": base["air"] | {"inverse_obukhov_1_m": 0.0}}
    same = run_case(stated)
    assert not [note for note in same.notes if "neutral air taken" in note]
    name, table = next((n, t) for n, t in found.tables.items() if t.columns[0].name == "receptor")
    assert [c.values for c in table.columns] == [c.values for c in same.tables[name].columns]


def test_the_sun_decides_only_where_place_and_time_are_said() -> None:
    for more in ({"site": SUN}, {"run": NOON}):
        loaded = load_case(PLUME | more)
        assert loaded.case.air.inverse_obukhov_1_m == 0.0
        assert loaded.notes
    loaded = load_case(PLUME | {"site": SUN, "run": NOON})
    assert loaded.case.air.inverse_obukhov_1_m is None
    assert not loaded.notes


def temperature_of(name: str, air_k: float = 293.15) -> float:
    loaded = load_case(DENSE | {"air": {"wind_speed_m_s": 4.0, "temperature_k": air_k}})
    ambient = ambient_of(air_of(loaded.case.air, loaded.case.run, SITE, ""), loaded.case.air, SITE)
    return source_temperature_k(DenseReleaseTable(substance=name, rate_kg_s=1.0, radius_m=1.0), ambient)


@pytest.mark.parametrize("name", ["co2", "sf6", "sif4"])
def test_what_sublimes_is_gas_at_the_temperature_of_the_air(name: str) -> None:
    assert temperature_of(name) == 293.15
    assert temperature_of("cl2") == pytest.approx(239.16, abs=0.05)


def test_without_a_known_temperature_the_file_is_asked_for_it() -> None:
    with pytest.raises(CaseError) as caught:
        temperature_of("co2", air_k=200.0)
    assert caught.value.field == "release.temperature_k"
    with pytest.raises(CaseError, match=r"20\.37") as caught:
        run_case(DENSE | {"release": DENSE["release"] | {"substance": "h2"}})
    assert caught.value.field == "release.temperature_k"
    assert "release.temperature_k" in caught.value.message_zh
    assert "source_temperature_k" not in str(caught.value) + caught.value.message_zh
    run_case(DENSE | {"release": DENSE["release"] | {"substance": "co2"}})


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (DENSE | {"release": DENSE["release"] | {"substance": "xyz"}}, "release.substance"),
        (HOLE | {"source": HOLE["source"] | {"substance": "xyz"}}, "source.substance"),
        (HOLE | {"source": HOLE["source"] | {"hole_height_m": 3.0}}, "source.hole_height_m"),
        (
            HOLE | {"source": HOLE["source"] | {"vessel_height_m": 1.0, "hole_height_m": 1.5}},
            "source.hole_height_m",
        ),
        (BACKWARD | {"site": {"displacement_m": 3.0}}, "sensor.height_m"),
    ],
)
def test_the_field_of_the_file_is_named(data: dict[str, Any], field: str) -> None:
    with pytest.raises(CaseError) as caught:
        run_case(data)
    assert caught.value.field == field
    assert field in str(caught.value)
    assert field in caught.value.message_zh


def test_a_sensor_below_the_displacement_is_told_by_its_own_height() -> None:
    with pytest.raises(CaseError, match=r"sensor\.height_m is 2\.0") as caught:
        run_case(BACKWARD | {"site": {"displacement_m": 3.0}})
    assert caught.value.value == 2.0


def test_a_hole_above_the_vessel_is_refused_by_the_model_too() -> None:
    loaded = load_case(DENSE)
    ambient = ambient_of(air_of(loaded.case.air, loaded.case.run, SITE, ""), loaded.case.air, SITE)
    with pytest.raises(SolverError, match="hole_height_m"):
        vessel_hole("cl2", 0.01, temperature_k=293.15, ambient=ambient, volume_m3=5.0, hole_height_m=3.0)


def test_two_stations_of_one_name_are_refused() -> None:
    row = {
        "id": "m",
        "x_m": 0.0,
        "y_m": 0.0,
        "time_s": [0.0],
        "wind_speed_m_s": [3.0],
        "wind_from_deg": [270.0],
    }
    with pytest.raises(CaseError, match=r"station\.id is 'm'") as caught:
        load_case(PLUME | {"station": [row, row | {"x_m": 50.0}]})
    assert caught.value.field == "station.id"
    load_case(PLUME | {"station": [row, row | {"id": "n"}]})


def test_the_backward_model_says_which_scatter_it_took() -> None:
    notes = run_case(BACKWARD).notes
    assert "sigma_v taken as 2.0 u*" in notes
    assert "sigma_v from similarity" not in notes
    stated = run_case(BACKWARD | {"air": {"wind_speed_m_s": 4.0, "sigma_v_m_s": 0.8}}).notes
    assert not [note for note in stated if note.startswith("sigma_v")]


def pool_of(name: str, temperature_k: float) -> SourceTerm:
    release = {"substance": name, "rate_kg_s": 1.0, "radius_m": 5.0, "temperature_k": temperature_k}
    loaded = load_case(DENSE | {"release": release})
    ambient = ambient_of(air_of(loaded.case.air, loaded.case.run, SITE, ""), loaded.case.air, SITE)
    (term,) = dense_terms(loaded.case, ambient, SITE, loaded)  # type: ignore[arg-type]
    return term


def test_vapour_over_a_pool_that_does_not_boil_is_diluted_to_its_vapour_pressure() -> None:
    for name in ("toluene", "benzene"):
        row = substance(name)
        air = float(pool_of(name, 293.15).air_fraction[0])
        moles = (1.0 - air) / row.molar_mass_kg_mol
        part = moles / (moles + air / 0.028964)
        assert part == pytest.approx(float(row.vapour_pressure_pa(293.15)) / 101_325.0, rel=1e-3)
    assert pool_of("cl2", 239.16).air_fraction[0] == 0.0
    toluene = {"substance": "toluene", "rate_kg_s": 1.0, "radius_m": 5.0, "temperature_k": 293.15}
    assert run_case(DENSE | {"release": toluene}).value("d@100", "conc") > 0.0


def test_joined_steps_keep_the_first_peak() -> None:
    times = np.linspace(0.0, 600.0, 201)
    rate = 10.0 * np.exp(-0.5 * (times[1:] + times[:-1]) / 30.0) + 0.1
    first, one = pool_of("cl2", 239.16), np.ones(200)
    term = replace(
        first,
        times_s=times,
        rate_kg_s=rate,
        temperature_k=239.16 * one,
        liquid_fraction=0.0 * one,
        air_fraction=0.0 * one,
        radius_m=one,
        speed_m_s=0.0 * one,
    )
    # Four equal masses would begin at 0.88 of the first rate.
    assert joined_steps(term, 4).rate_kg_s[0] > 0.95 * rate[0]
    assert joined_steps(term, 4).mass_kg == pytest.approx(term.mass_kg, rel=1e-12)
