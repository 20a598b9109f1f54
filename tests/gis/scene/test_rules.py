"""Every rule of a scene: the error names file, row or field, value, and what was expected."""

from __future__ import annotations

import re

import pytest
from shapely.geometry import LineString, Polygon, box

from gis.scene.check import check_scene
from gis.scene.rules import cas_is_valid


def terrain_made(parts):
    """The small scene has no raster here; let that be no problem of these tests."""
    parts.park["terrain"] |= {"generator": "valley", "seed": 1}


BROKEN = {
    # rule: (change, file, words that the message must hold)
    "unknown key": (lambda p: p.park.update(colour=1), "park.toml", ["colour", "1", "no such key"]),
    "missing key": (lambda p: p.park.pop("vertical_datum"), "park.toml", ["vertical_datum", "missing"]),
    "text for a number": (lambda p: p.park["crs"].update(epsg="4548"), "park.toml", ["crs.epsg", "'4548'"]),
    "bool for a number": (lambda p: p.park.update(utc_offset_h=True), "park.toml", ["utc_offset_h", "True"]),
    "out of range": (
        lambda p: p.park.update(vegetation_allowance_m=-1.0),
        "park.toml",
        ["vegetation", "-1.0"],
    ),
    "newer format": (lambda p: p.park.update(scene_format=2), "park.toml", ["scene_format", "2", "1"]),
    "unknown epsg": (lambda p: p.park["crs"].update(epsg=999), "park.toml", ["epsg", "999"]),
    "geographic epsg": (lambda p: p.park["crs"].update(epsg=4326), "park.toml", ["epsg", "4326", "metres"]),
    "centre far from the zone": (
        lambda p: p.park["crs"].update(centre_lon_deg=80.0),
        "park.toml",
        ["80", "EPSG:4548"],
    ),
    "centre swapped": (
        lambda p: p.park["crs"].update(centre_lon_deg=26.2, centre_lat_deg=89.0),
        "park.toml",
        ["26.2", "EPSG:4548"],
    ),
    "empty extent": (lambda p: p.park["extent"].update(x_min_m=500.0), "park.toml", ["extent", "500"]),
    "empty name": (
        lambda p: p.stations[0].update(name={"zh": "", "en": "x"}),
        "stations.toml",
        ["ST1", "zh"],
    ),
    "bad id": (lambda p: p.stations[0].update(id="ST 1"), "stations.toml", ["id", "ST 1"]),
    "station in no area": (
        lambda p: p.stations[0].update(area_id="A9"),
        "stations.toml",
        ["ST1", "area_id", "A9", "A1"],
    ),
    "beam without station": (
        lambda p: p.beams[0].update(station_id="ST9"),
        "beams.toml",
        ["ST1-B01", "station_id", "ST9", "ST1"],
    ),
    "beam too short": (
        lambda p: p.beams[0].update(x_m=61.0, y_m=-60.0),
        "beams.toml",
        ["ST1-B01", "1.0", "5"],
    ),
    "azimuth of 360": (lambda p: p.beams[0].update(azimuth_deg=360.0), "beams.toml", ["azimuth_deg", "360"]),
    "emitter outside": (
        lambda p: p.beams[0].update(x_m=-501.0),
        "beams.toml",
        ["ST1-B01", "-501", "inside the extent"],
    ),
    "station outside": (lambda p: p.stations[0].update(y_m=401.0), "stations.toml", ["ST1", "401"]),
    "one sensor twice": (
        lambda p: p.beams[1].update(id="ST1-B01"),
        "beams.toml",
        ["ST1-B01", "every one only once"],
    ),
    "screen below the well": (
        lambda p: p.wells[0].update(screen_bottom_m=13.0),
        "wells.toml",
        ["GW1a", "screen_bottom_m", "13.0", "12"],
    ),
    "screen upside down": (lambda p: p.wells[0].update(screen_top_m=11.5), "wells.toml", ["GW1a", "11.5"]),
    "well in no stratum": (
        lambda p: p.wells[0].update(stratum_id="sand"),
        "wells.toml",
        ["GW1a", "stratum_id", "sand", "gravel"],
    ),
    "colour": (lambda p: p.strata[0].update(colour="red"), "strata.toml", ["clay", "colour", "red"]),
    "porosity": (lambda p: p.strata[0].update(porosity=1.5), "strata.toml", ["clay", "porosity", "1.5"]),
    "stratum twice": (lambda p: p.strata[1].update(id="clay"), "strata.toml", ["id", "clay", "once"]),
    "negative thickness": (
        lambda p: p.holes[0].update(clay=-3.0),
        "boreholes.csv",
        ["BH1", "clay", "-3.0", "0 m or more"],
    ),
    "thicker than deep": (lambda p: p.holes[0].update(gravel=9.5), "boreholes.csv", ["BH1", "12.5", "12"]),
    "gap in a log": (lambda p: p.holes[0].update(clay=None), "boreholes.csv", ["BH1", "thickness", "empty"]),
    "thickness is text": (lambda p: p.holes[0].update(clay="3 m"), "boreholes.csv", ["BH1", "clay", "3 m"]),
    "depth missing": (
        lambda p: p.holes[0].update(depth_m=None),
        "boreholes.csv",
        ["BH1", "depth_m", "missing"],
    ),
    "hole outside": (lambda p: p.holes[0].update(x_m=900.0), "boreholes.csv", ["BH1", "900"]),
    "MN too short": (lambda p: p.devices[0].update(mn="01"), "devices.toml", ["mn", "01"]),
    "MN with other letters": (lambda p: p.devices[0].update(mn="G" * 24), "devices.toml", ["mn", "G" * 24]),
    "MN twice": (lambda p: p.devices[1].update(mn=p.devices[0]["mn"]), "devices.toml", ["mn", "once"]),
    "two devices of one sensor": (
        lambda p: p.devices[1].update(sensor_id="ST1-B02"),
        "devices.toml",
        ["sensor_id", "ST1-B02", "once"],
    ),
    "device of no sensor": (
        lambda p: p.devices[0].update(sensor_id="ST1-B09"),
        "devices.toml",
        ["sensor_id", "ST1-B09"],
    ),
    "device of no station": (
        lambda p: p.devices[3].update(station_id="X"),
        "devices.toml",
        ["station_id", "'X'"],
    ),
    "unknown origin": (
        lambda p: p.devices[0].update(origin="real"),
        "devices.toml",
        ["origin", "real", "measured"],
    ),
    "faster than its turn": (
        lambda p: p.devices[1].update(interval_s=5.0),
        "devices.toml",
        ["interval_s", "5.0", "10 s", "2 beams"],
    ),
    "a factor that bends what HJ 212 sends": (
        lambda p: p.factor_sets["weather"][0].update(scale=0.5),
        "devices.toml",
        ["scale", "0.5", "raw_signal"],
    ),
    "unknown factor set": (lambda p: p.devices[0].update(factors="co"), "devices.toml", ["factors", "'co'"]),
    "unknown quantity": (
        lambda p: p.factor_sets["weather"][0].update(quantity="wind"),
        "devices.toml",
        ["quantity", "'wind'"],
    ),
    "unknown unit": (
        lambda p: p.factor_sets["ftir"][0].update(unit="ppm"),
        "devices.toml",
        ["unit", "'ppm'"],
    ),
    "unit of something else": (
        lambda p: p.factor_sets["ftir"][0].update(unit="m/s"),
        "devices.toml",
        ["a21018", "unit", "m/s", "kg/m3"],
    ),
    "range upside down": (
        lambda p: p.factor_sets["ftir"][0].update(low=200.0),
        "devices.toml",
        ["high", "100.0"],
    ),
    "factor of no substance": (
        lambda p: p.factor_sets["ftir"][0].update(quantity="conc:cl2"),
        "devices.toml",
        ["cl2", "hf"],
    ),
    "CAS check digit": (
        lambda p: p.chemicals[0].update(cas="7664-39-4"),
        "chemicals.csv",
        ["hf", "7664-39-4"],
    ),
    "molar mass in g": (
        lambda p: p.chemicals[0].update(molar_mass_kg_mol=20.0),
        "chemicals.csv",
        ["hf", "20"],
    ),
    "level of no substance": (
        lambda p: p.thresholds[0].update(substance_id="cl2"),
        "thresholds.csv",
        ["cl2", "level 2", "hf"],
    ),
    "level in another unit": (
        lambda p: p.thresholds[0].update(unit="ppb"),
        "thresholds.csv",
        ["unit", "ppb"],
    ),
    "level without source": (
        lambda p: p.thresholds[0].update(source=""),
        "thresholds.csv",
        ["source", "missing"],
    ),
    "tank of no substance": (
        lambda p: p.layers["tanks"][0][0].update(substance_id="cl2"),
        "park.gpkg",
        ["tanks T1", "cl2", "hf"],
    ),
    "unit of no substance": (
        lambda p: p.layers["units"][0][0].update(substance_ids="hf,cl2"),
        "park.gpkg",
        ["units U1", "cl2"],
    ),
    "tank on no plot": (
        lambda p: p.layers["tanks"][0][0].update(plot_id="P9"),
        "park.gpkg",
        ["T1", "plot_id", "P9", "P1"],
    ),
    "plot in no area": (
        lambda p: p.layers["plots"][0][0].update(area_id="A9"),
        "park.gpkg",
        ["plots P1", "A9"],
    ),
    "hectares 0.6 % off": (
        lambda p: p.layers["areas"][0][0].update(stated_ha=4.025),
        "park.gpkg",
        ["areas A1", "4.0", "4.025", "0.5 %"],
    ),
    "drawn twice": (
        lambda p: p.layers["roads"].append(p.layers["roads"][0]),
        "park.gpkg",
        ["roads", "R1", "once"],
    ),
    "road beyond the extent": (
        lambda p: p.layers["roads"].__setitem__(0, (p.layers["roads"][0][0], LineString([(0, 0), (0, 700)]))),
        "park.gpkg",
        ["roads R1", "700"],
    ),
    "polygon crosses itself": (
        lambda p: p.layers["plots"].__setitem__(
            0, (p.layers["plots"][0][0], Polygon([(-80, -80), (80, 80), (80, -80), (-80, 80)]))
        ),
        "park.gpkg",
        ["plots P1", "Self-intersection", "cross itself"],
    ),
    "no height": (
        lambda p: p.layers["buildings"][0][0].update(height_m=None),
        "park.gpkg",
        ["buildings H1", "height_m", "missing"],
    ),
    "other CRS": (
        lambda p: setattr(p, "epsg", 4549),
        "park.gpkg",
        ["layer areas", "crs", "4549", "EPSG:4548"],
    ),
    "layer missing": (lambda p: p.layers.pop("waters"), "park.gpkg", ["layer", "waters"]),
}


@pytest.mark.parametrize("rule", BROKEN)
def test_a_broken_rule_is_named(rule, broken):
    change, file, words = BROKEN[rule]

    def apply(parts):
        terrain_made(parts)
        change(parts)

    problems = broken(apply)
    told = [problem for problem in problems if all(word in problem.message for word in words)]
    assert told, "\n".join(problem.message for problem in problems) or "no problem was found"
    assert any(problem.source and file in problem.message for problem in told)
    assert all(re.search(r"[\u4e00-\u9fff]", problem.message_zh) for problem in problems)


def with_flows(parts, *rows):
    """Adds a flow to the scene, measured on one sensor and simulated on another, and ``[[flows]]``."""
    terrain_made(parts)
    parts.factor_sets["duct"] = [
        {"code": "a21018", "quantity": "conc:hf", "unit": "mg/m3"},
        {"code": "b02", "quantity": "flow", "unit": "m3/h"},
    ]
    parts.devices[1]["factors"] = parts.devices[2]["factors"] = "duct"
    parts.devices[2]["origin"] = "measured"
    parts.rules["flows"] = [{"key": key, "flow": flow} for key, flow in rows]


def test_a_flow_that_carries_a_concentration_is_good(broken):
    assert broken(lambda parts: with_flows(parts, ("ST1-B01/conc:hf", "ST1-B01/flow"))) == []


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([("ST1-B09/conc:hf", "ST1-B01/flow")], ["flows, key", "ST1-B09/conc:hf"]),
        ([("ST1-B01/conc:hf", "ST1-B09/flow")], ["flows, flow", "ST1-B09/flow"]),
        ([("ST1-B01/flow", "ST1-B01/flow")], ["flows, key", "kg/m3"]),
        ([("ST1-B01/conc:hf", "ST1-B01/conc:hf")], ["flows, flow", "m3/s"]),
        ([("ST1-B01/conc:hf", "ST1-B02/flow")], ["flows, flow", "ST1-B02/flow", "simulated"]),
        ([("ST1-B01/conc:hf", "ST1-B01/flow")] * 2, ["flows, key", "once"]),
    ],
)
def test_flows_exist_have_their_units_one_origin_and_one_row(broken, rows, words):
    problems = broken(lambda parts: with_flows(parts, *rows))
    assert any(all(word in row.message for word in ["rules.toml", *words]) for row in problems), problems
    assert all(re.search(r"[\u4e00-\u9fff]", row.message_zh) for row in problems)


def test_the_small_scene_is_good(broken):
    assert broken(terrain_made) == []


def test_hectares_within_half_a_percent_pass(broken):
    def change(parts):
        terrain_made(parts)
        parts.layers["areas"][0][0]["stated_ha"] = 4.015

    assert broken(change) == []


def test_all_problems_come_together(broken):
    def change(parts):
        terrain_made(parts)
        parts.park["colour"] = 1
        parts.beams[0]["height_m"] = -2.0
        parts.holes[0]["clay"] = -1.0
        parts.chemicals[0]["cas"] = "1-1-1"

    files = {problem.source for problem in broken(change)}
    assert {"park.toml", "beams.toml", "boreholes.csv", "chemicals.csv"} <= files


@pytest.mark.parametrize(
    "name",
    [
        "stations.toml",
        "beams.toml",
        "wells.toml",
        "strata.toml",
        "devices.toml",
        "chemicals.csv",
        "thresholds.csv",
        "boreholes.csv",
        "park.gpkg",
        "park.toml",
    ],
)
def test_a_missing_file_is_named(name, parts, tmp_path):
    terrain_made(parts)
    folder = parts.write(tmp_path / "tiny", terrain=False)
    (folder / name).unlink()
    assert any(problem.source == name for problem in check_scene(folder))


def test_a_layer_without_crs_is_named(parts, tmp_path):
    import pyogrio

    terrain_made(parts)
    folder = parts.write(tmp_path / "tiny", terrain=False)
    meta, _, shapes, columns = pyogrio.raw.read(folder / "park.gpkg", layer="settlements")
    (folder / "park.gpkg").unlink()
    with pytest.warns(UserWarning, match="crs"):
        pyogrio.raw.write(
            folder / "park.gpkg", shapes, columns, meta["fields"], layer="settlements", driver="GPKG",
            geometry_type="Point",
        )  # fmt: skip
    assert any(
        "layer settlements, crs" in p.message and "EPSG:4548" in p.message for p in check_scene(folder)
    )


def test_the_raster_is_checked_too(parts, tmp_path):
    parts.park["extent"]["x_max_m"] = 600.0
    folder = parts.write(tmp_path / "tiny")
    parts.park["extent"]["x_max_m"] = 700.0
    parts.write(folder, terrain=False)
    problems = check_scene(folder)
    assert [problem.source for problem in problems] == ["terrain.tif"]
    assert "700" in problems[0].message


def test_a_missing_raster_without_generator_is_a_problem(parts, tmp_path):
    problems = check_scene(parts.write(tmp_path / "tiny", terrain=False))
    assert len(problems) == 1
    assert "park-twin scene build tiny" in problems[0].message


def test_broken_toml_and_broken_csv(parts, tmp_path):
    terrain_made(parts)
    folder = parts.write(tmp_path / "tiny", terrain=False)
    (folder / "beams.toml").write_text("[[beams]\n")
    (folder / "chemicals.csv").write_text("id,colour\nhf,blue\n")
    (folder / "thresholds.csv").write_bytes(b"\xff\xfe\x00")
    problems = {problem.source: problem.message for problem in check_scene(folder)}
    assert "TOML" in problems["beams.toml"]
    assert "colour" in " ".join(p.message for p in check_scene(folder) if p.source == "chemicals.csv")
    assert "UTF-8" in problems["thresholds.csv"]


def test_a_polygon_where_a_point_belongs(parts, tmp_path):
    import numpy as np
    import pyogrio
    import shapely

    terrain_made(parts)
    folder = parts.write(tmp_path / "tiny", terrain=False)
    (folder / "park.gpkg").unlink()
    pyogrio.raw.write(
        folder / "park.gpkg", np.array([shapely.to_wkb(box(0, 0, 5, 5))], dtype=object),
        [np.array(["T1"], dtype=object)], ["id"], layer="tanks", driver="GPKG", geometry_type="Polygon",
        crs="EPSG:4548",
    )  # fmt: skip
    told = [problem.message for problem in check_scene(folder)]
    assert any("tanks T1, shape" in text and "'Polygon'" in text and "a Point" in text for text in told)


@pytest.mark.parametrize("cas", ["7664-39-3", "7446-09-5", "67-56-1", "16984-48-8"])
def test_real_cas_numbers_pass(cas):
    assert cas_is_valid(cas)
