"""Browser memory while the past is replayed in a loop on the wall (goal: at most 700 MB after 30 minutes)."""

import os
import time

import pytest

from tests.support.chromium import chromium, open_page
from tests.support.cpu import browsers, pss_mb
from tests.support.whole_park import whole_park

pytestmark = pytest.mark.bench
MINUTES = float(os.environ.get("SOAK_MINUTES", "30"))
START = """() => {
  const s = window.__parkTwin.stores;
  const span = s.span.peek();
  s.speed.set(60); s.loop.set(true);
  s.replay.set({ at: span.from_ms, playing: true });
}"""


def test_memory_of_a_long_replay(tmp_path):
    with whole_park(tmp_path, simulate_back_h=2.0) as park, chromium() as browser:
        time.sleep(60)
        soak(browser, park.url, MINUTES)


def soak(browser, url, minutes):
    """Print the memory every two minutes."""
    watched = open_page(browser, url + "/?mode=wall", width=1280, height=720)
    watched.page.evaluate(START)
    started = time.monotonic()
    while (spent := time.monotonic() - started) < minutes * 60:
        time.sleep(min(120.0, minutes * 60 - spent))
        stats = watched.page.evaluate("window.__parkTwin.world.stats()")
        print(
            f"{(time.monotonic() - started) / 60:5.1f} min: {pss_mb(browsers()):6.0f} MB PSS, "
            f"{stats['frames']} frames, plume of {stats['plumeTime_ms']}",
            flush=True,
        )
    assert watched.errors == []
