"""A scene becomes a park: places on the terrain, pointing, levels in SI, one hash."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gis.scene.build import build_scene
from gis.scene.load import load_scene
from twin.core.errors import SceneError, SceneProblems
from twin.core.origin import Origin


@pytest.fixture
def scene(parts, tmp_path):
    return load_scene(parts.write(tmp_path / "tiny"))


def test_things_stand_on_the_terrain(scene):
    park = scene.park
    assert park.stations[0].tower.base.z_m == pytest.approx(100.0 - 6.0, abs=1e-4)
    assert park.stations[0].weather.place.z_m == pytest.approx(94.0 + 10.0, abs=1e-4)
    assert park.wells[0].collar.z_m == pytest.approx(109.0, abs=1e-4)
    assert park.tanks[0].base.z_m == pytest.approx(103.0, abs=1e-4)
    assert park.units[0].place.z_m == pytest.approx(120.0, abs=1e-4)
    assert park.settlements[0].place.z_m == pytest.approx(120.0, abs=1e-4)
    assert park.buildings[0].base_m == pytest.approx(97.0, abs=1e-4)


def test_beams_point_from_the_head_to_the_emitter(scene):
    west, north = scene.park.beams
    assert west.receiver.z_m == pytest.approx(94.0 + 20.0, abs=1e-4)
    assert west.azimuth_deg == 270.0
    assert west.elevation_deg == pytest.approx(math.degrees(math.atan2(-11.0, 300.0)), abs=5e-4)
    assert north.azimuth_deg == 0.0
    assert north.elevation_deg == round(math.degrees(math.atan2(124.0 + 9.0 - 114.0, 300.0)), 3)


def test_stated_pointing_is_kept(parts, tmp_path):
    parts.beams[0] |= {"azimuth_deg": 270.123, "elevation_deg": -2.0}
    beam = load_scene(parts.write(tmp_path / "tiny")).park.beams[0]
    assert (beam.azimuth_deg, beam.elevation_deg) == (270.123, -2.0)


def test_levels_stated_in_files_are_above_the_datum(parts, tmp_path):
    parts.park["crs"]["origin_height_m"] = 60.0
    parts.layers["buildings"][0][0]["base_m"] = 97.5
    for hole in parts.holes:
        hole["collar_m"] = 101.25
    scene = load_scene(parts.write(tmp_path / "tiny"))
    assert scene.park.buildings[0].base_m == pytest.approx(37.5)
    assert scene.park.boreholes[0].collar.z_m == pytest.approx(41.25)
    assert scene.park.stations[0].tower.base.z_m == pytest.approx(34.0, abs=1e-4)
    assert scene.terrain().height_at(0.0, 0.0) == pytest.approx(40.0, abs=1e-4)


def test_thresholds_are_in_kg_m3(scene):
    # 24 ppm of HF at 25 degC and 1 atm: 24e-6 * 20.006 g/mol / 24.465 L/mol
    assert scene.park.thresholds[0].conc_kg_m3 == pytest.approx(24e-6 * 0.020006 / 0.0244654, rel=1e-4)


def test_devices_carry_their_factors_and_origin(scene):
    device = scene.park.device("02".zfill(24))
    assert device is not None
    assert (device.sensor_id, device.origin, device.interval_s) == ("ST1-B01", Origin.SIMULATED, 10.0)
    assert [row.quantity for row in device.factors] == ["conc:hf"]


def test_substances_of_a_unit_come_apart(scene):
    assert scene.park.units[0].substance_ids == ("hf", "nh3")


def test_boreholes_keep_what_is_not_known(scene):
    assert scene.park.boreholes[1].thickness_m == (2.5, None)


def test_bookmarks_count_heights_from_the_target(scene):
    view = scene.bookmarks[0]
    assert (view.target.z_m, view.position.z_m) == pytest.approx((105.0, 300.0), abs=1e-4)


def test_the_park_moves_with_its_centre(parts, tmp_path):
    before = load_scene(parts.write(tmp_path / "a")).park
    parts.park["crs"]["centre_lon_deg"] = 117.01
    moved = parts.write(tmp_path / "b", terrain=False)
    parts.layers["waters"][0][0]["width_m"] = 20.0
    raster = tmp_path / "b" / "terrain.tif"
    _write_terrain_at(parts, raster, moved)
    after = load_scene(moved).park
    assert after.origin.easting_m - before.origin.easting_m == pytest.approx(999.3, abs=1.0)
    assert after.areas[0].outline.equals_exact(before.areas[0].outline, 1e-6)
    assert after.convergence_deg == pytest.approx(0.01 * math.sin(math.radians(26.2)), rel=1e-3)


def _write_terrain_at(parts, raster, folder):
    import tomllib

    from gis.crs import ParkCrs
    from gis.raster import write_cog
    from gis.scene.load import frame_origin
    from gis.scene.schema import ParkFile

    park = ParkFile.model_validate(tomllib.loads((folder / "park.toml").read_text()))
    write_cog(raster, parts.terrain(), ParkCrs(4548, frame_origin(park)))


def test_the_hash_follows_every_file(parts, tmp_path):
    folder = parts.write(tmp_path / "tiny")
    first = load_scene(folder).content_hash
    assert load_scene(folder).content_hash == first
    seen = {first}
    for name in ("beams.toml", "boreholes.csv", "thresholds.csv"):
        path = folder / name
        path.write_text(path.read_text() + "\n")
        seen.add(load_scene(folder).content_hash)
    assert len(seen) == 4


def test_no_terrain_tells_what_to_run(parts, tmp_path):
    folder = parts.write(tmp_path / "tiny", terrain=False)
    with pytest.raises(SceneError, match="park-twin scene build tiny") as caught:
        load_scene(folder)
    assert "park-twin scene build tiny" in caught.value.message_zh


def test_all_problems_are_raised_together(parts, tmp_path):
    parts.beams[0]["station_id"] = "ST9"
    parts.wells[0]["stratum_id"] = "sand"
    with pytest.raises(SceneProblems) as caught:
        load_scene(parts.write(tmp_path / "tiny"))
    assert {problem.source for problem in caught.value.problems} >= {"beams.toml", "wells.toml"}


def test_no_folder(tmp_path):
    with pytest.raises(SceneProblems, match="nowhere"):
        load_scene(tmp_path / "nowhere")


def test_a_terrain_elsewhere(parts, tmp_path):
    folder = parts.write(tmp_path / "tiny")
    other = tmp_path / "cache.tif"
    (folder / "terrain.tif").rename(other)
    scene = load_scene(folder, terrain_path=other)
    assert scene.terrain().height_at(0.0, 0.0) == pytest.approx(100.0, abs=1e-4)


def test_terrain_covers_the_extent_node_for_node(scene):
    terrain = scene.terrain()
    assert terrain.extent == scene.park.extent
    assert np.allclose(terrain.heights_m[:, 0], 100.0 + 0.1 * terrain.y_m, atol=1e-4)


def test_build_leaves_a_complete_scene_alone(parts, tmp_path):
    folder = parts.write(tmp_path / "tiny")
    before = (folder / "terrain.tif").read_bytes()
    assert build_scene(folder).generated is False
    assert (folder / "terrain.tif").read_bytes() == before
