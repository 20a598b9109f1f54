"""People who run the instruments walk the desk: every screen, one command, one decision, both languages."""

import asyncio
import re
import socket
import threading
import time

import pytest

from sensors.hj212.frame import frame
from tests.support.chromium import open_page, until
from tests.support.station import KnowingLogger
from tests.support.whole_park import whole_park
from twin.core.actor import Role
from twin.live.operators import OPERATORS_FILE, add_operator

pytestmark = pytest.mark.browser
CHINESE = re.compile(r"[\u4e00-\u9fff]")
SCREENS = {
    "connections": ("连接", "Connections"),
    "devices": ("设备", "Devices"),
    "frames": ("原始报文", "Raw frames"),
    "forwarding": ("转发", "Forwarding"),
    "reviews": ("数据审核", "Review"),
    "statistics": ("统计与有效率", "Statistics"),
    "statistics?view=series": ("统计与有效率", "Statistics"),
    "statistics?view=gaps": ("统计与有效率", "Statistics"),
    "statistics?view=over": ("统计与有效率", "Statistics"),
    "statistics?view=fixed": ("统计与有效率", "Statistics"),
    "statistics?view=ninety": ("统计与有效率", "Statistics"),
    "statistics?view=download": ("统计与有效率", "Statistics"),
    "conditions": ("工况与光路健康", "Conditions"),
    "commands": ("指令", "Commands"),
    "upload": ("上传", "Upload"),
    "evidence": ("证据与账簿", "Evidence"),
}
STRANGER = "99990000000000000000000X"
NORMAL_MG_M3, IMPOSSIBLE_MG_M3 = 1.0, 5000.0


class Station(threading.Thread):
    """One device in a thread of its own: speaks every second and answers what it is asked."""

    def __init__(self, device, port, data_dir):
        super().__init__(daemon=True)
        self._given = (device, port, data_dir)
        self._end = threading.Event()

    def run(self):
        asyncio.run(self._speak())

    async def _speak(self):
        async with KnowingLogger.of(*self._given) as logger:
            count = 0
            while not self._end.is_set():
                wrong = count == 5
                now_ms = time.time_ns() // 1_000_000 // 1000 * 1000
                logger.upload(now_ms, value=IMPOSSIBLE_MG_M3 if wrong else NORMAL_MG_M3 + count % 7 / 10)
                count += 1
                await asyncio.sleep(1.0)

    def end(self):
        self._end.set()
        self.join(10)


@pytest.fixture(scope="module")
def running(scene, bundles, tmp_path_factory):
    """A park with one live beam that has once said something impossible, and a stranger at the door."""
    with whole_park(tmp_path_factory.mktemp("desk"), bundles=bundles, simulate=False) as park:
        beam = next(row for row in scene.park.devices if row.sensor_id == scene.park.beams[0].id)
        line = knock(park.hj212_port)
        station = Station(beam, park.hj212_port, park.data_dir)
        station.start()
        body = f"QN=20261122080000000;ST=22;CN=2011;PW=hush;MN={STRANGER};Flag=4;CP=&&a21018-Rtd=1&&"
        line.sendall(frame(body.encode()))
        tokens = {
            role: add_operator(park.data_dir / OPERATORS_FILE, role.value, role)
            for role in (Role.REVIEWER, Role.OPERATOR)
        }
        yield park, beam, tokens
        line.close()
        station.end()


def knock(port, limit_s=30.0):
    """A line to ingest, which says that it lives a moment before it listens."""
    end = time.monotonic() + limit_s
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=5)
        except ConnectionRefusedError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def visit(browser, park, address, *, language="zh", width=1366, height=768):
    watched = open_page(
        browser, f"{park.url}/desk?lang={language}#{address}", width=width, height=height, wait=False
    )
    until(watched.page, "document.querySelector('.screen h2') !== null")
    return watched


def settled(page):
    """Wait until nothing on the screen is still being loaded."""
    words = "读取中|Loading"
    until(page, f"!/{words}/.test(document.querySelector('main').innerText)")


def shows_row(text):
    """JavaScript: whether a row of a table on the screen has this text."""
    return f"[...document.querySelectorAll('tbody tr')].some((row) => row.innerText.includes('{text}'))"


def log_in(page, token):
    page.click(".who-is button")
    page.fill("dialog input[type=password]", token)
    page.click("dialog .act")
    until(page, "document.querySelector('dialog') === null")


@pytest.mark.parametrize("address", SCREENS)
def test_every_screen_opens_by_its_address_in_both_languages(browser, running, address):
    park, _, _ = running
    for index, language in enumerate(("zh", "en")):
        watched = visit(browser, park, address, language=language)
        settled(watched.page)
        text = watched.page.inner_text("body")
        assert watched.page.inner_text(".screen-head h2") == SCREENS[address][index]
        assert watched.page.locator(".trouble:visible").count() == 0, text
        assert watched.errors == []
        assert watched.hosts == {park.url.removeprefix("http://")}
        if language == "en":
            # The bodies of acts are shown as they were written, in whatever language.
            for verbatim in watched.page.locator(".verbatim").all_inner_texts():
                text = text.replace(verbatim, "")
            leftovers = {line for line in text.splitlines() if CHINESE.search(line)}
            assert {line for line in leftovers if "模拟数据" not in line and line.strip() != "中文"} == set()
        watched.page.close()


def test_nothing_of_a_screen_lies_beyond_its_page(browser, running):
    """The page itself never scrolls sideways, on a laptop and on a wall."""
    park, _, _ = running
    for width, height in ((1366, 768), (3840, 1080)):
        watched = visit(browser, park, "connections", width=width, height=height)
        for address in SCREENS:
            watched.page.evaluate(f"location.hash = '#{address}'")
            settled(watched.page)
            wide = watched.page.evaluate(
                "[document.documentElement.scrollWidth, document.querySelector('main').scrollWidth"
                " - document.querySelector('main').clientWidth]"
            )
            assert wide[0] <= width, address
            assert wide[1] <= 0, address
        watched.page.close()


def test_a_frame_is_shown_with_its_values_and_without_its_password(browser, running):
    park, beam, _ = running
    watched = visit(browser, park, f"frames?mn={beam.mn}")
    page = watched.page
    page.click("tbody:not(.pad) tr >> nth=0")
    until(page, "document.querySelector('.frame-detail .plain-grid b') !== null")
    text = page.inner_text(".frame-detail")
    assert "mg/m³" in text
    assert "有效" in text
    page.click(".frame-detail [role=tab] >> nth=1")
    assert "PW=******" in page.inner_text(".frame-detail pre")
    page.click(".frame-detail [role=tab] >> nth=2")
    assert "0000" in page.inner_text(".frame-detail .hex")
    assert watched.errors == []
    page.close()


def test_the_stranger_is_offered_as_a_block_for_the_registry(browser, running):
    park, _, _ = running
    watched = visit(browser, park, f"devices?unknown={STRANGER}")
    until(watched.page, f"document.querySelector('pre.raw')?.innerText.includes('{STRANGER}')")
    watched.page.close()


def test_rows_are_reached_with_the_keyboard_alone(browser, running):
    park, _, _ = running
    watched = visit(browser, park, "connections", language="en")
    page = watched.page
    page.keyboard.press("2")
    until(page, "location.hash.startsWith('#devices')")
    # The rows, not the word "loading": the screen before stays for a moment, and arrows need rows to go to.
    until(page, shows_row("FB1-B02"))
    page.keyboard.press("/")
    page.keyboard.type("FB1-B0")
    until(page, f"{shows_row('FB1-B02')} && !{shows_row('FB2-B02')}")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    until(page, "/mn=/.test(location.hash)")
    until(page, "document.querySelector('.holder .panel-head h2')?.innerText === 'Device FB1-B02'")
    page.close()


def test_who_has_no_token_is_asked_for_it_and_a_wrong_one_is_refused(browser, running):
    park, _, _ = running
    watched = visit(browser, park, "evidence")
    page = watched.page
    page.click("text=立即校验")
    page.fill("dialog input[type=password]", "nobody's")
    page.click("dialog .act")
    until(page, "document.querySelector('dialog .trouble:not([hidden])') !== null")
    assert page.evaluate("sessionStorage.length") == 0
    page.keyboard.press("Escape")
    until(page, "document.querySelector('dialog') === null")
    page.close()


def test_a_command_goes_out_and_its_answers_come_in(browser, running):
    park, beam, tokens = running
    watched = visit(browser, park, f"commands?mn={beam.mn}")
    page = watched.page
    log_in(page, tokens[Role.OPERATOR])
    page.select_option("select[name=cn]", "1011")
    page.click(".send-command")
    until(page, "/seq=/.test(location.hash)")
    until(page, "document.querySelector('.holder .stack-flow .chip')?.innerText.includes('成功')")
    steps = page.inner_text("table.steps")
    assert "发出" in steps
    assert "9012" in steps
    assert "operator" in page.inner_text(".holder")
    assert watched.errors == []
    page.close()


def test_a_command_that_acts_is_asked_about_and_can_be_left(browser, running):
    park, beam, tokens = running
    watched = visit(browser, park, f"commands?mn={beam.mn}", language="en")
    page = watched.page
    log_in(page, tokens[Role.OPERATOR])
    before = len(park.get(f"/api/v1/exchanges?mn={beam.mn}&state=all")["exchanges"])
    page.select_option("select[name=cn]", "1012")
    page.click(".send-command")
    page.click("dialog footer button >> nth=0")
    until(page, "document.querySelector('dialog') === null")
    sent = park.get(f"/api/v1/exchanges?mn={beam.mn}&state=all")["exchanges"]
    assert [row for row in sent if row["cn"] == "1012" and row["purpose"] == "person"] == []
    assert len(sent) >= before
    page.close()


def test_a_review_is_decided_with_a_reason_and_becomes_a_version(browser, running):
    park, _, tokens = running
    end = time.monotonic() + 30
    while not park.get("/api/v1/reviews?state=open")["reviews"] and time.monotonic() < end:
        time.sleep(0.5)
    review = park.get("/api/v1/reviews?state=open")["reviews"][0]
    watched = visit(browser, park, f"reviews?id={review['id']}")
    page = watched.page
    log_in(page, tokens[Role.REVIEWER])
    until(page, "document.querySelector('.plot path.line') !== null")
    page.click(".decide .danger")
    until(page, "document.querySelector('.said-bad') !== null")  # a decision needs a reason
    page.fill(".decide textarea", "现场核实为误报")
    page.click(".decide .danger")
    page.click("dialog .act")
    until(page, "document.querySelector('.decide').hidden === true")
    until(page, "document.querySelector('.holder').innerText.includes('现场核实为误报')")
    page.close()
    found = park.get(f"/api/v1/reviews/{review['id']}")
    assert found["review"]["decision"]["verdict"] == "reject"
    assert found["review"]["decision"]["actor"] == "reviewer"
    key, t, interval = review["key"], review["first_ms"], review["interval_ms"]
    versions = park.get(f"/api/v1/versions?key={key}&t={t}&interval={interval}")["versions"]
    assert versions[-1]["actor"] == "reviewer"
    assert versions[-1]["value"] == versions[0]["value"]


def test_the_viewer_and_the_desk_lead_to_each_other(browser, running):
    park, _, _ = running
    watched = visit(browser, park, "frames", language="en")
    assert watched.page.get_attribute(".desk-bar a", "href") == "/?lang=en"
    watched.page.close()
    viewer = open_page(browser, park.url + "/?mode=desk&lang=en", wait=False)
    until(viewer.page, "document.querySelector('.toolbar a[href=\"/desk?lang=en\"]') !== null")
    viewer.page.close()
