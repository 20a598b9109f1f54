"""Browser memory while the past is replayed in a loop on the wall (goal: at most 700 MB after 30 minutes)."""

import os
import time
from pathlib import Path

import pytest

from tests.support.bare_chromium import bare_page
from tests.support.cpu import pss_mb, tree
from tests.support.whole_park import whole_park

pytestmark = pytest.mark.bench
MINUTES = float(os.environ.get("SOAK_MINUTES", "30"))
READY = "window.__parkTwin ? window.__parkTwin.ready.then(() => true) : false"
START = """(() => {
  const s = window.__parkTwin.stores;
  s.speed.set(60); s.loop.set(true);
  s.replay.set({ at: s.span.peek().from_ms, playing: true });
  return true;
})()"""
STATS = "window.__parkTwin.world.stats()"


def test_memory_of_a_long_replay(tmp_path):
    with whole_park(tmp_path, simulate_back_h=2.0) as park:
        time.sleep(60)
        soak(park.url, tmp_path / "browser", MINUTES)


def soak(url: str, folder: Path, minutes: float) -> None:
    """Print the memory every two minutes."""
    with bare_page(url + "/?mode=wall", folder) as page:
        while not page.evaluate(READY):
            time.sleep(1)
        assert page.evaluate(START)
        started = time.monotonic()
        while (spent := time.monotonic() - started) < minutes * 60:
            time.sleep(min(120.0, minutes * 60 - spent))
            stats, memory_mb = page.evaluate(STATS), pss_mb(tree(page.process.pid))
            print(
                f"{(time.monotonic() - started) / 60:5.1f} min: {memory_mb:6.0f} MB PSS, "
                f"{stats['frames']} frames, plume of {stats['plumeTime_ms']}",
                flush=True,
            )
