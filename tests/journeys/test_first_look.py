"""A person opens the address that `park-twin run` prints."""

import re
import time

import pytest

from tests.support.chromium import open_page, until

pytestmark = pytest.mark.browser
CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def desk(browser, live_park):
    watched = open_page(browser, live_park.url + "/?mode=desk")
    yield watched
    watched.page.close()


def test_nothing_leaves_the_machine_and_nothing_complains(desk, live_park):
    assert desk.hosts == {live_park.url.removeprefix("http://")}
    assert desk.errors == []


def test_simulated_data_and_demonstration_terrain_are_said(desk):
    body = desk.page.inner_text("body")
    assert "模拟数据" in body
    assert "演示地形" in body


def test_values_have_unit_and_age(desk):
    text = until(desk.page, "document.body.innerText.match(/[\\d.]+\\s*(µg|mg)\\/m³/)?.[0]")
    assert text
    assert re.search(r"\d+\s*(秒|分|时)|刚刚", desk.page.inner_text("body"))


def test_live_values_reach_the_picture(desk):
    """An event that the stream brought was painted, and it carried values of a beam."""
    painted = until(
        desk.page,
        "window.__parkTwin.timings.events.filter(e => e.kind === 'values' && e.painted_ms !== null).length",
    )
    assert painted > 0


def test_english_is_complete(browser, live_park):
    watched = open_page(browser, live_park.url + "/?mode=wall&lang=en", width=1920, height=1080)
    body = watched.page.inner_text("body")
    assert "SIMULATED" in body
    leftovers = {line for line in body.splitlines() if CHINESE.search(line)}
    # The badge is bilingual on purpose, and the language button names the other language.
    assert {line for line in leftovers if "模拟数据" not in line and line.strip() != "中文"} == set()
    watched.page.close()


def test_nothing_is_drawn_when_nothing_changes(browser, live_park):
    """A past moment does not move: no frame for four seconds."""
    span = live_park.get("/api/v1/state")["span"]
    at = (span["from_ms"] + span["to_ms"]) // 2
    watched = open_page(browser, f"{live_park.url}/?mode=desk&at={at}")
    time.sleep(2.5)  # late labels and images
    before = watched.page.evaluate("window.__parkTwin.world.stats().frames")
    time.sleep(4.0)
    assert watched.page.evaluate("window.__parkTwin.world.stats().frames") <= before + 1
    watched.page.close()
