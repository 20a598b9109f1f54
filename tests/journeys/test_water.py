"""The groundwater reaches the person: from a row of results to the front, the future, the remedy."""

import io
import re
import time

import numpy as np
import pytest
from PIL import Image

from tests.support.chromium import open_page, until
from tests.support.live_server import live_server
from tests.support.water_rows import PLUMES, comparison, now_cast
from twin.live.settings import Settings
from twin.store.ledger import Ledger
from twin.store.results import ResultStore
from web.bundle import point_at

pytestmark = pytest.mark.browser
CHINESE = re.compile(r"[\u4e00-\u9fff]")
WATER = "window.__parkTwin.stores.water"
PARTS = ("Situation", "Fronts", "Wells", "Remedies", "Budgets", "Notes")
DAY_S = 86_400


@pytest.fixture(scope="module")
def park(scene, bundles, tmp_path_factory):
    """A server over a park without instruments, and the ledger that a worker would write."""
    folder = tmp_path_factory.mktemp("water")
    name = next(path.name for path in bundles.iterdir() if (path / "scene.json").is_file())
    (folder / "bundles").mkdir()
    (folder / "bundles" / name).symlink_to(bundles / name)
    point_at(folder / "bundles", name)
    settings = Settings(data_dir=folder, scene="qingliu")
    Ledger(settings.ledger).close()
    results = ResultStore(settings.results, folder)
    try:
        with live_server(folder) as server:
            yield server, results
    finally:
        results.close()


@pytest.fixture(scope="module")
def desk(browser, park):
    """The larger plume from above; nothing of the groundwater is known yet."""
    server, _ = park
    plume = PLUMES[0]
    camera = f"{plume.x_m - 60},{plume.y_m - 120},310,{plume.x_m - 60},{plume.y_m - 122},760"
    hidden = "labels:0,beams:0,wind:0,plume:0,buildings:0,tanks:0"
    watched = open_page(
        browser, f"{server.url}/?mode=desk&cam={camera}&layers={hidden}", width=1366, height=768
    )
    press(watched.page, "地下水")
    until(watched.page, "document.querySelector('.water-body > div > .empty')?.offsetParent")
    # A park that never had an instrument has no series to draw: the server says so once.
    until(watched.page, "document.querySelector('.curve')?.innerText.length > 0")
    watched.errors.clear()
    yield watched
    watched.page.close()


def press(page, text):
    page.get_by_role("tab", name=text, exact=True).or_(
        page.get_by_role("button", name=text, exact=True)
    ).first.click()


def part(page, number):
    page.locator(".water-parts button").nth(number).click()


def picture(page):
    """The drawn ground in the middle of the view, once nothing more is drawn."""
    frames, before = "window.__parkTwin.world.stats().frames", -1
    while page.evaluate(frames) != before:
        before = page.evaluate(frames)
        time.sleep(0.3)
    shot = page.locator("canvas[tabindex='0']").screenshot()
    image = np.asarray(Image.open(io.BytesIO(shot)).convert("RGB"), dtype=float)
    height, width, _ = image.shape
    return image[height // 6 : height * 3 // 4, width // 4 : width * 3 // 4]


def changed(before, after):
    return np.abs(after - before).sum(axis=2) > 40


def test_from_the_row_to_the_remedy(desk, park, scene):
    """The event draws the front, the slider moves it ahead, a remedy stands beside nothing done."""
    page, (_, results) = desk.page, park
    bare = picture(page)
    now_ms = time.time_ns() // 1_000_000
    row = now_cast(scene, now_ms)
    results.add_water(row.row, row.files)

    # The stream names the row, the page fetches it, the front lies on the ground.
    until(page, f"{WATER}.now.get() !== null", 10)
    until(page, f"{WATER}.dissolved.get() !== null", 10)
    now = picture(page)
    pink = changed(bare, now)
    assert pink.sum() > 3000
    red, green, _ = now[pink].mean(axis=0)
    assert red > green + 40, "the front has the colour of the groundwater"
    said = page.inner_text(".water-said")
    for words in ("F⁻", "Ⅲ类", "96 天 (41–240)", "82 %"):
        assert words in said
    assert page.locator(".water-badge").is_hidden()

    # Thirty days ahead: farther, hatched, and never taken for now.
    page.locator(".water-stops button", has_text="30 天").click()
    until(page, f"{WATER}.dissolved.get()?.volume.lead_s === {30 * DAY_S}", 10)
    later = picture(page)
    assert changed(bare, later).sum() > pink.sum()
    assert "预报 FORECAST" in page.inner_text(".water-badge")
    assert page.locator(".view.is-forecast").count() == 1

    # Remedies: the best is named, and both fronts lie on the ground.
    other = comparison(now_ms + 1)
    results.add_water(other.row, other.files)
    until(page, f"{WATER}.comparisons.get().length === 1", 10)
    part(page, 3)
    assert page.locator(".remedies tbody tr").count() == 0, "an exercise never stands for what is"
    press(page, "演练推演")
    until(page, "document.querySelectorAll('.remedies tbody tr').length === 3", 10)
    assert "推荐" in page.locator(".remedies tr", has_text="反应墙").inner_text()
    assert "演练" in page.inner_text(".remedy-box")
    press(page, "在图上对比")
    until(page, f"{WATER}.dissolved.get()?.volume.url.includes('prb')", 10)
    green_now = picture(page)
    area = changed(later, green_now)
    assert area.sum() > 2000
    assert page.locator(".remedy-map").count() == 2
    press(page, "结束对比")
    press(page, "回到现在")
    until(page, f"{WATER}.dissolved.get()?.volume.url.includes('f-0-median')", 10)
    assert changed(now, picture(page)).sum() < pink.sum() / 10

    # Every part in English, without a word of the other language.
    press(page, "English")
    for number, name in enumerate(PARTS):
        part(page, number)
        assert page.locator(".water-parts button").nth(number).inner_text() == name
        lines = page.inner_text(".water .panel-body").splitlines()
        assert [line for line in lines if CHINESE.search(line)] == []
    assert desk.errors == []
