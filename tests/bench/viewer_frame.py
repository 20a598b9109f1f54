"""CPU cost of the viewer's frames in software rendering, apart from server and panels.

Builds the page ``web/viewer/bench`` with Vite, serves it with a park's bundle and a made-up plume
on the loopback, and measures user + system time of all Chromium processes per painted frame::

    python tests/bench/viewer_frame.py [--scene scenes/qingliu] [--size 1280x720] [--tier lite]
        [--view overview]
"""

from __future__ import annotations

import argparse
import functools
import http.server
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from gis.scene.load import load_scene  # noqa: E402
from tests.support.chromium import ARGUMENTS  # noqa: E402
from tests.support.cpu import browsers, cpu_s, pss_mb  # noqa: E402
from twin.core.origin import Origin  # noqa: E402
from twin.core.plume import Plume, PlumeGrid  # noqa: E402
from twin.stage.bundle import build_bundle  # noqa: E402
from twin.stage.encode import encode_plume  # noqa: E402

CELLS = 64


def made_up_plume(x_m: float, y_m: float) -> bytes:
    """A 2000 x 1200 x 300 m plume of 64^3 cells that starts at a place and goes east."""
    grid = PlumeGrid(
        x_min_m=x_m - 60.0, y_min_m=y_m - 600.0, dx_m=2000.0 / CELLS, dy_m=1200.0 / CELLS,
        dz_m=300.0 / CELLS, nx=CELLS, ny=CELLS, nz=CELLS,
    )  # fmt: skip
    x = (np.arange(CELLS) + 0.5) * grid.dx_m - 60.0
    y = (np.arange(CELLS) + 0.5) * grid.dy_m - 600.0
    z = (np.arange(CELLS) + 0.5) * grid.dz_m
    along = np.clip(x, 1.0, None)
    sy, sz = 8.0 + 0.08 * along, 5.0 + 0.04 * along
    across = np.exp(-0.5 * ((y[:, None] - 30.0 * np.sin(x / 200.0)) / sy) ** 2)
    up = np.exp(-0.5 * (z[:, None] / sz) ** 2)
    conc = 3e-5 * (8.0 * 5.0) / (sy * sz) * up[:, None, :] * across[None, :, :] * (x > 0.0)
    plume = Plume(
        substance_id="hf", time_ms=1_795_000_000_000, grid=grid, conc_kg_m3=conc, beam_conc_kg_m3={},
        solver="made up", origin=Origin.SIMULATED, inputs=(),
    )  # fmt: skip
    return encode_plume(plume)


class Handler(http.server.SimpleHTTPRequestHandler):
    """The page, the scene's files under /scene/, and the plume."""

    def __init__(self, *args, page: Path, scene: Path, plume: bytes, **kwargs):
        self.page, self.scene, self.plume = page, scene, plume
        super().__init__(*args, **kwargs)

    def do_GET(self):
        if self.path == "/plume.twv":
            self.send_response(200)
            self.end_headers()
            self.wfile.write(self.plume)
        else:
            super().do_GET()

    def translate_path(self, path):
        name = path.split("?")[0].lstrip("/") or "index.html"
        return str(self.scene / name[6:] if name.startswith("scene/") else self.page / name)

    def log_message(self, *args):
        pass


def frame_cost(page: Page, frames: int) -> tuple[float, float]:
    """CPU and wall milliseconds per painted frame while the camera turns."""
    page.evaluate("bench.turn(2)")
    costs, walls = [], []
    for _ in range(3):
        spent, started = cpu_s(browsers()), time.monotonic()
        page.evaluate(f"bench.turn({frames})")
        costs.append((cpu_s(browsers()) - spent) / frames * 1e3)
        walls.append((time.monotonic() - started) / frames * 1e3)
    return statistics.median(costs), statistics.median(walls)


def measure(page: Page, address: str, frames: int) -> None:
    started = time.monotonic()
    page.goto(address)
    page.wait_for_function("window.bench !== undefined", timeout=120_000)
    wall_s, spent_s = time.monotonic() - started, cpu_s(browsers())
    stats = page.evaluate("bench.world.stats()")
    print(f"first frame: {wall_s:.2f} s wall, {spent_s:.2f} CPU-s with the browser's start; {stats}")
    for name, switch in (
        ("with plume", "bench.plume(true)"),
        ("without plume", "bench.plume(false)"),
        ("section cut", "bench.section(true)"),
    ):
        page.evaluate(switch)
        cpu_ms, wall_ms = frame_cost(page, frames)
        print(f"{name}: {cpu_ms:.0f} CPU-ms, {wall_ms:.0f} ms wall per frame")
    before = page.evaluate("bench.world.stats().frames")
    page.wait_for_timeout(5_000)
    print(f"frames in 5 s without change: {page.evaluate('bench.world.stats().frames') - before}")
    print(f"memory of the browser: {pss_mb(browsers()):.0f} MB PSS")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--scene", type=Path, default=ROOT / "scenes" / "qingliu")
    options.add_argument("--size", default="1280x720")
    options.add_argument("--tier", default="lite")
    options.add_argument("--view", default="fubao", help="overview or a bookmark of the scene")
    options.add_argument("--frames", type=int, default=12)
    given = options.parse_args()
    width, height = map(int, given.size.split("x"))
    with tempfile.TemporaryDirectory() as work:
        page_folder = Path(work) / "page"
        subprocess.run(
            ["npx", "vite", "build", "bench", "--config", "vite.config.mjs", "--outDir", str(page_folder)],
            cwd=ROOT / "web" / "viewer", check=True, capture_output=True,
        )  # fmt: skip
        scene = load_scene(given.scene)
        station = scene.park.stations[len(scene.park.stations) // 2]
        bundle = build_bundle(scene, ROOT / "var" / "bundles", lambda *_: None)
        plume = made_up_plume(station.tower.base.x_m, station.tower.base.y_m)
        handler = functools.partial(Handler, page=page_folder, scene=bundle.path, plume=plume)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
            page = browser.new_page(viewport={"width": width, "height": height})
            page.on("pageerror", lambda error: print("error:", error))
            address = f"http://127.0.0.1:{server.server_port}/?tier={given.tier}&view={given.view}"
            measure(page, address, given.frames)
            browser.close()


if __name__ == "__main__":
    main()
