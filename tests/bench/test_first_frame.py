"""First 3D frame: bytes, CPU-seconds, time; and no frame when nothing changes (issue goals)."""

import time

import pytest

from tests.support.chromium import ARGUMENTS, open_page
from tests.support.cpu import browsers, cpu_s, pss_mb
from tests.support.whole_park import whole_park

pytestmark = pytest.mark.bench


def transferred(page) -> dict[str, int]:
    """Bytes on the wire by kind, as the browser counted them."""
    rows = page.evaluate(
        "performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation'))"
        ".map(e => [e.name, e.transferSize])"
    )
    script = sum(size for name, size in rows if name.endswith(".js"))
    return {"all": sum(size for _, size in rows), "js": script}


def test_first_frame(tmp_path):
    from playwright.sync_api import sync_playwright

    with whole_park(tmp_path, simulate_back_h=0) as park, sync_playwright() as driver:
        for run in range(3):
            browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
            started = time.monotonic()
            watched = open_page(browser, park.url + "/?mode=desk")
            first_s = time.monotonic() - started
            spent = cpu_s(browsers())
            sizes = transferred(watched.page)
            stats = watched.page.evaluate("window.__parkTwin.world.stats()")
            print(
                f"run {run}: first frame {first_s:.2f} s wall, {spent:.2f} CPU-s (browser start included); "
                f"{sizes['js'] / 1e3:.0f} kB script, {sizes['all'] / 1e6:.2f} MB in all; "
                f"{pss_mb(browsers()):.0f} MB PSS; {stats['tier']}, {stats['triangles']} triangles"
            )
            assert watched.hosts <= {park.url.removeprefix("http://")}
            browser.close()
