"""Wind FROM 270: the plume goes east in the stored frame, in the API, and in the picture."""

import io
import time
import urllib.request

import numpy as np
import pytest
from PIL import Image

from tests.support.chromium import open_page, until
from tests.support.scripted_logger import ScriptedLogger
from tests.support.west_wind import utterances
from tests.support.whole_park import whole_park
from twin.stage.encode import decode_plume

pytestmark = pytest.mark.browser
MINUTES = 30


@pytest.fixture(scope="module")
def story(scene, bundles, tmp_path_factory):
    """A park whose only news is a steady west wind and HF from one tank farm on its beams."""
    with whole_park(tmp_path_factory.mktemp("west"), bundles=bundles, simulate=False) as park:
        logger = ScriptedLogger(scene.park, park.data_dir, park.hj212_port)
        now = time.time_ns() // 1_000_000 // 10_000 * 10_000
        logger.say(utterances(scene, range(now - MINUTES * 60_000, now + 1, 60_000)))
        yield park, _wait_for_plume(park)


def _wait_for_plume(park):
    """The newest HF plume with something in it."""
    end = time.monotonic() + 90
    while time.monotonic() < end:
        for plume in park.get("/api/v1/state")["plumes"]:
            if plume["substance"] == "hf" and plume["max_kg_m3"] > 1e-8:
                return plume
        time.sleep(0.5)
    raise AssertionError(park.log.read_text()[-3000:])


def strongest(scene, plume):
    """Place of the unit with the largest estimated source."""
    name = max(plume["sources"], key=lambda row: row["rate_kg_s"])["unit"]
    return next(row.place for row in scene.park.units if row.id == name)


def test_the_stored_frame_lies_east_of_its_source(story, scene):
    park, plume = story
    with urllib.request.urlopen(park.url + plume["url"], timeout=20) as answer:
        volume = decode_plume(answer.read())
    mass = volume.conc_kg_m3.sum(axis=(0, 1))
    x = volume.grid.x_min_m + (np.arange(volume.grid.nx) + 0.5) * volume.grid.dx_m
    centre = float((mass * x).sum() / mass.sum())
    sources = [row.place.x_m for row in scene.park.units if row.id in {s["unit"] for s in plume["sources"]}]
    assert centre > min(sources) + 50.0
    upwind = mass[x < min(sources) - 60.0].sum() / mass.sum()
    assert upwind < 0.02


def test_the_api_says_who_made_it_from_what(story):
    _, plume = story
    assert plume["origin"] == "simulated"  # the demonstration's devices are simulated by registration
    assert plume["solver"].startswith("gaussian_puff")
    assert any("wind" in name for name in plume["inputs"])
    assert plume["sources"]


def test_the_picture_shows_it_east_of_its_source(story, scene, browser):
    """Seen from above with north up: the pixels that the plume changes lie right of the source."""
    park, plume = story
    source = strongest(scene, plume)
    target, height = (source.x_m + 250.0, source.y_m), 1600.0
    camera = f"{target[0]},{target[1]},{source.z_m},{target[0]},{target[1] - 1.0},{source.z_m + height}"
    hidden = "labels:0,beams:0,wind:0"
    pictures = []
    for layers in (hidden, hidden + ",plume:0"):
        watched = open_page(
            browser,
            f"{park.url}/?mode=desk&gas=hf&cam={camera}&layers={layers}&at={plume['t']}",
        )
        if "plume" not in layers:
            until(watched.page, f"window.__parkTwin.world.stats().plumeTime_ms === {plume['t']}")
        time.sleep(2.0)
        place = watched.page.evaluate(
            f"window.__parkTwin.world.project([{source.x_m},{source.y_m},{source.z_m}])"
        )
        shot = watched.page.locator("canvas[tabindex='0']").screenshot()
        pictures.append(np.asarray(Image.open(io.BytesIO(shot)).convert("RGB"), dtype=float))
        watched.page.close()
    change = np.abs(pictures[0] - pictures[1]).sum(axis=2)
    change[change < 24] = 0.0
    assert (change > 0).sum() > 400, "no plume to be seen"
    columns = np.arange(change.shape[1])
    centre = float((change.sum(axis=0) * columns).sum() / change.sum())
    assert centre > place[0] + 15.0
