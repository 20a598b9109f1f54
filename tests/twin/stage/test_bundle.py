"""The bundle of the demonstration scene: whole, exact within its stated errors, built once."""

import gzip
import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gis.mesh import Tin, vertical_error
from gis.scene.build import build_scene
from gis.scene.load import load_scene
from gis.strata import build_strata
from twin.core.geometry import Extent
from twin.stage import bundle, encode
from twin.stage.describe import describe_strata

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def scene():
    folder = ROOT / "scenes" / "qingliu"
    build_scene(folder)
    return load_scene(folder)


@pytest.fixture(scope="module")
def built(scene, tmp_path_factory):
    steps = []
    folder = tmp_path_factory.mktemp("bundles")
    info = bundle.build_bundle(scene, folder, lambda *step: steps.append(step))
    return info, steps


@pytest.fixture(scope="module")
def document(built):
    return json.loads((built[0].path / "scene.json").read_text())


def extent_of(document):
    low_x, low_y, high_x, high_y = document["extent"]
    return Extent(x_min_m=low_x, y_min_m=low_y, x_max_m=high_x, y_max_m=high_y)


@pytest.mark.slow
def test_progress_tells_every_step_in_order(built):
    _, steps = built
    assert [name for name, _, _ in steps] == ["sight", "strata", "mesh", "light", "write", "write"]
    assert steps[-1][1] == steps[-1][2]


@pytest.mark.slow
def test_every_file_named_is_there_with_its_size_and_hash(built, document):
    for key in ("terrain", "heights", "ground", "strata"):
        data = (built[0].path / document[key]["url"]).read_bytes()
        assert len(data) == document[key]["bytes"]
        assert hashlib.sha256(data).hexdigest() == document[key]["sha256"]


@pytest.mark.slow
def test_compressed_siblings_hold_the_same_bytes(built):
    packed = list(built[0].path.glob("*.gz"))
    assert packed
    for file in packed:
        assert gzip.decompress(file.read_bytes()) == file.with_suffix("").read_bytes()


@pytest.mark.slow
def test_the_mesh_a_browser_decodes_keeps_the_stated_error(built, document, scene):
    """Checked at every node of the terrain, after quantisation: what the user really sees."""
    data = (built[0].path / "terrain.twt").read_bytes()
    vertices, triangles = encode.decode_tin(data, extent_of(document))
    tin = Tin(vertices_m=vertices, triangles=triangles, max_error_m=0.0, fence_error_m=0.0)
    error = vertical_error(tin, scene.terrain())
    assert float(np.max(error)) <= 1.0
    assert document["terrain"]["max_error_fence_m"] <= 0.5


@pytest.mark.slow
def test_strata_never_cross_and_hang_from_the_ground(built, document):
    count = len(document["strata"]["layers"])
    bands = encode.decode_grid((built[0].path / "strata.twg").read_bytes()).bands
    assert bands.shape[0] == 2 * count + 1
    surfaces = bands[: count + 1]
    step = np.ptp(surfaces) / 65534
    assert (np.diff(surfaces, axis=0) <= 2 * step).all()
    assert (bands[count + 1 :] >= 0).all()


@pytest.mark.slow
def test_the_strata_say_how_well_they_are_known(document):
    strata = document["strata"]
    count = len(strata["layers"])
    for key in ("loo_rmse_m", "loo_z_mean", "loo_z_sd", "sd_mean_m"):
        assert len(strata[key]) == count
    assert min(strata["sd_mean_m"]) > 0
    assert all(error > 0 for error in strata["loo_rmse_m"] if error is not None)


def test_what_no_hole_tells_is_null_and_not_nan(scene):
    """A last layer whose bottom nobody reached: browsers cannot read NaN."""
    park, terrain = scene.park, scene.terrain()
    holes = tuple(replace(row, thickness_m=(*row.thickness_m[:-1], None)) for row in park.boreholes)
    model = build_strata(replace(park, boreholes=holes), terrain, 400.0)
    assert model.open_bottom
    told = describe_strata(park, model)
    assert told["loo_rmse_m"][-1] is None
    assert told["loo_z_sd"][-1] is None
    json.dumps(told, allow_nan=False)


@pytest.mark.slow
def test_twenty_beams_with_their_sight_and_the_notice(document):
    assert len(document["beams"]) == 20
    assert all(row["sight"] is not None for row in document["beams"])
    assert document["terrain_is_demonstration"]
    assert "演示" in document["notice"]["zh"]
    assert "emonstration" in document["notice"]["en"]


@pytest.mark.slow
def test_all_series_of_the_demonstration_are_simulated(document):
    assert {row["origin"] for row in document["series"]} == {"simulated"}


@pytest.mark.slow
def test_a_second_build_is_the_same_folder(built, scene):
    info, _ = built
    before = (info.path / "scene.json").stat().st_mtime_ns
    again = bundle.build_bundle(scene, info.path.parent)
    assert again == info
    assert (info.path / "scene.json").stat().st_mtime_ns == before


def test_another_scene_content_is_another_bundle(scene):
    other = replace(scene, content_hash="0" * 64)
    assert bundle.bundle_hash(other) != bundle.bundle_hash(scene)


def test_a_failed_build_leaves_nothing(scene, tmp_path):
    broken = replace(scene, terrain_path=tmp_path / "missing.tif")
    with pytest.raises(Exception, match="missing.tif"):
        bundle.build_bundle(broken, tmp_path / "bundles")
    assert list((tmp_path / "bundles").iterdir()) == []
