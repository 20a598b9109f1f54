"""How far a dense case is computed, and that a sudden cloud is also felt upwind of its place."""

from __future__ import annotations

from models.air.case.run import run_case

AIR = {"wind_speed_m_s": 2.0, "pasquill_class": "D", "temperature_k": 290.0, "wind_from_deg": 270.0}


def _case(**more: object) -> dict[str, object]:
    return {"kind": "dense", "site": {"roughness_m": 0.01}, "air": AIR, **more}


def test_levels_that_go_beyond_the_computation_are_named():
    release = {"substance": "cl2", "shape": "pool", "rate_kg_s": 30.0, "radius_m": 5.0}
    made = run_case(_case(release=release, distances_m=[500.0], output={"levels_ppm": [0.01, 5e4]}))
    said = [text.en for text in made.texts if "go beyond" in text.en]
    assert len(said) == 1
    assert "0.01 ppm" in said[0]
    assert "50000 ppm" not in said[0]


def test_a_place_of_eleven_kilometres_keeps_the_limits():
    release = {"substance": "cl2", "shape": "pool", "rate_kg_s": 30.0, "radius_m": 5.0}
    made = run_case(_case(release=release, distances_m=[11_000.0]))
    assert not any("reach_m" in note for note in made.notes)


def test_a_sudden_cloud_spreads_upwind_too():
    release = {"substance": "cl2", "shape": "instant", "mass_kg": 5000.0, "radius_m": 7.0}
    points = [{"id": "upwind", "x_m": -15.0, "y_m": 0.0, "height_m": 0.5}]
    points += [{"id": "far-upwind", "x_m": -500.0, "y_m": 0.0, "height_m": 0.5}]
    made = run_case(_case(release=release, distances_m=[15.0], height_m=0.5, point=points))
    rows = made.tables["receptors"]
    found = dict(zip(rows.column("receptor").values, rows.column("conc").values, strict=True))
    assert 0.0 < float(found["upwind"]) < float(found["d@15"])
    assert float(found["far-upwind"]) < 1e-6
