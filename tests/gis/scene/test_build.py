"""The demonstration terrain: laws of its making."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import shapely
from shapely.geometry import LineString, box

from gis.scene.build import build_scene
from gis.scene.erosion import contributing_area, drainage, evolve
from gis.scene.geopackage import Drawn, read_layers
from gis.scene.load import load_scene
from gis.scene.problems import Problems
from gis.scene.relief import ReliefRequest, make_relief
from twin.core.errors import SceneError
from twin.core.geometry import Extent

from .conftest import EAST_M, NORTH_M, SceneParts, row

BOX = Extent(x_min_m=-500.0, y_min_m=-400.0, x_max_m=500.0, y_max_m=400.0)


def valley_parts() -> SceneParts:
    parts = SceneParts()
    parts.park["terrain"] = {"file": "terrain.tif", "step_m": 10.0, "generator": "valley", "seed": 3}
    parts.layers["plots"].append((row("P2", area_id="A1", pad_m=104.0), box(84, -80, 99, 80)))
    parts.layers["waters"] = [(row("W1", width_m=40.0), LineString([(-500, -250), (500, -250)]))]
    return parts


@pytest.fixture(scope="module")
def drawn(tmp_path_factory) -> Drawn:
    folder = valley_parts().write(tmp_path_factory.mktemp("valley"), terrain=False)
    return read_layers(folder / "park.gpkg", 4548, (EAST_M, NORTH_M), Problems("valley"))


@pytest.fixture(scope="module")
def relief(drawn):
    return make_relief(ReliefRequest(drawn=drawn, extent=BOX, step_m=5.0, seed=3), lambda step, part: None)


def nodes(shape):
    x, y = np.meshgrid(np.arange(-500, 501, 5.0), np.arange(-400, 401, 5.0))
    return shapely.contains_xy(shape, x, y)


def test_same_seed_same_ground(drawn, relief):
    again = make_relief(ReliefRequest(drawn=drawn, extent=BOX, step_m=5.0, seed=3), lambda step, part: None)
    assert np.array_equal(again, relief)


def test_other_seed_other_hills(drawn, relief):
    other = make_relief(ReliefRequest(drawn=drawn, extent=BOX, step_m=5.0, seed=4), lambda step, part: None)
    assert np.abs(other - relief).max() > 5.0


def test_pads_are_level(relief):
    assert np.all(relief[nodes(box(-78, -78, 78, 78))] == 110.0)


def test_the_river_lies_below_its_banks(relief):
    bed = relief[nodes(box(-490, -262, 490, -238))]
    bank = relief[nodes(box(-490, -190, 490, -170))]
    assert bed.max() < np.median(bank) - 2.0


def test_hills_rise_away_from_the_valley(relief):
    assert relief[-20:].mean() > relief[nodes(box(-490, -262, 490, -238))].mean() + 60.0


def test_progress_goes_up_to_one(drawn):
    parts = []
    request = ReliefRequest(drawn=drawn, extent=BOX, step_m=20.0, seed=3)
    make_relief(request, lambda step, part: parts.append(part))
    assert parts == sorted(parts)
    assert parts[-1] == 1.0


def test_every_cell_drains_to_a_fixed_cell():
    rng = np.random.default_rng(5)
    height = rng.uniform(0.0, 50.0, (30, 41))
    fixed = np.zeros(height.shape, dtype=bool)
    fixed[0] = True
    tree = drainage(height, fixed, 10.0)
    at = np.arange(height.size)
    for _ in range(height.size):
        at = np.where(fixed.ravel()[at], at, tree.receiver[at])
    assert fixed.ravel()[at].all()
    assert sorted(np.concatenate(tree.levels)) == sorted(np.flatnonzero(~fixed.ravel()))


def test_no_water_is_lost():
    rng = np.random.default_rng(6)
    height = rng.uniform(0.0, 50.0, (25, 33))
    fixed = np.zeros(height.shape, dtype=bool)
    fixed[:, 0] = True
    area = contributing_area(drainage(height, fixed, 8.0), height.size, 8.0)
    assert area[fixed.ravel()].sum() == pytest.approx(height.size * 64.0)


def test_diagonal_steps_are_longer():
    height = np.array([[0.0, 9.0, 9.0], [9.0, 5.0, 9.0], [9.0, 9.0, 8.0]])
    fixed = np.zeros((3, 3), dtype=bool)
    fixed[0, 0] = True
    tree = drainage(height, fixed, 10.0)
    assert tree.receiver[4] == 0
    assert tree.length_m[4] == pytest.approx(10.0 * np.sqrt(2.0))
    assert tree.length_m[1] == 10.0


def test_erosion_keeps_base_level_and_makes_slopes_fall_to_it():
    fixed = np.zeros((20, 20), dtype=bool)
    fixed[:, 0] = True
    start = np.where(fixed, 7.0, 7.0 + np.random.default_rng(1).uniform(0, 1, (20, 20)))
    surface = evolve(
        start, fixed, np.ones((20, 20)), cell_m=20.0, steps=40, uplift_m=10.0, slope=0.5, creep=0.0
    )
    assert np.all(surface[:, 0] == 7.0)
    tree = drainage(surface, fixed, 20.0)
    flat = surface.ravel()
    cells = np.concatenate(tree.levels)
    assert np.all(flat[cells] > flat[tree.receiver[cells]])


def test_built_once_and_again_when_its_recipe_changes(tmp_path):
    parts = valley_parts()
    folder = parts.write(tmp_path / "valley", terrain=False)
    assert build_scene(folder).generated is True
    scene = load_scene(folder)
    assert scene.park.stations[0].tower.base.z_m == pytest.approx(110.0, abs=0.02)
    assert build_scene(folder).generated is False
    parts.park["terrain"]["seed"] = 4
    parts.write(folder, terrain=False)
    assert build_scene(folder).generated is True
    assert load_scene(folder).content_hash != scene.content_hash


def test_a_generator_without_seed_is_refused(tmp_path):
    parts = valley_parts()
    parts.park["terrain"].pop("seed")
    with pytest.raises(SceneError, match="seed"):
        build_scene(parts.write(tmp_path / "valley", terrain=False))


def test_built_beside_a_folder_that_cannot_be_written(tmp_path):
    folder = valley_parts().write(tmp_path / "valley", terrain=False)
    elsewhere = tmp_path / "cache" / "terrain.tif"
    assert build_scene(folder, terrain_path=elsewhere).terrain_path == elsewhere
    assert not (folder / "terrain.tif").exists()
    assert load_scene(folder, terrain_path=elsewhere).park.id == "tiny"


def test_an_installed_scene_keeps_its_terrain_in_the_cache(tmp_path, monkeypatch):
    folder = valley_parts().write(tmp_path / "valley", terrain=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != folder and real(path, mode))
    with pytest.raises(SceneError, match="park-twin scene build valley"):
        load_scene(folder)
    path = build_scene(folder).terrain_path
    assert path.is_relative_to(tmp_path / "cache")
    assert load_scene(folder).terrain_path == path
    assert not (folder / "terrain.tif").exists()
    assert build_scene(folder).generated is False


def test_a_current_terrain_of_an_installed_scene_is_used(tmp_path, monkeypatch):
    folder = valley_parts().write(tmp_path / "valley", terrain=False)
    build_scene(folder)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert load_scene(folder).terrain_path == folder / "terrain.tif"
