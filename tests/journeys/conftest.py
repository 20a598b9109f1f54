"""One park with its simulator for the journeys that only look, one browser for all."""

from pathlib import Path

import pytest

from gis.scene.build import build_scene
from gis.scene.load import load_scene
from tests.support.chromium import chromium
from tests.support.whole_park import whole_park

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
def live_park(scene, tmp_path_factory):
    """The demonstration as a user starts it."""
    with whole_park(tmp_path_factory.mktemp("live"), simulate_back_h=0.2, simulate_speed=600) as park:
        yield park
