"""What the models say of the air reaches the person: numbers, the map on the ground, the forecast."""

import io
import re
import time

import numpy as np
import pytest
from PIL import Image

from tests.support.chromium import open_page, until
from tests.support.scripted_logger import ScriptedLogger
from tests.support.west_wind import SOURCE, utterances
from tests.support.whole_park import whole_park

pytestmark = pytest.mark.browser
CHINESE = re.compile(r"[\u4e00-\u9fff]")
MINUTES = 30
AIR = "window.__parkTwin.stores.air"
PARTS = {"zh": ("图与到达", "实测对比", "趋势", "说明"), "en": ("Map, arrivals", "Beams", "Trend", "Notes")}
MODEL = {"zh": "模型", "en": "Model"}


@pytest.fixture(scope="module")
def leak(scene, bundles, tmp_path_factory):
    """A park with half an hour of west wind and HF of one tank farm, its now-cast and its forecast."""
    folder = tmp_path_factory.mktemp("air")
    quick = {"now_cast_interval_s": 10.0, "forecast_interval_s": 60.0}
    with whole_park(folder, bundles=bundles, simulate=False, **quick) as park:
        logger = ScriptedLogger(scene.park, park.data_dir, park.hj212_port)
        now = time.time_ns() // 1_000_000 // 10_000 * 10_000
        logger.say(utterances(scene, range(now - MINUTES * 60_000, now - 60_000 + 1, 60_000)))
        # One more minute once the rest is there: a forecast is made of it, whatever was made on the way.
        logger.say(utterances(scene, (now,)))
        yield park, *_wait_for_both(park, now)


def _wait_for_both(park, now):
    """The HF now-cast and forecast of the last minute, both with a map."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        found = [
            next((row for row in park.get(f"/api/v1/{kind}")[kind] if row["substance"] == "hf"), None)
            for kind in ("nowcasts", "forecasts")
        ]
        if all(row is not None and row["t"] == now and row["url"] for row in found):
            return found
        time.sleep(0.5)
    raise AssertionError(park.log.read_text()[-3000:])


@pytest.fixture(scope="module")
def desk(browser, leak, scene):
    """The viewer over the leaking tank farm from above, without what moves; the model's panel open."""
    park = leak[0]
    place = next(row.place for row in scene.park.units if row.id == SOURCE)
    target = (place.x_m + 300.0, place.y_m)
    camera = f"{target[0]},{target[1]},{place.z_m},{target[0]},{target[1] - 1.0},{place.z_m + 1700.0}"
    hidden = "labels:0,beams:0,wind:0,plume:0"
    watched = open_page(
        browser, f"{park.url}/?mode=desk&gas=hf&cam={camera}&layers={hidden}", width=1366, height=768
    )
    press(watched.page, MODEL["zh"])
    until(watched.page, f"{AIR}.forecasts.get().has('hf')")
    yield watched
    watched.page.close()


def press(page, text):
    page.get_by_role("tab", name=text, exact=True).or_(
        page.get_by_role("button", name=text, exact=True)
    ).first.click()


def part(page, text):
    """Open a part of the model's panel."""
    page.locator(".air-parts button", has_text=text).click()


def rest(page):
    """Wait until nothing more is drawn."""
    frames, before = "window.__parkTwin.world.stats().frames", -1
    while page.evaluate(frames) != before:
        before = page.evaluate(frames)
        time.sleep(0.4)


def picture(page):
    """The ground as it is drawn, in the middle of the view, where nothing lies over it."""
    rest(page)
    shot = page.locator("canvas[tabindex='0']").screenshot()
    image = np.asarray(Image.open(io.BytesIO(shot)).convert("RGB"), dtype=float)
    height, width, _ = image.shape
    return image[height // 6 : height * 5 // 6, width // 3 : width * 4 // 5]


def lay(page, map_text):
    """Choose a map as a person does, and give the picture with it."""
    press(page, map_text)
    until(page, f"{AIR}.shownMap.get() !== null")
    return picture(page)


def test_every_beam_stands_beside_the_model(desk, leak):
    """The panel's numbers are those of the now-cast: measured, median and band, in mg/m3."""
    _, nowcast, _ = leak
    page = desk.page
    part(page, PARTS["zh"][1])
    until(page, "document.querySelectorAll('.compared tbody tr').length > 0")
    rows = page.locator(".air .compared tbody tr")
    assert rows.count() == len(nowcast["beams"])
    shown = {text.split()[0]: text for text in rows.all_inner_texts()}
    strongest = max(nowcast["beams"], key=lambda row: row["measured"] or 0.0)
    band = strongest["ahead"] or strongest["predicted"]
    numbers = [float(n.replace(",", "")) for n in re.findall(r"-?[\d,]+\.?\d*", shown[strongest["sensor"]])]
    for value in (strongest["measured"], band["median"], band["low"], band["high"]):
        apart = min(abs(n - value * 1e6) for n in numbers)
        assert apart <= max(0.0006, 0.006 * value * 1e6), (value, numbers)


def test_a_beam_is_told_with_its_residuals(desk, leak):
    _, nowcast, _ = leak
    page = desk.page
    sensor = nowcast["beams"][0]["sensor"]
    page.evaluate(f"window.__parkTwin.stores.selected.set({{ kind: 'beam', id: '{sensor}' }})")
    until(page, "/FAC2|暂无可评/.test(document.querySelector('.beam-model')?.innerText)")
    text = page.inner_text(".beam-model")
    assert "HF" in text
    assert re.search(r"-?[\d.]+ – -?[\d.]+", text), text
    page.evaluate("window.__parkTwin.stores.selected.set(null)")


def test_the_map_colours_the_ground_and_the_legend_names_it(desk):
    page = desk.page
    part(page, PARTS["zh"][0])
    bare = picture(page)
    mapped = lay(page, "中位")
    changed = np.abs(mapped - bare).sum(axis=2) > 40
    assert changed.sum() > 800, "no map to be seen"
    assert "地面图：HF 中位" in page.inner_text(".legend")
    assert page.locator(".forecast-badge:not(.water-badge)").is_hidden()
    press(page, "关闭")
    until(page, f"{AIR}.shownMap.get() === null")
    assert (np.abs(picture(page) - bare).sum(axis=2) > 40).sum() < changed.sum() / 20


def test_a_forecast_is_never_taken_for_now(desk):
    """Violet on the ground, a badge over the picture; taken down, with a sentence, when it is old."""
    page = desk.page
    part(page, PARTS["zh"][0])
    bare = picture(page)
    later = lay(page, "+10 分")
    changed = np.abs(later - bare).sum(axis=2) > 40
    assert changed.sum() > 400
    red, green, blue = later[changed].mean(axis=0)
    assert blue > green, "not violet"
    assert red > green, "not violet"
    assert "预报 FORECAST" in page.inner_text(".forecast-badge:not(.water-badge)")
    assert "概率" in page.inner_text(".legend-map")
    page.evaluate("window.__parkTwin.stores.offset_ms.update((held) => held + 1_900_000)")
    until(page, "document.querySelector('.forecast-gone').offsetParent !== null")
    assert "30 分" in page.inner_text(".forecast-gone")
    assert page.locator(".forecast-badge:not(.water-badge)").is_hidden()
    assert page.locator(".legend-map").is_hidden()
    assert (np.abs(picture(page) - bare).sum(axis=2) > 40).sum() < changed.sum() / 20
    page.evaluate("window.__parkTwin.stores.offset_ms.update((held) => held - 1_900_000)")
    until(page, "document.querySelector('.forecast-badge:not(.water-badge)').offsetParent !== null")
    page.click(".forecast-badge button")
    until(page, f"{AIR}.groundMap.get().kind === 'none'")


def test_the_trend_comes_when_it_is_looked_at(desk):
    page = desk.page
    chunks = "performance.getEntriesByType('resource').filter((row) => /airtrend/.test(row.name)).length"
    assert page.evaluate(chunks) == 0
    part(page, PARTS["zh"][2])
    until(page, "document.querySelectorAll('.trend-figure').length === 6")
    assert page.evaluate(chunks) > 0
    until(page, "document.querySelector('.air-trend .rose') !== null")
    assert "超过阈值的面积" in page.inner_text(".air-trend")
    assert page.evaluate("document.querySelector('.mini-line').getAttribute('d').length") > 0


def test_every_part_is_said_in_both_languages(desk):
    page = desk.page
    for language, other in (("zh", "English"), ("en", "中文")):
        for name in PARTS[language]:
            part(page, name)
            time.sleep(0.3)
            lines = [line for line in page.inner_text(".air .panel-body").splitlines() if line.strip()]
            assert len(lines) > 4
            if language == "en":
                assert [line for line in lines if CHINESE.search(line)] == []
            elif name == "说明":
                notes = page.locator(".notes li").all_inner_texts()
                assert [row for row in notes if not CHINESE.search(row)] == []
        press(page, other)
        until(page, f"document.documentElement.lang !== '{'zh-CN' if language == 'zh' else 'en'}'")
    assert desk.errors == []
