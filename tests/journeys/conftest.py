"""One park with its simulator for the journeys that only look, one browser for all."""

from pathlib import Path

import pytest

from gis.scene.build import build_scene
from gis.scene.load import load_scene
from tests.support.chromium import chromium
from tests.support.whole_park import whole_park
from twin.stage.bundle import build_bundle

ROOT = Path(__file__).resolve().parents[2]
BUILT = ROOT / "web" / "static" / "viewer" / "index.html"


@pytest.fixture(scope="session", autouse=True)
def _viewer_is_built():
    if not BUILT.is_file():
        pytest.fail("the viewer is not built: run `make install` or `python hatch_build.py`")


@pytest.fixture(scope="session")
def browser():
    with chromium() as one:
        yield one


@pytest.fixture(scope="session")
def scene():
    folder = ROOT / "scenes" / "qingliu"
    build_scene(folder)
    return load_scene(folder)


@pytest.fixture(scope="session")
def bundles(scene, tmp_path_factory):
    """The demonstration's bundle, baked once for all journeys."""
    folder = tmp_path_factory.mktemp("bundles")
    build_bundle(scene, folder)
    return folder


@pytest.fixture(scope="session")
def live_park(bundles, tmp_path_factory):
    """The demonstration as a user starts it."""
    folder = tmp_path_factory.mktemp("live")
    with whole_park(folder, bundles=bundles, simulate_back_h=0.2) as park:
        yield park
